"""Where the person may hold, steer or refuse: the engine awaits a gate before every turn and before every effect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol

from core.errors import LabError
from core.events import State
from core.record import Agent, Phase
from core.settings import Copilot
from core.steering import Remembered, Steering, SteeringError, dollars, moment
from core.values import tagged_from_json


class PersonNeeded(LabError):
    """Nobody is here to decide what the project's settings leave to a person."""

    title = "Waiting for you"
    cause = ""
    """In a word, what kind of decision is wanted: `budget`, `price`, `loop`, `app` (one at the gate); else empty."""


@dataclass(frozen=True, slots=True)
class Approve:
    """The reply may act, as it is or as `edited` (a whole reply); `rejected` is what the agent reads about the rest."""

    edited: str | None = None
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class Pick:
    """The reply may act, but only with the parts `kept` of its change; the agent reads the reason.

    A part is a run of changed lines with no unchanged one in between, numbered from 1 as they stand in the diff.
    """

    kept: tuple[int, ...]
    reason: str = ""


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


Verdict = Approve | Pick | Decline | TakeOver | Skip
_VERDICTS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in (Approve, Pick, Decline, TakeOver, Skip)}


@dataclass(frozen=True, slots=True)
class Question:
    """What the person asks about a reply before they decide; it is no turn."""

    text: str


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict in values that JSON can hold."""
    return {"verdict": type(verdict).__name__, **asdict(verdict)}


def verdict_from_json(told: Mapping[str, Any]) -> Verdict:
    """The verdict that `verdict_json` told of; raises NotUnderstood for anything else."""
    verdict: Verdict = tagged_from_json(_VERDICTS, "verdict", told)
    return verdict


@dataclass(frozen=True, slots=True)
class Proposal:
    """A reply, or a phase's result, that waits for a verdict; `diff` is what it would change in `path`.

    `note` says what is the matter with the reply, `key` names the proposal, as in the event that tells of it.
    """

    turn: int
    phase: Phase
    agent: Agent
    reply: str
    command: str
    path: str
    diff: str
    note: str = ""
    key: str = ""


def new_key() -> str:
    """A name that no other proposal has, so that an answer that comes late counts for none but its own."""
    return token_hex(8)


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

    @property
    def state(self) -> State:
        """What the gate lets the run do now."""
        ...

    @property
    def stops(self) -> tuple[str, ...]:
        """The pauses to come, each in words."""
        ...

    @property
    def reviewing(self) -> Phase | None:
        """The phase whose result is to be looked at before the run goes on."""
        ...

    @property
    def interrupted(self) -> asyncio.Event:
        """Set while the reply that streams is to be stopped."""
        ...

    def listen(self, heard: Callable[[], None]) -> None:
        """Call `heard` from now on whenever the person has changed what is to come."""
        ...

    def recall(self, memory: Path) -> None:
        """Take up what was asked for in an earlier run, and keep what is asked for in this file."""
        ...

    async def opened(self) -> None:
        """Return once the next turn may begin; raises PersonNeeded when nobody can open the gate."""
        ...

    def reckon(self, spent: float, phase: Phase) -> None:
        """Hold before a turn of `phase` when a stop has come; `spent` is in US dollars, by the project's ledger."""
        ...

    def mode(self, phase: Phase, told: Copilot) -> Copilot:
        """How often the person is asked in a phase for which the settings say `told`."""
        ...

    def asks(self, mode: Copilot) -> bool:
        """Whether a reply needs a verdict before it acts."""
        ...

    async def verdict(self, proposal: Proposal) -> Verdict | Question:
        """The person's verdict, or a question before it; raises PersonNeeded when nobody can give one."""
        ...

    def turn_done(self) -> None:
        """A turn is in the history."""
        ...

    def phase_done(self, phase: Phase, mode: Copilot) -> None:
        """A phase has its result."""
        ...

    def reviewed(self) -> None:
        """The person has given their word on the phase's result."""
        ...


