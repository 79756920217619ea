"""How long a thread is kept by what it does itself, computing or blocked, however many others want its core.

By the clock anything may take long on a loaded machine, and by CPU time nothing that waits takes any. Linux tells how
long a thread stood in the queue for a core; what is left of the time by the clock is the thread's own.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import NamedTuple

FRESH = 0.01
"""Seconds for which a look at the other threads holds."""

TASKS = Path("/proc/self/task")


class Moment(NamedTuple):
    """Where the clocks of a thread stand, in seconds; or how far they went."""

    wall: float
    cpu: float
    queued: float

    def since(self, start: Moment) -> Moment:
        """How far they went."""
        return Moment(*(now - then for now, then in zip(self, start, strict=True)))


class Clocks:
    """The clocks of the thread that makes them; elsewhere than on Linux it is CPU time that tells."""

    def __init__(self) -> None:
        self._own = threading.get_native_id()
        try:
            self._file = os.open(TASKS / str(self._own) / "schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = -1
        self._seen = -1.0
        self._others = Moment(0.0, 0.0, 0.0)

    def close(self) -> None:
        """Look no more."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def now(self) -> Moment:
        """Where they stand."""
        wall, cpu = time.perf_counter(), time.thread_time()
        if self._file < 0:
            return Moment(cpu, cpu, 0.0)
        if wall - self._seen > FRESH:
            self._seen, self._others = wall, self._of_others()
        return Moment(wall, cpu, _waited(os.pread(self._file, 64, 0)))

    def kept(self, start: Moment, limit: float) -> tuple[float, float]:
        """Seconds that the thread was kept since `start`, and of them those of its CPU; exact above `limit` only.

        While other threads of this process compute, it has to wait for the interpreter: that is not its own either, and
        in life the engine is none of them.
        """
        before = self._others
        went = self.now().since(start)
        own = max(went.cpu, went.wall - went.queued)
        if own > limit and self._file >= 0:
            others = self._of_others().since(before)
            own = max(went.cpu, own - others.queued - others.cpu)
        return own, went.cpu

    def _of_others(self) -> Moment:
        cpu = queued = 0.0
        for task in os.listdir(TASKS):
            if task != str(self._own):
                try:
                    told = (TASKS / task / "schedstat").read_bytes()
                except OSError:
                    continue  # it has ended
                cpu, queued = cpu + int(told.split()[0]) / 1e9, queued + _waited(told)
        return Moment(0.0, cpu, queued)


def _waited(schedstat: bytes) -> float:
    """Seconds for which a task has stood in the queue for a core."""
    return int(schedstat.split()[1]) / 1e9
