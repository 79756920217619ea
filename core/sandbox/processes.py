"""The tree of processes below one process, as `/proc` shows it: who is in it, what memory it holds, and its end."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_TIMES = slice(11, 15)
"""In the fields of `_stat`: user and system time of a process, and of its children that have ended."""


def descendants(root: int) -> list[int]:
    """The process ids of all children of `root`, and theirs, parents first; `root` itself is not among them."""
    children: Callable[[int], list[int]]
    children = _children if os.path.exists("/proc/thread-self/children") else _children_by_scan().__getitem__
    found: list[int] = []
    newest = [root]
    while newest:
        newest = [child for parent in newest for child in children(parent)]
        found += newest
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    # A process may end between two of these reads; what it left behind is found at the next look.
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_bytes().split())
    return found


def _children_by_scan() -> defaultdict[int, list[int]]:
    """The same for kernels without `children` files: one look at every process of the machine."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for pid in _all():
        with contextlib.suppress(OSError):
            children[int(_stat(pid)[1])].append(pid)
    return children


def alive(pid: int) -> bool:
    """Whether the process exists and has not ended, waiting to be collected."""
    try:
        return _stat(pid)[0] not in b"ZX"
    except OSError:
        return False


def tasks_of_user() -> int:
    """How many processes and threads this user has now: what RLIMIT_NPROC counts outside a user namespace."""
    count, user = 0, os.getuid()
    for pid in _all():
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}").st_uid == user:
                count += int(_stat(pid)[17])
    return count


def memory(pids: Iterable[int], enough: int) -> int:
    """Bytes of memory that the processes hold together, shared pages counted once.

    The cheap upper bound (resident pages) is returned while it is not above `enough`: the exact sum is slow.
    """
    pids = list(pids)
    resident = sum(map(_resident, pids))
    return resident if resident <= enough else sum(map(_proportional, pids))


def cpu_seconds(pids: Iterable[int]) -> float:
    """Seconds of CPU that the processes have used so far, with those of their children that they have waited for."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError):
            ticks += sum(map(int, _stat(pid)[_TIMES]))
    return ticks / _TICKS


def marked(mark: str) -> list[int]:
    """The processes of this user that were started with the setting `mark` (`NAME=value`) in their environment."""
    found: list[int] = []
    for pid in _all():
        with contextlib.suppress(OSError):
            if mark.encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def _all() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _stat(pid: int) -> list[bytes]:
    """The fields of `/proc/PID/stat` from the state on; the name before it may hold anything."""
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _proportional(pid: int) -> int:
    """Anonymous, shared and swapped memory, each shared page divided among its holders; mapped files are not memory."""
    try:
        return _kilobytes(Path(f"/proc/{pid}/smaps_rollup"), {b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:"})
    except OSError:
        pass
    try:  # a process may have made itself unreadable; this file always is
        return _kilobytes(Path(f"/proc/{pid}/status"), {b"RssAnon:", b"RssShmem:", b"VmSwap:"})
    except OSError:
        return 0


def _kilobytes(path: Path, names: set[bytes]) -> int:
    rows = (line.split() for line in path.read_bytes().splitlines())
    return sum(int(row[1]) * 1024 for row in rows if len(row) > 1 and row[0] in names)
