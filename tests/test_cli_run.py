"""`labtop run` with a real model behind it: waits, replies that break off, and an empty purse, told to a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.events import State, StateChanged
from core.headless import BUDGET, DONE, ERROR, WAITING, exit_code
from tests.served import QUESTION, SMALL, User, events_in, set_in, turns_of, user_at
from tests.servers import faults
from tests.servers.chat import ChatServer

REPLY = "I look for work on it first.\n\n```SUMMARY\nlabel noise\n```"
DEAR = {"prompt": 1000.0, "completion": 1000.0}


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer(lambda request: REPLY) as one:
        yield one


def project_of(user: User, server: ChatServer, **more: object) -> Path:
    user.knows(server, **more)
    made = user.labtop("new", "p", "--question", QUESTION, "--model", "mine")
    assert made.returncode == 0, made.stderr
    set_in(user.home / "p", **SMALL)
    return user.home / "p"


def test_waits_and_replies_that_break_off_are_lines_of_the_transcript(tmp_path: Path, server: ChatServer) -> None:
    user = user_at(tmp_path)
    project = project_of(user, server)
    server.faults += [faults.rate_limited("1"), faults.cut()]
    told = user.labtop("run", project, "--turns", "1")
    assert told.returncode == DONE, told.stdout + told.stderr
    assert "      waits 1 s: " in told.stdout
    assert "429" in told.stdout
    assert "      asks again: " in told.stdout
    assert turns_of(project) == [0, 1, 2]  # the first is the change of lab.toml


def test_the_events_tell_the_same_and_no_token_of_it(tmp_path: Path, server: ChatServer) -> None:
    user = user_at(tmp_path)
    project = project_of(user, server)
    server.faults += [faults.rate_limited("1"), faults.cut(), faults.thinks("Let me think.")]
    events = events_in(user.labtop("run", project, "--turns", "1", "--json").stdout)
    kinds = [event["event"] for event in events]
    assert [kind for kind in kinds if kind in ("Waiting", "Restarted", "CallMade", "TurnCommitted")][-3:] == [
        "Restarted", "CallMade", "TurnCommitted",
    ]  # fmt: skip
    assert "Token" not in kinds
    assert "Thinking" not in kinds
    waits = [event for event in events if event["event"] == "Waiting"]
    assert waits[0]["seconds"] >= 1
    assert "429" in waits[0]["reason"]


def test_a_run_that_may_not_spend_more_ends_with_its_own_exit_code_and_goes_on_with_a_higher_cap(
    tmp_path: Path, server: ChatServer
) -> None:
    user = user_at(tmp_path)
    project = project_of(user, server, price=DEAR, free=None)
    told = user.labtop("run", project, "--turns", "1")
    assert told.returncode == BUDGET == 4, told.stdout + told.stderr
    assert "The budget of $10.00 for the project might be passed" in told.stdout
    assert server.completions == []
    last = events_in(user.labtop("run", project, "--turns", "1", "--json").stdout)[-1]
    assert (last["event"], last["state"], last["cause"]) == ("StateChanged", "waiting", "budget")
    set_in(project, money=10_000)
    assert user.labtop("run", project, "--turns", "1").returncode == DONE
    assert "$" in user.labtop("costs", project).stdout


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (StateChanged(State.FINISHED, "the report is done"), DONE),
        (StateChanged(State.STOPPED, "turn limit of 3 reached"), DONE),
        (StateChanged(State.STOPPED, "data preparation is done"), DONE),
        (StateChanged(State.STOPPED, "Model: the key is refused"), ERROR),
        (StateChanged(State.PAUSED, "paused"), WAITING),
        (StateChanged(State.WAITING, "a verdict"), WAITING),
        (StateChanged(State.WAITING, "the same thing three times", "loop"), WAITING),
        (StateChanged(State.WAITING, "a price that nobody knows", "price"), WAITING),
        (StateChanged(State.WAITING, "a cap", "budget"), BUDGET),
    ],
)
def test_every_end_has_its_exit_code(state: StateChanged, code: int) -> None:
    assert exit_code(state) == code


def test_the_help_names_the_exit_codes(tmp_path: Path) -> None:
    told = user_at(tmp_path).labtop("run", "--help").stdout
    for words in ("0  all that was asked", "1  an error", "3  it waits for you", "4  it waits for you because"):
        assert words in told
