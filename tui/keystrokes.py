"""Keys in turn: what a key has changed holds for the next one, however fast they come.

Textual hands every key to whatever has the focus just then, and looks only afterwards what it is bound to. Of `/undo`,
which a slow line sends as one packet, the letters would be commands: they are on their way to a pane before the slash
has given the focus to the input line.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from textual.app import App
from textual.events import Event
from textual.message import Message

PATIENCE = 0.25
"""Seconds after which the next key is handed on although nobody has told what became of the one before."""


class Dealt(Message):
    """Follows a key from the widget that got it up to the app: once it is there, the key has been dealt with."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Keystrokes:
    """Hands keys and pastes on one by one, in the order in which they came."""

    def __init__(self, app: App[Any], hand_on: Callable[[Event], Awaitable[None]]) -> None:
        self._app = app
        self._hand_on = hand_on
        self._waiting: deque[Event] = deque()
        self._number = 0
        self._under_way = False

    async def take(self, event: Event) -> None:
        """A key or a paste has come."""
        self._waiting.append(event)
        if not self._under_way:
            await self._next()

    def dealt(self, number: int) -> None:
        """The key of this number is dealt with; what it has asked for, such as another focus, comes first."""
        if number == self._number:
            self._number += 1
            self._app.call_later(self._next)

    async def _next(self) -> None:
        self._under_way = bool(self._waiting)
        if not self._waiting:
            return
        number = self._number
        target = self._app.focused or self._app.screen
        await self._hand_on(self._waiting.popleft())
        if target.post_message(Dealt(number)):
            # A widget that is being removed may never pass it on.
            asyncio.get_running_loop().call_later(PATIENCE, self.dealt, number)
        else:
            self.dealt(number)
