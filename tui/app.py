"""The Textual app: paints at once, opens a project behind the first frame, and routes between screens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual._compositor import CompositorUpdate
from textual._styles_cache import StylesCache
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import AppFocus, DescendantFocus, Event, Key, MouseDown, Paste
from textual.filter import LineFilter

from tui.attention import Attention, call
from tui.filters import ChosenFilter, EscapeFilter
from tui.keystrokes import Dealt, Keystrokes
from tui.painted import Changes, Painted, untie
from tui.screens.opening import OpeningScreen
from tui.themes import dress, of_one_piece

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.notifications import SeverityLevel
    from textual.screen import Screen

    from core.errors import LabError
    from core.events import State
    from tui.keymap import Keymap
    from tui.preferences import Preferences
    from tui.screens.home import HomeScreen
    from tui.screens.laboratory import LaboratoryScreen
    from tui.session import Opener


def _palette() -> type[Provider]:
    from tui.palette import Actions

    return Actions


class LabtopApp(App[None]):
    """Opens a project, or the list of projects.

    The first frame needs Textual alone; screens, panes and the engine are imported once it is painted.
    """

    TITLE = "labtop"
    COMMANDS = {_palette}  # noqa: RUF012  declared so by Textual
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", "quit", show=False, priority=True)]

    def __init__(
        self,
        project_path: Path | None,
        autostart: bool = False,
        model_pace: float = 0.0,
        opener: Opener | None = None,
        preferences: Preferences | None = None,
    ) -> None:
        """`model_pace` is how many seconds the built-in researcher takes for a reply, so that it can be watched."""
        # Without colours Textual would mix greys; over the terminal's own colours it leaves them out.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.preferences = preferences
        self.own_keys: Keymap = {}
        self.attention = Attention()
        self.project_path = project_path
        self.autostart = autostart
        self.model_pace = model_pace
        self._opener = opener
        self._chosen, self._escapes = ChosenFilter(), EscapeFilter()
        self._painted = Painted()
        self._keystrokes = Keystrokes(self, super().on_event)
        self._laboratory: LaboratoryScreen | None = None
        self._warm = False
        self.animation_level = "none"

    def get_default_screen(self) -> OpeningScreen:
        """What stands in the first frame."""
        return OpeningScreen(f"opening {self.project_path} …" if self.project_path else "looking for your projects …")

    def get_css_variables(self) -> dict[str, str]:
        """The theme's colours, with one accent for all that can be chosen."""
        self.theme_variables = of_one_piece(self.current_theme, super().get_css_variables())
        return self.theme_variables

    def on_mount(self) -> None:
        dress(self, self.preferences.theme if self.preferences else "")
        self.call_after_refresh(self._begin)

    async def _begin(self) -> None:
        await self._read_keys()
        if self.project_path is None:
            self.action_projects()
        else:
            self.enter(self.project_path, self.autostart)

    async def _read_keys(self) -> None:
        """The person's own keys, before there is a screen that shows them."""
        if self.preferences is None:
            return
        from tui.keymap import for_textual, read_keymap

        self.own_keys, problems = await asyncio.to_thread(read_keymap)
        self.set_keymap(for_textual(self.own_keys))
        for problem in problems:
            self.notify(problem, title="Keys", severity="warning", markup=False, timeout=15)

    def on_home_screen_chosen(self, message: HomeScreen.Chosen) -> None:
        """A project was chosen from the list."""
        self.enter(message.path, message.running)

    def on_leaving_screen_left(self) -> None:
        """The laboratory was left for the list; its engine is stopped, or goes on by itself."""
        self.action_projects()

    async def action_quit(self) -> None:
        """Stop the engine, then end the app with a word on what is kept."""
        self.exit(message=await self._laboratory.stop() if self._laboratory else None)

    async def on_event(self, event: Event) -> None:
        """Note that somebody is there, besides what Textual does with an event."""
        if isinstance(event, (Key, AppFocus, MouseDown, Paste)):
            self.attention.see()
        if isinstance(event, (Key, Paste)) and not event.is_forwarded:
            await self._keystrokes.take(event)
        else:
            await super().on_event(event)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Keep a cursor from blinking: a line would have something to carry twice a second, for nothing."""
        if hasattr(event.widget, "cursor_blink"):
            event.widget.cursor_blink = False

    def on_dealt(self, message: Dealt) -> None:
        """A key has been dealt with; the next one may go to wherever the focus is now."""
        self._keystrokes.dealt(message.number)

    def attend(self, before: State, now: State, words: str) -> None:
        """Call the person back where the run has stopped working and nobody looks."""
        if self.attention.needed(before, now, self.app_focus) and (not self.preferences or self.preferences.notify):
            call(self, words)

    def ring(self, words: str) -> None:
        """Tell the person something that they asked to be told, wherever they look."""
        if not self.preferences or self.preferences.notify:
            call(self, words)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a few words for a while, unless they stand there still."""
        if not any(message == told.message for told in self._notifications):
            super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, and ours that no control code from outside gets past."""
        few = [self._chosen] if self.native_ansi_color else []
        return [*few, *super().get_line_filters(), self._escapes]

    def _display(self, screen: Screen[object], renderable: Any) -> None:
        """Write a frame, but of it only what does not stand in the terminal already."""
        if isinstance(renderable, CompositorUpdate):
            changes: Any = Changes(renderable, self._painted)
            super()._display(screen, changes)
            untie(renderable)
        else:
            super()._display(screen, renderable)

    def pop_screen(self) -> AwaitComplete:
        """Leave a screen, and let go of what it drew: Textual's memory of backgrounds would hold all of its widgets."""
        left = super().pop_screen()
        StylesCache.get_inner_outer.cache_clear()
        return left

    def enter(self, path: Path, running: bool = False) -> None:
        """Open the project in `path`, in a worker."""
        self.run_worker(self._enter(path, running), exclusive=True, group="screen")

    def action_projects(self) -> None:
        """Show the list of projects."""
        self.run_worker(self._go_home(), exclusive=True, group="screen")

    async def _enter(self, path: Path, running: bool) -> None:
        from tui.warm import warm

        await asyncio.to_thread(warm, again=self._warm)
        self._warm = True
        from core.errors import LabError
        from tui.screens.laboratory import LaboratoryScreen
        from tui.session import Session, open_project

        try:
            opened = await asyncio.to_thread(self._opener or open_project, path, running, self.model_pace)
            session = Session(opened)
            await session.open()
            board, turns = await session.read(reckoned=False)
        except LabError as error:
            self._refuse(error)
            return
        slow_link = self.preferences is not None and self.preferences.slow_link
        self._laboratory = LaboratoryScreen(session, board, turns, slow_link=slow_link)
        opening = self.screen_stack[0]
        assert isinstance(opening, OpeningScreen)
        wish, opening.wish = opening.wish, ""
        await self._only(self._laboratory)
        if wish:
            await self._laboratory.run_action(wish)

    async def _go_home(self) -> None:
        await asyncio.to_thread(import_module, "tui.screens.home")
        from tui.screens.home import HomeScreen
        from tui.screens.listed import looked_at

        self._laboratory = None
        await self._only(HomeScreen(await asyncio.to_thread(looked_at), read=looked_at))

    async def _only(self, screen: LaboratoryScreen | HomeScreen) -> None:
        """Put the screen above the first frame, in the place of any other."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        await self.push_screen(screen)

    def _refuse(self, error: LabError) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()
        lines = Content.assemble(
            (f"\n  {error.title}\n\n", "bold $text-error"),
            f"  {error.message}\n",
            (f"  {error.hint}\n" if error.hint else "", "$text-muted"),
            ("\n  q", "$text-accent"),
            " quit   ",
            ("p", "$text-accent"),
            " your projects",
        )
        opening = self.screen
        assert isinstance(opening, OpeningScreen)
        opening.say(lines)
