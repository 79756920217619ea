"""What panes want of the history while one reads back in them: earlier turns, prompts, outputs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import on, work
from textual.containers import Container

from core.errors import LabError
from tui.panes.chat import ChatPane
from tui.panes.output import OutputPane

if TYPE_CHECKING:
    from core.workspace.project import Project


class Recalling(Container):
    """Holds such panes, and reads what they want from the project, off the screen's loop."""

    def __init__(self, project: Project | None = None, *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._project = project

    @on(ChatPane.Wanted)
    @work(group="recall")
    async def _recall(self, message: ChatPane.Wanted) -> None:
        from core.recall import turns_between

        if (project := self._project) is None:
            return
        try:
            turns = await asyncio.to_thread(turns_between, project, message.first, message.last)
        except LabError as error:
            self.notify(f"earlier turns cannot be read: {error}", severity="warning", markup=False)
            return
        if message.pane.is_attached:
            message.pane.recalled(message.first, message.last, turns)

    @on(ChatPane.PromptWanted)
    @work(group="prompt")
    async def _tell_prompt(self, message: ChatPane.PromptWanted) -> None:
        from core.asked import prompt_of

        if (project := self._project) is None:
            return
        try:
            asked = await asyncio.to_thread(prompt_of, project, message.turn)
        except LabError as error:
            asked = str(error)
        if message.pane.is_attached:
            message.pane.told_prompt(message.turn.number, asked)

    @on(OutputPane.Wanted)
    @work(group="output", exclusive=True)
    async def _look_at_output(self, message: OutputPane.Wanted) -> None:
        from core.recall import FAR, output_after, output_before

        pane, project = message.pane, self._project
        if project is None:
            return
        find = output_before if message.earlier else output_after
        try:
            turn = await asyncio.to_thread(find, project, message.of)
        except LabError as error:
            self.notify(f"other outputs cannot be read: {error}", severity="warning", markup=False)
            return
        if not pane.is_attached:
            return
        if turn is not None and turn.number != pane.newest_turn:
            pane.look_at(turn)
        elif not message.earlier:
            pane.newest()
        else:
            self.notify(f"no program ran in the {min(FAR, message.of - 1)} turns before this one", markup=False)
