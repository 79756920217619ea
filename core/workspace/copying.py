"""A copy of a project's history in a folder of its own, standing at any of its commits."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from core.errors import ProjectError
from core.workspace import candidates, history, journal
from core.workspace.files import Content
from core.workspace.git import Git
from core.workspace.project import Project

_PRIVATE = "labtop"
_UNCHANGING = ("objects", f"{_PRIVATE}/cassette/kept")
"""Folders of `.git` whose files are named by their content: a second name for one is as good as a copy."""


def copy_history(
    project: Project, into: Path, rev: str, private: Sequence[str] = (), *, data: bool = True, branch: str = ""
) -> Project:
    """Copy the history into the new or empty folder `into`, its branch set to `rev`, and return that project.

    With `branch`, that is the copy's only branch, and what was tried after `rev` stays out; else all branches come
    along. Of labtop's private folder only what `private` names does; with `data`, so do the files in data/raw that are
    too large for the history. Raises ProjectError for a folder that cannot be used, HistoryError for an unknown `rev`.
    When it fails, nothing stays behind.
    """
    target = history.whole(project.git, rev)
    into = into.expanduser().resolve()
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise ProjectError(f"{into} is not empty.", "Name a new folder.")
    try:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        with project.git.quiet():  # an engine may be at work here: what it writes is copied whole or not at all
            _copy_git(project.git.folder, into / ".git", private)
        if branch:
            _keep_only(Git(into), f"refs/heads/{branch}", target)
        _stand_at(Git(into), f"refs/heads/{branch or project.branch_name}", target)
        if data:
            _copy_data(project.path / "data/raw", into / "data/raw")
        return Project.open(into)
    except BaseException as error:
        shutil.rmtree(into, ignore_errors=True)
        if isinstance(error, OSError | shutil.Error):
            raise ProjectError(f"{into} could not be written: {error}.", "Nothing was left there.") from error
        raise


def take_files(project: Project, commit: str, since: str) -> None:
    """Bring the files that differ between the commits `since` and `commit` into the worktree, as `commit` has them.

    labtop's own files are left as they are. No link is followed on the way.
    """
    listed = project.git.run("diff", "--name-only", "--no-renames", "-z", since, commit)
    names = [name for name in os.fsdecode(listed).split("\0") if name and not name.startswith(".lab/")]
    entries = journal.tree_entries(project.git, commit, names) if names else {}
    blobs = project.git.blobs([sha for _, sha in entries.values()])
    there = {
        name: Content(blob, mode)
        for (name, (mode, _)), blob in zip(entries.items(), blobs, strict=True)
        if blob is not None
    }
    journal.put_all(project.git, [(name, there.get(name)) for name in names])


def _copy_git(source: Path, into: Path, private: Sequence[str]) -> None:
    def left_out(folder: str, names: list[str]) -> set[str]:
        if Path(folder) == source / _PRIVATE:
            return {name for name in names if name not in private}
        return {name for name in names if name in ("index", "in-flight") or _passing(name)}

    shutil.copytree(source, into, symlinks=True, ignore=left_out, copy_function=_linked_or_copied(source))


def _passing(name: str) -> bool:
    """Whether a file is gone in a moment: what a turn in flight notes, what git has not finished, a lock."""
    return name.startswith("tmp_") or name.endswith((".lock", ".tmp"))


def _linked_or_copied(source: Path) -> Callable[[str, str], None]:
    unchanging = tuple(f"{source / folder}{os.sep}" for folder in _UNCHANGING)

    def place(path: str, to: str) -> None:
        if path.startswith(unchanging):
            with suppress(OSError):  # on another disk it is copied
                os.link(path, to, follow_symlinks=False)
                return
        shutil.copy2(path, to, follow_symlinks=False)

    return place


def _keep_only(git: Git, branch: str, target: str) -> None:
    """Have `branch` at `target` as the only branch, and no candidate of a turn after it."""
    last = history.summary_of(git, target).number
    gone = [name for name in journal.refs_under(git, "refs/heads/") if name != branch]
    tried = journal.refs_under(git, candidates.PREFIX)
    gone += [name for name in tried if candidates.turn_of(name) > last]
    commands = "".join(f"delete {name}\n" for name in gone)
    git.run("symbolic-ref", "HEAD", branch, writes=True)
    git.run("update-ref", "--stdin", stdin=f"{commands}update {branch} {target}\n".encode(), writes=True)


def _stand_at(git: Git, branch: str, target: str) -> None:
    """Set branch, index and worktree to `target`, with nothing left to undo or redo."""
    undone = git.text("for-each-ref", "--format=delete %(refname)", "refs/lab/undone", "refs/lab/redo")
    git.run("update-ref", "--stdin", stdin=f"{undone}\n".encode() if undone else b"", writes=True)
    git.run("update-ref", branch, target, writes=True)
    git.run("read-tree", "--reset", "-u", target, writes=True)


def _copy_data(source: Path, into: Path) -> None:
    for path in source.glob("*"):
        if path.is_file() and not path.is_symlink() and not (into / path.name).exists():
            into.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, into / path.name)
