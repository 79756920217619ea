"""Asks before a roll-back, and shows what goes, what is kept and what to know before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from core.clean import clean


class RollBackScreen(ModalScreen[bool]):
    """A question with its facts; enter says yes, escape says no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("enter", "dismiss(True)", "yes"),
        ("escape,q", "dismiss(False)", "cancel"),
    ]
    DEFAULT_CSS = """
    RollBackScreen {
        .fact { height: auto; margin-bottom: 1; }
        .heading { width: 9; text-style: bold; }
        .words { width: 1fr; }
        #rollback { scrollbar-size-vertical: 1; }
    }
    """

    def __init__(self, title: str, facts: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.title_text = title
        self.facts = facts

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="rollback", classes="sheet") as sheet:
            sheet.border_title = Content(self.title_text)
            sheet.border_subtitle = "enter roll back · esc cancel"
            for heading, words in self.facts:
                with Horizontal(classes="fact"):
                    yield Static(Content(heading), classes="heading")
                    yield Static(Content(clean(words)), markup=False, classes="words")
