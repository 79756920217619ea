"""The wall of panes: all side by side where there is room, else one at a time, and which event goes to which pane."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import DescendantFocus, Resize
from textual.widgets import Static

from core.events import (
    Answered,
    Event,
    Notice,
    ProgramFinished,
    ProgramOutput,
    ProgramStarted,
    ProgramUsage,
    Proposed,
    Restarted,
    State,
    StateChanged,
    Thinking,
    Token,
    TurnCommitted,
    TurnStarted,
)
from core.record import Agent, LoggedTurn, Phase, Status, Turn
from tui.board import Board
from tui.panes.chat import ChatPane
from tui.panes.diff import DiffPane
from tui.panes.history import HistoryPane
from tui.panes.output import OutputPane
from tui.panes.phases import PhasesPane
from tui.panes.report import ReportPane
from tui.panes.scores import ScoresPane
from tui.rows import HistoryRow
from tui.screens.aside import Aside
from tui.screens.layout import LAYOUT, Layout, read_layout, write_layout
from tui.screens.places import ASIDES, PANES, panes, tabs
from tui.screens.recalling import Recalling

if TYPE_CHECKING:
    from core.workspace.project import Project


WIDE, HIGH = 110, 30
"""Columns and rows from which on chat, diff, scores, report, history and output fit side by side."""
LOW, LOWEST = 14, 7
"""Rows from which on a pane is left more than what stands around it; and from which on it is left a line at all."""
WIDEST = 180
"""Columns from which on a reading pane has a place of its own beside them."""


class Wall(Recalling):
    """Composes the panes, lays them out, moves the focus among them and hands events on."""

    def __init__(self) -> None:
        super().__init__(id="wall")
        self.current = "chat"
        self.zoomed = False
        self.over_report = False
        self._project: Project | None = None
        self._moved = False
        self._writing = asyncio.Lock()

    def compose(self) -> ComposeResult:
        yield PhasesPane(id="rail", compact=True)
        yield Static(id="tabs", markup=False)
        with Horizontal(id="columns"):
            with Vertical(id="left", classes="column"):
                yield PhasesPane(id="phases", classes="pane")
                yield from panes("left")
            with Vertical(id="middle", classes="column"):
                yield from panes("middle")
            with Vertical(id="right", classes="column"):
                scores, report = panes("right")
                yield scores
                yield Aside()
                yield report

    def on_resize(self, event: Resize) -> None:
        """Side by side or one at a time, as the room allows."""
        self.lay_out()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The pane that holds the focus is the current one."""
        for node in event.widget.ancestors_with_self:
            if node.id in PANES and node.id != self.current:
                self._come_to(node.id)

    def go_to(self, name: str) -> None:
        """Bring a pane into view and give it the keys."""
        self._come_to(name)
        if not self._focus():
            self.call_after_refresh(self._focus)  # what has just been made has no parts yet

    def _focus(self) -> bool:
        """Give the current pane the keys, or that part of it which can have them; False when none can."""
        pane = self.query_one(f"#{self.current}")
        for part in (pane, *pane.query("*")):
            if part.focusable:
                part.focus(scroll_visible=False)
                return True
        return False

    def go_on(self, step: int) -> None:
        """Go to the next (1) or the previous (-1) pane of those in view; of all, where only one is."""
        names = [name for name in PANES if self.alone or self.shows(name)]
        self.go_to(names[(names.index(self.current) + step) % len(names)])

    def zoom(self) -> None:
        """One pane alone, or all of them again."""
        self.zoomed = not self.zoomed
        self.lay_out()
        self._remember()

    @property
    def narrow(self) -> bool:
        """Whether there is room for one pane only."""
        return self.app.size.width < WIDE or self.app.size.height < HIGH

    @property
    def alone(self) -> bool:
        """Whether one pane is in view only."""
        return self.narrow or self.zoomed

    @property
    def wide(self) -> bool:
        """Whether a reading pane stands beside all others."""
        return not self.alone and self.app.size.width >= WIDEST

    def shows(self, name: str) -> bool:
        """Whether a pane is in view."""
        if self.alone:
            return name == self.current
        if name in ASIDES:
            return name == self._aside.up and (self.wide or self.over_report)
        return name != "report" or self.wide or not self.over_report

    def lay_out(self) -> None:
        """Show what the room and the zoom allow."""
        self.set_class(self.alone, "-one")
        self.set_class(self.narrow, "-narrow")
        self.set_class(self.wide, "-wide")
        self.set_class(self.over_report and not self.wide and not self.alone, "-over")
        self._aside.bring_up(self._aside.up, self.shows(self._aside.up))
        for pane in self.query(".pane"):
            pane.set_class(pane.id == self.current, "-current")
        for column in self.query(".column"):
            column.set_class(any(node.id == self.current for node in column.query(".pane")), "-current")
        height = self.app.size.height
        self.screen.set_class(height < LOW, "-low")
        said = tabs(self.current, self.app.size.width - 2)
        self.query_one("#tabs", Static).update(said if height >= LOWEST else f"no room: {LOWEST} rows")

    @property
    def _aside(self) -> Aside:
        return self.query_one(Aside)

    def _come_to(self, name: str) -> None:
        if name in ASIDES:
            self._aside.up, self.over_report = name, True
        elif name == "report":
            self.over_report = False
        moved, self.current = name != self.current, name
        self.lay_out()
        if moved:
            self._remember()

    # What is kept and read of the project

    def follow(self, project: Project) -> None:
        """Stand as one left it in this project, and read what the reading panes show of it."""
        self._project = project
        self._aside.follow(project)
        self.run_worker(self._take_up(project), group="layout")

    async def _take_up(self, project: Project) -> None:
        layout = await asyncio.to_thread(lambda: read_layout(project.private(LAYOUT), PANES, ASIDES))
        if self.is_attached:
            self.call_after_refresh(self._stand, layout)  # the focus on the first pane is on its way still

    def _stand(self, layout: Layout) -> None:
        if self._moved:
            return  # the person was quicker
        self.zoomed, self._aside.up, self.over_report = layout.zoomed, layout.aside, layout.over_report
        if layout.current != self.current:
            self.go_to(layout.current)
        else:
            self.lay_out()

    def _remember(self) -> None:
        self._moved = True
        if self._project is not None:
            self.run_worker(self._write(self._project), group="layout")

    async def _write(self, project: Project) -> None:
        async with self._writing:
            layout = Layout(self.current, self.zoomed, self._aside.up, self.over_report)
            await asyncio.to_thread(lambda: write_layout(project.private(LAYOUT), layout))

    def load(self, board: Board, turns: Sequence[LoggedTurn]) -> None:
        """Show a project as its history tells it."""
        said = [logged.turn for logged in turns if logged.turn.number]
        self.query_one(ChatPane).load(said, recalls=True)
        changed = next((turn for turn in reversed(said) if turn.diff), None)
        self._diff(changed)
        printed = next((turn for turn in reversed(said) if turn.output), None)
        output = self.query_one(OutputPane)
        if printed:
            output.begin(f"turn {printed.number}", printed.number)
            output.append(printed.output)
            output.finish("failed" if printed.status is Status.FAILED else "")
        else:
            output.empty()  # what stands there may be another line's
        self.refresh_values(board)
        self._aside.forget()

    def reread(self) -> None:
        """Files of the project may have changed."""
        self._aside.forget()

    def show(self, events: Sequence[Event], board: Board) -> None:
        """Hand on what happened; `board` has taken it in already."""
        for event in events:
            self._route(event)
        if any(not isinstance(event, (Token, Thinking, ProgramOutput, ProgramUsage)) for event in events):
            self.refresh_values(board)
        self._aside.take_in(events)

    def refresh_values(self, board: Board) -> None:
        """The panes that show the board as it stands."""
        for phases in self.query(PhasesPane):
            phases.show(board.rows, board.state)
        self.query_one(HistoryPane).show(board.history)
        self.query_one(ScoresPane).show(board.points, board.charted)

    def tick(self, board: Board) -> None:
        """Say how long the program that runs has been running; called once a second."""
        if board.program:
            self.query_one(OutputPane).gauge(board.clock() - board.began, board.limit, board.usage)

    def show_report(self, source: str, pages: tuple[str, ...], problems: tuple[str, ...]) -> None:
        """The report as it is now."""
        self.query_one(ReportPane).show(source, pages, problems)

    def note(self, words: str) -> None:
        """A line in the chat that is no agent's."""
        self.query_one(ChatPane).note(words, "info")

    @property
    def row(self) -> HistoryRow | None:
        """The turn under the cursor of the history."""
        return self.query_one(HistoryPane).row

    def _route(self, event: Event) -> None:
        chat, output = self.query_one(ChatPane), self.query_one(OutputPane)
        match event:
            case TurnStarted(turn, phase, agent):
                chat.begin(turn, heading(agent, phase))
            case Token(_, text):
                chat.stream(text)
            case Thinking(_, text):
                chat.think(text)
            case Restarted(_, reason):
                chat.restart(reason)
            case Proposed(_, _, command, path, diff):
                chat.hush()
                if diff:
                    self.query_one(DiffPane).show(command, path, diff)
            case ProgramStarted(turn, path, sandbox):
                output.begin(f"{path} · {sandbox}", turn)
            case ProgramOutput(_, text):
                output.append(text)
            case ProgramFinished(_, problem):
                output.finish(problem)
            case TurnCommitted(turn):
                chat.finish(turn)
                if turn.diff:
                    self._diff(turn)
            case StateChanged(state, _, cause) if state is not State.RUNNING and (cause or state is not State.WAITING):
                chat.break_off()
            case Answered(_, question, text):
                chat.note(f"you asked: {question}\n{text}", "info")
            case Notice(level, text):
                chat.note(text, level)
            case _:
                pass

    def _diff(self, turn: Turn | None) -> None:
        pane = self.query_one(DiffPane)
        if turn is None:
            pane.show("", "", "")
        else:
            pane.show(diff_title(turn), turn.path, turn.diff)


def heading(agent: Agent, phase: Phase) -> str:
    """Who speaks and about what, e.g. `PhD student · plan formulation`."""
    return f"{agent.title} · {phase.title.lower()}"


def diff_title(turn: Turn) -> str:
    """What made the diff, e.g. `EDIT 12-18 · turn 41`; a person's edit has no command."""
    return f"{turn.command} · turn {turn.number}".removeprefix(" · ")
