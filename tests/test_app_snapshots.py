"""How the screens look, at the smallest and the usual size."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from core.events import (
    CallMade,
    Restarted,
    State,
    StateChanged,
    Thinking,
    Token,
    TurnStarted,
    Waiting,
)
from core.ledger import Account, Sum, ledger_of
from core.record import Agent, Cost, Phase
from core.settings import Copilot
from tests.app_stage import app_on, laboratory, until
from tui.screens.laboratory import LaboratoryScreen

ALL_SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"])
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
Compare = Callable[..., bool]


async def settled(pilot: Pilot[None]) -> None:
    """The laboratory is in view, with its clocks standing still."""
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, LaboratoryScreen) and bool(app.screen.board.model))
    laboratory(pilot).board.clock = lambda: laboratory(pilot).board.asked or 0.0
    await pilot.pause(0.1)
    laboratory(pilot)._refresh_status()
    await repainted(pilot)


async def repainted(pilot: Pilot[None]) -> None:
    """Everything is painted afresh: Textual may leave a scroll bar as it was before the last line came."""
    await pilot.pause(0.1)
    for widget in pilot.app.screen.query("*"):
        widget.refresh(layout=True)
    await pilot.pause(0.1)


def pressing(*keys: str, until_screen: type = LaboratoryScreen) -> Callable[[Pilot[None]], Awaitable[None]]:
    async def run(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: isinstance(pilot.app.screen, until_screen))
        await repainted(pilot)

    return run


@SIZES
def test_the_laboratory_in_the_middle_of_a_study(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    assert snap_compare(app_on(tmp_path, 13), terminal_size=size, run_before=settled)


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


@ALL_SIZES
@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_real_model_at_work(snap_compare: Compare, tmp_path: Path, situation: str, size: tuple[int, int]) -> None:
    async def run(pilot: Pilot[None]) -> None:
        await settled(pilot)
        if situation == "out of budget":
            ledger = ledger_of(laboratory(pilot).session.project)
            ledger.reserve(Account(), lambda _: Sum(3, 2_910_000, 210_000, 277_600, nanos=8_240_000_000))
        laboratory(pilot).show([*STARTED, *SITUATIONS[situation]])
        if situation == "out of budget":
            await until(pilot, lambda: laboratory(pilot).board.spent.money > 8)
        await repainted(pilot)

    assert snap_compare(app_on(tmp_path, 13), terminal_size=size, run_before=run)


@SIZES
def test_the_help(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    from tui.screens.help import HelpScreen

    keys = pressing("question_mark", until_screen=HelpScreen)
    assert snap_compare(app_on(tmp_path, 13), terminal_size=size, run_before=keys)


@SIZES
def test_a_turn_that_waits(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    async def run(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, LaboratoryScreen))
        await until(pilot, lambda: laboratory(pilot).question.asked)
        question = laboratory(pilot).question
        question.clock = lambda: (question._since or 0.0) + 7
        await settled(pilot)
        question._tick()
        await repainted(pilot)

    app = app_on(tmp_path, 11, copilot=Copilot.TURN, running=True)
    assert snap_compare(app, terminal_size=size, run_before=run)
