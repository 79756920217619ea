"""`labtop costs`: everything that was spent is in it once, and a roll-back hides nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from unicodedata import east_asian_width

import pytest

from core.costs import PROGRAMS, Costs, Row, costs, costs_text
from core.ledger import Account, Sum, ledger_of
from core.record import Agent, Phase, Status
from core.workspace.project import Project
from tests.scripted import new_project
from tests.workspace_sample import sample_turn

BILL = Sum(1, 1000, 100, 400, nanos=2_000_000, millis=1500)


def pay(project: Project, turn: int, agent: Agent, model: str = "big", bill: Sum = BILL) -> None:
    account = Account(turn, project.head, Phase.EXPERIMENTS.value, agent.value, model)
    ledger = ledger_of(project)
    ledger.settle(ledger.reserve(account, lambda _: bill), bill)


def make_turn(project: Project, number: int, *, status: Status = Status.OK, judged: bool = True) -> None:
    """A turn whose calls are in the ledger, as the engine makes it."""
    head, ledger = project.head, ledger_of(project)
    pay(project, number, Agent.ML_ENGINEER)
    if judged:
        pay(project, number, Agent.JUDGE, "small")
    program = ledger.reserve(Account(number, head, Phase.EXPERIMENTS.value), lambda _: Sum(millis=9000))
    ledger.settle(program, Sum(millis=4000))
    turn = replace(sample_turn(number), model="big", status=status, outcome=f"judged: {judged}")
    ledger.committed(number, head, project.commit(turn, {"plan.md": f"{number}\n"}))


def named(rows: tuple[Row, ...], name: str) -> Row:
    return next(row for row in rows if row.name == name)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return new_project(tmp_path / "p")


def test_calls_tokens_money_time_and_success_are_told_by_phase_agent_and_model(project: Project) -> None:
    make_turn(project, 1)
    make_turn(project, 2, status=Status.FAILED, judged=False)
    told = costs(project)
    phase = named(told.phases, Phase.EXPERIMENTS)
    assert (phase.calls, phase.prompt_tokens, phase.completion_tokens, phase.cached_tokens) == (3, 3000, 300, 1200)
    assert (phase.money, phase.seconds) == (pytest.approx(0.006), pytest.approx(12.5))
    assert (phase.turns, phase.ok, phase.success) == (2, 1, 0.5)
    assert [row.name for row in told.phases] == [phase.value for phase in Phase]
    assert {row.name: (row.calls, row.turns) for row in told.agents} == {
        Agent.ML_ENGINEER: (2, 2),
        Agent.JUDGE: (1, 0),
        PROGRAMS: (0, 0),
    }
    assert named(told.agents, PROGRAMS).seconds == 8
    assert {row.name: (row.calls, row.ok) for row in told.models} == {"big": (2, 1), "small": (1, 0)}
    assert told.total.calls == 3
    assert named(told.phases, Phase.PLAN).success is None


def test_a_rolled_back_turn_is_sunk_and_one_made_anew_from_the_same_commit_is_not(project: Project) -> None:
    make_turn(project, 1)
    start = project.head
    make_turn(project, 2)
    project.rollback(start)
    make_turn(project, 2, judged=False)
    told = costs(project)
    assert (named(told.phases, Phase.EXPERIMENTS).calls, told.rolled_back.calls, told.total.calls) == (3, 2, 5)
    project.undo()
    told = costs(project)
    assert (named(told.phases, Phase.EXPERIMENTS).calls, told.rolled_back.calls, told.total.calls) == (4, 1, 5)
    assert told.total.money == pytest.approx(0.010)


def test_another_branch_is_told_apart(project: Project) -> None:
    make_turn(project, 1)
    project.branch("aside")
    make_turn(project, 2)
    assert costs(project).other_branches.calls == 0
    project.switch("main")
    told = costs(project)
    assert (told.other_branches.calls, told.rolled_back.calls, told.total.calls) == (2, 0, 4)


def test_the_turn_in_flight_is_told_and_one_that_was_lost_is_not_forgotten(project: Project) -> None:
    make_turn(project, 1)
    pay(project, 2, Agent.ML_ENGINEER)
    assert named(costs(project).phases, Phase.EXPERIMENTS).calls == 3
    make_turn(project, 3)
    told = costs(project)
    assert (named(told.phases, Phase.EXPERIMENTS).calls, told.rolled_back.calls, told.total.calls) == (4, 1, 5)


def test_a_crash_between_commit_and_note_loses_nothing(project: Project) -> None:
    pay(project, 1, Agent.ML_ENGINEER)
    project.commit(replace(sample_turn(1), model="big"), {"plan.md": "x\n"})
    make_turn(project, 2)
    told = costs(project)
    assert (named(told.phases, Phase.EXPERIMENTS).calls, told.rolled_back.calls) == (3, 0)


def test_turns_from_before_the_ledger_are_told_from_the_history(project: Project) -> None:
    for number in (1, 2, 3):
        project.commit(replace(sample_turn(number), model="old"), {"plan.md": f"{number}\n"})
    project.rollback("2")
    before = costs(project)
    assert not project.private("ledger.jsonl").exists()
    assert (named(before.models, "old").calls, before.rolled_back.calls, before.total.calls) == (2, 1, 3)
    make_turn(project, 3)
    after = costs(project)
    assert (named(after.models, "old").calls, after.rolled_back.calls, after.total.calls) == (2, 1, 5)
    assert after.total.money == pytest.approx(0.03 + 0.004)


def test_turns_of_a_fork_that_were_not_paid_here_cost_nothing(project: Project) -> None:
    project.commit(sample_turn(1), {"plan.md": "x\n"})
    (project.path / ".git/labtop/ledger.jsonl").unlink(missing_ok=True)
    ledger = type(ledger_of(project))(project.private("ledger.jsonl"))
    ledger.begin()
    assert costs(project).total.calls == 0
    make_turn(project, 2)
    assert costs(project).total.calls == 2


def test_caps_are_told_with_what_is_left(project: Project) -> None:
    path = project.path / "lab.toml"
    path.write_text(
        path.read_text().replace("money = 10.0 ", "money = 0.01 ").replace("\ntokens = 0 ", "\ntokens = 9000 ")
    )
    make_turn(project, 1)
    told = {cap.key: (cap.most, cap.spent, cap.left) for cap in costs(project).caps}
    assert told["money"] == (0.01, pytest.approx(0.004), pytest.approx(0.006))
    assert told["tokens"] == (9000, 2200, 6800)
    text = costs_text(costs(project))
    assert "budget.money: $0.00 of $0.01, $0.01 left" in text
    assert "budget.tokens: 2,200 tokens of 9,000 tokens, 6,800 tokens left" in text


def test_the_tables_fit_eighty_columns_whatever_a_model_is_called(project: Project) -> None:
    make_turn(project, 1)
    huge = Sum(99_999, 987_654_321, 87_654_321, 7_654_321, 123_456_789_000_000, 360_000_000, 7, 8, 9, 10)
    for name in ("漢字" * 40, "\x1b[31mred\x1b[0m\nline", "x" * 300):
        pay(project, 2, Agent.JUDGE, name, huge)
    text = costs_text(costs(project))
    assert "\x1b" not in text
    assert all(sum(2 if east_asian_width(char) in "WF" else 1 for char in line) <= 80 for line in text.splitlines())
    rows = [line for line in text.splitlines() if line.startswith(("phase", "agent", "model", "total"))]
    assert len(rows) == 4
    for words in ("at their worst case", "dearest known price", "without money", "without an answer"):
        assert words in text


def test_costs_can_be_written_as_json(project: Project) -> None:
    make_turn(project, 1)
    told: Costs = costs(project)
    assert json.loads(json.dumps(asdict(told)))["total"]["calls"] == 2
