"""The plain mode, `labtop run`: a transcript that can be read aloud, and says what is waited for and what was spent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from core.create import create_project
from core.headless import WAITING
from tests.served import set_in


def run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "labtop", "run", str(project), *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "XDG_STATE_HOME": str(project.parent / "state"), "TERM": "dumb"},
    )


def test_a_turn_that_waits_for_a_person_says_so_and_what_to_do(tmp_path: Path) -> None:
    project = create_project(tmp_path / "p", "Which model family is best on iris?", copilot="turn").path
    set_in(project, arxiv=False, hub=False)
    told = run(project)
    assert told.returncode == WAITING, told.stderr
    assert "Phase 1 of 7: Literature review" in told.stdout
    assert "waiting: PhD student wants SUMMARY" in told.stdout
    assert f"Next: decide in the app (labtop open {project})" in told.stdout
    assert "So far 1 calls" in told.stdout
    assert "$0.00" in told.stdout
    assert "\x1b" not in told.stdout


def test_json_lines_stay_json(tmp_path: Path) -> None:
    project = create_project(tmp_path / "p", "Which model family is best on iris?").path
    told = run(project, "--turns", "1", "--json")
    assert all(line.startswith("{") for line in told.stdout.splitlines())
