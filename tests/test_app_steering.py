"""A person steers by keys: hunks, questions, a stopped reply, results, how often they are asked, where it holds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from core.events import Notice, State, StateChanged
from core.gate import Approve, Decline, PersonGate, Pick, Skip, TakeOver
from core.record import Phase, Turn
from core.settings import Copilot
from tests.app_stage import app_on, frame_of, laboratory, opened, told, until
from tests.fake_laboratory import DIFF, FakeLaboratory, played_project, study
from tui.app import LabtopApp
from tui.screens.autonomy import AutonomyScreen
from tui.screens.hunks import HunksScreen
from tui.screens.reply import ReplyScreen
from tui.screens.stops import StopsScreen
from tui.session import Opened

SIZES = [(80, 24), (200, 60)]
TWO_HUNKS = f"""{DIFF}@@ -40,3 +42,4 @@
 def main():
-    seeds = 3
+    seeds = 5
+    print(seeds)
     return seeds
"""


def waiting_app(folder: Path, diff: str = TWO_HUNKS, path: str = "") -> tuple[LabtopApp, list[FakeLaboratory]]:
    """The app on a project whose turn 12 proposes `diff` and waits."""
    turns = list[Turn](study())
    turns[11] = replace(turns[11], diff=diff, path=path or turns[11].path)
    engines: list[FakeLaboratory] = []

    def opener(folder: Path, running: bool, _: float) -> Opened:
        project, gate = played_project(folder, 11), PersonGate(running=True)
        engines.append(FakeLaboratory(project, gate, turns, Copilot.TURN))
        return Opened(project, engines[0], gate)

    return LabtopApp(folder / "label-noise", autostart=True, opener=opener), engines


@asynccontextmanager
async def asked(app: LabtopApp, width: int = 120, height: int = 40) -> AsyncIterator[Pilot[None]]:
    """The app once a turn waits, and keys count."""
    async with opened(app, width, height) as pilot:
        screen = laboratory(pilot)
        await until(pilot, lambda: screen.question.asked)
        screen.question.clock = lambda: 1e12
        yield pilot


async def verdicts(pilot: Pilot[None], engine: FakeLaboratory, *keys: str) -> Sequence[object]:
    """What the engine has heard after these keys."""
    await pilot.press(*keys)
    await until(pilot, lambda: bool(engine.verdicts))
    return engine.verdicts


# Hunks


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_the_question_says_what_is_wanted_how_much_and_since_when(
    tmp_path: Path, width: int, height: int
) -> None:
    app, _ = waiting_app(tmp_path)
    async with asked(app, width, height) as pilot:
        frame = frame_of(pilot)
        assert "wants: EDIT 30-31 in experiment/main.py" in frame
        assert "(+6 −3, 2 hunks)" in frame
        assert "waiting for you" in frame
        for words in ("a approve", "e edit first", "x decline", "t take over", "s skip", "W ask", "[ ] hunks"):
            assert words in frame


@pytest.mark.parametrize(
    ("keys", "verdict"),
    [
        (["]", "a"], Approve()),
        (["]", "space", "a", "n", "o", "enter"], Pick((3,), "no")),
        (["]", "]", "space", "[", "space", "space", "a", "enter"], Pick((1, 2), "")),
        (["]", "s", "]", "space", "a", "enter"], Pick((1, 3), "")),
        (["]", "space", "s", "]", "space", "a", "enter"], Pick((2, 3), "")),
        (["]", "s", "a"], Approve()),
        (["]", "space", "]", "space", "a", "enter"], Decline("none of its hunks was accepted")),
        (["]", "x", "w", "h", "y", "enter"], Decline("why")),
    ],
)
async def test_hunks_are_walked_kept_left_out_and_taken(tmp_path: Path, keys: list[str], verdict: object) -> None:
    app, engines = waiting_app(tmp_path)
    async with asked(app) as pilot:
        assert next(iter(await verdicts(pilot, engines[0], *keys))) == verdict


async def test_a_hunk_is_split_into_its_changes_and_one_that_cannot_be_says_why(tmp_path: Path) -> None:
    app, _ = waiting_app(tmp_path)
    async with asked(app, 80, 24) as pilot:
        await pilot.press("]", "s")
        assert "hunk 1 of 3 · lines 10–14 · +2 −1" in frame_of(pilot)
        assert "hunk 2 of 3 · lines 14–17 · +2 −1" in frame_of(pilot)
        await pilot.press("s")
        await until(pilot, lambda: "this hunk cannot be split: no unchanged line" in told(pilot))
        assert "3 of 3 kept" in frame_of(pilot)


async def test_a_reason_that_is_not_sent_leaves_the_hunks_as_they_were_and_esc_leaves_them(tmp_path: Path) -> None:
    app, engines = waiting_app(tmp_path)
    async with asked(app, 80, 24) as pilot:
        await pilot.press("]", "space", "a")
        await until(pilot, lambda: pilot.app.screen.query_one(Input).display)
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, HunksScreen)
        assert "1 of 2 kept" in frame_of(pilot)
        assert "hunk 1 of 2" in frame_of(pilot)
        assert "left out" in frame_of(pilot)
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, HunksScreen)
        assert laboratory(pilot).question.asked
        assert not engines[0].verdicts


async def test_edits_of_the_report_are_taken_apart_by_the_same_view(tmp_path: Path) -> None:
    app, engines = waiting_app(tmp_path, TWO_HUNKS.replace("experiment/main.py", "report/report.tex"), "report/a.tex")
    async with asked(app) as pilot:
        await pilot.press("]")
        assert "EDIT 30-31 in report/a.tex" in frame_of(pilot)
        assert next(iter(await verdicts(pilot, engines[0], "space", "a", "enter"))) == Pick((3,), "")


async def test_a_reply_without_a_change_says_that_it_has_no_hunks(tmp_path: Path) -> None:
    app, _ = waiting_app(tmp_path, diff="", path="experiment/main.py")
    async with asked(app) as pilot:
        await pilot.press("]")
        await until(pilot, lambda: "no hunks" in told(pilot))


@pytest.mark.parametrize("keys", [("]", "space", "a", "enter"), ("x", "n", "o", "enter"), ("e", "ctrl+s")])
async def test_an_answer_that_was_begun_for_one_reply_counts_for_no_other(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    app, engines = waiting_app(tmp_path)
    async with asked(app) as pilot:
        await pilot.press(*keys[:-1])
        screen = laboratory(pilot)
        proposed = screen.question.proposed
        assert proposed is not None
        screen.show([replace(proposed, turn=13, key="the next one"), StateChanged(State.WAITING)])
        await pilot.press(keys[-1])
        await until(pilot, lambda: "waits no longer" in told(pilot))
        assert screen.question.asked
        assert not engines[0].verdicts


async def test_an_answer_that_the_engine_refuses_leaves_the_question_and_what_was_written(tmp_path: Path) -> None:
    app, engines = waiting_app(tmp_path)
    async with asked(app) as pilot:
        await pilot.press("t", *"mine")
        laboratory(pilot).session.link.steers = False  # type: ignore[misc]  # another app has taken the helm
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "nothing was done with your answer; H takes the helm" in told(pilot))
        laboratory(pilot).session.link.steers = True  # type: ignore[misc]
        await pilot.press("t", "escape")
        screen = laboratory(pilot)
        proposed = screen.question.proposed
        assert proposed is not None
        screen.show([replace(proposed, key="what the engine has decided on"), StateChanged(State.WAITING)])
        screen.question.clock = lambda: 2e12
        await pilot.press("a")
        await until(pilot, lambda: "waits no longer" in told(pilot))
        await until(pilot, lambda: screen.question.asked)
        screen.show([proposed, StateChanged(State.WAITING)])
        screen.question.clock = lambda: 3e12
        await pilot.press("t")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReplyScreen))
        assert next(iter(await verdicts(pilot, engines[0], "ctrl+s"))) == TakeOver("mine")


async def test_a_reply_that_was_begun_and_left_is_there_again(tmp_path: Path) -> None:
    app, engines = waiting_app(tmp_path)
    async with asked(app) as pilot:
        await pilot.press("t", *"mine", "escape")
        await until(pilot, lambda: "the same key brings it back" in told(pilot))
        await pilot.press("t")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReplyScreen))
        assert next(iter(await verdicts(pilot, engines[0], "ctrl+s"))) == TakeOver("mine")


async def test_an_app_that_only_watches_answers_nothing_and_says_how_to_steer(tmp_path: Path) -> None:
    app, engines = waiting_app(tmp_path)
    async with asked(app) as pilot:
        laboratory(pilot).session.link.steers = False  # type: ignore[misc]  # as over a socket that another app has
        for key in ("a", "x", "s", "t", "e", "W", "]"):
            await pilot.press(key)
            await until(pilot, lambda: "H takes the helm" in told(pilot))
            pilot.app.clear_notifications()
        assert not engines[0].verdicts
        assert laboratory(pilot).question.asked


# Questions


async def test_a_reason_without_words_says_that_nothing_is_sent(tmp_path: Path) -> None:
    app, engines = waiting_app(tmp_path)
    async with asked(app) as pilot:
        await pilot.press("x", "enter")
        await until(pilot, lambda: "nothing is sent without words" in told(pilot))
        assert next(iter(await verdicts(pilot, engines[0], *"no", "enter"))) == Decline("no")


async def test_a_question_is_asked_and_its_answer_stands_in_the_chat_while_the_reply_waits(tmp_path: Path) -> None:
    app, engines = waiting_app(tmp_path)
    async with asked(app) as pilot:
        await pilot.press("W", "w", "h", "y", "question_mark", "enter")
        await until(pilot, lambda: "Because the noise is drawn twice." in frame_of(pilot))
        assert "you asked: why?" in frame_of(pilot)
        assert laboratory(pilot).question.asked
        assert not engines[0].verdicts


async def test_a_question_without_a_reply_that_waits_says_where_it_can_be_asked(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 3)) as pilot:
        for key in ("W", "a", "x", "s", "t", "e", "]"):
            await pilot.press(key)
            await until(pilot, lambda: "no reply waits for you" in told(pilot))
            pilot.app.clear_notifications()


# A phase's result


@pytest.mark.parametrize(
    ("keys", "verdict"),
    [(["a"], Approve()), (["x", "n", "o", "enter"], Decline("no")), (["s"], Skip())],
)
async def test_a_phases_result_is_approved_commented_or_done_again(
    tmp_path: Path, keys: list[str], verdict: object
) -> None:
    app = app_on(tmp_path, 5, copilot=Copilot.PHASE, running=True)
    async with asked(app) as pilot:
        engine = laboratory(pilot).session.link.laboratory  # type: ignore[attr-defined]
        frame = frame_of(pilot)
        assert "Plan formulation is done: done" in frame
        assert "x comment, do it again" in frame
        assert "Five seeds each." in frame
        for key in ("t", "W", "]"):
            await pilot.press(key)
            await until(pilot, lambda: "this is a phase's result" in told(pilot))
            pilot.app.clear_notifications()
        assert next(iter(await verdicts(pilot, engine, *keys))) == verdict


async def test_a_phase_that_only_tells_rings_and_says_so_in_the_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(LabtopApp, "bell", lambda _: rung.append("ring"))
    words = "Plan formulation is done: written. The run goes on."
    async with opened(app_on(tmp_path, 3)) as pilot:
        laboratory(pilot).show([Notice("info", "nothing to ring for")])
        assert not rung
        laboratory(pilot).show([Notice("bell", words)])
        assert rung == ["ring"]
        await until(pilot, lambda: "Plan formulation is done" in frame_of(pilot))


# A reply that is stopped


async def test_esc_orders_the_reply_that_is_being_written_to_stop(tmp_path: Path) -> None:
    app = app_on(tmp_path, 3, running=True, pace=30.0)
    async with opened(app) as pilot:
        screen = laboratory(pilot)
        await until(pilot, lambda: screen.board.asked is not None and bool(screen.board.reply))
        await pilot.press("escape")
        await until(pilot, lambda: "stopping the reply" in told(pilot))
        assert screen.session.link.gate.interrupted.is_set()  # type: ignore[attr-defined]


async def test_esc_says_so_when_there_is_no_reply_to_stop(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 3)) as pilot:
        await pilot.press("escape")
        await until(pilot, lambda: "no reply is being written" in told(pilot))
        assert not laboratory(pilot).session.link.gate.interrupted.is_set()  # type: ignore[attr-defined]


# How often one is asked


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_autonomy_is_changed_by_keys_and_holds_at_once(tmp_path: Path, width: int, height: int) -> None:
    async with opened(app_on(tmp_path, 3), width, height) as pilot:
        gate = laboratory(pilot).session.link.gate  # type: ignore[attr-defined]
        await pilot.press("A")
        await until(pilot, lambda: isinstance(pilot.app.screen, AutonomyScreen))
        assert "▸ Plan formulation" in frame_of(pilot)
        await pilot.press("right", "right", "right", "right")
        await until(pilot, lambda: gate.autonomy == {Phase.PLAN: Copilot.TURN})
        await until(pilot, lambda: "[turn]" in frame_of(pilot))
        await pilot.press("down", "right")
        await until(pilot, lambda: gate.autonomy.get(Phase.DATA) is Copilot.NOTIFY)
        await pilot.press("left")
        await until(pilot, lambda: gate.autonomy.get(Phase.DATA) is Copilot.OFF)
        await pilot.press("up", "a")
        await until(pilot, lambda: set(gate.autonomy.values()) == {Copilot.TURN} and len(gate.autonomy) == 7)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, AutonomyScreen))
        await pilot.press("n")
        await until(pilot, lambda: laboratory(pilot).question.asked)


# Where the run holds


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_a_stop_is_typed_and_told(tmp_path: Path, width: int, height: int) -> None:
    async with opened(app_on(tmp_path, 3), width, height) as pilot:
        gate = laboratory(pilot).session.link.gate  # type: ignore[attr-defined]
        await pilot.press("p", *"$5", "enter")
        await until(pilot, lambda: gate.stops == ("at $5.00",))
        await pilot.press("p", *"03:00", "enter")
        await until(pilot, lambda: gate.stops == ("at $5.00", "at 03:00"))
        await pilot.press("p")
        await until(pilot, lambda: "at $5.00, at 03:00" in frame_of(pilot))
        await pilot.press(*"soon", "enter")
        await until(pilot, lambda: "neither an amount nor a time" in " ".join(frame_of(pilot).split()))
        assert isinstance(pilot.app.screen, StopsScreen)
        await pilot.press(*["backspace"] * 4, *"none", "enter")
        await until(pilot, lambda: gate.stops == ())


async def test_stops_to_come_stand_in_the_line_that_says_what_goes_on(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 3, running=True, pace=30.0)) as pilot:
        await until(pilot, lambda: laboratory(pilot).board.asked is not None)
        await pilot.press("p", *"$5", "enter")
        await until(pilot, lambda: "holds at $5.00" in frame_of(pilot))
        await pilot.press("p", *"turn", "enter")
        await until(pilot, lambda: "holds after this turn" in frame_of(pilot))


@pytest.mark.parametrize("words", ["phase", "turn", "now"])
async def test_the_other_stops_are_typed_too(tmp_path: Path, words: str) -> None:
    held = words == "phase"
    async with opened(app_on(tmp_path, 3, running=not held, pace=0.2)) as pilot:
        screen = laboratory(pilot)
        await until(pilot, lambda: held or screen.board.asked is not None)
        await pilot.press("p", *words, "enter")
        await until(pilot, lambda: bool(screen.session.held) and not screen.session.held.startswith("paused: it"))
        await until(pilot, lambda: screen.board.state.value == "paused")
        assert screen.board.turns == {"phase": 6}.get(words, screen.board.turns)
