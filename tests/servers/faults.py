"""What can go wrong with a completion, each as a fault to order from tests/servers/chat.py."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.servers.chat import Fault
from tests.servers.exchange import Exchange, Said, complete, error


def says(name: str, **changes: Any) -> Fault:
    """Give the usual completion with some of it changed; the names are those of `Said`."""

    async def act(exchange: Exchange, said: Said) -> None:
        await complete(exchange, replace(said, **changes))

    return Fault(name, act)


def answers(status: int, body: object, headers: Mapping[str, str] | None = None, name: str = "") -> Fault:
    """Give another answer than a completion: JSON, or bytes as they are."""

    async def act(exchange: Exchange, said: Said) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        await exchange.whole(status, data, headers)

    return Fault(name or f"HTTP {status}", act)


def rate_limited(retry_after: str | None = None) -> Fault:
    """Say 429; `retry_after` is the header's text: seconds, a date, or nonsense."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    body = error("Rate limit reached for requests.", "rate_limit_exceeded")
    return answers(429, body, headers, f"429, Retry-After {retry_after}")


def out_of_money() -> Fault:
    """Say 429 for an account without money: waiting does not help."""
    return answers(429, error("You exceeded your current quota.", "insufficient_quota"), name="no quota")


def broken(status: int = 500) -> Fault:
    """Say 500, 502 or 503."""
    return answers(status, error("The server had an error.", "server_error"))


def loading() -> Fault:
    """Say 503 as llama.cpp does while it loads its model."""
    return answers(
        503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, name="loading"
    )


def unauthorised(key: str = "") -> Fault:
    """Say 401 and echo the key, as careless servers do."""
    return answers(401, error(f"Incorrect API key provided: {key}.", "invalid_api_key"))


def no_such_model() -> Fault:
    """Say 404 for the model."""
    return answers(404, error("The model `scripted` does not exist.", "model_not_found"))


def unsupported(parameter: str) -> Fault:
    """Say 400 for a parameter, once."""
    message = f"Unsupported parameter: '{parameter}' is not supported with this model."
    return answers(400, error(message, "unsupported_parameter", parameter), name=f"no {parameter}")


def web_page() -> Fault:
    """Answer 200 with a page of HTML, as a proxy's login does."""
    return answers(200, b"<!doctype html><title>Log in</title>", {"Content-Type": "text/html"}, "web page")


def too_long(spelling: str = "openai", window: int = 4096) -> Fault:
    """Refuse a prompt as too long, as `openai`, `llama.cpp`, `old llama.cpp`, `vllm` or `gemini` do."""
    limit = f"This model's maximum context length is {window} tokens. However, "
    openai = error(f"{limit}your messages resulted in 9213 tokens.", "context_length_exceeded", "messages")
    available = "exceeds the available context size"
    llama = {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 9213, "n_ctx": window}
    llama |= {"message": f"request (9213 tokens) {available} ({window} tokens), try increasing it"}
    old_llama = {
        "code": 500,
        "message": f"the request {available}. try increasing the context size",
        "type": "server_error",
    }
    vllm = {"object": "error", "type": "BadRequestError", "param": None, "code": 400}
    vllm |= {"message": f"{limit}you requested 9213 tokens (8189 in the messages, 1024 in the completion)."}
    gemini = f"The input token count (9213) exceeds the maximum number of tokens allowed ({window})."
    status, body = {
        "openai": (400, openai),
        "llama.cpp": (400, {"error": llama}),
        "old llama.cpp": (500, {"error": old_llama}),
        "vllm": (400, vllm),
        "gemini": (400, [{"error": {"code": 400, "message": gemini, "status": "INVALID_ARGUMENT"}}]),
    }[spelling]
    return answers(status, body, name=f"too long, {spelling}")


def refused(seconds: float) -> Fault:
    """Drop the connection and refuse new ones for a time."""

    async def act(exchange: Exchange, said: Said) -> None:
        await exchange.server.hang_up(but=asyncio.current_task())
        exchange.server.back_in(seconds)
        exchange.drop()

    return Fault(f"refused for {seconds} s", act)


def dropped() -> Fault:
    """Close the connection without a word."""

    async def act(exchange: Exchange, said: Said) -> None:
        exchange.drop()

    return Fault("dropped", act)


def silent() -> Fault:
    """Take the request and never answer."""

    async def act(exchange: Exchange, said: Said) -> None:
        await asyncio.Event().wait()

    return Fault("silent", act)


def slow(seconds: float = 0.2) -> Fault:
    """Answer byte by byte (slow loris), never coming to the reply."""

    async def act(exchange: Exchange, said: Said) -> None:
        for byte in exchange.head(200, {"Content-Type": "text/event-stream", "X-Pad": "x" * 10_000}):
            await exchange.raw(bytes([byte]))
            await asyncio.sleep(seconds)

    return Fault("slow", act)


