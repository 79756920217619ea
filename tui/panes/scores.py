"""The scores pane: what the candidates measured and what the judge thought of them, apart; a cursor walks them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.keymap import keyed
from tui.keys import bound
from tui.rows import Point
from tui.widgets.chart import BARS, Axis, Mark, Sign, axis_of, bars, floor, points
from tui.widgets.frame import MUTED, entitle, frame, plain
from tui.widgets.sheet import wrapped

NOTHING_YET = """No score yet.

Every candidate that the solver runs becomes a point here.
{run_pause} runs, {step} makes one step"""
SILENT = "no reflection on it; {look_at} shows the turn"
LEAST_HEIGHT = 4
"""Rows below which the chart gives way to words."""
APART = 13
"""Rows of a chart from which on the judge has a strip of its own, on the same axis."""
_STRIP = 3


class ScoresPane(Widget, can_focus=True):
    """The chart of the solver at work, and the candidate under the cursor."""

    DEFAULT_CSS = frame("ScoresPane") + "ScoresPane { padding: 0 1; scrollbar-gutter: auto; }"
    BORDER_TITLE = "Scores"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bound("walk", "walk(-1)", "walk(1)"),
        *bound("ends", "walk(-1_000_000)", "walk(1_000_000)"),
        *bound("look_at", "look"),
        *bound("unmark", "leave"),
    ]

    class Chosen(Message):
        """The turn of a candidate is to be looked at."""

        def __init__(self, turn: int) -> None:
            super().__init__()
            self.turn = turn

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._points: tuple[Point, ...] = ()
        self._metric = ""
        self._picked: Point | None = None
        self._drawn: tuple[tuple[int, int], list[Content]] | None = None

    def show(self, points: Sequence[Point], metric: str) -> None:
        """Show the candidates, oldest first; an empty `metric` says that the judge's score is the only one."""
        shown = (tuple(points), metric)
        if shown == (self._points, self._metric):
            return
        self._points, self._metric = shown
        if self._picked not in self._points:
            self._picked = None
        entitle(self, "Scores", legend(self._points, metric))
        self._draw_anew()

    @property
    def picked(self) -> Point | None:
        """The candidate under the cursor."""
        return self._picked

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a cursor, escape means what it means everywhere else."""
        return self._picked is not None if action == "leave" else super().check_action(action, parameters)

    def action_walk(self, step: int) -> None:
        """Go to another candidate; the first step goes to the newest."""
        if not self._points:
            self.notify("there is no candidate to go to yet", markup=False)
            return
        last = len(self._points) - 1
        at = self._points.index(self._picked) + step if self._picked else last if step < 0 or step == 1 else step
        self._picked = self._points[max(0, min(at, last))]
        self._draw_anew()

    def action_look(self) -> None:
        """Say that one wants to see the turn of the candidate."""
        if self._picked is None:
            self.notify(
                keyed(self.app, "choose a candidate first: {walk.previous} and {walk.next} walk them"),
                markup=False,
            )
        else:
            self.post_message(self.Chosen(self._picked.turn))

    def action_leave(self) -> None:
        """Take the cursor away."""
        self._picked = None
        self._draw_anew()

    def on_click(self, event: events.Click) -> None:
        """The candidate whose column is nearest to the click."""
        offset = event.get_content_offset(self)
        if offset is None or not self._points:
            return
        axis = chart_axis(self._points, self._metric, self.content_size.width)
        self._picked = min(self._points, key=lambda point: abs(axis.left + axis.column(point.turn) - offset.x))
        self._draw_anew()

    def _draw_anew(self) -> None:
        self._drawn = None
        self.refresh()

    def render(self) -> Content:
        size = (self.content_size.width, self.content_size.height)
        if self._drawn is None or self._drawn[0] != size:
            self._drawn = (size, self._draw(*size))
        return Content("\n").join(self._drawn[1])

    def _draw(self, width: int, height: int) -> list[Content]:
        if not self._points:
            return Content.styled(keyed(self.app, NOTHING_YET), MUTED).split("\n")
        told = (
            cut(about(self._picked, self._metric, width, keyed(self.app, SILENT)), max(2, height // 3), width)
            if self._picked
            else []
        )
        foot = judged(self._points, width) if self._metric else None
        room = height - 1 - len(told)
        lines = [headline(self._points, self._metric, width)]
        if self._metric and room >= APART and width >= 16:
            lines += both(self._points, self._metric, self._picked, width, room)
            return [*lines, *told]
        room -= foot is not None
        if room >= LEAST_HEIGHT and width >= 16:
            lines += chart(self._points, self._metric, self._picked, width, room)
        if foot is not None and (room >= 1 or height >= 2):
            lines.append(foot)
        return [*lines, *told][:height]


def signed(point: Point, metric: str) -> Sign:
    """What became of a candidate; one that measured nothing where something is measured has failed."""
    if point.failed or worth(point, metric) is None:
        return Sign.FAILED
    return Sign.KEPT if point.kept else Sign.TRIED


def worth(point: Point, metric: str) -> float | None:
    """The number that is charted: the measured one, or the judge's where nothing is measured."""
    return None if point.failed else point.value if metric else point.judge


def legend(of: Sequence[Point], metric: str) -> str:
    """What the signs mean, of those that are there."""
    there = {signed(point, metric) for point in of}
    words = {Sign.KEPT: "best", Sign.TRIED: "tried", Sign.FAILED: "failed"}
    return "  ".join(f"{sign.value[0]} {word}" for sign, word in words.items() if sign in there)


