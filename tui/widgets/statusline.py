"""The status line: project, phase, state, model, spending and time on one line; what matters least goes first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from textual.content import Content
from textual.widget import Widget

from core.events import State
from core.record import Cost
from tui.board import Board
from tui.panes.history import short_number
from tui.rows import SHORT_PHASES, Wait
from tui.widgets.frame import MUTED, plain

STATES = {
    State.RUNNING: ("●", "bold $text-success"),
    State.PAUSED: ("‖", "bold $text-warning"),
    State.WAITING: ("!", "bold $text-warning"),
    State.FINISHED: ("✓", "bold $text-success"),
    State.STOPPED: ("■", "bold $text-error"),
}

NEARLY = 0.8
"""Share of the cap from which on the money is shown loudly."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the line; the one with the highest `rank` gives way first. `right` parts stand at the right end."""

    text: Content
    rank: int
    right: bool = False
    short: Content | None = None
    """What stands instead where the whole does not fit."""


class StatusLine(Widget):
    """One line on the state of the run, always in view."""

    DEFAULT_CSS = """
    StatusLine { height: 1; width: 1fr; padding: 0 1; background: $foreground 8%; color: $foreground; }
    StatusLine:ansi { background: ansi_default; text-style: bold; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._parts: tuple[Part, ...] = ()

    def show(self, board: Board) -> None:
        """Show where the run stands."""
        parts = tuple(parts_of(board))
        if parts != self._parts:
            self._parts = parts
            self.refresh()

    def render(self) -> Content:
        return fitted(self._parts, self.content_size.width)


def parts_of(board: Board) -> Iterator[Part]:
    """The pieces of the line, left to right."""
    name = plain(board.project)
    yield Part((name or Content("labtop")).stylize("bold"), 6)
    if board.branch:
        yield Part(Content.assemble(("▸ ", MUTED), plain(board.branch)), 7)
    if board.phase:
        where = f"▶ {SHORT_PHASES[board.phase]} {board.progress}".rstrip()
        yield Part(plain(where).stylize("$text-accent"), 2)
    yield Part(Content(f"turn {board.turn}"), 8)
    yield Part(state(board), 0)
    if board.best is not None:
        yield Part(Content.styled(f"{short_number(board.best)} ▲", "$text-success"), 5, right=True)
    if board.model:
        model = plain(board.model).stylize(MUTED)
        yield Part(model, 4, right=True, short=shortened(model))
    yield Part(tokens(board.spent), 9, right=True, short=tokens(replace(board.spent, cached_tokens=0)))
    yield Part(money(board.spent.money, board.cap), 3 if board.spent.money else 10, right=True)
    yield Part(Content(clock(board.seconds)), 1, right=True)


def state(board: Board) -> Content:
    """What the run does, or how long it waits for a server yet."""
    if board.wait:
        left = countdown(board.wait, board.clock())
        return Content.styled(f"◷ waits {left}".rstrip(), "bold $text-warning")
    glyph, style = STATES[board.state]
    return Content.styled(f"{glyph} {board.state.value}", style)


def countdown(wait: Wait, now: float) -> str:
    """How long a server is left alone yet, e.g. `0:42`; empty when nobody knows, or when it is asked just now."""
    left = wait.until - now if wait.until is not None else 0.0
    return clock(math.ceil(left)).removeprefix("0") if left > 0 else ""


def tokens(cost: Cost) -> Content:
    """Tokens so far, and how much of the prompts the servers had kept, e.g. `412k tok 71% cached`."""
    text = f"{counted(cost.prompt_tokens + cost.completion_tokens)} tok"
    share = 100 * cost.cached_tokens // max(1, cost.prompt_tokens)
    return Content.assemble(text, (f" {share}% cached", MUTED) if cost.cached_tokens else "")


def money(dollars: float, cap: float) -> Content:
    """What was spent and what may be, e.g. `$1.24/$10`; loud where little is left."""
    style = "" if not cap or dollars < NEARLY * cap else "bold $text-warning"
    return Content.assemble((f"${dollars:.2f}", style), (f"/${cap:.2f}".removesuffix(".00"), MUTED) if cap else "")


def fitted(parts: Sequence[Part], width: int) -> Content:
    """The parts that fit into `width` cells, two or more spaces between them."""
    room = width + 2
    fitting: dict[int, Content] = {}
    for part in sorted(parts, key=lambda part: part.rank):
        for text in (part.text, part.short):
            if text is not None and (part.rank == 0 or text.cell_length + 2 <= room):
                room -= text.cell_length + 2
                fitting[part.rank] = text
                break
    kept = [part for part in parts if part.rank in fitting]
    gap = Content("  ")
    left = gap.join([fitting[part.rank] for part in kept if not part.right])
    right = gap.join([fitting[part.rank] for part in kept if part.right])
    space = width - left.cell_length - right.cell_length
    return Content.assemble(left, " " * max(0, space), right)


def shortened(model: Content) -> Content:
    """A model's name by its first word, e.g. `built-in …`; a name of one word by its first letters."""
    word = model.plain.partition(" ")[0]
    return model.truncate(min(len(word) + 2, 12), ellipsis=True)


def counted(number: int) -> str:
    """A count in few characters: `812`, `12.4k`, `3.1M`."""
    if number < 1000:
        return str(number)
    return f"{number / 1000:.1f}k" if number < 1_000_000 else f"{number / 1_000_000:.1f}M"


def clock(seconds: float) -> str:
    """Seconds as `04:12` or `1:04:12`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
