"""A picture in half blocks: two pixels a cell, scrolled when it is larger than the pane."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip

from core.clean import clean
from tui.widgets.frame import MUTED
from tui.widgets.lines import Line, LineView

if TYPE_CHECKING:
    from core.latex.pictures import Picture

UPPER = "▀"
SHADES = " ░▒▓█"
"""From paper to ink, where there are no colours to mix."""
_FINE = 0xF0
"""What is kept of a colour: neighbours that nobody can tell apart become one, and a line has fewer pieces."""


class PageView(LineView):
    """A picture, or words where there is none."""

    SIDE_STEP = 16

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._picture: Picture | None = None
        self._words: tuple[str, ...] = ()

    @property
    def room(self) -> tuple[int, int]:
        """How many pixels fit across and down."""
        size = self.scrollable_content_region.size
        return max(4, size.width), max(4, 2 * size.height)

    def show(self, picture: Picture) -> None:
        """Show a picture; the middle of what was in view stays there when it is the same one in another size."""
        before, self._picture, self._words = self._picture, picture, ()
        across, down = self.room
        left, top = 0.0, 0.0
        if before is not None:
            left = (self.scroll_x + across / 2) * picture.width / before.width - across / 2
            top = (self.scroll_y + down / 4) * picture.height / before.height - down / 4
        self.lay((picture.height + 1) // 2, picture.width, keep=True)
        self.scroll_to(max(0, left), max(0, top), animate=False, force=True, immediate=True)

    def say(self, words: str) -> None:
        """Say why there is no picture."""
        self._picture, self._words = None, tuple(clean(words).split("\n"))
        self.lay(len(self._words), 0)

    def line(self, index: int) -> Line:
        return Line(Content(""), Content.styled(self._words[index], MUTED))

    def render_line(self, y: int) -> Strip:
        picture = self._picture
        if picture is None:
            return super().render_line(y)
        row = 2 * (y + self.scroll_offset.y)
        width = self.size.width
        blank = Strip.blank(width, self.visual_style.rich_style)
        if row >= picture.height:
            return blank
        shaded = self.app.native_ansi_color or self.app.no_color
        left = self.scroll_offset.x
        pieces = shades(picture, row, left, width) if shaded else half_blocks(picture, row, left, width)
        margin = " " * max(0, (width - picture.width) // 2)
        base = self.visual_style.rich_style
        drawn = [Segment(margin, base), *(Segment(text, base + style) for text, style in pieces)]
        return Strip(drawn).adjust_cell_length(width, base)

    def on_resize(self) -> None:
        self.virtual_size = Size(self._picture.width, (self._picture.height + 1) // 2) if self._picture else Size(0, 0)


def half_blocks(picture: Picture, row: int, left: int, width: int) -> Iterator[tuple[str, RichStyle]]:
    """Two rows of pixels as pieces of one line, from column `left` on."""
    upper, lower = pixel_row(picture, row, left, width), pixel_row(picture, row + 1, left, width)
    for (above, below), run in groupby(zip(upper, lower, strict=True)):
        yield UPPER * sum(1 for _ in run), two_colours(above, below)


def shades(picture: Picture, row: int, left: int, width: int) -> Iterator[tuple[str, RichStyle]]:
    """Two rows of pixels as one line of shades, for a terminal whose colours nobody knows."""
    upper, lower = pixel_row(picture, row, left, width), pixel_row(picture, row + 1, left, width)
    text = "".join(shade(sum(above) + sum(below)) for above, below in zip(upper, lower, strict=True))
    yield text, RichStyle.null()


def shade(light: int) -> str:
    """A sign as dark as six colour values, 240 each, are together."""
    ink = 1 - min(1.0, light / (6 * _FINE))
    return SHADES[min(len(SHADES) - 1, round(ink * 1.6 * (len(SHADES) - 1)))]


def pixel_row(picture: Picture, row: int, left: int, width: int) -> list[tuple[int, int, int]]:
    """The pixels of one row, white below the last one."""
    count = max(0, min(width, picture.width - left))
    if row >= picture.height:
        return [(_FINE, _FINE, _FINE)] * count
    start = 3 * (row * picture.width + left)
    line = bytes(value & _FINE for value in picture.pixels[start : start + 3 * count])
    return list(zip(line[::3], line[1::3], line[2::3], strict=True))


@lru_cache(maxsize=8192)
def two_colours(above: tuple[int, int, int], below: tuple[int, int, int]) -> RichStyle:
    """The style of an upper half block on a lower one."""
    drawn, behind = (Color.from_triplet(ColorTriplet(*pixel)) for pixel in (above, below))
    return RichStyle(color=drawn, bgcolor=behind)
