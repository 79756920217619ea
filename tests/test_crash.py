"""kill -9 at random instants of real runs: nothing acknowledged is lost, and the run goes on."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.create import create_project
from core.workspace.project import Project

KILLS = int(os.environ.get("LABTOP_KILLS", "8"))
"""`make crash` sets it to 200; so does the pipeline, once."""
QUESTIONS = [
    "Are tree ensembles more sensitive to label noise than linear models on iris?",
    "Which model family is best on wine?",
    "Do nearest neighbours need more training data than naive Bayes on iris?",
]


def run_until(project: Path, seconds: float, *more: str) -> tuple[list[int], int | None]:
    """Run a project for so long, then kill its group; the turns it acknowledged, and its exit code if it ended."""
    command = [sys.executable, "-m", "labtop", "run", str(project), "--json", *more]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = child.communicate(timeout=seconds)
        assert child.returncode == 0, err.decode()
        code = child.returncode
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        out, _ = child.communicate()
        code = None
    return [number for line in out.decode().splitlines() if (number := _acknowledged(line))], code


def _acknowledged(line: str) -> int:
    try:
        event = json.loads(line)
    except ValueError:
        return 0  # the line that the kill cut
    return int(event["turn"]["number"]) if event["event"] == "TurnCommitted" else 0


def check(project: Path, acknowledged: set[int]) -> None:
    fsck = subprocess.run(
        ["git", "-C", str(project), "fsck", "--strict", "--no-dangling"], capture_output=True, text=True, check=False
    )
    assert fsck.returncode == 0, fsck.stdout + fsck.stderr
    numbers = [logged.turn.number for logged in Project.open(project).log()]
    assert numbers == sorted(set(numbers), reverse=True)
    assert acknowledged <= set(numbers)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_kill_9_at_any_instant_loses_at_most_the_turn_in_flight(tmp_path: Path) -> None:
    chance = random.Random(2025)
    kills, round_ = 0, 0
    project, acknowledged = tmp_path / "none", set[int]()
    while kills < KILLS:
        if not project.exists():
            project = tmp_path / f"project-{round_}"
            create_project(project, QUESTIONS[round_ % len(QUESTIONS)], seed=round_)
            round_, acknowledged = round_ + 1, set()
        told, code = run_until(project, chance.uniform(0.4, 2.0))
        acknowledged |= set(told)
        check(project, acknowledged)
        if code is None:
            kills += 1
        else:
            project = tmp_path / "none"
    if project.exists():
        before = Project.open(project).log(1)[0].turn.number
        told, code = run_until(project, 120, "--turns", "2")
        assert code == 0
        assert not told or told[0] == before + 1
