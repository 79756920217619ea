"""The screen in a pseudo-terminal: opening, keys while a reply streams, what goes over the line, memory.

`make bench-ui` prints it, each figure next to its aim. Times are by the clock; where others on the machine may have
disturbed them, the same without the waits for a core that others had is told, too.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median

from benchmarks import first_paint
from benchmarks.history import lengthened, turn
from benchmarks.table import Figure, share
from benchmarks.table import line as line_of
from benchmarks.terminal import SIZE, WAIT, Line
from core.ledger import FILE, Account
from core.logbook import Logbook
from core.settings import settings_text
from core.workspace.project import Project

LONG = 10_000
"""Turns of the project that is opened."""

LETTERS = [*range(0x0410, 0x0460), *range(0x048A, 0x0500), *range(0x0531, 0x0557)]
"""Characters that stand nowhere on the screen, so that each key is known by its own."""

SETTLED = 2.0
"""Seconds after which all panes are filled."""
BACKSPACE = "\x7f"
PANE = b"Phases"
"""A pane's title: it is written once, with the laboratory's first frame."""


def figures(seconds: float = 20.0) -> Iterator[Figure]:
    """All measurements, each as soon as it is made; takes about four minutes."""
    with tempfile.TemporaryDirectory(prefix="labtop-bench-") as folder:
        home = Path(folder)
        yield from first_paint.figures()
        yield from opening(home)
        yield from keys(home)
        yield from line(home, seconds, 30)
        yield from line(home, seconds, 10, "--slow-link")
        yield from memory(home)


def opening(home: Path, repeats: int = 7) -> list[Figure]:
    """From the command line to the last turn on the screen, its engine started beside it."""
    long_project(home / "long")
    took, own, painted = [], [], []
    for _ in range(repeats):
        with Line(["-m", "labtop", "open", str(home / "long")], home) as terminal:
            painted.append(terminal.wait(first_paint.WORDS))
            took.append(terminal.wait(f"turn {LONG}".encode()))
            own.append(took[-1] - terminal.queued())
            terminal.leave()
    after = [whole - first for whole, first in zip(took, painted, strict=True)]
    name = f"opening {LONG:,} turns"
    return [
        Figure(f"{name}, from the command to the last turn: median of {repeats}", median(took), "s", 2, aim=1),
        Figure(f"{name}: median but for waits for a core that others had", median(own), "s", 2),
        Figure(f"{name}: quickest", min(took), "s", 2),
        Figure(f"{name}: of it after the first paint, median", median(after), "s", 2),
    ]


def long_project(path: Path) -> None:
    """A project with as long a history, and as long a ledger of what it has cost."""
    project = lengthened(path, LONG)
    commits = [summary.commit for summary in reversed(project.summaries())]
    spent = turn(1).cost
    calls = {"calls": spent.calls, "prompt_tokens": spent.prompt_tokens, "completion_tokens": spent.completion_tokens}
    paid = {**calls, "nanos": round(spent.money * 1e9)}
    lines: list[dict[str, object]] = []
    for number, (before, after) in enumerate(pairwise(commits), 1):
        account = asdict(Account(number, before, turn(number).phase, turn(number).agent, "benchmark"))
        lines.append({"kind": "reserve", "id": str(number), "account": account, "worst": paid, "time": "2026-01-01"})
        lines.append({"kind": "settle", "id": str(number), "sum": paid})
        lines.append({"kind": "commit", "turn": number, "at": before, "commit": after})
    ledger = Logbook(project.private(FILE))
    with ledger.locked(writing=True):
        ledger.begins_anew()
        ledger.add(lines)


def keys(home: Path, rate: int = 500) -> list[Figure]:
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
        Figure(f"{name}: median of {len(waits)} keys", median(waits), "ms"),
        Figure(f"{name}: p99", share(waits, 0.99), "ms", aim=50),
        Figure(f"{name}: p99 but for waits for a core that others had", share(own, 0.99), "ms"),
    ]


def line(home: Path, seconds: float, aim: float, *options: str, rate: int = 100) -> list[Figure]:
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
        Figure(name, written / 1000, "KB/s", 1, aim=aim),
        Figure(f"{name}: share of one core", 100 * measured["cpu"] / measured["seconds"], "%"),
    ]


def memory(home: Path) -> list[Figure]:
    """What the app holds in memory as events go by, once its panes are full."""
    notes = home / "notes.json"
    with talking(home, 0, 0.0) as terminal:
        while not notes.exists():
            terminal.read(0.5)
    held = {int(events): size / 1e6 for events, size in json.loads(notes.read_text())["memory"].items()}
    first, last = min(held), max(held)
    grown = slope(list(held), list(held.values())) * (last - first)
    return [
        Figure(f"memory after {first:,} events", held[first], "MB", 1),
        Figure(f"memory after {last:,} events", held[last], "MB", 1),
        Figure(
            f"memory: growth in between, by a line through {len(held)} readings", 100 * grown / held[first], "%", 1, 5
        ),
    ]


def slope(places: Sequence[float], values: Sequence[float]) -> float:
    """How steep the straight line is that fits best."""
    middle, mean = fmean(places), fmean(values)
    across = sum((place - middle) ** 2 for place in places)
    return sum((place - middle) * (value - mean) for place, value in zip(places, values, strict=True)) / across


def talking(home: Path, rate: int, seconds: float, *options: str) -> Line:
    """The app on an engine that talks, from its first words on."""
    project, notes = home / "talk", home / "notes.json"
    notes.unlink(missing_ok=True)
    if not project.exists():
        Project.create(project, settings_text("how long does it take?", name="bench"))
    terminal = Line(["-m", "benchmarks.talking", str(project), str(notes), str(rate), str(seconds), *options], home)
    terminal.wait(PANE)
    return terminal


if __name__ == "__main__":
    for figure in figures():
        print(line_of(figure), flush=True)
