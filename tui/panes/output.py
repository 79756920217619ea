"""The output pane: what the running program prints, as it prints it."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content

from core.clean import clean
from tui.widgets.frame import MUTED, entitle, frame
from tui.widgets.lines import Line, LineView

MOST_LINES = 5000
"""Lines that are kept in view; the head and tail of all that was printed stand in the turn."""

NOTHING_YET = (
    "No program has run yet.",
    "What an experiment prints appears here while it runs.",
    "",
    "n makes one step",
)


class OutputPane(LineView):
    """A program's output, following its end until one scrolls up."""

    DEFAULT_CSS = frame("OutputPane")
    BORDER_TITLE = "Output"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._lines: list[str] = []
        self._width = 0
        self._dropped = 0
        self._title = "Output"
        self._begun = False

    def on_mount(self) -> None:
        if not self._begun:
            self._lines = list(NOTHING_YET)
            self._relay(self._lines)

    def begin(self, title: str) -> None:
        """A program starts: the pane is emptied for it."""
        self._begun = True
        self._lines, self._width, self._dropped = [""], 0, 0
        self._title = f"Output · {title}" if title else "Output"
        entitle(self, self._title, "running")
        self.lay(0, 0)

    def say(self, words: str) -> None:
        """There is no program; say so."""
        self.begin("")
        self.append(words)
        entitle(self, self._title)

    def append(self, text: str) -> None:
        """More output; a line may come in pieces."""
        if not text:
            return
        if not self._begun:
            self.begin("")
        following = self.scroll_offset.y >= self.max_scroll_y
        first, *more = clean(self._lines[-1] + text).expandtabs(8).split("\n")
        self._lines[-1] = first
        self._lines += more[-MOST_LINES:]
        self._dropped += max(0, len(more) - MOST_LINES)
        self._relay(self._lines[-len(more) - 1 :] if more else [first])
        if following:
            self.scroll_to(None, self.max_scroll_y, animate=False, force=True)

    def finish(self, problem: str) -> None:
        """The program has ended; `problem` is empty when all went well."""
        gone = f" · {self._dropped} lines above not kept" if self._dropped else ""
        entitle(self, self._title, f"✗ {problem}{gone}" if problem else f"✓ ended well{gone}")

    def line(self, index: int) -> Line:
        text = self._lines[index]
        return Line(Content(""), Content(text), "" if self._begun else MUTED)

    def _relay(self, added: list[str]) -> None:
        if len(self._lines) > 2 * MOST_LINES:
            self._dropped += len(self._lines) - MOST_LINES
            del self._lines[:-MOST_LINES]
        count = len(self._lines) - (self._lines[-1] == "")
        self._width = max(self._width, *(cell_len(text) for text in added))
        self.lay(count, self._width, keep=True)
