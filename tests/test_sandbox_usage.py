from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.sandbox import graphics, processes
from core.sandbox.outcome import Tier
from core.sandbox.run import run
from core.sandbox.tiers import why_not
from core.sandbox.usage import Usage
from core.settings import Limits

BUSY = """
import subprocess, sys, time
held = bytearray(80_000_000)
child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
time.sleep(1.7)
child.kill()
"""


@pytest.mark.parametrize("tier", list(Tier))
async def test_what_a_program_takes_is_told_while_it_runs(tier: Tier, tmp_path: Path) -> None:
    if problem := why_not(tier):
        pytest.skip(f"{tier} does not work here: {problem}")
    told: list[Usage] = []
    (tmp_path / "main.py").write_text(BUSY)
    outcome = await run(["python3", "main.py"], tmp_path, Limits(seconds=20), tier=tier, on_usage=told.append)
    assert outcome.ok, outcome.problem
    assert 1 <= len(told) <= outcome.seconds, "about once a second"
    last = told[-1]
    assert 1 <= last.seconds <= outcome.seconds
    assert max(usage.memory_mb for usage in told) > 76
    assert min(usage.memory_mb for usage in told) > 0
    assert last.memory_limit_mb == Limits().memory_mb
    assert max(usage.cpu_percent for usage in told) > 1, "the child's time counts"


async def test_a_short_program_is_not_waited_for(tmp_path: Path) -> None:
    told: list[Usage] = []
    outcome = await run(["true"], tmp_path, Limits(seconds=20), tier=Tier.PLAIN, on_usage=told.append)
    assert outcome.ok
    assert told == []


def test_cpu_time_is_counted_with_that_of_children_that_ended() -> None:
    own = processes.cpu_seconds([os.getpid()])
    assert own >= sum(os.times()[:4]) - 0.1 > 0
    assert processes.cpu_seconds([2**22 + 7]) == 0


def test_the_busiest_gpu_is_told_and_none_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphics, "_library", lambda: None)
    assert graphics.gpu_percent(tmp_path) is None
    for card, busy in ((0, "12\n"), (1, "87\n"), (2, "unknown")):
        device = tmp_path / f"class/drm/card{card}/device"
        device.mkdir(parents=True)
        (device / "gpu_busy_percent").write_text(busy)
    assert graphics.gpu_percent(tmp_path) == 87


def test_nvidias_own_library_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        """Three devices; the second does not answer."""

        def nvmlDeviceGetCount_v2(self, count) -> int:  # type: ignore[no-untyped-def]  # noqa: N802
            count._obj.value = 3
            return 0

        def nvmlDeviceGetHandleByIndex_v2(self, index: int, device) -> int:  # type: ignore[no-untyped-def]  # noqa: N802
            device._obj.value = index + 1
            return 0

        def nvmlDeviceGetUtilizationRates(self, device, busy) -> int:  # type: ignore[no-untyped-def]  # noqa: N802
            busy._obj.gpu = 20 * device.value
            return int(device.value == 2)

    monkeypatch.setattr(graphics, "_library", Library)
    assert graphics._nvidia() == [20.0, 60.0]
    assert graphics.gpu_percent(tmp_path) == 60


async def test_a_progress_bar_is_told_as_it_moves(tmp_path: Path) -> None:
    from core.clean import clean

    told: list[str] = []
    program = "import time\nfor n in range(4):\n    print(f'{n}0%', end='\\r')\n    time.sleep(0.25)\nprint('done')"
    (tmp_path / "main.py").write_text(program)
    limits = Limits(seconds=20)
    outcome = await run(["python3", "main.py"], tmp_path, limits, tier=Tier.PLAIN, on_output=told.append)
    assert outcome.ok, outcome.problem
    assert len(told) >= 3
    assert told[1].startswith("\r"), "it overwrites what came before"
    assert not any("\r" in piece[1:] for piece in told)
    assert clean("".join(told)).strip() == "done"
