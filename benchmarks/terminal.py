"""A program in a pseudo-terminal, whose bytes are counted and whose waits for a core are known."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent
SIZE = (120, 40)
WAIT = 60.0
LEAVING = 20.0
"""Seconds that a program may take to end in order."""


class Line:
    """A Python program (`arguments` as the interpreter takes them) in a terminal."""

    def __init__(self, arguments: Sequence[str], home: Path) -> None:
        """Start it; what it keeps of a person stands in `home`."""
        self.written = 0
        self.started = time.perf_counter()
        self._queued = _queued(Path("/proc/self/task"))
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
            folders = {"HOME": str(home), "XDG_STATE_HOME": f"{home}/state", "XDG_CONFIG_HOME": f"{home}/config"}
            terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
            os.execve(sys.executable, [sys.executable, *arguments], {**kept, **folders, **terminal})
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._file)

    def read(self, seconds: float, mark: bytes | None = None) -> bool:
        """Take in what is written until `mark` was, or for so long; whether it was."""
        end, data = time.perf_counter() + seconds, b""
        while (left := end - time.perf_counter()) > 0:
            if select.select([self._file], [], [], left)[0]:
                try:
                    piece = os.read(self._file, 65536)
                except OSError:  # the program has ended
                    return False
                self.written += len(piece)
                data = data[-64:] + piece
                if mark is not None and mark in data:
                    return True
        return False

    def wait(self, mark: bytes) -> float:
        """Seconds since the start when `mark` was written."""
        if not self.read(WAIT, mark):
            raise TimeoutError(f"{mark!r} was not written within {WAIT} s")
        return time.perf_counter() - self.started

    def queued(self) -> float:
        """Seconds that the program, and this one, have waited for a core that others had."""
        return _queued(Path("/proc/self/task")) - self._queued + _queued(Path(f"/proc/{self.pid}/task"))

    def press(self, keys: str) -> None:
        """Send keys."""
        os.write(self._file, keys.encode())

    def leave(self) -> None:
        """End it in order with the key q, its engine too."""
        self.press("q")
        end = time.perf_counter() + LEAVING
        while time.perf_counter() < end:
            self.read(0.1)
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                self.pid = 0
                return


def _queued(tasks: Path) -> float:
    """Seconds that a process's threads have stood in the queue for a core; 0 where the system does not tell."""
    try:
        return sum(int((task / "schedstat").read_text().split()[1]) for task in tasks.iterdir()) / 1e9
    except OSError:
        return 0.0
