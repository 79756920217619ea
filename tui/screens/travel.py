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
from tui.keymap import keyed
from tui.screens.rollback import RollBackScreen
from tui.session import Session

STAYS = "the other line stays as it is"


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
    way_back = keyed(app, "{undo} brings back what went")
    match wish.action:
        case "undo":
            way_back = keyed(app, "{redo} goes back again")
            done, order = "brought back what the roll-back left behind", Travel(Way.UNDO)
        case "redo":
            done, order = "rolled back again", Travel(Way.REDO)
        case "branch":
            done, way_back = f"on the new line {wish.name}, from turn {wish.turn}", STAYS
            order = Travel(Way.BRANCH, rev=wish.commit, name=wish.name)
        case "switch":
            done, way_back = f"on line {wish.name}", STAYS
            order = Travel(Way.SWITCH, name=wish.name)
        case "take":
            return await _take(app, session, wish)
        case _:
            told = await asyncio.to_thread(consequences, session.project, wish.commit)
            if not await app.push_screen_wait(RollBackScreen(f"Roll back to turn {wish.turn}?", facts(told))):
                return None
            done, order = f"rolled back to turn {wish.turn}", Travel(Way.ROLLBACK, rev=wish.commit)
    return Arrival(f"{done}; {way_back}", *await session.change(order, done))


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
    done = f"took a finding from {wish.name}"
    work = partial(take, project, wish.name, choice.parts, over=choice.over)
    return Arrival(f"{done}; it is a turn of yours", *await session.change(work, done))
