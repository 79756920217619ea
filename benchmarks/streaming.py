"""Streaming 500 tokens a second into the chat pane, in a real pseudo-terminal: its cost, and what a key then takes.

A child process runs the pane with twenty earlier turns; the parent types a key now and then and waits until the answer
to that very key has been painted.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import random
import select
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

TOKENS_PER_SECOND = 500
EARLIER_TURNS = 20
SIZE = (120, 40)
PROSE = "The forest still sees **clean** labels in the bootstrap, so I draw the noise `once` per seed and share it. "
LIST = "\n\n- one level of noise after the other\n- five seeds each, *paired* over the families\n\n"
CODE = "```python\nrng = np.random.default_rng(seed)\nfor name, model in models.items():\n    fit(model, X)\n```\n\n"


def run(seconds: float = 6.0) -> list[tuple[str, str]]:
    """The measurements as (name, value) rows."""
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes.json"
        waits, written = _drive([sys.executable, __file__, "--child", str(seconds), str(notes)], seconds)
        measured = json.loads(notes.read_text())
    waits.sort()
    name = f"streaming {TOKENS_PER_SECOND} tokens/s"
    return [
        (f"{name}: tokens shown a second", f"{measured['tokens'] / measured['seconds']:.0f}"),
        (f"{name}: share of one core", f"{100 * measured['cpu'] / measured['seconds']:.0f} %"),
        (f"{name}: key to paint, p50 of {len(waits)} keys", f"{1000 * waits[len(waits) // 2]:.0f} ms"),
        (f"{name}: key to paint, p95", f"{1000 * waits[int(len(waits) * 0.95)]:.0f} ms"),
        (f"{name}: written to the terminal", f"{written / 1000 / measured['seconds']:.0f} KB/s"),
    ]


def _drive(command: list[str], seconds: float) -> tuple[list[float], int]:
    """Run the child in a terminal and type; seconds from each key to its answer, and the bytes that were written."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
    _read_until(terminal, b"<0>", time.monotonic() + 30)
    waits: list[float] = []
    written = 0
    end = time.monotonic() + seconds - 1
    while time.monotonic() < end:
        written += len(_read_until(terminal, None, time.monotonic() + random.uniform(0.08, 0.16)))
        pressed = time.monotonic()
        os.write(terminal, b"z")
        written += len(_read_until(terminal, f"<{len(waits) + 1}>".encode(), pressed + 10))
        waits.append(time.monotonic() - pressed)
    _read_until(terminal, None, time.monotonic() + 60)
    os.waitpid(child, 0)
    return waits, written


def _read_until(terminal: int, mark: bytes | None, end: float) -> bytes:
    """Read what the child writes until `mark` is in it, the time is over or the child is gone."""
    data = b""
    while (left := end - time.monotonic()) > 0 and (mark is None or mark not in data):
        if select.select([terminal], [], [], left)[0]:
            try:
                data += os.read(terminal, 65536)
            except OSError:
                break
    return data


def _child(seconds: float, notes: Path) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from textual.app import App, ComposeResult
    from textual.content import Content
    from textual.widgets import Static

    from core.record import Agent, Phase, Status, Turn
    from tui.panes.chat import ChatPane

    text = (PROSE * 3 + LIST + CODE) * 200
    reply = PROSE * 6 + LIST + CODE + PROSE * 4

    def turn(number: int) -> Turn:
        return Turn(number, Phase.PLAN, Agent.POSTDOC, "", "DIALOGUE", "", reply, Status.OK, "Said to the PhD student.")

    class Streaming(App[None]):
        CSS = "ChatPane { height: 1fr; } Static#keys { height: 1; }"

        def __init__(self) -> None:
            super().__init__()
            self.pressed = 0
            self.tokens = 0
            self.place = 0
            self.started = self.cpu = 0.0

        def compose(self) -> ComposeResult:
            yield Static(Content("<0>"), id="keys")
            yield ChatPane()

        def on_mount(self) -> None:
            self.animation_level = "none"
            self.query_one(ChatPane).load([turn(number) for number in range(1, EARLIER_TURNS + 1)])
            self.query_one(ChatPane).begin(EARLIER_TURNS + 1, "ML engineer · running experiments")
            self.call_after_refresh(self.start)

        def start(self) -> None:
            self.started, self.cpu = time.monotonic(), time.process_time()
            self.set_interval(1 / 20, self.drain)

        def drain(self) -> None:
            passed = time.monotonic() - self.started
            if passed >= seconds:
                cpu = time.process_time() - self.cpu
                notes.write_text(json.dumps({"tokens": self.tokens, "seconds": passed, "cpu": cpu}))
                self.exit()
                return
            due = int(passed * TOKENS_PER_SECOND) - self.tokens
            piece = text[self.place : self.place + 4 * due]
            self.tokens, self.place = self.tokens + due, self.place + 4 * due
            self.query_one(ChatPane).stream(piece)

        def on_key(self) -> None:
            self.pressed += 1
            self.query_one("#keys", Static).update(Content(f"<{self.pressed}>"))

    Streaming().run()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(float(sys.argv[2]), Path(sys.argv[3]))
    else:
        for name, value in run():
            print(f"{name:<64}{value:>14}")