class PersonGate:
    """A person at a face: runs, pauses, steps, and gives verdicts. All methods are called on the engine's loop."""

    attended = True

    def __init__(self, *, running: bool, now: Callable[[], datetime] = lambda: datetime.now().astimezone()) -> None:
        self.interrupted = asyncio.Event()
        self._turns_allowed: int | None = None if running else 0
        self._reason = "" if running else "paused: it begins when you say so"
        self._now = now
        self._asked_for = Remembered()
        self._heard: Callable[[], None] = lambda: None
        self._changed = asyncio.Event()
        self._waits: Proposal | None = None
        self._decided = False
        self._words = asyncio.Queue[Verdict | Question]()

    @property
    def state(self) -> State:
        """What the gate lets the run do now."""
        if self._waits is not None:
            return State.WAITING
        return State.PAUSED if self.held else State.RUNNING

    @property
    def held(self) -> str:
        return self._reason if self._turns_allowed == 0 else ""

    @property
    def stops(self) -> tuple[str, ...]:
        return self._asked_for.now.stops

    @property
    def reviewing(self) -> Phase | None:
        return self._asked_for.now.review

    @property
    def autonomy(self) -> Mapping[Phase, Copilot]:
        """How often the person is asked, where they chose it in place of the settings."""
        return self._asked_for.now.autonomy

    def listen(self, heard: Callable[[], None]) -> None:
        self._heard = heard

    def recall(self, memory: Path) -> None:
        try:
            self._asked_for.recall(memory)
        except SteeringError as error:
            self.pause(f"paused: {error}")
        else:
            self._heard()

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
        self._keep(replace(self._asked_for.now, after=phase))
        self.go()

    def stop_at(self, money: float | None = None, clock: str | None = None) -> None:
        """Pause once so many US dollars are spent, or at a time of day (`03:00`); with neither, no stop is to come.

        Raises SteeringError for what is no amount and no time.
        """
        kept = self._asked_for.now
        if money is None and clock is None:
            kept = replace(kept, after=None, money=None, time="")
        if money is not None:
            kept = replace(kept, money=dollars(money))
        if clock is not None:
            kept = replace(kept, time=moment(clock, self._now()))
        self._keep(kept)

    def set_autonomy(self, phase: Phase, mode: Copilot) -> None:
        """Ask the person in `phase` this often from now on."""
        self._keep(replace(self._asked_for.now, autonomy={**self._asked_for.now.autonomy, phase: mode}))

    def interrupt(self) -> None:
        """Stop the reply that streams, if one does; what came of it is kept."""
        self.interrupted.set()

    def answer(self, verdict: Verdict, key: str = "") -> bool:
        """Decide on the proposal `key`, or without one on whatever waits; False when it does not wait (any more)."""
        return self._say(verdict, key)

    def ask(self, text: str, key: str = "") -> bool:
        """Ask the agent about the proposal `key`, or about whatever waits; False when it does not."""
        return self._say(Question(text), key)

    async def opened(self) -> None:
        while self.held:
            self._changed.clear()
            await self._changed.wait()

    def reckon(self, spent: float, phase: Phase) -> None:
        left, words = self._asked_for.now.reached(spent, self._now(), phase)
        if words and not self.held:
            self._keep(left)
            self.pause(words)

    def mode(self, phase: Phase, told: Copilot) -> Copilot:
        return self._asked_for.now.autonomy.get(phase, told)

    def asks(self, mode: Copilot) -> bool:
        return mode is Copilot.TURN

    async def verdict(self, proposal: Proposal) -> Verdict | Question:
        if self._waits is None:
            self._waits, self._decided, self._words = proposal, False, asyncio.Queue()
            self._heard()
        said: Verdict | Question | None = None
        try:
            said = await self._words.get()
            return said
        finally:
            if not isinstance(said, Question):  # after a question the same reply still waits
                self._waits = None
                self._heard()

    def turn_done(self) -> None:
        if self._turns_allowed:
            self._turns_allowed -= 1
            self._heard()

    def phase_done(self, phase: Phase, mode: Copilot) -> None:
        if mode is Copilot.PHASE:
            self._keep(replace(self._asked_for.now, review=phase))
        if phase is self._asked_for.now.after:
            self._keep(replace(self._asked_for.now, after=None))
            self.pause(f"{phase.title} is done: look at it, then run on")

    def reviewed(self) -> None:
        self._keep(replace(self._asked_for.now, review=None))

    def _say(self, said: Verdict | Question, key: str) -> bool:
        if self._waits is None or self._decided or key not in ("", self._waits.key):
            return False
        self._decided = not isinstance(said, Question)
        self._words.put_nowait(said)
        return True

    def _allow(self, turns: int | None, reason: str) -> None:
        self._turns_allowed, self._reason = turns, reason
        self._changed.set()
        self._heard()

    def _keep(self, steering: Steering) -> None:
        self._asked_for.keep(steering)
        self._heard()
