"""The line above the input: what goes on now and for how long, or why nothing does and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from core.events import State
from tui.board import Board
from tui.keymap import USUAL, Keymap, named, own_keys
from tui.rows import Wait
from tui.widgets.frame import MUTED, plain
from tui.widgets.statusline import STATES, clock, countdown

NEXT = {
    State.PAUSED: "{run_pause} runs on, {step} makes one turn",
    State.WAITING: "{run_pause} runs on",
    State.STOPPED: "{run_pause} tries again",
    State.FINISHED: "4 reads the report, {history} and {roll_back} go back to a turn",
}
WANTED = {
    "budget": "{edit_settings} opens lab.toml, then {run_pause} runs on",
    "loop": "{tell} writes the agents a note, {run_pause} runs on",
    "price": "{edit_settings} opens config.toml, then {run_pause} runs on",
}
"""What a person can do, by the cause that the run waits for."""

WAITS = ("◷", "bold $text-warning")

LONGEST_PRINTED = 60
"""Characters of a program's last line."""


class NowLine(Static):
    """One line while a turn is made; as many as it takes, up to five, to say why none is."""

    DEFAULT_CSS = """
    NowLine { height: auto; min-height: 1; max-height: 5; padding: 0 1; background: $background; }
    """

    def __init__(self) -> None:
        super().__init__(id="now", markup=False)
        self._said = Content("")

    def show(self, board: Board, held: str, stops: Sequence[str] = ()) -> None:
        """Show what goes on; `held` says why no turn will follow the one in flight, `stops` where the run will hold."""
        said = now(board, held, stops, own_keys(self.app))
        if said != self._said:
            self._said = said
            self.update(said)


def now(board: Board, held: str = "", stops: Sequence[str] = (), keys: Keymap = USUAL) -> Content:
    """What goes on, in words."""
    glyph, style = STATES[board.state]
    if board.state is State.RUNNING:
        to_come = f"holds {', '.join(stops)}" if stops else ""
        said, after = working(board), "holds after this turn" if held else to_come
    else:
        reason = board.reason.removeprefix(f"{board.state.value}: ") or board.state.value
        said, after = reason, "" if board.proposed else named(WANTED.get(board.cause, NEXT[board.state]), keys)
    if board.wait:
        (glyph, style), said = WAITS, waiting(board.wait, board.clock())
        after = named("{run_pause} stops waiting, {leave} leaves", keys) if board.wait.long else after
    parts = [plain(said), Content.styled(f" · {after}", MUTED) if after else Content("")]
    return Content.assemble((f"{glyph} ", style), *parts)


def waiting(wait: Wait, now: float) -> str:
    """When a server is asked again and why, e.g. `asks again in 0:42: 429 from openrouter.ai`."""
    if wait.until is None:
        return f"{wait.reason} · {clock(now - wait.since)}"
    left = countdown(wait, now)
    return f"asks again in {left}: {wait.reason}" if left else f"asks again: {wait.reason}"


def working(board: Board) -> str:
    """Who is at work on what, and since when."""
    if board.program:
        limit = f" of at most {clock(board.limit)}" if board.limit else ""
        printed = plain(board.printed).truncate(LONGEST_PRINTED, ellipsis=True).plain
        return f"{board.program} runs · {clock(board.clock() - board.began)}{limit}{f' · {printed}' if printed else ''}"
    if board.asked is None or board.agent is None:
        return "between two turns"
    spent = clock(board.clock() - board.asked)
    if board.proposed:
        return f"{board.agent.title} · {board.proposed.command} is carried out · {spent}"
    return f"{board.agent.title} · {board.task or 'a reply'}{' · thinking' if board.thinking else ''} · {spent}"
