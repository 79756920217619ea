"""Where a long line is broken, so that prose can be read in a narrow pane; code is left as it is."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len, chop_cells

PROSE = frozenset({"", "latex", "markdown"})
"""Languages whose lines are paragraphs."""

Fold = tuple[int, int]
"""A part of a line, by its first character and the one after its last."""


@lru_cache(maxsize=512)
def folds(text: str, width: int) -> tuple[Fold, ...]:
    """The parts of a line in `width` cells, broken after blanks where that can be; no character is lost.

    Remembered for the lines that were asked for last: each part of a line is drawn by itself.
    """
    found: list[Fold] = []
    start, width = 0, max(1, width)
    while (end := _fitting(text, start, width)) < len(text):
        blank = text.rfind(" ", start, end + 1) + 1
        end = blank if 2 * (blank - start) > end - start and text[start:blank].strip() else end
        found.append((start, end))
        start = end
    return (*found, (start, len(text)))


def _fitting(text: str, start: int, width: int) -> int:
    """Where what fits in `width` cells from `start` on ends; of a long text only its beginning is looked at."""
    size = 2 * width
    while True:
        head = text[start : start + size]
        if head.isascii() and head.isprintable():
            return start + min(len(head), width)
        if cell_len(head) > width:
            return start + max(1, len(chop_cells(head, width)[0]))
        if start + size >= len(text):
            return len(text)
        size *= 2
