"""Where a long line is broken, so that prose can be read in a narrow pane; code is left as it is."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells

PROSE = frozenset({"", "latex", "markdown"})
"""Languages whose lines are paragraphs."""

Fold = tuple[int, int]
"""A part of a line, by its first character and the one after its last."""


def folds(text: str, width: int) -> list[Fold]:
    """The parts of a line in `width` cells, broken after blanks where that can be; no character is lost."""
    found: list[Fold] = []
    start, rest = 0, text
    while cell_len(rest) > max(1, width):
        end = max(1, len(chop_cells(rest, max(1, width))[0]))
        blank = rest.rfind(" ", 0, end + 1) + 1
        end = blank if 2 * blank > end and rest[:blank].strip() else end
        found.append((start, start + end))
        start, rest = start + end, rest[end:]
    return [*found, (start, len(text))]
