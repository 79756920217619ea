"""Where the person may hold, steer or refuse: the engine awaits a gate before every turn and before every effect."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from core.errors import LabError
from core.events import State
from core.record import Agent, Phase
from core.settings import Copilot


class PersonNeeded(LabError):
    """Nobody is here to decide what the project's settings leave to a person."""

    title = "Waiting for you"
    cause = ""
    """In a word, what kind of decision is wanted: `budget`, `price`, `loop`; else empty."""


@dataclass(frozen=True, slots=True)
class Approve:
    """The reply may act, as it is or as `edited` (a whole reply)."""

    edited: str | None = None


@dataclass(frozen=True, slots=True)
class Decline:
    """The reply may not act; the agent reads the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class TakeOver:
    """The person answers in the agent's place with a reply of their own."""

    reply: str


@dataclass(frozen=True, slots=True)
class Skip:
    """This reply is passed over without a word to the agent."""


Verdict = Approve | Decline | TakeOver | Skip
_VERDICTS = {kind.__name__: kind for kind in (Approve, Decline, TakeOver, Skip)}


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict in values that JSON can hold."""
    return {"verdict": type(verdict).__name__, **asdict(verdict)}


def verdict_from_json(told: Mapping[str, Any]) -> Verdict:
    """The verdict that `verdict_json` told of."""
    return _VERDICTS[told["verdict"]](**{key: value for key, value in told.items() if key != "verdict"})


@dataclass(frozen=True, slots=True)
class Proposal:
    """A reply that waits for a verdict; `diff` is what it would change in `path`."""

    turn: int
    phase: Phase
    agent: Agent
    reply: str
    command: str
    path: str
    diff: str


class Gate(Protocol):
    """The engine's view of the person."""

    @property
    def held(self) -> str:
        """Why the next turn may not begin, in a few words; empty when it may."""
        ...

    @property
    def attended(self) -> bool:
        """Whether a person is there to be asked."""
        ...

    async def opened(self) -> None:
        """Return once the next turn may begin; raises PersonNeeded when nobody can open the gate."""
        ...

    def asks(self, mode: Copilot) -> bool:
        """Whether a reply needs a verdict before it acts."""
        ...

    async def verdict(self, proposal: Proposal) -> Verdict:
        """The person's verdict; raises PersonNeeded when nobody can give one."""
        ...

    def turn_done(self) -> None:
        """A turn is in the history."""
        ...

    def phase_done(self, phase: Phase, mode: Copilot) -> None:
        """A phase has its result."""
        ...


class OpenGate:
    """Nobody watches: every turn may begin; what the settings leave to a person ends the run with PersonNeeded."""

    attended = False

    def __init__(self) -> None:
        self._finished_phase: Phase | None = None

    @property
    def held(self) -> str:
        return f"{self._finished_phase.title} is done: look at it, then run on" if self._finished_phase else ""

    async def opened(self) -> None:
        if self._finished_phase:
            raise PersonNeeded(self.held)

    def asks(self, mode: Copilot) -> bool:
        return mode is Copilot.TURN

    async def verdict(self, proposal: Proposal) -> Verdict:
        raise PersonNeeded(
            f"{proposal.agent.title} wants {proposal.command} in turn {proposal.turn}, and lab.toml says that you "
            'decide every turn (copilot = "turn").',
            'Open the project in the app to decide, or set copilot = "off".',
        )

    def turn_done(self) -> None:
        return

    def phase_done(self, phase: Phase, mode: Copilot) -> None:
        if mode is Copilot.PHASE:
            self._finished_phase = phase


class PersonGate:
    """A person at a face: runs, pauses, steps, and gives verdicts. All methods are called on the engine's loop."""

    attended = True

    def __init__(self, *, running: bool) -> None:
        self._turns_allowed: int | None = None if running else 0
        self._reason = "" if running else "paused: it begins when you say so"
        self._stop_after: Phase | None = None
        self._changed = asyncio.Event()
        self._answer: asyncio.Future[Verdict] | None = None

    @property
    def state(self) -> State:
        """What the gate lets the run do now."""
        if self._answer is not None:
            return State.WAITING
        return State.PAUSED if self.held else State.RUNNING

    @property
    def held(self) -> str:
        return self._reason if self._turns_allowed == 0 else ""

    def go(self) -> None:
        """Run on until told otherwise."""
        self._allow(None, "")

    def pause(self, reason: str = "paused by you") -> None:
        """Hold before the next turn; the turn in flight goes on to its commit."""
        self._allow(0, reason)

    def step(self) -> None:
        """One turn, then paused."""
        self._allow(1, "stepping: one turn at a time")

    def stop_after(self, phase: Phase) -> None:
        """Run on and pause when `phase` has its result."""
        self._stop_after = phase
        self.go()

    def answer(self, verdict: Verdict) -> None:
        """Decide on the reply that waits; does nothing when none does."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(verdict)

    async def opened(self) -> None:
        while self.held:
            self._changed.clear()
            await self._changed.wait()

    def asks(self, mode: Copilot) -> bool:
        return mode is Copilot.TURN

    async def verdict(self, proposal: Proposal) -> Verdict:
        self._answer = asyncio.get_running_loop().create_future()
        try:
            return await self._answer
        finally:
            self._answer = None

    def turn_done(self) -> None:
        if self._turns_allowed:
            self._turns_allowed -= 1

    def phase_done(self, phase: Phase, mode: Copilot) -> None:
        if mode is Copilot.PHASE or phase is self._stop_after:
            self._stop_after = None
            self.pause(f"{phase.title} is done: look at it, then run on")

    def _allow(self, turns: int | None, reason: str) -> None:
        self._turns_allowed, self._reason = turns, reason
        self._changed.set()
