"""What each key does on the screen that it was asked from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.keymap import at_hand
from tui.keys import Action, Scope
from tui.slash import OWN
from tui.widgets.frame import MUTED

ABOUT = {
    Scope.LABORATORY: "Agents work through seven phases; every turn is a git commit. Watch, hold, step, go back.",
    Scope.WAITING: "In co-pilot mode an agent's reply does nothing until you have decided about it.",
    Scope.HISTORY: "Every turn of this line of work, newest first. Going back never destroys: undo brings it back.",
    Scope.COMPARE: "Lines of inquiry or turns side by side: plan, metric with spread, cost, score, review.",
    Scope.PANES: "What moves within the pane that has the accent on its border.",
    Scope.PICTURES: "The report's pages and the figures as pictures; arrows and PgUp PgDn move a large one.",
    Scope.HOME: "The projects that you have opened on this machine, newest first.",
}


class HelpScreen(ModalScreen[None]):
    """The keys of some scopes, with what they do."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark,f1", "dismiss", "back")]

    def __init__(self, scopes: tuple[Scope, ...]) -> None:
        super().__init__()
        self.scopes = scopes

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help", classes="sheet") as sheet:
            sheet.border_title = "Help"
            sheet.border_subtitle = "esc back"
            for scope in self.scopes:
                yield Static(section(scope, at_hand(self.app, scope)), markup=False)
            if Scope.LABORATORY in self.scopes:
                yield Static(commands(), markup=False)


def section(scope: Scope, actions: Sequence[Action]) -> Content:
    """One scope's keys as aligned lines under its name."""
    lines: list[str | tuple[str, str]] = [(f"{scope}\n", "bold"), (f"{ABOUT[scope]}\n\n", "$text-muted")]
    for action in actions:
        if action.shown:
            lines += [(f"  {action.shown:<10}", "$text-accent"), f"{action.help}\n"]
    return Content.assemble(*lines)


def commands() -> Content:
    """The commands of the input line that are more than keys."""
    lines: list[str | tuple[str, str]] = [
        ("The input line\n", "bold"),
        (
            "Words become a note to the agents; / starts a command, tab completes it, up brings back.\n\n",
            MUTED,
        ),
    ]
    for slash in OWN:
        lines += [(f"  /{slash.name:<9}", "$text-accent"), slash.help, (f"  {slash.usage}\n", MUTED)]
    return Content.assemble(*lines)
