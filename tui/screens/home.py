"""The projects that you know, newest first; the way to a new one."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from core.clean import clean
from core.events import State
from core.known import known_projects
from core.progress import Progress
from tui.board import SHORT_PHASES
from tui.keys import Scope, bindings
from tui.screens.screen import LabScreen, sheets
from tui.widgets.keyline import KeyLine

NOTHING_YET = """
No project yet.

A project is one research question: a folder with a git repository in it, where every turn of the agents is a commit.

n starts one of yours.  `labtop demo` in a shell shows a whole study on handwritten digits.
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A project as its files tell without opening it; `best` is the best program's metric."""

    path: Path
    where: str
    best: float | None
    money: float
    changed: float
    """When the last turn ended, seconds since the epoch."""


class HomeScreen(LabScreen[None]):
    """The list, and below it what can be done."""

    CSS_PATH = sheets("home")
    BINDINGS = bindings(Scope.HOME)
    AUTO_FOCUS = ""
    scopes = (Scope.HOME,)

    class Chosen(Message):
        """The person wants to work on this project."""

        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    def __init__(self, projects: Sequence[Known]) -> None:
        super().__init__()
        self.projects = list(projects)

    def compose(self) -> ComposeResult:
        yield Static(Content.assemble(("labtop", "bold $accent"), "  your projects"), id="status", markup=False)
        yield OptionList(id="projects")
        yield Static(NOTHING_YET, id="empty", markup=False)
        yield KeyLine(Scope.HOME)

    def on_mount(self) -> None:
        projects = self.query_one(OptionList)
        projects.border_title = "Projects"
        projects.add_options([Option(line(project, time.time())) for project in self.projects])
        projects.display = bool(self.projects)
        self.query_one("#empty").display = not self.projects
        if self.projects:
            projects.highlighted = 0
            projects.focus()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.post_message(self.Chosen(self.projects[event.option_index].path))

    def action_open_selected(self) -> None:
        """Open the selected project."""
        at = self.query_one(OptionList).highlighted
        if at is None:
            self.say("nothing to open yet: n starts a project")
        else:
            self.post_message(self.Chosen(self.projects[at].path))

    def action_new_project(self) -> None:
        """Start a project."""
        from tui.screens.new import NewProjectScreen

        self.app.push_screen(NewProjectScreen(), self._created)

    def _created(self, path: Path | None) -> None:
        if path is not None:
            self.post_message(self.Chosen(path))


def looked_at() -> list[Known]:
    """What the list shows; reads a few small files of each project."""
    return [look(path) for path in known_projects()]


def look(path: Path) -> Known:
    """One project from its `.lab/state.json`; what cannot be read is said in its place."""
    file = path / ".lab" / "state.json"
    try:
        progress = Progress.from_json(file.read_text(encoding="utf-8"))
        changed = file.stat().st_mtime
    except FileNotFoundError:
        return Known(path, "not begun", None, 0.0, path.stat().st_mtime)
    except (OSError, ValueError, KeyError, TypeError):
        return Known(path, "unreadable", None, 0.0, path.stat().st_mtime)
    best = progress.programs.best.metrics.get("value") if progress.programs.best else None
    where = "finished" if progress.finished else f"{SHORT_PHASES[progress.phase]} {progress.phase.number}/7"
    value = float(best) if isinstance(best, int | float) else None
    return Known(path, f"{where}{_doing(path)}", value, progress.cost.money, changed)


def _doing(path: Path) -> str:
    """What its run was last doing, where that says more than the phase."""
    try:
        state = json.loads((path / ".git" / "labtop" / "run.json").read_text(encoding="utf-8"))["state"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return f", {clean(str(state))}" if state in (State.RUNNING, State.WAITING) else ""


def line(project: Known, now: float) -> Content:
    """One project in aligned columns."""
    best = f"{project.best:.3f}" if project.best is not None else "–"
    shown = str(project.path).replace(str(Path.home()), "~", 1)
    return Content.assemble(
        (f"{clean(project.path.name)[:20]:<21}", "bold"),
        f"{project.where:<26}",
        f"{best:>7}",
        f"{f'${project.money:.2f}':>8}",
        (f"{ago(now - project.changed):>13}   {clean(shown)}", "$text-muted"),
    )


def ago(seconds: float) -> str:
    """How long ago, in words of one unit."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count != 1 else ''} ago"
    return "just now"
