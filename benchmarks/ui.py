"""The screen in a pseudo-terminal: opening, keys while a reply streams, what goes over the line, memory.

`make bench-ui` prints it next to the aims.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path
from types import TracebackType

from benchmarks import first_paint
from benchmarks.history import lengthened
from core.settings import settings_text
from core.workspace.project import Project

ROOT = Path(__file__).resolve().parent.parent
SIZE = (120, 40)
WAIT = 60.0
LONG = 10_000
"""Turns of the project that is opened."""

LETTERS = [*range(0x0410, 0x0460), *range(0x048A, 0x0500), *range(0x0531, 0x0557)]
"""Characters that stand nowhere on the screen, so that each key is known by its own."""

SETTLED = 2.0
"""Seconds after which all panes are filled."""
BACKSPACE = "\x7f"
PANE = b"Phases"
"""A pane's title: it is written once, with the laboratory's first frame."""

Row = tuple[str, str]


class Line:
    """A program in a terminal whose bytes are counted."""

    def __init__(self, *arguments: str, home: Path) -> None:
        self.written = 0
        self.started = time.perf_counter()
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
            folders = {
                "HOME": str(home),
                "XDG_STATE_HOME": str(home / "state"),
                "XDG_CONFIG_HOME": str(home / "config"),
            }
            terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
            os.execve(sys.executable, [sys.executable, "-m", *arguments], {**kept, **folders, **terminal})
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._file)

    def read(self, seconds: float, mark: bytes | None = None) -> bool:
        """Take in what is written until `mark` was, or for so long; whether it was."""
        end, data = time.perf_counter() + seconds, b""
        while (left := end - time.perf_counter()) > 0:
            if select.select([self._file], [], [], left)[0]:
                piece = os.read(self._file, 65536)
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
        tasks = [*Path(f"/proc/{self.pid}/task").iterdir(), Path("/proc/self/task") / str(os.getpid())]
        return sum(int((task / "schedstat").read_text().split()[1]) for task in tasks) / 1e9

    def press(self, key: str) -> None:
        """Send a key."""
        os.write(self._file, key.encode())


def run(seconds: float = 20.0) -> list[Row]:
    """The measurements as (name, value) rows; takes about three minutes."""
    with tempfile.TemporaryDirectory(prefix="labtop-bench-") as folder:
        home = Path(folder)
        return [
            *first_paint.run(9),
            *opening(home),
            *keys(home),
            *line(home, seconds, "30 KB/s"),
            *line(home, seconds, "10 KB/s", "--slow-link"),
            *memory(home),
        ]


def opening(home: Path, repeats: int = 3) -> list[Row]:
    """From the command line to the last turn on the screen."""
    lengthened(home / "long", LONG)
    took, painted = [], []
    for _ in range(repeats):
        with Line("labtop", "open", str(home / "long"), home=home) as terminal:
            painted.append(terminal.wait(first_paint.WORDS))
            took.append(terminal.wait(f"turn {LONG}".encode()))
    after = min(whole - first for whole, first in zip(took, painted, strict=True))
    return [
        (f"opening {LONG:,} turns: from the command to the last turn in view", f"{min(took):.2f} s"),
        (f"opening {LONG:,} turns: of it after the first paint (aim: 1 s)", f"{after:.2f} s"),
    ]


def keys(home: Path, rate: int = 500) -> list[Row]:
    """From a key to its letter on the screen, while a reply streams."""
    waits, own = [], []
    with talking(home, rate, 2.0 * WAIT) as terminal:
        terminal.press("i")
        terminal.read(1.0)
        for place, letter in enumerate(map(chr, LETTERS)):
            if place % (SIZE[0] // 2) == 0:
                terminal.press(BACKSPACE * (SIZE[0] // 2))
                terminal.read(0.5)
            pressed, queued = time.perf_counter(), terminal.queued()
            terminal.press(letter)
            if not terminal.read(5.0, letter.encode()):
                raise TimeoutError(f"the key {letter} was not answered within 5 s")
            waits.append(1000 * (time.perf_counter() - pressed))
            own.append(waits[-1] - 1000 * (terminal.queued() - queued))
            terminal.read(0.05 + 0.1 * (ord(letter) % 7) / 7)
    name = f"key to paint at {rate} tokens/s"
    return [
        (f"{name}: p50 of {len(waits)} keys", f"{sorted(waits)[len(waits) // 2]:.0f} ms"),
        (f"{name}: p99 (aim: 50 ms)", f"{sorted(waits)[int(len(waits) * 0.99)]:.0f} ms"),
        (f"{name}: p99 but for waits for a core that others had", f"{sorted(own)[int(len(own) * 0.99)]:.0f} ms"),
    ]


def line(home: Path, seconds: float, aim: str, *options: str, rate: int = 100) -> list[Row]:
    """What is written to the terminal a second while a reply streams."""
    notes = home / "notes.json"
    with talking(home, rate, seconds + SETTLED, *options) as terminal:
        terminal.read(SETTLED)
        before, start = terminal.written, time.perf_counter()
        while not notes.exists():
            terminal.read(0.1)
        measured = json.loads(notes.read_text())
        written = (terminal.written - before) / (time.perf_counter() - start)
    name = " ".join(["written at", f"{rate} tokens/s", *options])
    return [
        (f"{name} (aim: {aim})", f"{written / 1000:.1f} KB/s"),
        (f"{name}: share of one core", f"{100 * measured['cpu'] / measured['seconds']:.0f} %"),
    ]


def memory(home: Path) -> list[Row]:
    """What the app holds in memory as events go by."""
    notes = home / "notes.json"
    with talking(home, 0, 0.0) as terminal:
        while not notes.exists():
            terminal.read(0.5)
    held = {int(events): size / 1e6 for events, size in json.loads(notes.read_text())["memory"].items()}
    return [(f"memory after {events:,} events", f"{size:.0f} MB") for events, size in held.items()]


def talking(home: Path, rate: int, seconds: float, *options: str) -> Line:
    """The app on an engine that talks, from its first words on."""
    project, notes = home / "talk", home / "notes.json"
    notes.unlink(missing_ok=True)
    if not project.exists():
        Project.create(project, settings_text("how long does it take?", name="bench"))
    arguments = (str(project), str(notes), str(rate), str(seconds), *options)
    terminal = Line("benchmarks.talking", *arguments, home=home)
    terminal.wait(PANE)
    return terminal


if __name__ == "__main__":
    for name, value in run():
        print(f"{name:<76}{value:>10}", flush=True)
