"""Calls the person back to the terminal when they are needed and have not been there for a while."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App

    from core.events import State

UNATTENDED = 20.0
"""Seconds without a key after which nobody is thought to look."""
LONGEST = 160
"""Characters of a notification."""
KNOWN_TERMINALS = (
    *("xterm", "tmux", "screen", "rxvt", "alacritty", "foot", "kitty", "wezterm", "ghostty", "konsole", "st-"),
)
"""How terminals begin that swallow the sequence of a notification where they do not show it."""


class Attention:
    """Whether somebody looks: keys and the terminal's focus are what is known of it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen = clock()
        self._called = False

    def see(self) -> None:
        """A key was pressed, or the terminal was turned to."""
        self._seen, self._called = self._clock(), False

    def needed(self, before: State, now: State, focused: bool) -> bool:
        """Whether to call: the run stopped working and nobody looks; once until somebody comes."""
        if self._called or before != "running" or now == "running":
            return False
        self._called = not focused or self._clock() - self._seen >= UNATTENDED
        return self._called


def call(app: App[Any], words: str) -> None:
    """Ring, and have the terminal show a notification where it can."""
    app.bell()
    sequence = notification(words, os.environ)
    if sequence and app._driver is not None and not app.is_headless:
        app._driver.write(sequence)


def notification(words: str, environment: Mapping[str, str]) -> str:
    """The escape sequence (OSC 9) of a notification; empty for a terminal that might print it.

    tmux hands it on where its `allow-passthrough` is on; screen does not.
    """
    term = environment.get("TERM", "")
    if not term.startswith(KNOWN_TERMINALS) or environment.get("STY"):
        return ""
    from core.clean import clean

    text = "".join(letter for letter in " ".join(clean(words).split()) if letter.isprintable())
    sequence = f"\x1b]9;labtop: {text[:LONGEST]}\x07"
    if environment.get("TMUX"):
        return f"\x1bPtmux;{sequence.replace(chr(27), chr(27) * 2)}\x1b\\"
    return sequence
