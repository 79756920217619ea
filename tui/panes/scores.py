"""The scores pane: what the solver's candidates measured, the best so far as a step line, failures on the floor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content, Span
from textual.widget import Widget

from tui.board import Point
from tui.widgets.frame import FAINT, MUTED, entitle, frame, plain

if TYPE_CHECKING:
    from textual_plotext.plot import Plot

NOTHING_YET = (
    "No score yet.\n\nEvery candidate that the solver runs becomes a point here.\nspace runs, n makes one step"
)
KEPT, TRIED, FAILED = "●", "○", "×"
BARS = "▁▂▃▄▅▆▇█"
LEAST_HEIGHT = 4
"""Rows below which the chart gives way to words."""

_INK = (
    (re.compile(KEPT), "bold $text-success"),
    (re.compile(TRIED), "$text-accent"),
    (re.compile(FAILED), "bold $text-error"),
    (re.compile("[─│╯]+"), "$text-success"),
)


_SIDE = re.compile(r" *[-+.e\d]* *[┤│]")


class Series(NamedTuple):
    """Turns and values of the candidates that have one, and the turns of those that failed."""

    turns: list[int]
    values: list[float]
    kept: list[bool]
    failed: list[int]


class ScoresPane(Widget, can_focus=True):
    """The chart of the solver at work."""

    DEFAULT_CSS = frame("ScoresPane") + "ScoresPane { padding: 0 1; scrollbar-gutter: auto; }"
    BORDER_TITLE = "Scores"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._points: tuple[Point, ...] = ()
        self._metric = ""

    def show(self, points: Sequence[Point], metric: str) -> None:
        """Show the candidates, oldest first; an empty `metric` says that the judge's score is the only one."""
        shown = (tuple(points), metric)
        if shown == (self._points, self._metric):
            return
        self._points, self._metric = shown
        entitle(self, "Scores", legend(self._points, metric))
        self.refresh()

    def render(self) -> Content:
        if not self._points:
            return Content.styled(NOTHING_YET, MUTED)
        width, height = self.content_size
        series = measured(self._points, self._metric)
        lines = [headline(series, self._metric, width)]
        foot = judged(self._points, width) if self._metric else None
        room = height - 1 - (foot is not None)
        if room >= LEAST_HEIGHT and width >= 16:
            lines += chart(series, width, room)
        if foot is not None and (room >= 1 or height >= 2):
            lines.append(foot)
        return Content("\n").join(lines)


def measured(points: Sequence[Point], metric: str) -> Series:
    """What the chart shows: the measured values, or the judge's where nothing is measured."""
    values = [(p, p.value if metric else p.judge) for p in points if not p.failed]
    have = [(p, value) for p, value in values if value is not None]
    failed = [p.turn for p in points if p.failed] + [p.turn for p, value in values if value is None]
    return Series([p.turn for p, _ in have], [v for _, v in have], [p.kept for p, _ in have], sorted(failed))


def legend(points: Sequence[Point], metric: str) -> str:
    """What the signs mean, of those that are there."""
    if not points:
        return ""
    series = measured(points, metric)
    parts = [f"{KEPT} best" if any(series.kept) else "", f"{TRIED} tried" if not all(series.kept) else ""]
    return "  ".join(part for part in (*parts, f"{FAILED} failed" if series.failed else "") if part)


def headline(series: Series, metric: str, width: int) -> Content:
    """The metric's name, and the current best with the turn that it stands since."""
    name = plain(metric or "judge's score").stylize("bold")
    best = [(value, turn) for value, turn, kept in zip(series.values, series.turns, series.kept, strict=True) if kept]
    if not best:
        said = Content.styled("none kept yet", MUTED)
    else:
        value, turn = best[-1]
        said = Content.assemble((f"best {digits(value, series.values)}", "bold $text-success"))
        since = Content.styled(f" since turn {turn}", MUTED)
        if name.cell_length + said.cell_length + since.cell_length < width:
            said += since
    room = max(1, width - said.cell_length - 1)
    name = name.truncate(room, ellipsis=True) if name.cell_length > room else name
    return Content.assemble(name, " " * max(1, width - name.cell_length - said.cell_length), said)


