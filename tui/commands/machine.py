"""Commands about this machine and the models that it can ask."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from core.clean import clean
from tui.commands import offered
from tui.commands.group import main, say, tells_errors


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=offered.models)
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
