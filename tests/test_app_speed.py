"""What the screen costs: what goes over the line, what is drawn again, what stays in memory."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from textual.containers import Vertical
from textual.content import Content

from benchmarks.history import turn
from benchmarks.talking import whole_turn
from benchmarks.ui import line
from core.events import Event, RunStarted, State, StateChanged, TurnCommitted
from core.gate import PersonGate
from core.record import Phase
from tests.app_stage import app_on, frame_of, laboratory, opened, until
from tests.fake_laboratory import new_project
from tests.pane_stage import staged
from tui.app import LabtopApp
from tui.board import MOST, Board
from tui.panes.chat import ChatPane
from tui.panes.history import HistoryPane, turns_counted
from tui.panes.output import OutputPane
from tui.panes.phases import PhasesPane
from tui.rows import PhaseRow, Stage
from tui.session import Opened
from tui.warm import set_apart, warm

SETTLED, LAST = 20, 50
"""Turns after which the panes are full, and at which the counting ends."""
FOLLOWED = ("core.", "tui.", "_asyncio", "textual.events", "textual.messages", "textual.timer", "textual.worker")
"""Modules of what there may be more and more of; what is drawn is cached here and there, and counted elsewhere."""
OF_A_TURN = {"Aside", "Block", "Cost", "Document", "HistoryRow", "Point", "Said", "Score", "Turn"}
"""What there may be of every turn: of each kind the newest are kept, which tests of their own see to."""


async def test_a_streaming_reply_takes_little_of_the_line_and_less_of_a_slow_one(tmp_path: Path) -> None:
    usual, _ = await asyncio.to_thread(line, tmp_path, 4.0, 30)
    slow, _ = await asyncio.to_thread(line, tmp_path, 4.0, 10, "--slow-link")
    assert 0 < slow.value < min(10, usual.value)
    assert usual.value < 30


class CountingPhases(PhasesPane):
    """Counts how often it is drawn."""

    drawn = 0

    def render(self) -> Content:
        self.drawn += 1
        return super().render()


async def test_phases_that_are_as_they_were_are_not_drawn_again() -> None:
    rows = [PhaseRow(phase, Stage.AHEAD) for phase in Phase]
    async with staged(pane := CountingPhases(), 40, 12) as pilot:
        pane.show(rows, State.RUNNING)
        await pilot.pause()
        before = pane.drawn
        pane.show(list(rows), State.RUNNING)
        await pilot.pause()
        assert pane.drawn == before
        pane.show([replace(rows[0], stage=Stage.NOW), *rows[1:]], State.RUNNING)
        await pilot.pause()
        assert pane.drawn > before


async def test_a_line_more_scrolls_and_lays_nothing_out_but_itself() -> None:
    chat, output = ChatPane(), OutputPane()
    async with staged(Vertical(chat, output), 60, 30) as pilot:
        laid: list[object] = []
        chat.begin(1, "ML engineer · running experiments")
        for number in range(60):
            if number == 30:  # by now both have their scroll bar
                pilot.app.screen.screen_layout_refresh_signal.subscribe(chat, laid.append)
            chat.stream(f"- point {number}\n")
            output.append(f"epoch {number}\n")
            await pilot.pause()
        seen = frame_of(pilot)
        assert ("point 59" in seen, "epoch 59" in seen) == (True, True)
        for pane in (chat, output):
            assert pane.vertical_scrollbar.window_virtual_size == pane.virtual_size.height >= 60
            assert pane.scroll_offset.y == pane.max_scroll_y
        assert not laid


async def test_a_history_that_is_as_it_was_is_not_laid_out_again(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13)) as pilot:
        pane, board = pilot.app.screen.query_one(HistoryPane), laboratory(pilot).board
        laid: list[int] = []
        usual = pane.lay
        pane.lay = lambda count, width, **options: laid.append(count) or usual(count, width, **options)  # type: ignore[method-assign]
        pane.show(board.history)
        assert not laid
        await pilot.press("n")
        await until(pilot, lambda: board.turns == 14 and board.state is State.PAUSED)
        assert laid == [len(board.history)]


class Telling:
    """An engine that tells turn after turn, and counts what there is in memory: by type, and of it garbage."""

    def __init__(self) -> None:
        self.head = ""
        self.counted: list[Counter[str]] = []
        self.garbage = 0

    async def run(self) -> AsyncIterator[Event]:
        yield RunStarted("talk", "main", self.head, "model", "bubblewrap", 0)
        yield StateChanged(State.RUNNING)
        for number in range(1, LAST + 1):
            for event in whole_turn(number):
                yield event
            await asyncio.sleep(0.01)
            if number in (SETTLED, LAST):
                await asyncio.sleep(0.5)
                self.garbage = gc.collect()
                kinds = (type(one) for one in gc.get_objects())
                self.counted.append(Counter(kind.__name__ for kind in kinds if kind.__module__.startswith(FOLLOWED)))
                gc.disable()
        gc.enable()
        yield StateChanged(State.FINISHED)


async def test_of_thousands_of_events_only_what_is_shown_of_a_turn_stays_in_memory(tmp_path: Path) -> None:
    engine = Telling()

    def opener(path: Path, running: bool, _: float) -> Opened:
        project = new_project(path)
        engine.head = project.head
        return Opened(project, engine, PersonGate(running=running))

    async with opened(LabtopApp(tmp_path / "talk", autostart=True, opener=opener)) as pilot:
        await until(pilot, lambda: laboratory(pilot).board.state is State.FINISHED, 60)
    before, after = engine.counted
    turns = LAST - SETTLED
    assert {name for name, more in (after - before).items() if more >= turns / 2} <= OF_A_TURN
    assert engine.garbage < 200 * turns, "what is drawn and gone has to go by itself: the collector comes seldom"


def test_a_board_keeps_the_newest_turns_and_what_was_the_best() -> None:
    board = Board()
    made = turn(1)
    assert made.score
    for number in range(1, MOST + 101):
        board.apply(TurnCommitted(replace(made, number=number, score=replace(made.score, kept=number == 7)), ""))
    assert [len(board.history), board.history[0].turn, board.turns] == [MOST, MOST + 100, MOST + 100]
    assert (len(board.points), [point.turn for point in board.points if point.kept]) == (MOST, [7])
    assert turns_counted(board.history) == f"{MOST} of {MOST + 100} turns"


def test_what_was_set_apart_for_one_project_is_let_go_of_before_the_next() -> None:
    class Loop:
        def __init__(self) -> None:
            self.itself = self

    loop = Loop()
    there = weakref.ref(loop)
    set_apart()
    del loop
    assert there() is not None, "nothing walks through what is set apart"
    warm(again=True)
    assert there() is None
