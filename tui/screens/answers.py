"""Where a turn may wait for the person's word: the question, and the keys that answer it."""

from __future__ import annotations

from collections.abc import Callable

from textual import work

from core.events import State
from core.gate import Approve, Skip, TakeOver, Verdict
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
            self.question.ask(self.board.proposed)
        else:
            self.question.withdraw()

    def answer(self, verdict: Verdict) -> None:
        """Give the engine the person's verdict."""
        self.session.answer(verdict)
        self.question.withdraw()

    def _may_answer(self) -> bool:
        if not self.question.asked:
            self.say('no turn waits for you; copilot = "turn" in lab.toml makes every turn ask')
        return self.question.ready

    def action_approve(self) -> None:
        """Let the agent do it."""
        if self._may_answer():
            self.answer(Approve())

    def action_skip(self) -> None:
        """Pass over this reply."""
        if self._may_answer():
            self.answer(Skip())

    def action_decline(self) -> None:
        """Say no, with a reason."""
        if self._may_answer():
            self.query_one(TellLine).write(Purpose.REASON)

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

        if not self._may_answer():
            return
        reply = await self.app.push_screen_wait(ReplyScreen(heading, text))
        if reply is not None and reply.strip():
            self.answer(verdict(reply))
