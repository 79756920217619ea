"""The last gate before the terminal: no control code leaves the app except Textual's own."""

from __future__ import annotations

import re

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


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
