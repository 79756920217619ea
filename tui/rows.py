"""What stands in the panes by the row: phases, turns, candidates and waits, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from core.record import Agent, Cost, Phase, Status, Turn


class Stage(StrEnum):
    """Where a phase stands."""

    AHEAD = "ahead"
    NOW = "now"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One phase in the rail; `note` is a few words such as `5 papers`, `4 turns` or `3/10`."""

    phase: Phase
    stage: Stage
    note: str = ""

    @property
    def short(self) -> str:
        """The phase in one word, e.g. `Experiments`."""
        return SHORT_PHASES[self.phase]


@dataclass(frozen=True, slots=True)
class Point:
    """One candidate: `value` is the measured metric, `judge` the judge's 0-1; `why` is what was thought of it."""

    turn: int
    value: float | None
    judge: float
    kept: bool
    failed: bool
    command: str = ""
    why: str = ""


LONG = 10.0
"""Seconds from which on a wait is a long one."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A server that cannot answer now: why, since when, and when it is asked again (both by the board's clock).

    A download has no end that is known.
    """

    reason: str
    since: float
    until: float | None

    @property
    def long(self) -> bool:
        """Whether a person may not want to wait for it."""
        return self.until is not None and self.until - self.since >= LONG


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One turn in the history; `change` is `value` against the best before it."""

    turn: int
    commit: str
    phase: Phase
    agent: Agent
    command: str
    subject: str
    status: Status
    value: float | None = None
    judge: float | None = None
    change: float | None = None
    kept: bool = False
    cost: Cost = field(default_factory=Cost)
    time: str = ""

    @property
    def who(self) -> str:
        """The agent in two or three letters, e.g. `ML`."""
        return SHORT_AGENTS[self.agent]


SHORT_PHASES = {
    Phase.LITERATURE: "Literature",
    Phase.PLAN: "Plan",
    Phase.DATA: "Data",
    Phase.EXPERIMENTS: "Experiments",
    Phase.INTERPRETATION: "Interpretation",
    Phase.REPORT: "Report",
    Phase.REFINEMENT: "Refinement",
}

SHORT_AGENTS = {
    Agent.PHD_STUDENT: "PhD",
    Agent.POSTDOC: "pd",
    Agent.ML_ENGINEER: "ML",
    Agent.SW_ENGINEER: "SW",
    Agent.PROFESSOR: "prf",
    Agent.JUDGE: "jdg",
    Agent.REVIEWER_1: "r1",
    Agent.REVIEWER_2: "r2",
    Agent.REVIEWER_3: "r3",
    Agent.RESEARCHER: "you",
    Agent.LABTOP: "lab",
}


def row_of(turn: Turn, commit: str, best: float | None) -> HistoryRow:
    """A turn's row; `best` is the best value before it."""
    score = turn.score
    measured = score.value if score and score.metric else None
    return HistoryRow(
        turn=turn.number,
        commit=commit,
        phase=turn.phase,
        agent=turn.agent,
        command=turn.command,
        subject=turn.subject,
        status=turn.status,
        value=measured,
        judge=score.judge if score else None,
        change=measured - best if measured is not None and best is not None else None,
        kept=bool(score and score.kept),
        cost=turn.cost,
        time=turn.time,
    )
