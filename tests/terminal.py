"""A real pseudo-terminal with a program in it: press keys, wait for text, read the screen as a person would."""

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
from pathlib import Path

import pyte

from tests.engines import end_engines


class _Screen(pyte.Screen):
    """pyte's screen, deaf to the private sequences that it does not know."""

    def report_device_status(self, mode: int = 0, **_: object) -> None:
        return

    def select_graphic_rendition(self, *attributes: int, private: bool = False) -> None:
        if not private:
            super().select_graphic_rendition(*attributes)

    def set_margins(self, *arguments: int, **_: object) -> None:
        super().set_margins(*arguments)


class Terminal:
    """`labtop` with `arguments` in a terminal of `columns` × `rows`; use as a context manager.

    `variables` are put into its environment. Engines at work under `home` are ended with it.
    """

    def __init__(
        self, *arguments: str, home: Path, columns: int = 120, rows: int = 40, term: str = "", **variables: str
    ) -> None:
        self._home = home
        self._screen = _Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""
        """All bytes that the program has sent."""
        kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        environment = {
            **kept,
            "TERM": term or "xterm-256color",
            "COLORTERM": "" if term else "truecolor",
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            **variables,
        }
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            # An explicit environment: readline puts COLUMNS into the process's own behind Python's back.
            os.execve(sys.executable, [sys.executable, "-m", "labtop", *arguments], environment)
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        if self._file >= 0:
            os.close(self._file)
        end_engines(self._home)

    @property
    def text(self) -> str:
        """The screen as text."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size, as a person does with the mouse."""
        self._screen.resize(rows, columns)
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def colour_of(self, text: str) -> str:
        """The colour in which `text` begins on the screen."""
        for y, line in enumerate(self._screen.display):
            if text in line:
                return str(self._screen.buffer[y][line.index(text)].fg)
        raise AssertionError(f"{text!r} is not on the screen:\n{self.text}")

    def read(self, seconds: float, quiet: float | None = None) -> bool:
        """Take in what the program writes for so long, or until it writes no more for `quiet`; False once it ended."""
        end = time.monotonic() + seconds
        wrote = False
        while (left := end - time.monotonic()) > 0:
            wait = min(left, quiet) if quiet is not None and wrote else left
            if not select.select([self._file], [], [], wait)[0]:
                return True
            try:
                data = os.read(self._file, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.written += data
            self._stream.feed(data)
            wrote = True
        return True

    def until(self, text: str, seconds: float = 60) -> None:
        """Wait until `text` stands on the screen."""
        end = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < end, f"{text!r} never came:\n{self.text}"
            alive = self.read(0.1, quiet=0.0)
            assert alive or text in self.text, f"ended before {text!r} came:\n{self.text}"

    def press(self, *keys: str) -> None:
        """Send keys as the terminal would, each once the program has said what came of the one before."""
        for key in keys:
            os.write(self._file, key.encode())
            self.read(0.3, quiet=None if key == "\x1b" else 0.05)  # what follows an escape at once is one key with it

    def hang_up(self, seconds: float = 10) -> None:
        """Close the line, as a lost SSH connection does, and wait for the program's end."""
        os.close(self._file)
        self._file = -1
        end = time.monotonic() + seconds
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            assert time.monotonic() < end, "still running without a terminal"
            time.sleep(0.05)

    def ended(self, seconds: float = 30) -> int:
        """Wait for the end; the exit code."""
        end = time.monotonic() + seconds
        while self.read(0.2):
            assert time.monotonic() < end, f"still running:\n{self.text}"
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
