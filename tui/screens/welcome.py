"""The first thing that a new person sees: what this is, what is here for it, and room for a question."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.widgets.found import FoundList, Look, look_around

DEMO = "\n"
"""The wish for the demo, which is no question."""
ABOUT = (
    "Bring a question; agents read, plan, prepare data, write and improve the experiment, and write the report. "
    "Every turn of theirs is a git commit: watch, hold, correct, go back, branch. The built-in researcher needs no "
    "key and no network; language models of your own do more."
)
SHOWN = ("sandbox", "LaTeX", "your models", "key", "model server", "GPU", "Slurm")


class WelcomeScreen(ModalScreen[str | None]):
    """Gives back the question, DEMO, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "later")]
    AUTO_FOCUS = "Input"

    def __init__(self, look: Look = look_around) -> None:
        super().__init__()
        self._look_around = look

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="welcome", classes="sheet", can_focus=False) as sheet:
            sheet.border_title = "Welcome to labtop"
            sheet.border_subtitle = "enter go on · esc your projects"
            yield Static(ABOUT, classes="fact", markup=False)
            yield Static("What do you want to know?", markup=False)
            yield Input(placeholder="a question; or enter alone, to watch the demo", compact=True, id="question")
            yield FoundList("Looking what this machine has …")

    def on_mount(self) -> None:
        self._look()

    @work(exclusive=True)
    async def _look(self) -> None:
        told = await asyncio.to_thread(self._look_around)
        for place in self.query(FoundList):
            place.show(one for one in told if one.what in SHOWN)

    @on(Input.Submitted)
    def _asked(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or DEMO)
