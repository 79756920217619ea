"""Where the person steers: their word on what waits, how often they are asked, where the run is to hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import work

from core.errors import LabError
from core.events import State
from core.gate import Approve, Skip, TakeOver, Verdict
from core.orders import Interrupt, Order
from tui.board import Board
from tui.screens.screen import LabScreen
from tui.session import Session
from tui.widgets.question import Question
from tui.widgets.tell import Purpose, TellLine


class AnsweringScreen(LabScreen[None]):
    """A screen with a question bar over a session."""

    def __init__(self, session: Session, board: Board) -> None:
        super().__init__()
        self.session = session
        self.board = board

    @property
    def question(self) -> Question:
        """The bar that asks."""
        return self.query_one(Question)

    def settle(self) -> None:
        """Ask exactly while the engine waits for an answer."""
        if self.board.state is State.WAITING and self.board.proposed:
            self.question.ask(self.board.proposed, self.board.reason)
        else:
            self.question.withdraw()

    def answer(self, verdict: Verdict) -> None:
        """Give the engine the person's verdict, unless it was given by another app meanwhile."""
        if self.question.asked:
            self.session.answer(verdict)
            self.question.withdraw()
        else:
            self.say("that reply waits no longer: nothing was done with your answer", "warning")

    def _may_answer(self, *, result: bool = True) -> bool:
        """Whether a key is an answer now; `result` says whether it can be one to a phase's result, too."""
        proposed = self.question.proposed
        if not self.question.asked or proposed is None:
            self.say("no reply waits for you; A says how often you are asked")
        elif not self.session.steers:
            self.say("another app steers, this one watches; H takes the helm")
        elif proposed.result is not None and not result:
            self.say("this is a phase's result: a approves it, x has it done again with your words, s without")
        else:
            return self.question.ready
        return False

    def action_approve(self) -> None:
        """Let the agent do it, or take the phase's result."""
        if self._may_answer():
            self.answer(Approve())

    def action_skip(self) -> None:
        """Pass over this reply; have the phase done again."""
        if self._may_answer():
            self.answer(Skip())

    def action_decline(self) -> None:
        """Say no, with a reason; have the phase done again with these words as a note."""
        if self._may_answer():
            self.query_one(TellLine).write(Purpose.REASON)

    def action_ask_agent(self) -> None:
        """Ask the agent about its reply; no turn is made of it."""
        if self._may_answer(result=False):
            self.query_one(TellLine).write(Purpose.QUESTION)

    @work
    async def action_edit_reply(self) -> None:
        """Change the reply, then let it act."""
        await self._write_reply("Edit the reply, then let it act", self.board.reply, Approve)

    @work
    async def action_take_over(self) -> None:
        """Answer in the agent's place."""
        await self._write_reply("Your reply, in the agent's place", "", TakeOver)

    async def _write_reply(self, heading: str, text: str, verdict: Callable[[str], Verdict]) -> None:
        from tui.screens.reply import ReplyScreen

        if not self._may_answer(result=False):
            return
        reply = await self.app.push_screen_wait(ReplyScreen(heading, text))
        if reply is not None and reply.strip():
            self.answer(verdict(reply))

    @work
    async def action_hunks(self, which: str) -> None:
        """Choose the hunks that may act."""
        from tui.screens.hunks import HunksScreen

        if not self._may_answer(result=False):
            return
        proposed = self.question.proposed
        if proposed is None or not proposed.diff:
            self.say("this reply changes no file, so it has no hunks")
            return
        verdict = await self.app.push_screen_wait(HunksScreen(proposed, last=which == "previous"))
        if verdict is not None:
            self.answer(verdict)

    # What is to come

    def action_interrupt(self) -> None:
        """Stop the reply that is being written."""
        board = self.board
        if board.state is not State.RUNNING or board.asked is None or board.proposed or board.program:
            self.say("no reply is being written that esc could stop")
        elif not self.session.steers:
            self.say("another app steers, this one watches; H takes the helm")
        else:
            self.session.order(Interrupt())
            self.say("stopping the reply; what has come of it is kept")

    @work
    async def action_choose_autonomy(self) -> None:
        """Say how often you are asked, phase by phase."""
        from tui.screens.autonomy import AutonomyScreen

        try:
            settings = await asyncio.to_thread(self.session.project.settings)
        except LabError as error:
            self.say(str(error), "warning")
            return
        told = {phase: settings.copilot_in(phase) for phase in self.board.phases}
        modes = {**told, **self.session.steered.autonomy}
        self.app.push_screen(AutonomyScreen(modes, self.board.phase, self._give))

    @work
    async def action_choose_stop(self) -> None:
        """Say where the run is to hold."""
        from tui.screens.stops import StopsScreen

        phase = await self.session.phase()
        spent = self.board.spent.money
        order = await self.app.push_screen_wait(StopsScreen(self.session.steered, spent, phase))
        if order is not None:
            await self._give(order)

    async def _give(self, order: Order) -> bool:
        """Give an order and say what came of it; whether it was obeyed."""
        try:
            if words := await self.session.obey(order):
                self.say(words)
        except LabError as error:
            self.say(str(error), "warning")
            return False
        return True
