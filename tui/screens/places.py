"""The table of panes: a new pane is one line here."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.widget import Widget

from tui.panes.chat import ChatPane
from tui.panes.costs import CostsPane
from tui.panes.diff import DiffPane
from tui.panes.history import HistoryPane
from tui.panes.output import OutputPane
from tui.panes.papers import PapersPane
from tui.panes.program import ProgramPane
from tui.panes.report import ReportPane
from tui.panes.reviews import ReviewsPane
from tui.panes.scores import ScoresPane


@dataclass(frozen=True, slots=True)
class Place:
    """A pane on the wall: its name (and id), its key, its name where room is short, its column and what it is.

    Of the column `aside` one is up at a time: beside the others where the screen is wide, else over the report.
    """

    name: str
    key: str
    short: str
    column: str
    kind: type[Widget]


PLACES = (
    Place("chat", "1", "Chat", "middle", ChatPane),
    Place("diff", "2", "Diff", "middle", DiffPane),
    Place("scores", "3", "Scores", "right", ScoresPane),
    Place("report", "4", "Report", "right", ReportPane),
    Place("history", "5", "Hist", "left", HistoryPane),
    Place("output", "6", "Out", "middle", OutputPane),
    Place("program", "7", "Prog", "aside", ProgramPane),
    Place("papers", "8", "Papers", "aside", PapersPane),
    Place("reviews", "9", "Rev", "aside", ReviewsPane),
    Place("costs", "0", "Costs", "aside", CostsPane),
)
PANES = tuple(place.name for place in PLACES)
ASIDES = tuple(place.name for place in PLACES if place.column == "aside")


def panes(column: str) -> list[Widget]:
    """The panes of one column, from the table."""
    return [place.kind(id=place.name, classes="pane") for place in PLACES if place.column == column]


def tabs(current: str, width: int) -> Content:
    """The panes by number in a line of `width` cells, the current one marked.

    Long names where they fit, else the short ones, else the keys alone with the current pane's name.
    """
    for said in (
        [f" {place.key} {place.name.capitalize()} " for place in PLACES],
        [f"{place.key} {place.short}" for place in PLACES],
        [f"{place.key} {place.short}" if place.name == current else place.key for place in PLACES],
    ):
        if sum(map(len, said)) + len(said) <= width:
            break
    parts: list[str | tuple[str, str]] = []
    for place, text in zip(PLACES, said, strict=True):
        parts += [(text, "bold reverse $accent") if place.name == current else (text, "$text-muted"), " "]
    return Content.assemble(*parts)
