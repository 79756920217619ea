"""A chart in characters: points, the best so far as a step line, and a strip of bars, all on one axis of turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

from textual.content import Content, Span

from tui.widgets.frame import FAINT, MUTED

BARS = "▁▂▃▄▅▆▇█"
LINE = "$text-success"


class Sign(Enum):
    """What became of a candidate; of several in one cell the kind that is last here is seen."""

    FAILED = ("×", "bold $text-error")
    TRIED = ("○", "$text-accent")
    KEPT = ("●", "bold $text-success")


@dataclass(frozen=True, slots=True)
class Mark:
    """A candidate in the chart; one without a value stands on the floor."""

    turn: int
    value: float | None
    sign: Sign
    picked: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """Turns from `first` to `last` across `width` cells, the first one `left` cells from the pane's edge."""

    first: int
    last: int
    width: int
    left: int

    def column(self, turn: int) -> int:
        """The cell of a turn, from 0."""
        return round((turn - self.first) / max(1, self.last - self.first) * (self.width - 1))


@dataclass(slots=True)
class Canvas:
    """Cells that are drawn over each other; empty ones are spaces."""

    width: int
    height: int
    cells: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)

    def put(self, row: int, column: int, char: str, style: str) -> None:
        """Draw one cell; outside of the canvas nothing is drawn."""
        if 0 <= row < self.height and 0 <= column < self.width:
            self.cells[row, column] = (char, style)

    def lines(self) -> list[Content]:
        """The rows from the top."""
        rows = []
        for row in range(self.height):
            there = {column: self.cells[row, column] for column in range(self.width) if (row, column) in self.cells}
            text = "".join(there[column][0] if column in there else " " for column in range(self.width))
            rows.append(Content(text, [Span(at, at + 1, style) for at, (_, style) in there.items()]))
        return rows


def axis_of(turns: Sequence[int], width: int, left: int) -> Axis:
    """The axis that holds all turns; never one of a single turn."""
    first, last = min(turns), max(turns)
    if first == last:
        first, last = first - 1, last + 1
    return Axis(first, last, max(2, width), left)


def points(
    marks: Sequence[Mark], axis: Axis, height: int, labels: Sequence[str], limits: tuple[float, float]
) -> list[Content]:
    """The marks between the limits (lowest, highest) in `height` rows, `labels` along the side from the top."""
    canvas, (low, high) = Canvas(axis.width, height), limits

    def row(value: float | None) -> int:
        return height - 1 if value is None else round((high - value) / (high - low) * (height - 1))

    steps(canvas, [(axis.column(x), row(y)) for x, y in best_so_far(marks, axis.last)])
    cells = {sign: {(row(mark.value), axis.column(mark.turn)) for mark in marks if mark.sign is sign} for sign in Sign}
    for sign, taken in cells.items():
        for place in taken:
            canvas.put(*place, *sign.value)
    for mark in marks:
        if mark.picked:
            char, style = mark.sign.value
            canvas.put(row(mark.value), axis.column(mark.turn), char, f"{style} reverse")
    places = {round(at * (height - 1) / max(1, len(labels) - 1)): label for at, label in enumerate(labels)}
    return [
        Content.assemble((places.get(at, "").rjust(axis.left - 1), MUTED), ("┤" if at in places else "│", FAINT), line)
        for at, line in enumerate(canvas.lines())
    ]


def best_so_far(marks: Sequence[Mark], last: int) -> list[tuple[int, float]]:
    """The corners of the step line from the first kept candidate to the last turn."""
    corners: list[tuple[int, float]] = []
    for mark in marks:
        if mark.sign is Sign.KEPT and mark.value is not None:
            if corners:
                corners.append((mark.turn, corners[-1][1]))
            corners.append((mark.turn, mark.value))
    return [*corners, (last, corners[-1][1])] if corners else []


def steps(canvas: Canvas, corners: Sequence[tuple[int, int]]) -> None:
    """Draw a line that only runs across and up or down, by its corners as (column, row)."""
    for (x, y), (next_x, next_y) in pairwise(corners):
        if y == next_y:
            for column in range(x, next_x + 1):
                canvas.put(y, column, "─", LINE)
            continue
        for between in range(min(y, next_y) + 1, max(y, next_y)):
            canvas.put(between, x, "│", LINE)
        canvas.put(y, x, "╯" if next_y < y else "╮", LINE)
        canvas.put(next_y, x, "╭" if next_y < y else "╰", LINE)


def floor(axis: Axis, turns: Sequence[int]) -> list[Content]:
    """The floor of a chart, and the numbers of some turns below it."""
    line, numbers = ["─"] * axis.width, [" "] * (axis.left + axis.width + 1)
    taken = -1
    for turn in turns:
        text, column = str(turn), axis.column(turn)
        start = min(max(0, axis.left + column - len(text) // 2), axis.left + axis.width - len(text))
        if start > taken:
            line[column] = "┬"
            numbers[start : start + len(text)] = text
            taken = start + len(text)
    return [
        Content.styled(" " * (axis.left - 1) + "└" + "".join(line), FAINT),
        Content.styled("".join(numbers).rstrip(), MUTED),
    ]


def bars(marks: Sequence[Mark], axis: Axis, height: int) -> list[Content]:
    """A bar from 0 to 1 for each mark that has a value (of several in a column the newest), on the same axis."""
    canvas = Canvas(axis.width, height)
    seen = {axis.column(mark.turn): mark for mark in marks if mark.value is not None}
    seen |= {axis.column(mark.turn): mark for mark in marks if mark.value is not None and mark.picked}
    for column, mark in seen.items():
        eighths = max(1, round(min(1.0, max(0.0, mark.value or 0.0)) * height * 8))
        style = "bold $text-accent" if mark.picked else MUTED
        for level in range(height):
            part = min(8, eighths - 8 * level)
            canvas.put(height - 1 - level, column, BARS[part - 1] if part > 0 else " ", style)
    labels = {0: "1", height - 1: "0"} if height > 1 else {}
    return [
        Content.assemble((labels.get(at, "").rjust(axis.left - 1), MUTED), ("┤" if at in labels else "│", FAINT), line)
        for at, line in enumerate(canvas.lines())
    ]
