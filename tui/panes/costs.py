"""The costs pane: the tables of `labtop costs`, live, with what the caps leave and what was sunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.content import Content

from core.costs import CapLeft, Costs, Row
from core.record import Agent, Phase
from tui.keymap import keyed
from tui.rows import SHORT_PHASES
from tui.widgets.frame import FAINT, MUTED, entitle, frame, plain
from tui.widgets.sheet import EMPTY, Sheet, heading, padded, wrapped
from tui.widgets.statusline import clock, counted

NOTHING_YET = (
    "Nothing was spent yet.\n\nWhat each phase, agent and model costs stands here, with what is left of your budget."
    "\n\n{run_pause} runs, {step} makes one step"
)
NEARLY = 0.8
"""Share of a cap from which on little is left."""
_TITLES = {agent.value: agent.title for agent in Agent} | {phase.value: SHORT_PHASES[phase] for phase in Phase}
_LEAST_NAME = 16
_WIDEST = 104
"""Cells beyond which a row is hard to follow from its name to its numbers."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the tables: its head, its width, and what it says of a row; the first to go has the highest rank."""

    head: str
    width: int
    rank: int
    said: Callable[[Row], str]


COLUMNS = (
    Column("turns", 6, 3, lambda row: str(row.turns) if row.turns else ""),
    Column("calls", 6, 5, lambda row: str(row.calls) if row.calls else ""),
    Column("prompt", 8, 6, lambda row: counted(row.prompt_tokens) if row.prompt_tokens else ""),
    Column("cached", 8, 7, lambda row: counted(row.cached_tokens) if row.cached_tokens else ""),
    Column("reply", 8, 8, lambda row: counted(row.completion_tokens) if row.completion_tokens else ""),
    Column("tokens", 8, 2, lambda row: counted(row.prompt_tokens + row.completion_tokens) if row.calls else ""),
    Column("money", 9, 0, lambda row: dollars(row.money) if row.calls else ""),
    Column("time", 9, 1, lambda row: clock(row.seconds) if row.seconds else ""),
    Column("ok", 6, 4, lambda row: "" if row.success is None else f"{100 * row.success:.0f} %"),
)


class CostsPane(Sheet):
    """What the project has cost."""

    DEFAULT_CSS = frame("CostsPane")
    BORDER_TITLE = "Costs"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._costs: Costs | None = None
        self._problem = ""

    def show(self, costs: Costs) -> None:
        """Show what was spent."""
        if costs == self._costs and not self._problem:
            return
        self._costs, self._problem = costs, ""
        entitle(self, "Costs", f"{dollars(costs.total.money)} · {counted(tokens(costs.total))} tok")
        self.set_anew(keep=True)

    def refuse(self, problem: str) -> None:
        """The costs cannot be told; says why. What was shown last stays below."""
        self._problem = problem
        self.set_anew(keep=True)

    def lines_for(self, width: int) -> list[Content]:
        width = min(width, _WIDEST)
        problem = wrapped(self._problem, width, "$text-error", "✗ ") if self._problem else []
        costs = self._costs
        if costs is None or not (costs.total.calls or costs.total.seconds):
            return problem or wrapped(keyed(self.app, NOTHING_YET), width, MUTED)
        columns = fitting(width)
        lines = [*problem, *caps_lines(costs.caps, width)]
        for title, rows in (("phase", costs.phases), ("agent", costs.agents), ("model", costs.models)):
            lines += [
                EMPTY,
                *table(title, [row for row in rows if row.calls or row.seconds or row.turns], columns, width),
            ]
        return [*lines, EMPTY, *sunk_lines(costs, columns, width), *remarks(costs.total, width)]


def caps_lines(caps: Sequence[CapLeft], width: int) -> list[Content]:
    """Each cap of the budget with what is left of it."""
    if not caps:
        return wrapped("No cap is set: [budget] in lab.toml (E) sets one.", width, MUTED)
    return [line for cap in caps for line in cap_lines(cap, width)]


def cap_lines(cap: CapLeft, width: int) -> list[Content]:
    """One cap: a bar of what is spent, and what is left."""
    share = min(1.0, cap.spent / cap.most) if cap.most else 1.0
    style = "bold $text-error" if cap.left <= 0 else "bold $text-warning" if share >= NEARLY else "bold $text-success"
    scope = "this project" if cap.scope == "project" else "this phase"
    left = f"{amount(cap.left, cap.measure)} left" if cap.left > 0 else "nothing left"
    said = Content.assemble((left, style), f" of {amount(cap.most, cap.measure)}")
    for more in (Content(f" for {scope}"), Content.styled(f"  budget.{cap.key}", MUTED)):
        said = said + more if said.cell_length + more.cell_length <= width else said
    room = max(4, min(40, width))
    full = round(share * room)
    return [padded(said, width), Content.assemble(("━" * full, style), ("─" * (room - full), FAINT))]


def amount(number: float, measure: str) -> str:
    """A number of what a cap measures, with its unit."""
    match measure:
        case "money":
            return dollars(number)
        case "tokens":
            return f"{counted(int(number))} tok"
        case _:
            return f"{number:.2f} h"


def fitting(width: int) -> list[Column]:
    """The columns that fit beside a name; prompt, cached and reply stand in for tokens where all fit."""
    room = width - _LEAST_NAME
    chosen: list[Column] = []
    for column in sorted(COLUMNS, key=lambda column: column.rank):
        if column.width <= room:
            chosen.append(column)
            room -= column.width
    return [column for column in COLUMNS if column in chosen]


def table(title: str, rows: Sequence[Row], columns: Sequence[Column], width: int) -> list[Content]:
    """Rows under a head."""
    name = width - sum(column.width for column in columns)
    head = Content.assemble(padded(heading(title), name), ("".join(c.head.rjust(c.width) for c in columns), MUTED))
    return [head, *(row_line(row, columns, name) for row in rows)]


def row_line(row: Row, columns: Sequence[Column], name: int, style: str = "") -> Content:
    """One row: its name, then its cells."""
    cells = "".join(column.said(row).rjust(column.width) for column in columns)
    return Content.assemble(padded(plain(_TITLES.get(row.name, row.name)), name), cells).stylize(style)


def sunk_lines(costs: Costs, columns: Sequence[Column], width: int) -> list[Content]:
    """What was spent beside this line of work, and everything together."""
    name = width - sum(column.width for column in columns)
    sunk = [
        row_line(row, columns, name, style)
        for row, style in ((costs.other_branches, ""), (costs.rolled_back, "$text-warning"))
        if row.calls or row.seconds or row.money
    ]
    lost = costs.rolled_back
    why = "sunk: rolled back or broken off, and still counted" if lost.calls or lost.seconds else ""
    return [*sunk, *(wrapped(why, width, MUTED) if why else []), row_line(costs.total, columns, name, "bold")]


def remarks(total: Row, width: int) -> list[Content]:
    """What the numbers do not say by themselves."""
    said = {
        "call(s) counted at their worst: no end yet, or no usage told": total.unsettled,
        "call(s) counted at the dearest known price": total.guessed,
        "call(s) counted without money: no price is known": total.unpriced,
        "call(s) without an answer": total.failed,
    }
    lines = [line for words, count in said.items() if count for line in wrapped(f"{count} {words}", width, MUTED, "! ")]
    return [EMPTY, *lines] if lines else []


def tokens(row: Row) -> int:
    """Prompt and reply together."""
    return row.prompt_tokens + row.completion_tokens


def dollars(amount: float) -> str:
    """Money in few characters."""
    return f"${amount:.4f}" if 0 < amount < 0.1 else f"${amount:,.2f}"