def judged(points: Sequence[Point], width: int) -> Content:
    """The judge's scores apart from the measured ones: the last, and a line of bars from 0 to 1."""
    scores = [point.judge for point in points if not point.failed]
    if not scores:
        return Content.styled("judge: no score yet", MUTED)
    said = f"judge {scores[-1]:.2f} "
    bars = "".join(BARS[min(7, max(0, int(score * 8)))] for score in scores[-max(0, width - len(said)) :])
    return Content.assemble((said, MUTED), (bars, MUTED))


def chart(series: Series, width: int, height: int) -> list[Content]:
    """The series drawn in `width` × `height` cells."""
    from textual_plotext.plot import Plot

    plot = Plot()
    plot.plotsize(width, height)
    plot._set_size(width, height)  # plotsize alone does not resize a figure that stands on its own
    plot.theme("clear")
    low, high = limits(series.values)
    plot.ylim(low, high)
    first, last = turns_shown(series)
    plot.xlim(first, last)
    marks = ticks(low, high, height)
    plot.yticks(marks, [digits(mark, [low, high, *marks]) for mark in marks])
    across = sorted({round(first + (last - first) * part) for part in (0, 0.5, 1)}) if width >= 24 else [first, last]
    plot.xticks([float(turn) for turn in across], [str(turn) for turn in across])
    plot.xaxes(True, False)
    plot.yaxes(True, False)
    draw_steps(plot, best_so_far(series, last))
    for sign, kept in ((TRIED, False), (KEPT, True)):
        of_kind = [(t, v) for t, v, k in zip(series.turns, series.values, series.kept, strict=True) if k is kept]
        if of_kind:
            plot.scatter([t for t, _ in of_kind], [v for _, v in of_kind], marker=sign)
    if series.failed:
        plot.scatter(series.failed, [low] * len(series.failed), marker=FAILED)
    drawn = plot.uncolorize(plot.build()).rstrip("\n").split("\n")
    return [inked(line[:width]) for line in drawn[:height]]


def inked(line: str) -> Content:
    """A line of the chart, each kind of sign in its colour."""
    if not (side := _SIDE.match(line)):
        return Content.styled(line, FAINT if "┬" in line else MUTED)
    drawn = [Span(m.start(), m.end(), style) for sign, style in _INK for m in sign.finditer(line, side.end())]
    return Content(line, [Span(0, side.end() - 1, MUTED), Span(side.end() - 1, side.end(), FAINT), *drawn])


def limits(values: Sequence[float]) -> tuple[float, float]:
    """The lowest and highest value that the chart shows, with some air."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    air = (high - low) * 0.12 or abs(high) * 0.05 or 0.5
    return low - air, high + air


def turns_shown(series: Series) -> tuple[int, int]:
    """The first and last turn on the chart's floor; never the same one."""
    turns = series.turns + series.failed
    first, last = min(turns), max(turns)
    return (first, last) if last > first else (first - 1, last + 1)


def best_so_far(series: Series, last: int) -> list[tuple[int, float]]:
    """The corners of the step line from the first kept candidate to the last turn."""
    corners: list[tuple[int, float]] = []
    for turn, value, kept in zip(series.turns, series.values, series.kept, strict=True):
        if kept:
            if corners:
                corners.append((turn, corners[-1][1]))
            corners.append((turn, value))
    return [*corners, (last, corners[-1][1])] if corners and corners[-1][0] < last else corners


def draw_steps(plot: Plot, corners: Sequence[tuple[int, float]]) -> None:
    """Draw the best so far as a line that only runs across and up or down."""
    for (x, y), (next_x, next_y) in pairwise(corners):
        plot.plot([x, next_x], [y, next_y], marker="─" if y == next_y else "│")
    for (x, y), (next_x, _) in pairwise(corners):
        if x == next_x:
            plot.scatter([x], [y], marker="╯")


def ticks(low: float, high: float, height: int) -> list[float]:
    """A few evenly spaced values for the chart's side."""
    number = 2 if height < 6 else 3 if height < 11 else 4
    return [low + (high - low) * place / (number - 1) for place in range(number)]


def digits(value: float, among: Sequence[float]) -> str:
    """A value with as many decimals as tell it from the others; `.934` rather than `0.934`."""
    spread = max(among) - min(among)
    size = max(abs(value), *(abs(other) for other in among))
    if size >= 100_000:
        return f"{value:.2e}"
    decimals = 3 if not spread else next((d for d in (1, 2, 3, 4) if spread >= 4 * 10**-d), 5)
    text = f"{value:.{max(decimals, 3 if size < 10 else 1)}f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text
