"""A laboratory that obeys orders: runs, holds, is stopped and sent through the history, one order at a time."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Protocol

from core.errors import EngineError, LabError, of_the_disk
from core.events import Event, Notice, State, StateChanged, Steered
from core.gate import PersonGate
from core.handwork import commit_hand_edits
from core.orders import (
    Answer,
    Ask,
    Autonomy,
    GiveUp,
    Go,
    Interrupt,
    Order,
    Pause,
    Step,
    StopAfter,
    StopAt,
    Travel,
    Way,
)
from core.threads import to_the_end
from core.workspace.project import Project

MADE_ANEW = "paused by you, in the middle of a turn: it is made anew"


class Runs(Protocol):
    """What the engine needs of a laboratory."""

    def run(self) -> AsyncIterator[Event]:
        """The events of the work, until it ends."""
        ...


class Engine:
    """Runs a laboratory behind a person's gate, and says its events through `say`. Lives on one loop."""

    def __init__(self, project: Project, laboratory: Runs, gate: PersonGate, say: Callable[[Event], None]) -> None:
        self.project = project
        self.gate = gate
        self._laboratory = laboratory
        self._say = say
        self._task: asyncio.Task[None] | None = None

    @property
    def runs(self) -> bool:
        """Whether the laboratory is at work or held; False once it has ended, or before it began."""
        return self._task is not None and not self._task.done()

    @property
    def steered(self) -> Steered:
        """The person's hand on the run."""
        return Steered(self.gate.state, self.gate.held, dict(self.gate.autonomy), self.gate.stops)

    def start(self) -> None:
        """Let the laboratory work, as far as the gate allows."""
        if not self.runs:
            self._task = asyncio.create_task(self._listen(), name="engine")

    async def ended(self) -> None:
        """Return once the laboratory has ended by itself or was stopped."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def stop(self) -> None:
        """Stop at once; at most the turn in flight is lost."""
        task, self._task = self._task, None
        if task is not None and not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def steer(self, order: Order) -> bool:
        """Obey an order that takes no time; False for one that does. Raises LabError for one that makes no sense."""
        match order:
            case Go():
                self.gate.go()
                self.start()
            case Pause(reason):
                self.gate.pause(reason)
            case Step():
                self.gate.step()
                self.start()
            case StopAfter(phase):
                self.gate.stop_after(phase)
                self.start()
            case StopAt(money, clock):
                self.gate.stop_at(money, clock)
            case Answer(verdict, key):
                if not self.gate.answer(verdict, key):
                    raise EngineError("That waits no longer: nothing was done with your answer.")
            case Autonomy(phase, mode):
                self.gate.set_autonomy(phase, mode)
            case Interrupt():
                self.gate.interrupt()
            case Ask(text, key):
                if not self.gate.ask(text, key):
                    raise EngineError("No reply waits that you could ask about.", "A note (i) reaches the agents.")
            case _:
                return False
        return True

    async def obey(self, order: Order) -> str:
        """Obey any order but `Stop`, `Lend` and `TakeHelm`; returns what happened in words. Raises LabError.

        After `Travel` and `GiveUp` the laboratory stands still until `start`: whoever ordered hears of it first.
        """
        if self.steer(order):
            return ""
        await self.stop()
        match order:
            case GiveUp():
                self.gate.pause(MADE_ANEW)
                return MADE_ANEW
            case Travel():
                return await self._travel(order)
            case _:
                raise EngineError(f"{type(order).__name__} is no order to an engine.")

    async def _travel(self, order: Travel) -> str:
        why = "paused: the history was not changed"
        try:
            words = await to_the_end(travelled, self.project, order)
            why = order.reason or words
            return words
        finally:
            self.gate.pause(why)

    async def _listen(self) -> None:
        try:
            async for event in self._laboratory.run():
                self._say(event)
        except LabError as error:
            self._tell_error(error)
        except Exception as error:  # noqa: BLE001  a defect must be seen, and whoever watches must live to see it
            if told := of_the_disk(error):
                self._tell_error(told)
            else:
                self._tell_defect(error)

    def _tell_error(self, error: LabError) -> None:
        self._say(Notice("error", f"{error.title}: {error}"))
        self._say(StateChanged(State.STOPPED, str(error)))

    def _tell_defect(self, error: Exception) -> None:
        words, told = f"a defect in labtop: {type(error).__name__}: {error}", "".join(traceback.format_exception(error))
        try:
            file = self.project.private("defect.txt")
            file.write_text(told, encoding="utf-8", errors="replace")
            where = f"What to report: {file}"
        except OSError as problem:  # the disk may be what is wrong
            where = f"What to report cannot be written down: {problem.strerror}"
        self._say(Notice("error", f"{words}. All turns are kept. {where}"))
        self._say(StateChanged(State.STOPPED, words))


def travelled(project: Project, order: Travel) -> str:
    """Do to the history what was ordered, while no turn is made; returns it in words. Raises LabError."""
    from core import history

    match order.kind:
        case Way.ROLLBACK:
            return history.rollback(project, order.rev)
        case Way.UNDO:
            return history.undo(project)
        case Way.REDO:
            return history.redo(project)
        case Way.BRANCH:
            return history.branch(project, order.name, order.rev or "HEAD")
        case Way.SWITCH:
            with project.lock():
                project.recover()
                commit_hand_edits(project)
                project.switch(order.name)
                return f"On branch {order.name} at {project.head[:8]}."
