"""Looks after a running program: memory and processes of its whole tree, and what it has written."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.sandbox.outcome import Ending
from core.sandbox.processes import descendants, memory
from core.sandbox.surroundings import MB

if TYPE_CHECKING:
    from core.settings import Limits

_EVERY_SECONDS = 0.2
_SHARE_OF_TIME = 5  # rests at least this many times longer than a look took
_FREE_MB = 512


@dataclass(slots=True)
class Watch:
    """One program's tree below the process `root`, of which `own` processes are the sandbox's."""

    root: int
    own: int
    folders: Sequence[Path]
    limits: Limits
    _marked: set[int] = field(default_factory=set)
    _floor: int = field(init=False)

    def __post_init__(self) -> None:
        self._floor = min(_FREE_MB * MB, _free(self.folders[0]) // 2)

    async def until_too_much(self) -> tuple[Ending, str]:
        """Wait until the program has taken more than its limits allow; what it took, as an ending and a problem."""
        while True:
            began = time.monotonic()
            too_much = await asyncio.to_thread(self._look)
            if too_much:
                return too_much
            await asyncio.sleep(max(_EVERY_SECONDS, _SHARE_OF_TIME * (time.monotonic() - began)))

    def _look(self) -> tuple[Ending, str] | None:
        pids = descendants(self.root)
        self._offer_to_the_kernel(pids)
        held = memory(pids, self.limits.memory_mb * MB)
        if held > self.limits.memory_mb * MB:
            return Ending.OUT_OF_MEMORY, f"stopped at {held // MB} MB of memory (limit {self.limits.memory_mb} MB)"
        if len(pids) - self.own > self.limits.processes:
            return Ending.KILLED, f"stopped at {len(pids) - self.own} processes (limit {self.limits.processes})"
        return self.disk()

    def disk(self) -> tuple[Ending, str] | None:
        """The ending and problem of having written too much, or None."""
        written = sum(map(usage, self.folders))
        if written > self.limits.disk_mb * MB:
            return Ending.TOO_MUCH_DISK, f"wrote {written // MB} MB (limit {self.limits.disk_mb} MB)"
        if _free(self.folders[0]) < self._floor:
            return Ending.TOO_MUCH_DISK, f"stopped because less than {self._floor // MB} MB of the disk was left"
        return None

    def _offer_to_the_kernel(self, pids: Sequence[int]) -> None:
        """When the machine itself runs out of memory, these processes go first and not labtop."""
        for pid in set(pids) - self._marked:
            with contextlib.suppress(OSError):
                Path(f"/proc/{pid}/oom_score_adj").write_text("1000")
        self._marked.update(pids)


def usage(folder: Path) -> int:
    """Bytes of disk that a folder takes with all that lies in it; links are not followed."""
    total, left = 0, [str(folder)]
    while left:
        # Files come and go while the program works, and it may have locked some.
        with contextlib.suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
    return total


def _free(folder: Path) -> int:
    try:
        about = os.statvfs(folder)
    except OSError:
        return 0
    return about.f_bavail * about.f_frsize
