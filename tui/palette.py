"""The command palette: every action of the screen by name, from the registry of keys."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from tui.keymap import at_hand
from tui.screens.screen import LabScreen


class Actions(Provider):
    """Offers what can be done on the screen that the palette was opened from."""

    async def discover(self) -> Hits:
        """Everything, in the order of the registry."""
        for name, help_text, run in self._all():
            yield DiscoveryHit(name, run, help=help_text)

    async def search(self, query: str) -> Hits:
        """What matches, by name or by what it does."""
        matcher = self.matcher(query)
        for name, help_text, run in self._all():
            score = max(matcher.match(name), matcher.match(help_text) / 2)
            if score > 0:
                yield Hit(score, matcher.highlight(name), run, help=help_text)

    def _all(self) -> Iterator[tuple[str, str, IgnoreReturnCallbackType]]:
        screen = self.screen
        if not isinstance(screen, LabScreen):
            return
        for action in at_hand(self.app, *screen.scopes):
            for name, command in action.commands:
                keys = f"  {action.shown}" if action.shown and not action.arguments else ""
                yield name, action.help + keys, partial(screen.run_action, command)
