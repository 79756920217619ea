"""The laboratory: walks the phases one turn at a time, and tells what happens as one stream of events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from core.cassette import FOLDER, Recording, Shelf, Tape
from core.errors import LabError
from core.events import (
    Event,
    Notice,
    PhaseFinished,
    PhaseStarted,
    RunStarted,
    State,
    StateChanged,
    TurnCommitted,
)
from core.exchange import Choice, Exchange
from core.gate import Gate, PersonNeeded
from core.handwork import commit_hand_edits
from core.ledger import ledger_of
from core.literature.library import bundled
from core.literature.passages import passages_for
from core.literature.sources import Sources, sources_for
from core.loops import accepted, diagnosis
from core.meter import Meter
from core.models.calls import Patience
from core.models.choose import Models
from core.models.model import Model
from core.phases import data, experiments, interpretation, literature, plan, refinement, report
from core.progress import STATE, Progress, read_progress
from core.record import Agent, Phase, Status, Turn
from core.sandbox.run import Tier, best_tier, describe
from core.sandbox.scratch import sweep
from core.settings import Settings
from core.solver.outcome import REPAIRS
from core.threads import to_the_end
from core.turn import Desk, Draft, Stopwatch
from core.workspace.project import EditedMeanwhile, Project
from core.workspace.watch import watch

STEPS: Mapping[Phase, Callable[[Desk], Awaitable[Draft]]] = {
    Phase.LITERATURE: literature.step,
    Phase.PLAN: plan.step,
    Phase.DATA: data.step,
    Phase.EXPERIMENTS: experiments.step,
    Phase.INTERPRETATION: interpretation.step,
    Phase.REPORT: report.step,
    Phase.REFINEMENT: refinement.step,
}
RUN = "run.json"
"""Under `.git/labtop/`: what the run was last doing, for `labtop status`."""


@dataclass(frozen=True, slots=True)
class Only:
    """One model for every phase and role, whatever the settings say."""

    model: Model

    def model_for(self, phase: Phase, agent: Agent) -> Model:
        """The one model."""
        return self.model


class Laboratory:
    """One project at work. `gate` is the person.

    `model` overrides the settings' models, `sources` what literature is searched, `tape` the world outside; `patience`
    says how long a model's server is waited for.
    """

    def __init__(
        self,
        project: Project,
        gate: Gate,
        model: Model | None = None,
        tape: Callable[[str], Tape] | None = None,
        sources: Sources | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.project = project
        self.gate = gate
        self._model = model
        self._sources = sources
        self._patience = patience
        self._shelf = Shelf(project.private(FOLDER))
        self._tape = tape or (lambda head: Recording(self._shelf, head))
        self._ledger = ledger_of(project)

    async def run(self, until: Phase | None = None, turns: int | None = None) -> AsyncGenerator[Event]:
        """Work until the end, the end of phase `until`, or for `turns` turns; the one public entry.

        Closing the generator stops at once and loses at most the turn in flight. Raises ProjectLocked and ProjectError
        before the first event; afterwards, what stops the run is told by the last StateChanged.
        """
        with self.project.lock():
            await to_the_end(self.project.recover)
            await asyncio.to_thread(sweep)
            stop = StateChanged(State.STOPPED, "stopped by you")
            try:
                async for event in self._run(until, turns):
                    if isinstance(event, StateChanged):
                        stop = event
                        self._note_run(event)
                    yield event
            except PersonNeeded as error:
                stop = StateChanged(State.WAITING, str(error), error.cause)
                yield stop
            except LabError as error:
                stop = StateChanged(State.STOPPED, f"{error.title}: {error}")
                yield stop
            except (GeneratorExit, asyncio.CancelledError):
                stop = StateChanged(State.STOPPED, "stopped by you")
                raise
            except BaseException as error:
                stop = StateChanged(State.STOPPED, f"a defect in labtop: {type(error).__name__}: {error}")
                raise
            finally:
                self._note_run(stop)

    async def _run(self, until: Phase | None, turns: int | None) -> AsyncGenerator[Event]:
        progress = read_progress(self.project)
        models = self._models(self.project.settings())
        model = await asyncio.to_thread(models.model_for, progress.phase, Agent.POSTDOC)
        tier = await asyncio.to_thread(best_tier)
        branch, head = await asyncio.to_thread(lambda: (self.project.branch_name, self.project.head))
        yield RunStarted(self.project.name, branch, head, model.name, describe(tier), progress.turn)
        if tier is Tier.PLAIN:
            yield Notice("warning", describe(tier))
        edits = await to_the_end(commit_hand_edits, self.project)
        if edits:
            yield edits
            progress = read_progress(self.project)
        taken, announced = 0, None
        while not progress.finished:
            if until is not None and until in progress.done:
                yield StateChanged(State.STOPPED, f"{until.title.lower()} is done")
                return
            if turns is not None and taken >= turns:
                yield StateChanged(State.STOPPED, f"turn limit of {turns} reached")
                return
            if self.gate.held:
                yield StateChanged(State.PAUSED, self.gate.held)
                async for event in self._held():
                    yield event
                progress = read_progress(self.project)
            if announced is not progress.phase:
                announced = progress.phase
                yield PhaseStarted(announced)
            yield StateChanged(State.RUNNING)
            try:
                async for event in self._turn():
                    yield event
            except EditedMeanwhile as error:
                yield Notice("warning", str(error))
                continue
            taken += 1
            progress = read_progress(self.project)
        yield StateChanged(State.FINISHED, "the report is done")

    async def _held(self) -> AsyncGenerator[Event]:
        """Wait for the gate; what the person changes in the files meanwhile becomes a turn of theirs at once."""
        changed, loop = asyncio.Event(), asyncio.get_running_loop()

        def on_change(_: frozenset[str]) -> None:
            loop.call_soon_threadsafe(changed.set)

        stop = await asyncio.to_thread(watch, self.project.path, on_change)
        opened = asyncio.ensure_future(self.gate.opened())
        try:
            while not opened.done():
                seen = asyncio.ensure_future(changed.wait())
                await asyncio.wait({opened, seen}, return_when=asyncio.FIRST_COMPLETED)
                seen.cancel()
                if changed.is_set():
                    changed.clear()
                    edits = await to_the_end(commit_hand_edits, self.project)
                    if edits:
                        yield edits
            await opened
        finally:
            opened.cancel()
            await to_the_end(stop)

    async def _turn(self) -> AsyncGenerator[Event]:
        """The person's own edits as a turn of theirs, if there are any; then one turn of an agent."""
        edits = await to_the_end(commit_hand_edits, self.project)
        if edits:
            yield edits
        progress, settings = read_progress(self.project), self.project.settings()
        why = _stuck(progress, settings)
        head = await asyncio.to_thread(lambda: self.project.head)
        tape = self._tape(head)
        if why:
            raise await to_the_end(self._ask, progress, why, tape)
        clock = Stopwatch()
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def tell(event: Event) -> None:
            """Say what happens from whatever thread it happens in."""
            loop.call_soon_threadsafe(queue.put_nowait, event)

        desk = await asyncio.to_thread(self._desk, settings, progress, head, tape, queue.put_nowait, tell)
        step = asyncio.ensure_future(STEPS[progress.phase](desk))
        step.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (event := await queue.get()) is not None:
                yield event
            draft = step.result()
        finally:
            step.cancel()
            with suppress(asyncio.CancelledError, LabError):
                await step
        for event in await to_the_end(self._commit, desk, draft, clock.seconds - desk.waited):
            yield event
        self.gate.turn_done()
        if draft.finished:
            self.gate.phase_done(progress.phase, settings.copilot)

    def _models(self, settings: Settings) -> Choice:
        return Only(self._model) if self._model else Models(settings)

    def _desk(
        self,
        settings: Settings,
        progress: Progress,
        head: str,
        tape: Tape,
        emit: Callable[[Event], None],
        tell: Callable[[Event], None],
    ) -> Desk:
        meter = Meter(
            self._ledger,
            settings.budget,
            turn=progress.turn + 1,
            at=head,
            phase=progress.phase,
            attended=self.gate.attended,
            tell=tell,
        )
        exchange = Exchange(
            progress.turn + 1,
            settings,
            self.project.path / "prompts",
            self._models(settings),
            meter,
            tape,
            emit,
            self._patience,
        )
        sources, passages = self._read_literature(settings), _passages(self.project, settings, progress.phase)
        return Desk(self.project, settings, progress, self.gate, emit, sources, tape, exchange, meter, passages)

    def _commit(self, desk: Desk, draft: Draft, seconds: float) -> list[Event]:
        before = desk.progress
        time, seconds = desk.tape.ended(seconds)
        cost = replace(desk.exchange.spent, seconds=seconds)
        after = replace(draft.progress, turn=desk.turn, changes="", cost=before.cost + cost)
        if after.phase is before.phase and after.round == before.round:
            after = replace(after, phase_turns=before.phase_turns + 1).remembering(draft.remembered(desk.turn))
        if accepted(draft.status):
            after = after.stepped()
        if draft.finished:
            after = after.finishing(draft.finished)
        turn = replace(
            desk.record(draft.agent, draft.command, draft.subject, draft.reply, draft.status, draft.outcome),
            score=draft.score,
            reflection=draft.reflection,
            diff=draft.diff,
            path=draft.path,
            output=draft.output,
            cost=cost,
            time=time,
            takes=desk.tape.names,
        )
        commit = self.project.commit(turn, {**draft.changes, STATE: after.to_json()})
        desk.meter.committed(commit)
        self._shelf.committed()
        events: list[Event] = [TurnCommitted(turn, commit)]
        if draft.finished:
            events.append(PhaseFinished(before.phase, draft.finished))
        return events

    def _ask(self, progress: Progress, why: PersonNeeded, tape: Tape) -> PersonNeeded:
        """Say in the history that a person is needed, so that the next run begins to count anew."""
        time, _ = tape.ended(0.0)
        turn = Turn(
            number=progress.turn + 1,
            phase=progress.phase,
            agent=Agent.LABTOP,
            model="",
            command="",
            subject=why.message,
            reply="",
            status=Status.FAILED,
            outcome=why.message,
            time=time,
            began=tape.began,
        )
        after = replace(progress, turn=turn.number, phase_turns=0).asked()
        self.project.commit(turn, {STATE: after.to_json()})
        return why

    def _read_literature(self, settings: Settings) -> Sources:
        """What the settings allow to search; the bundled records are read here so that no prompt waits for them."""
        _ = bundled().papers
        return self._sources or sources_for(settings, self.project.path)

    def _note_run(self, event: StateChanged) -> None:
        path = self.project.private(RUN)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps({"state": event.state, "reason": event.reason}), encoding="utf-8")
        temporary.replace(path)


