"""A text by the line: a file as it stood, numbered and in its colours, or words of our own in columns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rich.cells import cell_len
from textual import work
from textual.content import Content

from core.clean import clean
from tui.widgets.code import coloured_text, language_of
from tui.widgets.frame import MUTED, entitle, frame
from tui.widgets.lines import Line, LineView


class TextPane(LineView):
    """Something to read that does not change while one reads it."""

    DEFAULT_CSS = frame("TextPane")
    BORDER_TITLE = "Text"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._lines: Sequence[Content] = ()
        self._digits = 0

    def show_file(self, path: str, text: str, subtitle: str = "") -> None:
        """Show a file in full, its lines numbered."""
        lines = clean(text).expandtabs(4).rstrip("\n").split("\n")
        entitle(self, path, subtitle)
        self._put([Content(line) for line in lines], len(str(len(lines))))
        self._colour("\n".join(lines), language_of(path))

    def show_lines(self, title: str, lines: Sequence[Content], subtitle: str = "") -> None:
        """Show lines as they are."""
        self.workers.cancel_group(self, "colours")
        entitle(self, title, subtitle)
        self._put(lines, 0)

    def line(self, index: int) -> Line:
        number = f"{str(index + 1).rjust(self._digits)}  " if self._digits else ""
        return Line(Content.styled(number, MUTED), self._lines[index])

    def _put(self, lines: Sequence[Content], digits: int, *, keep: bool = False) -> None:
        self._lines, self._digits = lines, digits
        gutter = digits + 2 if digits else 0
        self.lay(len(lines), gutter + max((cell_len(line.plain) for line in lines), default=0), keep=keep)

    @work(exclusive=True, group="colours")
    async def _colour(self, text: str, language: str) -> None:
        """Lexing takes a while: a long file stands there without colours for so long."""
        lines = await asyncio.to_thread(coloured_text, text, language)
        self._put(lines, self._digits, keep=True)
