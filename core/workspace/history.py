"""Reading the history: turns, what a roll-back would undo, what was spent in vain."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.errors import HistoryError
from core.record import Cost, LoggedTurn, Turn
from core.workspace.git import Git
from core.workspace.journal import SETTINGS_FILE, TURN_FILE, tree_entries
from core.workspace.turns import LOG_FORMAT, TurnSummary, summaries_from, total


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that differs, with lines added and removed; None for a file that is not text."""

    path: str
    added: int | None
    removed: int | None


@dataclass(frozen=True, slots=True)
class RollbackPreview:
    """What a roll-back would do: `turns` go (newest first) and cost `cost`; scores are the best measured ones."""

    target: TurnSummary
    turns: tuple[TurnSummary, ...]
    files: tuple[FileChange, ...]
    before: TurnSummary | None
    """The turn whose candidate is the best so far now; None when there is none yet."""
    after: TurnSummary | None
    """The same once rolled back."""
    cost: Cost


def branch_of(git: Git) -> str:
    """The branch that is current; raises HistoryError when none is."""
    head = (git.folder / "HEAD").read_text().strip()
    if not head.startswith("ref: refs/heads/"):
        raise HistoryError(
            "The project is not on a branch: somebody checked out a single commit with git.",
            "Go back with `git switch main`, or keep what you see with `git switch -c NAME`.",
        )
    return head.removeprefix("ref: refs/heads/")


def resolve(git: Git, rev: str) -> str:
    """The full name of the commit that `rev` means: a turn's number on this line, a commit or a ref.

    Raises HistoryError when there is none.
    """
    if "\0" in rev:
        raise HistoryError(f"{rev[:80]!r} is no turn, no commit and no branch.", "See `labtop log`.")
    if rev.isascii() and rev.isdigit() and len(rev) < 10:
        pattern = f"^Lab-Turn: {int(rev)}$"
        found = git.text("log", "--first-parent", "-1", "-E", f"--grep={pattern}", "--format=%H", "HEAD")
        if found:
            return found
    found = git.text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}", accept=(0, 1, 128))
    if not re.fullmatch(r"[0-9a-f]{40}", found):
        raise HistoryError(f"{rev[:80]!r} is no turn of this line, no commit and no branch.", "See `labtop log`.")
    return found


def whole(git: Git, rev: str) -> str:
    """The commit that `rev` means, as `resolve`; raises HistoryError, too, where it is no whole project."""
    commit = resolve(git, rev)
    if SETTINGS_FILE not in tree_entries(git, commit, [SETTINGS_FILE]):
        raise HistoryError(
            f"{rev[:80]!r} holds no {SETTINGS_FILE}, so no work can go on from there.",
            "A candidate is a program or a report alone: start the line at the turn that tried it.",
        )
    return commit


def summaries(git: Git, *args: str, limit: int | None = None, skip: int = 0) -> list[TurnSummary]:
    """The turns that `args` (revisions for git log) lead to, newest first, from their messages alone."""
    size = [] if limit is None else [f"--max-count={limit}"]
    return summaries_from(git.run("log", "-z", f"--format={LOG_FORMAT}", f"--skip={skip}", *size, *args, "--"))


def summary_of(git: Git, commit: str) -> TurnSummary:
    """The summary of one commit."""
    return summaries(git, commit, limit=1)[0]


def log(git: Git, rev: str = "HEAD", limit: int | None = None, skip: int = 0) -> list[LoggedTurn]:
    """The turns of a line, newest first, whole; two processes however many they are."""
    return log_of(git, summaries(git, "--first-parent", resolve(git, rev), limit=limit, skip=skip))


def log_of(git: Git, found: Sequence[TurnSummary]) -> list[LoggedTurn]:
    """The turns of `found`, whole."""
    texts = git.blobs([f"{summary.commit}:{TURN_FILE}" for summary in found])
    return [
        LoggedTurn(summary.commit, summary.parent, _turn(summary, text))
        for summary, text in zip(found, texts, strict=True)
    ]


def best_turn(git: Git, commit: str) -> TurnSummary | None:
    """The newest turn up to `commit` whose measured candidate became the best so far; None when there is none yet."""
    wanted = ("--all-match", "--grep=^Lab-Kept: yes$", "--grep=^Lab-Metric: .")
    found = summaries(git, "--first-parent", "-E", *wanted, commit, limit=1)
    return found[0] if found else None


def require_on_line(git: Git, commit: str, rev: str) -> None:
    """Raise HistoryError unless `commit` is an earlier turn of the current line."""
    branch = branch_of(git)
    if commit == resolve(git, "HEAD"):
        raise HistoryError(f"{rev[:80]!r} is where {branch} stands already.", "Choose an earlier turn.")
    # Not by rev-list, which believes the commits' times: a clock that went back would hide a turn from it.
    if git.text("merge-base", commit, "HEAD", accept=(0, 1)) != commit:
        raise HistoryError(
            f"{rev[:80]!r} is not on the line of {branch}, so one cannot roll back to it.",
            "Start a branch there with `labtop branch`, or switch to the branch that holds it.",
        )


def preview_rollback(git: Git, rev: str) -> RollbackPreview:
    """What rolling back to `rev` would do; raises HistoryError, as the roll-back would, when it cannot be done."""
    commit = resolve(git, rev)
    require_on_line(git, commit, rev)
    going = summaries(git, "--first-parent", f"{commit}..HEAD")
    return RollbackPreview(
        target=summary_of(git, commit),
        turns=tuple(going),
        files=changed_files(git, "HEAD", commit),
        before=best_turn(git, "HEAD"),
        after=best_turn(git, commit),
        cost=total(turn.cost for turn in going),
    )


def changed_files(git: Git, start: str, end: str) -> tuple[FileChange, ...]:
    """The files that differ between two commits, the engine's own (`.lab/`) left out."""
    out = os.fsdecode(git.run("diff-tree", "-r", "-z", "--numstat", "--no-renames", "--no-textconv", start, end))
    rows = (record.split("\t", 2) for record in out.split("\0") if record)
    return tuple(
        FileChange(path, _count(added), _count(removed))
        for added, removed, path in rows
        if not path.startswith(".lab/")
    )


def sunk_cost(git: Git) -> Cost:
    """What was spent on turns that were rolled back and that the current line does not hold."""
    lost = summaries(git, "--glob=refs/lab/undone/*", "--glob=refs/lab/redo/*", "--not", "HEAD")
    return total(turn.cost for turn in lost)


def _count(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _turn(summary: TurnSummary, text: bytes | None) -> Turn:
    """The turn that a commit holds; one made by git's own hand has only what its message tells."""
    try:
        turn = Turn.from_json((text or b"").decode(errors="replace"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        turn = None
    if turn is not None and not summary.foreign:
        return turn
    number, phase = (turn.number, turn.phase) if turn else (summary.number, summary.phase)
    return _outline(replace(summary, number=number, phase=phase))


def _outline(summary: TurnSummary) -> Turn:
    return Turn(
        number=summary.number,
        phase=summary.phase,
        agent=summary.agent,
        model="",
        command=summary.command,
        subject=summary.subject,
        reply="",
        status=summary.status,
        outcome="A commit made outside labtop." if summary.foreign else "",
        cost=summary.cost,
        time=summary.time,
    )
