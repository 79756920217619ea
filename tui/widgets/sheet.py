"""A scrolling sheet of text that is set to the width of its pane."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from tui.widgets.bounded import bounded
from tui.widgets.lines import Line, LineView

EMPTY = Content("")


class Sheet(LineView):
    """Lines that a subclass sets for a width, in `lines_for`; set anew when the width or what they tell changes."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._lines: list[Content] = []
        self._set_for = 0

    def lines_for(self, width: int) -> list[Content]:
        """All lines, none longer than `width` cells."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.set_anew()

    def on_resize(self) -> None:
        if self._width != self._set_for:
            self.set_anew(keep=True)

    def set_anew(self, *, keep: bool = False) -> None:
        """Set the lines again; `keep` stays where the view is."""
        self._set_for = self._width
        self._lines = self.lines_for(self._set_for)
        self.lay(len(self._lines), 0, keep=keep)

    def line(self, index: int) -> Line:
        return Line(EMPTY, self._lines[index])

    @property
    def _width(self) -> int:
        return max(10, self.scrollable_content_region.width - 1)


def wrapped(text: str, width: int, style: str = "", before: str = "", hang: str | None = None) -> list[Content]:
    """Outside text in lines of `width` cells, paragraph by paragraph; `before` stands at its first line.

    Further lines begin with `hang`, which is as many spaces as `before` is long when nothing is said.
    """
    rest = " " * len(before) if hang is None else hang
    lines: list[Content] = []
    for paragraph in bounded(text).split("\n"):
        for line in Content.styled(paragraph, style).wrap(max(4, width - len(before))) or [EMPTY]:
            lines.append(Content.assemble(rest if lines else before, line))
    return lines


def heading(text: str) -> Content:
    """A heading of our own."""
    return Content.styled(text, "bold")


def side_by_side(columns: Iterable[list[Content]], width: int, gap: int = 3) -> list[Content]:
    """Columns of lines, each `width` cells wide, next to each other."""
    cells = list(columns)
    height = max((len(column) for column in cells), default=0)
    between = Content(" " * gap)
    return [
        between.join([padded(column[row] if row < len(column) else EMPTY, width) for column in cells])
        for row in range(height)
    ]


def padded(line: Content, width: int) -> Content:
    """A line in exactly `width` cells."""
    line = line.truncate(width, ellipsis=True) if line.cell_length > width else line
    return Content.assemble(line, " " * (width - line.cell_length))
