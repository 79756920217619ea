"""What the person changed by hand: the tree against the last commit, at the price of one `git status`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.edits import unified_diff
from core.workspace.commits import Change
from core.workspace.files import LARGEST, Content, look, size_of
from core.workspace.git import Git

DIFF_LENGTH = 20_000
TOO_LARGE = f"it is larger than {LARGEST // 2**20} MiB"
_DIFFED_BYTES = 100_000
_MOST_NEW_FILES = 5_000


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A path that stays out of the history, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    """The tree's changes since the last commit, what stays out of it, and the blobs that were there before."""

    edits: tuple[Change, ...]
    left_out: tuple[LeftOut, ...]
    before: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HandEdits:
    """What the person changed since the last commit; `diff` is unified and at most `DIFF_LENGTH` characters."""

    paths: tuple[str, ...]
    diff: str
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of `git status`: `sha` is the file's name in the last commit, empty when it was not there."""

    path: str
    sha: str
    mode: str


def look_at_tree(git: Git) -> Changed:
    """The tree against the last commit."""
    edits: list[Change] = []
    left_out: list[LeftOut] = []
    before: dict[str, str] = {}
    for entry in _entries(git):
        reason = _why_left_out(git, entry, len(edits))
        if reason:
            left_out.append(LeftOut(entry.path.rstrip("/"), reason))
            continue
        content = look(git.root, entry.path)
        if (content.sha, content.mode) == (entry.sha, entry.mode) if content else not entry.sha:
            continue
        edits.append((entry.path, content))
        if entry.sha:
            before[entry.path] = entry.sha
    return Changed(tuple(edits), tuple(left_out), before)


def hand_edits(git: Git, changed: Changed) -> HandEdits | None:
    """The person's edits as paths and a diff, None when there are none that a commit could hold."""
    if not changed.edits:
        return None
    texts = dict(zip(changed.before, git.blobs(list(changed.before.values())), strict=True))
    pieces: list[str] = []
    length = 0
    for path, content in changed.edits:
        piece = _diff(path, texts.get(path), content)
        pieces.append(piece)
        length += len(piece)
        if length > DIFF_LENGTH:
            break
    diff = "".join(pieces)
    if length > DIFF_LENGTH:
        diff = f"{diff[:DIFF_LENGTH]}\n[the diff goes on; {len(changed.edits)} files changed in all]\n"
    return HandEdits(tuple(path for path, _ in changed.edits), diff, changed.left_out)


def _entries(git: Git) -> Iterator[_Entry]:
    out = git.run("status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignore-submodules=all", "--no-renames")
    known = set()  # an index that is stale makes git tell of a file twice: that it has gone from it, and that it is new
    for record in os.fsdecode(out).split("\0"):
        kind, _, rest = record.partition(" ")
        if kind == "?" and rest not in known:
            yield _Entry(rest, "", "")
        elif kind == "1":
            _, sub, mode, _, _, sha, _, path = rest.split(" ", 7)
            if sub.startswith("N"):
                known.add(path)
                yield _Entry(path, "" if set(sha) == {"0"} else sha, mode)
        elif kind == "u":
            yield _Entry(rest.split(" ", 9)[-1], "", "")


def _why_left_out(git: Git, entry: _Entry, changed: int) -> str:
    if entry.path.endswith("/"):
        return "it is a git repository of its own"
    if size_of(git.root, entry.path) > LARGEST:
        return TOO_LARGE
    if not entry.sha and changed >= _MOST_NEW_FILES:
        return f"there are more than {_MOST_NEW_FILES} new files"
    return ""


def _diff(path: str, before: bytes | None, after: Content | None) -> str:
    old, new = before or b"", after.data if after else b""
    if max(len(old), len(new)) > _DIFFED_BYTES or b"\0" in old or b"\0" in new:
        return f"--- a/{path}\n+++ b/{path}\n[{len(old)} bytes before, {len(new)} bytes now]\n"
    return unified_diff(old.decode(errors="replace"), new.decode(errors="replace"), path)