def _passages(project: Project, settings: Settings, phase: Phase) -> tuple[str, ...]:
    """What the full texts that were read say about the work at hand, where agents weigh what is known."""
    if phase not in (Phase.PLAN, Phase.INTERPRETATION, Phase.REPORT):
        return ()
    query = f"{settings.question} {project.read('plan.md')[:2000]}"
    return passages_for(project, query, settings.prompt_tokens // 8)


class InCircles(PersonNeeded):
    """The work does not get on."""

    cause = "loop"


def _stuck(progress: Progress, settings: Settings) -> PersonNeeded | None:
    """Why a person is to look at the work before it goes on; None when it gets on."""
    limit = allowance(progress.phase, settings)
    where = f"write a note in notes/{progress.phase.value}.md or change lab.toml"
    if progress.phase_turns >= limit:
        message = f"{progress.phase.title} has used its {limit} turns without a result."
        hint = f"Nothing is lost. Look at the last turns, {where}, and run on: the phase then gets {limit} turns more."
        return InCircles(message, hint)
    why = diagnosis(progress, settings, progress.cost.money - progress.step_money)
    return InCircles(why, f"Nothing is lost. Look at the last turns, {where}, and run on.") if why else None


def allowance(phase: Phase, settings: Settings) -> int:
    """How many turns a phase may take before a person is asked to look."""
    attempts = REPAIRS + 2
    return {
        Phase.LITERATURE: 15 + 5 * settings.papers,
        Phase.PLAN: 10 + settings.dialogue_turns,
        Phase.DATA: 10 + settings.preparation_turns,
        Phase.EXPERIMENTS: attempts * (settings.solver_steps + 2),
        Phase.INTERPRETATION: 10 + settings.dialogue_turns,
        Phase.REPORT: attempts * (settings.report_steps + 5),
        Phase.REFINEMENT: 12,
    }[phase]
