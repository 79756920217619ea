"""Choosing the colours: each is worn while the cursor stands on it, and the one taken is remembered."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.themes import THEMES


class ColoursScreen(ModalScreen[str | None]):
    """Gives back the name of the theme that was taken, or None and the colours as they were."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q", "give_up", "back")]

    def compose(self) -> ComposeResult:
        self._before = self.app.theme
        others = sorted(set(self.app.available_themes) - set(THEMES))
        self.names = [*THEMES, *others]
        choices = OptionList(*(Option(_line(name)) for name in self.names), id="colours", classes="sheet", compact=True)
        choices.border_title = "Colours"
        choices.border_subtitle = "enter takes these · esc as before"
        yield choices

    def on_mount(self) -> None:
        choices = self.query_one(OptionList)
        choices.highlighted = self.names.index(self.app.theme)
        choices.focus()

    @on(OptionList.OptionHighlighted)
    def _wear(self, event: OptionList.OptionHighlighted) -> None:
        self.app.theme = self.names[event.option_index]

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self.names[event.option_index])

    def action_give_up(self) -> None:
        """Back to the colours as they were."""
        self.app.theme = self._before
        self.dismiss(None)


def _line(name: str) -> Content:
    words = THEMES.get(name)
    return Content.assemble((words, "bold"), f"  {name}") if words else Content(name)
