"""The first frame: one line of text without a single widget, so that it stands at once."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen


class OpeningScreen(Screen[None]):
    """Says what is being opened, or why it cannot be."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("q", "app.quit", "quit"),
        ("p", "app.projects", "projects"),
        ("space", "wish('run_pause')", "run/pause"),
        ("n", "wish('step')", "step"),
    ]

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = Content.assemble((" labtop  ", "bold $text-accent"), words)
        self.wish = ""
        """What was asked for before there was a laboratory to do it; done as soon as there is one."""

    def render(self) -> Content:
        return self.words

    def action_wish(self, action: str) -> None:
        """Remember what to do."""
        self.wish = action

    def say(self, words: Content) -> None:
        """Show something else instead."""
        self.words = words
        self.refresh()
