"""The demo in a real pseudo-terminal: start, step, roll back, undo, quit, resume."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from core.status import status
from core.workspace.project import Project
from tests.fake_laboratory import played_project
from tests.served import QUESTION, set_in, user_at
from tests.servers import faults
from tests.servers.chat import ChatServer
from tests.terminal import Terminal


def numbers(project: Path) -> list[int]:
    return [logged.turn.number for logged in Project.open(project).log()]


def test_the_demo_is_started_stepped_rolled_back_left_and_resumed(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with Terminal("demo", str(folder), home=tmp_path) as terminal:
        terminal.until("built-in researcher")
        terminal.until("SUMMARY")
        terminal.press(" ")
        terminal.until("paused")
        held = max(numbers(folder))
        terminal.press("n")
        terminal.until(f"turn {held + 1}")
        terminal.until("paused")
        assert max(numbers(folder)) == held + 1
        terminal.press("5", "\x1b[B", "r")
        terminal.until("Roll back to turn")
        terminal.press("\r")
        terminal.until(f"turn {held}")
        terminal.read(1.0)
        assert max(numbers(folder)) == held
        terminal.press("u")
        terminal.read(2.0)
        assert max(numbers(folder)) == held + 1
        terminal.press("q")
        assert terminal.ended() == 0
    assert Project.open(folder).holder() is None
    with Terminal("open", str(folder), home=tmp_path, columns=80, rows=24) as again:
        again.until("paused")
        again.press("n")
        end = time.monotonic() + 60
        while max(numbers(folder)) < held + 2:
            assert time.monotonic() < end, again.text
            again.read(0.2)
        again.press("q")
        assert again.ended() == 0
    fsck = subprocess.run(["git", "-C", str(folder), "fsck", "--strict"], capture_output=True, check=False)
    assert fsck.returncode == 0


def test_a_live_resize_keeps_every_pane_within_reach(tmp_path: Path) -> None:
    played_project(tmp_path / "p", 13)
    with Terminal("open", str(tmp_path / "p"), home=tmp_path) as terminal:
        terminal.until("it begins when you say so")
        terminal.until("─ Scores")
        terminal.resize(80, 24)
        terminal.until("1 Chat")
        assert "─ Scores" not in terminal.text
        terminal.resize(200, 60)
        terminal.until("─ Scores")
        terminal.press("q")
        assert terminal.ended() == 0


def test_sixteen_colours_are_the_terminals_own(tmp_path: Path) -> None:
    played_project(tmp_path / "p", 13)
    with Terminal("open", str(tmp_path / "p"), home=tmp_path, term="xterm-16color") as terminal:
        terminal.until("it begins when you say so")
        assert (terminal.colour_of("✓ Literature"), terminal.colour_of("✗")) == ("green", "red")


def test_an_unknown_price_and_a_small_budget_are_mended_in_the_persons_editor(tmp_path: Path) -> None:
    editor = tmp_path / "my editor"
    editor.write_text(
        '#!/bin/sh\ncase "$2" in\n*lab.toml) sed -i "s/^money = 10.0/money = 9000/" "$2" ;;\n'
        '*) echo "price = {prompt = 1000.0, completion = 1000.0}" >> "$2" ;;\nesac\n'
    )
    editor.chmod(0o755)
    user = user_at(tmp_path)
    with ChatServer(lambda request: "I look for work on it.\n\n```SUMMARY\nlabel noise\n```") as server:
        user.knows(server, free=None)
        assert user.labtop("new", "p", "--question", QUESTION, "--model", "mine").returncode == 0
        set_in(user.home / "p", arxiv=False, hub=False)
        environment = user.environment | {"VISUAL": f"'{editor}' --wait"}
        with Terminal("open", str(user.home / "p"), home=user.home, **environment) as terminal:
            terminal.until("it begins when you say so")
            terminal.press("n")
            terminal.until("What mine costs is not known")
            terminal.until("config.toml, then space runs on")
            terminal.press("E")
            terminal.press("n")
            terminal.until("The budget of $10.00 for the project might be passed")
            terminal.until("then space runs on")
            assert server.completions == []
            terminal.press("E")
            terminal.until("/$9000")
            terminal.press("n")
            terminal.until("I look for work on it.")
            terminal.until("stepping")
            terminal.press("q")
            assert terminal.ended() == 0
    assert len(server.completions) == 1


def test_a_server_that_is_down_is_waited_for_in_view_until_one_leaves(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    with ChatServer(lambda request: "yes") as server:
        server.faults += [faults.rate_limited("42")] * 20
        user.knows(server)
        assert user.labtop("new", "p", "--question", QUESTION, "--model", "mine").returncode == 0
        project = user.home / "p"
        with Terminal("open", str(project), home=user.home, **user.environment) as terminal:
            terminal.until("it begins when you say so")
            terminal.press(" ")
            terminal.until("asks again in 0:4")
            terminal.until("429")
            assert "◷ waits 0:4" in terminal.text
            terminal.until("asks again in 0:39", 20)  # it counts down
            terminal.press(" ")
            terminal.until("in the middle of a turn")
            terminal.press(" ")
            terminal.until("asks again in 0:4")
            asked = len(server.completions)
            terminal.press("q")
            assert terminal.ended(10) == 0
        assert len(server.completions) == asked == 2
    assert Project.open(project).holder() is None
    assert numbers(project) == [0]


def test_a_line_that_is_hung_up_ends_the_app_and_the_engine_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with Terminal("demo", str(folder), home=tmp_path) as terminal:
        terminal.until("SUMMARY")
        terminal.until("turn 2")
        terminal.hang_up()
        project = Project.open(folder)
        assert project.holder() not in (None, terminal.pid)
        before, end = status(project)["turns"], time.monotonic() + 60
        while status(project)["turns"] < before + 2:
            assert time.monotonic() < end
            time.sleep(0.1)
    assert project.holder() is None
