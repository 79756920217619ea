"""The commands of the program. Those without a screen never import Textual."""

from __future__ import annotations

import json
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
DEMO_FOLDER = Path("labtop-demo")
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
        _app(None)


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
    _app(folder, autostart=True)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--question", required=True, help="The research question.")
@click.option("--data", type=click.Path(path_type=Path), help="Your own CSV, Parquet or JSON-lines file.")
@click.option("--target", default="", help="The column to predict.")
@click.option("--model", default="builtin", show_default=True)
@click.option("--copilot", type=click.Choice(["turn", "phase", "off"]), default="off", show_default=True)
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
@tells_errors
def open_(folder: Path) -> None:
    """The app on a project."""
    _project(folder)
    _app(folder)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--until", type=PHASES, help="Stop when this phase is done.")
@click.option("--turns", type=click.IntRange(1), help="Stop after this many turns.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object an event.")
@tells_errors
def run(folder: Path, until: str | None, turns: int | None, as_json: bool) -> None:
    """Run a project without the app.

    \b
    Exit codes:
      0  all that was asked is done
      1  an error stopped the run
      3  it waits for you (a verdict, a loop, a price that nobody knows)
      4  it waits for you because a call might pass a cap of [budget] in lab.toml
    """
    _run(folder, Phase(until) if until else None, turns, as_json)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--json", "as_json", is_flag=True)
@tells_errors
def status(folder: Path, as_json: bool) -> None:
    """Where a project stands: phase, turn, best score, cost."""
    from core.status import status as read_status
    from core.status import status_text

    told = read_status(_project(folder))
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else clean(status_text(told)))


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a turn, oldest first.")
@click.option("--limit", type=click.IntRange(1), help="Only the newest turns.")
@tells_errors
def log(folder: Path, as_json: bool, limit: int | None) -> None:
    """The turns of a project, oldest first."""
    from core.status import log_entry, log_line

    for logged in reversed(_project(folder).log(limit)):
        click.echo(json.dumps(log_entry(logged), ensure_ascii=False) if as_json else clean(log_line(logged)))


@main.command()
@click.argument("folder", type=FOLDER)
@click.argument("rev")
@tells_errors
def rollback(folder: Path, rev: str) -> None:
    """Go back to turn or commit REV; what is left behind is kept, and `labtop undo` brings it back."""
    from core.history import rollback as roll_back

    say(clean(roll_back(_project(folder), rev)))


@main.command()
@click.argument("folder", type=FOLDER)
@tells_errors
def undo(folder: Path) -> None:
    """Take the last roll-back back."""
    from core.history import undo as undo_rollback

    say(clean(undo_rollback(_project(folder))))


@main.command()
@click.argument("folder", type=FOLDER)
@tells_errors
def redo(folder: Path) -> None:
    """Do the roll-back again that was undone last."""
    from core.history import redo as redo_rollback

    say(clean(redo_rollback(_project(folder))))


@main.command()
@click.argument("folder", type=FOLDER)
@click.argument("name")
@click.argument("rev", default="HEAD")
@tells_errors
def branch(folder: Path, name: str, rev: str) -> None:
    """Start the line of inquiry NAME from turn or commit REV, and go to it."""
    from core.history import branch as start_branch

    say(clean(start_branch(_project(folder), name, rev)))


@main.command()
@click.argument("folder", type=FOLDER)
@click.argument("a")
@click.argument("b")
@tells_errors
def compare(folder: Path, a: str, b: str) -> None:
    """Two lines of inquiry, or two turns, side by side."""
    from core.history import compare_text

    say(clean(compare_text(_project(folder).compare(a, b))))


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--to", default="HEAD", show_default=True, help="The last turn or commit that is made again.")
@click.option("--rerun", is_flag=True, help="Run every program anew, too, and list what differs.")
@tells_errors
def replay(folder: Path, to: str, rerun: bool) -> None:
    """Make a project again from its cassettes, offline and at no cost; exit code 1 when a turn comes out different."""
    import asyncio

    from core.replay import replay as made_again

    async def all_turns() -> list[bool]:
        same = []
        async for one in made_again(_project(folder), to, rerun=rerun):
            turn = one.turn.turn
            say(clean(f"{turn.number:>4} {'✓' if one.same else '✗'} {turn.agent.title}: {turn.subject}"))
            for words in (*one.programs, *([] if one.same else [one.why])):
                say(clean(f"       {words}"))
            same.append(one.same)
        return same

    same = asyncio.run(all_turns())
    if not all(same):
        say("The turn above came out different; the project itself was not touched.")
        sys.exit(1)
    say(f"{len(same)} turns made again: every tree is the same, nothing was asked and nothing was spent.")


