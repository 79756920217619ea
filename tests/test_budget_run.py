"""The budget in the real engine: at a cap the run waits, no further call is made, and with a raised cap it goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from core.brief import Brief
from core.commands import Dialogue, Python, Summary
from core.costs import costs
from core.events import Notice, ProgramStarted, State
from core.ledger import Account, ledger_of
from core.models.model import Price
from core.parsing import write
from core.progress import read_progress
from core.record import Phase
from core.workspace.project import Project
from tests.scripted import ScriptedModel, events_of, new_project
from tests.test_laboratory import last_state, scientist, turns_in


class Paid(ScriptedModel):
    """A scripted model that costs money: 10,000 tokens of prompt or 2,000 of reply for a dollar."""

    price: Price | None = Price(100.0, 100.0, 500.0)  # type: ignore[assignment]
    most_tokens = 400


def cap(project: Project, **caps: float) -> None:
    """Set caps in lab.toml, as a person does in an editor."""
    path = project.path / "lab.toml"
    text = path.read_text()
    for key, value in caps.items():
        text, count = re.subn(rf"^{key} = [\d.]+", f"{key} = {value}", text, flags=re.MULTILINE)
        assert count == 1, key
    path.write_text(text)


def capped(folder: Path, **caps: float) -> Project:
    project = new_project(folder, papers=20)
    cap(project, **caps)
    return project


def searching() -> Callable[[Brief], str]:
    """A new search in every turn."""
    count = iter(range(10**6))
    return lambda brief: write(Summary(f"forests {next(count)}"))


def money_of(project: Project) -> float:
    return ledger_of(project).spent(Account()).project.money


async def test_at_a_cap_the_run_waits_no_call_is_made_and_a_raised_cap_goes_on(tmp_path: Path) -> None:
    project, model = capped(tmp_path / "p", money=1.5), Paid(searching())
    events = await events_of(project, model)
    state = last_state(events)
    assert (state.state, state.cause) == (State.WAITING, "budget")
    assert "$1.50 for the project" in state.reason
    assert "Raise money in lab.toml" in state.reason
    made = len(model.requests)
    assert made == len(turns_in(events)) - 1 > 0  # the first turn is the person's, who has edited lab.toml
    assert 0 < money_of(project) <= 1.5
    assert money_of(project) == pytest.approx(read_progress(project).cost.money)

    assert last_state(await events_of(project, model)).cause == "budget"
    assert len(model.requests) == made

    cap(project, money=2.5)
    assert last_state(await events_of(project, model)).cause == "budget"
    assert len(model.requests) > made
    assert 1.0 < money_of(project) <= 2.5


async def test_money_of_turns_that_were_rolled_back_stays_spent(tmp_path: Path) -> None:
    project, model = capped(tmp_path / "p", money=1.5), Paid(searching())
    await events_of(project, model)
    spent, made = money_of(project), len(model.requests)
    project.rollback("1")
    cap(project, money=spent)
    assert money_of(project) == spent
    again = Paid(searching())
    assert last_state(await events_of(project, again)).cause == "budget"
    assert not again.requests
    assert costs(project).rolled_back.money == pytest.approx(spent)
    assert costs(project).rolled_back.calls == made


async def test_a_cap_on_tokens_holds_for_a_model_that_is_free(tmp_path: Path) -> None:
    project, model = capped(tmp_path / "p", tokens=20_000), ScriptedModel(searching())
    state = last_state(await events_of(project, model))
    assert (state.state, state.cause) == (State.WAITING, "budget")
    assert model.requests
    assert ledger_of(project).spent(Account()).project.tokens <= 20_000


async def test_a_cap_on_a_turn_stops_that_turn_before_its_first_call(tmp_path: Path) -> None:
    project, model = capped(tmp_path / "p", turn_money=0.001), Paid(searching())
    state = last_state(await events_of(project, model))
    assert "this turn" in state.reason
    assert not model.requests


async def test_an_unknown_price_with_nobody_there_is_the_dearest(tmp_path: Path) -> None:
    class Unpriced(Paid):
        price = None

    project, model = capped(tmp_path / "p", money=100), Unpriced(searching())
    events = await events_of(project, model, turns=2)
    assert len(model.requests) == 2
    assert len([event for event in events if isinstance(event, Notice) and "not known" in event.text]) == 1
    assert costs(project).total.guessed == 2
    assert money_of(project) > 0.1


async def test_programs_get_no_more_time_than_the_hours_that_are_left(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", papers=1)
    await events_of(project, ScriptedModel(scientist(lambda _: "")), until=Phase.PLAN)
    used = ledger_of(project).spent(Account()).project.seconds
    cap(project, hours=(used + 20) / 3600)
    replies = iter([Dialogue("Look at it."), Python("print('seen')"), Dialogue("Again."), Python("print('seen')")])
    model = ScriptedModel(lambda _: write(next(replies)))
    events = await events_of(project, model, turns=2)
    (started,) = [event for event in events if isinstance(event, ProgramStarted)]
    assert 0 < started.limit_seconds < 20.5

    cap(project, hours=ledger_of(project).spent(Account()).project.seconds / 3600 + 0.0001)
    state = last_state(await events_of(project, model))
    assert (state.state, state.cause) == (State.WAITING, "budget")
    assert "hours for the project" in state.reason
    assert len(model.requests) == 2
