from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from core.workspace.project import Project
from tests.workspace_sample import assert_sound, plain_git, sample_changes, sample_project, sample_turn, tree

WATCHED = ("open", "os.rename", "os.remove", "os.mkdir", "os.symlink", "os.rmdir", "subprocess.Popen")


def killed_at(point: int, folder: Path, work: Callable[[], object]) -> bool:
    """Do the work in a forked process that kills itself before its `point`-th step on the project's files."""
    child = os.fork()
    if child == 0:
        steps = 0

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal steps
            if event in WATCHED and (
                event == "subprocess.Popen" or str(folder) in str(arguments) or "draft" in str(arguments)
            ):
                steps += 1
                if steps == point:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def recovered(folder: Path) -> Project:
    project = Project.open(folder)
    project.recover()
    return project


def test_a_commit_killed_before_each_of_its_steps_is_whole_or_gone(tmp_path: Path) -> None:
    sample_project(tmp_path / "p", turns=4)
    project = Project.open(tmp_path / "p")
    number, point, taken_back, complete = 5, 1, 0, 0
    killed = True
    while killed:
        before = tree(project)
        killed = killed_at(point, tmp_path, partial(project.commit, sample_turn(number), sample_changes(number)))
        project = recovered(tmp_path / "p")
        point += 1
        if project.turn_at().turn.number == number:
            assert project.turn_at().turn == sample_turn(number)
            assert project.read("experiment/main.py") == f"print({number})\r\n" * 3
            number += 1
            complete += killed
        else:
            assert tree(project) == before
            taken_back += 1
        assert plain_git(project, "status", "--porcelain") == ""
    assert taken_back > 15
    assert complete > 0
    assert not project.private("pending.json").exists()
    assert_sound(project)


def test_a_roll_back_killed_before_each_of_its_steps_is_done_or_not_begun(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=4)
    newest, tip = tree(project), project.head
    project.rollback(2)
    older, target = tree(project), project.head
    project.undo()
    point, finished = 1, 0
    while killed_at(point, tmp_path, partial(project.rollback, target)):
        project = recovered(tmp_path / "p")
        if project.head == target:
            assert tree(project) == older
            assert plain_git(project, "status", "--porcelain") == ""
            project.undo()
            finished += 1
        assert project.head == tip
        assert tree(project) == newest
        point += 1
    assert point > 20
    assert finished > 5
    assert_sound(recovered(tmp_path / "p"))


def test_what_the_person_changed_after_the_crash_is_left_alone(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=2)
    # the first point at which files are written and nothing is committed yet
    point = 1
    while True:
        assert killed_at(point, tmp_path, partial(project.commit, sample_turn(3), sample_changes(3)))
        if project.read("experiment/main.py").startswith("print(3)"):
            break
        recovered(tmp_path / "p")
        point += 1
    (project.path / "experiment/main.py").write_text("print('mine')\n")
    project = recovered(tmp_path / "p")
    assert project.turn_at().turn.number == 2
    assert project.read("experiment/main.py") == "print('mine')\n"
    edits = project.hand_edits()
    assert edits is not None
    assert edits.paths == ("experiment/main.py",)


WORKER = """
import sys
from pathlib import Path
from core.workspace.project import Project
from tests.workspace_sample import sample_changes, sample_turn
project = Project.open(Path(sys.argv[1]))
with project.lock():
    project.recover()
    while True:
        number = project.summaries(1)[0].number + 1
        project.commit(sample_turn(number), sample_changes(number))
        print(number, flush=True)
        if number % 10 == 0:
            project.rollback(number - 4)
            project.undo()
"""


def family(pid: int) -> list[int]:
    """A process and all that descend from it, stopped so that none escapes."""
    os.kill(pid, signal.SIGSTOP)
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = [pid]
    for child in map(int, children):
        with suppress(OSError):
            found += family(child)
    return found


def test_a_worker_killed_at_random_instants_loses_no_acknowledged_turn(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p")
    chance = random.Random(7)
    acknowledged = 0
    for kill in range(20):
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(project.path)], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert worker.stdout is not None
        line = worker.stdout.readline()
        time.sleep(chance.uniform(0, 0.15))
        # by turns labtop alone dies and its git lives on, or both die
        victims = family(worker.pid) if kill % 2 else [worker.pid]
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        rest = worker.stdout.read()
        worker.wait()
        acknowledged = max([acknowledged, *map(int, (line + rest).split())])
        project = recovered(tmp_path / "p")
        if project.turn_at().turn.number < acknowledged:
            project.undo()  # killed between its roll-back and its undo
        number = project.turn_at().turn.number
        assert number in (acknowledged, acknowledged + 1), f"kill {kill}"
        assert plain_git(project, "status", "--porcelain") == "", f"kill {kill}"
    assert_sound(project)


def test_stale_locks_and_litter_of_killed_git_are_removed(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=2)
    assert killed_at(30, tmp_path, partial(project.commit, sample_turn(3), sample_changes(3)))
    litter = ["index.lock", "HEAD.lock", "refs/heads/main.lock", "objects/pack/tmp_pack_x", "objects/ab/tmp_obj_y"]
    for name in litter:
        (project.path / ".git" / name).parent.mkdir(exist_ok=True)
        (project.path / ".git" / name).touch()
    project = Project.open(tmp_path / "p")
    with project.lock():
        project.recover()
        assert [name for name in litter if (project.path / ".git" / name).exists()] == []
        project.commit(sample_turn(3), sample_changes(3))
    assert_sound(project)


def test_recovery_waits_for_a_git_that_outlived_its_labtop(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=1)
    busy = project.private("busy")
    orphan = subprocess.Popen(["flock", "--shared", str(busy), "sleep", "0.7"])
    time.sleep(0.3)
    start = time.monotonic()
    with project.git.quiet():
        waited = time.monotonic() - start
    orphan.wait()
    assert waited > 0.2


def test_a_journal_that_cannot_be_read_stops_with_an_explanation(tmp_path: Path) -> None:
    from core.errors import ProjectError

    project = sample_project(tmp_path / "p")
    for text in ("", "[]", '{"plan": "Moving"}', '{"plan": "Writing", "turn": 1, "x": 2}'):
        project.private("pending.json").write_text(text)
        with pytest.raises(ProjectError, match="cannot be read"):
            project.recover()
