"""A project as the list of projects shows it: what its files tell without opening it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from textual.content import Content

from core.clean import clean
from core.events import State
from core.known import known_projects
from core.progress import Progress
from core.workspace.lock import Lock
from tui.rows import SHORT_PHASES
from tui.widgets.frame import MUTED, plain
from tui.widgets.statusline import STATES

LEAST_BESIDE = 15
"""Cells that are worth filling with a part of the folder's name."""


@dataclass(frozen=True, slots=True)
class Known:
    """A project as its files tell without opening it; `best` is the best program's metric."""

    path: Path
    where: str
    best: float | None
    money: float
    changed: float
    """When the last turn ended, seconds since the epoch."""
    state: State | None = None
    """What its run does or last did; None where nothing is known of one."""
    question: str = ""


def looked_at() -> list[Known]:
    """What the list shows; reads a few small files of each project. One that goes meanwhile is left out."""
    found = []
    for path in known_projects():
        with suppress(OSError):
            found.append(look(path))
    return found


def look(path: Path) -> Known:
    """One project from its `.lab/state.json`; what cannot be read is told. Raises OSError where none is."""
    file = path / ".lab" / "state.json"
    question = _question(path)
    try:
        progress = Progress.from_json(file.read_text(encoding="utf-8"))
        changed = file.stat().st_mtime
    except FileNotFoundError:
        return Known(path, "not begun", None, 0.0, path.stat().st_mtime, _doing(path), question)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Known(path, "unreadable", None, 0.0, path.stat().st_mtime, None, question)
    best = progress.programs.best.metrics.get("value") if progress.programs.best else None
    value = float(best) if isinstance(best, int | float) else None
    where = "all phases" if progress.finished else f"{SHORT_PHASES[progress.phase]} {progress.phase.number}/7"
    state = State.FINISHED if progress.finished else _doing(path)
    return Known(path, where, value, progress.cost.money, changed, state, question)


def line(project: Known, now: float, width: int = 120) -> Content:
    """One project in aligned columns: state, name, phase, best, spend, age, and its folder and question if they fit."""
    best = f"{project.best:.3f}" if project.best is not None else "–"
    glyph, style = STATES[project.state] if project.state else ("·", MUTED)
    word = project.state.value if project.state else ""
    name = 20 if width >= 100 else 16
    said = Content.assemble(
        (f"{glyph} ", style),
        (f"{_cut(clean(project.path.name), name):<{name + 1}}", "bold"),
        f"{project.where:<16}",
        (f"{word:<9}", style),
        f"{best:>6}",
        f"{f'${project.money:.2f}':>8}",
        (f"{ago(now - project.changed):>15}", MUTED),
    )
    shown = clean(str(project.path).replace(str(Path.home()), "~", 1))
    beside = f"   {_cut(shown, 40):<40}   {plain(project.question).plain}" if width >= 150 else f"   {shown}"
    room = width - said.cell_length
    return Content.assemble(said, (beside, MUTED)).truncate(width, ellipsis=True) if room >= LEAST_BESIDE else said


def found(projects: list[Known], words: str) -> list[Known]:
    """The projects that hold every one of the words in their name, folder, question, phase or state."""
    wanted = words.casefold().split()
    return [one for one in projects if all(word in _text(one) for word in wanted)]


def ago(seconds: float) -> str:
    """How long ago, in words of one unit."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count != 1 else ''} ago"
    return "just now"


def _text(project: Known) -> str:
    state = project.state.value if project.state else ""
    return f"{project.path} {project.question} {project.where} {state}".casefold()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _question(path: Path) -> str:
    from core.errors import SettingsError
    from core.settings import read_settings

    try:
        return read_settings((path / "lab.toml").read_text(encoding="utf-8"), "lab.toml").question
    except (OSError, ValueError, SettingsError):
        return ""


def _doing(path: Path) -> State | None:
    """What its run does; a run whose process is gone is stopped, whatever it noted last."""
    private = path / ".git" / "labtop"
    try:
        state = State(json.loads((private / "run.json").read_text(encoding="utf-8"))["state"])
        alive = Lock(private).holder() is not None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return state if alive or state not in (State.RUNNING, State.PAUSED) else State.STOPPED
