"""Leaving a project: with its engine ended, or at work by itself; and the helm, which one app at a time has."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from textual import work
from textual.message import Message

from core.errors import LabError
from core.events import Event, State
from tui.keymap import keyed
from tui.screens.looking import LookingScreen


class LeavingScreen(LookingScreen):
    """A screen over a session that can be left in several ways."""

    class Left(Message):
        """The person has left the project for the list of projects."""

    @abstractmethod
    def show(self, events: Sequence[Event]) -> None:
        """Take events in and show what they change."""

    async def action_home(self) -> None:
        """Leave this project for the list of projects; an engine that is at work, or watched by others, goes on."""
        needed = self.board.state is State.RUNNING or self.session.others
        if not needed or await self.session.leave():
            await self.session.stop()
        self.post_message(self.Left())

    async def action_detach(self) -> None:
        """End the app and leave the engine as it is."""
        board, path = self.board, self.session.project.path
        if problem := await self.session.leave():
            self.say(keyed(self.app, problem), "warning")
            return
        doing = "goes on by itself" if board.state is State.RUNNING else f"stays as it is ({board.state.value})"
        words = f"The engine of {board.project} {doing}, at turn {board.turns} on {board.branch}."
        self.app.exit(message=f"{words}\nCome back with: labtop attach {path}   end it with: labtop stop {path}")

    @work
    async def action_take_helm(self) -> None:
        """Steer, in the place of another app."""
        try:
            self.say(await self.session.take_helm())
        except LabError as error:
            self.say(str(error), "warning")

    async def stop(self) -> str:
        """Stop the engine cleanly, or only leave it where another app steers; returns what is kept and how to go on."""
        board, path, watched = self.board, self.session.project.path, not self.session.steers
        await self.session.stop()
        if watched:
            return (
                f"The engine of {board.project} goes on: another app steers it.\nCome back with: labtop attach {path}"
            )
        self.show(self.session.drain())
        kept = f"Everything is committed: {board.project} stands at turn {board.turns} on {board.branch}."
        return f"{kept}\nGo on with: labtop open {path}"
