"""What the phases do so that a model which talks, copies and forgets comes to an end all the same."""

from __future__ import annotations

from pathlib import Path

from core.brief import Brief, Job
from core.commands import Dialogue, Edit, Judgement, Python, Replace, SubmitCode
from core.create import create_project
from core.events import TurnCommitted
from core.fences import fenced_blocks
from core.parsing import write
from core.progress import STATE, Progress
from core.record import Agent, Phase, Status, Turn
from core.workspace.project import Project
from tests.scripted import ScriptedModel, events_of, new_project

QUESTION = "Which model tells the kinds apart best?"
OWN = 'import pandas as pd\n\n\ndef load():\n    t = pd.read_csv("data/raw/own.csv")\n    return t[["a"]], t["kind"]\n'
OTHER = "from sklearn.datasets import load_wine\n\n\ndef load():\n    return load_wine(return_X_y=True)\n"


def at_phase(project: Project, phase: Phase) -> Project:
    done = dict.fromkeys(list(Phase)[: phase.number - 1], "done")
    turn = Turn(1, phase, Agent.LABTOP, "", "", "set up", "", Status.OK, "")
    project.commit(turn, {STATE: Progress(phase=phase, turn=1, done=done).to_json(), "plan.md": "# Plan\n"})
    return project


def with_own_data(folder: Path, *, turns: int) -> Project:
    table = folder / "own.csv"
    table.write_text("a,kind\n" + "".join(f"{row},{'xy'[row % 2]}\n" for row in range(40)))
    project = create_project(folder / "p", QUESTION, data=table, target="kind")
    settings = project.read("lab.toml").replace("preparation_turns = 12", f"preparation_turns = {turns}")
    (project.path / "lab.toml").write_text(settings)
    return at_phase(project, Phase.DATA)


async def turns_of(project: Project, model: ScriptedModel, turns: int) -> list[Turn]:
    events = await events_of(project, model, turns=turns)
    made = [event.turn for event in events if isinstance(event, TurnCommitted)]
    return [turn for turn in made if turn.agent.speaks]


async def test_nothing_is_told_of_data_that_nobody_has_looked_at(tmp_path: Path) -> None:
    project = with_own_data(tmp_path, turns=12)
    model = ScriptedModel(lambda _: write(Dialogue("The data look fine to me.")))
    turns = await turns_of(project, model, 2)
    assert [(turn.agent, turn.status) for turn in turns] == [
        (Agent.SW_ENGINEER, Status.OK),
        (Agent.ML_ENGINEER, Status.MALFORMED),
    ]
    assert "DIALOGUE cannot be used now" in turns[1].outcome


async def test_the_sw_engineer_hands_in_alone_when_the_turns_run_out(tmp_path: Path) -> None:
    project = with_own_data(tmp_path, turns=4)
    said = iter(range(100))

    def talk(brief: Brief) -> str:
        return write(Python("print(1)")) if brief.agent is Agent.ML_ENGINEER else write(Dialogue(f"Word {next(said)}."))

    turns = await turns_of(project, ScriptedModel(talk), 5)
    assert [turn.agent for turn in turns[3:]] == [Agent.SW_ENGINEER] * 2
    assert all("What can be used: SUBMIT_CODE." in turn.outcome for turn in turns[3:])


async def test_code_that_reads_other_data_than_the_persons_is_not_accepted(tmp_path: Path) -> None:
    project = with_own_data(tmp_path, turns=12)
    codes = iter([OTHER, OWN])

    def engineers(brief: Brief) -> str:
        return write(SubmitCode(next(codes)) if brief.agent is Agent.SW_ENGINEER else Python("print(1)"))

    turns = await turns_of(project, ScriptedModel(engineers), 3)
    assert [turn.status for turn in turns] == [Status.FAILED, Status.OK, Status.OK]
    assert "data/raw/own.csv" in turns[0].outcome
    assert project.read("data/prepare.py") == OWN


