"""Programs that a workspace, its repository or the user's settings name are planted; none may ever run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from core.comparison import compare_lines, compared_text
from core.workspace.hardening import overrides
from core.workspace.project import Project
from tests.workspace_sample import plain_git, sample_changes, sample_project, sample_turn

HOOKS = (
    "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-checkout", "post-index-change",
    "post-rewrite", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman",
)  # fmt: skip


class Planted:
    """A project with a program that would leave a canary, and the plain commands that set it off."""

    def __init__(self, folder: Path) -> None:
        self.project = sample_project(folder / "p", turns=3)
        self.home = folder / "home"
        self.home.mkdir()
        self.canary = folder / "canary"
        self.program = folder / "program"
        self.program.write_text(f"#!/bin/sh\necho ran >> {self.canary}\ncat\n")
        self.program.chmod(0o755)

    def config(self, *pairs: str) -> None:
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            plain_git(self.project, "config", key, value)

    def write(self, rel: str, text: str) -> None:
        (self.project.path / rel).parent.mkdir(parents=True, exist_ok=True)
        (self.project.path / rel).write_text(text)


def hooks(plant: Planted) -> None:
    for name in HOOKS:
        plant.write(f".git/hooks/{name}", plant.program.read_text())
        (plant.project.path / ".git/hooks" / name).chmod(0o755)


def hooks_path(plant: Planted) -> None:
    for name in HOOKS:
        plant.write(f"hooks/{name}", plant.program.read_text())
        (plant.project.path / "hooks" / name).chmod(0o755)
    plant.config("core.hooksPath", "hooks")


def fsmonitor(plant: Planted) -> None:
    plant.config("core.fsmonitor", str(plant.program))


def filters(plant: Planted) -> None:
    plant.write(".gitattributes", "* filter=z\n")
    plant.config("filter.z.clean", str(plant.program), "filter.z.smudge", str(plant.program))


def process_filter(plant: Planted) -> None:
    plant.write(".gitattributes", "* filter=a.b=c\n")
    plant.config("filter.a.b=c.process", str(plant.program), "filter.a.b=c.required", "true")


def macro_filter(plant: Planted) -> None:
    plant.write(".gitattributes", "[attr]evil filter=z\n* evil\n")
    plant.config("filter.z.clean", str(plant.program))


def info_attributes(plant: Planted) -> None:
    plant.write(".git/info/attributes", "* filter=z\n")
    plant.config("filter.z.clean", str(plant.program))


def text_conversion(plant: Planted) -> None:
    plant.write(".gitattributes", "* diff=z\n")
    plant.config("diff.z.textconv", str(plant.program), "diff.z.command", str(plant.program))


def external_diff(plant: Planted) -> None:
    plant.config("diff.external", str(plant.program))


def signing(plant: Planted) -> None:
    plant.config("commit.gpgSign", "true", "gpg.program", str(plant.program), "log.showSignature", "true")


def included(plant: Planted) -> None:
    plant.write("inc", f"[core]\n\tfsmonitor = {plant.program}\n\thooksPath = hooks\n")
    plant.config("include.path", "../inc")


def worktree_config(plant: Planted) -> None:
    plant.config("extensions.worktreeConfig", "true")
    plant.write(".git/config.worktree", f"[core]\n\tfsmonitor = {plant.program}\n")


def global_config(plant: Planted) -> None:
    (plant.home / ".gitconfig").write_text(
        f'[core]\n\tfsmonitor = {plant.program}\n[filter "lfs"]\n\tclean = {plant.program}\n'
        f"[diff]\n\texternal = {plant.program}\n"
    )
    plant.write(".gitattributes", "*.md filter=lfs\n")


def nested_repository(plant: Planted) -> None:
    inner = plant.project.path / "inner"
    subprocess.run(["git", "init", "-q", str(inner)], check=True)
    ident = ["-c", "user.name=x", "-c", "user.email=x@x"]
    subprocess.run(["git", "-C", str(inner), *ident, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    plain_git(plant.project, "add", "inner")
    plain_git(plant.project, "commit", "-qm", "a repository within")
    subprocess.run(["git", "-C", str(inner), "config", "core.fsmonitor", str(plant.program)], check=True)


ATTACKS = [
    hooks, hooks_path, fsmonitor, filters, process_filter, macro_filter, info_attributes, text_conversion,
    external_diff, signing, included, worktree_config, global_config, nested_repository,
]  # fmt: skip


def everything(project: Project) -> None:
    """All that labtop does with git."""
    project = Project.open(project.path)
    (project.path / "notes/all.md").write_text("by hand\n")
    project.hand_edits()
    project.commit_hand_edits(sample_turn(4))
    project.commit(sample_turn(5), sample_changes(5))
    project.keep_candidate(sample_turn(5), 1, {"experiment/main.py": "x"})
    project.log()
    compared_text(compare_lines(project, ["HEAD~2", "HEAD"]))
    project.preview_rollback("HEAD~1")
    project.rollback("HEAD~1")
    project.undo()
    project.branch("other", "HEAD~1")
    project.switch("main")
    project.sunk_cost()
    project.candidates()


def plain(project: Project) -> None:
    """What a person does with git, which sets every one of the attacks off."""
    (project.path / "notes/all.md").write_text("by the person\n")
    plain_git(project, "status", check=False)
    plain_git(project, "add", "-A", check=False)
    plain_git(project, "commit", "-qm", "x", check=False)
    (project.path / "notes/all.md").write_text("again\n")
    plain_git(project, "diff", check=False)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_planted_program_never_runs(
    tmp_path: Path, attack: Callable[[Planted], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = Planted(tmp_path)
    monkeypatch.setenv("HOME", str(plant.home))
    attack(plant)
    plant.canary.unlink(missing_ok=True)
    everything(plant.project)
    assert not plant.canary.exists()
    (plant.project.path / ".git/info/attributes").unlink()
    if attack is info_attributes:
        attack(plant)
    plain(plant.project)
    assert plant.canary.exists(), "the attack is harmless even to plain git, so this test proves nothing"


def test_bytes_stay_as_they_are_whatever_the_attributes_say(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p")
    project.commit(sample_turn(1), {".gitattributes": "* text eol=crlf ident working-tree-encoding=UTF-16\n"})
    project.commit(sample_turn(2), {"a.txt": b"one\ntwo\r\n$Id$\n\xff"})
    project.rollback(1)
    project.undo()
    assert project.read_bytes("a.txt") == b"one\ntwo\r\n$Id$\n\xff"
    assert project.read_bytes("a.txt", rev="2") == b"one\ntwo\r\n$Id$\n\xff"
    assert project.hand_edits() is None


def test_programs_named_by_a_repository_are_disarmed_whatever_their_names() -> None:
    keys = [
        "filter.x=y.clean",
        "filter.x=y.required",
        "diff.A.textconv",
        "merge.m.driver",
        "hook.h.command",
        "core.bare",
    ]
    found = overrides(keys)
    assert found["filter.x=y.clean"] == ""
    assert found["filter.x=y.required"] == "false"
    assert found["diff.A.textconv"] == found["merge.m.driver"] == found["hook.h.command"] == "true"
    assert found["hook.h.enabled"] == "false"
    assert "core.bare" not in found


def test_git_is_not_taken_from_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant = Planted(tmp_path)
    fake = plant.project.path / "git"
    fake.write_text(plant.program.read_text())
    fake.chmod(0o755)
    monkeypatch.chdir(plant.project.path)
    monkeypatch.setenv("PATH", f".:{plant.project.path}:{os.environ['PATH']}")
    Project.open(plant.project.path).log()
    assert not plant.canary.exists()
