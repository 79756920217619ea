"""The main screen: a project at work, in view and in hand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual import on, work
from textual.app import ComposeResult

from core.errors import LabError
from core.events import Event, ReportCompiled, State, StateChanged, TurnCommitted
from core.record import LoggedTurn
from tui.board import Board
from tui.editor import edit
from tui.keymap import keyed
from tui.keys import Scope, bindings
from tui.panes.history import HistoryPane
from tui.panes.text import Edit
from tui.screens.leaving import LeavingScreen
from tui.screens.screen import sheets
from tui.screens.travel import Wish, travel
from tui.screens.wall import Wall
from tui.session import REPORT, Session
from tui.warm import set_apart
from tui.widgets.keyline import KeyLine
from tui.widgets.nowline import NowLine
from tui.widgets.question import Question
from tui.widgets.statusline import StatusLine
from tui.widgets.tell import TellLine

READ_AGAIN = 5.0
"""Seconds until a history that could not be read is tried again."""
FRAMES_A_SECOND = 20
"""How often what the engine said is shown."""

SLOW_FRAMES_A_SECOND = 4
"""The same where the way to the terminal is slow; keys are answered at once there, too."""


class LaboratoryScreen(LeavingScreen):
    """Shows what the session says and turns keys into what the session can do."""

    CSS_PATH = sheets("laboratory")
    AUTO_FOCUS = ""
    BINDINGS = bindings(Scope.LABORATORY, Scope.WAITING)
    scopes = (Scope.LABORATORY, Scope.WAITING)
    helped = (Scope.LABORATORY, Scope.PANES, Scope.WAITING)

    def __init__(self, session: Session, board: Board, turns: Sequence[LoggedTurn], *, slow_link: bool = False) -> None:
        super().__init__(session, board)
        self._turns = turns
        self._slow_link = slow_link
        self._reading = False
        self._reckoned = False
        """Whether the board knows what was spent besides its turns."""

    def compose(self) -> ComposeResult:
        yield StatusLine(id="status")
        yield Wall()
        yield NowLine()
        yield Question()
        yield TellLine()
        yield KeyLine(Scope.LABORATORY)

    def on_mount(self) -> None:
        self.wall.go_to("chat")
        self.wall.follow(self.session.project)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Fill the panes once their frames are painted: both in one go would keep the keys waiting twice as long."""
        self._load(self.board, self._turns)
        self._turns = ()
        self.set_interval(1 / (SLOW_FRAMES_A_SECOND if self._slow_link else FRAMES_A_SECOND), self._drain)
        self.set_interval(1.0, self._tick)
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        """Let the engine work, once the panes are painted: to start a process takes a core for a while."""
        set_apart()
        self.session.start()
        self._drain()  # the turn in flight, before it is looked up what it has cost
        self._reread_money()

    def show(self, events: Sequence[Event]) -> None:
        """Take events in and show what they change."""
        before = self.board.state
        for event in events:
            self.board.apply(event)
        self.attend(before, events)
        self.session.backdate(self.board, events)
        self.wall.show(events, self.board)
        if any(isinstance(event, StateChanged) for event in events):
            self.settle()
            self._reread_money()
        self._reread_report(events)
        self._refresh_status()

    def _drain(self) -> None:
        if events := self.session.drain():
            self.show(events)
        if self.session.moved and not self._reading:
            self._reading = True
            self._read_anew()

    @work
    async def _read_anew(self) -> None:
        """Show the history where the engine stands: another app has travelled, or the engine is another one."""
        try:
            board, turns = await self.session.read()
        except LabError as error:
            self.say(f"the history cannot be read anew: {error}", "error")
            await asyncio.sleep(READ_AGAIN)
            return
        finally:
            self._reading = False
        if self._stands:
            self._load(board, turns)

    def _tick(self) -> None:
        self.wall.tick(self.board)
        self._refresh_status()

    @property
    def _stands(self) -> bool:
        """Whether the screen still has its parts: a worker may come back while it is taken down."""
        return bool(self.query(StatusLine))

    def _refresh_status(self) -> None:
        self.query_one(StatusLine).show(self.board)
        now = self.query_one(NowLine)
        now.show(self.board, self.session.held, self.session.steered.stops)
        now.display = not self.question.asked

    def _load(self, board: Board, turns: Sequence[LoggedTurn]) -> None:
        self.board = board
        self.wall.load(board, turns)
        self.settle()
        self._refresh_status()
        self._read_report()

    def _reread_report(self, events: Sequence[Event]) -> None:
        compiled = any(isinstance(event, ReportCompiled) for event in events)
        written = any(isinstance(event, TurnCommitted) and event.turn.path == f"{REPORT}.tex" for event in events)
        if compiled or written:
            self._read_report()

    @work(exclusive=True, group="money")
    async def _reread_money(self) -> None:
        board = self.board
        works = board.asked is not None or board.state is State.RUNNING  # a call may be under way, or promised
        try:
            expenses, cap = await self.session.money(board.head if works else "")
        except LabError as error:
            self.say(str(error), "error")
            return
        if not self._stands:
            return
        board.cap = cap
        if not (self._reckoned and (works or board.state is State.RUNNING)):
            board.reckon(expenses)
            self._reckoned = True
        self._refresh_status()

    @work(exclusive=True, group="report")
    async def _read_report(self) -> None:
        source, pages = await self.session.report()
        if not self._stands:
            return
        self.wall.show_report(source, self.board.pages or pages, self.board.problems)

    # Running

    async def action_run_pause(self) -> None:
        """Run on, or hold before the next turn."""
        match self.session.state, self.board.state:
            case _ if not self.may_steer():
                pass
            case _ if self.board.wait and self.board.wait.long:
                await self.session.give_up()
            case _, State.FINISHED:
                words = "roll back ({history}, then {roll_back}) to take another way from an earlier turn"
                self.say(f"the study is finished: {keyed(self.app, words)}")
            case State.WAITING, _:
                self.say(
                    keyed(self.app, "the turn waits for your answer: {approve} approves it, {decline} declines it")
                )
            case State.RUNNING, State.RUNNING:
                self.session.pause()
                self._refresh_status()
                self.say("holding after this turn")
            case _:
                self.session.go()

    def action_step(self) -> None:
        """Make one turn, then hold."""
        if self.board.state is State.FINISHED:
            self.say("no step left: the study is finished")
        elif not self.may_steer():
            pass
        elif self.session.state is State.WAITING:
            self.say(keyed(self.app, "this step waits for your answer: {approve} approves it, {decline} declines it"))
        else:
            self.session.step()

    async def action_finish_phase(self) -> None:
        """Run to the end of the phase, then hold."""
        if self.board.state is State.FINISHED:
            self.say("no phase left: the study is finished")
        elif self.may_steer():
            phase = await self.session.phase()
            self.session.finish_phase(phase)
            self.say(f"holding when {phase.title.lower()} is done")

    # Panes

    def action_show_pane(self, name: str) -> None:
        """Go to a pane."""
        self.wall.go_to(name)

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self.wall.go_on(1)

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        self.wall.go_on(-1)

    def action_zoom(self) -> None:
        """One pane alone, or all of them again."""
        if self.wall.narrow:
            self.say("one pane is all that fits here: 1-0 chooses it; from 110×30 on they stand side by side")
        else:
            self.wall.zoom()

    @on(HistoryPane.Selected)
    def _look(self, message: HistoryPane.Selected) -> None:
        if not isinstance(message, HistoryPane.Highlighted):
            self.action_history()

    async def goto(self, turn: str) -> str:
        """Look at a turn in the history."""
        if not (turn.isdecimal() and 0 < int(turn) <= self.board.turns):
            return self._no_turn(turn)
        self._look_back(int(turn))
        return ""

    async def roll_back_to(self, turn: str) -> str:
        """Go back to a turn, the selected one where none is named."""
        found = self.named(turn)
        if turn and found is None:
            return self._no_turn(turn)
        self._roll_back(found)
        return ""

    async def branch_off(self, name: str, turn: str) -> str:
        """Start a line of inquiry at a turn, the selected one where none is named."""
        found = self.named(turn)
        if found is None:
            return self._no_turn(turn)
        await self.travel_to(Wish("branch", *found, name))
        return ""

    async def switch_to(self, name: str) -> str:
        """Go to another line of inquiry."""
        await self.travel_to(Wish("switch", name=name))
        return ""

    def named(self, turn: str) -> tuple[int, str] | None:
        """The turn of this line with that number, the selected one where none is named; what the project knows it by.

        That is its commit, or its number where it is farther back than what stands here.
        """
        row = next((row for row in self.board.history if str(row.turn) == turn), None) if turn else self.wall.row
        if row is not None:
            return row.turn, row.commit
        return (int(turn), turn) if turn.isdecimal() and 0 < int(turn) <= self.board.turns else None

    def _no_turn(self, turn: str) -> str:
        return f"there is no turn {turn or '…'} on this line; the last one is {self.board.turns}"

    def action_edit_settings(self) -> None:
        """Change lab.toml (config.toml where a model's price is wanted) in the person's own editor."""
        if self.board.state is State.RUNNING:
            self.say(keyed(self.app, "hold the run first ({run_pause}): the editor takes the whole screen"))
            return
        from core.models.named import config_path

        problem = edit(
            self.app, config_path() if self.board.cause == "price" else self.session.project.path / "lab.toml"
        )
        if problem:
            self.say(problem, "warning")
        self._reread_money()

    @on(Edit)
    def _edit_file(self, message: Edit) -> None:
        """Change the best program, or the report, in the person's own editor; the change becomes a turn of theirs."""
        if self.board.state is State.RUNNING:
            self.say(keyed(self.app, "hold the run first ({run_pause}): the editor takes the whole screen"))
            return
        if problem := edit(self.app, self.session.project.path / message.path):
            self.say(problem, "warning")
        self.wall.reread()
        self._read_report()

    # Going back

    def action_history(self) -> None:
        """Look at every turn; what is wished there is done here."""
        row = self.wall.row
        self._look_back(row.turn if row else 0)

    def look_for(self, words: str) -> None:
        """Open the history with what is looked for."""
        self._look_back(0, words)

    @work
    async def _look_back(self, turn: int, sought: str = "") -> None:
        from tui.screens.history import HistoryScreen

        def history() -> HistoryScreen:
            return HistoryScreen(self.session.project, lambda: self.board, turn, sought)

        while (wish := await self.app.push_screen_wait(history())) and not await self.travel_to(wish):
            turn, sought = wish.turn or turn, ""

    def action_roll_back(self) -> None:
        """Go back to the selected turn."""
        self._roll_back(self.named(""))

    @work
    async def _roll_back(self, found: tuple[int, str] | None) -> None:
        if found is None:
            self.say("nothing to go back to: no turn has been made yet")
        elif found[1] == self.board.head:
            self.say(f"turn {found[0]} is where you are: choose an earlier one in the history (5)")
        else:
            await self.travel_to(Wish("roll_back", *found))

    @work
    async def action_undo(self) -> None:
        """Bring back what the last roll-back left behind."""
        await self.travel_to(Wish("undo"))

    @work
    async def action_redo(self) -> None:
        """Go back again after an undo."""
        await self.travel_to(Wish("redo"))

    async def travel_to(self, wish: Wish) -> bool:
        """Do to the history what is wished, and show where that leads; False where it was called off or refused."""
        try:
            arrival = await travel(self.app, self.session, wish)
        except LabError as error:
            self.say(str(error), "warning")
            return False
        if arrival is None:
            return False
        self._load(arrival.board, arrival.turns)
        self.wall.note(arrival.words)
        self.say(arrival.words)
        return True
