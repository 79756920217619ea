"""The HTTP client of one server. Imported when the first call is made, and in a thread: openai takes a second."""

from __future__ import annotations

import json
import logging
import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai

from core.models.faults import Broken, Rejected
from core.models.named import Named
from core.models.secret import Secret

LARGEST_ANSWER = 64 * 2**20
LARGEST_REFUSAL = 2**20
"""Bytes that are read of an answer, and of one with an error's status."""

logging.getLogger("httpcore2").setLevel(logging.WARNING)  # below that it writes every header down

_OURS = frozenset({"host", "connection", "accept", "content-type", "content-length", "transfer-encoding", "user-agent"})
_OF_OPENAI = frozenset({"openai-organization", "openai-project"})


class Wire:
    """Requests to one server, each with nothing but what we mean to send, and with caps on what is read."""

    def __init__(self, named: Named, secret: Secret | None) -> None:
        self._secret = secret
        host = urlsplit(named.base_url).hostname or ""
        self._kept = _OURS | (_OF_OPENAI if host == "openai.com" or host.endswith(".openai.com") else frozenset())
        http = httpx2.AsyncClient(
            verify=_tls() if named.base_url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            trust_env=not named.local,  # a proxy that is set for the world must not get what is meant for this machine
            follow_redirects=False,  # a server may not send the prompt, let alone the key, elsewhere
            event_hooks={"request": [self._only_ours], "response": [_capped]},
        )
        self._client = openai.AsyncOpenAI(
            api_key="none",  # the hook below puts the key where it belongs
            admin_api_key="none",
            base_url=named.base_url,
            max_retries=0,
            timeout=httpx2.Timeout(
                named.read_seconds, connect=named.connect_seconds, write=named.read_seconds, pool=named.connect_seconds
            ),
            http_client=http,
        )

    async def complete(self, body: Mapping[str, Any]) -> AsyncGenerator[Any]:
        """Send one request for a streamed completion and return its events, as JSON values of whatever form.

        Raises Rejected when the server says no, Broken when there is no answer or, later, no more of it.
        """
        events = self._events(body)
        # the first event is waited for here, so that a refusal is known before anything is shown
        try:
            first = await anext(events)
        except StopAsyncIteration:
            return _nothing()
        return _with_first(first, events)

    async def get(self, url: str) -> Any:
        """The JSON value at an address of the same server; raises Rejected or Broken."""
        try:
            return await self._client.get(url, cast_to=object)
        except Exception as error:  # noqa: BLE001 - the library lets bare errors of many kinds out
            problem = _told(error, sent=False)
        raise problem

    async def _events(self, body: Mapping[str, Any]) -> AsyncGenerator[Any]:
        try:
            stream: openai.AsyncStream[object] = await self._client.post(
                "/chat/completions", body=dict(body), cast_to=object, stream=True, stream_cls=openai.AsyncStream[object]
            )
            try:
                async for event in self._read(stream):
                    yield event
                return
            finally:
                await stream.close()
        except (Rejected, Broken):
            raise
        except Exception as error:  # noqa: BLE001 - see get
            problem = _told(error, sent=True)
        raise problem  # outside of the except: the library's error, which knows the headers, is let go

    async def _read(self, stream: openai.AsyncStream[object]) -> AsyncIterator[Any]:
        kind = stream.response.headers.get("content-type", "").lower()
        if "html" in kind:
            raise Rejected(stream.response.status_code, "a web page", {}, page=True)
        if "application/json" in kind:  # the server does not stream: the whole reply at once
            whole = json.loads(await stream.response.aread())
            if isinstance(whole, dict) and whole.get("error"):  # a refusal with the status of success
                raise Rejected(_status_in(whole["error"]), whole, {})
            yield whole
            return
        async for event in stream:
            yield event

    async def _only_ours(self, request: httpx2.Request) -> None:
        """Let out no header that somebody set in the environment for another server."""
        for name in list(request.headers):
            if name.lower() not in self._kept:
                del request.headers[name]
        request.headers["Accept-Encoding"] = "identity"
        if self._secret:
            request.headers["Authorization"] = f"Bearer {self._secret.reveal()}"


@cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


class _Capped(httpx2.AsyncByteStream):
    """Passes a body on up to a cap: one with an error's status ends there, an answer breaks."""

    def __init__(self, stream: Any, most: int, ends: bool) -> None:
        self._stream = stream
        self._left = most
        self._ends = ends

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._left -= len(piece)
            if self._left < 0 and self._ends:
                return
            if self._left < 0:
                raise Broken(f"its answer has more than {LARGEST_ANSWER // 2**20} MB", sent=True)
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _capped(response: httpx2.Response) -> None:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):  # never asked for: a few bytes could become gigabytes
        raise Broken(f"its answer is packed ({encoding[:20]}), though it was asked not to be", sent=True)
    refused = response.status_code >= 300
    response.stream = _Capped(response.stream, LARGEST_REFUSAL if refused else LARGEST_ANSWER, refused)


async def _nothing() -> AsyncGenerator[Any]:
    return
    yield


async def _with_first(first: Any, events: AsyncGenerator[Any]) -> AsyncGenerator[Any]:
    async with aclosing(events):
        yield first
        async for event in events:
            yield event


def _told(error: Exception, *, sent: bool) -> Exception:
    """Put the library's error as ours, which holds text only: no request, no headers, no key."""
    match error:
        case openai.APIStatusError():
            return Rejected(error.status_code, error.body, dict(error.response.headers))
        case openai.APITimeoutError():
            connecting = isinstance(error.__cause__, httpx2.ConnectTimeout | httpx2.PoolTimeout)
            words = "no connection in time" if connecting else "it has been silent for too long"
            return Broken(words, sent=sent and not connecting)
        case openai.APIConnectionError():
            connecting = isinstance(error.__cause__, httpx2.ConnectError)
            words = "no connection" if connecting else "the connection was lost"
            return Broken(f"{words}{_why(error.__cause__)}", sent=sent and not connecting)
        case openai.APIError():  # an error as an event of the stream
            return Rejected(_status_in(error.body), error.body, {})
        case UnicodeDecodeError() | json.JSONDecodeError() | RecursionError():
            return Broken("it sent what cannot be read", sent=sent)
        case Broken() | Rejected():
            return error
        case httpx2.HTTPError() | httpx2.StreamError() | openai.OpenAIError() | OSError():
            return Broken(f"the connection was lost ({type(error).__name__})", sent=sent)
        case _:
            return error


def _why(cause: BaseException | None) -> str:
    """The system's own word for a lost connection, such as `Connection refused`; never text of the server's."""
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno and cause.errno > 0:
            return f" ({os.strerror(cause.errno)})"
        cause = cause.__cause__ or cause.__context__
    return ""


def _status_in(body: object) -> int:
    code = body.get("code") if isinstance(body, dict) else None
    try:
        return int(str(code))
    except ValueError:
        return 500
