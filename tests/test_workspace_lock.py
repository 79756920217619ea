from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core.errors import ProjectLocked
from core.workspace.project import Project
from core.workspace.watch import filesystem, watch
from tests.workspace_sample import sample_changes, sample_project, sample_turn

HOLD = """
import sys, time
from pathlib import Path
from core.workspace.project import Project
with Project.open(Path(sys.argv[1])).lock():
    print("held", flush=True)
    time.sleep(60)
"""


def holding(project: Project) -> subprocess.Popen[str]:
    worker = subprocess.Popen([sys.executable, "-c", HOLD, str(project.path)], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "held\n"
    return worker


def test_a_second_process_is_refused_and_told_who_holds_the_project(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=1)
    assert project.holder() is None
    worker = holding(project)
    try:
        assert project.holder() == worker.pid
        with (
            pytest.raises(ProjectLocked, match=f"process {worker.pid} .* for 0 s|process {worker.pid} .* for 1 s"),
            project.lock(),
        ):
            pass
        for change in (
            lambda: project.commit(sample_turn(2), sample_changes(2)),
            lambda: project.rollback(0),
            lambda: project.recover(),
        ):
            with pytest.raises(ProjectLocked):
                change()
        assert project.turn_at().turn.number == 1
    finally:
        worker.kill()
        worker.wait()


def test_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p")
    worker = holding(project)
    worker.kill()
    worker.wait()
    assert project.holder() is None
    with project.lock():
        assert project.holder() == os.getpid()
        project.commit(sample_turn(1), {})
    assert project.holder() is None


def test_children_do_not_inherit_the_lock(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p")
    with project.lock():
        project.commit(sample_turn(1), {})
        child = subprocess.Popen(["sleep", "30"], close_fds=False)
    try:
        assert project.holder() is None
        with Project.open(project.path).lock():
            pass
    finally:
        child.kill()
        child.wait()


def test_the_lock_may_be_taken_again_by_its_holder(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p")
    with project.lock():
        with project.lock():
            pass
        assert project.holder() == os.getpid()


def test_what_is_private_stays_out_of_the_tree_and_of_others_sight(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p")
    path = project.private("replies/ab/cdef")
    path.write_text("reply")
    assert path.is_relative_to(project.path / ".git" / "labtop")
    assert [folder.stat().st_mode & 0o777 for folder in (path.parent, project.path / ".git/labtop")] == [0o700, 0o700]
    assert project.hand_edits() is None


class Heard:
    """Gathers what a watch tells."""

    def __init__(self) -> None:
        self.calls: list[frozenset[str]] = []
        self.told = threading.Event()

    def __call__(self, paths: frozenset[str]) -> None:
        self.calls.append(paths)
        self.told.set()

    @property
    def paths(self) -> set[str]:
        return {path for call in self.calls for path in call}

    def wait_for(self, path: str) -> None:
        deadline = time.monotonic() + 5
        while path not in self.paths:
            assert time.monotonic() < deadline, f"{path} was not told of, only {self.paths}"
            time.sleep(0.02)


def test_a_watch_tells_of_edits_once_and_not_of_git_s_or_of_reading(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=1)
    heard = Heard()
    stop = watch(project.path, heard)
    try:
        project.read("plan.md")
        project.log()
        project.private("x").write_text("private")
        (project.path / "experiment/main.py").read_text()
        time.sleep(0.4)
        assert heard.calls == []
        for number in range(20):
            (project.path / "experiment/main.py").write_text(f"print({number})\n")
        heard.wait_for("experiment/main.py")
        assert len(heard.calls) <= 2
        (project.path / "new/deep").mkdir(parents=True)
        heard.wait_for("new")
        time.sleep(0.2)
        (project.path / "new/deep/file.txt").write_text("x")
        heard.wait_for("new/deep/file.txt")
        (project.path / "draft").write_text("plan")
        (project.path / "draft").rename(project.path / "plan.md")
        heard.wait_for("plan.md")
    finally:
        stop()
    count = len(heard.calls)
    (project.path / "plan.md").write_text("after")
    time.sleep(0.3)
    assert len(heard.calls) == count


def test_the_file_system_of_a_path_is_read_from_the_mounts() -> None:
    assert filesystem(Path("/proc/self")) == "proc"


def test_a_watch_by_polling_hears_edits_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = sample_project(tmp_path / "p", turns=1)
    monkeypatch.setattr("core.workspace.watch.filesystem", lambda _: "nfs4")
    heard = Heard()
    stop = watch(project.path, heard)
    try:
        (project.path / "experiment/main.py").write_text("print('on nfs')\n")
        heard.wait_for("experiment/main.py")
    finally:
        stop()
