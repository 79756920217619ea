"""The watchdog barks at what keeps the UI loop, and at nothing else."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.app import App

from core.events import State
from tests.app_stage import app_on, laboratory, opened, until
from tests.kept import Clocks
from tests.watchdog import LIMIT, WORK, _work, watched


def spin(seconds: float) -> None:
    """Compute for so long, on a core as quick as the limits are meant for."""
    for _ in range(round(seconds / WORK)):
        _work()


def sleep(seconds: float) -> None:
    """Do nothing for so long."""
    time.sleep(seconds)


def write_down(seconds: float, file: Path) -> None:
    """Wait for a disk that takes its time: a pipe that is read late."""
    reader = threading.Timer(seconds, file.read_bytes)
    reader.start()
    with file.open("w") as pipe:
        pipe.write("done")
    reader.join()


async def on_the_loop(call: Callable[..., object], *arguments: object) -> None:
    """Let a watched app make a call."""
    with watched():
        async with App[None]().run_test() as pilot:
            pilot.app.call_later(call, *arguments)
            await pilot.pause()


async def in_the_laboratory(folder: Path, call: Callable[..., object], *arguments: object) -> None:
    """Let the app make a call on the stage that all tests of the app stand on."""
    async with opened(app_on(folder)) as pilot:
        laboratory(pilot).call_later(call, *arguments)
        await pilot.pause()


KEPT = r"ms, \d+ of them CPU, in"


@pytest.mark.parametrize(("keep", "seconds"), [(spin, 0.2), (sleep, 0.08)])  # to compute may take longer on a slow core
async def test_a_callback_that_computes_or_sleeps_is_a_fault(keep: Callable[..., object], seconds: float) -> None:
    with pytest.raises(AssertionError, match=KEPT):
        await on_the_loop(keep, seconds)


async def test_a_callback_that_waits_for_a_file_is_a_fault(tmp_path: Path) -> None:
    os.mkfifo(file := tmp_path / "slow")
    with pytest.raises(AssertionError, match=KEPT):
        await on_the_loop(write_down, 0.2, file)


async def test_to_wait_for_a_core_that_others_have_is_no_fault() -> None:
    clocks = Clocks()
    start = clocks.now()
    spin(0.01)
    kept, computed = clocks.kept(start._replace(wall=start.wall - 1, queued=start.queued - 1))  # as if queued for 1 s
    clocks.close()
    assert computed <= kept < 0.5


async def test_to_wait_for_the_interpreter_is_no_fault_and_to_wait_for_a_lock_is() -> None:
    clocks, lock = Clocks(), threading.Lock()
    hog = threading.Thread(target=sum, args=(range(20_000_000),))  # in one go, without letting go of the interpreter
    start = clocks.now()
    hog.start()
    waited, _ = clocks.kept(start)
    hog.join()
    lock.acquire()
    threading.Timer(0.2, lock.release).start()
    start = clocks.now()
    lock.acquire()
    locked, _ = clocks.kept(start)
    clocks.close()
    assert waited < LIMIT < locked


@pytest.mark.parametrize(
    ("call", "event"),
    [
        (lambda: subprocess.run([sys.executable, "--version"], check=True), "subprocess.Popen"),
        (lambda: os.system("true"), "os.system"),
    ],
)
async def test_a_call_that_blocks_is_a_fault_however_quick_it_is(call: Callable[[], object], event: str) -> None:
    with pytest.raises(AssertionError, match=event):
        await on_the_loop(call)


async def test_the_test_itself_and_other_threads_may_compute() -> None:
    with watched() as dog:
        async with App[None]().run_test() as pilot:
            spin(2 * LIMIT)
            await asyncio.to_thread(spin, 2 * LIMIT)
            await pilot.pause()
    assert 0 < dog.longest < LIMIT


async def test_a_short_call_is_no_fault_and_the_loop_is_left_as_it_was() -> None:
    before = asyncio.get_running_loop().call_soon
    await on_the_loop(spin, LIMIT / 10)
    assert asyncio.get_running_loop().call_soon == before


async def test_every_test_on_the_stage_of_the_app_is_watched(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="the UI loop was kept"):
        await in_the_laboratory(tmp_path, sleep, 0.08)


async def test_a_study_is_opened_watched_and_walked_through_within_the_limit(tmp_path: Path) -> None:
    for place in "abc":  # what keeps the loop keeps it every time; a hiccup of the machine does not
        (tmp_path / place).mkdir()
        faults = await faults_of_a_study(tmp_path / place)
        if not faults:
            return
    raise AssertionError("the UI loop was kept, three times over:\n" + "\n".join(faults))


async def faults_of_a_study(folder: Path) -> list[str]:
    """Open a study, run it to its end and look at every pane."""
    try:
        async with opened(app_on(folder, 8), limit=LIMIT) as pilot:
            await pilot.press("space")
            await until(pilot, lambda: laboratory(pilot).board.state is State.FINISHED)
            await pilot.press(*"123456z", "down", "pagedown", "z", "tab")
    except AssertionError as error:
        return str(error).splitlines()[1:]
    return []
