"""The app on a real project: running, stepping, looking, telling, going back, leaving."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import ProjectError
from core.events import Notice, State, Token, TurnCommitted, TurnStarted
from core.gate import Approve, Decline, Skip, TakeOver
from core.progress import read_progress
from core.record import Agent, Phase, Status, Turn
from core.settings import Copilot
from tests.app_stage import app_on, frame_of, laboratory, opened, told, until
from tests.fake_laboratory import FakeLaboratory, played_project
from tui.app import LabtopApp
from tui.panes.chat import ChatPane
from tui.screens.laboratory import LaboratoryScreen
from tui.screens.places import PANES, PLACES
from tui.screens.rollback import RollBackScreen
from tui.screens.wall import Wall
from tui.session import Opened

HEAVY = [
    *("core", "git", "jinja2", "markdown_it", "pandas", "plotext", "pygments", "sklearn"),
    *("textual.widgets._markdown", "tui.board", "tui.screens.laboratory"),
]


async def test_a_new_project_opens_held_and_says_what_to_do(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path), 160, 40) as pilot:
        frame = frame_of(pilot)
        assert "paused" in frame
        assert "built-in researcher" in frame
        assert frame.count("n makes") >= 4  # every empty pane says what comes next
        assert laboratory(pilot).board.turns == 0


async def test_a_step_makes_one_turn_and_holds(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path)) as pilot:
        board = laboratory(pilot).board
        await pilot.press("n")
        await until(pilot, lambda: board.turns == 1 and board.state is State.PAUSED)
        assert "I look for work on label noise first." in " ".join(frame_of(pilot).split())
        await pilot.press("n")
        await until(pilot, lambda: board.turns == 2 and board.state is State.PAUSED)
        assert read_progress(laboratory(pilot).session.project).turn == 2


async def test_space_runs_to_the_end_and_every_pane_has_something(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 10)) as pilot:
        await pilot.press("space")
        await until(pilot, lambda: laboratory(pilot).board.state is State.FINISHED)
        await until(pilot, lambda: "We compare tree ensembles" in frame_of(pilot))
        frame = frame_of(pilot)
        for words in ("finished", ".934", "report/report.tex", "random forest", "Professor", "✓ compiles"):
            assert words in frame


async def test_space_holds_a_running_study_after_the_turn_in_flight(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, pace=0.1)) as pilot:
        board = laboratory(pilot).board
        await pilot.press("space")
        await until(pilot, lambda: board.turns >= 2)
        await pilot.press("space")
        await until(pilot, lambda: board.state is State.PAUSED)
        held = read_progress(laboratory(pilot).session.project).turn
        await pilot.pause(0.3)
        assert 2 <= held < 16
        assert read_progress(laboratory(pilot).session.project).turn == held == board.turns


async def test_finishing_the_phase_holds_at_its_end(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 1)) as pilot:
        await pilot.press("f")
        board = laboratory(pilot).board
        await until(pilot, lambda: board.turns == 3 and board.state is State.PAUSED)
        assert "Literature review is done" in board.reason


async def test_a_reopened_project_shows_where_it_stood(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13)) as pilot:
        frame = frame_of(pilot)
        for words in ("turn 13", ".921", "EDIT 12-18", "experiment/main.py", "1257 training rows", "3/7"):
            assert words in frame


# Going back


async def test_a_roll_back_shows_what_goes_and_undo_brings_it_back(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13)) as pilot:
        screen = laboratory(pilot)
        head = screen.session.project.head
        await pilot.press("5", "down", "down", "down", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, RollBackScreen))
        frame = frame_of(pilot)
        for words in (
            "Roll back to turn 10?",
            "turns 11–13",
            "2 × EDIT, 1 × repair",
            "0.921 → 0.912",
            "undo brings it back",
            "1,710 tok",
        ):
            assert words in frame
        await pilot.press("enter")
        await until(pilot, lambda: screen.board.turns == 10)
        assert read_progress(screen.session.project).turn == 10
        assert ".921" not in frame_of(pilot)
        await pilot.press("u")
        await until(pilot, lambda: screen.board.turns == 13)
        assert screen.session.project.head == head
        await pilot.press("ctrl+r")
        await until(pilot, lambda: screen.board.turns == 10)


async def test_escape_calls_a_roll_back_off(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13)) as pilot:
        head = laboratory(pilot).session.project.head
        await pilot.press("5", "down", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, RollBackScreen))
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert laboratory(pilot).session.project.head == head


async def test_work_goes_on_from_where_one_went_back_to(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 6)) as pilot:
        board = laboratory(pilot).board
        await pilot.press("5", "down", "down", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, RollBackScreen))
        await pilot.press("enter")
        await until(pilot, lambda: laboratory(pilot).board.turns == 4)
        assert laboratory(pilot).board is not board
        await until(pilot, lambda: "rolled back" in laboratory(pilot).board.reason)
        assert laboratory(pilot).board.model == "built-in researcher"
        await pilot.press("n")
        await until(pilot, lambda: laboratory(pilot).board.turns == 5)


# What a key that does nothing says


@pytest.mark.parametrize(
    ("done", "keys", "words"),
    [
        (0, ["u"], "Nothing to undo"),
        (0, ["ctrl+r"], "Nothing to redo"),
        (3, ["r"], "is where you are"),
        (3, ["a"], "no reply waits for you"),
        (3, ["x"], "no reply waits for you"),
        (16, ["n"], "no step left"),
        (16, ["space"], "the study is finished"),
        (16, ["f"], "no phase left"),
    ],
)
async def test_a_key_that_does_nothing_says_why(tmp_path: Path, done: int, keys: list[str], words: str) -> None:
    async with opened(app_on(tmp_path, done)) as pilot:
        if done == 16:
            await until(pilot, lambda: laboratory(pilot).board.state is State.FINISHED)
        await pilot.press(*keys)
        await until(pilot, lambda: words in told(pilot))


async def test_zoom_says_why_it_does_nothing_on_a_small_screen(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path), 80, 24) as pilot:
        await pilot.press("plus")
        await until(pilot, lambda: "one pane is all that fits here" in told(pilot))


# Panes


TOGETHER = ("chat", "diff", "scores", "report", "history", "output")


def shown(pilot_frame: str) -> list[str]:
    return [name for name in PANES if f"─ {name.capitalize()}" in pilot_frame]


async def test_all_panes_are_in_view_from_110_columns_on(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13), 110, 30) as pilot:
        assert shown(frame_of(pilot)) == list(TOGETHER)
        assert "─ Phases" in frame_of(pilot)


async def test_a_small_screen_reaches_every_pane_by_number_and_by_tab(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13), 80, 24) as pilot:
        for place in PLACES:
            name = place.name
            await pilot.press(place.key)
            await pilot.pause()
            assert shown(frame_of(pilot)) == [name]
            assert laboratory(pilot).wall.current == name
        await pilot.press("1")
        for name in (*PANES[1:], "chat"):
            await pilot.press("tab")
            assert laboratory(pilot).wall.current == name
        await pilot.press("shift+tab")
        assert laboratory(pilot).wall.current == "costs"


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (200, 60)])
async def test_nothing_is_cut_off_at_the_edges(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(app_on(tmp_path, 13), *size) as pilot:
        lines = frame_of(pilot).split("\n")
        assert "q quit" in lines[-1]
        assert "> tell the agents" in lines[-2]
        assert max(map(len, lines)) <= size[0]
        assert "00:39" in lines[0]
        assert lines[-3].startswith(" ‖ it begins when you say so · space runs on")
        assert lines[-4].rstrip().endswith("╯")


@pytest.mark.parametrize("size", [(40, 13), (40, 8), (30, 7)])
async def test_in_a_low_terminal_the_pane_has_what_room_there_is(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(app_on(tmp_path, 13), *size) as pilot:
        lines = frame_of(pilot).split("\n")
        assert "1 Chat" in lines[1]
        assert "> tell the agents" in lines[-2]
        assert lines[-3].startswith(" ‖ it begins when you say so")
        assert any(lines[2:-3])
        await pilot.resize_terminal(20, 5)
        await until(pilot, lambda: "no room: 7 rows" in frame_of(pilot))


async def test_resizing_switches_the_layout_and_keeps_the_pane(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13), 120, 40) as pilot:
        await pilot.press("4")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert shown(frame_of(pilot)) == ["report"]
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert shown(frame_of(pilot)) == list(TOGETHER)


async def test_zoom_shows_one_pane_and_all_of_them_again(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13)) as pilot:
        await pilot.press("2", "plus")
        await pilot.pause()
        assert shown(frame_of(pilot)) == ["diff"]
        await pilot.press("plus")
        await pilot.pause()
        assert shown(frame_of(pilot)) == list(TOGETHER)


# Words


async def test_a_note_is_written_for_the_agents_of_the_phase(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 3)) as pilot:
        await pilot.press("i", *"use five seeds", "enter")
        file = tmp_path / "label-noise" / "notes" / "plan-formulation.md"
        await until(pilot, lambda: "use five seeds" in frame_of(pilot) and file.is_file())
        assert file.read_text().splitlines()[-1] == "use five seeds"
        await pilot.press("n")
        await until(pilot, lambda: laboratory(pilot).board.turns == 4)  # the keys are commands again


async def test_between_two_phases_a_note_and_finishing_are_about_the_next_one(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 1)) as pilot:
        board = laboratory(pilot).board
        await pilot.press("f")
        await until(pilot, lambda: board.turns == 3 and board.state is State.PAUSED)
        await pilot.press("i", *"why 40 %?", "enter")
        file = tmp_path / "label-noise" / "notes" / "plan-formulation.md"
        await until(pilot, lambda: file.is_file() and "why 40 %?" in file.read_text())
        await pilot.press("f")
        await until(pilot, lambda: board.turns >= 6 and board.state is State.PAUSED)
        assert board.turns == 6


async def test_a_slash_in_the_empty_line_offers_the_commands_and_the_palette_stays_on_its_key(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path)) as pilot:
        await pilot.press("i", "slash")
        await until(pilot, lambda: "/note WORDS" in frame_of(pilot))
        await pilot.press("escape", "ctrl+p")
        await until(pilot, lambda: "Search for commands" in frame_of(pilot))
        assert "finish phase" in frame_of(pilot)


async def test_a_note_never_follows_a_link_out_of_the_project(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("")
    async with opened(app_on(tmp_path, 3)) as pilot:
        notes = tmp_path / "label-noise" / "notes"
        notes.mkdir(exist_ok=True)
        (notes / "plan-formulation.md").unlink(missing_ok=True)
        (notes / "plan-formulation.md").symlink_to(outside)
        await pilot.press("i", *"hello", "enter")
        await until(pilot, lambda: "not written" in told(pilot))
    assert outside.read_text() == ""


# A turn that waits


async def waiting(pilot_app: LabtopApp, keys: list[str]) -> tuple[FakeLaboratory, str]:
    async with opened(pilot_app) as pilot:
        screen = laboratory(pilot)
        engine = screen.session.link.laboratory
        await until(pilot, lambda: screen.question.asked)
        screen.question.clock = lambda: 1e12
        frame = frame_of(pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: bool(engine.verdicts))
        return engine, frame


@pytest.mark.parametrize(
    ("keys", "verdict"),
    [
        (["a"], Approve()),
        (["s"], Skip()),
        (["x", "n", "o", "enter"], Decline("no")),
        (["t", "h", "i", "ctrl+s"], TakeOver("hi")),
        (
            ["e", "Y", "ctrl+s"],
            Approve("Y" + "The noise has to be drawn once per seed and shared. So I write it anew. "),
        ),
    ],
)
async def test_a_waiting_turn_is_answered(tmp_path: Path, keys: list[str], verdict: object) -> None:
    engine, frame = await waiting(app_on(tmp_path, 11, copilot=Copilot.TURN, running=True), keys)
    assert "ML engineer wants: EDIT 30-31 in experiment/main.py" in frame
    assert "waiting for you" in frame
    assert engine.verdicts[0] == verdict


async def test_a_key_within_half_a_second_is_no_answer(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 11, copilot=Copilot.TURN, running=True)) as pilot:
        screen = laboratory(pilot)
        await until(pilot, lambda: screen.question.asked)
        began = screen.question._since or 0.0
        screen.question.clock = lambda: began + 0.4
        await pilot.press("a")
        await pilot.pause(0.2)
        assert not screen.session.link.laboratory.verdicts
        screen.question.clock = lambda: began + 0.6
        await pilot.press("a")
        await until(pilot, lambda: screen.session.link.laboratory.verdicts == [Approve()])


# Leaving, opening


async def test_quitting_stops_the_engine_and_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = app_on(tmp_path, 3, running=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LaboratoryScreen) and app.screen.board.turns > 4)
        screen = laboratory(pilot)
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running or app._exit)
    assert "labtop open" in capsys.readouterr().err
    project = screen.session.project
    assert project.holder() is None
    assert project.hand_edits() is None


async def test_a_folder_that_is_no_project_is_refused_in_words(tmp_path: Path) -> None:
    def refuse(path: Path, running: bool, pace: float) -> Opened:
        raise ProjectError(f"{path} is no project.", "Make one with: labtop new")

    app = LabtopApp(tmp_path, opener=refuse)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "is no project" in " ".join(frame_of(pilot).split()))
        assert "labtop new" in frame_of(pilot)
        await pilot.press("q")
        await until(pilot, lambda: app._exit)


async def test_an_error_of_the_engine_is_shown_and_the_app_stays(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 3)) as pilot:
        laboratory(pilot).session._said.append(Notice("error", "the model gave no usable answer"))
        await until(pilot, lambda: "the model gave no usable answer" in frame_of(pilot))
        await pilot.press("n")
        await until(pilot, lambda: laboratory(pilot).board.turns == 4)


# What is hostile, and what is heavy


async def test_no_escape_code_from_outside_reaches_the_screen(tmp_path: Path) -> None:
    hostile = "\x1b]52;c;aGk=\x07 \x9b31m [/] [red]x[/red] \u202edlrow"
    async with opened(app_on(tmp_path, 3)) as pilot:
        screen = laboratory(pilot)
        screen.show([TurnStarted(4, Phase.PLAN, Agent.POSTDOC, hostile, hostile, hostile), Token(4, hostile)])
        screen.show([Notice("error", hostile)])
        screen.say(hostile)
        await pilot.pause(0.2)
        frame = frame_of(pilot)
        assert "[red]x[/red]" in frame
        assert not [char for char in frame if char in "\x1b\x07\x9b\u202e"]


async def test_the_filter_alone_stops_what_a_widget_lets_through(tmp_path: Path) -> None:
    from textual.widgets import Static

    async with opened(app_on(tmp_path)) as pilot:
        await pilot.app.mount(Static("\x1b]52;c;aGk=\x07\x9b31m\u202edlrow", markup=False, id="raw"))
        await pilot.pause()
        assert not [char for char in frame_of(pilot) if char in "\x1b\x07\x9b\u202e"]


async def test_tokens_are_joined_before_they_are_shown(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path)) as pilot:
        session = laboratory(pilot).session
        session._said.extend([Token(1, "a"), Token(1, "b"), Token(2, "c"), Notice("info", "x"), Token(2, "d")])
        assert session.drain() == [Token(1, "ab"), Token(2, "c"), Notice("info", "x"), Token(2, "d")]


async def test_the_chat_holds_few_turns_however_long_the_history_is(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 16)) as pilot:
        assert len(pilot.app.screen.query_one(ChatPane).children) <= 31


def test_the_first_frame_needs_nothing_heavy() -> None:
    program = f"import sys, tui.app; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_the_key_that_always_quits_stops_the_engine_too(tmp_path: Path) -> None:
    app = app_on(tmp_path, 3, running=True, pace=0.1)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LaboratoryScreen) and bool(app.screen.board.model))
        screen = laboratory(pilot)
        await pilot.press("i", "ctrl+q")
        await until(pilot, lambda: app._exit)
    assert screen.session.project.holder() is None


async def test_a_defect_of_the_engine_is_seen_and_kept_for_a_report(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 3)) as pilot:
        screen = laboratory(pilot)
        screen.session.link.laboratory.turns = [None] * 16
        await pilot.press("n")
        await until(pilot, lambda: screen.board.state is State.STOPPED)
        assert "a defect in labtop: AttributeError" in screen.board.reason
        assert "a defect in labtop" in " ".join(frame_of(pilot).split())
        assert "Traceback" in screen.session.project.private("defect.txt").read_text()


async def test_a_project_that_another_process_works_on_is_shown_but_not_run(tmp_path: Path) -> None:
    app = app_on(tmp_path, 3)
    opener = app._opener
    assert opener is not None
    holder = "import sys; from pathlib import Path; from core.workspace.project import Project\n"
    holder += "with Project.open(Path(sys.argv[1])).lock(): print('held', flush=True); sys.stdin.read()"
    others: list[subprocess.Popen[str]] = []

    def contested(path: Path, running: bool, pace: float) -> Opened:
        made = opener(path, running, pace)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        others.append(subprocess.Popen([sys.executable, "-c", holder, str(path)], text=True, **pipes))
        assert others[0].stdout is not None
        assert others[0].stdout.readline() == "held\n"
        return made

    app._opener = contested
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LaboratoryScreen) and app.screen.board.state is State.STOPPED)
        assert "in use" in frame_of(pilot)
        others[0].communicate("")
        await pilot.press("n")
        await until(pilot, lambda: laboratory(pilot).board.turns == 4)
        await laboratory(pilot).session.stop()


def picture(name: str) -> str:
    return Path(name).read_text()


async def test_the_app_saves_its_own_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(app_on(tmp_path, 3)) as pilot:
        await pilot.app.screen.run_action("save_picture")
        await until(pilot, lambda: "saved as" in told(pilot))
        assert "Plan" in picture(told(pilot).removeprefix("saved as "))


async def test_a_key_that_is_pressed_before_the_project_is_open_is_done_when_it_is(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    quick = app._opener
    assert quick is not None

    def slow(path: Path, running: bool, pace: float) -> Opened:
        time.sleep(0.5)
        return quick(path, running, pace)

    app._opener = slow
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, LaboratoryScreen) and app.screen.board.turns == 1)
        await until(pilot, lambda: laboratory(pilot).board.state is State.PAUSED)
        await app.screen.session.stop()


async def test_nothing_but_the_chat_is_ever_chosen_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[str] = []
    lay_out = Wall.lay_out
    monkeypatch.setattr(Wall, "lay_out", lambda wall: (chosen.append(wall.current), lay_out(wall)))
    async with opened(app_on(tmp_path, 3), 80, 24):
        assert set(chosen) == {"chat"}


async def test_a_hand_edit_that_is_committed_at_once_is_seen_everywhere(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 3)) as pilot:
        screen = laboratory(pilot)
        diff = "--- a/plan.md\n+++ b/plan.md\n@@ -1 +1 @@\n-old\n+newer\n"
        turn = Turn(
            4, Phase.PLAN, Agent.RESEARCHER, "", "", "changed plan.md", "", Status.OK, "done", path="plan.md", diff=diff
        )
        screen.show([TurnCommitted(turn, "f" * 40)])
        await pilot.pause()
        frame = frame_of(pilot)
        for words in ("» Researcher", "changed plan.md", "4 you", "Diff · plan.md · turn 4", "+ newer"):
            assert words in frame


def test_without_a_terminal_the_app_says_what_to_do_instead(tmp_path: Path) -> None:
    played_project(tmp_path / "p", 1)
    command = [sys.executable, "-m", "labtop", "open", str(tmp_path / "p")]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "labtop run" in ended.stderr
