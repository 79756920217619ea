"""The history as rows of a graph, newest first: the current line, what parted from it, what was left behind, tries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from core.lines import relatives
from core.workspace.candidates import PREFIX as CANDIDATES
from core.workspace.journal import refs_under
from core.workspace.turns import TurnSummary

if TYPE_CHECKING:
    from pathlib import Path

    from core.chronicle import Chronicle
    from core.workspace.project import Project

SHOWN = 12
"""Turns of a side line that are shown; of a longer one the newest."""
BESIDE = 500
"""Turns that are read of a line in another folder, the newest ones; of one that parted before them, all."""
DEEPEST = 5
"""How many lines beside one another are drawn; what parted from a still deeper one stands there, too."""
_UNDONE, _REDO = "refs/lab/undone/", "refs/lab/redo/"


class Kind(StrEnum):
    """What a row of the graph is."""

    TURN = "turn"
    CANDIDATE = "candidate"
    LINE = "line"
    """Where a side line parts: its name, and how many turns it has."""
    MORE = "more"
    """Turns of a side line that are not shown."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `depth` is 0 on the current line, `line` the line it belongs to.

    `change` is the turn's measured value against the best before it on its line. `count` is how many turns the line
    has (LINE), or how many are not shown (MORE). The turn of such a row is the newest one of its line.
    """

    kind: Kind
    turn: TurnSummary
    line: str
    depth: int = 0
    value: float | None = None
    change: float | None = None
    count: int = 0
    undone: bool = False
    folder: Path | None = None
    """Where the line is, when that is another folder."""
    hidden: bool = False
    """One of those that a long side line keeps back until they are looked for."""


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a line ends: its name, its commit, whether a roll-back or an undo left it behind, its folder if another."""

    name: str
    commit: str
    undone: bool = False
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """All rows, hidden ones too; how many turns the current line has, how many lines and candidates there are."""

    rows: tuple[Row, ...]
    turns: int
    lines: int
    candidates: int


def picture(project: Project, chronicle: Chronicle) -> Picture:
    """The graph as the repository stands; the chronicle is brought up to date first."""
    chronicle.refresh()
    refs = refs_under(project.git, "refs/")
    turns = chronicle.turns()
    tips = list(_tips(refs, project.branch_name))
    for other in relatives(project):
        line = other.summaries(BESIDE)
        if not any(turn.commit in turns for turn in line):
            line = other.summaries()
        turns |= {turn.commit: turn for turn in line if turn.commit not in turns}
        tips.append(Tip(other.branch_name, line[0].commit, folder=other.path))
    tried = {sha: name for name, sha in refs.items() if name.startswith(CANDIDATES)}
    return drawn(turns, tips, [turns[sha] for sha in tried if sha in turns])


def newest(project: Project, count: int) -> tuple[Row, ...]:
    """The last turns of the current line, to look at while the whole picture of a long history is read."""
    turns = project.summaries(count)
    return drawn({turn.commit: turn for turn in turns}, [Tip(project.branch_name, turns[0].commit)]).rows


def drawn(turns: Mapping[str, TurnSummary], tips: Sequence[Tip], tried: Sequence[TurnSummary] = ()) -> Picture:
    """The rows of the lines that end at `tips`, the current one first."""
    segments, parted = _segments(turns, tips)
    rows: list[Row] = []
    # A stack and no recursion: a line may part from one that parted from one, as often as a person rolls back.
    due = [iter(_segment_rows(segments[0], parted, 0, turns))] if segments else []
    while due:
        step = next(due[-1], None)
        if step is None:
            due.pop()
        elif isinstance(step, Row):
            rows.append(step)
        else:
            due.append(iter(step))
    loose = _loose(tried, rows)
    line = len(segments[0].turns) if segments else 0
    held = _with_loose(rows, loose) if loose else rows
    return Picture(tuple(held), max(0, line - 1), len(tips), len(tried))


@dataclass(frozen=True, slots=True)
class _Segment:
    """The turns of a line that no line before it has, newest first; `best` is the value to beat before each commit."""

    tip: Tip
    turns: tuple[TurnSummary, ...]
    best: Mapping[str, float | None]


_Parted = Mapping[str, Sequence[_Segment]]
_Step = Row | Iterator["_Step"]


def _tips(refs: Mapping[str, str], branch: str) -> Iterator[Tip]:
    heads = {name.removeprefix("refs/heads/"): sha for name, sha in refs.items() if name.startswith("refs/heads/")}
    if branch in heads:
        yield Tip(branch, heads.pop(branch))
    yield from (Tip(name, sha) for name, sha in heads.items())
    for store, word in ((_UNDONE, "undone"), (_REDO, "set aside")):
        kept = [(_when(name), name, sha) for name, sha in refs.items() if name.startswith(store)]
        yield from (Tip(f"{word} {when}", sha, True) for when, _, sha in sorted(kept, reverse=True))


