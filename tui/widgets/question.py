"""The bar that asks for the person's word on a reply or on a phase's result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from textual.content import Content
from textual.widgets import Static

from core.events import Proposed
from tui.keymap import at_hand
from tui.keys import Action, Scope
from tui.widgets.changes import changes
from tui.widgets.frame import plain

GRACE = 0.5
"""Seconds after the question appears in which no key is taken as an answer: you may have been typing."""

_RESULT: Mapping[str, str] = {"approve": "approve", "decline": "comment, do it again", "skip": "do it again"}
_STOPPED: Mapping[str, str] = {
    "approve": "let it count",
    "edit_reply": "finish it",
    "decline": "decline",
    "take_over": "take over",
    "skip": "ask anew",
}


class Question(Static):
    """What the agent wants, since when it waits, and the answers; hidden while nothing is asked."""

    DEFAULT_CSS = """
    Question { height: 3; display: none; padding: 0 1; border: round $warning; border-title-color: $text-warning; }
    Question.-asked { display: block; }
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(markup=False, id="question")
        self.clock = clock
        self.proposed: Proposed | None = None
        self._since: float | None = None

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)

    @property
    def asked(self) -> bool:
        """Whether the person's word is waited for."""
        return self._since is not None

    @property
    def ready(self) -> bool:
        """Whether a key counts as an answer by now."""
        return self._since is not None and self.clock() - self._since >= GRACE

    def ask(self, proposed: Proposed, reason: str = "") -> None:
        """Ask about a reply, or about the result that `reason` tells of; asking the same again changes nothing."""
        if self.asked and proposed == self.proposed:
            return
        self.proposed = proposed
        self.border_title = plain(_title(proposed, reason))
        self.update(_answers(proposed, at_hand(self.app, Scope.WAITING)))
        self._since = self.clock()
        self.set_class(True, "-asked")
        self._tick()

    def withdraw(self) -> None:
        """Nothing is asked any more."""
        self._since, self.proposed = None, None
        self.set_class(False, "-asked")

    def _tick(self) -> None:
        if self._since is not None:
            minutes, seconds = divmod(int(self.clock() - self._since), 60)
            self.border_subtitle = f"waiting for you · {minutes:02d}:{seconds:02d}"


def _title(proposed: Proposed, reason: str) -> str:
    if proposed.result is not None:
        return reason or f"{proposed.result.title} is done"
    if proposed.note and not proposed.command:
        return f"{proposed.agent.title} was stopped by you before its command was whole"
    where = f" in {proposed.path}" if proposed.path else ""
    much = f" ({changes(proposed.diff).count.replace(' · ', ', ')})" if proposed.diff else ""
    stopped = ", and was stopped by you" if proposed.note else ""
    return f"{proposed.agent.title} wants: {proposed.command or 'to speak'}{where}{much}{stopped}"


def _answers(proposed: Proposed, actions: Sequence[Action]) -> Content:
    """The keys that answer, as they are called for this question."""
    labels: Mapping[str, str] | None = None
    if proposed.result is not None:
        labels = _RESULT
    elif proposed.note:
        labels = _STOPPED
    parts: list[str | tuple[str, str]] = []
    for action in actions:
        label = action.label if labels is None else labels.get(action.id, "")
        if label and (action.id != "hunks" or proposed.diff):
            parts += [(action.shown, "$text-accent"), f" {label}  "]
    return Content.assemble(*parts)
