"""What a roll-back would take with it, in a researcher's terms: turns, scores, parts of the report, notes, money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import LatexError
from core.latex.sections import SECTIONS, section_text
from core.record import Agent, Status
from core.workspace.history import RollbackPreview, preview_rollback
from core.workspace.turns import TurnSummary, one_line

if TYPE_CHECKING:
    from core.workspace.project import Project

REPORT, METRICS = "report/report.tex", "results/metrics.json"
_NAMED = 4
"""How many notes, sections and files are named; of the rest only the number is told."""


@dataclass(frozen=True, slots=True)
class LostSection:
    """A section whose text goes: the turn that wrote it, and the turn whose results stood then (0 for none).

    `from_lost` tells that those results go, too; `before` that an earlier text of the section comes back.
    """

    name: str
    written: int
    measured: int
    from_lost: bool
    before: bool


@dataclass(frozen=True, slots=True)
class Consequences:
    """What goes with a roll-back; `kinds` counts the turns by what they were, `notes` are the person's lines that go.

    `unsaved` are files that the person has changed and no turn holds yet: they become a turn, which goes with the rest.
    """

    preview: RollbackPreview
    kinds: Mapping[str, int]
    sections: tuple[LostSection, ...]
    notes: tuple[str, ...]
    unsaved: tuple[str, ...]


def consequences(project: Project, rev: str) -> Consequences:
    """What rolling back to turn or commit `rev` would do; raises HistoryError, as the roll-back would."""
    preview = preview_rollback(project.git, rev)
    edits = project.hand_edits()
    return Consequences(
        preview=preview,
        kinds=kinds(preview.turns, preview.target),
        sections=_lost_sections(project, preview),
        notes=_lost_notes(project, preview),
        unsaved=edits.paths if edits else (),
    )


def kinds(turns: Sequence[TurnSummary], before: TurnSummary) -> dict[str, int]:
    """How many of the turns (newest first; `before` came before them) were edits, repairs and so on, most first."""
    found: Counter[str] = Counter()
    for turn, previous in zip(turns, [*turns[1:], before], strict=True):
        failed = previous.status is Status.FAILED and previous.phase is turn.phase
        found["repair" if failed and turn.agent.speaks else _kind(turn)] += 1
    return dict(found.most_common())


def facts(told: Consequences) -> list[tuple[str, str]]:
    """The consequences as headings with the words below them, line by line."""
    preview, cost = told.preview, told.preview.cost
    tokens = cost.prompt_tokens + cost.completion_tokens
    spent = f"{tokens:,} tokens, ${cost.money:.2f}, {cost.seconds:.0f} s on what goes; stays counted"
    goes = [*_going(told), *_score_lines(preview)]
    found = [("Goes", "\n".join(goes))]
    if told.sections:
        found.append(("Report", "\n".join(_some([section_words(section) for section in told.sections]))))
    if told.notes:
        found.append(("Notes", "\n".join(_some([f"goes: {note}" for note in told.notes]))))
    return [*found, ("Kept", "all of it, beside this line of work; undo brings it back"), ("Spent", spent)]


def section_words(section: LostSection) -> str:
    """One lost section, e.g. `Results, written at turn 40 from the results of turn 38, which go`."""
    source = f" from the results of turn {section.measured}" if section.measured else ""
    fate = ", which go" if source and section.from_lost else ", which stay" if source else ""
    back = "; its earlier text comes back" if section.before else ""
    return f"{section.name}, written at turn {section.written}{source}{fate}{back}"


def _going(told: Consequences) -> list[str]:
    turns = told.preview.turns
    first, last = (turns[-1].number, turns[0].number) if turns else (0, 0)
    named = ", ".join(f"{count} × {kind}" for kind, count in list(told.kinds.items())[:6])
    lines = [f"{'turns' if first != last else 'turn'} {first}{f'–{last}' if first != last else ''} ({named})"]
    if told.unsaved:
        lines.append(f"your changes that no turn holds yet: {', '.join(_some(told.unsaved))}")
    if turns and turns[0].phase is not told.preview.target.phase:
        lines.append(f"{turns[0].phase.title} → back in {told.preview.target.phase.title.lower()}")
    return lines


def _score_lines(preview: RollbackPreview) -> list[str]:
    before, after = preview.before, preview.after
    if before is None or (after is not None and after.commit == before.commit):
        return []
    if after is None:
        return [f"{before.metric} → no measurement yet"]
    name, _, value = after.metric.rpartition(" ")
    same = before.metric.startswith(f"{name} ")
    return [f"{before.metric} → {value if same else after.metric}"]


def _kind(turn: TurnSummary) -> str:
    if turn.agent is Agent.RESEARCHER:
        return "change of yours"
    if turn.agent is Agent.LABTOP:
        return "word of labtop"
    return turn.command.split(" ")[0] or "reply without a command"


def _lost_sections(project: Project, preview: RollbackPreview) -> tuple[LostSection, ...]:
    """The sections whose text now is not what it was at the target, each with the turn that wrote it last."""
    git, target = project.git, preview.target
    numbers = {turn.commit: turn.number for turn in preview.turns}
    span = f"{target.commit}..HEAD"
    writes, measures = (
        git.text("log", "--first-parent", "--reverse", "--format=%H", span, "--", path).split()
        for path in (REPORT, METRICS)
    )
    if not writes:
        return ()
    blobs = git.blobs([f"{commit}:{REPORT}" for commit in (target.commit, *writes)])
    texts = [sections_of((blob or b"").decode(errors="replace")) for blob in blobs]
    stood = [number for commit in measures if (number := numbers.get(commit))]
    earlier = _measured_before(project, target.commit)
    found = []
    for name in SECTIONS:
        start, end = texts[0].get(name, ""), texts[-1].get(name, "")
        if start == end or not end:
            continue
        changes = zip(writes, texts[1:], texts[:-1], strict=True)
        written = [
            numbers.get(commit, 0) for commit, now, before in changes if now.get(name, "") != before.get(name, "")
        ]
        lost = [number for number in stood if number <= written[-1]]
        found.append(LostSection(name, written[-1], lost[-1] if lost else earlier, bool(lost), bool(start)))
    return tuple(found)


def sections_of(report: str) -> dict[str, str]:
    """The report's sections that have text, by name."""
    found = {}
    for name in SECTIONS:
        try:
            text = section_text(report, name) if report else ""
        except LatexError:
            continue
        if text:
            found[name] = text
    return found


def _measured_before(project: Project, commit: str) -> int:
    """The number of the newest turn up to `commit` that changed the results, 0 when none did."""
    from core.workspace.history import summaries

    newest = project.git.text("log", "--first-parent", "-1", "--format=%H", commit, "--", METRICS)
    return summaries(project.git, newest, limit=1)[0].number if newest else 0


def _lost_notes(project: Project, preview: RollbackPreview) -> tuple[str, ...]:
    """The lines of the person's notes that stand now and did not at the target, each with its file."""
    names = sorted(path.name for path in (project.path / "notes").glob("*.md") if path.is_file())
    before = project.git.blobs([f"{preview.target.commit}:notes/{name}" for name in names])
    found = []
    for name, blob in zip(names, before, strict=True):
        known = set((blob or b"").decode(errors="replace").splitlines())
        lines = project.read(f"notes/{name}").splitlines()
        found += [f"{one_line(line, 60)} ({name})" for line in lines if line.strip() and line not in known]
    return tuple(found)


def _some(lines: Sequence[str]) -> list[str]:
    rest = len(lines) - _NAMED
    return [*lines[:_NAMED], *([f"and {rest} more"] if rest > 0 else [])]
