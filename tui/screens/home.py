"""The projects that you know, newest first; the way to a new one and to the demo."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from core.errors import LabError
from tui.keymap import keyed
from tui.keys import Scope, bindings
from tui.screens.listed import Known, found, line
from tui.screens.screen import LabScreen, sheets
from tui.widgets.found import Look, found_in_short, look_around
from tui.widgets.keyline import KeyLine

NOTHING_YET = """
No project yet.

A project is one research question: a folder with a git repository in it, where every turn of the agents is a commit.

{new_project} starts one of yours.  {demo} opens the demo, a whole study on handwritten digits; \
it needs no key and no network.
"""
NOTHING_FOUND = "\nNo project holds these words; esc shows all of them again."
REREAD = 5.0
"""Seconds after which the projects are looked at again."""
FRAME = 6
"""Cells of a line that the list's frame and padding take."""
SHORT = ("your models", "model server", "LaTeX", "sandbox", "GPU")
"""The findings that stand below the list."""


class HomeScreen(LabScreen[None]):
    """The list, and below it what can be done."""

    CSS_PATH = sheets("home")
    BINDINGS = bindings(Scope.HOME)
    AUTO_FOCUS = ""
    scopes = (Scope.HOME,)

    class Chosen(Message):
        """The person wants to work on this project; `running` when it shall begin at once."""

        def __init__(self, path: Path, running: bool = False) -> None:
            super().__init__()
            self.path = path
            self.running = running

    def __init__(
        self, projects: Sequence[Known], look: Look = look_around, read: Callable[[], list[Known]] | None = None
    ) -> None:
        """`read` gives the projects as they are now; without it the list stays as it is."""
        super().__init__()
        self._read = read
        self._look = look
        self.projects = list(projects)
        self.shown = self.projects

    def compose(self) -> ComposeResult:
        yield Static(Content.assemble(("labtop", "bold $text-accent"), "  your projects"), id="status", markup=False)
        yield Find(placeholder="words of the name, folder, question or state; enter goes to the list, esc shows all")
        yield OptionList(id="projects")
        yield Static(id="empty", markup=False)
        yield Static("Found: looking …", id="found", markup=False)
        yield KeyLine(Scope.HOME)

    def on_mount(self) -> None:
        self.query_one(OptionList).border_title = "Projects"
        self.query_one(Find).display = False
        self._list(self.projects)
        if self.projects:
            self.query_one(OptionList).focus()
        self._look_around()
        if self._read is not None:
            self.set_interval(REREAD, self._reread)
        if not self.projects:
            self.action_welcome()

    def _list(self, projects: list[Known]) -> None:
        self.shown = projects
        options, empty = self.query_one(OptionList), self.query_one("#empty", Static)
        options.clear_options()
        room = self.app.size.width - FRAME
        options.add_options([Option(line(project, time.time(), room)) for project in projects])
        options.display, empty.display = bool(projects), not projects
        empty.update(NOTHING_FOUND if self.projects else keyed(self.app, NOTHING_YET))
        options.highlighted = 0 if projects else None

    def on_resize(self, event: Resize) -> None:
        """The columns that fit now; the cursor stays where it is."""
        at = self.query_one(OptionList).highlighted
        self._list(self.shown)
        self.query_one(OptionList).highlighted = at if self.shown else None

    @work(exclusive=True, group="read")
    async def _reread(self) -> None:
        """Show what the engines have done meanwhile; the cursor stays on its project."""
        assert self._read is not None
        self.projects = await asyncio.to_thread(self._read)
        for options in self.query(OptionList):
            at = options.highlighted
            on = self.shown[at].path if at is not None else None
            self._list(found(self.projects, self.query_one(Find).value))
            paths = [one.path for one in self.shown]
            if on in paths:
                options.highlighted = paths.index(on)

    @work(exclusive=True, group="found")
    async def _look_around(self) -> None:
        told = await asyncio.to_thread(self._look)
        for place in self.query("#found").results(Static):
            place.update(Content.assemble("Found:  ", found_in_short(told, SHORT)))

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.post_message(self.Chosen(self.shown[event.option_index].path))

    def action_open_selected(self) -> None:
        """Open the selected project."""
        at = self.query_one(OptionList).highlighted
        if at is None:
            self.say(keyed(self.app, "nothing to open yet: {new_project} starts a project, {demo} opens the demo"))
        else:
            self.post_message(self.Chosen(self.shown[at].path))

    # Finding

    def action_find(self) -> None:
        """Show only the projects that hold some words."""
        if not self.projects:
            self.say(keyed(self.app, "nothing to find yet: {new_project} starts a project, {demo} opens the demo"))
            return
        self.query_one(Find).display = True
        self.set_focus(self.query_one(Find))

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        self._list(found(self.projects, event.value))

    @on(Input.Submitted)
    def _found(self) -> None:
        self.query_one(Find).display = bool(self.query_one(Find).value)
        self.query_one(OptionList).focus()

    def action_find_all(self) -> None:
        """All projects again."""
        self.query_one(Find).clear()
        self.query_one(Find).display = False
        self.query_one(OptionList).focus()

    # New ones

    @work
    async def action_new_project(self) -> None:
        """Start a project."""
        await self._ask_for_one("")

    @work
    async def action_welcome(self) -> None:
        """What labtop is, what is here for it, and a first question."""
        from tui.screens.welcome import DEMO, WelcomeScreen

        wish = await self.app.push_screen_wait(WelcomeScreen(self._look))
        if wish == DEMO:
            self.action_demo()
        elif wish:
            await self._ask_for_one(wish)

    async def _ask_for_one(self, question: str) -> None:
        from tui.screens.new import NewProjectScreen

        path = await self.app.push_screen_wait(NewProjectScreen(question))
        if path is not None:
            self.post_message(self.Chosen(path))

    def action_set_model(self) -> None:
        """Describe models in config.toml, begun with examples where there is none."""
        from core.models.adding import begin_config
        from tui.editor import edit

        try:
            problem = edit(self.app, begin_config())
        except LabError as error:
            problem = str(error)
        if problem:
            self.say(problem, "warning")
        self._look_around()

    @work(exclusive=True, group="demo")
    async def action_demo(self) -> None:
        """Open the demo, made first where there is none."""
        try:
            path = await asyncio.to_thread(demo_project)
        except (LabError, OSError) as error:
            self.say(f"the demo cannot be made: {error}", "error")
        else:
            self.post_message(self.Chosen(path, running=True))


class Find(Input):
    """The words to look for; escape shows all projects again."""

    BINDINGS = [("escape", "screen.find_all", "all projects")]  # noqa: RUF012  declared so by Textual

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholder=placeholder, compact=True, id="find", select_on_focus=False)


def demo_project() -> Path:
    """The demo's folder, with the project in it; raises LabError."""
    from core.create import DEMO_QUESTION, create_project

    path = Path.home() / "lab" / "labtop-demo"
    if not (path / "lab.toml").is_file():
        create_project(path, DEMO_QUESTION)
    return path
