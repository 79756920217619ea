"""Turns and projects for the workspace's tests."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from core.record import Agent, Cost, Phase, Score, Status, Turn
from core.workspace.project import Project


def sample_turn(number: int, subject: str = "", agent: Agent = Agent.ML_ENGINEER, score: Score | None = None) -> Turn:
    """A turn of the experiments phase that cost one call, 120 tokens and a cent."""
    return Turn(
        number=number,
        phase=Phase.EXPERIMENTS,
        agent=agent,
        model="test model",
        command=f"EDIT {number}-{number + 1}",
        subject=subject or f"step {number}",
        reply=f"reply {number}\n```EDIT {number} {number + 1}\nx\n```",
        status=Status.OK,
        outcome="It ran.",
        score=score,
        cost=Cost(1, 100, 20, 0.01, 1.5),
        time=f"2026-01-01T12:{number % 60:02}:00+01:00",
    )


def sample_changes(number: int) -> dict[str, str | bytes | None]:
    """What such a turn writes; the kind of change varies with the number."""
    changes: dict[str, str | bytes | None] = {
        "experiment/main.py": f"print({number})\r\n" * 3,
        "results/metrics.json": f'{{"value": {number}}}\n',
        "figures/curve.pdf": b"%PDF\x00\xff" + bytes([number % 256]),
    }
    if number % 3 == 0:
        changes[f"literature/papers/{number}.md"] = f"# paper {number}\n"
    if number % 3 == 1 and number > 3:
        changes[f"literature/papers/{number - 1}.md"] = None
    return changes


def sample_project(folder: Path, turns: int = 0) -> Project:
    """A new project with some turns."""
    project = Project.create(folder, 'name = "sample"\n', {"data/raw/rows.csv": "a,b\n1,2\n"})
    for number in range(1, turns + 1):
        score = Score("accuracy", number / 100, number / 100, kept=number % 2 == 0)
        project.commit(sample_turn(number, score=score), sample_changes(number))
    return project


def tree(project: Project) -> dict[str, str]:
    """Every file of the worktree (ignored ones too) with a digest of its bytes."""
    return {
        str(path.relative_to(project.path)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(project.path.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(project.path).parts
    }


def plain_git(project: Project, *arguments: str, check: bool = True, said: str = "") -> str:
    """Git as the person would call it, without any hardening."""
    ident = {f"GIT_{who}_{what}": "person@here" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", "-C", str(project.path), *arguments],
        input=said,
        capture_output=True,
        text=True,
        env={**os.environ, **ident},
    )
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout


def assert_sound(project: Project) -> None:
    """The repository passes the strictest check and the tree is the last commit's."""
    assert plain_git(project, "fsck", "--strict", "--no-dangling") == ""
    assert plain_git(project, "status", "--porcelain") == ""
    assert project.hand_edits() is None
