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
    """One line of keys, as many as fit, or two where that is not enough; help and the way out always do."""

    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; padding: 0 1; background: $background; color: $text-muted; }
    """

    def __init__(self, scope: Scope, lines: int = 1) -> None:
        super().__init__(markup=False)
        self.scope = scope
        self.lines = lines

    def on_resize(self, event: Resize) -> None:
        """Choose again what fits."""
        keys = key_line(at_hand(self.app, self.scope), self.content_size.width, self.lines)
        self.styles.height = 1 + keys.plain.count("\n")
        self.update(keys)


def key_line(at_hand: Sequence[Action], width: int, lines: int = 1) -> Content:
    """The keys that fit into `width` cells; those in LAST stand at the end.

    Where there are two lines, the second one is used when more than one key would be left out.
    """
    shown = [action for action in at_hand if action.footer]
    last = [action for action in shown if action.id in LAST]
    first = [action for action in shown if action.id not in LAST]
    fit = _fitting(first, last, width)
    if lines == 1 or len(first) - len(fit) <= 1:
        return _line(fit, last, width)
    above: list[Action] = []
    while first and _width([*above, first[0]]) <= width:
        above.append(first.pop(0))
    return Content("\n").join([Content.assemble(*_parts(above)), _line(_fitting(first, last, width), last, width)])


def _fitting(first: Sequence[Action], last: Sequence[Action], width: int) -> list[Action]:
    """Those of `first` for which there is room beside `last`."""
    found = list(first)
    while found and _width([*found, *last]) > width:
        found.pop(_least(found))
    return found


def _line(first: Sequence[Action], last: Sequence[Action], width: int) -> Content:
    gap = max(2, width - _width(first) - _width(last))
    return Content.assemble(*_parts(first), " " * gap, *_parts(last))


def _least(shown: list[Action]) -> int:
    """Which to leave out next: the last one that is not the way to every other, the palette."""
    return max(i for i, action in enumerate(shown) if action.id != "palette" or len(shown) == 1)


def _width(shown: Sequence[Action]) -> int:
    return sum(len(action.shown) + len(action.label) + 3 for action in shown)


def _parts(shown: Sequence[Action]) -> list[str | tuple[str, str]]:
    parts: list[str | tuple[str, str]] = []
    for action in shown:
        parts += [(action.shown, "$text-accent"), f" {action.label}  "]
    return parts
