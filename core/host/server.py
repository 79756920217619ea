"""The engine behind its socket: several apps may watch, one steers, and none of them can hold it up."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import EngineError, LabError, of_the_disk
from core.events import Event, State, StateChanged, Steered, as_json
from core.gate import PersonGate
from core.host.address import place_for
from core.host.engine import Engine, Runs
from core.host.guest import Guest
from core.host.standing import Standing
from core.host.wire import LONGEST_ORDER, PROTOCOL, Bye, Done, Greeting, Hello, Refused, packed, peer, unpacked
from core.orders import GiveUp, Go, Lend, Order, Step, Stop, StopAfter, TakeHelm, Travel, order_from_json
from core.values import NotUnderstood, from_json
from core.workspace.project import Project

MOST_GUESTS = 16
HELLO_SECONDS = 5.0
"""Within which an app must have said who it is."""
BREATH = 0.005
"""Seconds between two orders of one app: a flood of them is slowed, not obeyed faster."""
LOOK_SECONDS = 5.0
"""How often the engine looks whether its socket and its project are still there."""
ARRIVAL_SECONDS = 10.0
"""How long an engine with nothing left to do waits for the app that has started it, and may be slow."""
IDLE_SECONDS = 3600.0
"""How long an engine that nobody watches and that has nothing to do stays."""


class Host:
    """Serves one project until it is stopped, or until it is finished and nobody is attached."""

    def __init__(
        self,
        project: Project,
        laboratory: Runs,
        gate: PersonGate,
        *,
        folders: list[Path] | None = None,
        look_seconds: float = LOOK_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        arrival_seconds: float = ARRIVAL_SECONDS,
    ) -> None:
        """`folders` are where the socket may stand, by default the user's own. Made on the loop that serves it."""
        self.engine = Engine(project, laboratory, gate, self._say)
        self._project = project
        self._folders = folders
        self._standing = Standing()
        self._guests: list[Guest] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._steered: Steered | None = None
        self._one_at_a_time = asyncio.Lock()
        self._hold = ExitStack()
        self._borrower: Guest | None = None
        self._stopping_after_turn = False
        self._end = asyncio.Event()
        self._why = "the engine has ended"
        self._look_seconds, self._idle_seconds, self._arrival_seconds = look_seconds, idle_seconds, arrival_seconds
        self._began = self._idle_since = asyncio.get_running_loop().time()
        self._visited = False

    async def serve(self, ready: Callable[[Path], None]) -> None:
        """Hold the project, run it and serve its socket until the end; raises LabError when that cannot begin."""
        self._hold.enter_context(self._project.lock())
        with self._hold:
            async with self._listening(ready):
                self.engine.start()
                look = asyncio.create_task(self._look())
                await self._end.wait()
                look.cancel()
                async with self._one_at_a_time:  # what is being done to the history is done before it is let go
                    await self.engine.stop()
        for guest in list(self._guests):
            guest.dismiss(Bye("stopped", self._why))
        if self._connections:
            await asyncio.wait(self._connections, timeout=5)

    def end(self, why: str) -> None:
        """End soon; every app is told why."""
        self._why = why
        self._end.set()

    # Listening

    @asynccontextmanager
    async def _listening(self, ready: Callable[[Path], None]) -> AsyncIterator[None]:
        self._path, self._server = await self._listen()
        ready(self._path)
        try:
            yield
        finally:
            # While the project is still held, so that nobody else's socket can stand there.
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _listen(self) -> tuple[Path, asyncio.Server]:
        path = place_for(self._project.path, self._folders)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(os.fspath(path))
            os.chmod(path, 0o600)
        except OSError as error:
            listener.close()
            raise EngineError(f"The engine cannot listen at {path}: {error.strerror}.") from error
        return path, await asyncio.start_unix_server(self._met, sock=listener, limit=LONGEST_ORDER)

    async def _look(self) -> None:
        """Listen anew when the socket was swept away; end with the project's folder, or after long idleness."""
        while True:
            await asyncio.sleep(self._look_seconds)
            if not self._project.git.folder.exists():
                self.end("the project's folder is gone")
            elif not self._path.exists():
                self._server.close()
                with suppress(EngineError, OSError):  # tried again at the next look
                    self._path, self._server = await self._listen()
            if self._standing.state is State.FINISHED and self._alone:
                self.end("the study is finished")
            loop = asyncio.get_running_loop()
            if self._guests or self._standing.in_flight:
                self._idle_since = loop.time()
            elif loop.time() - self._idle_since > self._idle_seconds:
                self.end("nobody watched, and there was nothing to do")

    # Telling

    def _say(self, event: Event) -> None:
        self._standing.take(event)
        if isinstance(event, Steered):
            self._steered = event
        if self._guests:
            self._broadcast(packed(as_json(event)))
        if isinstance(event, StateChanged) and event.state is not State.RUNNING:
            self._rested(event)

    def _rested(self, event: StateChanged) -> None:
        if self._stopping_after_turn and event.state is State.WAITING:
            self.end("the engine was stopped: what waits for your word is asked again when it works again")
        elif self._stopping_after_turn:
            self.end("the engine was stopped after its turn")
        elif event.state is State.FINISHED and self._alone:
            self.end("the study is finished")

    @property
    def _alone(self) -> bool:
        """Whether nobody is attached, or on the way."""
        late = self._visited or asyncio.get_running_loop().time() - self._began > self._arrival_seconds
        return not self._guests and late

    def _broadcast(self, line: bytes) -> None:
        for guest in self._guests:
            if guest.welcomed:
                guest.tell_line(line)

    def _tell_steered(self) -> None:
        """Tell how the run is steered when no laboratory is there to tell it."""
        now = self._current_steered()
        if now != self._steered:
            self._say(now)

    def _current_steered(self) -> Steered:
        engine = self.engine.steered
        known = self._steered.autonomy if self._steered else {}
        return Steered(engine.state, engine.held, {**known, **engine.autonomy}, engine.stops)

    # Apps

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        pid, uid = peer(writer.get_extra_info("socket"))
        guest = Guest(writer, pid)
        writing = asyncio.create_task(guest.write())
        try:
            if uid != os.getuid():
                guest.dismiss(Bye("refused", "this engine belongs to another user"))
            elif len(self._guests) >= MOST_GUESTS:
                guest.dismiss(Bye("refused", f"{MOST_GUESTS} apps are attached already"))
            else:
                await self._attend(guest, reader)
        except NotUnderstood as error:
            guest.dismiss(Bye("refused", error.message))
        except (ValueError, TimeoutError):  # a line beyond the limit, or none at all
            guest.dismiss(Bye("refused", "what was sent is no greeting and no order"))
        except ConnectionError:
            pass
        finally:
            self._left(guest)
            if not guest.leaving:
                writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
            self._connections.discard(task)

    async def _attend(self, guest: Guest, reader: asyncio.StreamReader) -> None:
        told = unpacked(await asyncio.wait_for(reader.readline(), HELLO_SECONDS))
        spoken = told.get("protocol")
        if type(spoken) is int and spoken != PROTOCOL:  # whatever else it says: it may be what only the other knows
            words = f"this engine is of another version of labtop (it speaks {PROTOCOL}, the app {spoken})"
            guest.dismiss(Bye("version", words))
            return
        self._welcome(guest, from_json(Hello, told).steer)
        while (line := await reader.readline()) and not guest.leaving:
            await self._take_order(guest, unpacked(line))
            await asyncio.sleep(BREATH)

    def _welcome(self, guest: Guest, steer: bool) -> None:
        """Greet it, tell it of the turn in flight, let it into the stream: without a pause, so that nothing is lost."""
        guest.wants_helm = steer
        self._guests.append(guest)
        self._visited = True
        guest.steers = steer and not any(other.steers for other in self._guests)
        standing = self._standing
        greeting = Greeting(
            PROTOCOL,
            self._project.name,
            os.getpid(),
            standing.head,
            self._current_steered(),
            guest.steers,
            len(self._guests) - 1,
            standing.turn_seconds,
            standing.program_seconds,
            standing.paid,
            self.engine.runs,
        )
        guest.tell({"greeting": asdict(greeting)})
        for event in standing.events():
            guest.tell(as_json(event))
        guest.welcomed = True
        self._tell_helm(but=guest)

    def _left(self, guest: Guest) -> None:
        if guest not in self._guests:
            return
        self._guests.remove(guest)
        if guest.steers:
            guest.steers = False
            heir = next((other for other in self._guests if other.wants_helm), None)
            if heir:
                heir.steers = True
        if self._borrower is guest:
            self._return_of_lost()
        self._tell_helm()
        if not self._guests and self._standing.state is State.FINISHED:
            self.end("the study is finished")

    def _return_of_lost(self) -> None:
        """Go on, held, where the app that had borrowed the project is gone."""
        try:
            self._took_back()
        except LabError as error:
            self.end(f"the project was lent to an app and is held by another process now: {error}")
        else:
            self.engine.gate.pause("paused: the app that was changing the history is gone")
            self.engine.start()

    def _tell_helm(self, but: Guest | None = None) -> None:
        for guest in self._guests:
            if guest is not but:
                guest.tell({"helm": {"steers": guest.steers, "watchers": len(self._guests) - 1}})

    # Orders

    async def _take_order(self, guest: Guest, told: dict[str, Any]) -> None:
        """Obey an order as far as it is one, and say what came of it; raises NotUnderstood for what is no message."""
        number = told.get("id")
        if type(number) is not int or set(told) != {"id", "order"}:
            raise NotUnderstood("An order needs a number under 'id' and itself under 'order'.")
        async with self._one_at_a_time:
            stood = False
            try:
                order = order_from_json(told["order"])
                self._check_helm(guest, order)
                if self._end.is_set():
                    raise EngineError("The engine is ending.", "Every finished turn is kept.")
                stood = self._took_back() or isinstance(order, GiveUp | Travel)
                words = await self._obey(guest, order)
                travels = isinstance(order, Travel)
                head = await asyncio.to_thread(lambda: self._project.head) if travels else self._standing.head
                guest.tell({"done": asdict(Done(number, words, head, isinstance(order, Travel | Lend)))})
            except LabError as error:
                guest.tell({"refused": asdict(Refused(number, error.title, error.message, error.hint))})
            except OSError as error:
                words = f"That could not be done: {error.strerror or error}."
                said = of_the_disk(error) or EngineError(words, "All finished turns are kept.")
                guest.tell({"refused": asdict(Refused(number, said.title, said.message, said.hint))})
            finally:
                if stood and self._borrower is None:
                    self.engine.start()  # last: whoever ordered finds what it says next behind the answer

    def _check_helm(self, guest: Guest, order: Order) -> None:
        if not guest.steers and not isinstance(order, TakeHelm):
            raise EngineError("Another app steers this project; this one watches.", "Take the helm first.")

    async def _obey(self, guest: Guest, order: Order) -> str:
        match order:
            case TakeHelm():
                return self._hand_over(guest)
            case Stop(after_turn):
                return self._stop(after_turn)
            case Lend():
                await self.engine.stop()
                self._hold.close()
                self._borrower = guest
                return "the project is yours to change until the next order"
            case _:
                words = await self.engine.obey(order)
                if isinstance(order, Go | Step | StopAfter):
                    self._stopping_after_turn = False
                self._tell_steered()
                return words

    def _hand_over(self, guest: Guest) -> str:
        if guest.steers:
            return "this app steers already"
        for other in self._guests:
            other.steers = other is guest
        guest.wants_helm = True
        self._tell_helm()
        return "this app steers now"

    def _stop(self, after_turn: bool) -> str:
        if after_turn and self.engine.gate.state is State.WAITING:
            raise EngineError(
                "A turn waits for your answer, so it cannot be finished.", "Answer it, or stop at once (--now)."
            )
        if after_turn and self._standing.in_flight:
            self._stopping_after_turn = True
            self.engine.gate.pause("stopping after this turn")
            return "stopping after this turn"
        self.end("the engine was stopped by an app")
        return "stopped"

    def _took_back(self) -> bool:
        """Take the project back if it is lent, and say whether it was; raises ProjectLocked when another has it."""
        if self._borrower is None:
            return False
        self._hold.enter_context(self._project.lock())
        self._borrower = None
        return True
