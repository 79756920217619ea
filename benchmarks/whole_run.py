"""What a whole project asks of a model's server: calls and prompt tokens, repeated prefixes, overhead a call."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.prompts import alike
from core.events import PhaseFinished, Proposed, State, StateChanged, TurnCommitted
from core.laboratory import Laboratory
from core.models.named import Named
from core.models.server import Server
from core.record import Phase
from core.settings import settings_text
from core.unattended import OpenGate
from core.workspace.project import Project
from tests.servers import script
from tests.servers.chat import ChatServer

ORIGINAL = "original: 86, 669k"
"""Agent Laboratory with its default budgets on a scripted model; its prefix share is 49 %, its overhead 125-205 ms."""


@dataclass(slots=True)
class Seen:
    """What one run showed: its turns, seconds from a turn's beginning to its understood command, and how it ended."""

    turns: list[TurnCommitted] = field(default_factory=list)
    asking: list[float] = field(default_factory=list)
    finished: list[Phase] = field(default_factory=list)
    end: StateChanged = field(default_factory=lambda: StateChanged(State.STOPPED))


async def _watched(folder: Path, server: ChatServer) -> Seen:
    text = settings_text("Does the nearest centroid tell the kinds of iris apart?", name="bench")
    project = Project.create(folder, text.replace("arxiv = true", "arxiv = false").replace("hub = true", "hub = false"))
    model = Server(Named("scripted", server.model, server.url, free=True), lambda: None)
    seen, start = Seen(), time.perf_counter()
    async with aclosing(Laboratory(project, OpenGate(), model).run()) as events:
        async for event in events:
            match event:
                case Proposed():
                    seen.asking.append(time.perf_counter() - start)
                case TurnCommitted():
                    seen.turns.append(event)
                    start = time.perf_counter()
                case PhaseFinished(phase):
                    seen.finished.append(phase)
                case StateChanged():
                    seen.end = event
    return seen


def prefix_share(prompts: Sequence[str]) -> float:
    """The share of all prompt characters that repeat the beginning of an earlier prompt."""
    repeated = sum(
        max((alike(prompt, earlier) for earlier in prompts[:place]), default=0) for place, prompt in enumerate(prompts)
    )
    return repeated / max(1, sum(map(len, prompts)))


def run() -> list[tuple[str, str]]:
    """Rows for the table of `make bench`."""
    with tempfile.TemporaryDirectory() as folder, ChatServer(script.answer, piece=4000) as server:
        seen = asyncio.run(_watched(Path(folder) / "p", server))
        prompts = [request.prompt for request in server.completions]
    if seen.end.state is not State.FINISHED:
        return [("the whole run did not finish", seen.end.reason[:14])]
    calls, tokens = Counter[Phase](), Counter[Phase]()
    for event in seen.turns:
        calls[event.turn.phase] += event.turn.cost.calls
        tokens[event.turn.phase] += event.turn.cost.prompt_tokens
    rows = [(phase.title.lower(), f"{calls[phase]}, {tokens[phase] / 1000:.0f}k") for phase in Phase]
    overhead = statistics.median(seen.asking) * 1000
    return [
        *rows,
        (f"all phases, calls and prompt tokens ({ORIGINAL})", f"{calls.total()}, {tokens.total() / 1000:.0f}k"),
        ("prompt characters that repeat an earlier prefix (original 49 %)", f"{100 * prefix_share(prompts):.0f} %"),
        ("overhead a call, besides effect and commit (original 125 ms)", f"{overhead:.0f} ms"),
    ]


if __name__ == "__main__":
    for name, value in run():
        print(f"{name:<70}{value:>14}")
