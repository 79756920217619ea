"""A copy of a project's history in a folder of its own, standing at any of its commits."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from core.errors import ProjectError
from core.workspace import history
from core.workspace.git import Git
from core.workspace.project import Project

_PRIVATE = "labtop"


def copy_history(project: Project, into: Path, rev: str, private: tuple[str, ...] = ()) -> Project:
    """Copy the history into the new or empty folder `into`, its branch set to `rev`, and return that project.

    Of labtop's private folder only what `private` names comes along. Files that are too large for the history are
    linked to where they are. Raises ProjectError for a folder that cannot be used, HistoryError for an unknown `rev`.
    """
    target, branch = history.resolve(project.git, rev), project.branch_name
    into = into.expanduser().resolve()
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise ProjectError(f"{into} is not empty.", "Name a new folder.")
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    source = project.git.folder
    shutil.copytree(source, into / ".git", symlinks=True, ignore=_without(source, private), copy_function=_link_or_copy)
    git = Git(into)
    undone = git.text("for-each-ref", "--format=delete %(refname)", "refs/lab/undone", "refs/lab/redo")
    git.run("update-ref", "--stdin", stdin=f"{undone}\n".encode() if undone else b"", writes=True)
    git.run("update-ref", f"refs/heads/{branch}", target, writes=True)
    git.run("read-tree", "--reset", "-u", target, writes=True)
    for path in (project.path / "data/raw").glob("*"):
        beside = into / "data/raw" / path.name
        if path.is_file() and not path.is_symlink() and not beside.exists():
            beside.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(str(path), str(beside))
    return Project.open(into)


def _without(source: Path, private: tuple[str, ...]):  # type: ignore[no-untyped-def]
    def ignored(folder: str, names: list[str]) -> set[str]:
        here = Path(folder)
        if here == source / _PRIVATE:
            return {name for name in names if name not in private}
        return {name for name in names if name.endswith((".lock", ".tmp")) or name == "index"}

    return ignored


def _link_or_copy(path: str, to: str) -> None:
    """Objects and takes never change, so a second name is as good as a copy; all else is copied."""
    if "/objects/" in path or "/kept/" in path:
        try:
            os.link(path, to)
            return
        except OSError:
            pass  # another disk
    shutil.copyfile(path, to)
