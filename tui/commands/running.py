"""Commands that start a project and let it work."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from core.record import Phase
from tui.commands import offered
from tui.commands.engines import refuse_beside_an_engine, run_detached
from tui.commands.group import FOLDER, PHASES, main, open_app, project_in, say, tells_errors

DEMO_FOLDER = Path("labtop-demo")


@main.command()
@click.argument("folder", type=FOLDER, default=DEMO_FOLDER)
@click.option("--headless", is_flag=True, help="Run to the end without the app.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@tells_errors
def demo(folder: Path, headless: bool, seed: int) -> None:
    """A project on the built-in researcher: label noise on handwritten digits."""
    from core.create import DEMO_QUESTION, create_project

    if not (folder / "lab.toml").is_file():
        create_project(folder, DEMO_QUESTION, seed=seed)
    if headless:
        _run(folder)
    open_app(folder, autostart=True)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--question", required=True, help="The research question.")
@click.option("--data", type=click.Path(path_type=Path), help="Your own CSV, Parquet or JSON-lines file.")
@click.option("--target", default="", help="The column to predict.")
@click.option("--model", default="builtin", show_default=True, shell_complete=offered.models)
@click.option("--copilot", type=click.Choice(["turn", "phase", "notify", "off"]), default="off", show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@tells_errors
def new(folder: Path, question: str, data: Path | None, target: str, model: str, copilot: str, seed: int) -> None:
    """Start a project in FOLDER."""
    from core.create import create_project

    project = create_project(folder, question, data=data, target=target, seed=seed, model=model, copilot=copilot)
    click.echo(f"Made {project.path}")
    click.echo(f"Next: labtop open {folder}   or, without a screen: labtop run {folder}")


@main.command("open")
@click.argument("folder", type=FOLDER)
@click.option("--slow-link", is_flag=True, help="Write less to the terminal: fewer frames, larger steps.")
@tells_errors
def open_(folder: Path, slow_link: bool) -> None:
    """The app on a project."""
    project_in(folder)
    open_app(folder, slow_link=slow_link)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--until", type=PHASES, help="Stop when this phase is done.")
@click.option("--turns", type=click.IntRange(1), help="Stop after this many turns.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object an event.")
@click.option("--detach", is_flag=True, help="In a process of its own that goes on when you log out.")
@tells_errors
def run(folder: Path, until: str | None, turns: int | None, as_json: bool, detach: bool) -> None:
    """Run a project without the app.

    \b
    Exit codes:
      0  all that was asked is done
      1  an error stopped the run
      3  it waits for you (a verdict, a stop that you set, a loop, a price that nobody knows)
      4  it waits for you because a call might pass a cap of [budget] in lab.toml
    """
    phase = Phase(until) if until else None
    if detach and (turns or as_json):
        raise click.UsageError("--turns and --json are for a run in the foreground.")
    if detach:
        run_detached(folder, phase)
    else:
        _run(folder, phase, turns, as_json)


def _run(folder: Path, until: Phase | None = None, turns: int | None = None, as_json: bool = False) -> None:
    import asyncio

    from core.headless import run as run_headless

    project = project_in(folder)
    refuse_beside_an_engine(project, folder)
    try:
        code = asyncio.run(run_headless(project, say, until=until, turns=turns, as_lines=as_json))
    except KeyboardInterrupt:
        click.echo(f"\nStopped. Every finished turn is committed; go on with: labtop run {folder}", err=True)
        code = 130
    sys.exit(code)
