"""Where a project stands, as `labtop status` tells it: read from the files, without an engine."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.events import State
from core.laboratory import RUN
from core.progress import read_progress
from core.record import LoggedTurn, Phase

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
        "branch": project.branch_name,
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
    if state is State.FINISHED:
        return State.STOPPED, "it was finished, and has gone back since; `labtop run` goes on from here"
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


def status_text(told: dict[str, Any]) -> str:
    """`status` in words for a person."""
    best, cost = told["best"], told["cost"]
    marks = {"done": "✓", "current": "▶", "ahead": "·"}
    lines = [
        f"{told['project']} ▸ {told['branch']}  turn {told['turns']}  {told['head'][:8]}",
        f"{told['state']}: {told['reason'] or Phase(told['phase']).title.lower()}",
        *(f"  {marks[state]} {Phase(name).title}" for name, state in told["phases"].items()),
    ]
    if best:
        lines.append(f"best: {best['metric']} {best['value']:.4g}, judge {best['judge']:.2f} ({best['commit'][:8]})")
    tokens = cost["prompt_tokens"] + cost["completion_tokens"]
    lines.append(f"cost: {cost['calls']} calls, {tokens} tokens, ${cost['money']:.2f}, {cost['seconds']:.0f} s")
    return "\n".join(lines)


def log_entry(logged: LoggedTurn) -> dict[str, Any]:
    """One turn as the JSON object of `labtop log --json`."""
    turn = logged.turn
    return {
        "turn": turn.number,
        "commit": logged.commit,
        "phase": turn.phase.value,
        "agent": turn.agent.value,
        "command": turn.command,
        "outcome": turn.status.value,
        "subject": turn.subject,
        "score": asdict(turn.score) if turn.score else None,
        "cost": asdict(turn.cost),
        "time": turn.time,
    }


def log_line(logged: LoggedTurn) -> str:
    """One turn as a line for a person."""
    turn = logged.turn
    score = f"  {turn.score.judge:.2f}{' best' if turn.score.kept else ''}" if turn.score else ""
    return f"{turn.number:>4} {logged.commit[:8]} {turn.agent.title:<12} {turn.status:<9} {turn.subject}{score}"
