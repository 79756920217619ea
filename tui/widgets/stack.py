"""Documents one under the other, of which only those around what is in view are laid out, however many there are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import ClassVar, Generic, TypeVar

from textual.binding import BindingType
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from tui.widgets.document import Document
from tui.widgets.frame import MUTED, SCROLLING
from tui.widgets.lines import reach, to_strip

GUESSED = 8
"""Lines that a document is taken to have until it is laid out."""
HELD = 40
"""Documents that stay laid out; others are made anew when they come into view."""


class Slot:
    """The place of one document; its height is a guess until it is laid out in a width."""

    __slots__ = ("document", "height", "width")

    def __init__(self, document: Document | None = None) -> None:
        self.document = document
        self.height = GUESSED
        self.width = -1


S = TypeVar("S", bound=Slot)


class Stack(ScrollView, Generic[S], can_focus=True):
    """Follows its end until one scrolls up; what one reads stays in place, whatever comes above or below it."""

    BINDINGS: ClassVar[list[BindingType]] = [*SCROLLING]
    ALLOW_SELECT = True

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._slots: list[S] = []
        self._starts: list[int] = [0]
        """The line on which each slot begins, and the one below them all; right as far as to place `_stale`."""
        self._stale = 0
        self._held: dict[S, None] = {}
        self._following = True
        self._settling = False

    @property
    def allow_select(self) -> bool:
        return True

    @property
    def is_container(self) -> bool:
        return False

    def drawn(self, slot: S) -> Document | None:
        """The document of a slot, made anew; None when what it is made of has to be fetched first."""
        raise NotImplementedError

    def lacking(self, slots: Sequence[S]) -> None:
        """These slots are in view or next to it, and what they are made of is not there."""

    @property
    def following(self) -> bool:
        """Whether the newest lines stay in view; scrolling up ends it, coming back to the end takes it up again."""
        return self._following

    @property
    def room(self) -> int:
        """Cells of a line, without those of the scroll bar, which may come at any time."""
        return max(0, self.size.width - self.styles.scrollbar_size_vertical)

    # What there is

    def fill(self, slots: Iterable[S]) -> None:
        """Forget all that is there and begin anew, at the end."""
        self._slots, self._stale = list(slots), 0
        self._held.clear()
        self._following = True
        self._settle()

    def add(self, slot: S) -> None:
        """One more at the end."""
        self._stale = min(self._stale, len(self._slots))
        self._slots.append(slot)
        self._settle()

    def drop(self, slots: Iterable[S]) -> None:
        """Take some out."""
        gone = set(slots)
        if gone:
            top = self._slots[self.top] if self._slots else None
            self._stale = min(self._stale, next(at for at, slot in enumerate(self._slots) if slot in gone))
            self._slots = [slot for slot in self._slots if slot not in gone]
            for slot in gone:
                self._held.pop(slot, None)
            self._settle(top if top not in gone else None)

    def redraw(self, slots: Iterable[S]) -> None:
        """Some are to be made anew; they are when they come into view."""
        for slot in slots:
            slot.document, slot.width = None, -1
        self._settle()

    def show(self, slot: S, document: Document) -> None:
        """A slot has another document now; only the lines that differ are painted when it is as high as before."""
        before, slot.document = slot.document, document
        self._hold(slot)
        width = self.room
        height = len(document.lines(width)) if width else slot.height
        if slot.width == width and slot.height == height and before is not None:
            same = document.common(before, width)
            place = next(at for at in reversed(range(len(self._slots))) if self._slots[at] is slot)
            self.refresh_lines(self._starts[place] + same, height - same)
        else:
            slot.width = -1
            self._settle()

    # Where one is

    @property
    def top(self) -> int:
        """The place of the slot on the first line in view."""
        return self._at(self.scroll_offset.y)

    def _at(self, line: int) -> int:
        return max(0, min(bisect_right(self._starts, line), len(self._slots)) - 1)

    def on_resize(self, event: Resize) -> None:
        """Lay out anew what is in view."""
        self._settle()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if not self._settling and round(old_value) != round(new_value):
            self._following = new_value >= self.max_scroll_y
            self._settle()
            self.moved()

    def moved(self) -> None:
        """One has scrolled."""

    def _settle(self, anchor: S | None = None) -> None:
        """Lay out what is in view and a page around it; the line on top (of `anchor`, if given) stays on top."""
        width, height = self.room, self.size.height
        if not width or not self._slots:
            self._reckon()
            self._place(0)
            return
        if self._following:
            at, offset = len(self._slots) - 1, height
        else:
            at = self._slots.index(anchor) if anchor is not None else self.top
            offset = self.scroll_offset.y - self._starts[at] if anchor is None else 0
        missing = self._lay_around(at, min(offset, GUESSED * height), height)
        self._reckon()
        self._place(self._starts[at] + min(offset, self._slots[at].height - 1))
        if missing:
            self.lacking(missing)

    def _reckon(self) -> None:
        """Find out where the slots begin, from the first on whose height has changed: mostly that is the last."""
        start = self._starts[self._stale]
        heights = (slot.height for slot in self._slots[self._stale :])
        self._starts[self._stale :] = accumulate(heights, initial=start)
        self._stale = len(self._slots)

    def _lay_around(self, at: int, offset: int, height: int) -> list[S]:
        """Lay out two pages down from the slot `at` and one page up; what could not be."""
        down = self._lay_on(range(at, len(self._slots)), 2 * height + offset)
        return down + self._lay_on(reversed(range(at)), 2 * height if self._following else height)

    def _lay_on(self, places: Iterable[int], lines: int) -> list[S]:
        """Lay out one slot after the other until there are so many lines; what could not be."""
        missing: list[S] = []
        for place in places:
            if lines <= 0:
                break
            slot = self._slots[place]
            missing += [] if self._lay(place) else [slot]
            lines -= slot.height
        return missing

    def _lay(self, place: int) -> bool:
        """Find out how high a slot is; whether that could be."""
        slot, width = self._slots[place], self.room
        if slot.width == width:
            return True
        document = self._document(slot)
        if document is None:
            return False
        height = max(1, len(document.lines(width)))
        if height != slot.height:
            self._stale = min(self._stale, place)
        slot.width, slot.height = width, height
        return True

    def _place(self, line: int) -> None:
        self._settling = True
        try:
            reach(self, Size(self.room, self._starts[-1]))
            line = self.max_scroll_y if self._following else line
            self.scroll_target_y = self.scroll_y = line
            if self.max_scroll_y:  # the bar may not be there yet, and would begin at the top
                self.vertical_scrollbar.position = self.scroll_y
        finally:
            self._settling = False
        self.refresh()

    def _document(self, slot: S) -> Document | None:
        if slot.document is None:
            slot.document = self.drawn(slot)
        if slot.document is not None:
            self._hold(slot)
        return slot.document

    def _hold(self, slot: S) -> None:
        self._held.pop(slot, None)
        self._held[slot] = None
        while len(self._held) > HELD:
            oldest = next(iter(self._held))
            del self._held[oldest]
            if self.drops(oldest):
                oldest.document = None

    def drops(self, slot: S) -> bool:
        """Whether a slot's document may be forgotten, since it can be made anew."""
        return True

    # Drawing

    def render_line(self, y: int) -> Strip:
        line = y + self.scroll_offset.y
        width, style = self.room, self.visual_style
        if not self._slots or line >= self._starts[-1]:
            return Strip.blank(width, style.rich_style)
        at = self._at(line)
        local = line - self._starts[at]
        content = self._content(at, local)
        if content is None:
            strips = self._slots[at].document
            drawn = strips.drawn(width, style) if strips is not None else []
            strip = drawn[local] if local < len(drawn) else Strip.blank(width, style.rich_style)
        else:
            strip = to_strip(content, style)
        return strip.apply_offsets(0, line).adjust_cell_length(width, style.rich_style)

    def _content(self, at: int, local: int) -> Content | None:
        """A line that is not as its document drew it: unread, selected or in hand; None for any other."""
        slot = self._slots[at]
        document = self._document(slot)
        if document is None:
            return Content.styled("…" if not local else "", MUTED)
        selection, mark = self.text_selection, self.mark(slot, local)
        if selection is None and not mark:
            return None
        lines = document.lines(self.room)
        content = lines[local] if local < len(lines) else Content("")
        if mark:
            content = Content.styled(content.plain, mark)
        if selection is not None and (span := selection.get_span(self._starts[at] + local)):
            content = content.stylize("reverse", span[0], len(content.plain) if span[1] == -1 else span[1])
        return content

    def mark(self, slot: S, local: int) -> str:
        """The style of a line that is in hand; empty for any other."""
        return ""

    # Copying

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        first = selection.start.y if selection.start else 0
        last = selection.end.y if selection.end else self._starts[-1] - 1
        lines = [self._text(line) if first <= line <= last else "" for line in range(self._starts[-1])]
        return selection.extract("\n".join(lines)), "\n"

    def _text(self, line: int) -> str:
        at = self._at(line)
        document = self._document(self._slots[at])
        lines = document.lines(self.room) if document else []
        local = line - self._starts[at]
        return lines[local].plain if local < len(lines) else ""

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    # Keys

    def action_scroll_down(self) -> None:
        self._move(1)

    def action_scroll_up(self) -> None:
        self._move(-1)

    def action_page_down(self) -> None:
        self._move(max(1, self.scrollable_content_region.height - 1))

    def action_page_up(self) -> None:
        self._move(min(-1, 1 - self.scrollable_content_region.height))

    def action_scroll_home(self) -> None:
        self.scroll_to(y=0, animate=False, force=True)

    def action_scroll_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def _move(self, lines: int) -> None:
        self.scroll_to(y=self.scroll_y + lines, animate=False, force=True)