@main.command()
@click.argument("folder", type=FOLDER)
@click.argument("rev")
@click.argument("new", type=FOLDER)
@click.option("--edit", "what", required=True, help="`reply` (of turn REV), or a file of the project after it.")
@click.option("--with", "text", type=click.File(encoding="utf-8"), help="The new text; without it $EDITOR opens.")
@tells_errors
def fork(folder: Path, rev: str, new: Path, what: str, text: Any) -> None:
    """Copy a project to NEW as of turn REV with one thing changed; only what the change touches is to be paid."""
    import asyncio

    from core.fork import editable
    from core.fork import fork as make_fork

    project = _project(folder)
    before = editable(project, rev, what)
    after = text.read() if text else click.edit(before, extension=Path(what).suffix or ".md")
    if after is None or after == before:
        raise LabError("Nothing was changed, so nothing was forked.", "Change the text and save it.")
    forked = asyncio.run(make_fork(project, rev, new, what, after))
    cost = forked.estimate
    tokens = cost.prompt_tokens + cost.completion_tokens
    say(clean(f"Made {forked.project.path}: {len(forked.reused)} turns after turn {rev} reused, at no cost."))
    say(clean(f"There the two part: {forked.why}."))
    say(f"What follows cost {cost.calls} calls, {tokens} tokens, ${cost.money:.2f} here; expect about as much.")
    say(f"Next: labtop run {new}")


@main.command()
@click.argument("folder", type=FOLDER)
@click.argument("file", type=FOLDER)
@tells_errors
def export(folder: Path, file: Path) -> None:
    """Write what a reader needs to check a project to FILE.zip: report, code, figures, data recipe, turns."""
    from core.export import export as write_export

    size = write_export(_project(folder), file)
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

    told = read_costs(_project(folder))
    say(json.dumps(asdict(told), ensure_ascii=False) if as_json else costs_text(told))


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a model.")
@click.option("--add", metavar="NAME", help="Write a model into config.toml, under this name.")
@click.option("--base-url", default="", help="With --add: the server's address, e.g. https://api.openai.com/v1.")
@click.option("--model", default="", help="With --add: what the server calls the model.")
@click.option("--key-env", default="", help="With --add: the environment variable that holds the key.")
@click.option("--window", type=click.IntRange(1), help="With --add: tokens that prompt and reply may have together.")
@click.option("--reasoning", is_flag=True, help="With --add: it thinks before it replies.")
@click.option("--free", is_flag=True, help="With --add: its calls cost nothing.")
@tells_errors
def models(names: tuple[str, ...], as_json: bool, add: str | None, **described: Any) -> None:
    """List and test the models that a project can name: the built-in researcher and your own.

    Each model of ~/.config/labtop/config.toml is asked for one word (a few tokens, which its server may charge for).
    Exit code 1 when one of them does not answer.
    """
    import asyncio

    from core.models.adding import add_model

    if add:
        say(clean(f"Wrote [models.{add}] into {add_model(add, **described)}"))
        names = (add,)
    elif any(described.values()):
        raise click.UsageError("--base-url, --model and the like describe a new model: name it by --add.")
    sys.exit(asyncio.run(_tell_models(names, as_json)))


@main.command()
@click.option("--network", is_flag=True, help="Ask arXiv and the Hugging Face Hub too.")
@tells_errors
def doctor(network: bool) -> None:
    """What this machine has and lacks, and what to do about it."""
    from core.doctor import findings

    marks = {True: "✓", False: "!", None: "·"}
    for finding in findings(network):
        say(clean(f"{marks[finding.good]} {finding.what}: {finding.found}"))
        if finding.advice:
            click.echo(clean(f"    {finding.advice}"))


async def _tell_models(names: tuple[str, ...], as_json: bool) -> int:
    from dataclasses import asdict

    from core.models.listing import how_to_add, listed, listed_text

    count, code = 0, 0
    async for one in listed(names):
        say(json.dumps(asdict(one), ensure_ascii=False) if as_json else listed_text(one))
        count, code = count + 1, code if one.ok else 1
    if not names and count == 1 and not as_json:
        say(f"\n{clean(how_to_add())}")
    return code


def _project(folder: Path) -> Any:
    from core.known import remember
    from core.workspace.project import Project

    project = Project.open(folder.expanduser().resolve())
    remember(project.path)
    return project


def _run(folder: Path, until: Phase | None = None, turns: int | None = None, as_json: bool = False) -> None:
    import asyncio

    from core.headless import run as run_headless

    project = _project(folder)
    try:
        code = asyncio.run(run_headless(project, say, until=until, turns=turns, as_lines=as_json))
    except KeyboardInterrupt:
        click.echo(f"\nStopped. Every finished turn is committed; go on with: labtop run {folder}", err=True)
        code = 130
    sys.exit(code)


def _app(folder: Path | None, autostart: bool = False) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabError("The app needs a terminal.", "Without one: labtop run FOLDER, or labtop demo --headless.")
    from tui.app import LabtopApp

    # Under nohup the signal of a lost line is ignored, and an app without its terminal would go on for ever.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    LabtopApp(folder.expanduser().resolve() if folder else None, autostart=autostart, model_pace=PACE).run()
