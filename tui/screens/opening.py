"""The first frame: one line of text without a single widget, so that it stands at once."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen


class OpeningScreen(Screen[None]):
    """Says what is being opened, or why it cannot be."""

    BINDINGS: ClassVar[list[BindingType]] = [("q", "app.quit", "quit"), ("p", "app.projects", "projects")]

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = Content.assemble((" labtop  ", "bold $accent"), words)

    def render(self) -> Content:
        return self.words

    def say(self, words: Content) -> None:
        """Show something else instead."""
        self.words = words
        self.refresh()
