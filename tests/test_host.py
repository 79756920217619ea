"""The engine behind its socket: what apps are told, who steers, what orders do, and when it ends."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import EngineError, LabError, ProjectLocked
from core.events import (
    Event,
    ProgramOutput,
    RunStarted,
    State,
    StateChanged,
    Thinking,
    Token,
    TurnStarted,
)
from core.gate import Approve, PersonGate, Skip
from core.host.address import found
from core.host.engine import Engine
from core.host.standing import LONGEST
from core.host.wire import LONGEST_ORDER, Bye
from core.orders import Answer, Ask, GiveUp, Go, Lend, Pause, Step, Stop, StopAt, TakeHelm, Travel, Way
from core.record import Agent, Phase
from core.settings import Copilot
from core.workspace.project import Project
from tests.fake_laboratory import played_project, study
from tests.host_stage import engine

# What a newcomer is told


async def test_whoever_comes_in_the_middle_of_a_turn_hears_all_of_it_once(tmp_path: Path) -> None:
    async with engine(tmp_path, 3, running=True, pace=0.15) as stage:
        first = await stage.app()
        await first.until(lambda: first.text.count(" ") > 3)
        late = await stage.app()
        await late.until(lambda: 5 in late.turns)
        turns = study()
        assert late.line.greeting.head in {stage.project.turn_at(str(n)).commit for n in (3, 4)}
        for app in (first, late):
            said: dict[int, str] = {}
            for event in app.heard:
                if isinstance(event, Token):
                    said[event.turn] = said.get(event.turn, "") + event.text
            for number in app.turns:
                assert said[number].strip() == turns[number - 1].reply
            assert app.turns == sorted(set(app.turns))


async def test_the_history_at_the_greeting_s_head_and_the_stream_together_hold_every_turn_once(tmp_path: Path) -> None:
    async with engine(tmp_path, 0, running=True, pace=0.005) as stage:
        apps = [await stage.app(steer=False)]
        while stage.host._standing.state is not State.FINISHED:
            await asyncio.sleep(0.09)
            if len(apps) < 14:
                apps.append(await stage.app(steer=False))
        begun = set()
        for app in apps:
            await app.until(lambda app=app: app.heard_state(State.FINISHED))  # type: ignore[misc]
            head = app.line.greeting.head
            before = stage.project.turn_at(head).turn.number if head else 0
            assert app.turns == list(range(before + 1, 17))
            begun.add(before)
        assert len(begun) > 3, "they all came before the first turn was made"


async def test_since_when_the_turn_is_made_is_told(tmp_path: Path) -> None:
    async with engine(tmp_path, 0, running=True, copilot=Copilot.TURN) as stage:
        app = await stage.app()
        await app.until(lambda: app.heard_state(State.WAITING))
        await asyncio.sleep(0.1)
        assert 0.1 <= (await stage.app()).line.greeting.turn_seconds < 5


# Who steers


async def test_several_watch_and_one_steers_until_another_takes_the_helm(tmp_path: Path) -> None:
    async with engine(tmp_path) as stage:
        first, second, third = await stage.app(), await stage.app(), await stage.app()
        assert [app.line.greeting.steers for app in (first, second, third)] == [True, False, False]
        with pytest.raises(EngineError, match="Another app steers"):
            await second.line.order(Step())
        await first.line.order(Step())
        await third.until(lambda: third.turns == [1])
        await second.line.order(TakeHelm())
        await second.line.order(Step())
        await first.until(lambda: first.turns == [1, 2])
        with pytest.raises(EngineError, match="Another app steers"):
            await first.line.order(Step())
        assert first.helm[-1:] == [False]
        await second.line.close()
        await first.until(lambda: first.helm[-1:] == [True])  # the helm goes to whoever came first
        await first.line.order(Step())


async def test_a_turn_that_waits_is_answered_by_an_app_that_came_later(tmp_path: Path) -> None:
    async with engine(tmp_path, copilot=Copilot.TURN) as stage:
        first = await stage.app()
        await first.line.order(Step())
        await first.until(lambda: first.heard_state(State.WAITING))
        await first.line.close()
        second = await stage.app()
        await second.until(lambda: second.heard_state(State.WAITING))
        assert second.text.strip() == study()[0].reply
        assert stage.host.engine.gate.state is State.WAITING
        await second.line.order(Answer(Approve()))
        await second.until(lambda: second.turns == [1])
        assert stage.laboratory.verdicts == [Approve()]


async def test_an_answer_that_comes_late_or_twice_is_refused_in_words_and_counts_for_nothing_else(
    tmp_path: Path,
) -> None:
    async with engine(tmp_path, copilot=Copilot.TURN, running=True) as stage:
        app = await stage.app()
        await app.until(lambda: app.heard_state(State.WAITING))
        with pytest.raises(EngineError, match="waits no longer"):
            await app.line.order(Answer(Skip(), "of another turn"))
        with pytest.raises(EngineError, match="No reply waits"):
            await app.line.order(Ask("Why?", "of another turn"))
        first, second = app.line.order(Answer(Approve())), app.line.order(Answer(Skip()))
        told = await asyncio.gather(first, second, return_exceptions=True)
        assert isinstance(told[1], EngineError) or stage.laboratory.verdicts[1:] == [Skip()]  # the next turn may wait
        assert stage.laboratory.verdicts[0] == Approve()


# Orders


async def test_the_engine_travels_while_it_holds_the_project_and_says_first_that_it_has(tmp_path: Path) -> None:
    async with engine(tmp_path, 6) as stage:
        app = await stage.app()
        await app.line.order(Step())
        await app.until(lambda: app.turns == [7])
        done = await app.line.order(Travel(Way.ROLLBACK, "3", reason="rolled back to turn 3"))
        assert done.cuts
        assert done.head == stage.project.turn_at("3").commit
        assert stage.project.holder() == os.getpid()
        await app.until(lambda: app.heard[-1:] == [StateChanged(State.PAUSED, "rolled back to turn 3")])
        again = [event.head for event in app.heard if isinstance(event, RunStarted)]
        assert again[-1] == done.head
        assert (await app.line.order(Travel(Way.UNDO))).head == stage.project.turn_at("7").commit
        with pytest.raises(LabError, match="Nothing to undo"):
            await app.line.order(Travel(Way.UNDO))
        await app.line.order(Travel(Way.REDO))
        await app.line.order(Travel(Way.BRANCH, "2", "what-if"))
        assert (stage.project.branch_name, stage.project.turn_at().turn.number) == ("what-if", 2)
        await app.line.order(Travel(Way.SWITCH, name="main"))
        assert stage.project.turn_at().turn.number == 3


async def test_a_turn_is_given_up_and_made_anew(tmp_path: Path) -> None:
    async with engine(tmp_path, 2, running=True, pace=5) as stage:
        app = await stage.app()
        await app.until(lambda: any(isinstance(event, TurnStarted) for event in app.heard))
        await app.line.order(GiveUp())
        await app.until(lambda: isinstance(app.heard[-1], StateChanged) and app.heard[-1].state is State.PAUSED)
        assert "made anew" in app.heard[-1].reason  # type: ignore[union-attr]


async def test_a_lent_project_can_be_changed_by_the_app_and_is_taken_back(tmp_path: Path) -> None:
    async with engine(tmp_path, 4) as stage:
        app = await stage.app()
        other = Project.open(stage.project.path)
        with pytest.raises(ProjectLocked):
            await asyncio.to_thread(other.rollback, "2")
        await app.line.order(Lend())
        await asyncio.to_thread(other.rollback, "2")
        await app.line.order(Pause("rolled back by hand"))
        await app.until(lambda: app.heard[-1:] == [StateChanged(State.PAUSED, "rolled back by hand")])
        with pytest.raises(ProjectLocked):
            await asyncio.to_thread(other.rollback, "1")


async def test_an_app_that_dies_with_a_lent_project_does_not_keep_it(tmp_path: Path) -> None:
    async with engine(tmp_path, 4) as stage:
        app = await stage.app()
        await app.line.order(Lend())
        assert stage.project.holder() is None
        await app.line.close()
        second = await stage.app()
        await second.until(lambda: stage.project.holder() == os.getpid())
        await second.line.order(Step())
        await second.until(lambda: second.turns == [5])


async def test_what_goes_wrong_with_the_disk_is_told_in_words_and_the_line_stays(tmp_path: Path) -> None:
    async with engine(tmp_path, 3) as stage:
        app = await stage.app()
        memory = stage.project.private("steering.json")
        stage.host.engine.gate.recall(memory)
        memory.mkdir()
        with pytest.raises(LabError, match="cannot be written down"):
            await app.line.order(StopAt(5.0))
        shutil.rmtree(stage.project.path)
        with pytest.raises(LabError):
            await app.line.order(Travel(Way.UNDO))
        with pytest.raises(LabError):
            await app.line.order(Travel(Way.SWITCH, name="a\0b"))
        assert app.bye is None


@pytest.mark.parametrize(
    ("error", "told"),
    [(RuntimeError("spoilt"), "cannot be written down"), (OSError(28, "No space left on device"), "Make room")],
)
async def test_what_ends_the_work_is_told_even_where_nothing_can_be_written_down(
    tmp_path: Path, error: Exception, told: str
) -> None:
    class Broken:
        async def run(self) -> AsyncIterator[Event]:
            raise error
            yield

    project, said = played_project(tmp_path / "p", 1), list[Event]()
    project.private("defect.txt").mkdir()
    work = Engine(project, Broken(), PersonGate(running=True), said.append)
    work.start()
    await work.ended()
    assert isinstance(said[-1], StateChanged)
    assert said[-1].state is State.STOPPED
    assert (error.args[-1] in said[-1].reason, "a defect" in said[-1].reason) == (True, "spoilt" in str(error))
    assert told in said[0].text  # type: ignore[union-attr]


async def test_an_order_that_is_too_long_to_be_sent_is_refused_before_it_is(tmp_path: Path) -> None:
    async with engine(tmp_path) as stage:
        app = await stage.app()
        with pytest.raises(EngineError, match="too long"):
            await app.line.order(Answer(Approve("é" * (LONGEST_ORDER // 6))))
        await app.line.order(Step())


async def test_whoever_waits_for_an_answer_is_told_when_the_app_leaves(tmp_path: Path) -> None:
    async with engine(tmp_path) as stage:
        app = await stage.app()
        async with stage.host._one_at_a_time:  # the engine is busy
            waiting = asyncio.ensure_future(app.line.order(Step()))
            await asyncio.sleep(0.05)
            await app.line.close()
            with pytest.raises(EngineError, match="has left the engine"):
                await waiting


async def test_a_turn_of_the_longest_texts_can_be_come_in_on(tmp_path: Path) -> None:
    async with engine(tmp_path) as stage:
        await (await stage.app()).until(lambda: stage.host._standing.state is State.PAUSED)
        longest = "\N{TEST TUBE}" * LONGEST
        for event in (TurnStarted(1, Phase.PLAN, Agent.POSTDOC, "m", "t"), Thinking(1, longest), Token(1, longest)):
            stage.host._say(event)
        stage.host._say(ProgramOutput(1, longest))
        app = await stage.app()
        await app.until(lambda: any(isinstance(event, ProgramOutput) for event in app.heard))
        assert app.text == longest
        assert app.bye is None


# The end


async def test_stopping_frees_the_project_and_tells_every_app(tmp_path: Path) -> None:
    async with engine(tmp_path, running=True, pace=0.05) as stage:
        first, second = await stage.app(), await stage.app()
        await first.line.order(Stop())
        await second.line.gone()
        assert stage.project.holder() is None
        assert second.bye == Bye("stopped", "the engine was stopped by an app")
        assert found(stage.project.path, stage.folders) == []
        with pytest.raises(EngineError, match="not there any more"):
            await second.line.order(Go())


async def test_an_end_that_comes_while_the_history_is_travelled_waits_for_it(tmp_path: Path) -> None:
    async with engine(tmp_path, 6) as stage:
        app = await stage.app()
        travelling = asyncio.ensure_future(app.line.order(Travel(Way.ROLLBACK, "2")))
        await app.until(stage.host._one_at_a_time.locked)
        stage.host.end("told by a signal")
        await asyncio.wait({stage.serving}, timeout=10)
        assert stage.project.holder() is None
        assert stage.project.turn_at().turn.number == 2
        assert not stage.host.engine.runs
        await asyncio.wait({travelling})


async def test_whether_the_laboratory_has_ended_is_told_to_a_newcomer(tmp_path: Path) -> None:
    async with engine(tmp_path, 15, running=True) as stage:
        first = await stage.app()
        assert first.line.greeting.runs
        await first.until(lambda: first.heard_state(State.FINISHED) and not stage.host.engine.runs)
        assert not (await stage.app()).line.greeting.runs


async def test_a_stop_after_the_turn_lets_it_end_first(tmp_path: Path) -> None:
    async with engine(tmp_path, running=True, pace=0.2) as stage:
        app = await stage.app()
        await app.until(lambda: any(isinstance(event, TurnStarted) for event in app.heard))
        await app.line.order(Stop(after_turn=True))
        await app.line.gone()
        assert app.turns == [1]
        assert stage.project.turn_at().turn.number == 1


async def test_a_stop_after_the_turn_is_refused_where_the_turn_waits_for_a_person(tmp_path: Path) -> None:
    async with engine(tmp_path, running=True, copilot=Copilot.TURN) as stage:
        app = await stage.app()
        await app.until(lambda: stage.host.engine.gate.state is State.WAITING)
        with pytest.raises(EngineError, match="waits for your answer"):
            await app.line.order(Stop(after_turn=True))


async def test_a_stop_after_the_turn_does_not_wait_for_an_answer_that_nobody_gives(tmp_path: Path) -> None:
    async with engine(tmp_path, running=True, copilot=Copilot.TURN, pace=0.2) as stage:
        app = await stage.app()
        await app.until(lambda: any(isinstance(event, TurnStarted) for event in app.heard))
        await app.line.order(Stop(after_turn=True))
        await app.line.gone()
        assert app.bye is not None
        assert "asked again" in app.bye.words


async def test_a_stop_after_the_turn_is_off_once_the_run_is_told_to_go_on(tmp_path: Path) -> None:
    async with engine(tmp_path, running=True, pace=0.2) as stage:
        app = await stage.app()
        await app.until(lambda: any(isinstance(event, TurnStarted) for event in app.heard))
        await app.line.order(Stop(after_turn=True))
        await app.line.order(Step())
        await app.until(lambda: app.heard_state(State.PAUSED))
        assert not stage.serving.done()
        assert app.bye is None


async def test_with_nothing_left_to_do_it_waits_a_while_for_the_app_that_has_started_it(tmp_path: Path) -> None:
    async with engine(tmp_path, 16, look_seconds=0.05, arrival_seconds=0.3) as stage:
        async with asyncio.timeout(10):
            while stage.host._standing.state is not State.FINISHED:  # noqa: ASYNC110  said to nobody
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            assert not stage.serving.done()
            await asyncio.wait({stage.serving})


async def test_it_ends_with_the_study_once_nobody_watches(tmp_path: Path) -> None:
    async with engine(tmp_path, 15, running=True, arrival_seconds=0) as stage:
        async with asyncio.timeout(10):
            await asyncio.wait({stage.serving})
        assert stage.project.turn_at().turn.number == 16
        assert stage.project.holder() is None


async def test_it_stays_for_whoever_watches_the_end_and_ends_when_they_leave(tmp_path: Path) -> None:
    async with engine(tmp_path, 15) as stage:
        app = await stage.app()
        await app.line.order(Go())
        await app.until(lambda: stage.host._standing.state is State.FINISHED)
        assert not stage.serving.done()
        await app.line.close()
        async with asyncio.timeout(10):
            await asyncio.wait({stage.serving})


async def test_a_socket_that_was_swept_away_comes_back(tmp_path: Path) -> None:
    async with engine(tmp_path, look_seconds=0.05) as stage:
        before = await stage.app()
        shutil.rmtree(stage.folders[0])
        await before.until(lambda: bool(found(stage.project.path, stage.folders)))
        after = await stage.app()
        await before.line.order(Step())
        await after.until(lambda: after.turns == [1])


async def test_it_ends_when_the_project_s_folder_is_gone_and_when_there_was_long_nothing_to_do(tmp_path: Path) -> None:
    async with engine(tmp_path / "a", look_seconds=0.05) as stage:
        shutil.rmtree(stage.project.path)
        async with asyncio.timeout(10):
            await asyncio.wait({stage.serving})
    async with engine(tmp_path / "b", look_seconds=0.05, idle_seconds=0.2) as stage:
        app = await stage.app()
        await asyncio.sleep(0.4)
        assert not stage.serving.done()
        await app.line.close()
        async with asyncio.timeout(10):
            await asyncio.wait({stage.serving})
