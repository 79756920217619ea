"""Temporary folders for programs, locked while they are in use, so that those of a killed labtop can be swept."""

from __future__ import annotations

import asyncio
import fcntl
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from core.sandbox.copy import remove_tree

_PREFIX = "labtop-scratch-"
_SETTLED = 60.0
"""Seconds after which a folder without a lock is nobody's: a new one is locked just after it was made."""


@asynccontextmanager
async def scratch() -> AsyncIterator[Path]:
    """A new private folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    held = _locked(folder)
    try:
        yield folder
    finally:
        await asyncio.to_thread(remove_tree, folder)
        if held is not None:
            os.close(held)


def sweep(settled: float = _SETTLED) -> None:
    """Remove this user's folders that a killed labtop left behind more than `settled` seconds ago."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            about = folder.lstat()
            if about.st_uid != os.getuid() or time.time() - about.st_ctime < settled:
                continue
            held = _locked(folder)
            if held is not None:
                remove_tree(folder)
                os.close(held)


def _locked(folder: Path) -> int | None:
    """A lock on the folder for as long as the file descriptor is open; None when somebody else holds it."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(opened)
        return None
    return opened
