"""The app at the end of a socket: coming in the middle, watching another app's hand, losing the line, leaving."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.events import Notice, State, TurnStarted
from core.gate import PersonGate
from core.host.client import Line, reach_project
from core.host.server import Host
from core.host.wire import Bye
from core.ledger import Account, Sum, ledger_of
from core.orders import GiveUp, Go, Stop, TakeHelm, Travel, Way
from core.settings import Copilot
from core.workspace.project import Project
from tests.app_stage import app_on, frame_of, laboratory, opened, told, until
from tests.fake_laboratory import FakeLaboratory, played_project, study
from tui.app import LabtopApp
from tui.screens.rollback import RollBackScreen
from tui.session import Apart, expenses


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    folder = Path(tempfile.mkdtemp(prefix="labtop-"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield  # type: ignore[misc]
    shutil.rmtree(folder)


@asynccontextmanager
async def engine(
    folder: Path, done: int = 0, *, running: bool = False, copilot: Copilot = Copilot.OFF, pace: float = 0.0
) -> AsyncIterator[Host]:
    project = played_project(folder / "label-noise", done)
    gate = PersonGate(running=running)
    host = Host(project, FakeLaboratory(project, gate, study(), copilot, pace), gate)
    ready = asyncio.Event()
    serving = asyncio.create_task(host.serve(lambda path: ready.set()))
    await ready.wait()
    try:
        yield host
    finally:
        host.end("the test is over")
        await asyncio.wait({serving}, timeout=10)


def app_at(host: Host) -> LabtopApp:
    path = host.engine.project.path
    return LabtopApp(path, opener=lambda path, running, pace: Apart(Project.open(path)))


async def other_app(host: Host) -> Line:
    line = await reach_project(host.engine.project.path)
    assert line is not None
    line.listen(lambda event: None, lambda bye: None, lambda done: None)
    return line


async def test_coming_in_the_middle_of_a_turn_shows_it_and_since_when_it_is_made(tmp_path: Path) -> None:
    async with engine(tmp_path, 3, running=True, copilot=Copilot.TURN) as host:
        async with asyncio.timeout(10):
            while host.engine.gate.state is not State.WAITING:  # noqa: ASYNC110  the gate has no event for it
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        async with opened(app_at(host)) as pilot:
            screen = laboratory(pilot)
            await until(pilot, lambda: screen.question.asked)
            board = screen.board
            assert (board.turn, board.turns, board.reply.strip()) == (4, 3, study()[3].reply)
            assert board.asked is not None
            assert board.clock() - board.asked >= 0.3
            screen.question.clock = lambda: 1e12
            await pilot.press("a")
            await until(pilot, lambda: screen.board.turns == 4)
            assert [row.turn for row in screen.board.history] == [4, 3, 2, 1, 0]


async def test_a_watching_app_follows_where_the_other_one_travels(tmp_path: Path) -> None:
    async with engine(tmp_path, 6) as host, opened(app_at(host)) as pilot:
        screen = laboratory(pilot)
        assert screen.board.turns == 6
        other = await other_app(host)
        await other.order(TakeHelm())
        await until(pilot, lambda: not screen.session.steers)
        await pilot.press("n")
        await pilot.pause(0.2)
        assert screen.board.turns == 6
        assert "this one watches" in frame_of(pilot)
        await other.order(Travel(Way.ROLLBACK, "2", reason="rolled back to turn 2"))
        await until(pilot, lambda: screen.board.turns == 2)
        await until(pilot, lambda: screen.board.reason == "rolled back to turn 2")
        assert [row.turn for row in screen.board.history] == [2, 1, 0]
        await pilot.press("H")
        await until(pilot, lambda: screen.session.steers)
        await pilot.press("n")
        await until(pilot, lambda: screen.board.turns == 3)
        await other.close()


async def test_the_person_rolls_back_and_undoes_over_the_line(tmp_path: Path) -> None:
    async with engine(tmp_path, 6) as host, opened(app_at(host)) as pilot:
        screen = laboratory(pilot)
        await screen.roll_back_to("3")
        await until(pilot, lambda: isinstance(pilot.app.screen, RollBackScreen))
        await pilot.press("enter")
        await until(pilot, lambda: screen.board.turns == 3)
        await pilot.press("u")
        await until(pilot, lambda: screen.board.turns == 6)
        assert host.engine.project.holder() is not None
        await until(pilot, lambda: screen.board.state is State.PAUSED)
        await pilot.press("n")
        await until(pilot, lambda: screen.board.turns == 7)


async def test_an_app_that_was_too_slow_attaches_anew_and_has_missed_nothing(tmp_path: Path) -> None:
    async with engine(tmp_path, 3, running=True, pace=0.05) as host, opened(app_at(host)) as pilot:
        screen = laboratory(pilot)
        await until(pilot, lambda: screen.board.turns >= 4)
        host._guests[0].dismiss(Bye("lag", "the app was too slow"))
        await until(pilot, lambda: screen.board.state is State.FINISHED, 30)
        assert [row.turn for row in screen.board.history] == list(range(16, -1, -1))


async def test_attaching_anew_in_the_middle_of_a_turn_shows_it_once(tmp_path: Path) -> None:
    async with engine(tmp_path, 3, running=True, copilot=Copilot.TURN) as host, opened(app_at(host)) as pilot:
        screen = laboratory(pilot)
        await until(pilot, lambda: screen.question.asked)
        await until(pilot, lambda: "Which levels do we measure?" in frame_of(pilot))
        first = host._guests[0]
        first.dismiss(Bye("lag", "the app was too slow"))
        await until(pilot, lambda: bool(host._guests) and host._guests[0] is not first)
        await until(pilot, lambda: screen.question.asked and "Which levels do we measure?" in frame_of(pilot))
        await pilot.pause(0.3)
        assert frame_of(pilot).count("Which levels do we measure?") == 1


async def test_leaving_for_the_list_ends_a_held_engine_only_where_no_other_app_is_attached(tmp_path: Path) -> None:
    async with engine(tmp_path, 3) as host, opened(app_at(host)) as pilot:
        other = await other_app(host)
        await until(pilot, lambda: laboratory(pilot).session.others == 1)
        await laboratory(pilot).action_home()
        assert host.engine.project.holder() is not None
        assert not host._end.is_set()
        await until(pilot, lambda: len(host._guests) == 1)
        assert host._guests[0].steers  # the helm was handed on
        await other.close()
    async with engine(tmp_path / "alone", 3) as host, opened(app_at(host)) as pilot:
        await laboratory(pilot).action_home()
        assert host._end.is_set()


async def test_an_engine_that_another_app_ends_is_told_of(tmp_path: Path) -> None:
    async with engine(tmp_path, 3) as host, opened(app_at(host)) as pilot:
        screen = laboratory(pilot)
        other = await other_app(host)
        await other.order(TakeHelm())
        await other.order(Stop())
        await until(pilot, lambda: screen.board.state is State.STOPPED)
        assert "the engine was stopped by an app" in screen.board.reason


async def test_an_engine_that_breaks_off_is_told_of(tmp_path: Path) -> None:
    async with engine(tmp_path, 3) as host, opened(app_at(host)) as pilot:
        screen = laboratory(pilot)
        host._guests[0]._writer.transport.abort()
        await until(pilot, lambda: screen.board.state is State.STOPPED)
        assert "ended unexpectedly; every finished turn is kept" in screen.board.reason


async def test_a_refused_order_is_said_and_the_line_stays(tmp_path: Path) -> None:
    async with engine(tmp_path, 3) as host, opened(app_at(host)) as pilot:
        session = laboratory(pilot).session
        heard: list[object] = []
        session.link.hear(heard.append, lambda: None)
        session.order(Travel(Way.UNDO))
        await until(pilot, lambda: any(isinstance(event, Notice) for event in heard))
        session.order(Go())
        await until(pilot, lambda: any(isinstance(event, TurnStarted) for event in heard))


async def test_leaving_with_the_engine_at_work(tmp_path: Path) -> None:
    async with engine(tmp_path, 0, running=True, pace=0.3) as host:
        app = app_at(host)
        async with opened(app) as pilot:
            await pilot.press("ctrl+d")
            await until(pilot, lambda: app._exit)
        assert host.engine.runs
        assert host.engine.project.holder() is not None


async def test_an_engine_inside_the_app_cannot_be_left_and_that_is_said(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 3)) as pilot:
        await pilot.press("ctrl+d")
        await until(pilot, lambda: "q stops it cleanly" in told(pilot))
        await pilot.press("H")
        await until(pilot, lambda: "this app steers already" in told(pilot))


async def test_giving_a_turn_up_over_the_line_holds_at_once(tmp_path: Path) -> None:
    async with engine(tmp_path, 0, running=True, pace=30) as host, opened(app_at(host)) as pilot:
        screen = laboratory(pilot)
        await until(pilot, lambda: screen.board.asked is not None)
        await screen.session.obey(GiveUp())
        await until(pilot, lambda: screen.board.state is State.PAUSED)
        assert "made anew" in screen.board.reason


def test_what_is_only_promised_for_the_turn_in_flight_is_not_shown_as_spent(tmp_path: Path) -> None:
    project = played_project(tmp_path / "p", 3)
    before, head = expenses(project), project.head
    ledger = ledger_of(project)
    ledger.reserve(Account(4, head), lambda spent: Sum(calls=1, prompt_tokens=9000, nanos=10**9))
    ledger.reserve(Account(4, "elsewhere"), lambda spent: Sum(calls=1, prompt_tokens=5))
    assert expenses(project).prompt_tokens == before.prompt_tokens + 9005
    assert expenses(project, head).prompt_tokens == before.prompt_tokens + 5
