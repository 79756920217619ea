"""A page to change an agent's reply on, or to write one in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import TextArea


@dataclass(frozen=True, slots=True)
class Written:
    """What stood on the page when it was left, and whether it is to be sent."""

    text: str
    sent: bool


class ReplyScreen(ModalScreen[Written]):
    """An editor; gives back what was written."""

    BINDINGS: ClassVar[list[BindingType]] = [("ctrl+s", "leave(True)", "send"), ("escape", "leave(False)", "cancel")]

    def __init__(self, heading: str, text: str, *, go_on: bool = False) -> None:
        """`go_on` begins at the end of the text."""
        super().__init__()
        self._go_on = go_on
        self._heading = heading
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(id="reply", classes="sheet") as sheet:
            sheet.border_title = self._heading
            sheet.border_subtitle = "^s send · esc back"
            yield TextArea(self._text, show_line_numbers=False)

    def on_mount(self) -> None:
        if self._go_on:
            page = self.query_one(TextArea)
            page.move_cursor(page.document.end)

    def action_leave(self, sent: bool) -> None:
        """Give the text back."""
        self.dismiss(Written(self.query_one(TextArea).text, sent))
