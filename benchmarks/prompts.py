"""What prompts cost in tokens where programs and reports are of real size: one whole run of the built-in researcher."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

from core.laboratory import Laboratory
from core.models.builtin.researcher import BuiltinResearcher
from core.models.model import Request, Thought, Usage
from core.record import Phase
from core.settings import settings_text
from core.unattended import OpenGate
from core.workspace.project import Project

QUESTION = "Are tree ensembles more sensitive to label noise than linear models on the wine data?"
LETTERS = 4
"""Characters that are counted as a token."""
ORIGINAL = "original: 86, 669k"


class Recording(BuiltinResearcher):
    """The built-in researcher, which remembers each prompt by its phase."""

    def __init__(self) -> None:
        super().__init__(0)
        self.prompts: list[tuple[Phase, str]] = []

    async def stream(self, request: Request) -> AsyncIterator[str | Thought | Usage]:
        self.prompts.append((request.brief.phase, f"{request.system}\n{request.user}"))
        async for piece in super().stream(request):
            yield piece


async def _recorded(folder: Path) -> list[tuple[Phase, str]]:
    text = settings_text(QUESTION, name="bench").replace("rounds = 2", "rounds = 1")
    model = Recording()
    async with aclosing(Laboratory(Project.create(folder, text), OpenGate(), model).run()) as events:
        async for _ in events:
            pass
    return model.prompts


def alike(one: str, other: str) -> int:
    """Characters with which both texts begin."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def run() -> list[tuple[str, str]]:
    """Rows for the table of `make bench`."""
    with tempfile.TemporaryDirectory() as folder:
        prompts = asyncio.run(_recorded(Path(folder) / "p"))
    calls, letters, repeated = Counter[Phase](), Counter[Phase](), Counter[Phase]()
    for place, (phase, text) in enumerate(prompts):
        calls[phase] += 1
        letters[phase] += len(text)
        repeated[phase] += max((alike(text, earlier) for _, earlier in prompts[:place]), default=0)
    rows = [(phase.title.lower(), calls[phase], letters[phase], repeated[phase]) for phase in Phase]
    rows.append((f"all phases ({ORIGINAL}, 49 %)", calls.total(), letters.total(), repeated.total()))
    return [
        (name, f"{count}, {size / LETTERS / 1000:.0f}k, {100 * again / max(1, size):.0f} %")
        for name, count, size, again in rows
    ]


if __name__ == "__main__":
    for name, value in run():
        print(f"{name:<60}{value:>16}")
