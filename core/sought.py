"""What a person looks for in a history: `agent:ml phase:exp status:failed kept:yes line:what-if turn:30-40 words`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.graph import Kind, Row
from core.record import Agent, Phase, Status

FILTERS = ("agent:", "phase:", "status:", "kept:", "line:", "turn:", "is:")
_KINDS = ("candidate", "undone", "branch", "edit", "report")


@dataclass(frozen=True, slots=True)
class Sought:
    """A query, read: tests that a row must pass, and words that its subject or reply must hold.

    `problem` says what of the query is not understood; nothing is left out silently.
    """

    tests: tuple[Callable[[Row], bool], ...] = ()
    words: tuple[str, ...] = ()
    problem: str = ""

    @property
    def everything(self) -> bool:
        """Whether nothing is asked for."""
        return not self.tests and not self.words


def read_query(text: str) -> Sought:
    """Read a query; words in quotes belong together."""
    tests: list[Callable[[Row], bool]] = []
    words: list[str] = []
    for part in _parts(text):
        key, colon, value = part.partition(":")
        make = _TESTS.get(key.lower()) if colon else None
        if make is None:
            words.append(part)
            continue
        test = make(value.lower())
        if isinstance(test, str):
            return Sought(problem=test)
        tests.append(test)
    return Sought(tuple(tests), tuple(words))


def matching(rows: Sequence[Row], sought: Sought, holding: set[str] | None) -> list[Row]:
    """The rows that pass; `holding` are the commits that hold the words, None when there are no words.

    Where nothing is asked for, the turns that long side lines keep back stay back.
    """
    if sought.everything:
        return [row for row in rows if not row.hidden]
    return [
        row
        for row in rows
        if row.kind in (Kind.TURN, Kind.CANDIDATE)
        and all(test(row) for test in sought.tests)
        and (holding is None or row.turn.commit in holding)
    ]


def _parts(text: str) -> list[str]:
    try:
        return shlex.split(text, posix=True)
    except ValueError:  # a quote that is still open, while one types
        return text.replace('"', " ").replace("'", " ").split()


def _named(kind: str, names: Mapping[str, Sequence[str]], value: str) -> set[str] | str:
    """Those names that a few letters mean, or words on why there are none."""
    found = {name for name, calls in names.items() if any(call.startswith(value) for call in calls)}
    return found if found and value else f"{kind}:{value} is none of {', '.join(names)}"


def _agent(value: str) -> Callable[[Row], bool] | str:
    calls = {"you": ["you"], "researcher": ["you"]}
    names = {agent.value: [agent.value, agent.title.lower(), *calls.get(agent.value, [])] for agent in Agent}
    found = _named("agent", names, value)
    return found if isinstance(found, str) else lambda row: row.turn.agent.value in found


def _phase(value: str) -> Callable[[Row], bool] | str:
    names = {phase.value: [phase.value, *phase.value.split("-"), str(phase.number)] for phase in Phase}
    found = _named("phase", names, value)
    return found if isinstance(found, str) else lambda row: row.turn.phase.value in found


def _status(value: str) -> Callable[[Row], bool] | str:
    found = _named("status", {status.value: [status.value] for status in Status}, value)
    return found if isinstance(found, str) else lambda row: row.turn.status.value in found


def _kept(value: str) -> Callable[[Row], bool] | str:
    if value not in ("yes", "no"):
        return "kept: takes yes or no"
    wanted = value == "yes"
    return lambda row: row.turn.kept is wanted


def _line(value: str) -> Callable[[Row], bool] | str:
    return (lambda row: row.line.lower().startswith(value)) if value else "line: takes the beginning of a line's name"


def _turn(value: str) -> Callable[[Row], bool] | str:
    found = re.fullmatch(r"(\d{1,9})(?:[-–](\d{0,9}))?", value)
    if not found:
        return "turn: takes a number or a range, such as 30-40"
    first = int(found[1])
    last = first if found[2] is None else int(found[2] or 10**9)
    return lambda row: first <= row.turn.number <= last


def _is(value: str) -> Callable[[Row], bool] | str:
    tests: dict[str, Callable[[Row], bool]] = {
        "candidate": lambda row: row.kind is Kind.CANDIDATE,
        "undone": lambda row: row.undone,
        "branch": lambda row: row.depth > 0 and not row.undone and row.kind is Kind.TURN,
        "edit": lambda row: row.turn.command.startswith(("EDIT", "REPLACE")),
        "report": lambda row: row.turn.phase in (Phase.REPORT, Phase.REFINEMENT),
    }
    return tests.get(value) or f"is:{value} is none of {', '.join(_KINDS)}"


_TESTS: Mapping[str, Callable[[str], Callable[[Row], bool] | str]] = {
    "agent": _agent,
    "phase": _phase,
    "status": _status,
    "kept": _kept,
    "line": _line,
    "turn": _turn,
    "is": _is,
}
