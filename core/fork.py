"""A project forked at one of its turns with one thing changed: what the change does not touch is not paid again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.cassette import FOLDER, Shelf, Take, question
from core.data.own import LINKS
from core.errors import HistoryError
from core.ledger import FILE, Ledger
from core.record import Cost, LoggedTurn
from core.replay import make_again
from core.workspace.commits import commit_turn
from core.workspace.copying import copy_history
from core.workspace.files import Content, split
from core.workspace.project import Project

_KEPT = (FOLDER, LINKS)
REPLY = "reply"
"""What `--edit` names besides files: the reply of the turn itself."""


@dataclass(frozen=True, slots=True)
class Forked:
    """The new project, the recorded turns that were made again in it at no cost, and those that are to be paid.

    `why` says where the two part.
    """

    project: Project
    reused: tuple[LoggedTurn, ...]
    left: tuple[LoggedTurn, ...]
    why: str

    @property
    def estimate(self) -> Cost:
        """What the turns that are left cost when they were recorded."""
        return sum((logged.turn.cost for logged in self.left), Cost())


def editable(project: Project, rev: str, what: str) -> str:
    """The text that is to be changed: the reply of turn `rev`, or a file as it stood after that turn.

    Raises HistoryError for an unknown turn, or one that has no reply.
    """
    logged = project.turn_at(rev)
    if what != REPLY:
        split(what)
        return project.read(what, logged.commit)
    take = _reply_of(Shelf(project.private(FOLDER)), logged)
    return str(take.answer["text"])


async def fork(project: Project, rev: str, into: Path, what: str, text: str) -> Forked:
    """Copy `project` into `into` as of turn `rev`, with `text` as that turn's reply or as the file `what` after it.

    The turns that follow are made again from the cassettes as long as they ask what they asked before. Nothing is
    paid here: the first turn that asks anything else is the new project's next one. Raises HistoryError for an unknown
    turn and ProjectError for a folder that cannot be used.
    """
    at = project.turn_at(rev)
    after = _turns_after(project, at)
    if what == REPLY:
        copy = copy_history(project, into, at.parent or at.commit, private=_KEPT)
        _put_reply(copy, at, text)
        reused, left, why = list[LoggedTurn](), [at, *after], f"the reply of turn {at.turn.number} is yours"
    else:
        copy = copy_history(project, into, at.commit, private=_KEPT)
        _put_file(copy, at, what, text)
        reused, why = await _follow(copy, after)
        left = after[len(reused) :]
    Ledger(copy.private(FILE)).begin()
    return Forked(copy, tuple(reused), tuple(left), why)


def _turns_after(project: Project, at: LoggedTurn) -> list[LoggedTurn]:
    line = project.log()[::-1]
    place = next((index for index, logged in enumerate(line) if logged.commit == at.commit), None)
    if place is None:
        raise HistoryError(
            f"Turn {at.turn.number} is not on the line {project.branch_name}.", "Switch to its line first."
        )
    return line[place + 1 :]


async def _follow(copy: Project, turns: Sequence[LoggedTurn]) -> tuple[list[LoggedTurn], str]:
    """Make recorded turns again until one asks something else; those that were made, and why it ended."""
    shelf, made = Shelf(copy.private(FOLDER)), list[LoggedTurn]()
    for logged in turns:
        why = await make_again(copy, logged, shelf)
        if why:
            return made, why
        made.append(logged)
    return made, "nothing that was recorded depends on the change"


def _reply_of(shelf: Shelf, at: LoggedTurn) -> Take:
    name = next((name for name in at.turn.takes if name.startswith("reply-")), None)
    if name is None:
        raise HistoryError(f"Turn {at.turn.number} has no reply of a model on the cassette.", "Choose another turn.")
    return shelf.get(name)


def _put_reply(copy: Project, at: LoggedTurn, text: str) -> None:
    """Lay the changed reply out as if it had just arrived: the next run acts on it instead of asking."""
    shelf = Shelf(copy.private(FOLDER))
    _reply_of(shelf, at)
    for place, name in enumerate(at.turn.takes):
        take = shelf.get(name)
        is_reply = take.kind == REPLY
        answer = {**take.answer, "text": text, "note": ""} if is_reply else take.answer
        kept = shelf.put(replace(take, answer=answer))
        shelf.note(question(copy.head, place, take.kind, take.asked), kept)
        if is_reply:
            return


def _put_file(copy: Project, at: LoggedTurn, path: str, text: str) -> None:
    """Change a file in a commit that is no turn, so that the turns after it keep their numbers."""
    split(path)
    turn = replace(at.turn, subject=f"fork: {path} changed after turn {at.turn.number}")
    commit_turn(copy.git, f"refs/heads/{copy.branch_name}", turn, [(path, Content(text.encode()))])
    copy.git.run("read-tree", "--reset", "-u", "HEAD", writes=True)
