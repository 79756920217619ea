"""From what a pane shows to where it comes from: a candidate's turn, a number's turn, the pages as pictures."""

from __future__ import annotations

import asyncio
from abc import abstractmethod

from textual import on, work

from core.errors import LabError
from core.origins import Origin, where_measured
from tui.panes.report import ReportPane
from tui.panes.scores import ScoresPane
from tui.screens.inquiry import InquiryScreen


class LookingScreen(InquiryScreen):
    """A screen whose panes lead into the history."""

    @abstractmethod
    async def goto(self, turn: str) -> str:
        """Look at a turn in the history; returns why that cannot be done, or nothing."""

    @on(ScoresPane.Chosen)
    async def _look_at_candidate(self, message: ScoresPane.Chosen) -> None:
        if problem := await self.goto(str(message.turn)):
            self.say(problem)

    @on(ReportPane.Asked)
    def _ask(self, message: ReportPane.Asked) -> None:
        self._look_at_origin(message.number)

    @work(exclusive=True, group="origin")
    async def _look_at_origin(self, number: str) -> None:
        """Look at the turn that measured a number, where that is known."""
        try:
            origin = await asyncio.to_thread(where_measured, self.session.project, number)
        except (LabError, OSError) as error:
            self.say(f"where {number} was measured cannot be found out: {error}", "warning")
            return
        if origin is None:
            self.say(f"not known: no result of this line holds {number}; it may be computed from several, or cited")
            return
        self.say(told(number, origin))
        if problem := await self.goto(str(origin.turn)):
            self.say(problem)

    @on(ReportPane.Pictures)
    def _show_pictures(self, message: ReportPane.Pictures) -> None:
        from tui.screens.pictures import PicturesScreen

        self.app.push_screen(PicturesScreen(self.session.project, message.page))


def told(number: str, origin: Origin) -> str:
    """Where a number is from, in a sentence."""
    others = f"; {origin.others} other value{'s' if origin.others != 1 else ''} there read the same" * bool(
        origin.others
    )
    return f"{number} was first measured at turn {origin.turn}: {origin.name} = {origin.value} in {origin.file}{others}"
