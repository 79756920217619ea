"""A list with a cursor, drawn by line."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from tui.keys import bound
from tui.widgets.lines import Line, LineView

EMPTY = Content("")


class PickList(LineView):
    """Lines that a subclass makes, in `item`; one of them is picked."""

    BINDINGS: ClassVar[list[BindingType]] = bound("look_at", "open")

    class Picked(Message):
        """The cursor came to a line."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class Opened(Picked):
        """Enter was pressed on a line."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self.cursor = 0

    def item(self, index: int, width: int) -> Content:
        """Line `index` in `width` cells."""
        raise NotImplementedError

    def list(self, count: int, cursor: int = 0) -> None:
        """There are now `count` lines; the cursor is on one of them."""
        self.cursor = max(0, min(cursor, count - 1))
        self.lay(count, 0, keep=True)
        self._come_into_view()

    def line(self, index: int) -> Line:
        style = ""
        if index == self.cursor:
            focused = self.has_focus
            style = self.tint("bold on $accent 30%", "reverse") if focused else self.tint("on $foreground 8%", "bold")
        return Line(EMPTY, self.item(index, max(10, self.scrollable_content_region.width)), style)

    def pick(self, index: int) -> None:
        """Move the cursor."""
        before, self.cursor = self.cursor, max(0, min(index, self._count - 1))
        if not self._count or before == self.cursor:
            return
        self.changed(before)
        self.changed(self.cursor)
        self._come_into_view()
        self.post_message(self.Picked(self.cursor))

    def _come_into_view(self) -> None:
        top, height = self.scroll_offset.y, max(1, self.scrollable_content_region.height)
        if not top <= self.cursor < top + height:
            self.scroll_to(0, self.cursor if self.cursor < top else self.cursor - height + 1, animate=False)

    def action_open(self) -> None:
        """Say that one wants to read what is picked."""
        if self._count:
            self.post_message(self.Opened(self.cursor))

    def action_scroll_down(self) -> None:
        self.pick(self.cursor + 1)

    def action_scroll_up(self) -> None:
        self.pick(self.cursor - 1)

    def action_scroll_home(self) -> None:
        self.pick(0)

    def action_scroll_end(self) -> None:
        self.pick(self._count - 1)

    def on_click(self, event: events.Click) -> None:
        if (offset := event.get_content_offset(self)) is not None:
            self.pick(self.scroll_offset.y + offset.y)
            if event.chain == 2:
                self.action_open()

    def on_focus(self) -> None:
        self.changed(self.cursor)

    def on_blur(self) -> None:
        self.changed(self.cursor)

    def on_resize(self) -> None:
        self._strips.clear()
