"""Every turn of this line of work, to read and to go back to."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from core.record import LoggedTurn, Status, Turn
from tui.board import Board
from tui.keys import Scope, bindings
from tui.panes.chat import ChatPane
from tui.panes.diff import DiffPane
from tui.panes.history import HistoryPane, turns_counted
from tui.panes.output import OutputPane
from tui.screens.screen import LabScreen, sheets
from tui.screens.travel import Wish
from tui.screens.wall import diff_title
from tui.widgets.keyline import KeyLine
from tui.widgets.statusline import counted

PARTS = {"chat": "reply", "diff": "diff", "output": "output"}
"""What can be read of a turn, by the pane that shows it."""


class HistoryScreen(LabScreen[Wish | None]):
    """The list of turns, and beside it the turn under the cursor."""

    CSS_PATH = sheets("history")
    BINDINGS = bindings(Scope.HISTORY)
    scopes = (Scope.HISTORY,)
    helped = (Scope.HISTORY, Scope.PANES)

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
            with Vertical(id="turn"):
                yield Static(id="parts", markup=False)
                yield ChatPane(id="chat", classes="pane part")
                yield DiffPane(id="diff", classes="pane part")
                yield OutputPane(id="output", classes="pane part")
        yield KeyLine(Scope.HISTORY)

    def on_mount(self) -> None:
        history = self.query_one(HistoryPane)
        history.show(self.board.history)
        history.select(self._selected)
        history.focus()
        self._read()

    def _heading(self) -> Content:
        board = self.board
        tried = sum(len(points) for points in board.candidates.values())
        candidates = f"{tried} candidate{'s' if tried != 1 else ''}"
        return Content.assemble(
            (" labtop  ", "bold $accent"),
            (f"{board.project} ▸ {board.branch} ▸ History", "bold"),
            (f"   {turns_counted(board.history) or 'no turn yet'} · {candidates}", "$text-muted"),
        )

    @on(HistoryPane.Selected)
    def _select(self, message: HistoryPane.Selected) -> None:
        self._selected = message.turn
        self._read()
        if not isinstance(message, HistoryPane.Highlighted):
            self.action_look()

    def _read(self) -> None:
        for pane in self.query(".part"):
            pane.set_class(pane.id == self._part, "-current")
        logged = self._turns.get(self._selected)
        if logged is None:
            return
        turn = logged.turn
        self.query_one("#parts", Static).update(parts_line(turn, self._part))
        match self._part:
            case "chat":
                chat = self.query_one(ChatPane)
                chat.load([turn])
                chat.release_anchor()
                chat.call_after_refresh(chat.scroll_to, y=0, animate=False, force=True)
            case "diff":
                diff = self.query_one(DiffPane)
                diff.show(diff_title(turn), turn.path, turn.diff, "This turn has no diff to show.")
            case _:
                self._print(turn)

    def _print(self, turn: Turn) -> None:
        pane = self.query_one(OutputPane)
        pane.begin(f"turn {turn.number}")
        if turn.output:
            pane.append(turn.output)
            pane.finish("failed" if turn.status is Status.FAILED else "")
        else:
            pane.say("This turn ran no program.")

    def action_look(self) -> None:
        """Read the selected turn."""
        self.query_one(f"#{self._part}").focus()

    def action_turn_part(self, step: str) -> None:
        """Another part of the turn."""
        names = list(PARTS)
        self._part = names[(names.index(self._part) + (1 if step == "next" else -1)) % len(names)]
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
        """Bring back what the last roll-back left behind."""
        self.dismiss(Wish("undo"))

    def action_redo(self) -> None:
        """Go back again after an undo."""
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


def parts_line(turn: Turn, part: str) -> Content:
    """Which part of which turn is shown, and what the turn cost."""
    tabs: list[str | tuple[str, str]] = []
    for name, words in PARTS.items():
        tabs += [(f" {words} ", "bold reverse $accent" if name == part else "$text-muted"), " "]
    tokens = turn.cost.prompt_tokens + turn.cost.completion_tokens
    spent = f"{counted(tokens)} tok · {turn.cost.seconds:.0f} s"
    return Content.assemble((f" turn {turn.number}  ", "bold"), *tabs, (f" {spent}", "$text-muted"))
