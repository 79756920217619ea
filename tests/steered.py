"""A person at the gate of the real engine, as a function of what the engine says; used by the tests of steering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

from core.brief import Brief
from core.events import Event, Proposed, State, StateChanged, TurnCommitted
from core.gate import PersonGate, Verdict
from core.laboratory import Laboratory
from core.models.model import Price, Request, Thought, Usage
from core.progress import STATE, read_progress
from core.record import Agent, LoggedTurn, Phase, Status, Turn
from core.replay import replay
from core.workspace.project import Project
from tests.scripted import ScriptedModel, new_project

PRICED = Price(100.0, 100.0, 100.0)
"""US dollars for a million tokens."""


class PricedModel(ScriptedModel):
    """A scripted model that costs money."""

    price = PRICED


class HaltingModel(ScriptedModel):
    """Says the first `told` characters of a reply to a brief that `halts`, then nothing until it is stopped."""

    def __init__(
        self, answer: Callable[[Brief], str], told: int, halts: Callable[[Brief], bool] = lambda _: True
    ) -> None:
        super().__init__(answer)
        self._told = told
        self._halts = halts

    async def stream(self, request: Request) -> AsyncIterator[str | Thought | Usage]:
        self.requests.append(request)
        reply = self._answer(request.brief)
        yield reply[: self._told]
        if self._halts(request.brief):
            await asyncio.Event().wait()
        yield Usage(10, 10)


def standing_at(folder: Path, phase: Phase, files: dict[str, str | bytes | None], **settings: object) -> Project:
    """A project whose next turn belongs to `phase`, with these files in it."""
    project = new_project(folder, **settings)
    progress = read_progress(project)
    for _ in range(phase.number - 1):
        progress = progress.finishing("done")
    turn = Turn(0, phase, Agent.LABTOP, "", "", "set up", "", Status.OK, "")
    project.commit(turn, {**files, STATE: progress.to_json()})
    return project


async def run(
    project: Project,
    model: ScriptedModel | None,
    gate: PersonGate,
    person: Callable[[Event], None] = lambda _: None,
    *,
    turns: int | None = None,
    until: Phase | None = None,
    enough: Callable[[Event], bool] = lambda _: False,
) -> list[Event]:
    """Run the engine, letting `person` react to each event; ends early after the event that is `enough`."""
    said: list[Event] = []
    async with aclosing(Laboratory(project, gate, model).run(until, turns)) as events, asyncio.timeout(30):
        async for event in events:
            said.append(event)
            person(event)
            if enough(event):
                break
    return said


def answering(gate: PersonGate, *verdicts: Verdict) -> Callable[[Event], None]:
    """A person who gives these verdicts, one each time the engine waits for them."""
    left = list(verdicts)

    def person(event: Event) -> None:
        if isinstance(event, StateChanged) and event.state is State.WAITING:
            gate.answer(left.pop(0))

    return person


def is_paused(event: Event) -> bool:
    """Whether the engine says that it holds."""
    return isinstance(event, StateChanged) and event.state is State.PAUSED


def is_proposed(event: Event) -> bool:
    """Whether the engine shows what it would do."""
    return isinstance(event, Proposed)


def turns_of(events: list[Event]) -> list[Turn]:
    """The turns that were committed."""
    return [event.turn for event in events if isinstance(event, TurnCommitted)]


async def replays(project: Project) -> tuple[list[LoggedTurn], bool]:
    """The turns made again, and whether each came out as it is in the history, commit names included."""
    made = [one async for one in replay(project)]
    line = [logged.commit for logged in project.log()[::-1][1:]]
    return [one.turn for one in made], all(one.same for one in made) and [one.turn.commit for one in made] == line
