"""Whole runs on a server that misbehaves in every phase: no fault ends a run or loses a turn, every wait is seen."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from core.commands import Summary
from core.events import (
    Event,
    Notice,
    PhaseFinished,
    Restarted,
    State,
    StateChanged,
    Thinking,
    Token,
    TurnCommitted,
    TurnStarted,
    Waiting,
)
from core.laboratory import Laboratory
from core.models.calls import Patience
from core.models.named import Named
from core.models.server import Server
from core.parsing import write
from core.record import Phase, Status
from core.unattended import OpenGate
from core.workspace.project import Project
from tests.scripted import new_project
from tests.served import QUESTION, SMALL
from tests.servers import faults, script
from tests.servers.chat import ChatServer, Fault
from tests.servers.exchange import Received

QUICK = Patience(first=0.01, longest=0.02, asked=0.03)
WAITED_FOR: dict[Phase, list[Fault]] = {
    Phase.LITERATURE: [
        faults.rate_limited("0.01"),
        faults.rate_limited("Wed, 21 Oct 2015 07:28:00 GMT"),
        faults.rate_limited("86400"),
        faults.rate_limited("1e99"),
        faults.rate_limited("soon"),
        faults.rate_limited(),
        faults.broken(500),
        faults.broken(502),
        faults.loading(),
    ],
    Phase.PLAN: [faults.dropped(), faults.cut(), faults.cut(framing="close"), faults.unfinished()],
    Phase.DATA: [faults.invalid_utf8(), faults.broken_json(), faults.no_choices(), faults.error_in_stream()],
    Phase.EXPERIMENTS: [faults.silent(), faults.stalled(), faults.web_page()],
    Phase.INTERPRETATION: [faults.empty(), faults.refused(0.1), faults.trickling(0.05)],
    Phase.REPORT: [faults.bomb(8), faults.broken(503), faults.cut(), faults.slow(0.01)],
    Phase.REFINEMENT: [faults.rate_limited("0.02"), faults.cut(after=5), faults.empty("length")],
}
"""What a reply is asked for again after."""
TAKEN_IN_STRIDE: dict[Phase, list[Fault]] = {
    Phase.LITERATURE: [faults.no_usage()],
    Phase.PLAN: [faults.unsupported("temperature")],
    Phase.DATA: [faults.thinks("Let me see what these flowers are. " * 5)],
    Phase.EXPERIMENTS: [faults.too_long("vllm", 30_000), faults.cut_at_length(600)],
    Phase.INTERPRETATION: [faults.remembers(100), faults.too_long("openai", 30_000)],
    Phase.REPORT: [faults.too_long("llama.cpp", 30_000), faults.cut_at_length(20), faults.undone()],
    Phase.REFINEMENT: [faults.unsupported("max_tokens"), faults.unsupported("stream_options")],
}
"""What needs no wait: the request's form is changed, less is asked for, the reply is gone on with."""
TURNS = [
    "SUMMARY FULL_TEXT ADD_PAPER",
    "DIALOGUE DIALOGUE PLAN",
    "DIALOGUE PYTHON DIALOGUE SEARCH_HF SUBMIT_CODE",
    "REPLACE EDIT",
    "DIALOGUE DIALOGUE INTERPRETATION",
    " ".join(["REPLACE"] * 9) + " EDIT",
    "REVIEW REVIEW REVIEW FINISH",
]
"""The commands of a run without any fault, a line a phase."""


def within(phase: Phase) -> Callable[[Received], bool]:
    """Whether a request is made in this phase."""
    return lambda received: script.phase_of(received.prompt) is phase


def model_on(server: ChatServer, **more: object) -> Server:
    """The server's model, for a client that notices silence within a second."""
    times = {"read_seconds": 0.5, "deadline_seconds": 2.0}
    return Server(Named("mine", server.model, server.url, free=True, **{**times, **more}))  # type: ignore[arg-type]


