"""A new project: the question, the folder, and if you have them, your data."""

from __future__ import annotations

import asyncio
import re
import textwrap
from itertools import pairwise
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.events import DescendantFocus
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label, Select, Static

from core.clean import clean
from core.errors import LabError, SettingsError
from tui.widgets.frame import plain

ASKED = (
    ("never: the agents work on their own", "off"),
    ("never, but told when a phase has its result", "notify"),
    ("after every phase", "phase"),
    ("before every turn acts", "turn"),
)
TABLES = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", ".json", ".gz")
"""How files end that may be a table."""
SETTLED = 0.3
"""Seconds without a key after which a file that is being named is looked at."""
COLUMNS_SHOWN = 46
"""Characters of the columns' names that stand beside the field."""


class NewProjectScreen(ModalScreen[Path | None]):
    """Asks what a project needs; gives back its folder, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("ctrl+s", "create", "create"),
        ("ctrl+o", "pick", "choose a file"),
        ("escape", "dismiss(None)", "cancel"),
    ]

    AUTO_FOCUS = "#question"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]  # noqa: RUF012  declared so by Textual

    def __init__(self, question: str = "") -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="new", classes="sheet") as sheet:
            sheet.border_title = "New project"
            sheet.border_subtitle = "^s create · ^o choose a file · tab next · esc cancel"
            yield Label("The question")
            yield Input(
                self.question,
                id="question",
                compact=True,
                select_on_focus=False,
                placeholder="are tree ensembles more sensitive to label noise than linear models?",
            )
            yield Label("Its folder")
            yield Input(id="folder", compact=True, placeholder="made for you from the question")
            yield Label("Your data: a table, or a folder of pictures (optional; ^o chooses)")
            yield Input(id="data", compact=True, placeholder="the agents choose a bundled data set")
            yield Label("The column to predict", id="columns")
            yield Input(id="target", compact=True, placeholder="only with data of your own")
            models, problem = offered()
            yield Label("Who thinks")
            yield Select(models, value="builtin", allow_blank=False, id="model", compact=True)
            yield Label("How often you want to be asked")
            yield Select(
                [(words, mode) for words, mode in ASKED], value="off", allow_blank=False, id="copilot", compact=True
            )
            yield Static(problem, id="problem", markup=False)
            yield Static("ctrl+s makes the project; all but the question can stay as it is.", id="how", markup=False)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Mark the words above the field that has the keys."""
        for name, field in pairwise(self.query_one("#new").children):
            name.set_class(isinstance(name, Label) and field in event.widget.ancestors_with_self, "-here")

    @on(Input.Changed, "#question")
    def _suggest(self, event: Input.Changed) -> None:
        folder = self.query_one("#folder", Input)
        folder.placeholder = str(suggested(event.value))

    @on(Input.Changed, "#data")
    def _data_named(self, event: Input.Changed) -> None:
        self._read_columns(event.value.strip())

    @work(exclusive=True, group="columns")
    async def _read_columns(self, data: str) -> None:
        """Offer the names of the columns, once a file is named that has some."""
        await asyncio.sleep(SETTLED)
        names = await asyncio.to_thread(columns_of, data) if data else []
        listed = textwrap.shorten(", ".join(names), COLUMNS_SHOWN, placeholder=" …") if names else ""
        for label in self.query("#columns").results(Label):
            label.update(plain(f"The column to predict{f', of: {listed}' if listed else ''}"))
        for field in self.query("#target").results(Input):
            field.suggester = SuggestFromList(names, case_sensitive=False) if names else None

    @work
    async def action_pick(self) -> None:
        """Choose the data."""
        from tui.screens.pick import PickScreen

        field = self.query_one("#data", Input)
        start = beginning(field.value)
        taken = await self.app.push_screen_wait(PickScreen(start, lambda path: path.suffix.lower() in TABLES))
        if taken is not None:
            field.value = str(taken)
            self.query_one("#target", Input).focus()

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


def beginning(named: str) -> Path:
    """The folder where the choosing of a file begins: that of the file named already, else the current one."""
    folder = Path(named).expanduser().parent
    return folder if named and folder.is_dir() else Path.cwd()


def columns_of(named: str) -> list[str]:
    """The columns of a table; none where it is no table that can be read, which is said when the project is made."""
    from core.data.files import read_table

    file = Path(named).expanduser()
    try:
        return [clean(str(name)) for name in read_table(file)[0].columns] if file.is_file() else []
    except (LabError, OSError):
        return []


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
    if data and not Path(data).expanduser().exists():
        return f"There is no file {data}."
    if data and Path(data).expanduser().is_file() and not target:
        return "Which column of the data is to be predicted?"
    return ""
