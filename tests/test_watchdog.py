"""The watchdog barks at what keeps the UI loop, and at nothing else."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.app import App

from core.events import State
from tests.app_stage import app_on, laboratory, opened, until
from tests.watchdog import LIMIT, watched


def spin(seconds: float) -> None:
    """Compute for so long, by this thread's own clock."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))


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


async def test_a_callback_that_computes_for_long_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="ms of CPU in"):
        await on_the_loop(spin, 20 * LIMIT)


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
        await in_the_laboratory(tmp_path, spin, 20 * LIMIT)


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
