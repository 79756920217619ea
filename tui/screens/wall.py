"""The wall of panes: all side by side where there is room, else one at a time, and which event goes to which pane."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.widgets import Static

from core.events import (
    Event,
    Notice,
    ProgramFinished,
    ProgramOutput,
    ProgramStarted,
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
from tui.board import Board, HistoryRow
from tui.panes.chat import ChatPane
from tui.panes.diff import DiffPane
from tui.panes.history import HistoryPane
from tui.panes.output import OutputPane
from tui.panes.phases import PhasesPane
from tui.panes.report import ReportPane
from tui.panes.scores import ScoresPane

PANES = ("chat", "diff", "scores", "report", "history", "output")
"""The panes by number, from 1."""

WIDE, HIGH = 110, 30
"""Columns and rows from which on all panes fit side by side."""


class Wall(Container):
    """Composes the panes, lays them out, moves the focus among them and hands events on."""

    def __init__(self) -> None:
        super().__init__(id="wall")
        self.current = "chat"
        self.zoomed = False

    def compose(self) -> ComposeResult:
        yield PhasesPane(id="rail", compact=True)
        yield Static(id="tabs", markup=False)
        with Horizontal(id="columns"):
            with Vertical(id="left", classes="column"):
                yield PhasesPane(id="phases", classes="pane")
                yield HistoryPane(id="history", classes="pane")
            with Vertical(id="middle", classes="column"):
                yield ChatPane(id="chat", classes="pane")
                yield DiffPane(id="diff", classes="pane")
                yield OutputPane(id="output", classes="pane")
            with Vertical(id="right", classes="column"):
                yield ScoresPane(id="scores", classes="pane")
                yield ReportPane(id="report", classes="pane")

    def on_resize(self, event: Resize) -> None:
        """Side by side or one at a time, as the room allows."""
        self.lay_out()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The pane that holds the focus is the current one."""
        for node in event.widget.ancestors_with_self:
            if node.id in PANES and node.id != self.current:
                self.current = node.id
                self.lay_out()

    def go_to(self, name: str) -> None:
        """Bring a pane into view and give it the keys."""
        self.current = name
        self.lay_out()
        pane = self.query_one(f"#{name}")
        target = pane if pane.can_focus else next((child for child in pane.query("*") if child.can_focus), pane)
        target.focus(scroll_visible=False)

    def go_on(self, step: int) -> None:
        """Go to the next (1) or the previous (-1) pane."""
        self.go_to(PANES[(PANES.index(self.current) + step) % len(PANES)])

    def zoom(self) -> None:
        """One pane alone, or all of them again."""
        self.zoomed = not self.zoomed
        self.lay_out()

    @property
    def narrow(self) -> bool:
        """Whether there is room for one pane only."""
        return self.app.size.width < WIDE or self.app.size.height < HIGH

    def lay_out(self) -> None:
        """Show what the room and the zoom allow."""
        self.set_class(self.narrow or self.zoomed, "-one")
        self.set_class(self.narrow, "-narrow")
        for pane in self.query(".pane"):
            pane.set_class(pane.id == self.current, "-current")
        for column in self.query(".column"):
            column.set_class(any(child.id == self.current for child in column.children), "-current")
        self.query_one("#tabs", Static).update(tabs(self.current))

    def load(self, board: Board, turns: Sequence[LoggedTurn]) -> None:
        """Show a project as its history tells it."""
        said = [logged.turn for logged in turns if logged.turn.number]
        self.query_one(ChatPane).load(said)
        changed = next((turn for turn in reversed(said) if turn.diff), None)
        self._diff(changed)
        printed = next((turn for turn in reversed(said) if turn.output), None)
        output = self.query_one(OutputPane)
        if printed:
            output.begin(f"turn {printed.number}")
            output.append(printed.output)
            output.finish("failed" if printed.status is Status.FAILED else "")
        self.refresh_values(board)

    def show(self, events: Sequence[Event], board: Board) -> None:
        """Hand on what happened; `board` has taken it in already."""
        for event in events:
            self._route(event)
        if any(not isinstance(event, (Token, Thinking, ProgramOutput)) for event in events):
            self.refresh_values(board)

    def refresh_values(self, board: Board) -> None:
        """The panes that show the board as it stands."""
        for phases in self.query(PhasesPane):
            phases.show(board.rows, board.state)
        self.query_one(HistoryPane).show(board.history)
        self.query_one(ScoresPane).show(board.points, board.charted)

    def tick(self, board: Board) -> None:
        """Say how long the program that runs has been running; called once a second."""
        if board.program:
            ran = f"running for {board.clock() - board.began:.0f} s of at most {board.limit:.0f} s"
            self.query_one(OutputPane).border_subtitle = ran

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
            case ProgramStarted(_, path, sandbox):
                output.begin(f"{path} · {sandbox}")
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


def tabs(current: str) -> Content:
    """The panes by number, the current one marked."""
    parts: list[str | tuple[str, str]] = []
    for number, name in enumerate(PANES, 1):
        text = f" {number} {name.capitalize()} "
        parts += [(text, "bold reverse $accent") if name == current else (text, "$text-muted"), " "]
    return Content.assemble(*parts)
