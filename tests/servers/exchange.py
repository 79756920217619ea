"""One request to the chat server and the means to answer it, and a completion as it goes over the wire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.servers.chat import ChatServer

PIECE = 24
"""Characters in one delta of a stream."""


CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came; `at` is in seconds of the monotonic clock, `body` the JSON (empty when there is none)."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    at: float

    @property
    def prompt(self) -> str:
        """The text of all messages, in order."""
        return "\n".join(text_of(message) for message in self.body.get("messages", []))


@dataclass(frozen=True, slots=True)
class Said:
    """One completion as it goes out; a fault changes it.

    `begun` characters of the text were said in an earlier reply that was cut. `most` characters may be said now. After
    `cut_after` deltas the connection is dropped; after `stall_after` nothing more comes, but it stays open. The first
    delta is the role; a shorter reply breaks off before its finish.
    """

    text: str
    finish: str | None = "stop"
    thoughts: str = ""
    refusal: str = ""
    usage: bool = True
    cached: int = 0
    begun: int = 0
    most: int | None = None
    piece: int = PIECE
    framing: str = "chunked"
    cut_after: int | None = None
    stall_after: int | None = None
    done: bool = True

    @property
    def now(self) -> str:
        """What this reply says."""
        end = None if self.most is None else self.begun + self.most
        return self.text[self.begun : end]

    @property
    def reason(self) -> str | None:
        """The finish reason: `length` when there was more to say."""
        return "length" if self.begun + len(self.now) < len(self.text) else self.finish


class Exchange:
    """One request and the means to answer it, in any way whatever."""

    def __init__(self, server: ChatServer, received: Received, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.received = received
        self.writer = writer
        self.framing = "chunked"

    async def whole(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Answer with headers and body in one write."""
        told = {"Content-Type": "application/json", "Content-Length": str(len(body))} | dict(headers or {})
        await self.raw(self.head(status, told) + body)

    async def json(self, status: int, value: object, headers: Mapping[str, str] | None = None) -> None:
        """Answer with a JSON value."""
        await self.whole(status, json.dumps(value).encode(), headers)

    async def begin(self, framing: str = "chunked", headers: Mapping[str, str] | None = None) -> None:
        """Begin a stream of events: `chunked`, or `close` for one that ends with the connection."""
        self.framing = framing
        kind = {"Transfer-Encoding": "chunked"} if framing == "chunked" else {"Connection": "close"}
        await self.raw(self.head(200, {"Content-Type": "text/event-stream"} | kind | dict(headers or {})))

    async def event(self, value: object) -> None:
        """Send one event of the stream: a JSON value, or text as it is."""
        await self.bytes(f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode())

    async def bytes(self, data: bytes) -> None:
        """Send raw bytes of the stream in its framing."""
        await self.raw(b"%x\r\n%s\r\n" % (len(data), data) if self.framing == "chunked" else data)

    async def end(self) -> None:
        """End the stream."""
        if self.framing == "chunked":
            await self.raw(b"0\r\n\r\n")
        else:
            self.drop()

    async def raw(self, data: bytes) -> None:
        """Write bytes to the connection as they are."""
        self.writer.write(data)
        await self.writer.drain()

    def drop(self) -> None:
        """Close the connection, at once and without a word."""
        self.writer.close()

    @staticmethod
    def head(status: int, headers: Mapping[str, str]) -> bytes:
        """Give the status line and headers."""
        return (f"HTTP/1.1 {status} .\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n").encode()


async def complete(exchange: Exchange, said: Said) -> None:
    """Send a completion, streaming when that is asked for."""
    await asyncio.sleep(exchange.server.delay)
    if exchange.received.body.get("stream"):
        await stream(exchange, said)
        return
    message = {"role": "assistant", "content": said.now, "refusal": said.refusal or None}
    choice = {"index": 0, "message": message, "finish_reason": said.reason}
    usage = {"usage": usage_of(exchange, said)} if said.usage else {}
    await exchange.json(200, about(exchange, "chat.completion") | {"choices": [choice]} | usage)


async def stream(exchange: Exchange, said: Said) -> None:
    """Send a completion as a stream of events."""
    await exchange.begin(said.framing)
    all_deltas = deltas(said)
    breaks = [after for after in (said.cut_after, said.stall_after) if after is not None]
    for delta in all_deltas[: min(breaks, default=len(all_deltas))]:
        await exchange.event(chunk(exchange, delta))
        if exchange.server.pace:
            await asyncio.sleep(exchange.server.pace)
    if said.stall_after is not None:
        await asyncio.Event().wait()
    if said.cut_after is not None:
        exchange.drop()
        return
    if said.reason:
        await exchange.event(chunk(exchange, {}, said.reason))
    if said.usage and (exchange.received.body.get("stream_options") or {}).get("include_usage"):
        await exchange.event(about(exchange) | {"choices": [], "usage": usage_of(exchange, said)})
    if said.done:
        await exchange.event("[DONE]")
    await exchange.end()


def deltas(said: Said) -> list[dict[str, Any]]:
    """Give the deltas of a streamed reply: the role, then thoughts, then text, in small pieces."""
    found: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    for key, text in (("reasoning_content", said.thoughts), ("refusal", said.refusal), ("content", said.now)):
        found += [{key: text[start : start + said.piece]} for start in range(0, len(text), said.piece)]
    return found


def about(exchange: Exchange, kind: str = "chat.completion.chunk") -> dict[str, Any]:
    """Give what every completion and chunk tells of itself."""
    model = exchange.received.body.get("model", "")
    return {"id": f"chatcmpl-{len(exchange.server.requests)}", "object": kind, "created": 0, "model": model}


def chunk(exchange: Exchange, delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
    """Give one chunk of a stream."""
    return about(exchange) | {"choices": [{"index": 0, "delta": dict(delta), "finish_reason": finish}]}


def usage_of(exchange: Exchange, said: Said) -> dict[str, Any]:
    """Count a completion's tokens."""
    prompt, thoughts = tokens_of(exchange.received.prompt), tokens_of(said.thoughts) if said.thoughts else 0
    completion = tokens_of(said.now) + thoughts
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    usage |= {"prompt_tokens_details": {"cached_tokens": said.cached}} if said.cached else {}
    return usage | ({"completion_tokens_details": {"reasoning_tokens": thoughts}} if thoughts else {})


def error(message: str, code: str, param: str | None = None) -> dict[str, Any]:
    """Give an error as OpenAI spells it."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def tokens_of(text: str) -> int:
    """Count tokens, roughly."""
    return len(text) // CHARACTERS_A_TOKEN + 1


def text_of(message: Mapping[str, Any]) -> str:
    """Give a message's text, also when it is in parts."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def shared_prefix(one: str, other: str) -> int:
    """Count the characters that two texts have in common at their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low