async def run(
    project: Project, model: Server, patience: Patience = QUICK, *, until: Phase | None = None, turns: int | None = None
) -> list[Event]:
    """Run the engine and collect what it says."""
    laboratory = Laboratory(project, OpenGate(), model, patience=patience)
    async with aclosing(laboratory.run(until, turns)) as events:
        return [event async for event in events]


def last_state(events: list[Event]) -> StateChanged:
    return next(event for event in reversed(events) if isinstance(event, StateChanged))


@pytest.mark.slow
async def test_faults_in_every_phase_end_nothing_lose_no_turn_and_every_wait_is_seen(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", QUESTION, **SMALL)
    async with ChatServer(script.answer) as server:
        for phase in Phase:
            server.faults += [fault.on(within(phase)) for fault in WAITED_FOR[phase] + TAKEN_IN_STRIDE[phase]]
        events = await run(project, model_on(server))
    assert last_state(events).state is State.FINISHED, last_state(events)
    assert server.problems == []
    assert [fault.name for fault in server.faults] == []
    turns = [event.turn for event in events if isinstance(event, TurnCommitted)]
    words = [[turn.command.split()[0] for turn in turns if turn.phase is phase] for phase in Phase]
    assert [" ".join(line) for line in words] == TURNS
    assert {turn.status for turn in turns} == {Status.OK}
    waits = Counter(phase for phase, event in by_phase(events) if isinstance(event, Waiting))
    assert all(waits[phase] >= len(WAITED_FOR[phase]) for phase in Phase), waits
    assert all(event.reason and event.seconds >= 0 for event in events if isinstance(event, Waiting))
    assert not [event for event in events if isinstance(event, Notice) and "condensed" in event.text]
    assert any("flowers" in event.text for event in events if isinstance(event, Thinking))


def by_phase(events: list[Event]) -> list[tuple[Phase, Event]]:
    """Each event with the phase that it falls into."""
    found, phase = [], Phase.LITERATURE
    for event in events:
        phase = event.phase if isinstance(event, TurnStarted | PhaseFinished) else phase
        found.append((phase, event))
    return found


async def test_what_was_shown_of_a_reply_that_broke_off_is_void_and_shown_anew(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", QUESTION, **SMALL)
    async with ChatServer(script.answer) as server:
        server.faults.append(faults.cut())
        events = await run(project, model_on(server), turns=1)
    kinds = [type(event) for event in events if isinstance(event, Token | Waiting | Restarted)]
    again = kinds.index(Restarted)
    assert set(kinds[: again - 1]) == {Token}
    assert kinds[again - 1] is Waiting
    shown = "".join(
        event.text for event in events[events.index(first(events, Restarted)) :] if isinstance(event, Token)
    )
    (turn,) = [event.turn for event in events if isinstance(event, TurnCommitted)]
    assert shown == turn.reply
    assert turn.cost.calls == 2  # the broken one is paid, too


def first(events: list[Event], kind: type) -> Event:
    return next(event for event in events if isinstance(event, kind))


async def test_a_server_that_is_down_for_an_hour_is_waited_for_in_view(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", QUESTION, **SMALL)
    async with ChatServer(script.answer) as server:
        clock = 0.0

        async def sleep(seconds: float) -> None:
            nonlocal clock
            before, clock = clock, clock + seconds
            if before < 3600 <= clock:
                server.come_back()

        server.go_down()
        model = model_on(server)
        events = await run(project, model, Patience(sleep=sleep, clock=lambda: clock), turns=2)
    waits = [event for event in events if isinstance(event, Waiting)]
    assert sum(event.seconds for event in waits) >= 3600
    assert max(event.seconds for event in waits) <= 60
    assert all("refused" in event.reason for event in waits)
    turns = [event.turn for event in events if isinstance(event, TurnCommitted)]
    assert [(turn.status, turn.cost.calls) for turn in turns] == [(Status.OK, 1)] * 2
    assert not [event for event in events if isinstance(event, Restarted)]


@pytest.mark.parametrize("fault", [faults.rate_limited("600"), faults.silent(), faults.stalled()], ids=lambda x: x.name)
async def test_a_wait_can_be_cancelled_at_once_and_the_turn_is_made_later(tmp_path: Path, fault: Fault) -> None:
    project = new_project(tmp_path / "p", QUESTION, **SMALL)
    async with ChatServer(script.answer) as server:
        server.faults.append(fault)
        model = model_on(server, read_seconds=600.0, deadline_seconds=600.0)
        laboratory = Laboratory(project, OpenGate(), model)
        async with aclosing(laboratory.run()) as events:
            until = Waiting if "429" in fault.name else Token if "stalled" in fault.name else TurnStarted
            async for event in events:
                if isinstance(event, until):
                    break
            if until is TurnStarted:  # the engine is to wait for the silent server, not to stand before the call
                with suppress(TimeoutError):
                    await asyncio.wait_for(anext(events), 0.5)
                assert server.completions
            began = time.monotonic()
        assert time.monotonic() - began < 2
        events_after = await run(project, model, turns=1)
    assert [event.turn.number for event in events_after if isinstance(event, TurnCommitted)] == [1]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.unauthorised(), "key"),
        (faults.no_such_model(), "no model"),
        (faults.out_of_money(), "credit"),
        (faults.declined(), "declines"),
        (faults.filtered(), "declines"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_what_only_a_person_can_mend_stops_with_the_reason_and_runs_on(
    tmp_path: Path, fault: Fault, reason: str
) -> None:
    project = new_project(tmp_path / "p", QUESTION, **SMALL)
    async with ChatServer(script.answer) as server:
        server.faults.append(fault)
        model = model_on(server)
        stopped = last_state(await run(project, model, turns=1))
        assert stopped.state is State.STOPPED
        assert reason in stopped.reason
        assert len(server.completions) == 1
        events = await run(project, model, turns=1)
    assert [event.turn.status for event in events if isinstance(event, TurnCommitted)] == [Status.OK]


@pytest.mark.parametrize("tells", [True, False], ids=["told", "learnt from the first refusal"])
async def test_a_small_context_is_kept_to(tmp_path: Path, tells: bool) -> None:
    project = new_project(tmp_path / "p", QUESTION, **{**SMALL, "papers": 2})
    async with ChatServer(script.answer, window=3000, tells=tells) as server:
        events = await run(project, model_on(server), until=Phase.PLAN)
    assert last_state(events).reason.endswith("is done"), last_state(events)
    turns = [event.turn for event in events if isinstance(event, TurnCommitted)]
    assert {turn.status for turn in turns} == {Status.OK}
    assert len(server.completions) == len(turns) + (0 if tells else 1)
    assert sum(turn.cost.calls for turn in turns) == len(turns)


async def test_a_prompt_that_is_too_long_is_condensed_and_the_turn_is_made(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", QUESTION, **SMALL)
    words = iter(["forests", "noise", "neural networks", "regression", "data", "learning", "trees", "kernel"])
    async with ChatServer(lambda request: write(Summary(next(words, "classifiers")))) as server:
        model = model_on(server)
        await run(project, model, turns=7)
        server.faults.append(faults.too_long("old llama.cpp"))
        events = await run(project, model, turns=1)
    before, after = server.completions[-2:]
    assert len(after.prompt) < 0.8 * len(before.prompt)
    assert after.body["messages"][0] == before.body["messages"][0]  # the task and the commands are never cut
    assert [event.turn.status for event in events if isinstance(event, TurnCommitted)] == [Status.OK]
    assert any("condensed" in event.text for event in events if isinstance(event, Notice))


async def test_a_reply_of_ten_megabytes_is_cut_and_costs_one_turn_at_most(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", QUESTION, **SMALL)
    async with ChatServer(script.answer) as server:
        server.faults += [faults.huge(10)] * 3  # it is asked to go on twice
        began = time.monotonic()
        events = await run(project, model_on(server, deadline_seconds=30.0), turns=2)
    assert time.monotonic() - began < 10
    turns = [event.turn for event in events if isinstance(event, TurnCommitted)]
    assert [turn.status for turn in turns] == [Status.MALFORMED, Status.OK]
    assert len(turns[0].reply) < 500_000
    assert "cut" in turns[0].outcome
