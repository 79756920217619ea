"""The long way from the app to an engine: a process of its own, behind a socket, that outlives the app."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.errors import EngineError, LabError
from core.events import Event, Notice, State, StateChanged, Steered
from core.orders import Go, Lend, Order, Pause, Step, Stop, StopAfter, TakeHelm, Travel
from tui.links import Anew, Heard, Since

if TYPE_CHECKING:
    from core.host.client import Line
    from core.host.wire import Bye, Done, Greeting, Helm
    from core.workspace.project import Project

WATCHES = "another app steers this project, this one watches"
STOP_SECONDS = 20.0
"""How long an engine may take to end in order."""


class Wire:
    """An engine in a process of its own; it is started when one is wanted and none is there."""

    def __init__(self, project: Project, *, running: bool = False, pace: float = 0.0) -> None:
        """`running` and `pace` are for an engine that has to be started."""
        self.project = project
        self._running = running
        self._pace = pace
        self._line: Line | None = None
        self._met = False
        """Whether an engine was heard before."""
        self._ending = False
        self._steered = self._told = Steered(State.PAUSED, "", {}, ())
        """As it is shown, and as it was heard last."""
        self._helm = True
        self._others = 0
        self._hear: Callable[[Heard], None] = lambda event: None
        self._cut: Callable[[], None] = lambda: None
        self._orders: asyncio.Queue[Order | None] = asyncio.Queue()
        self._giving: asyncio.Task[None] | None = None
        self._reaching = asyncio.Lock()

    @property
    def steered(self) -> Steered:
        return self._steered

    @property
    def steers(self) -> bool:
        return self._helm

    @property
    def others(self) -> int:
        return self._others

    def hear(self, hear: Callable[[Heard], None], cut: Callable[[], None]) -> None:
        self._hear, self._cut = hear, cut

    async def attach(self) -> Since | None:
        from core.host.client import reach_project

        line = await reach_project(self.project.path)
        if line is None:
            return None
        self._take(line)
        return _since(line.greeting)

    def start(self) -> None:
        self._put(None)

    def give(self, order: Order) -> None:
        if not self._helm and not isinstance(order, TakeHelm):
            self._hear(Notice("warning", WATCHES))
        else:
            self._expect(order)
            self._put(order)

    async def obey(self, order: Order) -> str:
        line = await self._reached()
        return (await line.order(order)).words

    async def travel(self, order: Travel) -> str:
        line = await self._reached()
        return (await line.order(order)).head

    async def lend(self) -> None:
        await self.obey(Lend())

    async def hold(self, why: str) -> None:
        await self.obey(Pause(why))

    async def stop(self) -> None:
        self._ending = True
        await self._still()
        line, self._line = self._line, None
        if line is None:
            return
        if self._helm:
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await line.order(Stop())
                    await line.gone()
            except (EngineError, TimeoutError):
                pass  # it has ended already, or it does not hear: the line is closed all the same
        await line.close()

    async def leave(self) -> str:
        self._ending = True
        await self._still()
        line, self._line = self._line, None
        if line is None:
            return "no engine is at work that could be left: {leave} ends the app"
        await line.close()
        return ""

    # Orders one after the other

    def _put(self, order: Order | None) -> None:
        self._ending = False
        self._orders.put_nowait(order)
        if self._giving is None or self._giving.done():
            self._giving = asyncio.create_task(self._give_all(), name="orders")

    async def _give_all(self) -> None:
        while not self._orders.empty():
            order = self._orders.get_nowait()
            try:
                line = await self._reached()
                if order is not None:
                    await line.order(order)
            except (LabError, OSError) as error:
                self._steered = self._told
                self._hear(Notice("warning", str(error)))
                if self._line is None:
                    self._hear(StateChanged(State.STOPPED, str(error)))

    async def _still(self) -> None:
        """No order is under way any more."""
        if self._giving is not None and not self._giving.done():
            await asyncio.wait({self._giving}, timeout=10)

    def _expect(self, order: Order) -> None:
        """What the gate will say, so that the screen need not wait for it."""
        match order:
            case Pause(reason):
                self._steered = Steered(State.PAUSED, reason, self._steered.autonomy, self._steered.stops)
            case Go() | Step() | StopAfter():
                self._steered = Steered(State.RUNNING, "", self._steered.autonomy, self._steered.stops)
            case _:
                pass

    # The connection

    async def _reached(self) -> Line:
        """The line to the engine, which is started where there is none; raises LabError."""
        async with self._reaching:
            if self._line is not None:
                return self._line
            from core.host.client import reach_project

            line = await reach_project(self.project.path)
            if line is None:
                await self._start_process()
                line = await reach_project(self.project.path)
            if line is None:
                raise EngineError("The engine was started and cannot be reached.", "Look with `labtop status`.")
            self._take(line)
            return line

    async def _start_process(self) -> None:
        from core.host.process import start

        try:
            await asyncio.to_thread(start, self.project, running=self._running, pace=self._pace)
        except LabError:
            from core.host.address import found

            if not found(self.project.path):
                raise  # else another app was quicker
        self._running = False

    def _take(self, line: Line) -> None:
        self._line, self._helm, self._others = line, line.greeting.steers, line.greeting.watchers
        self._steered = self._told = line.greeting.steered
        if self._met:
            self._hear(Anew(_since(line.greeting)))
        self._met = True
        if not self._helm:
            self._hear(Notice("info", WATCHES))
        line.listen(self._heard, self._left, self._answered)

    def _heard(self, event: Event | Helm) -> None:
        from core.host.wire import Helm

        if isinstance(event, Helm):
            self._others = event.watchers
            if event.steers != self._helm:
                self._helm = event.steers
                self._hear(Notice("info", "this app steers now" if event.steers else WATCHES))
            return
        if isinstance(event, Steered):
            self._steered = self._told = event
        self._hear(event)

    def _answered(self, done: Done) -> None:
        if done.cuts:
            self._cut()

    def _left(self, bye: Bye) -> None:
        pid = self._line.greeting.pid if self._line else 0
        self._line, self._helm, self._others = None, True, 0
        self._steered = self._told = Steered(State.PAUSED, "", self._told.autonomy, ())
        match bye.why:
            case _ if self._ending:
                return
            case "lag":
                self._hear(Notice("info", "the line was too slow to follow the engine; all is read anew"))
                self.start()
            case "died":
                words = f"the engine (process {pid}) ended unexpectedly; every finished turn is kept"
                self._hear(Notice("error", f"{words}. If it said why: {self.project.path}/.git/labtop/engine.log"))
                self._hear(StateChanged(State.STOPPED, words))
            case _:
                self._hear(StateChanged(State.STOPPED, bye.words))


def _since(told: Greeting) -> Since:
    return Since(told.head, told.turn_seconds, told.program_seconds, told.paid)
