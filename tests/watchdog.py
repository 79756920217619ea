"""A watchdog on the UI loop: a callback that keeps it for long, computing or blocked, fails the test it happened in.

It goes by the time for which the loop's thread was kept by itself, not by others on the machine (`tests/kept.py`), and
by the calls that block, however quick they may be here.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from tests.kept import Clocks

LIMIT = 0.05
"""Seconds for which one callback may keep the UI loop, on a core that does `_work` in `WORK`, on a screen of
`CELLS`: to paint a whole one of 200×60 takes Textual longer than that, whatever stands on it."""

CELLS = 120 * 40

THREADS = 6
"""As many as an event loop has for what blocks, on two cores."""

WORK = 0.00065
"""Seconds of CPU that `_work` takes on the machine that the limits were found on."""

NOISE = 1.5
"""How much more CPU one and the same callback takes at times, where others use the same core and caches."""

BLOCKING = (
    *("subprocess.Popen", "os.system", "os.posix_spawn", "fcntl.flock", "fcntl.lockf"),
    *("socket.connect", "socket.getaddrinfo", "shutil.copytree", "shutil.rmtree"),
)
"""Audit events of calls that wait for something outside, however quick they may be here."""

ROOT = Path(__file__).resolve().parent.parent
ENGINE = "engine"
NOT_THE_FACE = ("tests/fake_laboratory.py", "core/laboratory.py", "tui/editor.py")
"""The engine has a process of its own in life; the person's editor is to have the whole terminal."""


@dataclass(slots=True)
class Watchdog:
    """What kept the loop; steps of `excused` do not count: it is the test itself."""

    excused: asyncio.Task[Any] | None
    scale: float = 1.0
    """How many times as long anything may take on a screen of this size."""
    limit: float = LIMIT
    thread: int = field(default_factory=threading.get_ident)
    clocks: Clocks = field(default_factory=Clocks)
    longest: float = 0.0
    """Seconds for which the longest callback kept the loop."""
    faults: list[str] = field(default_factory=list)
    inside: bool = False

    def allow(self, limit: float) -> None:
        """Let a callback keep the loop for so long from now on, on a screen of `CELLS`."""
        self.limit = limit * self.scale

    def run(self, callback: Callable[..., object], *arguments: object) -> None:
        """Run a callback of the loop and see how long it takes."""
        owner = getattr(callback, "__self__", None)
        if owner is self.excused or (isinstance(owner, asyncio.Task) and owner.get_name() == ENGINE):
            callback(*arguments)
            return
        self.inside = True
        start = self.clocks.now()
        try:
            callback(*arguments)
        finally:
            self.inside = False
            took, computed = self.clocks.kept(start)
            self.longest = max(self.longest, took)
            if self._too_long(took - computed, computed):
                self.faults.append(f"{took * 1000:.0f} ms, {computed * 1000:.0f} of them CPU, in {told(callback)}")

    def _too_long(self, blocked: float, computed: float) -> bool:
        if blocked + computed <= min(self.limit, LIMIT):
            return False
        return blocked > LIMIT or blocked + computed / (slowness() * NOISE) > self.limit

    def heard(self, event: str) -> None:
        """A call that blocks was made; it is a fault on the loop's thread, in a callback of the face."""
        if self.inside and threading.get_ident() == self.thread:
            lines = callers(sys._getframe(2))
            if not any(line.startswith(NOT_THE_FACE) for line in lines):
                self.faults.append(f"{event} by {' < '.join(lines)}")


_watching: list[Watchdog] = []


@contextmanager
def watched(width: int = 120, height: int = 40, limit: float = LIMIT) -> Iterator[Watchdog]:
    """Watch the running loop of an app of this size; raises AssertionError at the end when something kept it."""
    loop = asyncio.get_running_loop()
    dog = Watchdog(asyncio.current_task(), max(1, width * height / CELLS))
    dog.allow(limit)
    usual = loop.call_soon

    def call_soon(callback: Callable[..., object], *arguments: object, context: Any = None) -> asyncio.Handle:
        return usual(dog.run, callback, *arguments, context=context)

    loop.set_default_executor(started())
    _listen()
    _watching.append(dog)
    gc.freeze()  # what other tests have left is not the app's to walk through
    loop.call_soon = call_soon  # the one way that every callback goes
    try:
        yield dog
    finally:
        loop.call_soon = usual
        gc.unfreeze()
        dog.clocks.close()
        _watching.remove(dog)
    assert not dog.faults, "the UI loop was kept:\n" + "\n".join(dog.faults)


def started() -> ThreadPoolExecutor:
    """Threads that have been started: to start one is to wait until it has had a core, which looks like blocking."""
    pool = ThreadPoolExecutor(THREADS)
    gate = threading.Barrier(THREADS + 1)
    for _ in range(THREADS):
        pool.submit(gate.wait)
    gate.wait()
    return pool


def slowness() -> float:
    """How much slower this core is just now than the one that the limits were found on; at least 1."""
    start = time.thread_time()
    for _ in range(20):
        _work()
    return max(1.0, (time.thread_time() - start) / 20 / WORK)


def told(callback: Callable[..., object]) -> str:
    """What a callback is, in words."""
    owner = getattr(callback, "__self__", None)
    return repr(owner if isinstance(owner, asyncio.Task) else callback)


def callers(frame: FrameType | None) -> list[str]:
    """The lines of ours that led to a frame, innermost first."""
    lines = []
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(ROOT) and ".venv" not in file.parts and file.name != Path(__file__).name:
            lines.append(f"{file.relative_to(ROOT)}:{frame.f_lineno}")
        frame = frame.f_back
    return lines


def _work() -> int:
    """Some work of the kind that drawing is: small objects, text and dictionaries."""
    seen: dict[str, tuple[int, str]] = {}
    for number in range(4000):
        word = f"word {number % 997}"
        seen[word] = (number, word[::-1])
    return len(seen)


def _listen() -> None:
    """Hear of calls that block; a hook of the interpreter stays for ever, so there is only one."""
    global _listening
    if not _listening:
        _listening = True
        sys.addaudithook(_hook)


_listening = False


def _hook(event: str, _: object) -> None:
    if _watching and event in BLOCKING:
        for dog in _watching:
            dog.heard(event)