def headline(of: Sequence[Point], metric: str, width: int) -> Content:
    """The metric's name, and the current best with the turn that it stands since."""
    name = plain(metric or "judge's score").stylize("bold")
    values = [value for point in of if (value := worth(point, metric)) is not None]
    best = next((point for point in reversed(of) if signed(point, metric) is Sign.KEPT), None)
    if best is None or (value := worth(best, metric)) is None:
        said = Content.styled("none kept yet", MUTED)
    else:
        said = Content.styled(f"best {digits(value, values)}", "bold $text-success")
        since = Content.styled(f" since turn {best.turn}", MUTED)
        if name.cell_length + said.cell_length + since.cell_length < width:
            said += since
    room = max(1, width - said.cell_length - 1)
    name = name.truncate(room, ellipsis=True) if name.cell_length > room else name
    return Content.assemble(name, " " * max(1, width - name.cell_length - said.cell_length), said)


def judged(of: Sequence[Point], width: int) -> Content:
    """The judge's scores where there is one row for them: the last, and a line of bars from 0 to 1."""
    scores = [point.judge for point in of if not point.failed]
    if not scores:
        return Content.styled("judge: no score yet", MUTED)
    said = f"judge {scores[-1]:.2f} "
    line = "".join(BARS[min(7, max(0, int(score * 8)))] for score in scores[-max(0, width - len(said)) :])
    return Content.styled(said + line, MUTED)


def about(point: Point, metric: str, width: int, silent: str) -> list[Content]:
    """One candidate in words: turn, value, judge, what was done and what was thought of it, or `silent`."""
    sign, style = signed(point, metric).value
    words = {Sign.KEPT: "best then", Sign.TRIED: "tried", Sign.FAILED: "failed"}[signed(point, metric)]
    parts = [f"turn {point.turn}", words]
    if metric and point.value is not None:
        parts.insert(1, f"{point.value:.4g}")
    if not point.failed:
        parts.append(f"judge {point.judge:.2f}")
    parts += [point.command] if point.command else []
    said = Content.assemble((f"{sign} ", style), plain(" · ".join(parts)).stylize("bold"))
    said = said.truncate(width, ellipsis=True) if said.cell_length > width else said
    why = " ".join(point.why.split())
    return [said, *wrapped(why or silent, width, MUTED)]


def cut(lines: list[Content], most: int, width: int) -> list[Content]:
    """As many lines as there is room for, with a sign where there were more."""
    if len(lines) <= most:
        return lines
    last = lines[most - 1].truncate(width - 2)
    return [*lines[: most - 1], Content.assemble(last, (" …", MUTED))]


def marks_of(of: Sequence[Point], metric: str, picked: Point | None) -> list[Mark]:
    """The candidates as the chart shows them."""
    return [Mark(p.turn, worth(p, metric), signed(p, metric), p is picked) for p in of]


def chart_axis(of: Sequence[Point], metric: str, width: int) -> Axis:
    """The axis of turns, beside the widest label."""
    labels = side_labels(of, metric, 4)
    left = max(3, *map(len, labels)) + 1
    return axis_of([point.turn for point in of], width - left, left)


def side_labels(of: Sequence[Point], metric: str, number: int) -> list[str]:
    """`number` values for the chart's side, from the top."""
    low, high = limits([value for point in of if (value := worth(point, metric)) is not None])
    marks = [high - (high - low) * place / (number - 1) for place in range(number)]
    return [digits(mark, [low, high, *marks]) for mark in marks]


def chart(of: Sequence[Point], metric: str, picked: Point | None, width: int, height: int) -> list[Content]:
    """The candidates in `width` × `height` cells, floor and numbers of turns included."""
    axis = chart_axis(of, metric, width)
    labels = side_labels(of, metric, 2 if height < 6 else 3 if height < 11 else 4)
    values = [value for point in of if (value := worth(point, metric)) is not None]
    return [
        *points(marks_of(of, metric, picked), axis, height - 2, labels, limits(values)),
        *floor(axis, numbered(axis, picked)),
    ]


def both(of: Sequence[Point], metric: str, picked: Point | None, width: int, height: int) -> list[Content]:
    """The measured values above, the judge's scores in a strip of their own below, on the same turns."""
    scores = [point for point in of if not point.failed]
    strip = [Mark(p.turn, p.judge, signed(p, metric), p is picked) for p in scores]
    said = (
        f"judge {scores[-1].judge:.2f} now, highest {max(p.judge for p in scores):.2f}" if scores else "judge: no score"
    )
    return [
        *chart(of, metric, picked, width, height - _STRIP - 1),
        Content.styled(said, MUTED),
        *bars(strip, chart_axis(of, metric, width), _STRIP),
    ]


def numbered(axis: Axis, picked: Point | None) -> list[int]:
    """The turns that are written below the floor: the picked one first, so that it is never left out."""
    across = (
        [axis.first, axis.last, round((axis.first + axis.last) / 2)] if axis.width >= 20 else [axis.first, axis.last]
    )
    if picked is None:
        return sorted(across)
    return sorted([picked.turn, *(t for t in across if abs(axis.column(t) - axis.column(picked.turn)) > 6)])


def limits(values: Sequence[float]) -> tuple[float, float]:
    """The lowest and highest value that the chart shows, with some air."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    air = (high - low) * 0.12 or abs(high) * 0.05 or 0.5
    return low - air, high + air


def digits(value: float, among: Sequence[float]) -> str:
    """A value with as many decimals as tell it from the others; `.934` rather than `0.934`."""
    spread = max(among) - min(among)
    size = max(abs(value), *(abs(other) for other in among))
    if size >= 100_000:
        return f"{value:.2e}"
    decimals = 3 if not spread else next((d for d in (1, 2, 3, 4) if spread >= 4 * 10**-d), 5)
    text = f"{value:.{max(decimals, 3 if size < 10 else 1)}f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text
