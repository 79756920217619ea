"""The last gates before the terminal: no control code of others leaves the app, and what is chosen is always seen."""

from __future__ import annotations

import re

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

CHOSEN = "ansi_bright_magenta"
"""On which the themes of sixteen colours put what is chosen in a list; nothing is ever shown on it."""
_CHOSEN = Color.parse(CHOSEN).rich_color
_REVERSED = Style(color="default", bgcolor="default", reverse=True)


class ChosenFilter(LineFilter):
    """Reverses what is chosen, as the panes do: seen without colours too, and whatever colours the words have.

    Textual drops `text-style: reverse` from the lines of its lists.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, those on the colour CHOSEN reversed in the terminal's own colours."""
        return [
            Segment(text, style + _REVERSED, control) if style and style.bgcolor == _CHOSEN else segment
            for segment in segments
            for text, style, control in (segment,)
        ]


class EscapeFilter(LineFilter):
    """Shows a blank where text from outside would send an escape, C1 or direction-changing character.

    Textual passes such text on as it is from most widgets (measured), and every widget's lines come through here.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, harmless; each hostile character becomes one blank, so that widths stay."""
        return [
            Segment(_HOSTILE.sub(" ", text), style, control) if _HOSTILE.search(text) else segment
            for segment in segments
            for text, style, control in (segment,)
        ]
