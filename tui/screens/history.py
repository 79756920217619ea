"""Every turn of this line of work, to read and to go back to."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from core.record import LoggedTurn, Turn
from tui.board import Board
from tui.keys import Scope, bindings
from tui.panes.chat import ChatPane
from tui.panes.diff import DiffPane
from tui.panes.history import HistoryPane
from tui.panes.output import OutputPane
from tui.screens.screen import LabScreen
from tui.screens.travel import Wish
from tui.widgets.keyline import KeyLine

PARTS = ("chat", "diff", "output")
"""What can be read of a turn: the reply and its outcome, the change, what the program printed."""


class HistoryScreen(LabScreen[Wish | None]):
    """The list of turns, and beside it the turn under the cursor."""

    CSS_PATH = "history.tcss"
    BINDINGS = bindings(Scope.HISTORY)
    scopes = (Scope.HISTORY,)

    def __init__(self, board: Board, turns: Sequence[LoggedTurn], selected: int) -> None:
        super().__init__()
        self.board = board
        self._turns = {logged.turn.number: logged for logged in turns}
        self._selected = selected if selected in self._turns else max(self._turns, default=0)
        self._part = "chat"

    def compose(self) -> ComposeResult:
        yield Static(self._heading(), id="status", markup=False)
        with Horizontal(id="columns"):
            yield HistoryPane(id="history", classes="pane")
            yield ChatPane(id="chat", classes="pane part")
            yield DiffPane(id="diff", classes="pane part")
            yield OutputPane(id="output", classes="pane part")
        yield KeyLine(Scope.HISTORY)

    def on_mount(self) -> None:
        history = self.query_one(HistoryPane)
        history.show(self.board.history)
        history.focus()
        self._read()

    def _heading(self) -> Content:
        board = self.board
        counted = sum(len(points) for points in board.candidates.values())
        return Content.assemble(
            (" labtop  ", "bold $accent"),
            (f"{board.project} ▸ {board.branch} ▸ History", "bold"),
            (f"   {board.turns} turns · {counted} candidates", "$text-muted"),
        )

    @on(HistoryPane.Highlighted)
    def _highlight(self, message: HistoryPane.Highlighted) -> None:
        self._selected = message.turn
        self._read()

    @on(HistoryPane.Selected)
    def _select(self) -> None:
        self.action_look()

    def _read(self) -> None:
        for pane in self.query(".part"):
            pane.set_class(pane.id == self._part, "-current")
        logged = self._turns.get(self._selected)
        if logged is None:
            return
        turn = logged.turn
        match self._part:
            case "chat":
                self.query_one(ChatPane).load([turn])
            case "diff":
                self.query_one(DiffPane).show(f"{turn.command} · turn {turn.number}", turn.path, turn.diff)
            case _:
                self._print(turn)

    def _print(self, turn: Turn) -> None:
        pane = self.query_one(OutputPane)
        pane.begin(f"turn {turn.number}")
        pane.append(turn.output or "This turn ran no program.")
        pane.finish("")

    def action_look(self) -> None:
        """Read the selected turn."""
        self.query_one(f"#{self._part}").focus()

    def action_turn_part(self, step: str) -> None:
        """Another part of the turn."""
        self._part = PARTS[(PARTS.index(self._part) + (1 if step == "next" else -1)) % len(PARTS)]
        self._read()

    def action_roll_back(self) -> None:
        """Go back to the selected turn."""
        logged = self._turns.get(self._selected)
        if logged is None:
            self.say("there is no turn to go back to yet")
        elif logged.commit == self.board.head:
            self.say(f"turn {self._selected} is where you are")
        else:
            self.dismiss(Wish("roll_back", self._selected, logged.commit))

    def action_undo(self) -> None:
        """Take the last roll-back back, or the last turn."""
        self.dismiss(Wish("undo"))

    def action_redo(self) -> None:
        """Take the last undo back."""
        self.dismiss(Wish("redo"))

    def action_copy_commit(self) -> None:
        """Copy the commit of the selected turn."""
        if logged := self._turns.get(self._selected):
            self.app.copy_to_clipboard(logged.commit)
            self.say(f"copied {logged.commit[:12]}")
        else:
            self.say("there is no turn to copy yet")

    def action_back(self) -> None:
        """Back to the laboratory."""
        self.dismiss(None)
