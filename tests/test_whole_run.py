"""Whole projects on a real chat server, as a person starts them: `labtop new`, `labtop run`, over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from core.record import Phase
from core.workspace.project import Project
from tests.served import QUESTION, SMALL, User, events_in, set_in, turns_of, user_at
from tests.servers import faults, script
from tests.servers.chat import ChatServer


def new(user: User, server: ChatServer, **settings: object) -> Path:
    """A project on the server's model, made by the program, with the settings of a small study."""
    user.knows(server)
    made = user.labtop("new", "study", "--question", QUESTION, "--model", "mine")
    assert made.returncode == 0, made.stderr
    set_in(user.home / "study", **{**SMALL, **settings})
    return user.home / "study"


def until(what: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.01)


def kill(child: Popen[str]) -> None:
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()


@pytest.mark.slow
def test_a_project_goes_through_all_seven_phases_on_a_real_server(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    with ChatServer(script.answer, caches=True) as server:
        project = new(user, server)
        ran = user.labtop("run", project, "--json")
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr
    events = events_in(ran.stdout)
    finished = [event["phase"] for event in events if event["event"] == "PhaseFinished"]
    assert list(dict.fromkeys(finished)) == [phase.value for phase in Phase]
    assert events[-1]["event"] == "StateChanged"
    assert events[-1]["state"] == "finished"
    assert (project / "report" / "report.pdf").read_bytes().startswith(b"%PDF")
    assert server.problems == []
    assert all(request.body["stream"] for request in server.completions)
    turns = [logged.turn for logged in Project.open(project).log()]
    assert sum(turn.cost.calls for turn in turns) == len(server.completions)
    assert sum(turn.cost.prompt_tokens for turn in turns) == sum(len(one.prompt) // 4 + 1 for one in server.completions)
    assert sum(turn.cost.cached_tokens for turn in turns) > 0
    assert {turn.status.value for turn in turns} == {"ok"}


def test_a_killed_run_asks_again_for_the_reply_that_was_streaming_and_for_nothing_else(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    with ChatServer(script.answer) as server:
        project = new(user, server)
        server.faults += [faults.says("fine"), faults.stalled(4)]
        child = user.starts("run", project, "--json", "--turns", "3")
        until(lambda: len(server.completions) == 2)
        time.sleep(0.2)  # the reply is on its way
        kill(child)
        assert turns_of(project)[-1] == 2  # the settings by hand, and the first turn
        ran = user.labtop("run", project, "--json", "--turns", "2")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    first, stopped, *later = (request.prompt for request in server.completions)
    assert later[0] == stopped
    assert len(set(later)) == len(later) == 2
    assert first not in later
    assert turns_of(project) == list(range(5))


def test_a_reply_that_had_arrived_before_the_kill_is_not_paid_twice(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    with ChatServer(script.answer) as server:
        project = new(user, server)
        ran = user.labtop("run", project, "--until", "plan-formulation")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        asked = len(server.completions)
        # The second reply of the data preparation looks at the data in the sandbox, which takes a second.
        child = user.starts("run", project, "--json")
        for line in child.stdout or ():
            if json.loads(line)["event"] == "ProgramStarted":
                break
        kill(child)
        before = len(server.completions)
        assert before == asked + 2
        ran = user.labtop("run", project, "--json", "--turns", "1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(server.completions) == before
    (turn,) = [event["turn"] for event in events_in(ran.stdout) if event["event"] == "TurnCommitted"]
    assert turn["command"] == "PYTHON"
    assert turn["cost"]["calls"] == 1


def test_a_model_that_nobody_described_is_an_error_that_names_the_known_ones(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    with ChatServer(script.answer) as server:
        user.knows(server, "other")
        made = user.labtop("new", "study", "--question", QUESTION, "--model", "mine")
        project = user.home / "good"
        assert user.labtop("new", project, "--question", QUESTION).returncode == 0
        with open(project / "lab.toml", "a", encoding="utf-8") as file:
            file.write('reviewer = "mine"\n')
        ran = user.labtop("run", project)
        for told in (made, ran):
            assert told.returncode == 1
            assert "“mine”" in told.stdout + told.stderr
            assert "other" in told.stdout + told.stderr
        assert server.requests == []


def test_roles_and_phases_speak_with_the_models_that_the_person_chose(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    with ChatServer(script.answer) as server, ChatServer(script.answer, model="cheap") as other:
        user.knows(other, "small")
        project = new(user, server)
        with open(project / "lab.toml", "a", encoding="utf-8") as file:
            file.write('plan-formulation = "small"\npostdoc = "mine"\n')
        ran = user.labtop("run", project, "--until", "plan-formulation")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [script.speaker_of(one.prompt) for one in other.completions] == ["phd student, plan formulation"]
    assert "phd student, plan formulation" not in {script.speaker_of(one.prompt) for one in server.completions}
    assert {one.body["model"] for one in other.completions} == {"cheap"}
