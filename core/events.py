"""What the engine says while it works: one stream of frozen events, each of which can be written as one JSON line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, get_args

from core.record import Agent, Cost, Phase, Score, Turn
from core.settings import Copilot
from core.values import tagged_from_json


class State(StrEnum):
    """What a project's run is doing."""

    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting"  # for a person's decision
    FINISHED = "finished"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The engine has opened the project; `model` and `sandbox` are names as shown to a person."""

    project: str
    branch: str
    head: str
    model: str
    sandbox: str
    turns: int


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The run's state, with the reason in words (`step`, `pause`, `turn limit of 10 reached`, an error's text).

    `cause` says in a word what kind of decision a person is wanted for (`budget`, `loop`); else it is empty.
    """

    state: State
    reason: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Steered:
    """The person's hand on the run has changed: `held` says why no turn will follow, `stops` the pauses to come."""

    state: State
    held: str
    autonomy: Mapping[Phase, Copilot]
    """How often the person is asked in each phase."""
    stops: tuple[str, ...]
    """Each in words, e.g. `at $5.00`, `at 03:00`, `after report writing`."""


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A phase begins, or is taken up again."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class PhaseFinished:
    """A phase has its result; `summary` is a few words for the rail, e.g. `5 papers`."""

    phase: Phase
    summary: str


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """An agent is asked; `task` says for what in a few words, `progress` where in the phase, e.g. `3/10`."""

    turn: int
    phase: Phase
    agent: Agent
    model: str
    task: str
    progress: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the reply that is being written. Never committed."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """A piece of what a reasoning model lets be seen of its thoughts. Never parsed, never committed."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The model's server, a paper's or a data set's cannot answer now; it is asked again in `seconds`.

    With 0 seconds it is something long that is under way, such as a download: `reason` says how far.
    """

    turn: int
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Restarted:
    """A reply broke off: what was shown of it is void, and it is asked for again."""

    turn: int
    reason: str


@dataclass(frozen=True, slots=True)
class CallMade:
    """A call to a model is paid: what it cost. Part of the turn's own cost later."""

    turn: int
    model: str
    cost: Cost


@dataclass(frozen=True, slots=True)
class Proposed:
    """The reply has been understood as a command; `diff` is what it would change in `path` (either may be empty).

    Where the person is asked about more than a reply, `result` is the phase whose result it is, and `note` says what is
    the matter with the reply (that it was interrupted). `key` names the proposal: an answer says to which it belongs.
    """

    turn: int
    agent: Agent
    command: str
    path: str = ""
    diff: str = ""
    result: Phase | None = None
    note: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What an agent says to a question about its reply. It is no turn, and never committed."""

    turn: int
    question: str
    text: str


@dataclass(frozen=True, slots=True)
class ProgramStarted:
    """A program runs in the sandbox of the named tier."""

    turn: int
    path: str
    sandbox: str
    limit_seconds: float


@dataclass(frozen=True, slots=True)
class ProgramOutput:
    """What a running program printed, cleaned of control codes. Never committed.

    Only at its beginning there may be a carriage return: it overwrites the line before, as a progress bar does.
    """

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class ProgramUsage:
    """What a running program takes, about once a second. Never committed, never on the cassette.

    100 % of CPU is one core; `gpu_percent` is the machine's busiest GPU, None without one.
    """

    turn: int
    seconds: float
    cpu_percent: float
    memory_mb: float
    memory_limit_mb: int
    gpu_percent: float | None = None


@dataclass(frozen=True, slots=True)
class ProgramFinished:
    """A program ended; `problem` is empty when all went well."""

    turn: int
    problem: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate has its score."""

    turn: int
    score: Score
    reflection: str


@dataclass(frozen=True, slots=True)
class ReportCompiled:
    """The report was compiled: readable text of the pages when it worked, else what was wrong."""

    turn: int
    pages: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TurnCommitted:
    """The turn is in the history."""

    turn: Turn
    commit: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know; `level` is `info`, `warning`, `error`, or `bell`: a face rings."""

    level: str
    text: str


Event = (
    RunStarted
    | StateChanged
    | Steered
    | PhaseStarted
    | PhaseFinished
    | TurnStarted
    | Token
    | Thinking
    | Waiting
    | Restarted
    | CallMade
    | Proposed
    | Answered
    | ProgramStarted
    | ProgramOutput
    | ProgramUsage
    | ProgramFinished
    | Scored
    | ReportCompiled
    | TurnCommitted
    | Notice
)


def as_json(event: Event) -> dict[str, Any]:
    """The event as a JSON object, its kind under `event`."""
    return {"event": type(event).__name__, **asdict(event)}


def event_from_json(told: object) -> Event:
    """The event that `as_json` told of; raises NotUnderstood for anything else."""
    event: Event = tagged_from_json(_EVENTS, "event", told)
    return event


_EVENTS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in get_args(Event)}
