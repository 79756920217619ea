"""Long text by the line: only what is in view is built, so ten thousand lines cost what twenty do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

from tui.keys import bound
from tui.widgets.frame import SCROLLING

DRAWN = 512
"""Lines that are kept as they were drawn; more than any screen is high."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a gutter that stays in place, a body that scrolls sideways, and a style under both."""

    gutter: Content
    body: Content
    style: str = ""


class LineView(ScrollView, can_focus=True):
    """A scrolling view on lines that a subclass makes one by one, in `line`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *SCROLLING,
        *bound("sideways", "scroll_left", "scroll_right"),
    ]
    ALLOW_SELECT = True
    SIDE_STEP = 8

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._count = 0
        self._strips: dict[int, tuple[Strip, Strip, Style]] = {}

    @property
    def allow_select(self) -> bool:
        return True

    def line(self, index: int) -> Line:
        """Line `index`, from 0; called for lines in view only."""
        raise NotImplementedError

    def text_of(self, index: int) -> str:
        """Line `index` as it is copied."""
        return self.line(index).body.plain

    def lay(self, count: int, width: int, *, keep: bool = False) -> None:
        """There are now `count` lines, `width` cells at most, all made anew; `keep` stays where the view is."""
        self._count = count
        self._strips.clear()
        reach(self, Size(width, count))
        if not keep:
            self.scroll_to(0, 0, animate=False, force=True)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        width = self.size.width
        if index >= self._count:
            return Strip.blank(width, self.visual_style.rich_style)
        gutter, body, style = self._strip(index)
        room = max(1, width - gutter.cell_length)
        left = self.scroll_offset.x
        shown = body.apply_offsets(0, index).crop(left).adjust_cell_length(room, style.rich_style)
        return Strip.join([gutter, shown]).crop(0, width)

    def _strip(self, index: int) -> tuple[Strip, Strip, Style]:
        selection = self.text_selection
        if selection is None and (known := self._strips.get(index)) is not None:
            return known
        line = self.line(index)
        style = self.visual_style + (Style.parse(line.style) if line.style else Style())
        body = line.body if selection is None else self._selected(line.body, index, selection)
        made = (to_strip(line.gutter, style), to_strip(body, style), style)
        if selection is None:
            self._keep(index, made)
        return made

    def _keep(self, index: int, drawn: tuple[Strip, Strip, Style]) -> None:
        if len(self._strips) >= DRAWN:
            self._strips.clear()
        self._strips[index] = drawn

    def tint(self, style: str, otherwise: str = "") -> str:
        """`style` where colours can be mixed, else `otherwise`: sixteen colours know no pale ones."""
        return otherwise if self.app.native_ansi_color else style

    def _selected(self, body: Content, index: int, selection: Selection) -> Content:
        span = selection.get_span(index)
        if span is None:
            return body
        start, end = span
        return body.stylize("reverse", start, len(body.plain) if end == -1 else end)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selection.extract("\n".join(self.text_of(index) for index in range(self._count))), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self._strips.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    def changed(self, index: int) -> None:
        """Line `index` has to be made anew."""
        self._strips.pop(index, None)
        self.refresh_line(index)

    @property
    def page(self) -> int:
        """How many lines one page moves."""
        return max(1, self.scrollable_content_region.height - 1)

    def move(self, x: float = 0, y: float = 0) -> None:
        """Scroll by `x` cells and `y` lines, at once."""
        self.scroll_to(self.scroll_x + x, self.scroll_y + y, animate=False)

    def action_scroll_down(self) -> None:
        self.move(y=1)

    def action_scroll_up(self) -> None:
        self.move(y=-1)

    def action_page_down(self) -> None:
        self.move(y=self.page)

    def action_page_up(self) -> None:
        self.move(y=-self.page)

    def action_scroll_home(self) -> None:
        self.scroll_to(0, 0, animate=False)

    def action_scroll_end(self) -> None:
        self.scroll_to(0, self.max_scroll_y, animate=False)

    def action_scroll_left(self) -> None:
        self.move(x=-self.SIDE_STEP)

    def action_scroll_right(self) -> None:
        self.move(x=self.SIDE_STEP)


def reach(view: ScrollView, size: Size) -> None:
    """Say how far a view can be scrolled.

    Textual would lay out the whole screen whenever a line is added; that is needed only where a scroll bar comes or
    goes, or where the view is as high as what is in it.
    """
    if view.styles.auto_dimensions:
        view.virtual_size = size
    elif view.virtual_size != size:
        view.set_reactive(Widget.virtual_size, size)
        view._scroll_update(size)


def to_strip(content: Content, style: Style) -> Strip:
    """One line of content on a style, as segments."""
    segments = [Segment(text, piece.rich_style) for text, piece in content.render(style, end="")]
    return Strip(segments, content.cell_length)
