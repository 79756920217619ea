"""How long a thread is kept by what it does itself, computing or blocked, however many others want its core.

By the clock anything may take long on a loaded machine, and by CPU time nothing that waits takes any. Linux tells how
long a thread stood in the queue for a core, and how often it went to sleep by itself. Who waits for the interpreter,
which another thread has, wakes up once in every switch interval to ask for it again; who sleeps, or waits for a disk or
a lock, does not.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from typing import NamedTuple


class Moment(NamedTuple):
    """Where the clocks of a thread stand, or how far they went: seconds, and how often it went to sleep."""

    wall: float
    cpu: float
    queued: float
    slept: int


class Clocks:
    """The clocks of the thread that makes them; elsewhere than on Linux it is CPU time alone that tells."""

    def __init__(self) -> None:
        try:
            path = f"/proc/self/task/{threading.get_native_id()}/schedstat"
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = -1

    def close(self) -> None:
        """Look no more."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def now(self) -> Moment:
        """Where they stand."""
        cpu = time.thread_time()
        if self._file < 0:
            return Moment(cpu, cpu, 0.0, 0)
        queued = int(os.pread(self._file, 64, 0).split()[1]) / 1e9
        return Moment(time.perf_counter(), cpu, queued, resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw)

    def kept(self, start: Moment) -> tuple[float, float]:
        """Seconds that the thread was kept by itself since `start`, and of them those of its CPU."""
        end = self.now()
        cpu, slept = end.cpu - start.cpu, end.slept - start.slept
        if not slept:  # nothing blocked: what is missing by the clock, a virtual machine has lost to others
            return cpu, cpu
        turns = slept * sys.getswitchinterval()
        return max(cpu, end.wall - start.wall - (end.queued - start.queued) - turns), cpu