def _when(ref: str) -> str:
    """The time in the name of what a roll-back left behind, e.g. `16 Feb 04:16` as `02-16 04:16`."""
    stamp = ref.rpartition("/")[2].partition("-")[0]
    return f"{stamp[4:6]}-{stamp[6:8]} {stamp[9:11]}:{stamp[11:13]}" if len(stamp) == 16 else stamp


def _segments(turns: Mapping[str, TurnSummary], tips: Sequence[Tip]) -> tuple[list[_Segment], _Parted]:
    """Each line's own turns, and by the turn at which they parted, the segments that did."""
    taken: set[str] = set()
    best: dict[str, float | None] = {}
    reached: dict[str, float | None] = {}
    segments: list[_Segment] = []
    parted: dict[str, list[_Segment]] = {}
    for tip in tips:
        own: list[TurnSummary] = []
        commit = tip.commit
        while commit not in taken and (turn := turns.get(commit)) is not None:
            taken.add(commit)
            own.append(turn)
            commit = turn.parent
        first = tip is tips[0]
        if first or (commit in turns and (own or not tip.undone)):
            value = reached.get(commit)
            for turn in reversed(own):
                best[turn.commit] = value
                value = found if turn.kept and (found := value_of(turn)) is not None else value
                reached[turn.commit] = value
            segments.append(_Segment(tip, tuple(_numbered(own)), best))
            parted.setdefault(commit, []).append(segments[-1])
    return segments, parted


def _numbered(own: Sequence[TurnSummary]) -> Iterator[TurnSummary]:
    """The turns, commits by git's own hand with number and phase of the turn before them."""
    for place, turn in enumerate(own):
        if not turn.foreign:
            yield turn
            continue
        before = next((other for other in own[place + 1 :] if not other.foreign), turn)
        yield replace(turn, number=before.number, phase=before.phase)


def _segment_rows(
    segment: _Segment, parted: _Parted, depth: int, turns: Mapping[str, TurnSummary]
) -> Iterator[Row | Iterator[_Step]]:
    deep = min(depth, DEEPEST)
    tip = segment.tip
    for place, row in enumerate(_valued(segment, deep)):
        for beside in parted.get(row.turn.commit, ()):
            if beside is not segment:
                yield _segment_rows(beside, parted, depth + 1, turns)
        yield replace(row, hidden=True) if depth and place >= SHOWN else row
    hidden = len(segment.turns) - SHOWN if depth else 0
    rest = Row(Kind.MORE, turns[tip.commit], tip.name, deep, count=hidden, undone=tip.undone, folder=tip.folder)
    if hidden > 0:
        yield rest
    if depth:
        yield replace(rest, kind=Kind.LINE, count=len(segment.turns))


def _valued(segment: _Segment, depth: int) -> Iterator[Row]:
    """The turns as rows, each measured value against the best one before it on its line."""
    for turn in segment.turns:
        value, best = value_of(turn), segment.best[turn.commit]
        change = value - best if value is not None and best is not None else None
        tip = segment.tip
        yield Row(Kind.TURN, turn, tip.name, depth, value, change, undone=tip.undone, folder=tip.folder)


def value_of(turn: TurnSummary) -> float | None:
    """The value that a turn measured."""
    _, space, value = turn.metric.rpartition(" ")
    try:
        return float(value) if space else None
    except ValueError:
        return None


def _loose(tried: Iterable[TurnSummary], rows: Sequence[Row]) -> dict[int, list[TurnSummary]]:
    """Candidates that no shown turn tells of already, by number: of turns that were declined, cut off or rolled back.

    A candidate's commit has the time at which its turn began, so a turn tells of it when it has its number and command.
    """
    told = {(row.turn.number, row.turn.command, row.turn.agent) for row in rows if row.kind is Kind.TURN}
    found: dict[int, list[TurnSummary]] = {}
    for turn in tried:
        if (turn.number, turn.command, turn.agent) not in told:
            found.setdefault(turn.number, []).append(turn)
    return found


def _with_loose(rows: Sequence[Row], loose: dict[int, list[TurnSummary]]) -> list[Row]:
    """The rows with each such candidate above the turn of the current line from which it was tried."""
    due = sorted(loose)
    held: list[Row] = []
    for row in rows:
        if row.kind is Kind.TURN and row.depth == 0:
            while due and due[-1] > row.turn.number:
                held += [Row(Kind.CANDIDATE, turn, "candidates", 1, value_of(turn)) for turn in loose[due.pop()]]
        held.append(row)
    return held
