"""The laboratory: walks the phases one turn at a time, and tells what happens as one stream of events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace

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
from core.gate import Gate, PersonNeeded
from core.handwork import commit_hand_edits
from core.literature.library import Library, bundled
from core.models.choose import Models
from core.models.model import Model
from core.phases import data, experiments, interpretation, literature, plan, refinement, report
from core.progress import STATE, Progress, read_progress
from core.record import Agent, Phase, Status, Turn, now
from core.replies import Replies
from core.sandbox.run import Tier, best_tier, describe
from core.sandbox.scratch import sweep
from core.settings import Settings
from core.solver.search import REPAIRS
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
    """One project at work. `gate` is the person; `model` overrides the settings' model."""

    def __init__(self, project: Project, gate: Gate, model: Model | None = None) -> None:
        self.project = project
        self.gate = gate
        self._model = model

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
                stop = StateChanged(State.WAITING, str(error))
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
        settings = self.project.settings()
        model = self._model or Models(settings).model_for(progress.phase, Agent.PHD_STUDENT)
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
        model = self._model or Models(settings).model_for(progress.phase, Agent.PHD_STUDENT)
        if progress.phase_turns >= allowance(progress.phase, settings):
            raise await to_the_end(self._stuck, progress, settings)
        clock = Stopwatch()
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        head = await asyncio.to_thread(lambda: self.project.head)
        library = await asyncio.to_thread(_read_library)
        desk = Desk(self.project, settings, progress, model, self.gate, queue.put_nowait, library, head)
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

    def _commit(self, desk: Desk, draft: Draft, seconds: float) -> list[Event]:
        before = desk.progress
        cost = replace(desk.spent, seconds=round(seconds, 3))
        after = replace(draft.progress, turn=desk.turn, changes="", cost=before.cost + cost)
        if after.phase is before.phase and after.round == before.round:
            after = replace(after, phase_turns=before.phase_turns + 1).remembering(draft.remembered(desk.turn))
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
        )
        commit = self.project.commit(turn, {**draft.changes, STATE: after.to_json()})
        Replies(self.project.private("replies")).committed()
        events: list[Event] = [TurnCommitted(turn, commit)]
        if draft.finished:
            events.append(PhaseFinished(before.phase, draft.finished))
        return events

    def _stuck(self, progress: Progress, settings: Settings) -> PersonNeeded:
        """Say in the history that a phase has used its turns, so that the next run begins with a new allowance."""
        limit = allowance(progress.phase, settings)
        message = f"{progress.phase.title} has used its {limit} turns without a result."
        turn = Turn(
            progress.turn + 1, progress.phase, Agent.LABTOP, "", "", message, "", Status.FAILED, message, time=now()
        )
        after = replace(progress, turn=turn.number, phase_turns=0)
        self.project.commit(turn, {STATE: after.to_json()})
        return PersonNeeded(
            message,
            f"Nothing is lost. Look at the last turns, write a note in notes/{progress.phase.value}.md or change "
            f"lab.toml, and run on: the phase then gets {limit} turns more.",
        )

    def _note_run(self, event: StateChanged) -> None:
        path = self.project.private(RUN)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps({"state": event.state, "reason": event.reason}), encoding="utf-8")
        temporary.replace(path)


def _read_library() -> Library:
    """The bundled library, read here so that no prompt waits for it on the loop."""
    library = bundled()
    _ = library.papers
    return library


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
