"""Going back and forth in the history: asks what has to be asked, then lets the session do it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from textual.app import App

from core.history import redo, rollback, undo
from core.record import Agent, Cost, LoggedTurn
from tui.board import Board, HistoryRow
from tui.screens.rollback import RollBackScreen
from tui.session import Session


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person wants done to the history: `roll_back` to a turn, `undo` or `redo`."""

    action: str
    turn: int = 0
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a wish has led: in a few words, and the project as its history now tells it."""

    words: str
    board: Board
    turns: Sequence[LoggedTurn]


async def travel(app: App[None], session: Session, board: Board, wish: Wish) -> Arrival | None:
    """Fulfil the wish; None when it was called off; raises LabError."""
    project = session.project
    match wish.action:
        case "undo":
            words, work = "brought back what the roll-back left behind; ^r goes back again", partial(undo, project)
        case "redo":
            words, work = "rolled back again; u brings back what went", partial(redo, project)
        case _:
            sheet = RollBackScreen(f"Roll back to turn {wish.turn}?", facts(board, wish.turn))
            if not await app.push_screen_wait(sheet):
                return None
            words = f"rolled back to turn {wish.turn}; u brings back what went"
            work = partial(rollback, project, wish.commit)
    return Arrival(words, *await session.change(work, words.partition(";")[0]))


def facts(board: Board, turn: int) -> list[tuple[str, str]]:
    """What goes with a roll-back to `turn`, what is kept, and what was spent on what goes."""
    going = [row for row in board.history if row.turn > turn]
    staying = [row for row in board.history if row.turn <= turn]
    spent = sum((row.cost for row in going), Cost())
    goes = [f"turns {turn + 1}–{going[0].turn}" if len(going) > 1 else f"turn {turn + 1}", counted(going)]
    if before := best(going + staying, board.higher_is_better):
        after = best(staying, board.higher_is_better)
        if after != before:
            goes.append(f"best {board.metric} {before:.4g} → {f'{after:.4g}' if after is not None else 'none yet'}")
    if (phase := staying[0].phase if staying else None) and phase is not board.phase:
        goes.append(f"back in {phase.title.lower()}")
    tokens = spent.prompt_tokens + spent.completion_tokens
    return [
        ("Goes", "\n".join(goes)),
        ("Kept", "all of it, beside this line of work; u brings it back"),
        ("Spent", f"{tokens} tokens, ${spent.money:.2f}, {spent.seconds:.0f} s on what goes; stays counted"),
    ]


def counted(rows: Sequence[HistoryRow]) -> str:
    """What the turns were, e.g. `3 × EDIT, 1 × REPLACE`."""
    kinds = Counter(kind(row) for row in rows)
    return ", ".join(f"{count} × {kind}" for kind, count in kinds.most_common(5))


def kind(row: HistoryRow) -> str:
    """What sort of turn it was, e.g. `EDIT`."""
    if row.agent is Agent.RESEARCHER:
        return "change of yours"
    return row.command.split(" ")[0] or ("word of labtop" if row.agent is Agent.LABTOP else "reply without a command")


def best(rows: Sequence[HistoryRow], higher_is_better: bool) -> float | None:
    """The best value that a kept candidate of these turns measured."""
    values = [row.value for row in rows if row.kept and row.value is not None]
    return (max if higher_is_better else min)(values, default=None)
