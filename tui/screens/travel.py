"""Going back, forth and aside in the history: asks what has to be asked, then lets the session do it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from textual.app import App

from core.consequences import consequences, facts
from core.orders import Travel, Way
from core.record import LoggedTurn
from tui.board import Board
from tui.screens.rollback import RollBackScreen
from tui.session import Session


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done to the history: `roll_back` to a turn, `undo`, `redo`, `branch` there, `switch`, `take`.

    `name` is the line to start, to go to, or to take a finding from; `parts` are the parts of it that are meant.
    """

    action: str
    turn: int = 0
    commit: str = ""
    name: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a wish has led: in a few words, and the project as its history now tells it."""

    words: str
    board: Board
    turns: Sequence[LoggedTurn]


async def travel(app: App[None], session: Session, wish: Wish) -> Arrival | None:
    """Fulfil the wish; None when it was called off; raises LabError."""
    match wish.action:
        case "undo":
            words, order = "brought back what the roll-back left behind; ^r goes back again", Travel(Way.UNDO)
        case "redo":
            words, order = "rolled back again; u brings back what went", Travel(Way.REDO)
        case "branch":
            words = f"on the new line {wish.name}, from turn {wish.turn}; the other line stays as it is"
            order = Travel(Way.BRANCH, rev=wish.commit, name=wish.name)
        case "switch":
            words, order = f"on line {wish.name}; the other line stays as it is", Travel(Way.SWITCH, name=wish.name)
        case "take":
            return await _take(app, session, wish)
        case _:
            told = await asyncio.to_thread(consequences, session.project, wish.commit)
            if not await app.push_screen_wait(RollBackScreen(f"Roll back to turn {wish.turn}?", facts(told))):
                return None
            words = f"rolled back to turn {wish.turn}; u brings back what went"
            order = Travel(Way.ROLLBACK, rev=wish.commit)
    return Arrival(words, *await session.change(order, words.partition(";")[0]))


async def _take(app: App[None], session: Session, wish: Wish) -> Arrival | None:
    """Take a finding from another line; where the sheet has said what both changed, theirs comes in its place."""
    await asyncio.to_thread(import_module, "tui.screens.taking")
    from core.findings import find, offered, take
    from core.pieces import read_piece
    from tui.screens.taking import TakeScreen

    project = session.project
    parts = [read_piece(part).name for part in wish.parts]
    offers = await asyncio.to_thread(offered, project, wish.name)
    if not {one.piece.name for one in offers}.issuperset(parts):
        await asyncio.to_thread(find, project, wish.name, parts)  # says what is not there
    choice = await app.push_screen_wait(TakeScreen(project, wish.name, offers, parts))
    if choice is None:
        return None
    words = f"took a finding from {wish.name}; it is a turn of yours"
    work = partial(take, project, wish.name, choice.parts, over=choice.over)
    return Arrival(words, *await session.change(work, words.partition(";")[0]))
