"""Making commits by `git fast-import`: one process writes files, trees, commit and ref, and nothing of the worktree."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from core.record import Turn
from core.workspace.files import Content, deletions_first
from core.workspace.git import LOCKED, Git, GitFailed
from core.workspace.turns import author, message

Change = tuple[str, Content | None]


def commit_turn(git: Git, ref: str, turn: Turn, changes: Iterable[Change], *, first: bool = False) -> str:
    """Commit `changes` on top of branch `ref` (or as its `first` commit) and return the new commit's name."""
    start = [] if first else [b"from %s^0" % ref.encode()]
    return _import(git, ref, turn, start, changes)


def commit_apart(git: Git, ref: str, turn: Turn, files: Iterable[Change], parents: Sequence[str]) -> str:
    """Commit a tree of just `files` under a ref of its own, derived from `parents` (full names of commits)."""
    links = [b"%s %s" % (b"merge" if place else b"from", name.encode()) for place, name in enumerate(parents)]
    return _import(git, ref, turn, [*links, b"deleteall"] if links else [], files)


def refresh_index(git: Git, paths: Iterable[str]) -> None:
    """Bring git's index up to the worktree at `paths`, so that the person's own `git status` is true."""
    names = b"".join(os.fsencode(path) + b"\0" for path in sorted(paths, key=lambda path: path.count("/")))
    # The index is only a cache: when somebody else holds its lock for long, what they see is stale, nothing is lost.
    with suppress(GitFailed):
        try:
            git.run("update-index", "--add", "--remove", "--replace", "-z", "--stdin", stdin=names, writes=True)
        except GitFailed as error:
            if LOCKED in error.said:
                raise
            rebuild_index(git)  # it takes no path beyond a link, not even one that has gone


def rebuild_index(git: Git) -> None:
    """Make git's index anew from HEAD and the worktree."""
    git.run("read-tree", "HEAD", writes=True)
    git.run("update-index", "-q", "--refresh", writes=True, accept=(0, 1))


def _import(git: Git, ref: str, turn: Turn, start: Sequence[bytes], changes: Iterable[Change]) -> str:
    text = message(turn).encode("utf-8", "replace")
    now = f"{int(time.time())} +0000"
    lines = [
        b"commit %s" % ref.encode(),
        b"mark :1",
        f"author {author(turn)} {_stamp(turn.time) or now}".encode(),
        f"committer labtop <labtop@labtop> {_stamp(turn.time) or now}".encode(),
        b"data %d\n%s" % (len(text), text),
        *start,
        *(_operation(rel, content) for rel, content in deletions_first(changes)),
        b"get-mark :1",
        b"done\n",
    ]
    out = git.run("fast-import", "--quiet", "--done", "--date-format=raw", stdin=b"\n".join(lines), writes=True)
    return out.decode().strip()


def _operation(rel: str, content: Content | None) -> bytes:
    raw = os.fsencode(rel).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    if content is None:
        return b'D "%s"' % raw
    return b'M %s inline "%s"\ndata %d\n%s' % (content.mode.encode(), raw, len(content.data), content.data)


def _stamp(when: str) -> str:
    """Git's raw form of an ISO 8601 time, empty when it is none."""
    try:
        moment = datetime.fromisoformat(when)
        moment = moment if moment.tzinfo else moment.astimezone()
        seconds = int(moment.timestamp())
    except (ValueError, OverflowError):
        return ""
    return f"{seconds} {moment:%z}" if seconds > 0 else ""
