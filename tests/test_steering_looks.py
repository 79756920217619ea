"""How the sheets of steering and the question look, each by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.pilot import Pilot
from textual.screen import Screen

import tui
from core.events import Proposed, State, Steered
from core.models.calls import INTERRUPTED
from core.orders import Order
from core.record import Agent, Phase
from core.settings import Copilot
from tests.test_app_steering import TWO_HUNKS
from tui.screens.autonomy import AutonomyScreen
from tui.screens.hunks import HunksScreen
from tui.screens.screen import LabScreen, sheets
from tui.screens.stops import StopsScreen
from tui.widgets.question import Question

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"])
THEMES = pytest.mark.parametrize("theme", ["textual-dark", "textual-light"], ids=["dark", "light"])
SHEETS = [Path(tui.__file__).parent / "screens" / name for name in sheets("laboratory")]
Compare = Callable[..., bool]
EDIT = Proposed(41, Agent.ML_ENGINEER, "EDIT 12-48", "experiment/main.py", TWO_HUNKS)


class Under(LabScreen[None]):
    """What lies under a sheet: the question, in each of its kinds."""

    def compose(self) -> ComposeResult:
        for _ in range(4):
            with Vertical(classes="fact"):
                yield Question(lambda: 100.0)

    def on_mount(self) -> None:
        asked = (
            (EDIT, ""),
            (Proposed(6, Agent.POSTDOC, "DIALOGUE"), ""),
            (Proposed(6, Agent.POSTDOC, "", note=INTERRUPTED), ""),
            (Proposed(7, Agent.LABTOP, "", "plan.md", "", Phase.PLAN), "Plan formulation is done: written"),
        )
        for question, (proposed, reason) in zip(self.query(Question), asked, strict=True):
            question.ask(proposed, reason)


class Stage(App[None]):
    """An app with one sheet on top."""

    CSS_PATH = SHEETS

    def __init__(self, sheet: Screen[object] | None, theme: str) -> None:
        super().__init__()
        self.sheet = sheet
        self.theme = theme

    def get_default_screen(self) -> Under:
        return Under()

    def on_mount(self) -> None:
        if self.sheet is not None:
            self.push_screen(self.sheet)


async def nobody(order: Order) -> bool:
    return True


def pressed(*keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    async def run(pilot: Pilot[None]) -> None:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()

    return run


@SIZES
@THEMES
def test_the_questions(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    assert snap_compare(Stage(None, theme), terminal_size=size)


@SIZES
@THEMES
def test_hunks_one_of_them_left_out(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    keys = pressed("right_square_bracket", "space", "a")
    assert snap_compare(Stage(HunksScreen(EDIT), theme), terminal_size=size, run_before=keys)


@SIZES
@THEMES
def test_autonomy(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    modes = dict(zip(Phase, [*Copilot, *Copilot], strict=False))
    sheet = AutonomyScreen(modes, Phase.DATA, nobody)
    assert snap_compare(Stage(sheet, theme), terminal_size=size, run_before=pressed())


@SIZES
@THEMES
def test_stops(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    steered = Steered(State.PAUSED, "paused at $2.00, as you asked: $2.01 are spent", {}, ("at $5.00", "at 03:00"))
    sheet = StopsScreen(steered, 2.01, Phase.EXPERIMENTS, datetime(2026, 3, 1, 22, 30, tzinfo=UTC))
    assert snap_compare(Stage(sheet, theme), terminal_size=size, run_before=pressed(*"soon", "enter"))
