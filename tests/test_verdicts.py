"""What a person says to one reply: some hunks of it, a question about it, or that it is to stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.brief import Brief, Job
from core.commands import Dialogue, Edit, Judgement, Plan, Replace, SubmitCode, Summary
from core.errors import ModelError
from core.events import Answered, CallMade, Event, Notice, Proposed, State, StateChanged
from core.gate import Approve, Decline, PersonGate, Pick, Skip, TakeOver, Verdict
from core.ledger import Sum, ledger_of
from core.models.calls import INTERRUPTED
from core.parsing import write
from core.record import Agent, Phase, Status
from core.settings import Copilot
from core.unattended import OpenGate
from core.workspace.project import Project
from tests.scripted import ScriptedModel, events_of, new_project
from tests.steered import (
    HaltingModel,
    PricedModel,
    answering,
    replays,
    run,
    standing_at,
    turns_of,
)

LINES = [f"line {number}" for number in range(1, 21)]
OLD = "# Plan\n\n" + "".join(f"{line}\n" for line in LINES)
NEW = OLD.replace("line 2\n", "line two\n").replace("line 19\n", "line nineteen\nand more\n")
ONLY_FIRST = OLD.replace("line 2\n", "line two\n")
PROGRAM = """\
import json
import os

first = 1
#
#
#
#
#
#
#
second = 2
os.makedirs("results", exist_ok=True)
with open("results/metrics.json", "w") as file:
    json.dump({"metric": "accuracy", "value": (first + second) / 10}, file)
"""
PREPARE = """\
def load():
    return [[0.0], [1.0]], [0, 1]


if __name__ == "__main__":
    print(len(load()[1]), "rows")
