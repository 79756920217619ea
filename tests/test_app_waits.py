"""Waits, thoughts, replies that break off, and money: on the board and on the screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.events import (
    CallMade,
    Notice,
    ProgramOutput,
    ProgramStarted,
    Proposed,
    Restarted,
    State,
    StateChanged,
    Thinking,
    Token,
    TurnCommitted,
    TurnStarted,
    Waiting,
)
from core.record import Agent, Cost, Phase
from tests.app_stage import app_on, frame_of, laboratory, opened, told, until
from tests.fake_laboratory import study
from tui.board import Board
from tui.widgets.nowline import now
from tui.widgets.statusline import fitted, money, parts_of, tokens

STARTED = TurnStarted(9, Phase.EXPERIMENTS, Agent.ML_ENGINEER, "deepseek", "improve the program", "1/6")
BUSY = "429 from openrouter.ai, too many requests"


def board_at(clock: list[float], *events: object) -> Board:
    board = Board(clock=lambda: clock[0])
    for event in (StateChanged(State.RUNNING), STARTED, *events):
        board.apply(event)  # type: ignore[arg-type]
    return board


def test_a_wait_counts_down_and_says_why() -> None:
    clock = [100.0]
    board = board_at(clock, Waiting(9, BUSY, 42.0))
    assert now(board).plain == f"◷ asks again in 0:42: {BUSY} · space stops waiting, q leaves"
    clock[0] = 131.5
    assert f"in 0:11: {BUSY}" in now(board).plain
    assert "◷ waits 0:11" in fitted(list(parts_of(board)), 120).plain
    clock[0] = 143.0
    assert f"asks again: {BUSY}" in now(board).plain


@pytest.mark.parametrize(
    "event",
    [
        Token(9, "x"),
        Thinking(9, "x"),
        Restarted(9, "it died"),
        CallMade(9, "m", Cost(1)),
        StateChanged(State.PAUSED, "paused by you"),
        TurnCommitted(study()[8], "c"),
    ],
)
def test_a_wait_ends_with_the_next_thing_that_happens(event: object) -> None:
    board = board_at([0.0], Waiting(9, BUSY, 42.0))
    board.apply(event)  # type: ignore[arg-type]
    assert board.wait is None


def test_a_notice_does_not_end_a_wait() -> None:
    assert board_at([0.0], Waiting(9, BUSY, 42.0), Notice("info", "a word")).wait is not None


def test_a_download_says_how_far_it_is_and_since_when() -> None:
    clock = [0.0]
    board = board_at(clock, Waiting(9, "fetching imdb: 10 of 80 MB", 0.0))
    clock[0] = 65.0
    board.apply(Waiting(9, "fetching imdb: 40 of 80 MB", 0.0))
    assert now(board).plain == "◷ fetching imdb: 40 of 80 MB · 01:05"


def test_what_was_said_before_a_reply_broke_off_is_void() -> None:
    board = board_at([0.0], Token(9, "half a th"), Restarted(9, "the stream died"), Token(9, "Whole."))
    assert board.reply == "Whole."


def test_a_judge_that_is_asked_again_voids_nothing_of_the_reply_that_is_carried_out() -> None:
    board = board_at([0.0], Token(9, "Whole."), Proposed(9, Agent.ML_ENGINEER, "EDIT 1-2"), Restarted(9, "x"))
    board.apply(Thinking(9, "hm"))
    assert (board.reply, board.thinking) == ("Whole.", False)


def test_the_now_line_says_that_a_model_thinks_until_it_speaks() -> None:
    board = board_at([0.0], Thinking(9, "let me see"))
    assert "improve the program · thinking" in now(board).plain
    board.apply(Token(9, "I"))
    assert "thinking" not in now(board).plain


def test_a_running_program_shows_its_last_line() -> None:
    program = ProgramStarted(9, "experiment/main.py", "bubblewrap", 600.0)
    board = board_at([0.0], program, ProgramOutput(9, "epoch 2/10\nepoch 3/10 loss 0.41\n\n"))
    assert now(board).plain.endswith("runs · 00:00 of at most 10:00 · epoch 3/10 loss 0.41")
    board.apply(ProgramOutput(9, "\x1b[31mx" * 500))
    assert len(now(board).plain) < 140
    assert "\x1b" not in now(board).plain


# Money


def test_a_call_is_counted_at_once_and_once() -> None:
    turn = study()[8]
    board = board_at([0.0], CallMade(9, "m", Cost(1, 400, 100, 0.25, 3.0, 300)))
    assert (board.spent.money, board.spent.cached_tokens) == (0.25, 300)
    paid = Cost(1, 400, 100, 0.25, 9.0, 300)
    board.apply(TurnCommitted(replace(turn, cost=paid), "c"))
    assert board.spent.money == board.cost.money == 0.25
    assert board.paid == Cost()


def test_calls_of_an_attempt_that_was_given_up_stay_counted() -> None:
    turn = study()[8]
    board = board_at([0.0], CallMade(9, "m", Cost(1, 400, 100, 0.25)), CallMade(9, "m", Cost(1, 400, 100, 0.25)))
    board.apply(TurnCommitted(replace(turn, cost=Cost(1, 400, 100, 0.25)), "c"))
    assert (board.cost.money, board.sunk.money, board.spent.money) == (0.25, 0.25, 0.5)


def test_what_the_ledger_tells_is_shown_while_the_run_is_held() -> None:
    board = board_at([0.0], CallMade(9, "m", Cost(1, 400, 100, 0.25)), StateChanged(State.PAUSED, "paused by you"))
    board.reckon(Cost(3, 1200, 300, 0.75))
    assert (board.spent.money, board.paid, board.sunk.money) == (0.75, Cost(), 0.75)
    board.apply(TurnCommitted(replace(study()[8], cost=Cost(1, 400, 100, 0.25)), "c"))
    board.reckon(Cost(3, 1200, 300, 0.75))
    assert (board.spent.money, board.sunk.money) == (0.75, 0.5)


def test_money_stands_beside_its_cap() -> None:
    assert money(1.239, 10.0).plain == "$1.24/$10"
    assert money(1.0, 2.5).plain == "$1.00/$2.50"
    assert money(1.0, 0.0).plain == "$1.00"
    assert not any("warning" in str(span.style) for span in money(7.9, 10.0).spans)
    assert any("warning" in str(span.style) for span in money(8.0, 10.0).spans)


def test_the_share_of_cached_tokens_is_shown_where_a_server_tells_it() -> None:
    assert tokens(Cost(9, 400_000, 12_000, cached_tokens=284_000)).plain == "412.0k tok 71% cached"
    assert tokens(Cost(9, 400, 100)).plain == "500 tok"


def test_money_stays_on_the_narrowest_line() -> None:
    board = board_at([0.0], CallMade(9, "m", Cost(1, 400_000, 100, 1.24)))
    board.project, board.cap, board.best = "label-noise", 10.0, 0.934
    assert "$1.24/$10" in fitted(list(parts_of(board)), 78).plain


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("budget", "E opens lab.toml, then space runs on"),
        ("loop", "i writes the agents a note, space runs on"),
        ("price", "E opens config.toml, then space runs on"),
        ("", "space runs on"),
    ],
)
def test_a_run_that_waits_for_a_person_says_what_is_wanted(cause: str, words: str) -> None:
    board = board_at([0.0], Proposed(9, Agent.ML_ENGINEER, "EDIT 1-2"))
    board.apply(StateChanged(State.WAITING, "The next call might cost $0.61.", cause))
    said = now(board).plain
    assert "The next call might cost $0.61." in said
    assert (words in said) == bool(cause)  # without a cause the reply itself is what waits


# On the screen


async def test_a_wait_is_seen_and_space_stops_it_at_once(tmp_path: Path) -> None:
    app = app_on(tmp_path, 8, running=True, said={9: [Waiting(9, BUSY, 3600.0)]})
    async with opened(app) as pilot:
        await until(pilot, lambda: f"asks again in 1:00:00: {BUSY}" in frame_of(pilot))
        await pilot.press("space")
        await until(pilot, lambda: laboratory(pilot).board.state is State.PAUSED)
        assert "in the middle of a turn" in frame_of(pilot)
        assert laboratory(pilot).board.wait is None
        assert "asks again" not in frame_of(pilot)


async def test_thoughts_and_a_broken_reply_are_seen_on_the_way_to_the_turn(tmp_path: Path) -> None:
    said = {
        9: [
            Thinking(9, "The labels are noisy, so the bootstrap sees them too."),
            Token(9, "VOID WORDS"),
            Restarted(9, "the connection broke after 11 characters"),
            Thinking(9, "Once more, then."),
            CallMade(9, "deepseek", Cost(1, 4000, 100, 1.23, 2.0, 3000)),
        ]
    }
    async with opened(app_on(tmp_path, 8, running=True, said=said, pace=0.5)) as pilot:
        await until(pilot, lambda: "thought · 3 words" in frame_of(pilot))
        frame = frame_of(pilot)
        assert "asked again: the connection broke" in frame
        assert "VOID WORDS" not in frame
        assert "$1.23/$10" in frame
        await pilot.press("o")
        await until(pilot, lambda: "Once more, then." in frame_of(pilot))


async def test_a_run_out_of_budget_says_what_to_do(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 8)) as pilot:
        words = "The next call might cost $0.61, and $0.52 of $10.00 are left."
        laboratory(pilot).show([StateChanged(State.WAITING, words, "budget")])
        await pilot.pause()
        frame = " ".join(frame_of(pilot).split())
        assert words in frame
        assert "E opens lab.toml, then space runs on" in frame
        assert not laboratory(pilot).question.asked


async def test_a_reply_that_ends_with_the_run_has_no_cursor(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 8)) as pilot:
        screen = laboratory(pilot)
        screen.show([StateChanged(State.RUNNING), STARTED, Token(9, "half a thou")])
        screen.show([StateChanged(State.STOPPED, "Model: the key is refused")])
        await pilot.pause()
        assert "half a thou… broken off" in frame_of(pilot)
        screen.show([StateChanged(State.RUNNING), STARTED, StateChanged(State.WAITING, "The budget", "budget")])
        await pilot.pause()
        assert "▌" not in frame_of(pilot)
        assert frame_of(pilot).count("broken off") == 1


async def test_the_settings_are_opened_in_an_editor_while_the_run_is_held_only(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 3)) as pilot:
        laboratory(pilot).board.state = State.RUNNING
        await pilot.press("E")
        await until(pilot, lambda: "hold the run first" in told(pilot))
        laboratory(pilot).board.state = State.PAUSED
        await pilot.press("E")
        await until(pilot, lambda: "cannot be lent to an editor" in told(pilot))  # a test has no terminal


async def test_a_cap_that_is_changed_by_hand_is_shown(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 3)) as pilot:
        assert "$0.00/$10" in frame_of(pilot)
        lab = laboratory(pilot).session.project.path / "lab.toml"
        lab.write_text(lab.read_text().replace("\nmoney = 10.0", "\nmoney = 25.0"))
        await pilot.press("n")
        await until(pilot, lambda: "$0.00/$25" in frame_of(pilot))
