"""A model whose replies a test writes, and small helpers to run the real engine on a real project."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

from core.brief import Brief
from core.events import Event
from core.gate import Gate
from core.laboratory import Laboratory
from core.models.model import FREE, Request, Thought, Usage
from core.record import Phase
from core.settings import settings_text
from core.unattended import OpenGate
from core.workspace.project import Project


class ScriptedModel:
    """Answers every brief with what `answer` makes of it, and remembers the requests."""

    name = "scripted"
    window = 0
    most_tokens = 8000
    price = FREE

    def __init__(self, answer: Callable[[Brief], str]) -> None:
        self._answer = answer
        self.requests: list[Request] = []

    async def ready(self) -> None:
        return

    async def stream(self, request: Request) -> AsyncIterator[str | Thought | Usage]:
        self.requests.append(request)
        reply = self._answer(request.brief)
        for start in range(0, len(reply), 40):
            await asyncio.sleep(0)
            yield reply[start : start + 40]
        yield Usage(len(request.system + request.user) // 4, len(reply) // 4)


def new_project(folder: Path, question: str = "Which model family is best on iris?", **settings: object) -> Project:
    """A project whose lab.toml has the given settings in place of the defaults."""
    text = settings_text(question, name=folder.name)
    for name, value in settings.items():
        text, count = re.subn(rf"^{name} = [^#\n]*", f"{name} = {json.dumps(value)} ", text, flags=re.MULTILINE)
        assert count == 1, name
    return Project.create(folder, text)


async def events_of(
    project: Project,
    model: ScriptedModel | None = None,
    gate: Gate | None = None,
    *,
    until: Phase | None = None,
    turns: int | None = None,
) -> list[Event]:
    """Run the engine and collect its events."""
    async with aclosing(Laboratory(project, gate or OpenGate(), model).run(until, turns)) as events:
        return [event async for event in events]


async def like(folder: Path, what: str, make: Callable[[Path], Awaitable[object]]) -> Project:
    """A project in `folder` like the one that `make` makes of `what`: that is made once, and copied."""
    made = _made.get(what)
    if made is None:
        made = Path(_templates.name) / str(len(_made)) / "p"
        await make(made)
        _made[what] = made
    shutil.copytree(made, folder, symlinks=True)
    return Project.open(folder)


_templates = tempfile.TemporaryDirectory(prefix="labtop-made-")
_made: dict[str, Path] = {}
