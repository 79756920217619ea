"""What all screens share: the actions that mean the same everywhere."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, ClassVar, Literal, TypeVar

from textual import work
from textual.screen import Screen

from core.errors import SettingsError
from tui.keys import WRITING, Scope

T = TypeVar("T")


def sheets(name: str) -> list[str | PurePath]:
    """A screen's style sheets: what all share, and its own. Read with the first screen, not before the first frame."""
    return ["shared.tcss", f"{name}.tcss"]


class LabScreen(Screen[T]):
    """A full screen of labtop; `scopes` says which actions it has, the first one names it in the help."""

    scopes: ClassVar[tuple[Scope, ...]] = ()
    helped: ClassVar[tuple[Scope, ...]] = ()
    """What the help shows, where that is more than the screen's own actions."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether an action can be done now; the keys after which one writes are letters while one does."""
        if action in WRITING and self.focused is not None and self.focused.check_consume_key("a", "a"):
            return False
        return super().check_action(action, parameters)

    def say(self, words: str, level: Literal["information", "warning", "error"] = "information") -> None:
        """A few words to the person, shown as they are."""
        self.app.notify(words, severity=level, markup=False)

    def action_palette(self) -> None:
        """Every command by name."""
        self.app.action_command_palette()

    def action_help(self) -> None:
        """What each key does here."""
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.helped or self.scopes))

    def action_doctor(self) -> None:
        """What this machine has and lacks."""
        from tui.screens.doctor import DoctorScreen

        self.app.push_screen(DoctorScreen())

    @work
    async def action_change_theme(self) -> None:
        """Choose the colours, for all projects."""
        from tui.screens.colours import ColoursScreen

        name = await self.app.push_screen_wait(ColoursScreen())
        if name is not None:
            await self.prefer("theme", name)

    async def prefer(self, key: str, value: str | bool) -> None:
        """Remember something that the person has set for the app; says so where that fails."""
        from tui.app import LabtopApp
        from tui.preferences import Preferences, save_preference

        if isinstance(self.app, LabtopApp):
            changed: dict[str, Any] = {key: value}
            self.app.preferences = replace(self.app.preferences or Preferences(), **changed)
        try:
            await asyncio.to_thread(save_preference, key, value)
        except SettingsError as error:
            self.say(str(error), "warning")

    def action_save_picture(self) -> None:
        """Write this screen as SVG into the current folder."""
        try:
            name = self.app.save_screenshot(path=str(Path.cwd()))
        except OSError as error:
            self.say(f"the picture was not saved: {error}", "error")
        else:
            self.say(f"saved as {name}")

    def action_suspend(self) -> None:
        """Give the terminal back to the shell for a while."""
        if self.app._driver is not None and self.app._driver.can_suspend:
            self.app.action_suspend_process()
        else:
            self.say("there is no shell here to go back to")

    async def action_leave(self) -> None:
        """Stop cleanly and end the app."""
        await self.app.action_quit()
