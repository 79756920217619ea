"""The app's end of an engine's socket: hears events in their order, gives orders and gets their answers."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from core.errors import EngineError
from core.events import Event, event_from_json
from core.host.address import found
from core.host.wire import (
    LONGEST_EVENT,
    LONGEST_ORDER,
    PROTOCOL,
    Bye,
    Done,
    Greeting,
    Hello,
    Helm,
    Refused,
    packed,
    peer,
    unpacked,
)
from core.orders import Order, order_json
from core.values import NotUnderstood, from_json

GREETING_SECONDS = 10.0
DIED = Bye("died", "the engine ended unexpectedly")


class OtherVersion(EngineError):
    """The engine is of a version of labtop that this one cannot talk to; `pid` is its process."""

    def __init__(self, message: str, pid: int) -> None:
        super().__init__(message, "End it with `labtop stop`, then open the project again: every turn is kept.")
        self.pid = pid


class Line:
    """A connection to an engine; `hear` gets its events and who steers, `left` (once) why it ended."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, greeting: Greeting) -> None:
        self.greeting = greeting
        self._reader = reader
        self._writer = writer
        self._number = 0
        self._answers: dict[int, asyncio.Future[Done]] = {}
        self._listening: asyncio.Task[None] | None = None
        self._bye: Bye | None = None
        self._answered: Callable[[Done], None] = lambda done: None

    @classmethod
    async def reach(cls, path: Path, steer: bool = True) -> Self:
        """Attach to the engine at `path`; raises EngineError, OtherVersion, or OSError when nobody listens there."""
        connection = await asyncio.to_thread(_connected, path)
        reader, writer = await asyncio.open_unix_connection(sock=connection, limit=LONGEST_EVENT)
        try:
            pid, uid = peer(writer.get_extra_info("socket"))
            if uid != os.getuid():
                raise EngineError(f"What listens at {path} belongs to another user.", "Remove it if it is not yours.")
            writer.write(packed(asdict(Hello(PROTOCOL, steer))))
            return cls(reader, writer, _greeting(await _first(reader), pid))
        except BaseException:
            writer.close()
            raise

    def listen(
        self, hear: Callable[[Event | Helm], None], left: Callable[[Bye], None], answered: Callable[[Done], None]
    ) -> None:
        """Hear what follows the greeting. `answered` is told of an answer in its place between the events."""
        self._answered = answered
        self._listening = asyncio.create_task(self._listen(hear, left), name="engine's line")

    async def order(self, order: Order) -> Done:
        """Give an order and wait until it was obeyed; raises EngineError with the engine's words when it was not."""
        if self._bye is not None or self._listening is None:
            raise EngineError("The engine is not there any more.", "Every finished turn is kept; run on to start anew.")
        self._number += 1
        number = self._number
        line = packed({"id": number, "order": order_json(order)})
        if len(line) > LONGEST_ORDER:
            raise EngineError(f"That is too long: {len(line):,} bytes.", f"{LONGEST_ORDER:,} can be sent at once.")
        answer: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        self._writer.write(line)
        try:
            return await answer
        finally:
            self._answers.pop(number, None)

    async def gone(self) -> None:
        """Return once the engine has let go of this line."""
        if self._listening is not None:
            await asyncio.wait({self._listening})

    async def close(self) -> None:
        """Leave; the engine goes on."""
        self._bye = self._bye or Bye("left")
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
        self._writer.close()
        self._unanswered("this app has left the engine")

    def _unanswered(self, why: str) -> None:
        """Nobody waits for an answer that will not come."""
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(EngineError(_sentence(why)))

    async def _listen(self, hear: Callable[[Event | Helm], None], left: Callable[[Bye], None]) -> None:
        bye = DIED
        try:
            while (line := await self._reader.readline()).endswith(b"\n"):
                told = unpacked(line)
                if "bye" in told:
                    bye = Bye(str(told["bye"]), str(told.get("words", "")))
                    break
                self._take(told, hear)
        except (ConnectionError, ValueError):
            pass
        except NotUnderstood as error:
            bye = Bye("version", f"the engine says what this version of labtop does not know: {error.message}")
        self._bye = bye
        self._writer.close()
        self._unanswered(bye.words or "the engine has ended")
        left(bye)

    def _take(self, told: dict[str, Any], hear: Callable[[Event | Helm], None]) -> None:
        match told:
            case {"event": _}:
                hear(event_from_json(told))
            case {"helm": helm}:
                hear(from_json(Helm, helm))
            case {"done": done}:
                answer = from_json(Done, done)
                self._answered(answer)
                if (waiting := self._answers.get(answer.answer)) and not waiting.done():
                    waiting.set_result(answer)
            case {"refused": refused}:
                no = from_json(Refused, refused)
                if (waiting := self._answers.get(no.answer)) and not waiting.done():
                    error = EngineError(no.message, no.hint)
                    error.title = no.title
                    waiting.set_exception(error)
            case _:
                raise NotUnderstood("a message without a kind")


async def reach_project(project: Path, steer: bool = True, folders: list[Path] | None = None) -> Line | None:
    """Attach to the engine of a project; None when none is there. Raises EngineError and OtherVersion."""
    for path in await asyncio.to_thread(found, project, folders):
        try:
            return await Line.reach(path, steer)
        except OSError:
            continue  # the socket of an engine that was killed; the next one clears it away
    return None


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(GREETING_SECONDS)
        connection.connect(os.fspath(path))
        connection.setblocking(False)
    except OSError:
        connection.close()
        raise
    return connection


async def _first(reader: asyncio.StreamReader) -> dict[str, Any]:
    try:
        line = await asyncio.wait_for(reader.readline(), GREETING_SECONDS)
    except (TimeoutError, ValueError) as error:
        raise EngineError(
            "The engine does not answer.", "Look with `labtop status`; `labtop stop --now` ends it."
        ) from error
    if not line:
        raise EngineError("The engine ended while the app was greeting it.", "Try again.")
    return unpacked(line)


def _greeting(told: dict[str, Any], pid: int) -> Greeting:
    match told:
        case {"bye": "version", "words": words}:
            raise OtherVersion(_sentence(words), pid)
        case {"bye": _, "words": words}:
            raise EngineError(_sentence(words))
        case {"greeting": greeting}:
            try:
                return from_json(Greeting, greeting)
            except NotUnderstood as error:
                raise OtherVersion(f"The engine greets in words of another version: {error.message}", pid) from error
        case _:
            raise OtherVersion("The engine greets in words of another version.", pid)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
