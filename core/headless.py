"""A laboratory behind an open gate: a readable transcript or JSON lines, and an exit code."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing

from core.clean import clean
from core.events import (
    Event,
    Notice,
    PhaseFinished,
    PhaseStarted,
    ProgramFinished,
    ProgramStarted,
    ReportCompiled,
    Restarted,
    RunStarted,
    State,
    StateChanged,
    Thinking,
    Token,
    TurnCommitted,
    TurnStarted,
    Waiting,
    as_json,
)
from core.laboratory import Laboratory
from core.ledger import Sum, ledger_of
from core.progress import read_progress
from core.record import Phase, Status
from core.results import stands
from core.unattended import OnlyInTheApp, OpenGate
from core.workspace.project import Project

DONE, ERROR, WAITING, BUDGET = 0, 1, 3, 4
"""Exit codes: all that was asked is done; an error stopped the run; a person is needed; a cap of the budget is reached.

The last is told apart so that a script can raise the cap, or stop for good.
"""

_MARKS = {
    Status.OK: "✓",
    Status.FAILED: "✗ failed:",
    Status.MALFORMED: "? not understood:",
    Status.DECLINED: "– declined:",
}
"""A mark to find by eye, and for what did not go well a word: the transcript is also read aloud."""


async def run(
    project: Project,
    say: Callable[[str], None],
    *,
    until: Phase | None = None,
    turns: int | None = None,
    as_lines: bool = False,
) -> int:
    """Run a project without a screen, saying each event through `say`; returns the exit code."""
    state, gate = StateChanged(State.STOPPED, ""), OpenGate()

    def tell(event: Event) -> None:
        text = _line(event) if not as_lines else json.dumps(as_json(event), ensure_ascii=False)
        if text and not (as_lines and isinstance(event, (Token, Thinking))):
            say(text)

    async with aclosing(Laboratory(project, gate).run(until, turns)) as events:
        async for event in events:
            if isinstance(event, StateChanged):
                state = event
            tell(event)
            if isinstance(event, PhaseStarted) and gate.passes and stands(read_progress(project), gate.passes):
                tell(Notice("info", f"{gate.passes.title} is done, and waited for your word: the run goes on without."))
    if not as_lines:
        say(await asyncio.to_thread(_account, project, state))
    return exit_code(state)


def _account(project: Project, state: StateChanged) -> str:
    """What all of it has cost so far, and what to do where a person is waited for."""
    spent = sum(ledger_of(project).accounts().values(), Sum())
    tokens = spent.prompt_tokens + spent.completion_tokens
    said = f"So far {spent.calls} calls of models, {tokens:,} tokens, ${spent.amount.money:.2f}."
    match exit_code(state):
        case code if code == BUDGET:
            said += "\nNext: raise the cap in [budget] of lab.toml, then run it again."
        case code if code == WAITING:
            again = "" if state.cause == OnlyInTheApp.cause else ", or run it again to go on"
            said += f"\nNext: decide in the app (labtop open {project.path}){again}."
        case _:
            pass
    return clean(said)


def exit_code(state: StateChanged) -> int:
    """What a run that ended in `state` tells a script."""
    match state.state:
        case State.FINISHED:
            return DONE
        case State.WAITING | State.PAUSED:
            return BUDGET if state.cause == "budget" else WAITING
        case _:
            reached = state.reason.startswith("turn limit") or state.reason.endswith("is done")
            return DONE if reached else ERROR


def _line(event: Event) -> str:
    """One event as a line of the transcript; empty when it is not worth one."""
    match event:
        case RunStarted():
            return clean(
                f"{event.project} ▸ {event.branch}, turn {event.turns}\nmodel: {event.model}\nsandbox: {event.sandbox}"
            )
        case PhaseStarted(phase):
            return f"\nPhase {phase.number} of 7: {phase.title}"
        case TurnStarted(turn, _, agent, _, task, progress):
            return clean(f"{turn:>4}  {agent.title} {task}" + (f" ({progress})" if progress else ""))
        case Waiting(_, reason, seconds):
            return clean(f"      waits{f' {seconds:.0f} s' if seconds > 0 else ''}: {reason}")
        case Restarted(_, reason):
            return clean(f"      asks again: {reason}")
        case ProgramStarted(_, path, _, limit):
            return clean(f"      runs {path}, at most {limit:.0f} s")
        case ProgramFinished(_, problem, seconds):
            return clean(f"      {problem or 'ended well'} after {seconds:.1f} s")
        case ReportCompiled(_, pages, problems):
            return f"      LaTeX: {len(problems)} problems" if problems else f"      LaTeX: {len(pages)} pages"
        case TurnCommitted(turn, commit):
            money = f"  ${turn.cost.money:.4f}" if turn.cost.money else ""
            mark = _MARKS[turn.status]
            return clean(f"{turn.number:>4} {mark} {turn.agent.title}: {turn.subject}  [{commit[:8]}]{money}")
        case PhaseFinished(phase, summary):
            return clean(f"      {phase.title}: {summary}")
        case Notice(level, text):
            return clean(f"{level}: {text}")
        case StateChanged(state, reason) if state is not State.RUNNING:
            return clean(f"\n{state}: {reason}")
        case _:
            return ""
