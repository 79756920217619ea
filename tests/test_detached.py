"""An engine that outlives its app, in real terminals: hang-up, coming back in mid-stream, two apps, a killed engine."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.host.asking import engine_of
from core.workspace.project import Project
from tests.engines import end_engines
from tests.fake_laboratory import played_project
from tests.served import QUESTION, User, set_in, turns_of, user_at
from tests.servers.chat import ChatServer
from tests.terminal import Terminal

WORDS = [f"w{number:03d}" for number in range(240)]
REPLY = f"{' '.join(WORDS)}\n\n```SUMMARY\nlabel noise\n```"


def project_of(user: User, server: ChatServer, **settings: object) -> Path:
    user.knows(server)
    made = user.labtop("new", "p", "--question", QUESTION, "--model", "mine")
    assert made.returncode == 0, made.stderr
    set_in(user.home / "p", arxiv=False, hub=False, **settings)
    return user.home / "p"


def app_on(user: User, project: Path, command: str = "open", **more: int) -> Terminal:
    return Terminal(command, str(project), home=user.home, **more, **user.environment)  # type: ignore[arg-type]


def wait_for(happened: Callable[[], bool], what: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.05)


def words_on(terminal: Terminal) -> list[str]:
    return re.findall(r"w\d{3}", terminal.text)


def test_a_line_is_lost_in_mid_stream_and_coming_back_shows_all_of_the_reply_once(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    with ChatServer(lambda request: REPLY, pace=0.2) as server:
        project = project_of(user, server)
        with app_on(user, project, columns=200, rows=60) as first:
            first.until("it begins when you say so")
            first.press("n")
            first.until("w010")
            first.hang_up()
            engine = Project.open(project).holder()
            with app_on(user, project, columns=200, rows=60) as second:
                second.until("w020")
                assert Project.open(project).holder() == engine
                seen = words_on(second)
                assert seen == WORDS[: len(seen)]
                assert len(seen) < len(WORDS), "the reply was over before anybody came back"
                server.pace = 0.01
                second.until("w239")
                second.until("stepping")
                words = words_on(second)
                assert words == WORDS[WORDS.index(words[0]) :], "lost or twice"
                assert turns_of(project)[-1] == max(turns_of(project))
                second.press("q")
                assert second.ended() == 0
        assert len(server.completions) == 1
    assert Project.open(project).holder() is None


def test_an_app_is_left_with_the_engine_at_work_and_comes_back_to_it(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    with ChatServer(lambda request: REPLY, pace=0.08) as server:
        project = project_of(user, server)
        with app_on(user, project) as first:
            first.until("it begins when you say so")
            first.press("n")
            first.until("w010")
            first.press("\x04")
            first.until("goes on by itself")
            first.until(f"labtop attach {project}")
            assert first.ended() == 0
            told = user.labtop("status", project).stdout
            assert f"engine: process {Project.open(project).holder()} by itself, nobody attached" in told
            refused = user.labtop("run", project)
            assert (refused.returncode, "labtop attach" in refused.stderr) == (1, True)
            with app_on(user, project, "attach") as second:
                server.pace = 0.01
                second.until("w23")
                second.press("q")
                assert second.ended() == 0
    assert Project.open(project).holder() is None
    again = user.labtop("attach", project)
    assert (again.returncode, "No engine works on" in again.stderr) == (1, True)


def test_one_app_steers_the_other_watches_until_it_takes_the_helm(tmp_path: Path) -> None:
    project = played_project(tmp_path / "p", 3).path
    with Terminal("open", str(project), home=tmp_path) as first:
        first.until("it begins when you say so")
        with Terminal("open", str(project), home=tmp_path) as second:
            second.until("this one watches")
            second.press("n")
            second.read(1.0)
            assert turns_of(project)[-1] == 3
            second.press("H")
            second.until("this app steers now")
            first.until("this one watches")
            first.press("q")
            assert first.ended() == 0
            assert Project.open(project).holder() is not None, "whoever only watches ends nothing"
            second.press("q")
            assert second.ended() == 0
    assert Project.open(project).holder() is None


def test_a_killed_engine_is_seen_in_words_and_started_anew(tmp_path: Path) -> None:
    project = played_project(tmp_path / "p", 3).path
    with Terminal("open", str(project), home=tmp_path) as terminal:
        terminal.until("it begins when you say so")
        engine = Project.open(project).holder()
        assert engine is not None
        os.kill(engine, signal.SIGKILL)
        terminal.until("ended unexpectedly")
        terminal.until("space tries again")
        terminal.press("n")
        wait_for(lambda: engine_of(project) is not None, "a new engine")
        found = engine_of(project)
        assert found is not None
        assert found.pid != engine
        terminal.press("q")
        assert terminal.ended() == 0
    assert Project.open(project).holder() is None


def test_an_engine_that_died_unseen_is_told_of_and_resumed_when_one_attaches(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    with ChatServer(lambda request: REPLY, pace=0.01) as server:
        project = project_of(user, server)
        assert user.labtop("run", "--detach", project).returncode == 0
        wait_for(lambda: len(server.completions) >= 2, "the second turn")
        engine = Project.open(project).holder()
        assert engine is not None
        os.kill(engine, signal.SIGKILL)
        wait_for(lambda: Project.open(project).holder() is None, "the lock is free")
        assert "ended unexpectedly" in user.labtop("status", project).stdout
        with app_on(user, project, "attach") as terminal:
            terminal.until("it begins when you say so")
            before = turns_of(project)[-1]
            assert before >= 1
            terminal.press("n")
            wait_for(lambda: turns_of(project)[-1] > before, "the work goes on")
            terminal.press("q")
            assert terminal.ended() == 0


def test_a_verdict_that_is_waited_for_is_given_by_another_app_after_the_first_has_gone(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    with ChatServer(lambda request: REPLY) as server:
        project = project_of(user, server, copilot="turn")
        with app_on(user, project) as first:
            first.until("it begins when you say so")
            first.press("n")
            first.until("waiting for you")
            first.hang_up()
            with app_on(user, project) as second:
                second.until("PhD student wants: SUMMARY")
                second.read(1.0)
                second.press("a")
                wait_for(lambda: len(turns_of(project)) == 3, "the approved turn")
                second.press("q")
                assert second.ended() == 0
        assert len(server.completions) == 1


def test_a_history_that_an_engine_holds_is_travelled_by_the_engine(tmp_path: Path) -> None:
    project = played_project(tmp_path / "p", 6).path
    user = User(tmp_path)
    with Terminal("open", str(project), home=tmp_path) as watching:
        watching.until("it begins when you say so")
        gone = user.labtop("rollback", project, "4")
        assert (gone.returncode, "2 turns left behind" in gone.stdout) == (0, True), gone.stderr
        watching.until("turn 4 ")
        assert user.labtop("undo", project).returncode == 0
        watching.until("turn 6 ")
        refused = user.labtop("undo", project)
        assert (refused.returncode, "Nothing to undo" in refused.stderr) == (1, True)
        watching.read(0.5)
        watching.press("q")
        assert watching.ended() == 0
    assert Project.open(project).holder() is None


@pytest.mark.parametrize("now", [False, True])
def test_an_engine_by_itself_works_to_the_end_of_a_phase_and_is_ended_by_a_command(tmp_path: Path, now: bool) -> None:
    user = user_at(tmp_path)
    assert user.labtop("new", "p", "--question", QUESTION).returncode == 0
    project = user.home / "p"
    set_in(project, papers=1)
    try:
        told = user.labtop("run", "--detach", "--until", "literature-review", project)
        assert (told.returncode, "labtop attach" in told.stdout) == (0, True), told.stderr
        wait_for(lambda: "Literature review is done" in user.labtop("status", project).stdout, "the phase's end")
        assert user.labtop("run", "--detach", project).returncode == 0  # it was held: it runs on
        wait_for(lambda: "running: " in user.labtop("status", project).stdout, "it runs on")
        refused = user.labtop("run", "--detach", project)
        assert (refused.returncode, "works on p already" in refused.stderr) == (1, True)
        ended = user.labtop("stop", project, *(["--now"] if now else []))
        assert (ended.returncode, "every finished turn is committed" in ended.stdout) == (0, True), ended.stderr
    finally:
        end_engines(user.home)
    assert Project.open(project).holder() is None
    again = user.labtop("stop", project)
    assert (again.returncode, "No engine is at work" in again.stderr) == (1, True)
    assert not (project / ".git/labtop/engine.log").read_text()
    assert (project / ".git/labtop/engine.log").stat().st_mode & 0o777 == 0o600


def test_an_engine_whose_work_an_error_has_ended_is_started_again_from_the_shell(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    with ChatServer(lambda request: REPLY, key="right") as server:
        project = project_of(user, server)
        try:
            assert user.labtop("run", "--detach", project).returncode == 0
            wait_for(lambda: "stopped: " in user.labtop("status", project).stdout, "the key is refused")
            server.key = None
            told = user.labtop("run", "--detach", project)
            assert (told.returncode, "works on p by itself" in told.stdout) == (0, True), told.stderr
            wait_for(lambda: turns_of(project)[-1] > 1, "the work goes on")
        finally:
            user.labtop("stop", "--now", project)


def test_a_project_whose_settings_are_wrong_is_refused_before_there_is_an_engine(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    assert user.labtop("new", "p", "--question", QUESTION).returncode == 0
    (user.home / "p" / "lab.toml").write_text("nonsense = 1\n")
    told = user.labtop("run", "--detach", "p")
    assert (told.returncode, "nonsense is not a setting" in told.stderr) == (1, True)
    assert Project.open(user.home / "p").holder() is None
