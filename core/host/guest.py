"""One app at the engine's socket: what it is told waits in a queue of limited size, so that it can hold nobody up."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from core.host.wire import Bye, packed

MOST_WAITING = 32 * 2**20
"""Bytes that may wait for an app; one that falls further behind is let go, and attaches anew.

All that a newcomer is told of a turn in flight has to fit: a reply, thoughts and output at their longest, escaped.
"""
LAST_WORDS = 3.0
"""Seconds that an app has to read why it is let go."""


class Guest:
    """The writing half of a connection; `steers` says whether its orders count."""

    def __init__(self, writer: asyncio.StreamWriter, pid: int) -> None:
        self.pid = pid
        self.steers = False
        self.wants_helm = False
        self.welcomed = False
        self._writer = writer
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._filled = asyncio.Event()
        self._leaving = False

    @property
    def leaving(self) -> bool:
        """Whether it is told nothing more."""
        return self._leaving

    def tell(self, told: dict[str, Any]) -> None:
        """Put a message into the queue."""
        self.tell_line(packed(told))

    def tell_line(self, line: bytes) -> None:
        """Put a line into the queue; an app that is too far behind is let go instead."""
        if self._leaving:
            return
        if self._size + len(line) > MOST_WAITING and self._lines:
            self.dismiss(Bye("lag", "the app was too slow to follow the engine"))
            return
        self._put(line)

    def dismiss(self, bye: Bye) -> None:
        """Let it go, with a last line that says why; what still waits is dropped when it lags."""
        if self._leaving:
            return
        self._leaving = True
        if bye.why == "lag":
            self._lines.clear()
            self._size = 0
        self._put(packed({"bye": bye.why, "words": bye.words}))
        asyncio.get_running_loop().call_later(LAST_WORDS, self._writer.transport.abort)

    async def write(self) -> None:
        """Write what is told until the app is let go or goes."""
        try:
            while True:
                await self._filled.wait()
                self._filled.clear()
                while self._lines:
                    line = self._lines.popleft()
                    self._size -= len(line)
                    self._writer.write(line)
                    await self._writer.drain()
                if self._leaving:
                    return
        except (ConnectionError, TimeoutError):
            return
        finally:
            self._writer.close()

    def _put(self, line: bytes) -> None:
        self._lines.append(line)
        self._size += len(line)
        self._filled.set()
