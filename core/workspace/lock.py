"""One process at a time works on a project; the kernel frees the lock of a dead one."""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import ProjectLocked
from core.workspace.files import write_durably

_PATIENCE = 0.3


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a project: the process, and since when in seconds of the epoch."""

    pid: int
    since: float


class Lock:
    """`flock` on `.git/labtop/lock`; beside it `holder.json` says who holds it, and stays behind after a crash."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._info = folder / "holder.json"
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """Whether this very object holds the lock."""
        return self._fd is not None

    def acquire(self) -> bool:
        """Take the lock; True when the last holder did not let go in order. Raises ProjectLocked when it is taken."""
        fd = self._open()
        deadline = time.monotonic() + _PATIENCE
        while not _try(fd, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                os.close(fd)
                raise self._refusal()
            time.sleep(0.02)
        self._fd = fd
        crashed = self._info.exists()
        write_durably(self._info, json.dumps({"pid": os.getpid(), "since": time.time()}).encode())
        return crashed

    def release(self) -> None:
        """Let go of the lock."""
        if self._fd is not None:
            self._info.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = None

    def holder(self) -> Holder | None:
        """Who holds the lock now, None when nobody does."""
        if not self._path.exists():
            return None
        fd = self._open()
        try:
            # Shared, so that two who ask do not see each other.
            return None if _try(fd, fcntl.LOCK_SH) else self._written()
        finally:
            os.close(fd)

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def _written(self) -> Holder:
        with suppress(OSError, ValueError, KeyError, TypeError):
            data = json.loads(self._info.read_text())
            return Holder(int(data["pid"]), float(data["since"]))
        return Holder(0, time.time())

    def _refusal(self) -> ProjectLocked:
        holder = self._written()
        who = f"process {holder.pid}" if holder.pid else "another process"
        return ProjectLocked(
            f"{who} has been working on this project for {_duration(time.time() - holder.since)}.",
            "Wait for it to finish, or end it: `labtop stop` where it works by itself. Reading is possible meanwhile.",
        )


def _try(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _duration(seconds: float) -> str:
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