async def test_what_was_said_before_word_for_word_is_no_utterance(tmp_path: Path) -> None:
    project = at_phase(new_project(tmp_path / "p", dialogue_turns=10), Phase.PLAN)
    turns = await turns_of(project, ScriptedModel(lambda _: write(Dialogue("I agree."))), 2)
    assert [turn.status for turn in turns] == [Status.OK, Status.MALFORMED]
    assert "said before" in turns[1].outcome


async def test_a_second_useless_reply_is_answered_with_one_form_to_fill_in(tmp_path: Path) -> None:
    project = at_phase(new_project(tmp_path / "p", dialogue_turns=1), Phase.PLAN)
    replies = iter(["no", "nothing"])
    turns = await turns_of(project, ScriptedModel(lambda _: next(replies)), 2)
    assert all(turn.status is Status.MALFORMED for turn in turns)
    assert "filled in" not in turns[0].outcome
    assert "filled in" in turns[1].outcome
    assert turns[1].outcome.count("```") == 2
    assert len(turns[1].outcome) < len(turns[0].outcome)


async def test_an_example_of_the_prompt_is_no_command(tmp_path: Path) -> None:
    project = at_phase(new_project(tmp_path / "p"), Phase.PLAN)
    model = ScriptedModel(lambda _: copied(model))
    turns = await turns_of(project, model, 1)
    assert turns[0].status is Status.MALFORMED
    assert "example" in turns[0].outcome


def copied(model: ScriptedModel) -> str:
    """The first command that the newest prompt shows."""
    request = model.requests[-1]
    block = next(block for block in fenced_blocks(f"{request.system}\n{request.user}") if block.word.isupper())
    return f"```{block.word}\n{block.body}```"


async def test_an_edit_that_left_its_indentation_away_is_indented(tmp_path: Path) -> None:
    program = (
        "import json\n\n\ndef main():\n    value = 0.5\n"
        '    metrics = {"metric": "accuracy", "value": value}\n'
        '    open("results/metrics.json", "w").write(json.dumps(metrics))\n\n\nmain()\n'
    )
    edits = iter(["value = 0.75\n", "value = = 2\n"])

    def engineer(brief: Brief) -> str:
        if brief.agent is Agent.JUDGE:
            return write(Judgement(0.5 + len(brief.tried) / 10, "Better."))
        return write(Edit(5, 5, next(edits)) if brief.program else Replace(program))

    project = at_phase(new_project(tmp_path / "p"), Phase.EXPERIMENTS)
    (project.path / "results").mkdir(exist_ok=True)
    turns = await turns_of(project, ScriptedModel(engineer), 3)
    assert [turn.status for turn in turns] == [Status.OK, Status.OK, Status.FAILED]
    assert "    value = 0.75\n" in project.read("experiment/main.py")
    assert "indented like those" in turns[1].outcome
    assert "IndentationError" in turns[2].outcome
    assert "were indented" not in turns[2].outcome


async def test_a_plan_in_the_place_of_a_program_is_refused_and_an_empty_repair_leads_to_a_new_program(
    tmp_path: Path,
) -> None:
    sent = iter(["# Plan\n\nMeasure it twice.", "import json\nfails(\n", "import json\nfails(\n"])

    def engineer(brief: Brief) -> str:
        return write(Judgement(0.5, "So.") if brief.agent is Agent.JUDGE else Replace(next(sent, "import os\n")))

    model = ScriptedModel(engineer)
    turns = await turns_of(at_phase(new_project(tmp_path / "p"), Phase.EXPERIMENTS), model, 4)
    assert [turn.status for turn in turns] == [Status.MALFORMED, Status.FAILED, Status.FAILED, Status.FAILED]
    assert "no Python program" in turns[0].outcome
    assert "changes nothing" in turns[2].outcome
    jobs = [request.brief.job for request in model.requests if request.brief.agent is Agent.ML_ENGINEER]
    assert jobs == [Job.FIRST, Job.FIRST, Job.REPAIR, Job.REPLACE]
