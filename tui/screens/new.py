"""A new project: the question, the folder, and if you have them, your data."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Select, Static

from core.clean import clean
from core.errors import LabError, SettingsError

ASKED = (
    ("never: the agents work on their own", "off"),
    ("after every phase", "phase"),
    ("before every turn acts", "turn"),
)


class NewProjectScreen(ModalScreen[Path | None]):
    """Asks what a project needs; gives back its folder, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [("ctrl+s", "create", "create"), ("escape", "dismiss(None)", "cancel")]

    AUTO_FOCUS = "#question"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]  # noqa: RUF012  declared so by Textual

    def __init__(self, question: str = "") -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="new", classes="sheet") as sheet:
            sheet.border_title = "New project"
            sheet.border_subtitle = "^s create · tab next · esc cancel"
            yield Label("The question")
            yield Input(
                self.question,
                id="question",
                compact=True,
                placeholder="are tree ensembles more sensitive to label noise than linear models?",
            )
            yield Label("Its folder")
            yield Input(id="folder", compact=True, placeholder="made for you from the question")
            yield Label("Your data, a CSV or Parquet file (optional)")
            yield Input(id="data", compact=True, placeholder="the agents choose a bundled data set")
            yield Label("The column to predict")
            yield Input(id="target", compact=True, placeholder="only with data of your own")
            models, problem = offered()
            yield Label("Who thinks")
            yield Select(models, value="builtin", allow_blank=False, id="model", compact=True)
            yield Label("How often you want to be asked")
            yield Select(
                [(words, mode) for words, mode in ASKED], value="off", allow_blank=False, id="copilot", compact=True
            )
            yield Static(problem, id="problem", markup=False)

    @on(Input.Changed, "#question")
    def _suggest(self, event: Input.Changed) -> None:
        folder = self.query_one("#folder", Input)
        folder.placeholder = str(suggested(event.value))

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @work(exclusive=True)
    async def action_create(self) -> None:
        """Make the project, or say what is missing."""
        question, place, data, target = (field.value.strip() for field in self.query(Input))
        model, copilot = (str(self.query_one(name, Select).value) for name in ("#model", "#copilot"))
        folder = Path(place) if place else suggested(question)
        problem = missing(question, data, target)
        if not problem:
            try:
                await asyncio.to_thread(create, folder, question, data, target, model, copilot)
            except (LabError, OSError) as error:
                problem = str(error)
            else:
                self.dismiss(folder)
                return
        self.query_one("#problem", Static).update(problem)


def offered() -> tuple[list[tuple[str, str]], str]:
    """The models to choose from, as (words, name), and what is wrong with the user's own, if anything is."""
    from core.models.named import known_models

    builtin = ("the built-in researcher: rules, no network, no key", "builtin")
    try:
        named = known_models()
    except SettingsError as error:
        return [builtin], str(error)
    mine = [(clean(f"{one.name}: {one.model} at {urlsplit(one.base_url).netloc}"), one.name) for one in named]
    return [builtin, *mine], ""


def create(folder: Path, question: str, data: str, target: str, model: str, copilot: str) -> None:
    """Make the project; raises LabError."""
    from core.create import create_project

    file = Path(data).expanduser() if data else None
    create_project(folder, question, data=file, target=target, model=model, copilot=copilot)


def suggested(question: str) -> Path:
    """A folder for a question: its first words, under `lab` in the home folder."""
    words = re.findall(r"[a-z0-9]+", question.lower())
    return Path.home() / "lab" / ("-".join(words)[:40].strip("-") or "project")


def missing(question: str, data: str, target: str) -> str:
    """What has to be filled in still; empty when nothing has."""
    if not question:
        return "What do you want to know? The question is the one thing that is needed."
    if data and not Path(data).expanduser().is_file():
        return f"There is no file {data}."
    if data and not target:
        return "Which column of the data is to be predicted?"
    return ""
