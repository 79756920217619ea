"""Commands that tell of a project and change nothing."""

from __future__ import annotations

import json
from pathlib import Path

import click

from core.clean import clean
from tui.commands.engines import engine_line, engine_told
from tui.commands.group import FOLDER, main, project_in, say, tells_errors


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--json", "as_json", is_flag=True)
@tells_errors
def status(folder: Path, as_json: bool) -> None:
    """Where a project stands: phase, turn, best score, cost."""
    from core.status import status as read_status
    from core.status import status_text

    project = project_in(folder)
    told = read_status(project)
    engine = engine_told(project.path)
    if as_json:
        click.echo(json.dumps(told | {"engine": engine}, ensure_ascii=False))
    else:
        click.echo(clean("\n".join(filter(None, (status_text(told), engine_line(engine))))))


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a turn, oldest first.")
@click.option("--limit", type=click.IntRange(1), help="Only the newest turns.")
@tells_errors
def log(folder: Path, as_json: bool, limit: int | None) -> None:
    """The turns of a project, oldest first."""
    from core.status import log_entry, log_line

    for logged in reversed(project_in(folder).log(limit)):
        click.echo(json.dumps(log_entry(logged), ensure_ascii=False) if as_json else clean(log_line(logged)))


@main.command()
@click.argument("folder", type=FOLDER)
@click.argument("file", type=click.Path(path_type=Path))
@tells_errors
def export(folder: Path, file: Path) -> None:
    """Write what a reader needs to check a project to FILE.zip: report, code, figures, data recipe, turns."""
    from core.export import export as write_export

    size = write_export(project_in(folder), file)
    say(f"Wrote {file}, {size / 1000:.0f} kB")


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--json", "as_json", is_flag=True)
@tells_errors
def costs(folder: Path, as_json: bool) -> None:
    """What a project has cost: calls, tokens, money, time and success by phase, agent and model."""
    from dataclasses import asdict

    from core.costs import costs as read_costs
    from core.costs import costs_text

    told = read_costs(project_in(folder))
    say(json.dumps(asdict(told), ensure_ascii=False) if as_json else costs_text(told))
