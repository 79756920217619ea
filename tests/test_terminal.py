"""The demo in a real pseudo-terminal: start, step, roll back, undo, quit, resume."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from core.workspace.project import Project
from tests.terminal import Terminal


def numbers(project: Path) -> list[int]:
    return [logged.turn.number for logged in Project.open(project).log()]


def test_the_demo_is_started_stepped_rolled_back_left_and_resumed(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with Terminal("demo", str(folder), home=tmp_path) as terminal:
        terminal.until("built-in researcher")
        terminal.until("SUMMARY")
        terminal.press(" ")
        terminal.until("paused")
        held = max(numbers(folder))
        terminal.press("n")
        terminal.until(f"turn {held + 1}")
        terminal.until("paused")
        assert max(numbers(folder)) == held + 1
        terminal.press("5", "\x1b[B", "r")
        terminal.until("Roll back to turn")
        terminal.press("\r")
        terminal.until(f"turn {held}")
        terminal.read(1.0)
        assert max(numbers(folder)) == held
        terminal.press("u")
        terminal.read(2.0)
        assert max(numbers(folder)) == held + 1
        terminal.press("q")
        assert terminal.ended() == 0
    assert Project.open(folder).holder() is None
    with Terminal("open", str(folder), home=tmp_path, columns=80, rows=24) as again:
        again.until("paused")
        again.press("n")
        end = time.monotonic() + 60
        while max(numbers(folder)) < held + 2:
            assert time.monotonic() < end, again.text
            again.read(0.2)
        again.press("q")
        assert again.ended() == 0
    fsck = subprocess.run(["git", "-C", str(folder), "fsck", "--strict"], capture_output=True, check=False)
    assert fsck.returncode == 0
