"""What a running program takes of the machine, looked at once a second for whoever watches; it decides nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from core.sandbox.graphics import gpu_percent
from core.sandbox.processes import cpu_seconds, descendants, memory
from core.sandbox.surroundings import MB

_EVERY_SECONDS = 1.0
_SHARE_OF_TIME = 20  # rests at least this many times longer than a look took


@dataclass(frozen=True, slots=True)
class Usage:
    """One look: seconds since the program's start, CPU (100 % is one core), megabytes held, the machine's GPU."""

    seconds: float
    cpu_percent: float
    memory_mb: float
    memory_limit_mb: int
    gpu_percent: float | None


async def tell_usage(root: int, memory_limit_mb: int, tell: Callable[[Usage], None]) -> None:
    """Say about once a second what all processes below `root` take together, until cancelled.

    Apart from the watch that keeps the limits, so that no driver that does not answer can hold that up.
    """
    began = looked = time.monotonic()
    used, took = 0.0, 0.0
    while True:
        await asyncio.sleep(max(_EVERY_SECONDS, _SHARE_OF_TIME * took))
        before, looked = looked, time.monotonic()
        seconds, held, gpu = await asyncio.to_thread(_look, root, memory_limit_mb)
        percent = 100 * max(0.0, seconds - used) / (looked - before)
        used, took = seconds, time.monotonic() - looked
        if held:  # nothing holds memory any more once the program has ended
            tell(Usage(looked - began, percent, held / MB, memory_limit_mb, gpu))


def _look(root: int, memory_limit_mb: int) -> tuple[float, int, float | None]:
    pids = descendants(root)
    return cpu_seconds(pids), memory(pids, memory_limit_mb * MB), gpu_percent()
