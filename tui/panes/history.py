"""The history pane: every turn, newest first, drawn by line so that the ten-thousandth costs what the first does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from core.record import Agent, Status
from tui.keymap import keyed
from tui.keys import bound
from tui.rows import HistoryRow
from tui.widgets.frame import MUTED, entitle, frame, plain
from tui.widgets.lines import Line, LineView
from tui.widgets.voices import VOICES

NOTHING_YET = (
    "No turn yet.",
    "Every turn of an agent",
    "is a commit and stands",
    "here, newest first.",
    "{step} makes the first step",
)

ROOM_FOR_SUBJECT = 40
"""Cells from which on more can be said than the command."""

_FAULTS = {
    Status.FAILED: ("✗", "$text-error"),
    Status.MALFORMED: ("✗", "$text-error"),
    Status.DECLINED: ("–", "$text-warning"),
}


class HistoryPane(LineView):
    """The turns, with a cursor; it stays on the newest until one moves it."""

    DEFAULT_CSS = frame("HistoryPane") + "HistoryPane { scrollbar-size-vertical: 0; scrollbar-gutter: auto; }"
    BORDER_TITLE = "History"
    BINDINGS: ClassVar[list[BindingType]] = bound("look_at", "select")

    class Selected(Message):
        """Enter was pressed on a turn."""

        def __init__(self, pane: HistoryPane, turn: int, commit: str) -> None:
            super().__init__()
            self.pane, self.turn, self.commit = pane, turn, commit

        @property
        def control(self) -> Widget:
            """The pane, for `on` with a selector."""
            return self.pane

    class Highlighted(Selected):
        """The cursor came to a turn."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._rows: tuple[HistoryRow, ...] = ()
        self._cursor = 0

    def on_mount(self) -> None:
        self.show(())

    @property
    def row(self) -> HistoryRow | None:
        """The turn that the cursor is on."""
        return self._rows[self._cursor] if self._rows else None

    def show(self, rows: Sequence[HistoryRow]) -> None:
        """Show the turns, newest first; the cursor stays on its turn, or on the newest when it was there."""
        if self._rows and len(rows) == len(self._rows) and rows[0] is self._rows[0]:
            return  # most of what happens is no new turn
        held = self.row if self._cursor else None
        above = self._cursor - self.scroll_offset.y
        self._rows = tuple(rows)
        self._cursor = next((i for i, row in enumerate(self._rows) if held and row.commit == held.commit), 0)
        count = len(self._rows)
        entitle(self, "History", turns_counted(self._rows))
        self.lay(count or len(NOTHING_YET), 0, keep=True)
        self.scroll_to(0, max(0, self._cursor - above) if self._cursor else 0, animate=False, force=True)

    def select(self, turn: int) -> None:
        """Move the cursor to a turn, if it is there."""
        self._go(next((index for index, row in enumerate(self._rows) if row.turn == turn), self._cursor))

    def line(self, index: int) -> Line:
        if not self._rows:
            return Line(Content(""), Content.styled(keyed(self.app, NOTHING_YET[index]), MUTED))
        row = self._rows[index]
        width = self.scrollable_content_region.width
        style = ""
        if index == self._cursor:
            style = (
                self.tint("bold on $accent 30%", "reverse")
                if self.has_focus
                else self.tint("on $foreground 8%", "bold")
            )
        return Line(Content(""), history_line(row, width, len(str(self._rows[0].turn))), style)

    def text_of(self, index: int) -> str:
        row = self._rows[index]
        return f"{row.turn} {row.commit[:10]} {row.agent.title}: {plain(row.subject or row.command).plain}"

    def _go(self, index: int) -> None:
        if not self._rows:
            return
        before, self._cursor = self._cursor, max(0, min(index, len(self._rows) - 1))
        self.changed(before)
        self.changed(self._cursor)
        top, height = self.scroll_offset.y, max(1, self.scrollable_content_region.height)
        if not top <= self._cursor < top + height:
            self.scroll_to(0, self._cursor if self._cursor < top else self._cursor - height + 1, animate=False)
        row = self._rows[self._cursor]
        if before != self._cursor:
            self.post_message(self.Highlighted(self, row.turn, row.commit))

    def action_select(self) -> None:
        """Say that one wants to see this turn."""
        if row := self.row:
            self.post_message(self.Selected(self, row.turn, row.commit))

    def action_scroll_down(self) -> None:
        self._go(self._cursor + 1)

    def action_scroll_up(self) -> None:
        self._go(self._cursor - 1)

    def action_page_down(self) -> None:
        self._go(self._cursor + self.page)

    def action_page_up(self) -> None:
        self._go(self._cursor - self.page)

    def action_scroll_home(self) -> None:
        self._go(0)

    def action_scroll_end(self) -> None:
        self._go(len(self._rows) - 1)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and self._rows:
            index = self.scroll_offset.y + offset.y
            if index < len(self._rows):
                self._go(index)
            if event.chain == 2:
                self.action_select()

    def on_focus(self) -> None:
        self.changed(self._cursor)

    def on_blur(self) -> None:
        self.changed(self._cursor)

    def on_resize(self) -> None:
        self._strips.clear()


def turns_counted(rows: Sequence[HistoryRow]) -> str:
    """How many turns there are, and are here; the making of the project, turn 0, is none."""
    count = sum(row.turn > 0 for row in rows)
    if not count:
        return ""
    return f"{count} of {rows[0].turn} turns" if rows[-1].turn > 1 else f"{count} turn{'s' if count != 1 else ''}"


def history_line(row: HistoryRow, width: int, digits: int) -> Content:
    """One turn in `width` cells: number, agent, command, score, and at the right end ▲ kept, ✗ failed, – declined."""
    voice = VOICES[row.agent]
    left = Content.assemble((str(row.turn).rjust(digits), MUTED), " ", (row.who.ljust(3), voice.style), " ")
    mark = mark_of(row.status, row.kept)
    score = scored(row)
    room = max(0, width - left.cell_length - 2)
    free = room - 1 - len(score) if score else room
    said = plain(what(row, free))
    if score and said.cell_length > free:
        said = Content(said.plain.partition(" ")[0])  # the score says more than the lines of an EDIT
    if said.cell_length > free:
        said = said.truncate(max(1, free), ellipsis=True)
    gap = max(0, room - said.cell_length - len(score))
    return Content.assemble(left, said, " " * gap, (score, "bold"), " ", mark)


def mark_of(status: Status, kept: bool) -> Content:
    """What came of a turn in one cell: ▲ kept, ✗ failed, – declined."""
    return Content.styled(*_FAULTS.get(status, ("▲" if kept else " ", "$text-success")))


def what(row: HistoryRow, room: int) -> str:
    """What the turn did: its command, or where there is room, its subject, which mostly begins with the command."""
    if not row.command or row.agent in (Agent.RESEARCHER, Agent.LABTOP):
        return row.subject
    if room < ROOM_FOR_SUBJECT or not row.subject:
        return row.command
    return row.subject if row.subject.startswith(row.command.split(" ")[0]) else f"{row.command} · {row.subject}"


def scored(row: HistoryRow) -> str:
    """The turn's score in few characters: the measured metric, else the judge's, e.g. `.921`."""
    if row.value is not None:
        return short_number(row.value)
    return f"{row.judge:.2f}".removeprefix("0") if row.judge is not None else ""


def short_number(value: float) -> str:
    """A number in about four characters: `.934`, `12.3`, `1.2e+06`."""
    if abs(value) < 1:
        return f"{value:.3f}".replace("0.", ".", 1)
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}" if abs(value) < 100_000 else f"{value:.1e}"
