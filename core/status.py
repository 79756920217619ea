"""Where a project stands, as `labtop status` tells it: read from the files, without an engine."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.events import State
from core.laboratory import RUN, read_progress
from core.record import Phase

if TYPE_CHECKING:
    from core.progress import Progress
    from core.workspace.project import Project


def status(project: Project) -> dict[str, Any]:
    """The project's state as one JSON-able object (the fields of `labtop status --json`)."""
    progress = read_progress(project)
    state, reason = _state(project, progress)
    sunk = project.sunk_cost()
    return {
        "project": project.name,
        "branch": project.branch,
        "head": project.head,
        "state": state.value,
        "reason": reason,
        "phase": progress.phase.value,
        "phases": {phase.value: _phase_state(progress, phase) for phase in Phase},
        "turns": progress.turn,
        "best": _best(project, progress),
        "cost": asdict(progress.cost + sunk),
    }


def _state(project: Project, progress: Progress) -> tuple[State, str]:
    """What the run does, or why it does nothing."""
    if progress.finished:
        return State.FINISHED, "the report is done"
    try:
        noted = json.loads(project.private(RUN).read_text(encoding="utf-8"))
        state, reason = State(noted["state"]), str(noted["reason"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        state, reason = State.STOPPED, "not started yet"
    if project.holder() is None and state in (State.RUNNING, State.PAUSED):
        words = "the process that ran it ended unexpectedly; `labtop run` goes on from the last turn"
        return State.STOPPED, words
    return state, reason


def _phase_state(progress: Progress, phase: Phase) -> str:
    if phase in progress.done:
        return "done"
    return "current" if phase is progress.phase else "ahead"


def _best(project: Project, progress: Progress) -> dict[str, Any] | None:
    best = progress.programs.best
    if best is None:
        return None
    return {
        "metric": best.metrics.get("metric"),
        "value": best.metrics.get("value"),
        "judge": best.judge,
        "commit": project.turn_at(str(best.turn)).commit,
    }
