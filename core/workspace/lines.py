"""Lines of inquiry: rolling back without losing anything, undo and redo, branches.

What a roll-back leaves behind is kept under `refs/lab/undone/<branch>/<time>-<n>`; what an undo sets aside, under
`refs/lab/redo/…`. `n` grows, so that the newest is known whatever the clock did.
"""

from __future__ import annotations

import re
import time

from core.errors import HistoryError
from core.workspace import journal
from core.workspace.git import Git
from core.workspace.history import branch_of, require_on_line, resolve, whole
from core.workspace.journal import Moving, RefMove, refs_under
from core.workspace.status import look_at_tree

_UNDONE, _REDO = "refs/lab/undone", "refs/lab/redo"


def rollback(git: Git, rev: str) -> str:
    """Go back to an earlier turn of this line and return its commit; what is left behind is kept for `undo`."""
    target = resolve(git, rev)
    require_on_line(git, target, rev)
    branch, head = branch_of(git), resolve(git, "HEAD")
    number = _next_number(git, branch)
    refs: list[RefMove] = []
    # What an earlier undo set aside would be out of reach of redo from here on: it joins the lines to undo to.
    for name, sha in _kept(git, _REDO, branch):
        refs.append(RefMove(name, "", sha))
        if git.run("rev-list", "--max-count=1", sha, "--not", head):
            refs.append(RefMove(_name(_UNDONE, branch, number), sha, ""))
            number += 1
    refs.append(RefMove(_name(_UNDONE, branch, number), head, ""))
    _move(git, head, target, f"refs/heads/{branch}", [*refs, RefMove(f"refs/heads/{branch}", target, head)])
    return target


def undo(git: Git) -> str:
    """Bring back the line that the newest roll-back left behind; the one then current is kept for `redo`."""
    return _swap(git, _UNDONE, _REDO, "Nothing to undo: no roll-back left anything behind on {branch}.")


def redo(git: Git) -> str:
    """Bring back the line that the newest undo set aside; the one then current is kept for `undo`."""
    return _swap(git, _REDO, _UNDONE, "Nothing to redo: no undo set anything aside on {branch}.")


def branch(git: Git, name: str, rev: str) -> str:
    """Start a branch at `rev` and go there; returns its commit. Raises HistoryError for a bad or taken name."""
    check_branch_name(git, name)
    target, head = whole(git, rev), resolve(git, "HEAD")
    for other in branches(git):
        if other == name or other.startswith(f"{name}/") or name.startswith(f"{other}/"):
            raise HistoryError(f"There is a branch {other!r} already.", "Choose another name.")
    _move(git, head, target, f"refs/heads/{name}", [RefMove(f"refs/heads/{name}", target, "")])
    return target


def switch(git: Git, name: str) -> str:
    """Go to another branch; returns its commit."""
    target = branches(git).get(name)
    if target is None:
        raise HistoryError(f"There is no branch {name[:80]!r}.", f"There are: {', '.join(branches(git))}.")
    _move(git, resolve(git, "HEAD"), target, f"refs/heads/{name}", [])
    return target


def branches(git: Git) -> dict[str, str]:
    """The branches and the commits where they stand."""
    return {name.removeprefix("refs/heads/"): sha for name, sha in refs_under(git, "refs/heads/").items()}


def left_behind(git: Git, branch: str) -> list[tuple[str, str]]:
    """The refs and commits that `undo` would bring back one after the other, the next one last."""
    return _kept(git, _UNDONE, branch)


def set_aside(git: Git, branch: str) -> list[tuple[str, str]]:
    """The refs and commits that `redo` would bring back one after the other, the next one last."""
    return _kept(git, _REDO, branch)


def check_branch_name(git: Git, name: str) -> None:
    """Raise HistoryError for what cannot be a branch's name."""
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}", name) is not None and name != "HEAD"
    if not plain or git.text("check-ref-format", "--normalize", f"refs/heads/{name}", accept=(0, 1)) == "":
        raise HistoryError(
            f"{name[:80]!r} cannot be a branch's name.", "Use letters, digits, '.', '-' and '_', e.g. try-boosting."
        )


def _swap(git: Git, source: str, store: str, nothing: str) -> str:
    branch, head = branch_of(git), resolve(git, "HEAD")
    kept = _kept(git, source, branch)
    if not kept:
        raise HistoryError(nothing.format(branch=branch), "See `labtop log` for the turns there are.")
    name, target = kept[-1]
    refs = [
        RefMove(name, "", target),
        RefMove(_name(store, branch, _next_number(git, branch)), head, ""),
        RefMove(f"refs/heads/{branch}", target, head),
    ]
    _move(git, head, target, f"refs/heads/{branch}", refs)
    return target


def _move(git: Git, start: str, end: str, head: str, refs: list[RefMove]) -> None:
    edited = [rel for rel, _ in look_at_tree(git).edits]
    if edited:
        raise HistoryError(
            f"There are edits that no turn holds yet: {_some(edited)}.",
            "Take a step, so that they become a turn of yours, or put the files back; then try again.",
        )
    in_the_way = journal.obstacles(git, start, end)
    if in_the_way:
        raise HistoryError(f"These files stand in the way: {_some(in_the_way)}.", "Move them and try again.")
    plan = Moving(start, end, head, tuple(refs))
    journal.note(git, plan)
    journal.carry_out(git, plan)


def _kept(git: Git, store: str, branch: str) -> list[tuple[str, str]]:
    prefix = f"{store}/{branch}/"
    refs = [(name, sha) for name, sha in refs_under(git, prefix).items() if "/" not in name.removeprefix(prefix)]
    return sorted(refs, key=lambda ref: _number(ref[0]))


def _next_number(git: Git, branch: str) -> int:
    return 1 + max((_number(name) for store in (_UNDONE, _REDO) for name, _ in _kept(git, store, branch)), default=0)


def _number(name: str) -> int:
    last = name.rpartition("-")[2]
    return int(last) if last.isdigit() else 0


def _name(store: str, branch: str, number: int) -> str:
    return f"{store}/{branch}/{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{number}"


def _some(paths: list[str]) -> str:
    return ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
