"""Blocks of text that wrap with their own indent: what a turn in the chat is drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING

from textual.content import Content
from textual.strip import Strip

from tui.widgets.frame import FAINT
from tui.widgets.lines import to_strip

if TYPE_CHECKING:
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

    __slots__ = ("_lines", "_strips", "_width", "content", "first", "part", "rest", "right", "wrap")

    def __init__(
        self,
        content: Content,
        first: Content = NOTHING,
        rest: Content = NOTHING,
        *,
        wrap: Wrap = Wrap.WORDS,
        right: Content | None = None,
        part: str = "",
    ) -> None:
        """With `right` it is one line that ends in it; `part` names what it is the head of, and opens and folds."""
        self.content = content.expand_tabs(4)  # a terminal moves on by as much as it likes
        self.first = first
        self.rest = rest
        self.wrap = wrap
        self.right = right
        self.part = part
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


class Document:
    """Blocks, one under the other."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self.blocks: Sequence[Block] = tuple(blocks)
        self._drawn: tuple[int, Style, list[Strip]] | None = None

    def lines(self, width: int) -> list[Content]:
        """All lines in `width` cells."""
        return list(chain.from_iterable(block.lines(width) for block in self.blocks))

    def drawn(self, width: int, style: Style) -> list[Strip]:
        """All lines, drawn."""
        if self._drawn is None or self._drawn[:2] != (width, style):
            strips = list(chain.from_iterable(block.strips(width, style) for block in self.blocks))
            self._drawn = (width, style, strips)
        return self._drawn[2]

    def heads(self, width: int) -> dict[int, str]:
        """The lines on which something can be opened or folded, with what."""
        found: dict[int, str] = {}
        line = 0
        for block in self.blocks:
            if block.part:
                found[line] = block.part
            line += len(block.lines(width))
        return found

    def common(self, other: Document, width: int) -> int:
        """How many lines at the beginning are the same as another document's, as far as whole blocks tell."""
        lines = 0
        for block, same in zip(self.blocks, other.blocks, strict=False):
            if block is not same:
                break
            lines += len(block.lines(width))
        return lines
