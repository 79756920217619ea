"""A small real chat server: OpenAI's chat completions over HTTP/1.1 on 127.0.0.1, which misbehaves when ordered to.

    async with ChatServer(lambda request: "Hello.") as server:     # or a plain with, or start() … stop()
        server.faults.append(faults.rate_limited("2"))            # the next completion is refused, the one after works
        …                                                         # server.url ends in /v1; server.completions are kept

`answer` makes the whole reply from the request's JSON. It lives in a thread of its own, so a test may block. Faults are
taken in order, one a completion; one with a `when` waits for the first request that it fits. What can go wrong is in
tests/servers/faults.py. By hand: `python -m tests.servers.chat` serves the scripted research project.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

from tests.servers.exchange import (
    CHARACTERS_A_TOKEN,
    PIECE,
    Exchange,
    Received,
    Said,
    complete,
    error,
    shared_prefix,
    text_of,
    tokens_of,
)

LARGEST_BODY = 64 * 2**20

Answer = Callable[[dict[str, Any]], str]
"""Makes the reply from the request's JSON."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong with one completion: for the first request that `when` fits."""

    name: str
    act: Callable[[Exchange, Said], Awaitable[None]]
    when: Callable[[Received], bool] = field(default=lambda received: True)

    def on(self, when: Callable[[Received], bool]) -> Fault:
        """Give the same fault for requests that `when` fits."""
        return replace(self, when=when)


class ChatServer:
    """An OpenAI-compatible server with one model; see the module's text for how it is used.

    `window` is the context in tokens (a prompt beyond it is refused as OpenAI does) and is told under /v1/models,
    as is `owner` (`llamacpp`, `vllm`, …: the kind of server);
    `key` is the only one that is let in; `rejects` are parameters, or words of a schema, that get a 400;
    `usage=False` never tells usage;
    `delay` is the seconds before a reply's first byte, `pace` those between deltas; `caches` tells cached tokens.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        model: str = "scripted",
        owner: str = "tests",
        window: int | None = None,
        tells: bool = True,
        key: str | None = None,
        rejects: tuple[str, ...] = (),
        usage: bool = True,
        delay: float = 0.0,
        pace: float = 0.0,
        caches: bool = False,
        piece: int = PIECE,
        port: int = 0,
    ) -> None:
        self.answer = answer
        self.model = model
        self.owner = owner
        self.window = window
        self.tells = tells
        self.key = key
        self.rejects = rejects
        self.usage = usage
        self.delay = delay
        self.pace = pace
        self.caches = caches
        self.piece = piece
        self.port = port
        self.faults: list[Fault] = []
        self.requests: list[Received] = []
        self.problems: list[str] = []
        """What went wrong inside the server itself, such as an exception of `answer`: a test may look."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chat server", daemon=True)
        self._listener: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The base URL, as a client is given it."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def completions(self) -> list[Received]:
        """The requests for a completion, in order."""
        return [one for one in self.requests if one.path.endswith("/chat/completions")]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    def start(self) -> Self:
        """Listen; returns itself."""
        self._thread.start()
        self._soon(self._listen())
        return self

    def stop(self) -> None:
        """Stop listening, drop every connection and end the thread."""
        self._soon(self.hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def go_down(self) -> None:
        """Refuse connections until `come_back`."""
        self._soon(self.hang_up())

    def come_back(self) -> None:
        """Listen again on the same port."""
        self._soon(self._listen())

    async def hang_up(self, but: asyncio.Task[None] | None = None) -> None:
        """Close the listener and all connections but one, on the server's own loop."""
        if self._listener:
            self._listener.close()
            self._listener = None
        others = [task for task in self._open if task is not but]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def back_in(self, seconds: float) -> None:
        """Listen again after some seconds; called on the server's own loop."""
        self._loop.call_later(seconds, lambda: self._loop.create_task(self._listen()))

    def _soon(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._connected, "127.0.0.1", self.port, limit=2**20)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while received := await read_request(reader):
                self.requests.append(received)
                await self._respond(Exchange(self, received, writer))
                if writer.is_closing():
                    return
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the server was told to hang up
        except Exception as error:  # noqa: BLE001 - a fault of the test's own answer, told instead of lost
            self.problems.append(f"{type(error).__name__}: {error}")
        finally:
            self._open.discard(task)
            writer.close()

    async def _respond(self, exchange: Exchange) -> None:
        received = exchange.received
        if self.key and received.headers.get("authorization") != f"Bearer {self.key}":
            await exchange.json(401, error("Incorrect API key provided.", "invalid_api_key"))
        elif received.method == "GET" and received.path == "/v1/models":
            meta = {"max_model_len": self.window, "meta": {"n_ctx": self.window}} if self.window and self.tells else {}
            listed = {"id": self.model, "object": "model", "owned_by": self.owner}
            await exchange.json(200, {"object": "list", "data": [listed | meta]})
        elif received.method != "POST" or received.path != "/v1/chat/completions":
            await exchange.json(404, error(f"There is no {received.path}.", "not_found"))
        elif problem := self._problem(received):
            await exchange.json(400, problem)
        else:
            await self._complete(exchange)

    async def _complete(self, exchange: Exchange) -> None:
        said = self._said(exchange.received)
        fault = next((one for one in self.faults if one.when(exchange.received)), None)
        if fault:
            self.faults.remove(fault)
            await fault.act(exchange, said)
        else:
            await complete(exchange, said)

    def _problem(self, received: Received) -> dict[str, Any] | None:
        """Find what the server cannot do about a request."""
        for name in self.rejects:
            if name in received.body:
                return error(f"Unsupported parameter: '{name}'.", "unsupported_parameter", name)
            if f'"{name}"' in json.dumps(received.body.get("response_format", {})):
                text = f"Invalid schema for response_format 'answer': '{name}' is not permitted."
                return error(text, "invalid_request_error", "response_format")
        asked = tokens_of(received.prompt)
        if self.window and asked + int(received.body.get("max_tokens") or 0) > self.window:
            text = f"This model's maximum context length is {self.window} tokens. However, your messages resulted in"
            return error(f"{text} {asked} tokens. Please reduce the length.", "context_length_exceeded", "messages")
        return None

    def _said(self, received: Received) -> Said:
        text = self.answer(received.body)
        spoken = [text_of(one) for one in received.body["messages"] if one["role"] == "assistant"]
        begun = len(spoken[-1]) if spoken and spoken[-1] and text.startswith(spoken[-1]) else 0
        limit = received.body.get("max_completion_tokens") or received.body.get("max_tokens")
        most = None if limit is None else int(limit) * CHARACTERS_A_TOKEN
        earlier = [one.prompt for one in self.completions if one is not received] if self.caches else []
        shared = max((shared_prefix(received.prompt, one) for one in earlier), default=0)
        cached = shared // CHARACTERS_A_TOKEN
        return Said(text, begun=begun, most=most, usage=self.usage, cached=cached, piece=self.piece)


async def read_request(reader: asyncio.StreamReader) -> Received | None:
    """Read one request; None when the client has closed the connection."""
    line = await reader.readline()
    if not line:
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    size = int(headers.get("content-length", 0))
    body = await reader.readexactly(min(size, LARGEST_BODY))
    return Received(method, path, headers, json.loads(body) if body else {}, time.monotonic())


def main() -> None:
    """Serve the scripted project until the standard input closes; the URL is the first line that is printed."""
    from tests.servers import script

    server = ChatServer(script.answer, port=int(sys.argv[1]) if len(sys.argv) > 1 else 0).start()
    print(server.url, flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
