"""Time to the first painted frame, ours against an empty Textual app: fresh processes in a pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EMPTY = "from textual.app import App; App().run()"
OURS = "import sys; from pathlib import Path; from tui.app import LabtopApp; LabtopApp(Path(sys.argv[1])).run()"
BLANK = b" " * 40
"""A row of blanks, of which an empty app's first frame consists."""
WORDS = b"labtop"
"""What stands in our first frame."""
WAIT = 30.0


def run(repeats: int = 15) -> list[tuple[str, str]]:
    """The medians as (name, value) rows; the ratio is to stay at or below 1.15."""
    pairs = measured(repeats)
    median = statistics.median
    return [
        ("first paint, an empty Textual app", f"{median(empty for empty, _ in pairs) * 1000:.0f} ms"),
        ("first paint, labtop", f"{median(ours for _, ours in pairs) * 1000:.0f} ms"),
        ("first paint, labtop : empty, median of pairs", f"{median(ours / empty for empty, ours in pairs):.2f}"),
    ]


def measured(repeats: int) -> list[tuple[float, float]]:
    """Seconds to the first frame of the empty app and of ours, in turn, so that a busy machine slows both."""
    with tempfile.TemporaryDirectory(prefix="labtop-bench-") as folder:
        from core.settings import settings_text
        from core.workspace.project import Project

        path = Path(folder) / "project"
        Project.create(path, settings_text("how long does it take?", name="bench"))
        return [(first_paint(BLANK, EMPTY), first_paint(WORDS, OURS, str(path))) for _ in range(repeats)]


def first_paint(frame: bytes, program: str, *arguments: str) -> float:
    """Seconds from the start of a fresh interpreter until `program` has painted `frame`."""
    start = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
        os.execve(sys.executable, [sys.executable, "-c", program, *arguments], environment)
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        _await(frame, terminal, start)
        return time.perf_counter() - start
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def _await(frame: bytes, terminal: int, start: float) -> None:
    painted = b""
    while frame not in painted:
        if time.perf_counter() - start > WAIT or not select.select([terminal], [], [], WAIT)[0]:
            raise TimeoutError(f"no frame within {WAIT} s; painted so far: {painted[-200:]!r}")
        painted += os.read(terminal, 65536)


if __name__ == "__main__":
    for name, value in run():
        print(f"{name:<46} {value}")
