"""Every candidate that a solver ever tried, each a commit on a ref of its own: the git graph is the search tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.record import Turn
from core.workspace.commits import commit_apart
from core.workspace.files import Content, as_bytes, split
from core.workspace.git import Git
from core.workspace.history import resolve
from core.workspace.journal import TURN_FILE, refs_under
from core.workspace.turns import LOG_FORMAT, TurnSummary, summaries_from

PREFIX = "refs/lab/candidates/"


@dataclass(frozen=True, slots=True)
class KeptCandidate:
    """A candidate in the history: `ref` ends in `<turn>/<n>`; `parents` are the candidates it was derived from."""

    ref: str
    commit: str
    turn: int
    n: int
    parents: tuple[str, ...]
    summary: TurnSummary


def keep_candidate(git: Git, turn: Turn, n: int, files: Mapping[str, str | bytes], parents: Sequence[str] = ()) -> str:
    """Keep `files` and the turn's record as candidate `n` of its turn; index and worktree stay as they are.

    A number that is taken (the turn was rolled back and made again) gets a suffix: no candidate is ever overwritten.
    """
    for rel in files:
        split(rel)
    contents = {rel: Content(as_bytes(data)) for rel, data in files.items()}
    contents[TURN_FILE] = Content(as_bytes(turn.to_json()))
    names = [resolve(git, parent) for parent in parents]
    return commit_apart(git, _free_name(git, turn.number, n), turn, contents.items(), list(dict.fromkeys(names)))


def candidates(git: Git) -> list[KeptCandidate]:
    """All candidates, oldest turn first; two processes however many they are."""
    refs = refs_under(git, PREFIX)
    if not refs:
        return []
    commits = "".join(f"{sha}\n" for sha in refs.values()).encode()
    out = git.run("log", "-z", "--no-walk=unsorted", "--stdin", f"--format={LOG_FORMAT}", stdin=commits)
    parents = {record[:40]: record.split("\x1f", 2)[1] for record in out.decode(errors="replace").split("\0") if record}
    found = {summary.commit: summary for summary in summaries_from(out)}
    kept = [KeptCandidate(ref, sha, *_place(ref), tuple(parents[sha].split()), found[sha]) for ref, sha in refs.items()]
    return sorted(kept, key=lambda candidate: (candidate.turn, candidate.n, candidate.ref))


def turn_of(ref: str) -> int:
    """The turn whose candidate a ref keeps."""
    return _place(ref)[0]


def _free_name(git: Git, turn: int, n: int) -> str:
    taken = refs_under(git, f"{PREFIX}{turn}/")
    name = f"{PREFIX}{turn}/{n}"
    again = 2
    while name in taken:
        name = f"{PREFIX}{turn}/{n}.{again}"
        again += 1
    return name


def _place(ref: str) -> tuple[int, int]:
    turn, _, n = ref.removeprefix(PREFIX).partition("/")
    return int(turn), int(n.partition(".")[0])
