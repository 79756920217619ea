"""The person's word on a reply: questions answered before it, and a choice of hunks made the reply that makes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.commands import Command, Malformed
from core.edits import unified_diff
from core.errors import LabError
from core.events import Answered, Event, Notice, State, StateChanged
from core.fences import read as read_fences
from core.gate import Approve, Decline, Gate, Pick, Proposal, Question, Verdict
from core.hunks import Change, chosen, command_making, left_out, parts
from core.parsing import write


class NoChoice(LabError):
    """Hunks that cannot be chosen from."""

    title = "Hunks"


@dataclass(frozen=True, slots=True)
class Asked:
    """A reply that waits, and what is needed to take it apart: `read` and `change_of` say what a reply would do.

    `explain` asks the agent a question about it.
    """

    proposal: Proposal
    command: Command | Malformed
    read: Callable[[str], Command | Malformed]
    change_of: Callable[[Command | Malformed], Change | None]
    explain: Callable[[str], Awaitable[str]]


async def word_on(asked: Asked, gate: Gate, emit: Callable[[Event], None]) -> Verdict:
    """Wait for the person's verdict, and answer their questions meanwhile; a choice of hunks comes back as a reply."""
    answering = list[asyncio.Task[None]]()
    try:
        while True:
            said = await gate.verdict(asked.proposal)
            match said:
                case Question(text):
                    answering.append(asyncio.ensure_future(_answer(asked, text, emit)))
                case Pick():
                    try:
                        return await asyncio.to_thread(picked, asked, said)
                    except NoChoice as error:
                        emit(Notice("warning", str(error)))
                        emit(StateChanged(State.WAITING, "choose again"))
                case _:
                    return said
    finally:
        for task in answering:
            task.cancel()
        await asyncio.gather(*answering, return_exceptions=True)


async def _answer(asked: Asked, question: str, emit: Callable[[Event], None]) -> None:
    try:
        text = await asked.explain(question)
    except (LabError, OSError) as error:
        emit(Notice("warning", f"The question got no answer: {error}"))
    else:
        emit(Answered(asked.proposal.turn, question, text))


def picked(asked: Asked, pick: Pick) -> Approve | Decline:
    """The verdict that a choice of hunks comes to; raises NoChoice when they are no hunks of this reply."""
    change = asked.change_of(asked.command)
    if change is None or isinstance(asked.command, Malformed):
        raise NoChoice("This reply changes no file, so it has no hunks.", "a approves it, e changes it.")
    count = parts(change)
    try:
        text = chosen(change, pick.kept)
    except ValueError as error:
        raise NoChoice(f"The change has {count} parts; {list(pick.kept)} names others.", "Choose again.") from error
    if not pick.kept:
        return Decline(pick.reason or "none of its hunks was accepted")
    if len(set(pick.kept)) == count:
        return Approve()
    command = command_making(text, change.before, asked.command)
    prose = read_fences(asked.proposal.reply)[1].strip()
    block = write(command) if command else ""
    for reply in (f"{prose}\n\n{block}".lstrip(), block):
        made = asked.change_of(asked.read(reply))
        if made is not None and made.after.strip() == text.strip():
            return Approve(reply, _rejected(asked, change, pick, count))
    raise NoChoice("These hunks alone make no command that can act here.", "Take all, decline, or change it with e.")


def _rejected(asked: Asked, change: Change, pick: Pick, count: int) -> str:
    """What the agent reads about the parts that were left out."""
    reason = pick.reason.strip().rstrip(".")
    why = f", because: {reason}" if reason else ""
    what = f"Of the {count} parts of your {asked.proposal.command} the researcher took {len(set(pick.kept))}"
    words = f"{what} and left out the rest{why}. Do not propose that again as it was."
    return f"{words}\n\nLeft out:\n\n{left_out(change, pick.kept)}"


def rewritten(reply: str, edited: str) -> str:
    """What the agent reads about a reply of its that the person changed before it acted."""
    return f"The researcher changed your reply before it acted:\n\n{unified_diff(reply, edited, 'your reply')}"
