"""A text by the line: a file as it stood, numbered and in its colours, or words of our own in columns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rich.cells import cell_len
from textual import work
from textual.content import Content
from textual.events import Resize
from textual.message import Message

from core.clean import clean
from tui.widgets.code import coloured_text, language_of
from tui.widgets.folds import PROSE, folds
from tui.widgets.frame import MUTED, entitle, frame
from tui.widgets.lines import Line, LineView


class Edit(Message):
    """The person wants to change the file at `path`, relative to the project, in their own editor."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path


class TextPane(LineView):
    """Something to read that does not change while one reads it; the lines of prose are broken to its width."""

    DEFAULT_CSS = frame("TextPane")
    BORDER_TITLE = "Text"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._lines: Sequence[Content] = ()
        self._places: Sequence[tuple[int, int, int]] = ()
        """What each line of the view is: a part of a line, from its first character to the one after its last."""
        self._digits = 0
        self._prose = False

    def show_file(self, path: str, text: str, subtitle: str = "") -> None:
        """Show a file in full, its lines numbered."""
        lines = clean(text).expandtabs(4).rstrip("\n").split("\n")
        language = language_of(path)
        entitle(self, path, subtitle)
        self._prose = language in PROSE
        self._put([Content(line) for line in lines], len(str(len(lines))))
        self._colour("\n".join(lines), language)

    def show_lines(self, title: str, lines: Sequence[Content], subtitle: str = "") -> None:
        """Show lines as they are."""
        self.workers.cancel_group(self, "colours")
        entitle(self, title, subtitle)
        self._prose = False
        self._put(lines, 0)

    def on_resize(self, event: Resize) -> None:
        """Break the lines anew."""
        if self._prose:
            self._put(self._lines, self._digits, keep=True)

    def line(self, index: int) -> Line:
        at, start, end = self._places[index]
        number = "" if start else str(at + 1)
        gutter = f"{number.rjust(self._digits)}  " if self._digits else ""
        return Line(Content.styled(gutter, MUTED), self._lines[at][start:end])

    def _put(self, lines: Sequence[Content], digits: int, *, keep: bool = False) -> None:
        self._lines, self._digits = lines, digits
        gutter = digits + 2 if digits else 0
        width = max(10, self.scrollable_content_region.width - gutter)
        self._places = [
            (at, start, end)
            for at, line in enumerate(lines)
            for start, end in (folds(line.plain, width) if self._prose else ((0, len(line.plain)),))
        ]
        widest = 0 if self._prose else max((cell_len(line.plain) for line in lines), default=0)
        self.lay(len(self._places), gutter + widest, keep=keep)

    @work(exclusive=True, group="colours")
    async def _colour(self, text: str, language: str) -> None:
        """Lexing takes a while: a long file stands there without colours for so long."""
        lines = await asyncio.to_thread(coloured_text, text, language)
        self._put(lines, self._digits, keep=True)