def trickling(seconds: float = 0.2) -> Fault:
    """Keep the stream alive with comments for ever, and never say anything."""

    async def act(exchange: Exchange, said: Said) -> None:
        await exchange.begin()
        while True:
            await exchange.bytes(b": still here\n\n")
            await asyncio.sleep(seconds)

    return Fault("trickling", act)


def stalled(after: int = 3) -> Fault:
    """Stop in the middle of the stream, with the connection open."""
    return says(f"stalled after {after}", stall_after=after)


def cut(after: int = 3, framing: str = "chunked") -> Fault:
    """Drop the connection in the middle; with framing `close` nothing tells it from an end."""
    return says(f"cut after {after}, {framing}", cut_after=after, framing=framing)


def unfinished() -> Fault:
    """Leave out the finish reason."""
    return says("no finish reason", finish=None)


def undone() -> Fault:
    """Leave out the `[DONE]`."""
    return says("no [DONE]", done=False)


def empty(finish: str = "stop") -> Fault:
    """Say nothing at all."""
    return says("empty", text="", finish=finish)


def declined() -> Fault:
    """Refuse, as the model."""
    return says("refusal", text="", refusal="I'm sorry, I can't help with that.")


def filtered() -> Fault:
    """Stop in the middle for the content filter."""
    return says("content filter", text="I was going to", finish="content_filter")


def cut_at_length(characters: int = 200) -> Fault:
    """Say only so much, and that the limit was reached; asked to go on, the server goes on."""
    return says(f"length {characters}", most=characters)


def no_usage() -> Fault:
    """Say nothing about usage."""
    return says("no usage", usage=False)


def thinks(thoughts: str) -> Fault:
    """Show thoughts before the reply, and count them."""
    return says("thoughts", thoughts=thoughts)


def remembers(cached: int) -> Fault:
    """Report cached prompt tokens."""
    return says(f"{cached} cached", cached=cached)


def huge(megabytes: float = 10) -> Fault:
    """Say far too much, past every limit, and nothing twice: that would be a loop."""
    words = " ".join(f"lorem {number:05}" for number in range(int(megabytes * 2**20 / 12)))
    return says(f"{megabytes} MB", text=words, piece=2**16, most=None)


def instead(name: str, *events: object) -> Fault:
    """Stream these events (JSON, text after `data:`, or bytes as they are), and no others."""

    async def act(exchange: Exchange, said: Said) -> None:
        await exchange.begin()
        for event in events:
            await (exchange.bytes(event) if isinstance(event, bytes) else exchange.event(event))
        await exchange.end()

    return Fault(name, act)


def chunk_of(text: str, finish: str | None = None) -> dict[str, Any]:
    """Give the least that is a chunk."""
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


def invalid_utf8() -> Fault:
    """Stream bytes that are no UTF-8 inside of a delta, then end well."""
    bad = b'data: {"choices":[{"index":0,"delta":{"content":"caf\xe9 \xff\xfe"},"finish_reason":null}]}\n\n'
    return instead("invalid UTF-8", chunk_of("Let me"), bad, chunk_of("", "stop"), "[DONE]")


def broken_json() -> Fault:
    """Stream an event that is no JSON."""
    return instead("broken JSON", chunk_of("Let me"), '{"choices":[{"index":0,"delta":{"conte', "[DONE]")


def no_choices() -> Fault:
    """Stream chunks without choices only."""
    return instead("no choices", {"choices": []}, {"choices": []}, "[DONE]")


def error_in_stream(code: int | str = 502) -> Fault:
    """Stream an error in the middle, as OpenRouter and vLLM do."""
    problem = {"error": {"message": "Provider disconnected.", "code": code, "type": "error"}}
    return instead("error in stream", chunk_of("Let me"), problem)


def bomb(megabytes: int = 512) -> Fault:
    """Send a stream of zipped bytes that grows a thousandfold when it is read."""

    async def act(exchange: Exchange, said: Said) -> None:
        zipper = zlib.compressobj(9, zlib.DEFLATED, 31)
        start = zipper.compress(b"data: ") + zipper.flush(zlib.Z_FULL_FLUSH)
        block = zipper.compress(b"a" * 2**20) + zipper.flush(zlib.Z_FULL_FLUSH)
        await exchange.begin(headers={"Content-Encoding": "gzip"})
        await exchange.bytes(start)
        for _ in range(megabytes):
            await exchange.bytes(block)
        await exchange.end()

    return Fault("gzip bomb", act)
