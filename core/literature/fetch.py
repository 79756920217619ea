"""One web service asked politely: its pace kept, its waits told, its answers bounded, no other host ever asked."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from core.clean import clean
from core.errors import LabError
from core.literature.pace import LONGEST_PAUSE, PATIENCE, NotYet, Pace, Tell

if TYPE_CHECKING:
    import ssl

    import httpx2

BACK_OFF = (5.0, 10.0, 20.0, 40.0)
"""Seconds before each further try, a little more or less."""
OFFLINE = 180.0
"""Seconds for which a service that could not be reached is taken for unreachable."""
MOST_REDIRECTS = 3
AGENT = "labtop/0.1 (research co-pilot; one request at a time)"


class NotFetched(LabError):
    """There is no answer. `missing`: the server has none; `offline`: the server could not be reached at all."""

    title = "Literature"

    def __init__(self, message: str, *, missing: bool = False, offline: bool = False) -> None:
        super().__init__(message)
        self.missing = missing
        self.offline = offline


class _TryAgain(Exception):
    def __init__(self, reason: str, seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.seconds = seconds


class _Elsewhere(Exception):
    """The answer lies at another address."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long is waited, in seconds: for a connection, for the next piece of an answer, for all of it."""

    connect: float = 5.0
    read: float = 30.0
    whole: float = 120.0
    back_off: tuple[float, ...] = BACK_OFF
    offline: float = OFFLINE


class Service:
    """Gets pages from a few origins (`https://arxiv.org`), and from nowhere else whatever a redirect says."""

    def __init__(self, name: str, origins: Sequence[str], pace: Pace, limits: Limits | None = None) -> None:
        self.name = name
        self._origins = frozenset(origins)
        self._pace = pace
        self._limits = limits or Limits()
        self._offline: tuple[float, str] | None = None
        self._certificates: ssl.SSLContext | None = None

    async def get(self, url: str, most: int, tell: Tell, check: Callable[[bytes], str] = lambda _: "") -> bytes:
        """The body at `url`, at most `most` bytes; `check` says what is wrong with a body, which is then asked again.

        Raises NotFetched.
        """
        self._refuse_while_offline()
        self._certificates = self._certificates or await asyncio.to_thread(_certificates)
        redirects = 0
        for wait in (*self._limits.back_off, None):
            while True:
                try:
                    return await self._turn(url, most, tell, check)
                except _Elsewhere as elsewhere:
                    redirects += 1
                    url = urljoin(url, str(elsewhere))
                    if redirects > MOST_REDIRECTS:
                        raise NotFetched(f"{self.name} sends from one address to the next.") from None
                except _TryAgain as again:
                    await self._wait(again, wait, tell)
                    break
        raise AssertionError("the last try raises")

    async def _wait(self, again: _TryAgain, wait: float | None, tell: Tell) -> None:
        if wait is None or again.seconds > PATIENCE:
            when = f" It asks to be left alone for {again.seconds:.0f} seconds." if again.seconds else ""
            raise NotFetched(f"{self.name} cannot answer now: {again}.{when}") from None
        seconds = max(again.seconds, wait * random.uniform(0.8, 1.2))
        tell(f"{self.name}: {again}", seconds)
        await asyncio.sleep(seconds)

    def _refuse_while_offline(self) -> None:
        if self._offline and time.monotonic() < self._offline[0]:
            raise NotFetched(self._offline[1], offline=True)
        self._offline = None

    async def _turn(self, url: str, most: int, tell: Tell, check: Callable[[bytes], str]) -> bytes:
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}".lower() not in self._origins:
            raise NotFetched(f"{self.name} points to {clean(url)[:100]}, which is not asked.")
        try:
            async with self._pace.turn(tell), asyncio.timeout(self._limits.whole):
                body = await self._request(url, most)
        except NotYet as not_yet:
            seconds = f" for another {not_yet.seconds:.0f} seconds" if not_yet.seconds else ""
            raise NotFetched(f"{self.name} is to be left alone{seconds}.") from None
        except TimeoutError:
            raise _TryAgain(f"no whole answer within {self._limits.whole:g} seconds") from None
        except OSError as error:
            raise NotFetched(f"{self.name} is not asked: its pace cannot be kept ({error}).") from error
        if wrong := check(body):
            raise _TryAgain(wrong)
        return body

    async def _request(self, url: str, most: int) -> bytes:
        import httpx2

        limits = self._limits
        timeout = httpx2.Timeout(limits.read, connect=limits.connect)
        try:
            async with AsyncExitStack() as open_:
                client = await open_.enter_async_context(
                    httpx2.AsyncClient(
                        timeout=timeout,
                        headers={"User-Agent": AGENT},
                        follow_redirects=False,
                        verify=self._certificates or True,
                    )
                )
                response = await open_.enter_async_context(client.stream("GET", url))
                self._judge(response)
                return await _body(response, most, self.name)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
            message = f"{self.name} cannot be reached: {_reason(error)}."
            self._offline = (time.monotonic() + limits.offline, message)
            raise NotFetched(message, offline=True) from error
        except httpx2.TimeoutException:
            raise _TryAgain(f"no answer within {limits.read:g} seconds") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise _TryAgain(f"the answer broke off ({_reason(error)})") from None

    def _judge(self, response: httpx2.Response) -> None:
        """Let only a whole, right answer pass."""
        status = response.status_code
        words = clean(f"HTTP {status} {response.reason_phrase}").strip()[:100]
        if status in (301, 302, 303, 307, 308):
            raise _Elsewhere(response.headers.get("location", ""))
        if status in (408, 425, 429) or status >= 500:
            seconds = _retry_after(response.headers.get("retry-after", ""))
            if seconds:
                self._pace.stay_away(seconds)
            raise _TryAgain(words, seconds)
        if status in (404, 410):
            raise NotFetched(f"{self.name} has no such page.", missing=True)
        if status != 200:
            raise NotFetched(f"{self.name} refuses to answer: {words}.")


async def _body(response: httpx2.Response, most: int, name: str) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > most:
            raise NotFetched(f"What {name} sends is larger than {most / 1e6:.0f} MB.")
        parts.append(part)
    return b"".join(parts)


def _certificates() -> ssl.SSLContext:
    """Whom to trust, read once and in a thread: it takes long enough to be seen on a screen."""
    import httpx2

    return httpx2.create_ssl_context()


def _retry_after(value: str) -> float:
    """Seconds that the header asks for, as a number or as a date; 0 when it says nothing that is understood."""
    try:
        seconds = float(value) if value.strip().isdigit() else _until(value)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_PAUSE)


def _until(date: str) -> float:
    when = parsedate_to_datetime(date)
    return (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


def _reason(error: Exception) -> str:
    return " ".join(clean(str(error)).split())[:200] or type(error).__name__
