"""Asks for the name of a new line of inquiry, and where it shall live."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Input, Static

from core.errors import HistoryError
from core.known import remember
from core.lines import branch_beside, folder_for
from core.workspace.lines import check_branch_name
from core.workspace.project import Project


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line to start: its name, and its folder when it is to have one of its own."""

    name: str
    folder: Path | None


async def start_beside(project: Project, name: str, rev: str, folder: Path) -> str:
    """Start a line in a folder beside; returns what to know of it. Raises LabError or OSError."""
    copy, words = await asyncio.to_thread(branch_beside, project, name, rev, folder)
    await asyncio.to_thread(remember, copy.path)
    return words


class BranchScreen(ModalScreen[NewLine | None]):
    """One question; enter in the name starts the line, escape goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "cancel")]

    def __init__(self, project: Project, turn: int) -> None:
        super().__init__()
        self._project = project
        self._turn = turn

    def compose(self) -> ComposeResult:
        with Vertical(id="branch", classes="sheet") as sheet:
            sheet.border_title = Content(f"A new line from turn {self._turn}")
            sheet.border_subtitle = "enter starts it · tab space: a folder of its own · esc cancel"
            yield Input(placeholder="its name, such as what-if/boosting", id="name", compact=True)
            yield Checkbox("in a folder beside, so that both lines can run at once", id="beside", compact=True)
            yield Static(id="where", markup=False)

    def on_mount(self) -> None:
        self._say("", "Without a folder of its own this app goes to the new line.")

    @on(Input.Changed, "#name")
    @on(Checkbox.Changed, "#beside")
    def _told(self) -> None:
        wanted = self._wanted()
        if wanted.folder is not None and wanted.name:
            folder = wanted.folder.name
            self._say("", f"It gets the folder {folder}, with a ledger and caps of its own; this line stays here.")
        else:
            self._say("", "This app goes to the new line; the one you are on stays as it is.")

    @on(Input.Submitted, "#name")
    async def _start(self) -> None:
        wanted = self._wanted()
        try:
            await asyncio.to_thread(check_branch_name, self._project.git, wanted.name)
        except HistoryError as error:
            self._say(f"{error.message} {error.hint}", "")
        else:
            self.dismiss(wanted)

    def _wanted(self) -> NewLine:
        name = self.query_one("#name", Input).value.strip()
        beside = self.query_one("#beside", Checkbox).value
        return NewLine(name, folder_for(self._project, name) if beside and name else None)

    def _say(self, problem: str, words: str) -> None:
        self.query_one("#where", Static).update(Content.styled(problem or words, "$text-error" if problem else ""))
