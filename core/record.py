"""The values that the history is made of: phases, agents, and what one turn leaves behind (`.lab/turn.json`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    """The seven phases, in research order (Schmidgall et al. 2025, section 3)."""

    LITERATURE = "literature-review"
    PLAN = "plan-formulation"
    DATA = "data-preparation"
    EXPERIMENTS = "running-experiments"
    INTERPRETATION = "results-interpretation"
    REPORT = "report-writing"
    REFINEMENT = "report-refinement"

    @property
    def title(self) -> str:  # type: ignore[override]
        """The phase's name as a person reads it, e.g. `Literature review`."""
        return self.value.replace("-", " ").capitalize()

    @property
    def number(self) -> int:
        """The phase's place in research order, from 1."""
        return list(Phase).index(self) + 1


class Agent(StrEnum):
    """Who speaks. `RESEARCHER` is the person; `LABTOP` is the engine itself (the first commit, a roll-back)."""

    PHD_STUDENT = "phd-student"
    POSTDOC = "postdoc"
    ML_ENGINEER = "ml-engineer"
    SW_ENGINEER = "sw-engineer"
    PROFESSOR = "professor"
    JUDGE = "judge"
    REVIEWER_1 = "reviewer-1"
    REVIEWER_2 = "reviewer-2"
    REVIEWER_3 = "reviewer-3"
    RESEARCHER = "researcher"
    LABTOP = "labtop"

    @property
    def title(self) -> str:  # type: ignore[override]
        """The role's name as a person reads it, e.g. `PhD student`."""
        return _TITLES.get(self) or self.value.replace("-", " ").capitalize()

    @property
    def speaks(self) -> bool:
        """Whether a model answers for it: neither the person nor the engine."""
        return self not in (Agent.RESEARCHER, Agent.LABTOP)


_TITLES = {
    Agent.PHD_STUDENT: "PhD student",
    Agent.ML_ENGINEER: "ML engineer",
    Agent.SW_ENGINEER: "SW engineer",
    Agent.LABTOP: "labtop",
}


class Status(StrEnum):
    """What came of a turn."""

    OK = "ok"
    FAILED = "failed"  # the command was understood and did not work: a program broke, LaTeX did not compile
    MALFORMED = "malformed"  # the reply held no usable command
    DECLINED = "declined"  # the person said no


@dataclass(frozen=True, slots=True)
class Cost:
    """What model calls cost: calls, tokens, money in US dollars, seconds of the whole turn (programs included).

    `cached_tokens` are those of the prompt tokens that the server had kept from an earlier call.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0
    seconds: float = 0.0
    cached_tokens: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.money + other.money,
            self.seconds + other.seconds,
            self.cached_tokens + other.cached_tokens,
        )


@dataclass(frozen=True, slots=True)
class Score:
    """A candidate's worth: the measured metric, the judge's 0-1, and whether it became the best so far.

    `metric` is empty for a report, whose only score is the judge's.
    """

    metric: str
    value: float | None
    judge: float
    kept: bool
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Turn:
    """One acting reply of one agent, its command, the outcome and the cost. One commit."""

    number: int
    phase: Phase
    agent: Agent
    model: str
    command: str
    """The command as shown, e.g. `EDIT 12-18`; empty when the reply held none."""
    subject: str
    """One line for people, the first line of the commit's message after the agent's name."""
    reply: str
    """The agent's reply, verbatim."""
    status: Status
    outcome: str
    """What came of it, as the agents are told."""
    score: Score | None = None
    reflection: str = ""
    diff: str = ""
    """Unified diff of the program, report or file that this turn proposes, against what it was derived from."""
    path: str = ""
    """The file that `diff` is about, relative to the project."""
    output: str = ""
    """What the program printed, head and tail."""
    cost: Cost = field(default_factory=Cost)
    time: str = ""
    """When the turn ended, ISO 8601 with offset."""
    began: str = ""
    """When the turn began; the commits of its candidates carry this time."""
    takes: tuple[str, ...] = ()
    """What the turn learnt from outside (replies, outcomes of programs, searches), by its name in the cassette."""

    def to_json(self) -> str:
        """The turn as the text of `.lab/turn.json`."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Turn:
        """Read `.lab/turn.json`; raises ValueError, KeyError or TypeError when it is not one."""
        return cls.from_dict(json.loads(text))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Turn:
        """Build a turn from its JSON object."""
        score = data.get("score")
        return cls(
            **{
                **data,
                "phase": Phase(data["phase"]),
                "agent": Agent(data["agent"]),
                "status": Status(data["status"]),
                "score": Score(**score) if score else None,
                "cost": Cost(**data.get("cost", {})),
                "takes": tuple(data.get("takes", ())),
            }
        )


@dataclass(frozen=True, slots=True)
class LoggedTurn:
    """A turn and the commit that holds it."""

    commit: str
    parent: str
    turn: Turn


def now() -> str:
    """The wall clock as a turn records it: ISO 8601 with offset, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
