"""Temporary folders of programs: gone after use, swept after a kill, never taken from one who is alive."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from core.sandbox.scratch import scratch, sweep

HOLDER = """
import asyncio, sys, time
from core.sandbox.scratch import scratch

async def main():
    async with scratch() as folder:
        (folder / "file").write_text("x")
        print(folder, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


async def test_a_folder_is_private_and_gone_afterwards() -> None:
    async with scratch() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "deep").mkdir()
    assert not folder.exists()


def test_the_folder_of_a_killed_labtop_is_swept_and_that_of_a_live_one_is_not() -> None:
    root = Path(__file__).parent.parent
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True, cwd=root)
    assert holder.stdout is not None
    with holder:
        folder = Path(holder.stdout.readline().strip())
        sweep(settled=0)
        assert (folder / "file").exists()
        holder.send_signal(signal.SIGKILL)
    sweep()
    assert folder.exists(), "a folder that was just made may not be locked yet"
    sweep(settled=0)
    assert not folder.exists()
