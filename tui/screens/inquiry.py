"""Lines of inquiry from the input line: start one beside, compare, take a finding, look for turns."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module

from core.errors import LabError
from tui.screens.commanding import CommandingScreen
from tui.screens.travel import Wish


class InquiryScreen(CommandingScreen):
    """A screen whose input line does what the history's keys do."""

    @abstractmethod
    async def travel_to(self, wish: Wish) -> bool:
        """Do to the history what is wished; False where it was called off or refused."""

    @abstractmethod
    def look_for(self, words: str) -> None:
        """Open the history with what is looked for."""

    @abstractmethod
    def named(self, turn: str) -> tuple[int, str] | None:
        """The turn with that number, the selected one where none is named; with what the project knows it by."""

    def carriers(self) -> Mapping[str, Callable[[str], Awaitable[str]]]:
        """What carries out each command of `tui.slash.OWN`."""
        return {
            **super().carriers(),
            "beside": self._beside,
            "compare": self._compare,
            "take": self._take,
            "find": self._find,
            "copy": self._copy,
            "pictures": self._pictures,
            "models": self._models,
        }

    async def _beside(self, rest: str) -> str:
        from core.lines import folder_for
        from tui.screens.branching import start_beside

        name, _, turn = rest.partition(" ")
        found = self.named(turn.strip())
        if not name:
            return "name the new line: /beside what-if 12"
        if found is None:
            return f"there is no turn {turn or '…'} on this line; the last one is {self.board.turns}"
        project = self.session.project
        try:
            return await start_beside(project, name, found[1], folder_for(project, name))
        except (LabError, OSError) as error:
            self.say(str(error), "warning")
            return ""

    async def _compare(self, rest: str) -> str:
        await asyncio.to_thread(import_module, "tui.screens.compare")
        from tui.screens.compare import CompareScreen

        named = rest.split()
        if not named:
            return "name lines or turns: /compare what-if, or /compare main what-if 12"
        if len(named) == 1:
            named.insert(0, self.board.branch)
        self.app.push_screen(CompareScreen(self.session.project, named, self.board.head), self._take_from)
        return ""

    def _take_from(self, line: str | None) -> None:
        if line:
            self.run_worker(self.travel_to(Wish("take", name=line)))

    async def _take(self, rest: str) -> str:
        name, _, part = rest.partition(" ")
        if not name:
            return "name the line to take from: /take what-if, or /take what-if section Results 2"
        self.run_worker(self.travel_to(Wish("take", name=name, parts=(part.strip(),) if part.strip() else ())))
        return ""

    async def _find(self, rest: str) -> str:
        self.look_for(rest)
        return ""

    async def _copy(self, rest: str) -> str:
        from tui.clipboard import copy

        found = self.named(rest)
        if found is None:
            return f"there is no turn {rest or '…'} on this line; the last one is {self.board.turns}"
        try:
            commit = (await asyncio.to_thread(self.session.project.turn_at, found[1])).commit
        except LabError as error:
            return str(error)
        return f"{commit[:12]} {await copy(self.app, commit)}"

    async def _pictures(self, rest: str) -> str:
        from tui.screens.pictures import PicturesScreen

        self.app.push_screen(PicturesScreen(self.session.project, 0))
        return ""

    async def _models(self, rest: str) -> str:
        from core.models.adding import begin_config
        from tui.editor import edit

        try:
            return edit(self.app, await asyncio.to_thread(begin_config))
        except LabError as error:
            self.say(str(error), "warning")
            return ""
