"""Blocks of text that wrap with their own indent: what a turn in the chat is drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING

from textual.content import Content
from textual.strip import Strip
from textual.visual import RenderOptions, Visual

from tui.widgets.frame import FAINT
from tui.widgets.lines import to_strip

if TYPE_CHECKING:
    from textual.css.styles import RulesMap
    from textual.selection import Selection
    from textual.style import Style

NOTHING = Content("")


class Wrap(Enum):
    """What becomes of a line that is too long."""

    WORDS = "broken between words"
    FOLD = "broken anywhere"
    CUT = "cut"

    def lines(self, content: Content, width: int) -> list[Content]:
        """One line in lines of `width` cells."""
        match self:
            case Wrap.WORDS:
                return content.wrap(width)
            case Wrap.FOLD:
                return content.fold(width)
            case Wrap.CUT:
                return [content.truncate(width, ellipsis=True) if content.cell_length > width else content]


class Block:
    """A paragraph: `first` stands before its first line and `rest` before the others, both of one width."""

    __slots__ = ("_lines", "_strips", "_width", "content", "first", "rest", "right", "wrap")

    def __init__(
        self,
        content: Content,
        first: Content = NOTHING,
        rest: Content = NOTHING,
        *,
        wrap: Wrap = Wrap.WORDS,
        right: Content | None = None,
    ) -> None:
        """With `right` it is one line that ends in it."""
        self.content = content
        self.first = first
        self.rest = rest
        self.wrap = wrap
        self.right = right
        self._width = -1
        self._lines: list[Content] = []
        self._strips: tuple[Style, list[Strip]] | None = None

    def lines(self, width: int) -> list[Content]:
        """The block's lines in `width` cells."""
        if width != self._width:
            self._width = width
            self._strips = None
            self._lines = self._headline(width) if self.right is not None else self._wrapped(width)
        return self._lines

    def strips(self, width: int, style: Style) -> list[Strip]:
        """The lines, drawn."""
        lines = self.lines(width)
        if self._strips is None or self._strips[0] != style:
            self._strips = (style, [to_strip(line, style) for line in lines])
        return self._strips[1]

    def _wrapped(self, width: int) -> list[Content]:
        first, rest = (
            mark if mark.cell_length <= width // 2 else mark[: width // 2] for mark in (self.first, self.rest)
        )
        room = max(4, width - first.cell_length)
        parts = self.content.split("\n", allow_blank=True) or [NOTHING]
        lines = list(chain.from_iterable(self.wrap.lines(part, room) for part in parts))
        return [(rest if place else first) + line for place, line in enumerate(lines)]

    def _headline(self, width: int) -> list[Content]:
        right = self.right or NOTHING
        room = width - right.cell_length - 2
        left = self.content if self.content.cell_length <= room else self.content.truncate(max(1, room), ellipsis=True)
        rule = "─" * max(0, room - left.cell_length)
        return [Content.assemble(left, (f" {rule} ", FAINT), right)]


class Document(Visual):
    """Blocks, one under the other."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self.blocks: Sequence[Block] = tuple(blocks)

    def lines(self, width: int) -> list[Content]:
        """All lines in `width` cells."""
        return list(chain.from_iterable(block.lines(width) for block in self.blocks))

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        if options.selection is not None and options.selection_style is not None:
            drawn = self._selected(width, style, options.selection, options.selection_style)
        else:
            drawn = list(chain.from_iterable(block.strips(width, style) for block in self.blocks))
        return [strip.apply_offsets(0, y) for y, strip in enumerate(drawn[:height])]

    def _selected(self, width: int, style: Style, selection: Selection, selected: Style) -> list[Strip]:
        drawn = []
        for y, line in enumerate(self.lines(width)):
            if (span := selection.get_span(y)) is not None:
                start, end = span
                line = line.stylize(selected, start, len(line.plain) if end == -1 else end)
            drawn.append(to_strip(line, style))
        return drawn

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        return sum(len(block.lines(width)) for block in self.blocks)
