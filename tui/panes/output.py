"""The output pane: what the running program prints, as it prints it, and what earlier ones printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.content import Content
from textual.events import Resize
from textual.message import Message

from core.clean import clean
from core.events import ProgramUsage
from core.record import Status, Turn
from tui.keymap import keyed
from tui.keys import bound
from tui.widgets.frame import MUTED, entitle, frame, plain
from tui.widgets.gauge import Reach, bar, fitting, reach, taken
from tui.widgets.lines import Line, LineView

MOST_LINES = 5000
"""Lines that are kept in view; the head and tail of all that was printed stand in the turn."""

NOTHING_YET = (
    "No program has run yet.",
    "What an experiment prints appears here while it runs.",
    "",
    "{step} makes one step",
)
SILENT = "It has printed nothing yet."
_BAR = 10
_ROOMY = 64
"""Cells from which on a long bar leaves room for the rest."""
_FRAME = 6
"""Cells of the border that a subtitle cannot have."""


@dataclass(slots=True)
class Printed:
    """What one program has printed so far; the newest lines of it."""

    title: str = ""
    turn: int = 0
    """Whose output it is; 0 where that is not known."""
    state: tuple[str, ...] = ()
    """What is said of it, the most useful first."""
    lines: list[str] = field(default_factory=lambda: [""])
    width: int = 0
    dropped: int = 0
    reach: Reach | None = None

    def append(self, text: str) -> None:
        """Take in more; a line may come in pieces."""
        first, *more = clean(self.lines[-1] + text).expandtabs(8).split("\n")
        self.lines[-1] = first
        self.lines += more[-MOST_LINES:]
        self.dropped += max(0, len(more) - MOST_LINES)
        if len(self.lines) > 2 * MOST_LINES:
            self.dropped += len(self.lines) - MOST_LINES
            del self.lines[:-MOST_LINES]
        added = self.lines[-len(more) - 1 :] if more else [first]
        self.width = max(self.width, *(cell_len(line) for line in added))
        self.reach = next((found for line in reversed(added[-20:]) if (found := reach(line))), self.reach)

    @property
    def count(self) -> int:
        """How many lines there are; the one that has not begun does not count."""
        return len(self.lines) - (self.lines[-1] == "")


class OutputPane(LineView):
    """A program's output, following its end until one scrolls up."""

    DEFAULT_CSS = frame("OutputPane")
    BORDER_TITLE = "Output"
    BINDINGS: ClassVar[list[BindingType]] = bound("other_output", "look('earlier')", "look('later')")

    class Wanted(Message):
        """The output of the nearest program that ran before (or after) the turn `of` is to be shown."""

        def __init__(self, pane: OutputPane, of: int, *, earlier: bool) -> None:
            super().__init__()
            self.pane = pane
            self.of = of
            self.earlier = earlier

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._newest = Printed()
        self._shown = self._newest
        self._begun = False

    def on_mount(self) -> None:
        if not self._begun:
            self.empty()

    def empty(self) -> None:
        """No program has run yet, on this line of work."""
        self._newest = self._shown = Printed()
        self._newest.lines = [keyed(self.app, line) for line in NOTHING_YET]
        self._newest.width = max(map(len, self._newest.lines))
        self._entitle()
        self._relay()

    def begin(self, title: str, turn: int = 0) -> None:
        """A program starts: the pane is emptied for it."""
        self._begun = True
        self._newest = self._shown = Printed(title, turn, ("running",))
        self._entitle()
        self._relay(keep=False)

    def say(self, words: str) -> None:
        """There is no program; say so."""
        self.begin("")
        self.append(words)
        self._newest.state = ()
        self._entitle()

    def append(self, text: str) -> None:
        """More output; a line may come in pieces."""
        if not text:
            return
        if not self._begun:
            self.begin("")
        following = self.scroll_offset.y >= self.max_scroll_y
        self._newest.append(text)
        if self._shown is self._newest:
            self._relay()
            if following:
                self.scroll_to(None, self.max_scroll_y, animate=False, force=True)

    def gauge(self, ran: float, limit: float, usage: ProgramUsage | None) -> None:
        """Say how long the program has been running, how far it is and what it takes, as far as there is room."""
        known = self._newest.reach
        share = known.share if known else ran / limit if limit else 0.0
        room = self.size.width - _FRAME
        how_far = (
            f"{bar(min(share, 1.0), _BAR if room > _ROOMY else _BAR // 2)} {known.words if known else ''}".rstrip()
        )
        parts = [f"{ran:.0f} of {limit:.0f} s", how_far, *(taken(usage) if usage else ())]
        self._newest.state = tuple(parts)
        self._entitle()

    def finish(self, problem: str) -> None:
        """The program has ended; `problem` is empty when all went well."""
        dropped = self._newest.dropped
        gone = f" · {dropped} lines above not kept" if dropped else ""
        self._newest.state = (f"✗ {problem}{gone}" if problem else f"✓ ended well{gone}",)
        self._entitle()

    def look_at(self, turn: Turn) -> None:
        """Show what an earlier turn's program printed; what comes meanwhile is kept for `}`."""
        ended = "✗ failed" if turn.status is Status.FAILED else "✓ ended well"
        self._shown = Printed(f"turn {turn.number}", turn.number, (ended, "} later"))
        self._shown.append(turn.output)
        self._entitle()
        self._relay(keep=False)

    def newest(self) -> None:
        """Show again what the running program prints, or the one that ran last."""
        self._shown = self._newest
        self._entitle()
        self._relay(keep=False)
        self.scroll_to(None, self.max_scroll_y, animate=False, force=True)

    def action_look(self, where: str) -> None:
        """Ask for the output of the program that ran before the one that is shown, or after it."""
        if self._shown.turn:
            self.post_message(self.Wanted(self, self._shown.turn, earlier=where == "earlier"))
        else:
            self.notify("no other program's output is at hand here", markup=False)

    @property
    def newest_turn(self) -> int:
        """The turn whose program runs, or ran last."""
        return self._newest.turn

    def line(self, index: int) -> Line:
        if not self._shown.count:
            return Line(Content(""), Content(SILENT), MUTED)
        text = self._shown.lines[index]
        return Line(Content(""), Content(text), "" if self._begun else MUTED)

    def _entitle(self) -> None:
        shown = self._shown
        entitle(self, f"Output · {shown.title}" if shown.title else "Output", "")
        self.border_subtitle = plain(fitting(shown.state, self.size.width - _FRAME)) if shown.state else ""

    def on_resize(self, event: Resize) -> None:
        """Say as much of the program as there is room for."""
        self._entitle()

    def _relay(self, *, keep: bool = True) -> None:
        self.lay(max(1, self._shown.count), max(self._shown.width, len(SILENT)), keep=keep)
