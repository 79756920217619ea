"""How often a service is asked: one request at a time, with a pause after it, in all labtop processes of the user."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

Tell = Callable[[str, float], None]
"""Says why nothing happens now, and for how many seconds."""
LONGEST_PAUSE = 900.0
"""Seconds that a server may ask us to stay away; a later time in the file comes from a clock that jumped."""
PATIENCE = 120.0
"""Seconds that anybody waits for a turn."""
_LOOK_AGAIN = 0.1


class NotYet(Exception):
    """It is not our turn for so many `seconds`, longer than anybody should wait; 0 when nobody knows."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Pace:
    """Keeps `interval` seconds between the end of one request and the start of the next, through a locked file.

    The file holds the time (wall clock, in seconds) before which nobody may ask. Raises OSError where it cannot be
    written: without it nobody knows what the user's other processes ask.
    """

    def __init__(self, path: Path, interval: float, clock: Callable[[], float] = time.time) -> None:
        self.interval = interval
        self._path = path
        self._clock = clock

    @asynccontextmanager
    async def turn(self, tell: Tell) -> AsyncIterator[None]:
        """Wait for this process's turn; the request that is made inside counts from its end. Raises NotYet."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            await self._locked(file, tell)
            await self._passed(file, tell)
            self._write(file, self.interval)  # should this process die inside, the others still keep their distance
            try:
                yield
            finally:
                self._write(file, max(self.interval, self._left(file)))
        finally:
            os.close(file)  # and with it the lock

    def stay_away(self, seconds: float) -> None:
        """Let nobody ask for so long (inside a turn: the server has said so)."""
        with open(self._path, "r+b", buffering=0) as file:
            self._write(file.fileno(), min(seconds, LONGEST_PAUSE))

    async def _locked(self, file: int, tell: Tell) -> None:
        told, give_up = False, time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not told:
                    tell("another labtop is asking arXiv; one request at a time", self.interval)
                    told = True
                await asyncio.sleep(min(_LOOK_AGAIN, self.interval / 4) * random.uniform(0.5, 1.0))
            else:
                return
        raise NotYet(0)

    async def _passed(self, file: int, tell: Tell) -> None:
        left = self._left(file)
        if left > PATIENCE:
            raise NotYet(left)
        if left >= 1:
            tell(f"arXiv is asked at most every {self.interval:g} seconds", left)
        if left > 0:
            await asyncio.sleep(left)

    def _left(self, file: int) -> float:
        try:
            free_at = float(os.pread(file, 64, 0) or b"0")
        except ValueError:
            free_at = self._clock() + self.interval
        left = free_at - self._clock()
        return left if left <= LONGEST_PAUSE else self.interval

    def _write(self, file: int, seconds: float) -> None:
        os.pwrite(file, f"{self._clock() + seconds:<32.6f}".encode(), 0)
