"""The history: every turn of every line with its graph on the left, the selected one in all its parts on the right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Resize
from textual.widgets import Input, Static

from core.errors import LabError
from core.graph import Kind, Row
from core.looking import Look, look
from core.sought import FILTERS
from core.workspace.project import Project
from tui.keymap import keyed
from tui.keys import Scope, bindings
from tui.panes.chat import ChatPane
from tui.panes.diff import DiffPane
from tui.panes.graph import GraphPane
from tui.panes.output import OutputPane
from tui.panes.text import TextPane
from tui.screens.parts import PARTS, PartsLine, fill
from tui.screens.recalling import Recalling
from tui.screens.screen import sheets
from tui.screens.seeking import SeekingScreen
from tui.screens.travel import Wish
from tui.widgets.keyline import KeyLine

if TYPE_CHECKING:
    from tui.board import Board

NARROW = 100
"""Columns below which the list and the turn are shown one at a time."""
CANDIDATE = "a candidate is a program or a report alone: no work can go on from there; {branch} on a turn of a line can"


class HistoryScreen(SeekingScreen):
    """The list of turns, and beside it the turn under the cursor; what is to be done is given back as a wish."""

    CSS_PATH = sheets("history")
    AUTO_FOCUS = ""
    BINDINGS = bindings(Scope.HISTORY)
    scopes = (Scope.HISTORY,)
    helped = (Scope.HISTORY, Scope.PANES)

    def __init__(self, project: Project, board: Callable[[], Board], turn: int = 0, sought: str = "") -> None:
        """`turn` is the one to begin with, `sought` what to look for at once."""
        super().__init__(project, board, turn, sought)
        self._part = "reply"
        self._whole = False
        self._look: Look | None = None
        self._marked: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        yield Static(id="status", markup=False)
        yield Input(id="sought", placeholder=f"words, or {' '.join(FILTERS)}", compact=True)
        with Horizontal(id="columns"):
            yield GraphPane(id="history", classes="pane")
            with Recalling(self.project, id="turn"):
                yield PartsLine(id="parts", markup=False)
                yield ChatPane(id="chat", classes="pane part")
                yield DiffPane(id="diff", classes="pane part")
                yield OutputPane(id="output", classes="pane part")
                yield TextPane(id="text", classes="pane part")
        yield KeyLine(Scope.HISTORY, lines=2)

    def on_mount(self) -> None:
        self.begin()

    def on_resize(self, event: Resize) -> None:
        """Both sides where there is room, else one at a time."""
        self.set_class(event.size.width < NARROW, "-narrow")

    # Looking at a turn

    @on(GraphPane.Picked)
    def _picked(self, message: GraphPane.Picked) -> None:
        if isinstance(message, GraphPane.Opened):
            self.action_look()
        else:
            self.show_turn()

    def show_turn(self) -> None:
        """Show the turn under the cursor."""
        row = self.graph.row
        if row is not None:
            self._look_at(row)

    @work(exclusive=True, group="look")
    async def _look_at(self, row: Row) -> None:
        home = self.project if row.folder is None else Project(row.folder)
        try:
            found = await asyncio.to_thread(look, home, row.turn.commit)
        except (LabError, OSError) as error:
            self.say(f"turn {row.turn.number} cannot be read: {error}", "warning")
            return
        if self.is_attached:
            self._look = found
            self._show_part()

    def _show_part(self) -> None:
        if self._look is None:
            return
        shown = fill(self, self._look, self._part, whole=self._whole)
        for pane in self.query(".part"):
            pane.set_class(pane.id == shown, "-current")
        self.query_one(PartsLine).show(self._look.turn, self._part)

    def action_look(self) -> None:
        """Read the selected turn, or go to the selected line."""
        row = self.graph.row
        if row is not None and row.kind is Kind.LINE:
            self._go_to_line(row)
        elif self._look is not None:
            self.add_class("-turn")
            self._show_part()
            current = self.query(".part.-current")
            self.set_focus(current.first() if current else None)

    def _go_to_line(self, row: Row) -> None:
        if row.folder is not None:
            self.say(f"line {row.line} has a folder of its own: labtop open {row.folder}")
        elif row.undone:
            words = "left behind by a roll-back: {undo} brings the newest of these back, {branch} makes a line of it"
            self.say(keyed(self.app, words))
        else:
            self.dismiss(Wish("switch", row.turn.number, row.turn.commit, row.line))

    def action_turn_part(self, step: str) -> None:
        """Another part of the turn."""
        names = list(PARTS)
        self._part = names[(names.index(self._part) + (1 if step == "next" else -1)) % len(names)]
        reading = self.focused is not None and self.focused.has_class("part")
        self._show_part()
        if reading:
            self.action_look()

    def action_turn_view(self) -> None:
        """What the turn changed in a file, or all of the file."""
        self._whole = not self._whole
        self._show_part()

    # What can be done with a turn

    def _selected(self, what: str) -> Row | None:
        """The turn under the cursor; says why there is none that `what` could be done with."""
        row = self.graph.row
        if row is None:
            self.say(f"there is no turn to {what} yet")
        elif row.folder is not None:
            self.say(f"turn {row.turn.number} is on line {row.line}: labtop open {row.folder}")
            row = None
        return row

    def action_roll_back(self) -> None:
        """Go back to the selected turn."""
        row = self._selected("go back to")
        if row is None:
            return
        number = row.turn.number
        if row.turn.commit == self.head:
            self.say(f"turn {number} is where you are")
        elif row.kind is Kind.CANDIDATE:
            self.say(keyed(self.app, CANDIDATE))
        elif row.depth or row.kind is not Kind.TURN:
            words = keyed(self.app, "{branch} makes a line of it")
            self.say(f"turn {number} is not on the line of {self.board().branch}: {words}")
        else:
            self.dismiss(Wish("roll_back", number, row.turn.commit))

    @work
    async def action_branch(self) -> None:
        """Start a line of inquiry at the selected turn."""
        from tui.screens.branching import BranchScreen, start_beside

        row = self._selected("branch from")
        if row is None:
            return
        if row.kind is Kind.CANDIDATE:
            self.say(keyed(self.app, CANDIDATE))
            return
        wanted = await self.app.push_screen_wait(BranchScreen(self.project, row.turn.number))
        if wanted is None:
            return
        if wanted.folder is None:
            self.dismiss(Wish("branch", row.turn.number, row.turn.commit, wanted.name))
            return
        try:
            self.say(await start_beside(self.project, wanted.name, row.turn.commit, wanted.folder))
        except (LabError, OSError) as error:
            self.say(str(error), "warning")
            return
        self.read()

    def action_compare(self) -> None:
        """Mark the selected turn or line; with another one marked, show them side by side."""
        row = self.graph.row
        if row is None:
            self.say("there is no turn to compare yet")
            return
        commit = row.turn.commit
        if self._marked.pop(commit, None):
            self.say(f"turn {row.turn.number} is no longer marked")
        else:
            self._marked[commit] = self._name_of(row)
            if len(self._marked) == 1:
                words = keyed(self.app, "{compare} on another one shows them side by side")
                self.say(f"{self._marked[commit]} is marked: {words}")
            else:
                from tui.screens.compare import CompareScreen

                names = list(self._marked.values())
                self.app.push_screen(CompareScreen(self.project, names, self.head), self._take_from)
        self.graph.mark(self._marked)

    def _take_from(self, line: str | None) -> None:
        if line:
            self.dismiss(Wish("take", name=line))

    def _name_of(self, row: Row) -> str:
        """How a row is called in a comparison: its line where it is the newest of it, else its turn."""
        tip = next((other for other in self.picture.rows if other.line == row.line and other.kind is Kind.TURN), row)
        newest = tip.turn.commit == row.turn.commit and not row.undone and row.kind is not Kind.CANDIDATE
        if newest or row.kind is Kind.LINE:
            return row.line
        return f"turn {row.turn.number}" if row.depth == 0 else row.turn.commit[:12]

    def action_undo(self) -> None:
        """Bring back what the last roll-back left behind."""
        self.dismiss(Wish("undo"))

    def action_redo(self) -> None:
        """Go back again after an undo."""
        self.dismiss(Wish("redo"))

    async def action_copy_commit(self) -> None:
        """Copy the commit of the selected turn."""
        from tui.clipboard import copy

        if row := self.graph.row:
            self.say(f"{row.turn.commit[:12]} {await copy(self.app, row.turn.commit)}")
        else:
            self.say("there is no turn to copy yet")

    @work
    async def action_open_file(self) -> None:
        """Open the file that is shown in the person's editor, as a copy that cannot be written."""
        from tui.editor import edit
        from tui.screens.parts import FILES, copy_of

        path = FILES.get(self._part, "") or (self._look.turn.path if self._look else "")
        if self._look is None or not path:
            go = keyed(self.app, "{turn_part.previous} and {turn_part.next} go to code, plan, report or metrics")
            self.say(f"this part of the turn is no file: {go}")
            return
        try:
            file = await asyncio.to_thread(copy_of, self.project, self._look, path)
        except (LabError, OSError) as error:
            self.say(f"{path} cannot be opened: {error}", "warning")
            return
        if problem := edit(self.app, file):
            self.say(problem, "warning")

    def action_back(self) -> None:
        """Back to the list, to all turns, to the laboratory."""
        line = self.query_one("#sought", Input)
        if self.focused is not self.graph and not line.has_focus and self.has_class("-turn"):
            self.remove_class("-turn")
            self.graph.focus()
        elif line.display:
            line.value = ""
            line.display = False
            self.graph.focus()
        else:
            self.dismiss(None)