"""


def planner(brief: Brief) -> str:
    """Hands in the same plan whenever that may be done."""
    if brief.agent is Agent.POSTDOC:
        return f"Two things must change.\n\n{write(Plan(NEW))}"
    return write(Dialogue(f"Thought {len(brief.history)}."))


def proposals(events: list[Event]) -> list[Proposed]:
    return [event for event in events if isinstance(event, Proposed)]


async def picking(project: Project, gate: PersonGate, *verdicts: Verdict) -> list[Event]:
    return await run(project, ScriptedModel(planner), gate, answering(gate, *verdicts), turns=1)


# Hunks


async def test_the_hunks_that_are_kept_act_and_what_was_left_out_reaches_the_next_prompt(tmp_path: Path) -> None:
    project = standing_at(tmp_path / "p", Phase.PLAN, {"plan.md": OLD}, copilot="turn")
    gate = PersonGate(running=True)
    events = await picking(project, gate, Pick((1,), "nineteen stays a number"))
    (turn,) = turns_of(events)
    assert proposals(events)[0].diff.count("@@ -") == 2
    assert project.read("plan.md") == ONLY_FIRST
    assert turn.reply.startswith("Two things must change.")
    assert turn.subject.endswith("edited by you")
    made, same = await replays(project)
    assert same, made
    model = ScriptedModel(lambda brief: write(SubmitCode(PREPARE)))
    await run(project, model, gate, answering(gate, Approve()), turns=1)
    asked = model.requests[0].user
    assert "took 1 and left out the rest, because: nineteen stays a number" in asked
    assert "+line nineteen" in asked
    assert "+line two" not in asked


@pytest.mark.parametrize(
    ("pick", "plan", "status"),
    [(Pick((1, 2)), NEW, Status.OK), (Pick(()), OLD, Status.DECLINED), (Pick((), "no"), OLD, Status.DECLINED)],
)
async def test_all_hunks_are_an_approval_and_none_is_a_refusal(
    tmp_path: Path, pick: Pick, plan: str, status: Status
) -> None:
    project = standing_at(tmp_path / "p", Phase.PLAN, {"plan.md": OLD}, copilot="turn")
    (turn,) = turns_of(await picking(project, PersonGate(running=True), pick))
    assert turn.status is status
    assert "edited by you" not in turn.subject
    assert project.read("plan.md") == plan
    assert pick.reason in turn.outcome


async def test_hunks_that_are_not_there_are_asked_for_again(tmp_path: Path) -> None:
    project = standing_at(tmp_path / "p", Phase.PLAN, {"plan.md": OLD}, copilot="turn")
    gate = PersonGate(running=True)
    events = await picking(project, gate, Pick((7,)), Pick((2,)))
    assert any(isinstance(event, Notice) and event.text.startswith("The change has 2 parts") for event in events)
    assert project.read("plan.md") == NEW.replace("line two\n", "line 2\n")


async def test_a_reply_that_changes_no_file_has_no_hunks(tmp_path: Path) -> None:
    project, gate = new_project(tmp_path / "p", copilot="turn"), PersonGate(running=True)
    model = ScriptedModel(lambda _: write(Summary("forests")))
    events = await run(project, model, gate, answering(gate, Pick((1,)), Approve()), turns=1)
    assert any(isinstance(event, Notice) and "changes no file" in event.text for event in events)


async def test_a_part_of_a_programs_replacement_runs_and_the_solver_reads_what_was_left_out(tmp_path: Path) -> None:
    files: dict[str, str | bytes | None] = {"data/prepare.py": PREPARE, "experiment/main.py": PROGRAM}
    project = standing_at(tmp_path / "p", Phase.EXPERIMENTS, files)
    other = PROGRAM.replace("first = 1", "first = 5").replace("second = 2", "second = 4")

    def answer(brief: Brief) -> str:
        if brief.job is Job.JUDGE:
            return write(Judgement(0.4 + (brief.metrics or {}).get("value", 0.0) / 10, "Fine."))
        return f"Higher is better.\n\n{write(Replace(other))}"

    model, gate = ScriptedModel(answer), PersonGate(running=True)
    await run(project, model, gate, turns=1)
    gate.set_autonomy(Phase.EXPERIMENTS, Copilot.TURN)
    (turn,) = turns_of(await run(project, model, gate, answering(gate, Pick((2,), "one at a time.")), turns=1))
    assert (turn.command, turn.score and turn.score.value) == ("EDIT 12-12", 0.5)
    assert project.read("experiment/main.py") == PROGRAM.replace("second = 2", "second = 4")
    await run(project, model, gate, answering(gate, Approve()), turns=1)
    asked = next(request.user for request in reversed(model.requests) if request.brief.job is Job.IMPROVE)
    assert "left out the rest, because: one at a time. Do not propose that again" in asked
    assert "+first = 5" in asked
    made, same = await replays(project)
    assert same, made


async def test_a_report_section_is_taken_hunk_by_hunk_too(tmp_path: Path) -> None:
    from core.latex.sections import SECTIONS, scaffold, with_section

    text = scaffold("A title", "labtop")
    for name in SECTIONS:
        text = with_section(text, name, f"This is what {name} says about the question.\n\nOne more sentence on it.")
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines, 1) if "Abstract says" in line or "abstract says" in line.lower())
    last = max(i for i, line in enumerate(lines, 1) if "One more sentence" in line)
    changed = "\n".join(
        line.replace("what", "all that") if i == first else line.replace("One more", "A last") if i == last else line
        for i, line in enumerate(lines, 1)
    )
    body = "".join(f"{line}\n" for line in changed.splitlines()[first - 1 : last])
    project = standing_at(tmp_path / "p", Phase.REPORT, {"report/report.tex": text})

    def answer(brief: Brief) -> str:
        return write(Judgement(0.5, "Fine.")) if brief.job is Job.JUDGE else write(Edit(first, last, body))

    model, gate = ScriptedModel(answer), PersonGate(running=True)
    await run(project, model, gate, turns=1)
    gate.set_autonomy(Phase.REPORT, Copilot.TURN)
    (turn,) = turns_of(await run(project, model, gate, answering(gate, Pick((1,))), turns=1))
    assert turn.command == f"EDIT {first}-{first}"
    assert "+" + changed.splitlines()[first - 1] in turn.diff
    assert "A last" not in turn.diff


async def test_a_reply_that_the_person_changed_is_shown_to_its_agent(tmp_path: Path) -> None:
    project = standing_at(tmp_path / "p", Phase.PLAN, {"plan.md": OLD}, copilot="turn")
    (turn,) = turns_of(await picking(project, PersonGate(running=True), Approve(write(Plan("# Mine")))))
    assert turn.subject.endswith("edited by you")
    assert "changed your reply" in turn.outcome
    assert project.read("plan.md") == "# Mine\n"


# One answer, and only to what waits


async def test_a_word_counts_once_and_only_for_what_it_was_given_to(tmp_path: Path) -> None:
    project, gate = new_project(tmp_path / "p", copilot="turn"), PersonGate(running=True)
    model = ScriptedModel(lambda brief: "Because." if brief.asked else write(Summary(f"forests {len(brief.history)}")))
    keys: list[str] = []
    said: list[bool] = []

    def person(event: Event) -> None:
        if isinstance(event, Proposed):
            keys.append(event.key)
        if isinstance(event, StateChanged) and event.state is State.WAITING:
            stale = keys[-2] if len(keys) > 1 else "another"
            said.extend((gate.answer(Skip(), stale), gate.ask("Why?", stale), gate.ask("Why?", keys[-1])))
            said.extend((gate.answer(Approve(), keys[-1]), gate.answer(Skip(), keys[-1]), gate.answer(Skip())))

    events = await run(project, model, gate, person, turns=2)
    assert [turn.status for turn in turns_of(events)] == [Status.OK, Status.OK]
    assert said == [False, False, True, True, False, False] * 2
    assert len(set(keys)) == 2


# Questions


async def test_a_question_is_answered_paid_and_no_turn(tmp_path: Path) -> None:
    project, gate = new_project(tmp_path / "p", copilot="turn"), PersonGate(running=True)
    model = PricedModel(lambda brief: "It is the usual word." if brief.asked else write(Summary("forests")))

    def person(event: Event) -> None:
        if isinstance(event, StateChanged) and event.state is State.WAITING:
            assert gate.ask("Why forests?")
        if isinstance(event, Answered):
            gate.answer(Approve())

    events = await run(project, model, gate, person, turns=1)
    assert [event for event in events if isinstance(event, Answered)] == [
        Answered(1, "Why forests?", "It is the usual word.")
    ]
    (turn,) = turns_of(events)
    question = model.requests[1]
    assert "Why forests?" in question.user
    assert write(Summary("forests")) in question.user
    assert model.requests[0].user in question.user
    paid = sum((event.cost.money for event in events if isinstance(event, CallMade)), 0.0)
    booked = sum(ledger_of(project).accounts().values(), Sum()).amount.money
    assert turn.cost.calls == 1
    assert paid == pytest.approx(booked)
    assert booked > turn.cost.money
    made, same = await replays(project)
    assert same, made
    assert not gate.ask("And now?")


async def test_a_question_that_gets_no_answer_says_why_and_the_reply_still_waits(tmp_path: Path) -> None:
    def answer(brief: Brief) -> str:
        if brief.asked:
            raise ModelError("The server hung up.", "Ask again.")
        return write(Summary("forests"))

    project, gate = new_project(tmp_path / "p", copilot="turn"), PersonGate(running=True)

    def person(event: Event) -> None:
        if isinstance(event, StateChanged) and event.state is State.WAITING:
            gate.ask("Why?")
        if isinstance(event, Notice) and "hung up" in event.text:
            gate.answer(Approve())

    assert turns_of(await run(project, ScriptedModel(answer), gate, person, turns=1))[0].status is Status.OK


async def test_a_verdict_does_not_wait_for_an_answer(tmp_path: Path) -> None:
    model = HaltingModel(lambda _: write(Summary("forests")), told=99, halts=lambda brief: bool(brief.asked))
    project, gate = new_project(tmp_path / "p", copilot="turn"), PersonGate(running=True)

    def person(event: Event) -> None:
        if isinstance(event, StateChanged) and event.state is State.WAITING:
            gate.ask("Why?")
            gate.answer(Skip())

    events = await run(project, model, gate, person, turns=1)
    assert not any(isinstance(event, Answered) for event in events)
    assert ledger_of(project).accounts()


async def test_the_built_in_researcher_says_that_it_understands_no_question(tmp_path: Path) -> None:
    project, gate = new_project(tmp_path / "p", copilot="turn"), PersonGate(running=True)

    def person(event: Event) -> None:
        if isinstance(event, StateChanged) and event.state is State.WAITING:
            gate.ask("Why?")
        if isinstance(event, Answered):
            gate.answer(Approve())

    events = await run(project, None, gate, person, turns=1)
    (answered,) = [event for event in events if isinstance(event, Answered)]
    assert "rules and not a language model" in answered.text
    assert "```" not in answered.text


# Interrupting


async def interrupted(
    project: Project, model: ScriptedModel, gate: PersonGate, *verdicts: Verdict, turns: int = 1
) -> list[Event]:
    from core.events import Token

    answer = answering(gate, *verdicts)

    def person(event: Event) -> None:
        answer(event)
        if isinstance(event, Token) and len(model.requests) == 1:
            gate.interrupt()

    return await run(project, model, gate, person, turns=turns)


HALF = write(Summary("forests and more"))


async def test_an_interrupted_reply_waits_at_the_gate_and_is_asked_for_anew_when_it_is_passed_over(
    tmp_path: Path,
) -> None:
    project, gate = new_project(tmp_path / "p"), PersonGate(running=True)
    model = HaltingModel(lambda _: HALF, told=14)
    events = await interrupted(project, model, gate, Skip())
    (turn,) = turns_of(events)
    (proposed,) = proposals(events)
    assert replace(proposed, key="") == Proposed(1, Agent.PHD_STUDENT, "", note=INTERRUPTED)
    assert (turn.status, turn.reply, turn.subject) == (
        Status.DECLINED,
        HALF[:14],
        "declined: a reply that was stopped in mid-stream",
    )
    assert len(model.requests) == 1
    made, same = await replays(project)
    assert same, made


async def test_what_came_of_an_interrupted_reply_can_be_finished_by_the_person(tmp_path: Path) -> None:
    project, gate = new_project(tmp_path / "p"), PersonGate(running=True)
    events = await interrupted(
        project, HaltingModel(lambda _: HALF, told=14), gate, Approve(write(Summary("boosting")))
    )
    (turn,) = turns_of(events)
    assert (turn.agent, turn.status, turn.command) == (Agent.PHD_STUDENT, Status.OK, "SUMMARY boosting")
    made, same = await replays(project)
    assert same, made


async def test_a_whole_command_in_an_interrupted_reply_can_be_let_act(tmp_path: Path) -> None:
    project, gate = new_project(tmp_path / "p"), PersonGate(running=True)
    model = HaltingModel(lambda _: f"{HALF}\nAnd then I would ", told=len(HALF) + 2)
    events = await interrupted(project, model, gate, Approve())
    (turn,) = turns_of(events)
    assert (turn.status, turn.command) == (Status.OK, "SUMMARY forests and more")
    assert proposals(events)[0].note == INTERRUPTED


async def test_an_interrupted_reply_is_taken_over(tmp_path: Path) -> None:
    project, gate = new_project(tmp_path / "p"), PersonGate(running=True)
    events = await interrupted(project, HaltingModel(lambda _: HALF, told=3), gate, TakeOver(write(Summary("bagging"))))
    assert [(turn.agent, turn.command) for turn in turns_of(events)] == [(Agent.RESEARCHER, "SUMMARY bagging")]


async def test_an_interrupted_reply_is_paid_and_its_reason_is_read(tmp_path: Path) -> None:
    class Priced(HaltingModel):
        price = PricedModel.price

    project, gate = new_project(tmp_path / "p"), PersonGate(running=True)
    (turn,) = turns_of(await interrupted(project, Priced(lambda _: HALF, told=14), gate, Decline("too slow")))
    booked = sum(ledger_of(project).accounts().values(), Sum()).amount.money
    assert turn.cost.money == pytest.approx(booked)
    assert booked > 0
    assert "too slow" in turn.outcome


async def test_an_interrupted_reply_that_a_crash_left_waits_for_a_person_without_one(tmp_path: Path) -> None:
    from core.events import Token

    project, gate = new_project(tmp_path / "p"), PersonGate(running=True)
    model = HaltingModel(lambda _: HALF, told=14)

    def person(event: Event) -> None:
        if isinstance(event, Token):
            gate.interrupt()

    def is_waiting(event: Event) -> bool:
        return isinstance(event, StateChanged) and event.state is State.WAITING

    await run(project, model, gate, person, enough=is_waiting)
    events = await events_of(project, model, OpenGate())
    assert is_waiting(events[-1])
    assert "was stopped by you, and what came of it waits for your word" in events[-1].reason  # type: ignore[union-attr]
    assert len(model.requests) == 1
    assert not turns_of(events)


async def test_an_interrupt_while_nothing_streams_stops_no_later_reply(tmp_path: Path) -> None:
    project, gate = new_project(tmp_path / "p"), PersonGate(running=True)
    gate.interrupt()
    (turn,) = turns_of(await run(project, ScriptedModel(lambda _: write(Summary("forests"))), gate, turns=1))
    assert turn.status is Status.OK
