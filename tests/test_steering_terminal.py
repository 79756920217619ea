"""In a real terminal, with the engine in a process of its own: every word a person can say to a reply."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.commands import Dialogue, Plan
from core.parsing import write
from core.record import Agent, Phase, Status
from core.workspace.project import Project
from tests.engines import end_engines
from tests.served import User, user_at
from tests.servers.chat import ChatServer
from tests.steered import standing_at
from tests.terminal import Terminal
from tests.test_verdicts import NEW, OLD


def replies(request: dict[str, Any]) -> str:
    """A plan in two hunks from the postdoc; then talk, until the data's code is wanted."""
    told = "\n".join(str(message["content"]) for message in request["messages"])
    if "What the researcher asks you about it" in told:
        return "Because line nineteen is two things."
    if "You are the **postdoc*" in told:
        return f"Two things must change.\n\n{write(Plan(NEW))}"
    return f"{write(Dialogue(f'Thought number {len(told)}.'))}"


@pytest.fixture(autouse=True)
def no_engine_stays(tmp_path: Path) -> Iterator[None]:
    yield
    end_engines(tmp_path)


def waits(terminal: Terminal, words: str) -> None:
    """A new question stands, and keys count."""
    terminal.until(words)
    terminal.until("waiting for you")
    terminal.read(0.7)


@pytest.mark.slow
def test_a_person_steers_by_keys_and_what_they_left_out_reaches_the_next_prompt(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    with ChatServer(replies) as server:
        user.knows(server)
        project = standing_at(tmp_path / "p", Phase.PLAN, {"plan.md": OLD}, model="mine", copilot="turn")
        with Terminal("open", str(project.path), home=user.home, **_environment(user)) as terminal:
            terminal.until("space runs on")
            terminal.press("n")
            waits(terminal, "Postdoc wants: PLAN in plan.md (+3 −2, 2 hunks)")
            terminal.press("W", "why?", "\r")
            terminal.until("Because line nineteen is two things.")
            terminal.press("]", "]", " ")
            terminal.until("1 of 2 kept")
            terminal.press("a", "nineteen stays", "\r")
            terminal.until("paused")
            terminal.press("n")
            waits(terminal, "wants: DIALOGUE")
            asked = server.completions[-1].prompt
            assert "left out the rest, because: nineteen stays" in asked
            assert "+line nineteen" in asked
            terminal.press("x", "too short", "\r")
            terminal.until("paused")
            terminal.press("n")
            waits(terminal, "wants: DIALOGUE")
            assert "too short" in server.completions[-1].prompt
            terminal.press("s")
            terminal.until("paused")
            terminal.press("n")
            waits(terminal, "wants: DIALOGUE")
            terminal.press("e", "\x1b[B", "Certainly. ", "\x13")
            terminal.until("paused")
            terminal.press("n")
            waits(terminal, "wants: DIALOGUE")
            terminal.press("t", "```DIALOGUE", "\r", "Mine.", "\r", "```", "\x13")
            terminal.until("paused")
            terminal.press("n")
            waits(terminal, "wants: DIALOGUE")
            terminal.press("a")
            terminal.until("paused")
            terminal.press("q")
            assert terminal.ended() == 0
    turns = [logged.turn for logged in Project.open(project.path).log(6)][::-1]
    declined, done = Status.DECLINED, Status.OK
    assert [turn.status for turn in turns] == [done, declined, declined, done, done, done]
    assert [turn.agent for turn in turns].index(Agent.RESEARCHER) == 4
    assert [turn.subject.endswith("edited by you") for turn in turns] == [True, False, False, True, False, False]
    assert turns[4].outcome == "Mine."
    assert project.read("plan.md") == OLD.replace("line 2\n", "line two\n")


def test_esc_stops_a_reply_in_mid_stream_and_what_came_of_it_waits_for_a_word(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    reply = f"{' '.join(f'w{number:03d}' for number in range(300))}\n\n{write(Dialogue('Done.'))}"
    with ChatServer(lambda _: reply, pace=0.1) as server:
        user.knows(server)
        project = standing_at(tmp_path / "p", Phase.PLAN, {}, model="mine")
        with Terminal("open", str(project.path), home=user.home, **_environment(user)) as terminal:
            terminal.until("space runs on")
            terminal.press("n")
            terminal.until("w010")
            terminal.press("\x1b")
            waits(terminal, "Postdoc was stopped by you before its command was whole")
            terminal.press("x", "too long", "\r")
            terminal.until("paused")
            terminal.press("q")
            assert terminal.ended() == 0
    turn = Project.open(project.path).log(1)[0].turn
    assert turn.status is Status.DECLINED
    assert turn.reply.startswith("w000 w001")
    assert "w299" not in turn.reply
    assert "too long" in turn.outcome
    assert turn.cost.calls == 1


def _environment(user: User) -> dict[str, str]:
    return {name: value for name, value in user.environment.items() if name not in ("HOME", "XDG_STATE_HOME")}
