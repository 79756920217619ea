"""What a shell offers for the words of a command: projects, turns, lines of inquiry, models."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from core.errors import LabError

MOST_TURNS = 40
"""How many turns are offered, the newest ones."""


class Folder(click.Path):
    """A folder on the command line; a shell offers the known projects and those in the folder where one is."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The projects that fit; where none does, any folder."""
        found = [name for name in _projects() if name.startswith(incomplete)]
        return [CompletionItem(name) for name in found] or [CompletionItem(incomplete, type="dir")]


def turns(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The newest turns of the project that the command is about, each with what it did."""
    from core.workspace.project import Project

    folder = ctx.params.get("folder")
    if not isinstance(folder, Path):
        return []
    try:
        logged = Project.open(folder.expanduser().resolve()).log(MOST_TURNS)
    except LabError:
        return []
    numbered = ((str(one.turn.number), f"{one.turn.agent.title}: {one.turn.subject}") for one in logged)
    return _items(numbered, incomplete)


def models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The models that a project can name."""
    from core.models.named import known_models

    try:
        named = known_models()
    except LabError:
        named = []
    return _items([("builtin", "the built-in researcher"), *((one.name, one.model) for one in named)], incomplete)


def _projects() -> list[str]:
    """The projects as a person would write them: below this folder in short, others in full."""
    from core.known import known_projects

    here = Path.cwd()
    beside = (one for one in os.scandir(here) if one.is_dir() and (Path(one) / "lab.toml").is_file())
    known = (str(path.relative_to(here)) if path.is_relative_to(here) else str(path) for path in known_projects())
    return list(dict.fromkeys([*sorted(one.name for one in beside), *known]))


def _items(pairs: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(word, help=" ".join(words.split())) for word, words in pairs if word.startswith(incomplete)]
