"""The list of the history screen: turns with their graph, drawn by line, so that the ten-thousandth costs nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from textual.content import Content

from core.graph import Kind, Row
from core.record import Agent, Status
from tui.keymap import keyed
from tui.panes.history import mark_of, short_number
from tui.rows import SHORT_AGENTS
from tui.widgets.frame import MUTED, entitle, frame, plain
from tui.widgets.lines import Line
from tui.widgets.picks import EMPTY, PickList
from tui.widgets.voices import VOICES

NOTHING_YET = (
    "No turn yet.",
    "Every turn of an agent is a commit",
    "and stands here, newest first.",
    "{back} goes back",
)
NOTHING_FOUND = ("No turn is like that.", "{look_for} changes what is looked for,", "{back} shows all turns again.")
_ROOM_FOR_SCORE, _ROOM_FOR_CHANGE, _ROOM_FOR_COST = 24, 40, 60
"""Cells from which on a line says more than what the turn did."""


class GraphPane(PickList):
    """The turns of all lines, with a cursor."""

    DEFAULT_CSS = frame("GraphPane") + "GraphPane { scrollbar-size-vertical: 1; scrollbar-gutter: auto; }"
    BORDER_TITLE = "History"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._rows: Sequence[Row] = ()
        self._marked: Collection[str] = ()
        self._head = ""
        self._digits = 1
        self._empty: Sequence[str] = NOTHING_YET

    @property
    def row(self) -> Row | None:
        """The row that the cursor is on."""
        return self._rows[self.cursor] if self._rows else None

    def put(self, rows: Sequence[Row], head: str, *, found: bool = False) -> None:
        """Show rows, `found` by a search or all; the cursor stays on its commit where that is among them."""
        held = self.row
        self._rows, self._head = rows, head
        self._digits = len(str(max((row.turn.number for row in rows), default=0)))
        self._empty = NOTHING_FOUND if found else NOTHING_YET
        at = self._place(held.turn.commit, held.kind) if held and self.cursor else 0
        self.list(len(rows) or len(self._empty), at)

    def go_to(self, commit: str) -> None:
        """Put the cursor on a commit, if it is there."""
        self.pick(self._place(commit, Kind.TURN))

    def mark(self, commits: Collection[str]) -> None:
        """Show which turns are marked for a comparison."""
        self._marked = commits
        self._strips.clear()
        self.refresh()

    def tell(self, words: str) -> None:
        """Say under the list what is shown of the history."""
        entitle(self, "History", words)

    def item(self, index: int, width: int) -> Content:
        if not self._rows:
            return Content.styled(keyed(self.app, self._empty[index]), MUTED)
        row = self._rows[index]
        return graph_line(row, width, self._digits, head=self._head, marked=row.turn.commit in self._marked)

    def line(self, index: int) -> Line:
        return super().line(index) if self._rows else Line(EMPTY, self.item(index, 0))

    def text_of(self, index: int) -> str:
        return self.line(index).body.plain.rstrip()

    def action_page_down(self) -> None:
        self.pick(self.cursor + self.page)

    def action_page_up(self) -> None:
        self.pick(self.cursor - self.page)

    def _place(self, commit: str, kind: Kind) -> int:
        return next((i for i, row in enumerate(self._rows) if row.turn.commit == commit and row.kind is kind), 0)


def graph_line(row: Row, width: int, digits: int, *, head: str = "", marked: bool = False) -> Content:
    """One row in `width` cells: graph, number, agent, what it did, and at the right score, change, cost, time."""
    left = graph_of(row, here=row.turn.commit == head)
    if row.kind in (Kind.LINE, Kind.MORE):
        return Content.assemble(left, (heading(row), MUTED if row.undone else "bold")).truncate(width, ellipsis=True)
    turn, voice = row.turn, VOICES[row.turn.agent]
    number = Content.styled(f"{turn.number:>{digits}}{'c' if row.kind is Kind.CANDIDATE else ''} ", MUTED)
    flag = Content.styled("◆ ", "bold $accent") if marked else EMPTY
    who = Content.styled(SHORT_AGENTS[turn.agent].ljust(4), MUTED if row.undone else voice.style)
    start = Content.assemble(left, flag, number, who)
    right = _right(row, width - start.cell_length)
    room = max(1, width - start.cell_length - right.cell_length - 1)
    said = plain(what_of(row))
    if said.cell_length > room:
        said = said.truncate(room, ellipsis=True)
    if row.undone:
        said = said.stylize(MUTED)
    gap = max(1, width - start.cell_length - said.cell_length - right.cell_length)
    return Content.assemble(start, said, " " * gap, right)


def graph_of(row: Row, *, here: bool) -> Content:
    """The graph's part of a row: one lane a line; ◉ where one is, ● kept, ○ not kept or beside, ◌ left behind."""
    lanes = "│ " * row.depth
    if row.kind is Kind.LINE:
        return Content.styled(f"{'│ ' * (row.depth - 1)}├─╯ ", MUTED)
    if row.kind is Kind.MORE:
        return Content.styled(f"{lanes}⋮ ", MUTED)
    beside = row.turn.status is not Status.OK or (row.turn.judge is not None and not row.turn.kept)
    dot = "◉" if here else "◌" if row.undone or row.kind is Kind.CANDIDATE else "○" if beside else "●"
    style = "bold $accent" if here else "$text-success" if dot == "●" and row.turn.kept else MUTED
    return Content.assemble((lanes, MUTED), (f"{dot} ", style))


def heading(row: Row) -> str:
    """What a row says that stands for several turns."""
    turns = f"{row.count} turn{'' if row.count == 1 else 's'}"
    if row.kind is Kind.MORE:
        quote = '"' if " " in row.line else ""
        return f"{turns} more: / line:{quote}{row.line}{quote}"
    where = f" in {row.folder.name}" if row.folder else ""
    return f"{row.line}{where} · {turns}"


def what_of(row: Row) -> str:
    """What the turn did: its subject, before it the command where the subject does not begin with it."""
    turn = row.turn
    if not turn.command or turn.agent in (Agent.RESEARCHER, Agent.LABTOP):
        return turn.subject
    same = turn.subject.startswith(turn.command.split(" ")[0]) or not turn.subject
    return (turn.subject or turn.command) if same else f"{turn.command} · {turn.subject}"


def _right(row: Row, room: int) -> Content:
    """Score, change, cost and seconds, as many as there is room for, and the mark of what came of the turn."""
    turn = row.turn
    score = short_number(row.value) if row.value is not None else _judged(turn.judge)
    parts: list[tuple[str, str] | str] = []
    if room >= _ROOM_FOR_SCORE:
        parts.append((f"{score:>6}", "bold"))
    if room >= _ROOM_FOR_CHANGE:
        parts.append((f"{_change(row.change):>7}", MUTED))
    if room >= _ROOM_FOR_COST:
        money = f"${turn.cost.money:.2f}" if turn.cost.calls else ""
        took = f"{turn.cost.seconds:.0f} s" if turn.cost.seconds else ""
        parts.append((f"{money:>8}{took:>7}", MUTED))
    if not parts and score:
        parts.append((score, "bold"))
    return Content.assemble(*parts, " ", mark_of(turn.status, turn.kept))


def _judged(judge: float | None) -> str:
    return "" if judge is None else f"{judge:.2f}".removeprefix("0")


def _change(change: float | None) -> str:
    size = short_number(abs(change)) if change else ".000"
    return "" if size == ".000" else f"{'+' if change and change > 0 else '−'}{size}"
