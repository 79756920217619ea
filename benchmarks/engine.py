"""What the engine itself costs per turn: a model without latency, turns that only talk."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

from core.commands import Summary
from core.events import Proposed, TurnCommitted
from core.laboratory import Laboratory
from core.models.model import FREE, Request, Thought, Usage
from core.parsing import write
from core.settings import settings_text
from core.unattended import OpenGate
from core.workspace.project import Project

TURNS = 35


class Instant:
    """A model that answers at once, each time with another search."""

    name = "instant"
    window = 0
    most_tokens = 1000
    price = FREE

    def __init__(self) -> None:
        self._asked = 0

    async def ready(self) -> None:
        """There is no server to ask."""

    async def stream(self, request: Request) -> AsyncIterator[str | Thought | Usage]:
        self._asked += 1
        yield write(Summary(f"random forests {self._asked}"))
        yield Usage(len(request.user) // 4, 10)


async def _timed(folder: Path) -> tuple[list[float], list[float]]:
    """Seconds of each turn as a whole, and of its part after the command was understood (effect and durable commit)."""
    project = Project.create(folder, settings_text("What do random forests do?", name="bench"))
    whole, acting = [], []
    start = proposed = time.perf_counter()
    async with aclosing(Laboratory(project, OpenGate(), Instant()).run(turns=TURNS)) as events:
        async for event in events:
            match event:
                case Proposed():
                    proposed = time.perf_counter()
                case TurnCommitted():
                    end = time.perf_counter()
                    whole.append(end - start)
                    acting.append(end - proposed)
                    start = end
    return whole[5:], acting[5:]


def run() -> list[tuple[str, str]]:
    """Rows for the table of `make bench`."""
    with tempfile.TemporaryDirectory() as folder:
        whole, acting = asyncio.run(_timed(Path(folder) / "p"))
    turn, commit = statistics.median(whole) * 1000, statistics.median(acting) * 1000
    return [
        ("a turn with a zero-latency model, whole", f"{turn:.0f} ms"),
        ("  of it effect and durable commit", f"{commit:.0f} ms"),
        ("  of it prompt, reply on disk, parsing, events", f"{turn - commit:.0f} ms"),
    ]


if __name__ == "__main__":
    for name, value in run():
        print(f"{name:<60}{value:>12}")
