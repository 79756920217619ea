"""The input line: words to the agents, or the reason why not."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static


class Purpose(StrEnum):
    """What the line is for, as it says itself while empty."""

    NOTE = "tell the agents, or / for commands"
    REASON = "why not? the agent reads this; enter sends, esc goes back"


class Line(Input):
    """The field itself: `/` while it is empty opens the palette, escape gives the keys back."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "screen.leave_line", "back")]

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "slash" and not self.value:
            event.stop()
            event.prevent_default()
            await self.screen.run_action("palette")
            return
        await super()._on_key(event)


class TellLine(Horizontal):
    """A prompt and a field of one line."""

    DEFAULT_CSS = """
    TellLine { height: 1; padding: 0 1; }
    TellLine > Static { width: 2; color: $accent; }
    TellLine > Input, TellLine > Input:focus { background: $background; }
    """

    class Said(Message):
        """The person has written something."""

        def __init__(self, words: str, purpose: Purpose) -> None:
            super().__init__()
            self.words = words
            self.purpose = purpose

    def __init__(self) -> None:
        super().__init__(id="tell")
        self.purpose = Purpose.NOTE

    def compose(self) -> ComposeResult:
        yield Static(">", markup=False)
        yield Line(placeholder=self.purpose.value, compact=True, select_on_focus=False)

    def write(self, purpose: Purpose) -> None:
        """Give the line the keys, for this purpose."""
        self._become(purpose)
        self.query_one(Line).focus()

    def rest(self) -> None:
        """Empty, and for notes again."""
        self._become(Purpose.NOTE)
        self.query_one(Line).clear()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand on what was written, if anything was."""
        event.stop()
        if words := event.value.strip():
            self.post_message(self.Said(words, self.purpose))

    def _become(self, purpose: Purpose) -> None:
        self.purpose = purpose
        self.query_one(Line).placeholder = purpose.value
