"""Where the person steers: their word on what waits, how often they are asked, where the run is to hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from textual import work

from core.errors import LabError
from core.events import Proposed, State
from core.gate import Approve, Skip, TakeOver, Verdict
from core.orders import Answer, Interrupt, Order
from tui.board import Board
from tui.keymap import keyed
from tui.screens.screen import LabScreen
from tui.session import Session
from tui.widgets.question import Question
from tui.widgets.tell import Purpose, TellLine
from tui.wire import WATCHES


class AnsweringScreen(LabScreen[None]):
    """A screen with a question bar over a session."""

    def __init__(self, session: Session, board: Board) -> None:
        super().__init__()
        self.session = session
        self.board = board
        self.about: Proposed | None = None
        """What the line that is being written, a reason or a question, is about."""
        self._begun: dict[tuple[Proposed, str], str] = {}
        """Replies to what waits that the person has begun to write and not sent."""

    @property
    def question(self) -> Question:
        """The bar that asks."""
        return self.query_one(Question)

    def may_steer(self) -> bool:
        """Whether the engine obeys this app; says so where it does not."""
        if not self.session.steers:
            self.say(keyed(self.app, f"{WATCHES}: {{take_helm}} takes the helm"))
        return self.session.steers

    def settle(self) -> None:
        """Ask exactly while the engine waits for an answer."""
        if self.board.state is State.WAITING and self.board.proposed:
            self.question.ask(self.board.proposed, self.board.reason)
        else:
            self.question.withdraw()

    def answer(self, verdict: Verdict, proposed: Proposed | None) -> None:
        """Give the engine the person's verdict on what was proposed, unless that waits no longer."""
        if proposed is None or proposed != self.question.proposed:
            self.say("that waits no longer: nothing was done with your answer", "warning")
        elif not self.session.steers:
            words = "another app steers by now: nothing was done with your answer; {take_helm} takes the helm"
            self.say(keyed(self.app, words), "warning")
        else:
            self.question.withdraw()
            self._answer(Answer(verdict, proposed.key))

    @work
    async def _answer(self, answer: Answer) -> None:
        """Ask again where the engine would not have the answer, and the question still stands."""
        if not await self._give(answer) and self.is_mounted:
            self.settle()

    def _asking(self, *, result: bool = True) -> Proposed | None:
        """What a key is an answer to now, if to anything; `result` says whether it can be one to a phase's result."""
        proposed = self.question.proposed
        if not self.question.asked or proposed is None:
            self.say(keyed(self.app, "no reply waits for you; {choose_autonomy} says how often you are asked"))
        elif not self.may_steer():
            pass
        elif proposed.result is not None and not result:
            words = "{approve} approves it, {decline} has it done again with your words, {skip} without"
            self.say(f"this is a phase's result: {keyed(self.app, words)}")
        elif self.question.ready:
            return proposed
        return None

    def action_approve(self) -> None:
        """Let the agent do it, or take the phase's result."""
        if proposed := self._asking():
            self.answer(Approve(), proposed)

    def action_skip(self) -> None:
        """Pass over this reply; have the phase done again."""
        if proposed := self._asking():
            self.answer(Skip(), proposed)

    def action_decline(self) -> None:
        """Say no, with a reason; have the phase done again with these words as a note."""
        if proposed := self._asking():
            self.about = proposed
            self.query_one(TellLine).write(Purpose.REASON)

    def action_ask_agent(self) -> None:
        """Ask the agent about its reply; no turn is made of it."""
        if proposed := self._asking(result=False):
            self.about = proposed
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

        proposed = self._asking(result=False)
        if proposed is None:
            return
        begun = self._begun.get((proposed, heading), text)
        go_on = bool(proposed.note) or begun != text
        written = await self.app.push_screen_wait(ReplyScreen(heading, begun, go_on=go_on))
        still = {of: words for of, words in self._begun.items() if of[0] == proposed}
        self._begun = {**still, (proposed, heading): written.text}  # also what is sent: it may not arrive
        if written.sent and written.text.strip():
            self.answer(verdict(written.text), proposed)
        elif written.text not in (begun, text):
            self.say("what you wrote is kept until this is decided: the same key brings it back")

    @work
    async def action_hunks(self, which: str) -> None:
        """Choose the hunks that may act."""
        from tui.screens.hunks import HunksScreen

        proposed = self._asking(result=False)
        if proposed is None:
            return
        if not proposed.diff:
            self.say("this reply changes no file, so it has no hunks")
            return
        verdict = await self.app.push_screen_wait(HunksScreen(proposed, last=which == "previous"))
        if verdict is not None:
            self.answer(verdict, proposed)

    # What is to come

    def action_interrupt(self) -> None:
        """Stop the reply that is being written."""
        board = self.board
        if board.state is not State.RUNNING or board.asked is None or board.proposed or board.program:
            self.say("no reply is being written that could be stopped")
        elif self.may_steer():
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
        now = datetime.now().astimezone()
        order = await self.app.push_screen_wait(StopsScreen(self.session.steered, spent, phase, now))
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
