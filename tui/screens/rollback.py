"""Asks before a roll-back, and shows what goes and what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static


class RollBackScreen(ModalScreen[bool]):
    """A question with its facts; enter says yes, escape says no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("enter", "dismiss(True)", "roll back"),
        ("escape,q", "dismiss(False)", "cancel"),
    ]

    def __init__(self, title: str, facts: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.title_text = title
        self.facts = facts

    def compose(self) -> ComposeResult:
        with Vertical(id="rollback", classes="sheet") as sheet:
            sheet.border_title = Content(self.title_text)
            sheet.border_subtitle = "enter roll back · esc cancel"
            for heading, words in self.facts:
                yield Static(
                    Content.assemble((f"{heading:<7}", "bold"), words.replace("\n", "\n       ")),
                    markup=False,
                    classes="fact",
                )
