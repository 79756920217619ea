"""The program itself, and what its commands share: how they speak, fail, and find a project."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from core.clean import clean
from core.errors import LabError
from core.record import Phase

FOLDER = click.Path(path_type=Path)
PHASES = click.Choice([phase.value for phase in Phase])
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
            click.echo(clean(f"{error.title}: {error.message}"), err=True)
            if error.hint:
                click.echo(clean(error.hint), err=True)
            sys.exit(1)

    return wrapped


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


def open_app(folder: Path | None, autostart: bool = False) -> None:
    """The app on a project, or on the list of projects; raises LabError where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabError("The app needs a terminal.", "Without one: labtop run FOLDER, or labtop demo --headless.")
    from tui.app import LabtopApp

    # Under nohup the signal of a lost line is ignored, and an app without its terminal would go on for ever.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    LabtopApp(folder.expanduser().resolve() if folder else None, autostart=autostart, model_pace=PACE).run()
