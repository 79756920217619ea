"""What a craft (programs, reports) gives to the search, and what the search asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.brief import Job
from core.commands import Edit, Replace
from core.progress import Kept, Pending, Progress, Search
from core.record import Agent
from core.turn import Desk


@dataclass(frozen=True, slots=True)
class Situation:
    """What the next proposal starts from: the job, the very text that the prompt numbers, and where it is from."""

    job: Job
    text: str
    search: Search
    parents: tuple[str, ...] = ()
    """Commits of the candidates that `text` is."""
    error: str = ""
    section: str = ""
    repairs: int = 0
    parent: Kept | None = None
    """The kept candidate that is to be improved."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The text that a command makes, and what was taken out of what was sent, a line each."""

    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """What came of running a program or compiling a report; `problem` is one line and empty when it passed.

    `error` is what the agent reads; `files` are the candidate's artefacts by path in the project; `built`
    are those that the history need not keep, since they can be built again.
    """

    problem: str
    error: str = ""
    output: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    built: Mapping[str, bytes] = field(default_factory=dict)


class Craft(Protocol):
    """How one kind of candidate is begun, edited, checked and put into the project."""

    @property
    def path(self) -> str:
        """The file in the project that holds the best candidate."""
        ...

    @property
    def suffix(self) -> str:
        """The file ending of a candidate's text."""
        ...

    @property
    def writer(self) -> Agent: ...

    @property
    def judge(self) -> Agent: ...

    @property
    def reflects_on_failure(self) -> bool:
        """Whether the judge also reflects on a candidate that failed its check."""
        ...

    def steps(self, desk: Desk) -> int:
        """How many improvements the search may try."""
        ...

    def search(self, progress: Progress) -> Search:
        """This craft's search in the project's state."""
        ...

    def with_search(self, progress: Progress, search: Search) -> Progress:
        """The project's state with this craft's search in it."""
        ...

    def opening(self, desk: Desk, error: str = "") -> Situation | None:
        """The situation while there is no complete text to improve yet; None once there is."""
        ...

    def replacing(self, desk: Desk, pending: Pending, text: str) -> Situation | None:
        """The situation when repairs are used up; None to give the candidate up."""
        ...

    def facts(self, text: str) -> Mapping[str, Any]:
        """The Brief's fields that hold the candidate's text."""
        ...

    def allowed(self, situation: Situation) -> tuple[type, ...]:
        """The commands for a situation."""
        ...

    def applied(self, desk: Desk, situation: Situation, command: Edit | Replace) -> Applied:
        """What a command makes of the situation's text; raises LabError when it does not fit."""
        ...

    def complete(self, text: str) -> bool:
        """Whether a text that passed its check is worth judging."""
        ...

    async def check(self, desk: Desk, text: str) -> Check:
        """Run or compile a text, away from the project's own files."""
        ...

    def placed(self, desk: Desk, text: str, check: Check) -> dict[str, str | bytes | None]:
        """The changes that make a candidate the project's own."""
        ...

    def result(self, desk: Desk, search: Search) -> str:
        """A few words about the result when the search is over, else an empty text."""
        ...


def score_words(kept: Kept) -> str:
    """A kept candidate's scores in words, e.g. `accuracy 0.934, judge 0.82`."""
    metric, value = kept.metrics.get("metric"), kept.metrics.get("value")
    measured = f"{metric} {value:.3f}, " if metric and isinstance(value, int | float) else ""
    return f"{measured}judge {kept.judge:.2f}"
