"""The bar that asks for the person's word on a reply, in co-pilot mode."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.content import Content
from textual.widgets import Static

from core.clean import clean
from core.events import Proposed
from tui.keys import Scope, actions

GRACE = 0.5
"""Seconds after the question appears in which no key is taken as an answer: you may have been typing."""


class Question(Static):
    """What the agent wants, since when it waits, and the answers; hidden while nothing is asked."""

    DEFAULT_CSS = """
    Question { height: 3; display: none; padding: 0 1; border: round $warning; border-title-color: $text-warning; }
    Question.-asked { display: block; }
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(markup=False, id="question")
        self.clock = clock
        self._since: float | None = None

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)

    @property
    def asked(self) -> bool:
        """Whether a reply waits for the person."""
        return self._since is not None

    @property
    def ready(self) -> bool:
        """Whether a key counts as an answer by now."""
        return self._since is not None and self.clock() - self._since >= GRACE

    def ask(self, proposed: Proposed) -> None:
        """Ask about a reply."""
        where = f" in {proposed.path}" if proposed.path else ""
        self.border_title = Content(clean(f"{proposed.agent.title} wants: {proposed.command or 'to speak'}{where}"))
        parts: list[str | tuple[str, str]] = []
        for action in actions(Scope.WAITING):
            parts += [(action.shown, "$accent"), f" {action.label}   "]
        self.update(Content.assemble(*parts))
        self._since = self.clock()
        self.set_class(True, "-asked")
        self._tick()

    def withdraw(self) -> None:
        """Nothing is asked any more."""
        self._since = None
        self.set_class(False, "-asked")

    def _tick(self) -> None:
        if self._since is not None:
            minutes, seconds = divmod(int(self.clock() - self._since), 60)
            self.border_subtitle = f"waiting for you · {minutes:02d}:{seconds:02d}"
