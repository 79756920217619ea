"""Commands about an engine that works by itself: look in on it, end it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.clean import clean
from core.errors import EngineError
from tui.commands.group import FOLDER, main, open_app, project_in, say, tells_errors

if TYPE_CHECKING:
    from core.orders import Travel
    from core.record import Phase
    from core.workspace.project import Project


@main.command()
@click.argument("folder", type=FOLDER)
@tells_errors
def attach(folder: Path) -> None:
    """The app on a project whose engine works by itself; one that died is started anew from its last turn."""
    from core.host.asking import engine_of
    from core.status import status

    project = project_in(folder)
    if engine_of(project.path) is None:
        if (holder := project.holder()) is not None:
            raise EngineError(
                f"{project.name} is worked on by process {holder}, which cannot be attached to.",
                "It runs in the foreground of another terminal: stop it there, then `labtop open`.",
            )
        told = status(project)
        if "unexpectedly" not in told["reason"]:
            raise EngineError(f"No engine works on {project.name} by itself.", f"Start one: labtop open {folder}")
        click.echo(
            clean(f"The engine of {project.name} ended unexpectedly; a new one goes on from its last turn."), err=True
        )
    open_app(folder)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--now", is_flag=True, help="At once: the turn in flight is dropped, and made anew later.")
@tells_errors
def stop(folder: Path, now: bool) -> None:
    """End the engine that works on a project by itself, when its turn is done; apps that watch are told."""
    from core.host.asking import stopped

    say(clean(stopped(project_in(folder), now)))


def run_detached(folder: Path, until: Phase | None) -> None:
    """Have an engine of its own work on the project, and come back at once; raises EngineError."""
    from core.host.asking import engine_of, ordered
    from core.host.process import start
    from core.orders import Go, StopAfter

    project = project_in(folder)
    if (found := engine_of(project.path)) is not None:
        if found.runs and not found.steered.held:
            raise EngineError(*at_work(project.name, folder, found.pid))
        ordered(project.path, StopAfter(until) if until else Go())
    else:
        start(project, running=until is None)
        if until:
            ordered(project.path, StopAfter(until))
    say(clean(f"The engine works on {project.name} by itself; it goes on when you log out."))
    say(f"Look in: labtop attach {folder}   end it: labtop stop {folder}")


def refuse_beside_an_engine(project: Any, folder: Path) -> None:
    """Raise EngineError when an engine of its own works on the project."""
    from core.host.asking import engine_of

    if (found := engine_of(project.path)) is not None:
        raise EngineError(*at_work(project.name, folder, found.pid))


def at_work(name: str, folder: Path, pid: int) -> tuple[str, str]:
    """That an engine works by itself, and what to do about it."""
    return (
        f"An engine of its own (process {pid}) works on {name} already.",
        f"Look in: labtop attach {folder}   end it: labtop stop {folder}",
    )


def travelled(project: Project, order: Travel) -> str:
    """Go elsewhere in a project's history: its engine does, where one works on it by itself; returns it in words."""
    from core.host.asking import engine_of, ordered
    from core.host.engine import travelled as travelled_here

    if engine_of(project.path) is None:
        return travelled_here(project, order)
    return ordered(project.path, order)


def engine_told(project: Path) -> dict[str, Any] | None:
    """The engine for `labtop status --json`; None where none works on the project by itself."""
    from core.host.asking import engine_of

    try:
        found = engine_of(project)
    except EngineError as error:
        return {"problem": str(error)}
    if found is None:
        return None
    steered = found.steered
    return {
        "process": found.pid,
        "state": steered.state.value,
        "held": steered.held,
        "stops": list(steered.stops),
        "apps": found.watchers,
    }


def engine_line(told: dict[str, Any] | None) -> str:
    """The engine as a line of `labtop status`; empty when there is none."""
    if told is None:
        return ""
    if "problem" in told:
        return f"engine: {told['problem']}"
    apps = f"{told['apps']} app{'' if told['apps'] == 1 else 's'} attached" if told["apps"] else "nobody attached"
    stops = f"; pauses {', '.join(told['stops'])}" if told["stops"] else ""
    return f"engine: process {told['process']} by itself, {apps}{stops}"
