"""The engine through its public face: a scripted model, real projects, real programs, real commits."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from core.brief import Brief, Job
from core.commands import (
    AddPaper,
    Dialogue,
    Edit,
    FullText,
    GoBack,
    Judgement,
    Plan,
    Python,
    Replace,
    SearchHF,
    SubmitCode,
    Summary,
)
from core.errors import ModelError, ProjectError
from core.events import Event, Notice, PhaseFinished, Proposed, Scored, State, StateChanged, Token, TurnCommitted
from core.gate import Approve, Decline, PersonGate, Skip, TakeOver
from core.headless import ERROR, WAITING
from core.headless import run as run_headless
from core.laboratory import Laboratory
from core.loops import allowance
from core.parsing import write
from core.progress import STATE, read_progress
from core.record import Agent, Phase, Status, Turn
from core.settings import Copilot
from core.status import log_entry, status
from core.threads import to_the_end
from core.workspace.project import Project
from tests.scripted import ScriptedModel, events_of, like, new_project

PREPARE = """\
def load():
    return [[0.0], [1.0]], [0, 1]


if __name__ == "__main__":
    print(len(load()[1]), "rows")
"""
IRIS = """\
from sklearn.datasets import load_iris


def load():
    return load_iris(return_X_y=True)
"""
PROGRAM = """\
import json
import os

os.makedirs("results", exist_ok=True)
value = 0.5
with open("results/metrics.json", "w") as file:
    json.dump({"metric": "accuracy", "value": value}, file)
