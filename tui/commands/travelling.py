"""Commands that go back, forth and aside in a history, or make it again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from core.clean import clean
from core.errors import LabError
from tui.commands import offered
from tui.commands.engines import travelled
from tui.commands.group import FOLDER, main, project_in, say, tells_errors


@main.command()
@click.argument("folder", type=FOLDER)
@click.argument("rev", shell_complete=offered.turns)
@click.option("--preview", is_flag=True, help="Only say what would go, and what it cost.")
@tells_errors
def rollback(folder: Path, rev: str, preview: bool) -> None:
    """Go back to turn or commit REV; what is left behind is kept, and `labtop undo` brings it back."""
    from core.history import rollback_preview
    from core.orders import Travel, Way

    project = project_in(folder)
    say(clean(rollback_preview(project, rev) if preview else travelled(project, Travel(Way.ROLLBACK, rev))))


@main.command()
@click.argument("folder", type=FOLDER)
@tells_errors
def undo(folder: Path) -> None:
    """Take the last roll-back back."""
    from core.orders import Travel, Way

    say(clean(travelled(project_in(folder), Travel(Way.UNDO))))


@main.command()
@click.argument("folder", type=FOLDER)
@tells_errors
def redo(folder: Path) -> None:
    """Do the roll-back again that was undone last."""
    from core.orders import Travel, Way

    say(clean(travelled(project_in(folder), Travel(Way.REDO))))


@main.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--to",
    default="HEAD",
    shell_complete=offered.turns,
    show_default=True,
    help="The last turn or commit that is made again.",
)
@click.option("--rerun", is_flag=True, help="Run every program anew, too, and list what differs.")
@tells_errors
def replay(folder: Path, to: str, rerun: bool) -> None:
    """Make a project again from its cassettes, offline and at no cost; exit code 1 when a turn comes out different."""
    import asyncio

    from core.replay import replay as made_again

    async def all_turns() -> list[bool]:
        same = []
        async for one in made_again(project_in(folder), to, rerun=rerun):
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
@click.argument("rev", shell_complete=offered.turns)
@click.argument("new", type=FOLDER)
@click.option("--edit", "what", required=True, help="`reply` (of turn REV), or a file of the project after it.")
@click.option("--with", "text", type=click.File(encoding="utf-8"), help="The new text; without it $EDITOR opens.")
@tells_errors
def fork(folder: Path, rev: str, new: Path, what: str, text: Any) -> None:
    """Copy a project to NEW as of turn REV with one thing changed; only what the change touches is to be paid."""
    import asyncio

    from core.fork import editable
    from core.fork import fork as make_fork

    project = project_in(folder)
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
