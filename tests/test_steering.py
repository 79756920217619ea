"""How often a person is asked, and where a run holds: by phase, changed at any moment, fired, told and remembered."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.brief import Brief
from core.commands import Dialogue, Plan, Summary
from core.events import Event, Notice, Proposed, State, StateChanged, Steered, TurnCommitted
from core.gate import Approve, Decline, PersonGate, Skip
from core.headless import WAITING
from core.headless import run as run_headless
from core.parsing import write
from core.progress import read_progress
from core.record import Agent, Phase
from core.settings import Copilot
from core.steering import FILE, Steering, SteeringError, moment, remember, remembered, stop_from_words
from core.unattended import OpenGate
from core.workspace.project import Project
from tests.scripted import ScriptedModel, events_of, new_project
from tests.steered import (
    PricedModel,
    answering,
    is_paused,
    replays,
    run,
    standing_at,
    turns_of,
)

RUNNING = State.RUNNING
NIGHT = datetime(2026, 3, 1, 22, 30).astimezone()


def talker(brief: Brief) -> str:
    """Says something new each turn; the postdoc hands the plan in when nothing else may be done."""
    if brief.phase is Phase.PLAN and brief.agent is Agent.POSTDOC and brief.history:
        return write(Plan("# Plan\n\nMeasure accuracy."))
    if brief.phase is Phase.PLAN:
        return write(Dialogue(f"Thought {len(brief.history)} of {brief.agent}."))
    return write(Summary(f"forests {len(brief.history)}"))


def waits(events: list[Event]) -> list[StateChanged]:
    return [event for event in events if isinstance(event, StateChanged) and is_waiting(event)]


def is_waiting(event: Event) -> bool:
    return isinstance(event, StateChanged) and event.state is State.WAITING


def steered(events: list[Event]) -> list[Steered]:
    return [event for event in events if isinstance(event, Steered)]


# How often the person is asked


async def test_a_phase_of_its_own_mode_asks_and_the_others_do_not(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    _ask_in(project.path, 'plan-formulation = "turn"')
    gate = PersonGate(running=True)
    assert not waits(await run(project, ScriptedModel(talker), gate, turns=1))
    project = standing_at(tmp_path / "q", Phase.PLAN, {})
    _ask_in(project.path, 'plan-formulation = "turn"')
    assert waits(await run(project, ScriptedModel(talker), gate, answering(gate, Approve()), turns=1))


def _ask_in(folder: Path, line: str) -> None:
    text = (folder / "lab.toml").read_text()
    (folder / "lab.toml").write_text(text.replace("[copilot_phases]\n", f"[copilot_phases]\n{line}\n"))


async def test_without_a_person_a_phase_that_asks_ends_the_run(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    _ask_in(project.path, 'literature-review = "turn"')
    events = await events_of(project, ScriptedModel(talker))
    assert waits(events)
    assert [turn.agent for turn in turns_of(events)] == [Agent.RESEARCHER]


async def test_the_mode_of_a_phase_is_changed_while_it_runs(tmp_path: Path) -> None:
    project, gate = new_project(tmp_path / "p"), PersonGate(running=True)
    answer = answering(gate, Approve(), Approve())

    def person(event: Event) -> None:
        answer(event)
        if isinstance(event, TurnCommitted):
            gate.set_autonomy(Phase.LITERATURE, Copilot.TURN if event.turn.number == 1 else Copilot.OFF)

    events = await run(project, ScriptedModel(talker), gate, person, turns=3)
    assert [event.turn.number for event in events if isinstance(event, TurnCommitted)] == [1, 2, 3]
    assert len(waits(events)) == 1
    assert next(one.autonomy[Phase.LITERATURE] for one in steered(events)) is Copilot.OFF
    assert Copilot.TURN in [one.autonomy[Phase.LITERATURE] for one in steered(events)]


async def test_how_often_one_is_asked_by_lab_toml_is_told_anew_when_it_is_changed_while_the_run_is_held(
    tmp_path: Path,
) -> None:
    project, gate = new_project(tmp_path / "p"), PersonGate(running=False)

    def person(event: Event) -> None:
        if is_paused(event):
            _ask_in(project.path, 'plan-formulation = "turn"')

    def is_told(event: Event) -> bool:
        return isinstance(event, Steered) and event.autonomy[Phase.PLAN] is Copilot.TURN

    assert is_told((await run(project, ScriptedModel(talker), gate, person, enough=is_told))[-1])


async def test_modes_and_stops_are_remembered_by_an_engine_that_is_started_again(tmp_path: Path) -> None:
    project, gate = new_project(tmp_path / "p"), PersonGate(running=True)
    await run(project, ScriptedModel(talker), gate, turns=1)
    gate.set_autonomy(Phase.LITERATURE, Copilot.TURN)
    gate.stop_at(money=5.0, clock="03:00")
    later = PersonGate(running=True)
    events = await run(project, ScriptedModel(talker), later, answering(later, Approve()), turns=1)
    assert waits(events)
    assert later.stops == ("at $5.00", "at 03:00")
    assert steered(events)[0].stops == later.stops


async def test_what_was_asked_for_and_cannot_be_read_holds_the_run_instead_of_going_on_without_it(
    tmp_path: Path,
) -> None:
    project = new_project(tmp_path / "p")
    for broken in ("{", '{"money": "much"}', '{"time": "at night"}', '{"autonomy": {"nap": "off"}}'):
        project.private(FILE).write_text(broken)
        gate = PersonGate(running=True)
        events = await run(project, ScriptedModel(talker), gate, enough=is_paused)
        assert "cannot be read" in events[-1].reason  # type: ignore[union-attr]


async def test_what_is_asked_for_and_cannot_be_written_down_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    gate = PersonGate(running=True)
    gate.recall(tmp_path / FILE)
    (tmp_path / FILE).mkdir()
    with pytest.raises(SteeringError, match="cannot be written down"):
        gate.stop_at(money=5.0)
    assert gate.stops == ()


# Without a person


def asked_in_the_app(project: Project, steering: Steering) -> None:
    remember(steering, project.private(FILE))


@pytest.mark.parametrize("stop", [Steering(money=1.0), Steering(time="2026-03-01T23:00:00+00:00")])
async def test_a_stop_that_was_set_in_the_app_ends_a_run_without_one_and_is_gone_then(
    tmp_path: Path, stop: Steering
) -> None:
    project, model = new_project(tmp_path / "p"), PricedModel(talker)
    await events_of(project, model, turns=1)
    cost = read_progress(project).cost.money
    asked_in_the_app(project, replace(stop, money=stop.money and 1.5 * cost))
    clock = iter([datetime(2026, 3, 1, 22, tzinfo=UTC), *[datetime(2026, 3, 1, 23, 1, tzinfo=UTC)] * 9])
    events = await events_of(project, model, OpenGate(now=lambda: next(clock)))
    assert [turn.number for turn in turns_of(events)] == [2]
    assert is_waiting(events[-1])
    assert "as you asked" in events[-1].reason  # type: ignore[union-attr]
    assert len([event for event in events if isinstance(event, StateChanged) and event.state is not RUNNING]) == 1
    assert [turn.number for turn in turns_of(await events_of(project, model, turns=1))] == [3]


async def test_a_phase_to_hold_after_ends_a_run_without_the_app_with_what_to_do_next(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", papers=1)
    asked_in_the_app(project, Steering(after=Phase.LITERATURE))
    said: list[str] = []
    assert await run_headless(project, said.append) == WAITING
    assert read_progress(project).phase is Phase.PLAN
    assert "Literature review is done" in said[-2]
    assert said[-1].endswith(f"(labtop open {project.path}), or run it again to go on.")
    assert not remembered(project.private(FILE)).stops


async def test_how_often_one_is_asked_as_chosen_in_the_app_goes_before_lab_toml_without_the_app_too(
    tmp_path: Path,
) -> None:
    asking = new_project(tmp_path / "p")
    asked_in_the_app(asking, Steering({Phase.LITERATURE: Copilot.TURN}))
    events = await events_of(asking, ScriptedModel(talker))
    assert not turns_of(events)
    assert "in the app you have asked to decide every turn" in waits(events)[-1].reason
    said: list[str] = []
    assert await run_headless(asking, said.append) == WAITING
    assert said[-1].endswith(f"Next: decide in the app (labtop open {asking.path}).")
    assert "\n".join(said).count("waiting: ") == 1
    trusting = new_project(tmp_path / "q", copilot="turn")
    assert "in lab.toml you have asked" in waits(await events_of(trusting, ScriptedModel(talker)))[-1].reason
    asked_in_the_app(trusting, Steering({Phase.LITERATURE: Copilot.OFF}))
    assert turns_of(await events_of(trusting, ScriptedModel(talker), turns=1))


async def test_what_was_asked_for_in_the_app_and_cannot_be_read_lets_nothing_run_without_it(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    for broken in ("{", '{"money": NaN}', '{"money": -1}', '{"time": "2026-03-01"}', "[" * 10**5):
        project.private(FILE).write_text(broken)
        events = await events_of(project, ScriptedModel(talker))
        assert not turns_of(events), broken
        assert "cannot be read" in waits(events)[-1].reason
        assert str(project.private(FILE)) in waits(events)[-1].reason


async def test_a_result_that_a_run_without_the_app_came_to_is_asked_about_in_the_app_or_passed_by_running_on(
    tmp_path: Path,
) -> None:
    project = new_project(tmp_path / "p", papers=1, copilot="phase")
    assert await run_headless(project, lambda line: None) == WAITING
    gate = PersonGate(running=False)
    await run(project, ScriptedModel(talker), gate, enough=is_waiting)
    assert gate.reviewing is Phase.LITERATURE
    said: list[str] = []
    await run_headless(project, said.append, until=Phase.LITERATURE)
    assert not any("waited for your word" in line for line in said)
    await run_headless(project, said.append, turns=1)
    assert any("Literature review is done, and waited for your word" in line for line in said)
    assert read_progress(project).phase_turns == 1
    said.clear()
    await run_headless(project, said.append, turns=1)
    assert not any("waited for your word" in line for line in said)


# A phase's result


async def test_an_approved_result_lets_the_next_phase_begin(tmp_path: Path) -> None:
    project = standing_at(tmp_path / "p", Phase.PLAN, {}, copilot="phase")
    gate = PersonGate(running=True)
    events = await run(project, ScriptedModel(talker), gate, answering(gate, Approve()), until=Phase.PLAN)
    (asked,) = [event for event in events if isinstance(event, Proposed) and event.result]
    assert (asked.result, asked.path) == (Phase.PLAN, "plan.md")
    assert "+Measure accuracy." in asked.diff
    assert "Plan formulation is done" in waits(events)[0].reason
    assert read_progress(project).phase is Phase.DATA
    assert gate.reviewing is None


@pytest.mark.parametrize("verdict", [Decline("Name the metric.\nAnd the seeds."), Skip()])
async def test_a_result_that_is_sent_back_is_done_again_with_the_comment_as_a_note(
    tmp_path: Path, verdict: Decline | Skip
) -> None:
    project = standing_at(tmp_path / "p", Phase.PLAN, {}, copilot="phase")
    model, gate = ScriptedModel(talker), PersonGate(running=True)
    events = await run(project, model, gate, answering(gate, verdict, Approve()), until=Phase.PLAN)
    mine = [turn for turn in turns_of(events) if turn.agent is Agent.RESEARCHER]
    assert [turn.subject.partition(":")[0] for turn in mine] == ["has plan formulation done again"]
    asked_again = model.requests[len(model.requests) // 2].user
    notes = project.read("notes/plan-formulation.md")
    assert ("Name the metric. And the seeds." in notes) == isinstance(verdict, Decline)
    assert ("Name the metric. And the seeds." in asked_again) == isinstance(verdict, Decline)
    assert read_progress(project).phase is Phase.DATA
    made, same = await replays(project)
    assert same, made
    assert len(made) == len(turns_of(events)) + 1


async def test_what_a_person_edits_while_they_look_at_a_result_becomes_a_turn_of_theirs(tmp_path: Path) -> None:
    project = standing_at(tmp_path / "p", Phase.PLAN, {}, copilot="phase")
    gate = PersonGate(running=True)

    def person(event: Event) -> None:
        if isinstance(event, StateChanged) and event.state is State.WAITING:
            (project.path / "plan.md").write_text("# Mine\n")
        if isinstance(event, TurnCommitted) and event.turn.agent is Agent.RESEARCHER:
            gate.answer(Approve())

    await run(project, ScriptedModel(talker), gate, person, until=Phase.PLAN)
    assert project.log(1)[0].turn.subject == "changed plan.md"
    assert project.read("plan.md") == "# Mine\n"
    assert read_progress(project).phase is Phase.DATA


async def test_a_result_that_nobody_has_looked_at_is_asked_about_by_the_next_engine(tmp_path: Path) -> None:
    project = standing_at(tmp_path / "p", Phase.PLAN, {}, copilot="phase")
    first = PersonGate(running=True)
    await run(project, ScriptedModel(talker), first, enough=is_waiting)
    gate = PersonGate(running=False)
    events = await run(project, ScriptedModel(talker), gate, answering(gate, Approve()), enough=is_paused)
    assert waits(events)
    assert not turns_of(events)


async def test_notify_tells_of_the_result_and_runs_on(tmp_path: Path) -> None:
    project = standing_at(tmp_path / "p", Phase.PLAN, {}, copilot="notify")
    events = await run(project, ScriptedModel(talker), PersonGate(running=True), until=Phase.PLAN)
    assert not waits(events)
    assert Notice("bell", "Plan formulation is done: written. The run goes on.") in events


async def test_a_headless_run_stops_at_a_result_and_tells_of_one(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", papers=1, copilot="notify")
    _ask_in(project.path, 'plan-formulation = "phase"')
    said: list[str] = []
    assert await run_headless(project, said.append) == WAITING
    assert read_progress(project).phase is Phase.DATA
    assert any("Literature review is done" in line for line in said)
    assert OpenGate().stops == ()


# Stops


async def test_the_run_holds_at_an_amount_by_the_ledger_and_goes_on_when_told(tmp_path: Path) -> None:
    project, gate = new_project(tmp_path / "p"), PersonGate(running=True)
    model = PricedModel(talker)
    await run(project, model, gate, turns=1)
    once = read_progress(project).cost.money
    gate.stop_at(money=1.5 * once)
    events = await run(project, model, gate, enough=is_paused)
    assert [turn.number for turn in turns_of(events)] == [2]
    assert events[-1].reason.startswith("paused at $")  # type: ignore[union-attr]
    assert ", as you asked: $" in events[-1].reason  # type: ignore[union-attr]
    assert gate.stops == ()
    gate.go()
    assert turns_of(await run(project, model, gate, turns=1))


async def test_the_run_holds_at_a_time_of_day(tmp_path: Path) -> None:
    now = [NIGHT]
    project, gate = new_project(tmp_path / "p"), PersonGate(running=True, now=lambda: now[0])
    gate.stop_at(clock="03:00")

    def person(event: Event) -> None:
        if isinstance(event, TurnCommitted) and event.turn.number == 2:
            now[0] = NIGHT + timedelta(days=1)

    events = await run(project, ScriptedModel(talker), gate, person, enough=is_paused)
    assert len(turns_of(events)) == 2
    assert events[-1] == StateChanged(State.PAUSED, "paused at 03:00, as you asked")
    assert next(one.stops for one in steered(events)) == ("at 03:00",)
    assert [one for one in steered(events) if one.held][-1].stops == ()


async def test_a_stop_after_a_phase_that_is_over_already_holds_at_once(tmp_path: Path) -> None:
    project, gate = standing_at(tmp_path / "p", Phase.DATA, {}), PersonGate(running=True)
    gate.stop_after(Phase.PLAN)
    events = await run(project, ScriptedModel(talker), gate, enough=is_paused)
    assert not turns_of(events)
    assert events[-1] == StateChanged(State.PAUSED, "Plan formulation is done: look at it, then run on")


async def test_a_stop_that_has_come_goes_before_a_step(tmp_path: Path) -> None:
    now = [NIGHT]
    project, gate = new_project(tmp_path / "p"), PersonGate(running=False, now=lambda: now[0])
    gate.stop_at(clock="23:00")
    now[0] += timedelta(hours=1)
    gate.step()
    assert not turns_of(await run(project, ScriptedModel(talker), gate, enough=is_paused))


async def test_a_pause_holds_after_the_turn_in_flight_and_is_told_at_once(tmp_path: Path) -> None:
    project, gate = new_project(tmp_path / "p"), PersonGate(running=True)

    def person(event: Event) -> None:
        if isinstance(event, Proposed):
            gate.pause()

    events = await run(project, ScriptedModel(talker), gate, person, enough=is_paused)
    told = next(place for place, event in enumerate(events) if isinstance(event, Steered) and event.held)
    assert told < next(place for place, event in enumerate(events) if isinstance(event, TurnCommitted))
    assert len(turns_of(events)) == 1


async def test_what_is_asked_for_while_the_run_is_held_is_told_at_once(tmp_path: Path) -> None:
    project, gate = new_project(tmp_path / "p"), PersonGate(running=False)

    def person(event: Event) -> None:
        if is_paused(event):
            gate.stop_at(money=2.0)
            gate.stop_after(Phase.DATA)
            gate.pause()

    def is_told(event: Event) -> bool:
        return isinstance(event, Steered) and event.stops == ("after data preparation", "at $2.00")

    assert await run(project, ScriptedModel(talker), gate, person, enough=is_told)
    gate.stop_at()
    assert gate.stops == ()


def test_a_time_that_has_passed_today_is_meant_for_tomorrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        at = datetime(2026, 3, 28, 22, 30).astimezone()
        assert moment("23:00", at) == "2026-03-28T23:00:00+01:00"
        assert moment("22:30", at) == "2026-03-29T22:30:00+02:00"  # the night in which the clocks are put forward
        assert moment("3:05", at) == "2026-03-29T03:05:00+02:00"
        first = datetime(2026, 10, 25, 2, 10).astimezone()  # the night in which they are put back: 02:10 comes twice
        again = datetime(2026, 10, 25, 2, 10, fold=1).astimezone()
        assert moment("02:30", first) == "2026-10-25T02:30:00+02:00"
        assert moment("02:05", first) == "2026-10-25T02:05:00+01:00"
        assert moment("02:30", again) == "2026-10-25T02:30:00+01:00"
        assert moment("02:05", again) == "2026-10-26T02:05:00+01:00"
        assert Steering(time="2026-03-28T23:00:00+00:00").stops == ("at 00:00",)  # told by this machine's clock
    finally:
        monkeypatch.undo()
        time.tzset()


def test_what_is_no_stop_is_refused_in_words() -> None:
    gate = PersonGate(running=True)
    for money, clock in [(0.0, None), (-1.0, None), (float("nan"), None), (None, "25:00"), (None, "soon")]:
        with pytest.raises(SteeringError) as caught:
            gate.stop_at(money, clock)
        assert caught.value.hint
    assert gate.stops == ()


@pytest.mark.parametrize(
    ("words", "stop"),
    [("$5", (5.0, None)), ("at $0.50", (0.5, None)), ("12", (12.0, None)), ("at 03:00", (None, "03:00"))],
)
def test_a_person_writes_an_amount_or_a_time(words: str, stop: tuple[float | None, str | None]) -> None:
    assert stop_from_words(words) == stop


@pytest.mark.parametrize(
    ("money", "words"), [(5.0, "at $5.00"), (0.5, "at $0.50"), (0.125, "at $0.125"), (0.0005, "at $0.0005")]
)
def test_an_amount_is_told_as_it_was_written(money: float, words: str) -> None:
    assert Steering(money=money).stops == (words,)


@pytest.mark.parametrize("words", ["", "later", "$0", "24:00", "5 €", "$1e9"])
def test_other_words_are_no_stop(words: str) -> None:
    with pytest.raises(SteeringError):
        stop_from_words(words)
