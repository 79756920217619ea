"""Work that turns in circles is noticed and named; work that gets on, however slowly, is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.brief import Brief, Entry
from core.commands import FullText, Summary
from core.events import State
from core.loops import OFTEN, accepted, diagnosis
from core.parsing import write
from core.progress import Progress, read_progress
from core.record import Agent, Cost, Phase, Status
from core.settings import Settings
from tests.scripted import ScriptedModel, events_of, new_project
from tests.test_laboratory import last_state, turns_in

SETTINGS = Settings("x", "Why?")


def work(*entries: Entry, phase: Phase = Phase.EXPERIMENTS, start: Progress | None = None) -> Progress:
    """The state after these turns, as the engine keeps it."""
    progress = start or Progress(phase=phase)
    for entry in entries:
        number = progress.turn + 1
        progress = replace(progress, turn=number, phase_turns=progress.phase_turns + 1)
        progress = progress.remembering(replace(entry, turn=number))
        if accepted(entry.status):
            progress = progress.stepped()
    return progress


def turn(
    command: str = "EDIT 3-5",
    text: str = "Let me mend it.",
    outcome: str = "NameError: x",
    status: Status = Status.FAILED,
    agent: Agent = Agent.ML_ENGINEER,
) -> Entry:
    return Entry(0, agent, command, text, status, outcome)


def test_the_same_command_with_the_same_outcome_three_times_is_a_circle() -> None:
    assert diagnosis(work(turn(), turn()), SETTINGS, 0.0) == ""
    told = diagnosis(work(turn(), turn(), turn()), SETTINGS, 0.0)
    assert (
        told
        == "ML engineer has answered 3 times with the same EDIT 3-5, and the same came of it each time: NameError: x"
    )


def test_a_circle_through_other_turns_is_one_too() -> None:
    other = turn("REPLACE", "Anew.", "SyntaxError")
    assert diagnosis(work(turn(), other, turn(), other, turn()), SETTINGS, 0.0)


@pytest.mark.parametrize(
    "third",
    [
        turn("EDIT 3-6"),
        turn(text="Let me try something else."),
        turn(outcome="NameError: y"),
        turn(agent=Agent.SW_ENGINEER),
    ],
)
def test_another_command_text_outcome_or_agent_is_no_circle(third: Entry) -> None:
    assert diagnosis(work(turn(), turn(), third), SETTINGS, 0.0) == ""


def test_a_circle_that_the_work_has_left_is_none() -> None:
    assert diagnosis(work(turn(), turn(), turn(), turn("REPLACE", "Anew.", "It runs.", Status.OK)), SETTINGS, 0.0) == ""


def test_seconds_and_counts_in_an_outcome_do_not_hide_a_circle() -> None:
    turns = (turn(outcome=f"failed after {seconds} s") for seconds in ("1.2", "1.31", "14"))
    assert diagnosis(work(*turns), SETTINGS, 0.0)


def test_long_texts_that_differ_only_where_they_are_condensed_are_not_the_same() -> None:
    head, tail = "x = 1\n" * 400, "y = 2\n" * 400
    turns = (turn(text=f"{head}{number}{tail}") for number in range(4))
    assert diagnosis(work(*turns), SETTINGS, 0.0) == ""
    assert diagnosis(work(*(turn(text=head + tail) for _ in range(OFTEN))), SETTINGS, 0.0)


def test_so_many_turns_without_a_step_are_a_circle_and_one_step_begins_anew() -> None:
    def failing(count: int) -> list[Entry]:
        return [turn(text=f"Idea {'x' * number}") for number in range(count)]

    most = SETTINGS.stuck_turns
    assert diagnosis(work(*failing(most - 1)), SETTINGS, 0.0) == ""
    told = diagnosis(work(*failing(most)), SETTINGS, 0.0)
    words = "turns of running experiments have gone by without a step forward; what came of the last: NameError: x"
    assert told == f"{most} {words}"
    stepped = work(*failing(most - 1), turn("REPLACE", "Anew.", "accuracy 0.9", Status.OK), *failing(most - 1))
    assert diagnosis(stepped, SETTINGS, 0.0) == ""
    assert diagnosis(work(*failing(40)), replace(SETTINGS, stuck_turns=41), 0.0) == ""


def test_turns_of_an_earlier_phase_and_of_the_person_are_not_held_against_this_one() -> None:
    many = [turn(text="x" * number) for number in range(SETTINGS.stuck_turns - 1)]
    progress = replace(work(*many), phase=Phase.REPORT, phase_turns=0, history=(), turn=30)
    assert diagnosis(work(*many[:5], start=progress), SETTINGS, 0.0) == ""


def test_so_much_money_without_a_step_is_a_circle() -> None:
    assert diagnosis(work(turn()), SETTINGS, 1.99) == ""
    assert diagnosis(work(turn()), SETTINGS, 2.0).startswith("$2.00 were spent on running experiments without a step")
    assert diagnosis(work(turn()), replace(SETTINGS, stuck_money=0.0), 1000.0) == ""
    assert work(turn(status=Status.OK), start=Progress(cost=Cost(money=5.0))).step_money == 5.0


def test_after_a_person_was_asked_all_is_counted_anew() -> None:
    stuck = work(turn(), turn(), turn())
    assert diagnosis(stuck, SETTINGS, 0.0)
    asked = stuck.asked()
    assert diagnosis(work(turn(), turn(), start=asked), SETTINGS, 0.0) == ""
    assert diagnosis(work(turn(), turn(), turn(), start=asked), SETTINGS, 0.0)
    assert Progress.from_json(asked.to_json()) == asked


def test_what_a_person_declines_is_no_circle() -> None:
    assert diagnosis(work(*[turn(status=Status.DECLINED)] * 20), SETTINGS, 0.0) == ""


@pytest.mark.parametrize("phase", [Phase.PLAN, Phase.INTERPRETATION])
def test_a_polite_conversation_is_none_since_it_ends_by_itself(phase: Phase) -> None:
    nod = turn("DIALOGUE", "I agree.", "I agree.", Status.OK, Agent.PHD_STUDENT)
    assert diagnosis(work(*[nod] * 6, phase=phase), SETTINGS, 0.0) == ""
    assert diagnosis(work(*[nod] * 3, phase=Phase.DATA), SETTINGS, 0.0)


def test_a_long_search_that_improves_nothing_but_runs_is_not_stuck() -> None:
    tries = (turn(text=f"Try {chr(97 + number)}", outcome="not better", status=Status.OK) for number in range(25))
    assert diagnosis(work(*tries), SETTINGS, 0.0) == ""


def test_what_is_quoted_of_an_outcome_is_one_short_line() -> None:
    told = diagnosis(work(*[turn(outcome="\x1b[31m" + "x" * 999 + "\nmore")] * 3), SETTINGS, 0.0)
    assert "\x1b" not in told
    assert "more" not in told
    assert len(told) < 300


def always(reply: str) -> Callable[[Brief], str]:
    return lambda _: reply


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("I would rather talk.", "the same unusable reply"),
        (write(FullText("breiman2001random")), "the same FULL_TEXT breiman2001random"),
    ],
)
async def test_the_run_waits_with_the_diagnosis_and_goes_on_when_it_is_run_again(
    tmp_path: Path, reply: str, words: str
) -> None:
    project = new_project(tmp_path / "p", papers=5, arxiv=False)
    model = ScriptedModel(always(reply))
    state = last_state(await events_of(project, model))
    assert (state.state, state.cause) == (State.WAITING, "loop")
    assert words in state.reason
    first = len(model.requests)
    assert first == OFTEN
    assert project.log(1)[0].turn.agent is Agent.LABTOP
    again = await events_of(project, model)
    assert last_state(again).cause == "loop"
    assert len(model.requests) == first + OFTEN
    assert len(turns_in(again)) == OFTEN


async def test_a_run_that_gets_on_is_not_stopped(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", arxiv=False, stuck_turns=3)
    count = iter(range(10**6))
    model = ScriptedModel(lambda _: write(Summary(f"trees {next(count)}")))
    state = last_state(await events_of(project, model, turns=6))
    assert state.state is State.STOPPED
    assert read_progress(project).step_turn == 6
