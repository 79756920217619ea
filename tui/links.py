"""The way from the app to an engine, and the short one: an engine in this very process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from core.errors import LabError
from core.events import Event, Notice, Steered
from core.orders import GiveUp, Order, Travel
from core.record import Cost

if TYPE_CHECKING:
    from core.gate import PersonGate
    from core.host.engine import Engine, Runs
    from core.workspace.project import Project


@dataclass(frozen=True, slots=True)
class Since:
    """Where the project stands in the stream of an engine that was found at work.

    The history is read at `head`; the turn in flight has been made for `turn_seconds`, has cost `paid` so far, and its
    program runs for `program_seconds`.
    """

    head: str = ""
    turn_seconds: float = 0.0
    program_seconds: float = 0.0
    paid: Cost = field(default_factory=Cost)


@dataclass(frozen=True, slots=True)
class Anew:
    """A mark in the stream: from here on another connection speaks, and what the board shows may be old."""

    since: Since


Heard = Event | Anew


class Link(Protocol):
    """What a session needs of the way to its engine."""

    @property
    def steered(self) -> Steered:
        """The person's hand on the run, as last heard."""
        ...

    @property
    def steers(self) -> bool:
        """Whether the engine obeys this app."""
        ...

    @property
    def others(self) -> int:
        """How many other apps are attached."""
        ...

    def hear(self, hear: Callable[[Heard], None], cut: Callable[[], None]) -> None:
        """Say to whom events go; `cut` forgets what was heard of a history that has been changed."""
        ...

    async def attach(self) -> Since | None:
        """Attach to an engine that is at work already; None when none is."""
        ...

    def start(self) -> None:
        """Let the engine work, as far as its gate allows; starts one where there is none."""
        ...

    def give(self, order: Order) -> None:
        """Give an order; what comes of it is heard, a refusal as a notice."""
        ...

    async def obey(self, order: Order) -> str:
        """Give an order and wait; returns the words, raises LabError with why it was refused."""
        ...

    async def travel(self, order: Travel) -> str:
        """Go elsewhere in the history; returns where that is. What is heard next is about the new place."""
        ...

    async def lend(self) -> None:
        """Stop the engine and have it let go of the project, which this app may change now."""
        ...

    async def hold(self, why: str) -> None:
        """Give the project back to an engine that is held."""
        ...

    async def stop(self) -> None:
        """Stop the engine at once, or leave it where another app steers; at most the turn in flight is lost."""
        ...

    async def leave(self) -> str:
        """Leave the engine at work; says in words why that cannot be, else nothing."""
        ...


class Here:
    """An engine in this process: it ends with the app."""

    steers = True
    others = 0

    def __init__(self, project: Project, laboratory: Runs, gate: PersonGate) -> None:
        self.project = project
        self.laboratory = laboratory
        self.gate = gate
        self._hear: Callable[[Heard], None] = lambda event: None
        self._cut: Callable[[], None] = lambda: None
        self._made: Engine | None = None
        self._later: asyncio.Task[None] | None = None

    @property
    def engine(self) -> Engine:
        """The engine; its module is heavy, so it is not loaded before there is one."""
        if self._made is None:
            from core.host.engine import Engine

            self._made = Engine(self.project, self.laboratory, self.gate, lambda event: self._hear(event))
        return self._made

    @property
    def steered(self) -> Steered:
        return self.engine.steered

    def hear(self, hear: Callable[[Heard], None], cut: Callable[[], None]) -> None:
        self._hear, self._cut = hear, cut

    async def attach(self) -> Since | None:
        return None

    def start(self) -> None:
        self.engine.start()

    def give(self, order: Order) -> None:
        try:
            if not self.engine.steer(order):
                self._later = asyncio.create_task(self._give_later(order))
        except LabError as error:
            self._hear(Notice("warning", str(error)))

    async def _give_later(self, order: Order) -> None:
        try:
            await self.engine.obey(order)
        except LabError as error:
            self._hear(Notice("warning", str(error)))
        self.engine.start()

    async def obey(self, order: Order) -> str:
        try:
            return await self.engine.obey(order)
        finally:
            if isinstance(order, GiveUp):
                self.engine.start()

    async def travel(self, order: Travel) -> str:
        try:
            await self.engine.obey(order)
            return await asyncio.to_thread(lambda: self.project.head)
        finally:
            self._cut()

    async def lend(self) -> None:
        await self.engine.stop()
        self._cut()

    async def hold(self, why: str) -> None:
        self.gate.pause(why)
        self.engine.start()

    async def stop(self) -> None:
        await self.engine.stop()

    async def leave(self) -> str:
        return "this engine lives in the app itself and ends with it: {leave} stops it cleanly"
