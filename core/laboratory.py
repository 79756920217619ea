"""The laboratory: walks the phases one turn at a time, and tells what happens as one stream of events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from core.cassette import FOLDER, Recording, Shelf, Tape
from core.desks import Desks
from core.errors import LabError, of_the_disk
from core.events import (
    Event,
    Notice,
    PhaseFinished,
    PhaseStarted,
    RunStarted,
    State,
    StateChanged,
    Steered,
    TurnCommitted,
)
from core.gate import Gate, PersonNeeded, verdict_from_json
from core.handwork import commit_hand_edits
from core.ledger import Account, ledger_of
from core.literature.sources import Sources
from core.loops import accepted, stuck
from core.models.calls import Patience
from core.models.model import Model
from core.phases import data, experiments, interpretation, literature, plan, refinement, report
from core.progress import STATE, Progress, read_progress
from core.record import Agent, Phase, Status, Turn
from core.results import done_again, stands, word_on
from core.sandbox.run import Tier, best_tier, describe
from core.sandbox.scratch import sweep
from core.settings import Copilot, Settings
from core.steering import FILE as STEERING
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
        self._shelf = Shelf(project.private(FOLDER))
        self._tape, self._played = tape or (lambda head: Recording(self._shelf, head)), tape is not None
        self._ledger = ledger_of(project)
        self.desks = Desks(project, gate, self._ledger, model, sources, patience)
        self._said = asyncio.Queue[Event | None]()
        self._settings = Settings("", "")

    async def run(self, until: Phase | None = None, turns: int | None = None) -> AsyncGenerator[Event]:
        """Work until the end, the end of phase `until`, or for `turns` turns; the one public entry.

        Closing the generator stops at once and loses at most the turn in flight. Raises ProjectLocked and ProjectError
        before the first event; afterwards, what stops the run is told by the last StateChanged.
        """
        with self.project.lock():
            self._said = asyncio.Queue()
            await to_the_end(self.project.recover)
            self.gate.recall(self.project.private(STEERING))
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
                told = of_the_disk(error)
                defect = f"a defect in labtop: {type(error).__name__}: {error}"
                stop = StateChanged(State.STOPPED, f"{told.title}: {told}" if told else defect)
                if told is None:
                    raise
                yield stop
            finally:
                with suppress(OSError):  # the event has told it; where the disk is full, nothing can be noted
                    self._note_run(stop)

    async def _run(self, until: Phase | None, turns: int | None) -> AsyncGenerator[Event]:
        progress, self._settings = read_progress(self.project), self.project.settings()
        models = self.desks.models(self._settings)
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
        self.gate.listen(lambda: self._said.put_nowait(self._steered))
        yield self._steered
        taken, announced = 0, None
        while True:
            phase = await self._to_review(progress)
            if phase is not None:
                async for event in self._review(progress, phase):
                    yield event
                    taken, announced = taken + isinstance(event, TurnCommitted), None
                progress = read_progress(self.project)
            if progress.finished:
                break
            if until is not None and until in progress.done:
                yield StateChanged(State.STOPPED, f"{until.title.lower()} is done")
                return
            if turns is not None and taken >= turns:
                yield StateChanged(State.STOPPED, f"turn limit of {turns} reached")
                return
            if self.gate.stops:
                self.gate.reckon(await asyncio.to_thread(self._spent), progress.phase)
            if self.gate.held:
                if self.gate.attended:
                    yield self._steered
                    yield StateChanged(State.PAUSED, self.gate.held)
                async for event in self._meanwhile(asyncio.ensure_future(self.gate.opened())):
                    yield event
                progress = read_progress(self.project)
                continue
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

    async def _meanwhile(self, waits: asyncio.Future[Any]) -> AsyncGenerator[Event]:
        """What happens until `waits` is done; what the person changes in the files becomes a turn of theirs at once."""
        changed, loop = asyncio.Event(), asyncio.get_running_loop()

        def on_change(_: frozenset[str]) -> None:
            loop.call_soon_threadsafe(changed.set)

        stop = await asyncio.to_thread(watch, self.project.path, on_change)
        changed.set()  # what was changed before anybody watched
        said = asyncio.ensure_future(self._said.get())
        try:
            while not waits.done():
                seen = asyncio.ensure_future(changed.wait())
                await asyncio.wait({waits, seen, said}, return_when=asyncio.FIRST_COMPLETED)
                seen.cancel()
                if said.done():
                    if event := said.result():
                        yield event
                    said = asyncio.ensure_future(self._said.get())
                if changed.is_set():
                    changed.clear()
                    edits = await to_the_end(commit_hand_edits, self.project)
                    if edits:
                        yield edits
                        with suppress(LabError):  # what is wrong with the settings is said before the next turn
                            self._take_up(await asyncio.to_thread(self.project.settings))
            if said.done() and (event := said.result()):  # taken from the queue, so that nobody else will tell it
                yield event
            await waits
        finally:
            waits.cancel()
            said.cancel()
            await to_the_end(stop)

    async def _to_review(self, progress: Progress) -> Phase | None:
        """The phase whose result the person is asked about now, or was asked about when this was recorded."""
        phase = self.gate.reviewing
        if phase is None and self._played:
            head = await asyncio.to_thread(lambda: self.project.head)
            asked = self._tape(head).expected("verdict") or {}
            phase = Phase(asked["result"]) if "result" in asked else None
        return phase if phase is not None and stands(progress, phase) else None

    async def _review(self, progress: Progress, phase: Phase) -> AsyncGenerator[Event]:
        """Ask the person about a phase's result, and send the work back into it when they say so."""
        head = await asyncio.to_thread(lambda: self.project.head)
        tape = self._tape(head)
        asked = {"result": phase.value, "words": progress.done[phase]}
        waits = asyncio.ensure_future(
            tape.take(
                "verdict", asked, lambda: word_on(self.project, progress, phase, self.gate, self._said.put_nowait)
            )
        )
        async for event in self._meanwhile(waits):
            yield event
        progress, verdict = read_progress(self.project), verdict_from_json(waits.result())
        if stands(progress, phase):  # an edit meanwhile may have sent the work elsewhere
            again = await to_the_end(done_again, self.project, progress, phase, verdict, tape)
            if again:
                self._shelf.committed()
                yield again
        self.gate.reviewed()

    def _take_up(self, settings: Settings) -> None:
        """Go by these settings, and say so where they ask the person more often, or less."""
        before, self._settings = self._settings, settings
        if any(before.copilot_in(phase) is not settings.copilot_in(phase) for phase in Phase):
            self._said.put_nowait(self._steered)

    @property
    def _steered(self) -> Steered:
        """What the person has asked for, now."""
        modes = {phase: self.gate.mode(phase, self._settings.copilot_in(phase)) for phase in Phase}
        return Steered(self.gate.state, self.gate.held, modes, self.gate.stops)

    def _spent(self) -> float:
        """US dollars by the ledger."""
        return self._ledger.spent(Account()).project.money

    async def _turn(self) -> AsyncGenerator[Event]:
        """The person's own edits as a turn of theirs, if there are any; then one turn of an agent."""
        edits = await to_the_end(commit_hand_edits, self.project)
        if edits:
            yield edits
        progress, settings = read_progress(self.project), self.project.settings()
        self._take_up(settings)
        why = stuck(progress, settings)
        head = await asyncio.to_thread(lambda: self.project.head)
        tape = self._tape(head)
        if why:
            raise await to_the_end(self._ask, progress, why, tape)
        clock = Stopwatch()
        queue = self._said
        loop = asyncio.get_running_loop()

        def tell(event: Event) -> None:
            """Say what happens from whatever thread it happens in."""
            loop.call_soon_threadsafe(queue.put_nowait, event)

        desk = await asyncio.to_thread(self.desks.laid, settings, progress, head, tape, queue.put_nowait, tell)
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
            mode = self.gate.mode(progress.phase, settings.copilot_in(progress.phase))
            self.gate.phase_done(progress.phase, mode)
            if mode is Copilot.NOTIFY:
                yield Notice("bell", f"{progress.phase.title} is done: {draft.finished}. The run goes on.")

    def _commit(self, desk: Desk, draft: Draft, seconds: float) -> list[Event]:
        before = desk.progress
        time, seconds = desk.tape.ended(seconds)
        cost = replace(desk.exchange.spent, seconds=seconds)
        after = replace(draft.progress, turn=desk.turn, changes=draft.remark, cost=before.cost + cost)
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

    def _note_run(self, event: StateChanged) -> None:
        """Write down how the run stands, for `labtop status`."""
        path = self.project.private(RUN)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps({"state": event.state, "reason": event.reason}), encoding="utf-8")
        temporary.replace(path)
