"""The program itself, and what its commands share: how they speak, fail, and find a project."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from core.clean import clean
from core.errors import LabError, of_the_disk
from core.record import Phase
from tui.commands.offered import Folder

FOLDER = Folder(path_type=Path)
PHASES = click.Choice([phase.value for phase in Phase])
COLOURLESS = ("vt", "xterm-mono", "linux-m", "hp", "wy")
"""How terminals begin that know no colours; what they show is bold or reversed instead."""
PACE = 0.012
"""Seconds between the words of the built-in researcher in the app, so that a person can follow it."""


def say(text: str) -> None:
    """Print text that may hold outside words, at once."""
    click.echo(text)
    sys.stdout.flush()


def tells_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Errors that a person should read become a message and exit code 1."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except LabError as error:
            _tell(error)
        except OSError as error:
            told = of_the_disk(error)
            if told is None:
                raise
            _tell(told)

    return wrapped


def _tell(error: LabError) -> NoReturn:
    click.echo(clean(f"{error.title}: {error.message}"), err=True)
    if error.hint:
        click.echo(clean(error.hint), err=True)
    sys.exit(1)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="labtop")
@click.pass_context
@tells_errors
def main(context: click.Context) -> None:
    """A terminal co-pilot for machine-learning research: every agent turn is a git commit."""
    if context.invoked_subcommand is None:
        open_app(None)


def project_in(folder: Path) -> Any:
    """The project in `folder`, remembered for the list of projects; raises ProjectError."""
    from core.known import remember
    from core.workspace.project import Project

    project = Project.open(folder.expanduser().resolve())
    remember(project.path)
    return project


def open_app(folder: Path | None, autostart: bool = False, slow_link: bool = False) -> None:
    """The app on a project, or on the list of projects; raises LabError where there is no terminal for it."""
    _need_a_terminal()
    from tui.app import LabtopApp
    from tui.preferences import read_preferences

    preferences, problem = read_preferences()
    if problem:
        click.echo(clean(f"Left at their defaults: {problem}"), err=True)
    # Under nohup the signal of a lost line is ignored, and an app without its terminal would go on for ever.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    path = folder.expanduser().resolve() if folder else None
    preferences = replace(preferences, slow_link=slow_link or preferences.slow_link)
    app = LabtopApp(path, autostart=autostart, model_pace=PACE, preferences=preferences)
    app.run(mouse=preferences.mouse and not _in_gnu_screen())


def _in_gnu_screen() -> bool:
    """Whether GNU screen stands between: while it reports the mouse, it holds escape back until the next key."""
    return "STY" in os.environ and "TMUX" not in os.environ


def _need_a_terminal() -> None:
    without = "Without one: labtop run FOLDER, or labtop demo --headless."
    if os.environ.get("TEXTUAL_DRIVER"):
        return  # a browser draws the screen (labtop serve)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabError("The app needs a terminal.", without)
    term = os.environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        raise LabError(f"This terminal (TERM={term or 'not set'}) cannot be drawn on.", without)
    if term.startswith(COLOURLESS):
        os.environ["NO_COLOR"] = "1"
