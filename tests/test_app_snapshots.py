"""How the laboratory and the sheets over it look, at three sizes, dark and light."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from core.events import CallMade, Restarted, State, StateChanged, Thinking, Token, TurnStarted, Waiting
from core.ledger import Account, Sum, ledger_of
from core.record import Agent, Cost, Phase
from core.settings import Copilot
from tests.app_stage import app_on, frame_of, laboratory, until, unwatched
from tests.looks import DRESSES, looks_as_it_did


async def standing(pilot: Pilot[None]) -> None:
    """The laboratory's clocks stand still."""
    laboratory(pilot).board.clock = lambda: laboratory(pilot).board.asked or 0.0
    await pilot.pause(0.1)
    laboratory(pilot)._refresh_status()


STARTED = (
    StateChanged(State.RUNNING),
    TurnStarted(14, Phase.EXPERIMENTS, Agent.ML_ENGINEER, "deepseek", "improve the program", "6/6"),
)
CALLED = CallMade(14, "deepseek", Cost(3, 391_000, 21_000, 1.239, 9.0, 277_600))
THOUGHTS = (
    "The forest still sees clean labels in the bootstrap.\nIf the noise is drawn once per seed and shared, both "
    "families see the very same wrong labels.\nThen the gap at 40 % is the honest one.\n"
)
SITUATIONS = {
    "waiting": (CALLED, Waiting(14, "429 from openrouter.ai, too many requests", 42.0)),
    "thinking": (CALLED, Thinking(14, THOUGHTS)),
    "restarted": (
        *(CALLED, Thinking(14, THOUGHTS), Token(14, "VOID"), Restarted(14, "the connection broke after 4 characters")),
        *(Thinking(14, "Once more, then."), Token(14, "The noise has to be drawn once per seed and *shared*.")),
    ),
    "out of budget": (
        StateChanged(
            State.WAITING,
            "The next call to deepseek might cost up to $0.61; of the project's $10.00, $0.52 are left. Everything "
            "so far is kept.",
            "budget",
        ),
    ),
}


async def test_a_real_model_at_work(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    async with unwatched(app_on(tmp_path, 13)) as pilot:
        await standing(pilot)
        await looks_as_it_did(pilot, snapshot, "held")
        for situation, events in SITUATIONS.items():
            if situation == "out of budget":
                ledger = ledger_of(laboratory(pilot).session.project)
                ledger.reserve(Account(), lambda _: Sum(3, 2_910_000, 210_000, 277_600, nanos=8_240_000_000))
            laboratory(pilot).show([*STARTED, *events])
            if situation == "out of budget":
                await until(pilot, lambda: laboratory(pilot).board.spent.money > 8)
            await looks_as_it_did(pilot, snapshot, situation)


async def test_a_turn_that_waits(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    async with unwatched(app_on(tmp_path, 11, copilot=Copilot.TURN, running=True)) as pilot:
        question = laboratory(pilot).question
        await until(pilot, lambda: question.asked)
        question.clock = lambda: (question._since or 0.0) + 7
        await standing(pilot)
        question._tick()
        await looks_as_it_did(pilot, snapshot)


SHEETS = {
    "help": (("question_mark",), "every turn is a git commit"),
    "palette": (("ctrl+p", *"roll"), "Go back to the selected turn"),
    "commands": (("slash", "p"), "/pause"),
}


@pytest.mark.parametrize("name", SHEETS)
async def test_a_sheet_over_the_laboratory(snapshot: SnapshotAssertion, tmp_path: Path, name: str) -> None:
    keys, words = SHEETS[name]
    async with unwatched(app_on(tmp_path, 13)) as pilot:
        await standing(pilot)
        for dress, theme in DRESSES.items():  # Textual puts no new dress on a palette that is open
            pilot.app.theme = theme
            await pilot.press(*keys)
            await until(pilot, lambda: words in frame_of(pilot))
            await looks_as_it_did(pilot, snapshot, dresses=[dress])
            await pilot.press("escape")
