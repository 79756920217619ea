"""A run that nobody watches: what a person asked for in the app holds here, too; what asks for them ends the run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from core.events import State
from core.gate import PersonNeeded, Proposal, Question, Verdict
from core.record import Phase
from core.settings import Copilot
from core.steering import Remembered, SteeringError


class OnlyInTheApp(PersonNeeded):
    """What running it again does not get past."""

    cause = "app"


class OpenGate:
    """Every turn may begin until a stop has come; then, and where a person is asked, the run ends with PersonNeeded.

    Whoever starts a run anew lets it go on: a stop that has come is gone, a result that waited for a word is passed.
    """

    attended = False
    reviewing = None

    def __init__(self, *, now: Callable[[], datetime] = lambda: datetime.now().astimezone()) -> None:
        self.interrupted = asyncio.Event()
        self.held = ""
        self._unreadable: SteeringError | None = None
        self._now = now
        self._asked_for = Remembered()

    @property
    def state(self) -> State:
        return State.PAUSED if self.held else State.RUNNING

    @property
    def stops(self) -> tuple[str, ...]:
        return self._asked_for.now.stops

    @property
    def passes(self) -> Phase | None:
        """The phase whose result waits for a word that the next turn does not wait for."""
        return self._asked_for.now.review

    def listen(self, heard: Callable[[], None]) -> None:
        return

    def recall(self, memory: Path) -> None:
        try:
            self._asked_for.recall(memory)
        except SteeringError as error:
            self.held, self._unreadable = error.message, error

    async def opened(self) -> None:
        if self._unreadable:
            raise OnlyInTheApp(self._unreadable.message, self._unreadable.hint)
        if self.held:
            raise PersonNeeded(self.held)

    def reckon(self, spent: float, phase: Phase) -> None:
        left, words = self._asked_for.now.reached(spent, self._now(), phase)
        if words and not self.held:
            self._asked_for.keep(left)
            self.held = words

    def mode(self, phase: Phase, told: Copilot) -> Copilot:
        return self._asked_for.now.autonomy.get(phase, told)

    def asks(self, mode: Copilot) -> bool:
        return mode is Copilot.TURN

    async def verdict(self, proposal: Proposal) -> Verdict | Question:
        agent, turn, phase = proposal.agent.title, proposal.turn, proposal.phase
        if proposal.note:
            raise OnlyInTheApp(
                f"The reply of the {agent} in turn {turn} was stopped by you, and what came of it waits for your word.",
                "Open the project in the app to decide.",
            )
        in_app = phase in self._asked_for.now.autonomy
        where, how = ("in the app", "with A") if in_app else ("in lab.toml", "there (copilot, [copilot_phases])")
        raise OnlyInTheApp(
            f"{agent} wants {proposal.command} in turn {turn}, and {where} you have asked to decide every turn.",
            f"Open the project in the app to decide, or change how often you are asked {how}.",
        )

    def turn_done(self) -> None:
        if self.passes is not None:
            self.reviewed()

    def phase_done(self, phase: Phase, mode: Copilot) -> None:
        kept = self._asked_for.now
        if mode is Copilot.PHASE:  # the app will ask for a word on it
            kept = replace(kept, review=phase)
        if phase is kept.after:
            kept = replace(kept, after=None)
        if kept != self._asked_for.now:
            self._asked_for.keep(kept)
            self.held = f"{phase.title} is done: look at it, then run on"

    def reviewed(self) -> None:
        self._asked_for.keep(replace(self._asked_for.now, review=None))
