"""The bottom line: what a person can do here, from the registry of keys."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from tui.keymap import at_hand
from tui.keys import Action, Scope

LAST = ("help", "leave", "back")
"""Actions that stay on the line however narrow it is."""


class KeyLine(Static):
    """One line of keys, as many as fit; help and the way out always do."""

    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; padding: 0 1; background: $background; color: $text-muted; }
    """

    def __init__(self, scope: Scope) -> None:
        super().__init__(markup=False)
        self.scope = scope

    def on_resize(self, event: Resize) -> None:
        """Choose again what fits."""
        self.update(key_line(at_hand(self.app, self.scope), self.content_size.width))


def key_line(at_hand: Sequence[Action], width: int) -> Content:
    """The keys that fit into `width` cells; those in LAST stand at the end."""
    shown = [action for action in at_hand if action.footer]
    last = [action for action in shown if action.id in LAST]
    first = [action for action in shown if action.id not in LAST]
    while first and _width(first + last) > width:
        first.pop(_least(first))
    gap = max(2, width - _width(first) - _width(last))
    return Content.assemble(*_parts(first), " " * gap, *_parts(last))


def _least(shown: list[Action]) -> int:
    """Which to leave out next: the last one that is not the way to every other, the palette."""
    return max(i for i, action in enumerate(shown) if action.id != "palette" or len(shown) == 1)


def _width(shown: list[Action]) -> int:
    return sum(len(action.shown) + len(action.label) + 3 for action in shown)


def _parts(shown: list[Action]) -> list[str | tuple[str, str]]:
    parts: list[str | tuple[str, str]] = []
    for action in shown:
        parts += [(action.shown, "$text-accent"), f" {action.label}  "]
    return parts
