"""A phase's result before the person: approved, or the phase is done again, with their comment as a note to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.cassette import Tape
from core.edits import unified_diff
from core.events import Event, Notice, Proposed, State, StateChanged, TurnCommitted
from core.gate import Approve, Decline, Gate, Pick, Proposal, Question, Verdict, new_key, verdict_json
from core.progress import STATE, Progress
from core.record import Agent, Phase, Status, Turn

if TYPE_CHECKING:
    from core.workspace.project import Project

REPORT = "report/report.tex"
RESULTS: Mapping[Phase, str] = {
    Phase.LITERATURE: "literature/review.md",
    Phase.PLAN: "plan.md",
    Phase.DATA: "data/prepare.py",
    Phase.EXPERIMENTS: "experiment/main.py",
    Phase.INTERPRETATION: "interpretation.md",
    Phase.REPORT: REPORT,
    Phase.REFINEMENT: REPORT,
}
"""The file that a person looks at to judge what a phase has come to."""


def stands(progress: Progress, phase: Phase) -> bool:
    """Whether the work stands at the result of `phase`: no turn of the next one has been made."""
    after = list(Phase)[phase.number :]
    here = progress.phase is after[0] and progress.phase_turns == 0 if after else progress.finished
    return phase in progress.done and here


async def word_on(
    project: Project, progress: Progress, phase: Phase, gate: Gate, emit: Callable[[Event], None]
) -> dict[str, Any]:
    """Show the person the result, its file whole, and wait for their word on it; the verdict in JSON's values."""
    path, words = RESULTS[phase], progress.done[phase]
    text = await asyncio.to_thread(project.read, path)
    diff = unified_diff("", text, path)
    key = new_key()
    emit(Proposed(progress.turn, Agent.LABTOP, "", path, diff, phase, key=key))
    emit(StateChanged(State.WAITING, f"{phase.title} is done: {words}"))
    proposal = Proposal(progress.turn, phase, Agent.LABTOP, words, "", path, diff, key=key)
    while isinstance(said := await gate.verdict(proposal), Question | Pick):
        emit(Notice("warning", "This is a phase's result: approve it, or have the phase done again."))
    return verdict_json(said)


def done_again(
    project: Project, progress: Progress, phase: Phase, verdict: Verdict, tape: Tape
) -> TurnCommitted | None:
    """Send the work back into `phase` as a turn of the person's, with their comment as a note; None when approved.

    As with any round after the first, candidates and files stay: the agents go on from them.
    """
    if isinstance(verdict, Approve):
        return None
    comment = " ".join(verdict.reason.split()) if isinstance(verdict, Decline) else ""
    again = f"has {phase.title.lower()} done again"
    subject = f"{again}: {comment}" if comment else again
    time, _ = tape.ended(0.0)
    turn = Turn(
        number=progress.turn + 1,
        phase=phase,
        agent=Agent.RESEARCHER,
        model="",
        command="",
        subject=subject,
        reply=comment,
        status=Status.OK,
        outcome=f"The researcher {subject}.",
        time=time,
        began=tape.began,
        takes=tape.names,
    )
    after = replace(progress.sent_back(phase, f"the researcher {again}"), turn=turn.number, changes="").stepped()
    changes: dict[str, str | bytes | None] = {}
    if comment:
        notes = f"notes/{phase.value}.md"
        changes[notes] = f"{project.read(notes)}{comment}\n"
    if phase.number < Phase.REPORT.number and project.read(REPORT):
        changes[REPORT] = None  # a report on results that are about to change is begun anew; the history keeps this one
    return TurnCommitted(turn, project.commit(turn, {**changes, STATE: after.to_json()}))