print("measured", value)
"""


def turns_in(events: list[Event]) -> list[TurnCommitted]:
    return [event for event in events if isinstance(event, TurnCommitted)]


def last_state(events: list[Event]) -> StateChanged:
    return next(event for event in reversed(events) if isinstance(event, StateChanged))


def scientist(program: Callable[[Brief], str]) -> Callable[[Brief], str]:
    """Answers that reach the experiments in few turns; `program` answers there."""

    def answer(brief: Brief) -> str:
        match brief.phase, brief.agent:
            case Phase.LITERATURE, _ if not brief.found:
                return write(Summary("random forests"))
            case Phase.LITERATURE, _:
                known = {entry.paper.id for entry in brief.review}
                return write(AddPaper(next(paper.id for paper in brief.found if paper.id not in known), "Useful."))
            case Phase.PLAN, _:
                return write(Plan("# Plan\n\nMeasure accuracy."))
            case Phase.DATA, _:
                return write(SubmitCode(PREPARE))
            case _:
                return program(brief)

    return answer


def judged(brief: Brief, score: float = 0.5) -> str:
    return write(Judgement(score, f"Judged at {score}."))


async def at_experiments(folder: Path, **settings: object) -> Project:
    async def make(at: Path) -> None:
        project = new_project(at, papers=1, **settings)
        events = await events_of(project, ScriptedModel(scientist(lambda _: "")), until=Phase.DATA)
        assert read_progress(project).phase is Phase.EXPERIMENTS, last_state(events)

    return await like(folder, f"experiments {settings}", make)


@pytest.mark.parametrize("broken_first", [False, True])
async def test_a_search_with_a_result_ends_though_its_writer_has_nothing_more_to_propose(
    tmp_path: Path, broken_first: bool
) -> None:
    project = await at_experiments(tmp_path / "p", solver_steps=2)
    numbers = itertools.count()

    def answer(brief: Brief) -> str:
        if brief.job is Job.JUDGE:
            return judged(brief)
        if brief.job is Job.FIRST:
            return write(Replace(PROGRAM))
        if broken_first and brief.job is Job.IMPROVE and next(numbers) == 0:
            return write(Replace("raise SystemExit(2)\n"))
        return f"I have no idea number {next(numbers)}."

    events = await events_of(project, ScriptedModel(scientist(answer)), until=Phase.EXPERIMENTS)
    assert last_state(events) == StateChanged(State.STOPPED, "running experiments is done")
    assert project.read("experiment/main.py") == PROGRAM
    assert len(turns_in(events)) < 12


async def test_a_malformed_reply_costs_a_turn_and_is_answered_with_the_right_form(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    model = ScriptedModel(lambda brief: "I would like to search.")
    turns = turns_in(await events_of(project, model, turns=2))
    assert [turn.turn.status for turn in turns] == [Status.MALFORMED] * 2
    assert "```SUMMARY" in turns[0].turn.outcome
    assert turns[0].turn.outcome in model.requests[1].user
    assert len(project.log()) == 3


async def test_summary_and_add_paper_in_one_reply_are_refused_not_half_done(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    reply = write(Summary("trees")) + "\n" + write(AddPaper("breiman2001random", "Forests."))
    (turn,) = turns_in(await events_of(project, ScriptedModel(lambda _: reply), turns=1))
    assert turn.turn.status is Status.MALFORMED


async def test_a_repeated_search_is_answered_with_a_nudge_not_a_search(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    turns = turns_in(await events_of(project, ScriptedModel(lambda _: write(Summary("Random  forests"))), turns=2))
    assert turns[0].turn.status is Status.OK
    assert "breiman2001random" in turns[0].turn.outcome
    assert turns[1].turn.status is Status.FAILED
    assert "already searched" in turns[1].turn.outcome


async def test_full_text_and_unknown_papers_are_answered_and_never_end_the_run(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    replies = iter([FullText("breiman2001random"), FullText("no-such-paper"), AddPaper("../../etc/passwd", "x")])
    turns = turns_in(await events_of(project, ScriptedModel(lambda _: write(next(replies))), turns=3))
    assert [turn.turn.status for turn in turns] == [Status.OK, Status.FAILED, Status.FAILED]


async def test_a_phase_that_gets_nowhere_asks_a_person_and_goes_on_when_run_again(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", papers=1)
    numbers = itertools.count()
    model = ScriptedModel(lambda _: write(Summary(f"random forests {next(numbers)}")))
    limit = allowance(Phase.LITERATURE, project.settings())
    events = await events_of(project, model)
    assert len(model.requests) == limit
    assert last_state(events).state is State.WAITING
    assert "has used its" in last_state(events).reason
    assert last_state(events).cause == "loop"
    assert status(project)["state"] == "waiting"
    assert (await events_of(project, model, turns=1))[-1] == StateChanged(State.STOPPED, "turn limit of 1 reached")


async def test_the_same_useless_reply_three_times_asks_a_person_and_goes_on_when_run_again(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", papers=1)
    model = ScriptedModel(lambda _: "nothing usable")
    events = await events_of(project, model)
    assert len(model.requests) == 3
    assert (last_state(events).state, last_state(events).cause) == (State.WAITING, "loop")
    assert "3 times" in last_state(events).reason
    await events_of(project, model)
    assert len(model.requests) == 6


async def test_submitted_code_is_accepted_only_when_it_runs_and_load_yields_rows(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", papers=1)
    codes = iter(["import nonsense_module", "def load():\n    return [], []", IRIS])

    def answer(brief: Brief) -> str:
        if brief.phase is Phase.DATA:
            return (
                write(SubmitCode(next(codes))) if brief.agent is Agent.SW_ENGINEER else write(SearchHF("flowers iris"))
            )
        return scientist(lambda _: "")(brief)

    events = await events_of(project, ScriptedModel(answer), until=Phase.DATA)
    submitted = [turn.turn for turn in turns_in(events) if turn.turn.command.startswith("SUBMIT_CODE")]
    assert [turn.status for turn in submitted] == [Status.FAILED, Status.FAILED, Status.OK]
    assert "nonsense_module" in submitted[0].outcome
    assert "not empty" in submitted[1].outcome
    assert project.read("data/prepare.py") == IRIS
    assert json.loads(project.read("data/card.json"))["source"] == "sklearn:iris"


async def test_a_program_is_repaired_three_times_then_replaced(tmp_path: Path) -> None:
    project = await at_experiments(tmp_path / "p")
    jobs: list[Job] = []
    lessons: list[str] = []

    def program(brief: Brief) -> str:
        jobs.append(brief.job)
        if brief.job is Job.JUDGE:
            lessons.append(brief.error)
            return judged(brief)
        if brief.job is Job.REPAIR:
            return write(Edit(1, 1, f"raise ValueError('still broken {len(jobs)}')"))
        return write(Replace(PROGRAM if brief.job is Job.REPLACE else "print(undefined_name)\n"))

    turns = turns_in(await events_of(project, ScriptedModel(scientist(program)), turns=5))
    attempts = [Job.FIRST, Job.REPAIR, Job.REPAIR, Job.REPAIR, Job.REPLACE]
    assert jobs == [job for attempt in attempts for job in (attempt, Job.JUDGE)]
    assert "NameError" in lessons[0]
    assert lessons[-1] == ""
    assert turns[0].turn.reflection == "Judged at 0.5."
    assert "Reflection: Judged at 0.5." in turns[0].turn.outcome
    assert [turn.turn.status for turn in turns] == [Status.FAILED] * 4 + [Status.OK]
    assert "NameError" in turns[0].turn.outcome
    assert project.read("experiment/main.py") == PROGRAM
    assert json.loads(project.read("results/metrics.json"))["value"] == 0.5


async def test_edit_acts_on_the_very_listing_that_the_prompt_shows(tmp_path: Path) -> None:
    project = await at_experiments(tmp_path / "p")

    def program(brief: Brief) -> str:
        if brief.job is Job.JUDGE:
            assert brief.metrics is not None
            return judged(brief, brief.metrics["value"])
        if brief.job is Job.FIRST:
            return write(Replace(PROGRAM))
        number = brief.program.splitlines().index("value = 0.5") + 1
        return write(Edit(number, number, "value = 0.75"))

    model = ScriptedModel(scientist(program))
    events = await events_of(project, model, turns=2)
    improving = next(request for request in model.requests if request.brief.job is Job.IMPROVE)
    assert "5| value = 0.5" in improving.user
    assert "value = 0.75" in project.read("experiment/main.py")
    assert [event.score.value for event in events if isinstance(event, Scored)] == [0.5, 0.75]
    proposed = [event for event in events if isinstance(event, Proposed)]
    assert "+value = 0.75" in proposed[-1].diff
    best = status(project)["best"]
    assert best["value"] == 0.75
    assert best["commit"] == turns_in(events)[-1].commit


async def test_a_worse_candidate_is_kept_aside_and_the_project_keeps_the_best(tmp_path: Path) -> None:
    project = await at_experiments(tmp_path / "p")

    def program(brief: Brief) -> str:
        if brief.job is Job.JUDGE:
            return judged(brief, 0.9 if "0.5" in brief.program else 0.1)
        return write(Replace(PROGRAM if brief.job is Job.FIRST else PROGRAM.replace("0.5", "0.2")))

    turns = turns_in(await events_of(project, ScriptedModel(scientist(program)), turns=2))
    assert [turn.turn.score.kept for turn in turns if turn.turn.score] == [True, False]
    assert project.read("experiment/main.py") == PROGRAM
    assert len(project.candidates()) == 2


@pytest.mark.parametrize("ending", ["exit()", "import os; os._exit(0)", "raise SystemExit", "pass"])
async def test_a_program_that_ends_without_metrics_is_a_failed_check(tmp_path: Path, ending: str) -> None:
    project = await at_experiments(tmp_path / "p")
    model = ScriptedModel(scientist(lambda _: write(Replace(f"print('accuracy: 0.99')\n{ending}\n"))))
    (turn,) = turns_in(await events_of(project, model, turns=1))
    assert turn.turn.status is Status.FAILED
    assert "did not write results/metrics.json" in turn.turn.outcome
    assert read_progress(project).programs.best is None


async def test_metrics_of_an_earlier_run_do_not_count(tmp_path: Path) -> None:
    project = await at_experiments(tmp_path / "p")

    def program(brief: Brief) -> str:
        return (
            judged(brief) if brief.job is Job.JUDGE else write(Replace(PROGRAM if brief.job is Job.FIRST else "pass\n"))
        )

    turns = turns_in(await events_of(project, ScriptedModel(scientist(program)), turns=2))
    assert [turn.turn.status for turn in turns] == [Status.OK, Status.FAILED]


async def test_a_judge_out_of_range_does_not_count_and_is_asked_again(tmp_path: Path) -> None:
    project = await at_experiments(tmp_path / "p")
    asked: list[str] = []

    def program(brief: Brief) -> str:
        if brief.job is Job.JUDGE:
            asked.append(brief.feedback)
            return "```SCORE\n95\nSplendid.\n```"
        return write(Replace(PROGRAM))

    (turn,) = turns_in(await events_of(project, ScriptedModel(scientist(program)), turns=1))
    assert len(asked) == 2
    assert "0" in asked[1]
    assert turn.turn.score is None
    assert turn.turn.status is Status.FAILED
    assert read_progress(project).programs.best is None


async def test_the_same_proposal_again_is_not_run_again(tmp_path: Path) -> None:
    project = await at_experiments(tmp_path / "p")
    model = ScriptedModel(scientist(lambda brief: judged(brief) if brief.job is Job.JUDGE else write(Replace(PROGRAM))))
    turns = turns_in(await events_of(project, model, turns=2))
    assert "changes nothing" in turns[1].turn.outcome
    assert read_progress(project).programs.steps == 1


async def test_the_experiments_end_after_their_steps_even_when_nothing_gets_better(tmp_path: Path) -> None:
    project = await at_experiments(tmp_path / "p", solver_steps=2)

    def program(brief: Brief) -> str:
        match brief.job:
            case Job.JUDGE:
                return judged(brief, 0.5)
            case Job.FIRST:
                return write(Replace(PROGRAM))
            case Job.REPAIR:
                return write(Replace(PROGRAM + "# repaired\n"))
            case _:
                return write(Replace("import broken(" if brief.step == 1 else brief.program))

    events = await events_of(project, ScriptedModel(scientist(program)), until=Phase.EXPERIMENTS)
    outcomes = [turn.turn.status for turn in turns_in(events)]
    assert outcomes == [Status.OK, Status.FAILED, Status.OK, Status.FAILED]
    assert read_progress(project).phase is Phase.INTERPRETATION


async def test_a_look_at_the_data_runs_and_is_reported(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", papers=1)

    def answer(brief: Brief) -> str:
        if brief.phase is Phase.DATA:
            return write(Python("print(6 * 7)")) if brief.agent is Agent.ML_ENGINEER else write(Dialogue("Look first."))
        return scientist(lambda _: "")(brief)

    await events_of(project, ScriptedModel(answer), until=Phase.PLAN)
    turns = turns_in(await events_of(project, ScriptedModel(answer), turns=2))
    assert "42" in turns[1].turn.outcome


async def test_a_persons_edit_becomes_a_turn_of_theirs_and_the_agents_are_told(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    model = ScriptedModel(lambda _: write(Summary("forests")))
    await events_of(project, model, turns=1)
    (project.path / "notes" / "literature-review.md").write_text("Only papers after 2015, please.\n")
    turns = turns_in(await events_of(project, model, turns=1))
    assert turns[0].turn.agent is Agent.RESEARCHER
    assert "notes/literature-review.md" in turns[0].turn.subject
    assert "Only papers after 2015" in model.requests[-1].user
    assert "after 2015" in model.requests[-1].brief.changes


async def test_an_edit_while_the_run_is_held_is_seen_and_becomes_a_turn_at_once(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    gate = PersonGate(running=False)
    async with aclosing(Laboratory(project, gate, ScriptedModel(lambda _: "")).run()) as events:
        async for event in events:
            if isinstance(event, StateChanged) and event.state is State.PAUSED:
                asyncio.get_running_loop().call_later(0.5, (project.path / "plan.md").write_text, "# Mine\n")
            if isinstance(event, TurnCommitted):
                break
    assert event.turn.agent is Agent.RESEARCHER
    assert event.turn.path == "plan.md"
    assert "+# Mine" in event.turn.diff


async def test_a_file_that_the_person_edits_while_a_turn_is_made_is_not_overwritten(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", papers=1)
    edited: list[str] = []

    def answer(brief: Brief) -> str:
        if brief.phase is Phase.PLAN and not edited:
            edited.append("once")
            (project.path / "plan.md").write_text("# My own plan\n")
        return scientist(lambda _: "")(brief)

    events = await events_of(project, ScriptedModel(answer), until=Phase.PLAN)
    assert any(isinstance(event, Notice) and "plan.md" in event.text for event in events)
    mine = next(turn for turn in turns_in(events) if turn.turn.agent is Agent.RESEARCHER)
    assert project.read("plan.md", mine.commit) == "# My own plan\n"
    assert project.read("plan.md").startswith("# Plan")


async def test_cancelling_in_the_middle_of_a_commit_waits_for_its_end(tmp_path: Path) -> None:
    done: list[str] = []

    def work() -> None:
        time.sleep(0.3)
        done.append("committed")

    task = asyncio.create_task(to_the_end(work))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["committed"]


async def test_a_program_that_the_person_edits_is_measured_and_becomes_the_base(tmp_path: Path) -> None:
    project = await at_experiments(tmp_path / "p")
    model = ScriptedModel(
        scientist(lambda brief: judged(brief, 0.1) if brief.job is Job.JUDGE else write(Replace(PROGRAM)))
    )
    await events_of(project, model, turns=1)
    (project.path / "experiment/main.py").write_text(PROGRAM.replace("0.5", "0.6"))
    turns = turns_in(await events_of(project, model, turns=1))
    assert [turn.turn.agent for turn in turns] == [Agent.RESEARCHER, Agent.JUDGE]
    assert json.loads(project.read("results/metrics.json"))["value"] == 0.6
    assert "0.6" in project.read("experiment/main.py")


async def test_a_broken_edit_of_the_person_is_repaired_and_the_best_stays(tmp_path: Path) -> None:
    project = await at_experiments(tmp_path / "p")
    jobs: list[Job] = []

    def program(brief: Brief) -> str:
        jobs.append(brief.job)
        return judged(brief) if brief.job is Job.JUDGE else write(Replace(PROGRAM + "# mended\n" * len(jobs)))

    await events_of(project, ScriptedModel(scientist(program)), turns=1)
    (project.path / "experiment/main.py").write_text("broken(\n")
    await events_of(project, ScriptedModel(scientist(program)), turns=2)
    assert jobs == [Job.FIRST, Job.JUDGE, Job.REPAIR, Job.JUDGE]
    assert "broken(" not in project.read("experiment/main.py")


async def test_a_program_that_is_edited_after_its_phase_is_run_again_and_the_report_begun_anew(tmp_path: Path) -> None:
    project = await at_experiments(tmp_path / "p", solver_steps=1)
    model = ScriptedModel(scientist(lambda brief: judged(brief) if brief.job is Job.JUDGE else write(Replace(PROGRAM))))
    await events_of(project, model, until=Phase.EXPERIMENTS)
    (project.path / "report").mkdir()
    (project.path / "report/report.tex").write_text("An old report.\n")
    await events_of(project, model, turns=1)
    assert read_progress(project).phase is Phase.INTERPRETATION
    (project.path / "experiment/main.py").write_text(PROGRAM.replace("0.5", "0.8"))
    turns = turns_in(await events_of(project, model, turns=1))
    assert [turn.turn.phase for turn in turns] == [Phase.INTERPRETATION, Phase.EXPERIMENTS]
    assert json.loads(project.read("results/metrics.json"))["value"] == 0.8
    assert read_progress(project).phase is Phase.INTERPRETATION, "judged as it stands, without new steps"
    assert "the researcher changed experiment/main.py" in read_progress(project).round_reason
    assert project.read("report/report.tex") == ""


async def test_an_edit_of_the_data_measures_the_program_anew(tmp_path: Path) -> None:
    project = await at_experiments(tmp_path / "p")
    counting = PROGRAM.replace("value = 0.5", "from data.prepare import load\nvalue = 1 / len(load()[1])")
    model = ScriptedModel(
        scientist(lambda brief: judged(brief) if brief.job is Job.JUDGE else write(Replace(counting)))
    )
    await events_of(project, model, turns=1)
    (project.path / "data/prepare.py").write_text(
        PREPARE.replace("[0, 1]", "[0, 1, 1, 0]").replace("[1.0]]", "[1.0]] * 2")
    )
    await events_of(project, model, turns=1)
    assert json.loads(project.read("results/metrics.json"))["value"] == 0.25


async def test_a_finished_project_goes_on_when_the_person_changes_its_program(tmp_path: Path) -> None:
    project = await at_experiments(tmp_path / "p", solver_steps=1)
    model = ScriptedModel(scientist(lambda brief: judged(brief) if brief.job is Job.JUDGE else write(Replace(PROGRAM))))
    await events_of(project, model, until=Phase.EXPERIMENTS)
    over = replace(read_progress(project), finished=True, turn=99)
    turn = Turn(99, Phase.REFINEMENT, Agent.LABTOP, "", "", "set up", "", Status.OK, "")
    project.commit(turn, {STATE: over.to_json()})
    assert (await events_of(project, model))[-1] == StateChanged(State.FINISHED, "the report is done")
    (project.path / "experiment/main.py").write_text("print(1)\n")
    events = await events_of(project, model, turns=2)
    assert [turn.turn.status for turn in turns_in(events)] == [Status.OK, Status.FAILED, Status.OK]
    assert status(project)["state"] == "stopped"


async def test_step_pause_and_stop_after_a_phase(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", papers=1)
    gate = PersonGate(running=False)
    committed: list[TurnCommitted] = []
    async with aclosing(Laboratory(project, gate, ScriptedModel(scientist(lambda _: ""))).run()) as events:
        async for event in events:
            if isinstance(event, TurnCommitted):
                committed.append(event)
            if isinstance(event, StateChanged) and event.state is State.PAUSED:
                assert status(project)["state"] == "paused"
                if not committed:
                    gate.step()
                elif len(committed) == 1:
                    gate.stop_after(Phase.PLAN)
                else:
                    break
    assert read_progress(project).phase is Phase.DATA
    assert len(committed) == 3
    assert "Plan formulation is done" in event.reason


THINKING = 1.0


class Answering(PersonGate):
    """A person who gives the same verdict every time."""

    def __init__(self, verdict: Approve | Decline | TakeOver | Skip) -> None:
        super().__init__(running=True)
        self._given = verdict

    async def verdict(self, proposal: object) -> Approve | Decline | TakeOver | Skip:
        await asyncio.sleep(THINKING)
        return self._given


@pytest.mark.parametrize(
    ("verdict", "agent", "status_", "said"),
    [
        (Approve(), Agent.PHD_STUDENT, Status.OK, "forests"),
        (Approve(write(Summary("boosting"))), Agent.PHD_STUDENT, Status.OK, "boosting"),
        (Decline("too broad"), Agent.PHD_STUDENT, Status.DECLINED, "too broad"),
        (TakeOver(write(Summary("bagging"))), Agent.RESEARCHER, Status.OK, "bagging"),
        (Skip(), Agent.PHD_STUDENT, Status.DECLINED, "passed over"),
    ],
)
async def test_verdicts_of_a_person_act(
    tmp_path: Path, verdict: Approve | Decline | TakeOver | Skip, agent: Agent, status_: Status, said: str
) -> None:
    project = new_project(tmp_path / "p", copilot="turn")
    model = ScriptedModel(lambda _: write(Summary("forests")))
    (turn,) = turns_in(await events_of(project, model, Answering(verdict), turns=1))
    assert (turn.turn.agent, turn.turn.status) == (agent, status_)
    assert said in turn.turn.outcome + turn.turn.subject
    assert status_ is Status.OK or turn.turn.subject == "declined: SUMMARY forests"
    assert turn.turn.cost.seconds < THINKING, "a turn's seconds are not those that the person took to decide"
    await events_of(project, model, Answering(Approve()), turns=1)
    assert (said in model.requests[-1].user) or status_ is Status.OK


async def test_without_a_person_co_pilot_mode_waits_and_the_reply_is_not_paid_twice(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", copilot="turn")
    model = ScriptedModel(lambda _: write(Summary("forests")))
    assert last_state(await events_of(project, model)).state is State.WAITING
    assert status(project)["state"] == "waiting"
    await events_of(project, model, Answering(Approve()), turns=1)
    assert len(model.requests) == 1


async def test_phase_mode_stops_headless_runs_after_each_phase_with_exit_code_3(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", copilot=Copilot.PHASE.value)
    said: list[str] = []
    assert await run_headless(project, said.append) == WAITING
    assert read_progress(project).phase is Phase.PLAN


async def test_closing_the_generator_loses_at_most_the_turn_in_flight(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    model = ScriptedModel(lambda _: "words " * 500)
    async with aclosing(Laboratory(project, PersonGate(running=True), model).run()) as events:
        async for event in events:
            if isinstance(event, Token):
                break
    assert project.holder() is None
    assert status(project)["state"] == "stopped"
    assert len(project.log()) == 1
    assert turns_in(await events_of(project, model, turns=1))


async def test_a_finished_study_that_has_gone_back_is_not_finished(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    done = replace(read_progress(project), finished=True, turn=1)
    turn = Turn(1, Phase.REFINEMENT, Agent.LABTOP, "", "", "all done", "", Status.OK, "")
    project.commit(turn, {STATE: done.to_json()})
    assert last_state(await events_of(project, ScriptedModel(lambda _: ""))).state is State.FINISHED
    assert status(project)["state"] == "finished"
    project.rollback(0)
    assert (status(project)["state"], "gone back" in status(project)["reason"]) == ("stopped", True)


async def test_a_model_error_stops_the_run_with_its_reason_and_exit_code_1(tmp_path: Path) -> None:
    class Broken(ScriptedModel):
        async def stream(self, request: object):  # type: ignore[no-untyped-def, override]
            yield "half a re"
            raise ModelError("The server hung up.", "Run on to ask again.")

    project = new_project(tmp_path / "p")
    events = await events_of(project, Broken(lambda _: ""))
    assert last_state(events).state is State.STOPPED
    assert "hung up" in last_state(events).reason
    assert len(project.log()) == 1
    (project.path / "lab.toml").write_text("nonsense = 1\n")
    assert await run_headless(project, lambda _: None) == ERROR


async def test_a_broken_state_file_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    await events_of(project, ScriptedModel(lambda _: write(Summary("forests"))), turns=1)
    (project.path / ".lab/state.json").write_text("{")
    with pytest.raises(ProjectError, match=r"state\.json"):
        read_progress(project)


async def test_log_and_status_have_the_promised_fields(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    events = await events_of(project, ScriptedModel(lambda _: write(Summary("forests"))), turns=1)
    told = status(project)
    assert set(told) == {"project", "branch", "head", "state", "reason", "phase", "phases", "turns", "best", "cost"}
    assert set(told["cost"]) == {"calls", "prompt_tokens", "completion_tokens", "money", "seconds", "cached_tokens"}
    assert set(told["phases"]) == {phase.value for phase in Phase}
    assert told["head"] == turns_in(events)[-1].commit
    entry = log_entry(project.log(1)[0])
    assert {"turn", "commit", "phase", "agent", "command", "outcome", "score", "cost", "time"} <= set(entry)
    assert told["cost"]["calls"] == 1


async def test_resume_from_any_commit_gives_the_same_next_prompt(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", papers=2)
    model = ScriptedModel(scientist(lambda _: ""))
    await events_of(project, model, turns=4)
    first = [request.system + request.user for request in model.requests]
    project.rollback("1")
    again = ScriptedModel(scientist(lambda _: ""))
    await events_of(project, again, turns=3)
    assert [request.system + request.user for request in again.requests] == first[1:]


async def test_going_back_repeats_the_phases_from_there_with_the_reason(tmp_path: Path) -> None:
    progress = read_progress(new_project(tmp_path / "p"))
    for _ in range(6):
        progress = progress.finishing("done")
    back = progress.sent_back(Phase.EXPERIMENTS, "too few seeds")
    assert (back.phase, back.round, back.round_reason) == (Phase.EXPERIMENTS, 2, "too few seeds")
    assert set(back.done) == {Phase.LITERATURE, Phase.PLAN, Phase.DATA}
    assert write(GoBack(Phase.EXPERIMENTS, "too few seeds"))


async def test_phases_are_finished_in_research_order(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", papers=1)
    events = await events_of(project, ScriptedModel(scientist(lambda _: "")), until=Phase.DATA)
    finished = [event.phase for event in events if isinstance(event, PhaseFinished)]
    assert finished == [Phase.LITERATURE, Phase.PLAN, Phase.DATA]
