"""What each key does on the screen that it was asked from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.keymap import at_hand, keyed
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


LINE = "Words become a note to the agents; {command} starts a command, tab completes it, up brings back what you typed."


class Broken(Static):
    """Text that is broken anew, with hanging lines, for the room that it gets."""

    def __init__(self, make: Callable[[int], Content]) -> None:
        super().__init__(markup=False)
        self._make = make

    def on_resize(self, event: Resize) -> None:
        """Break the lines for this width."""
        self.update(self._make(self.content_size.width))


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
                yield Broken(partial(section, scope, at_hand(self.app, scope)))
            if Scope.LABORATORY in self.scopes:
                yield Broken(partial(commands, keyed(self.app, LINE)))


def section(scope: Scope, actions: Sequence[Action], width: int = 200) -> Content:
    """One scope's keys as aligned lines under its name."""
    rows = [(action.shown, action.help) for action in actions if action.shown]
    return _table(str(scope), ABOUT[scope], rows, 10, width)


def commands(about: str, width: int = 200) -> Content:
    """The commands of the input line that are more than keys, under a few words on it."""
    rows = [(f"/{slash.name}", f"{slash.usage} · {slash.help}" if slash.usage else slash.help) for slash in OWN]
    return _table("The input line", about, rows, 10, width)


def _table(title: str, about: str, rows: Iterable[tuple[str, str]], column: int, width: int) -> Content:
    lines = [Content.styled(title, "bold"), *(Content.styled(line, MUTED) for line in wrap(about, max(20, width)))]
    lines.append(Content(""))
    for name, words in rows:
        broken = wrap(words, max(20, width - column - 2)) or [""]
        lines.append(Content.assemble((f"  {name:<{column}}", "$text-accent"), broken[0]))
        lines += [Content(" " * (column + 2) + line) for line in broken[1:]]
    return Content("\n").join([*lines, Content("")])
