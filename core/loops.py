"""Notices work that turns in circles, and says in words what repeats."""

from __future__ import annotations

import re
from collections import Counter
from itertools import takewhile

from core.brief import Entry
from core.gate import PersonNeeded
from core.progress import Progress
from core.record import Phase, Status
from core.settings import Settings
from core.solver.outcome import REPAIRS
from core.workspace.turns import one_line

OFTEN = 3
"""How many times the same command with the same outcome is a circle."""
TALKS = (Phase.PLAN, Phase.INTERPRETATION)
"""Conversations that come to their end by the number of their turns, however little is said."""
_SHOWN = 160


class InCircles(PersonNeeded):
    """The work does not get on."""

    cause = "loop"


def stuck(progress: Progress, settings: Settings) -> PersonNeeded | None:
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


def accepted(status: Status) -> bool:
    """Whether a turn is a step forward; one that a person declined is no sign of a circle either."""
    return status in (Status.OK, Status.DECLINED)


def diagnosis(progress: Progress, settings: Settings, spent_without_step: float) -> str:
    """What repeats, in words; empty when nothing does. `spent_without_step` is in US dollars, in this phase."""
    repeated = _repeated(progress)
    if repeated is not None:
        entry, times = repeated
        what = f"{entry.agent.title} has answered {times} times with the same {entry.command or 'unusable reply'}"
        return f"{what}, and the same came of it each time: {_said(entry)}"
    turns = min(progress.turn - progress.step_turn, progress.phase_turns)
    if turns >= settings.stuck_turns:
        return f"{turns} turns of {_phase(progress)} have gone by without a step forward{_last(progress)}"
    if settings.stuck_money and spent_without_step >= settings.stuck_money:
        dollars = f"${spent_without_step:.2f} were spent on {_phase(progress)} without a step forward"
        return f"{dollars}{_last(progress)}"
    return ""


def _repeated(progress: Progress) -> tuple[Entry, int] | None:
    """The newest entry of the phase's memory that is there at least `OFTEN` times, and how many times."""
    entries = [entry for entry in progress.history if _counts(entry, progress)]
    if entries and entries[-1].status is Status.MALFORMED:  # who found the form in between is not stuck on it
        useless = takewhile(lambda entry: entry.status is Status.MALFORMED, reversed(entries))
        entries = list(useless)[::-1]
    times = Counter(map(_mark, entries))
    if entries and times[_mark(entries[-1])] >= OFTEN:
        return entries[-1], times[_mark(entries[-1])]
    return None


def _counts(entry: Entry, progress: Progress) -> bool:
    talk = entry.command == "DIALOGUE" and progress.phase in TALKS
    return entry.turn > progress.asked_turn and entry.status is not Status.DECLINED and not talk


def _mark(entry: Entry) -> tuple[str, ...]:
    """What must be the same; numbers in an outcome (seconds) tell one time from another, no more.

    The answer to a useless reply does not count: it says how many there were, and grows shorter.
    """
    outcome = "" if entry.status is Status.MALFORMED else _NUMBER.sub("#", entry.outcome)
    return entry.agent.value, entry.command, entry.text, entry.digest, outcome


_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def _phase(progress: Progress) -> str:
    return progress.phase.title.lower()


def _last(progress: Progress) -> str:
    return f"; what came of the last: {_said(progress.history[-1])}" if progress.history else "."


def _said(entry: Entry) -> str:
    first = next((line for line in entry.outcome.splitlines() if line.strip()), "nothing")
    return one_line(first, _SHOWN)
