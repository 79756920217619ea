"""A page to change an agent's reply on, or to write one in its place."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import TextArea


class ReplyScreen(ModalScreen[str | None]):
    """An editor; gives back the text, or None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [("ctrl+s", "send", "send"), ("escape", "dismiss(None)", "cancel")]

    def __init__(self, heading: str, text: str) -> None:
        super().__init__()
        self._heading = heading
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(id="reply", classes="sheet") as sheet:
            sheet.border_title = self._heading
            sheet.border_subtitle = "^s send · esc cancel"
            yield TextArea(self._text, show_line_numbers=False)

    def action_send(self) -> None:
        """Give the text back."""
        self.dismiss(self.query_one(TextArea).text)
