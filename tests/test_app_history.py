"""The history screen, the comparison and travelling, in the whole app on a real project."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual._styles_cache import StylesCache
from textual.pilot import Pilot

from benchmarks.history import lengthened
from core.comparison import compare_lines
from core.gate import PersonGate
from core.lines import branch_beside, lines_of
from core.workspace.project import Project
from tests.app_stage import app_on, frame_of, laboratory, opened, told, until
from tests.fake_laboratory import FakeLaboratory
from tests.inquiry_stage import experiment, studied, write_section
from tests.workspace_sample import sample_turn
from tui.app import LabtopApp
from tui.screens.branching import BranchScreen
from tui.screens.compare import CompareScreen, table
from tui.screens.history import HistoryScreen
from tui.screens.laboratory import LaboratoryScreen
from tui.session import Opened


@asynccontextmanager
async def history(folder: Path, done: int = 13, width: int = 120, height: int = 40) -> AsyncIterator[Pilot[None]]:
    """The app with its history open and read."""
    async with opened(app_on(folder, done), width, height) as pilot:
        await pilot.press("h")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen))
        await until(pilot, lambda: f"turn {done} " in frame_of(pilot) or width < 100)
        await until(pilot, lambda: screen(pilot).graph.row is not None)
        yield pilot


@asynccontextmanager
async def on_project(project: Project) -> AsyncIterator[Pilot[None]]:
    """The app on a project whose engine has nothing left to do."""

    def opener(path: Path, running: bool, _: float) -> Opened:
        gate = PersonGate(running=running)
        return Opened(project, FakeLaboratory(project, gate, []), gate)

    async with LabtopApp(project.path, opener=opener).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, LaboratoryScreen))
        await pilot.pause(0.3)
        yield pilot
        await laboratory(pilot).session.stop()


def screen(pilot: Pilot[None]) -> HistoryScreen:
    found = pilot.app.screen
    assert isinstance(found, HistoryScreen)
    return found


def shown(pilot: Pilot[None]) -> list[int]:
    """The turns in the list."""
    return [row.turn.number for row in screen(pilot).graph._rows]


async def type_in(pilot: Pilot[None], words: str) -> None:
    await pilot.press("slash", *({" ": "space", ":": "colon", "-": "minus"}.get(key, key) for key in words))


async def at_rest(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, LaboratoryScreen))


async def test_the_history_reads_any_turn_in_all_its_parts_and_can_go_back_to_it(tmp_path: Path) -> None:
    async with history(tmp_path) as pilot:
        await pilot.press("down", "down")
        await until(pilot, lambda: "turn 11 " in frame_of(pilot))
        for words in (
            "default_rng",  # diff
            "# turn 11",  # code
            "There is no plan.md",
            "There is no report/report.tex",
            "Nothing was measured",
            "There is no figure",
            "index 64 is out of bounds",  # output
            "failed: IndexError",  # evidence
            "The noise has to be drawn",
        ):
            await pilot.press("right_square_bracket")
            await until(pilot, lambda words=words: words in frame_of(pilot))  # type: ignore[misc]
        await pilot.press("r")
        await until(pilot, lambda: "Roll back to turn 11?" in frame_of(pilot))
        assert "1 × repair" in frame_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: laboratory(pilot).board.turns == 11)
        assert isinstance(pilot.app.screen, LaboratoryScreen)


async def test_a_roll_back_that_is_called_off_leads_back_to_the_turn_in_the_history(tmp_path: Path) -> None:
    async with history(tmp_path) as pilot:
        await pilot.press("down", "down", "r")
        await until(pilot, lambda: "Roll back to turn 11?" in frame_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen) and screen(pilot).graph.row is not None)
        assert screen(pilot).graph.row.turn.number == 11  # type: ignore[union-attr]
        await pilot.press("escape")
        await at_rest(pilot)
        assert laboratory(pilot).board.turns == 13


async def test_what_is_refused_leads_back_to_the_history_too(tmp_path: Path) -> None:
    async with on_project(studied(tmp_path / "p")) as pilot:
        await pilot.press("h")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen))
        await pilot.press("u")
        await until(pilot, lambda: "nothing to undo" in told(pilot).lower())
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen))


async def test_what_still_stands_there_is_not_said_again(tmp_path: Path) -> None:
    async with history(tmp_path) as pilot:
        await pilot.press("r", "r", "r")
        await until(pilot, lambda: bool(told(pilot)))
        await pilot.press("escape", "2", *["right_curly_bracket"] * 9)
        await until(pilot, lambda: told(pilot) == "no hunk further down")
        assert [notice.message for notice in pilot.app._notifications] == [
            "turn 13 is where you are",
            "no hunk further down",
        ]


async def test_what_a_screen_drew_is_let_go_of_when_it_is_left(tmp_path: Path) -> None:
    held = []
    async with history(tmp_path) as pilot:
        for _ in range(12):
            await pilot.press("escape")
            await at_rest(pilot)
            gc.collect()
            held.append(sum(type(one) is StylesCache for one in gc.get_objects()))
            await pilot.press("h")
            await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen) and "turn 13 " in frame_of(pilot))
    assert held[-1] - held[0] < 50, "one that is just being left may still be there; twelve would be twice as many"


async def test_a_turn_without_a_diff_or_output_says_so(tmp_path: Path) -> None:
    async with history(tmp_path, 3) as pilot:
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "This turn has no diff to show." in frame_of(pilot))
        await pilot.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        await until(pilot, lambda: "This turn ran no program." in frame_of(pilot))
        assert "ended well" not in frame_of(pilot)
        assert "3 turns · 1 line · 0 candidates" in frame_of(pilot)


async def test_a_changed_file_is_shown_as_its_change_and_whole(tmp_path: Path) -> None:
    async with history(tmp_path) as pilot:
        await pilot.press("right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: "v shows all of it" in frame_of(pilot))
        await pilot.press("v")
        await until(pilot, lambda: "v shows the change" in frame_of(pilot))


async def test_turns_are_filtered_and_searched_for(tmp_path: Path) -> None:
    async with history(tmp_path) as pilot:
        await type_in(pilot, "status:failed")
        await until(pilot, lambda: shown(pilot) == [11])
        await pilot.press("enter")
        assert pilot.app.focused is screen(pilot).graph
        await pilot.press("escape")
        await until(pilot, lambda: len(shown(pilot)) == 14)
        await type_in(pilot, "survey")
        await until(pilot, lambda: shown(pilot) == [2])
        await pilot.press("enter", "escape")
        await type_in(pilot, "nonsense")
        await until(pilot, lambda: "No turn is like that." in frame_of(pilot))
        await pilot.press("escape")
        await type_in(pilot, "agent:x")
        await until(pilot, lambda: "agent:x is none of" in frame_of(pilot))
        await pilot.press("escape", "escape")
        await at_rest(pilot)


async def test_one_side_at_a_time_where_it_is_narrow(tmp_path: Path) -> None:
    async with history(tmp_path, width=80, height=24) as pilot:
        await until(pilot, lambda: "EDIT 12-18" in frame_of(pilot))
        assert "reply" not in frame_of(pilot)
        for key in (
            "r roll back",
            "b branch",
            "c compare",
            "/ filter",
            "y copy hash",
            "[ ] part",
            "? help",
            "esc back",
        ):
            assert key in frame_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "reply" in frame_of(pilot))
        assert "SUBMIT_CODE" not in frame_of(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "EDIT 12-18" in frame_of(pilot) and "reply" not in frame_of(pilot))
        await pilot.press("escape")
        await at_rest(pilot)


async def test_a_branch_is_named_and_gone_to(tmp_path: Path) -> None:
    async with history(tmp_path) as pilot:
        await pilot.press("down", "b")
        await until(pilot, lambda: isinstance(pilot.app.screen, BranchScreen))
        await pilot.press(*"a.", "space", "b", "enter")
        await until(pilot, lambda: "cannot be a branch's name" in frame_of(pilot))
        await pilot.press("backspace", "backspace", "b", "enter")
        await at_rest(pilot)
        await until(pilot, lambda: laboratory(pilot).board.branch == "a.b")
        assert laboratory(pilot).board.turns == 12
        await pilot.press("h")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen))
        await until(pilot, lambda: "├─╯ main · 1 turn" in frame_of(pilot))
        await pilot.press("down")
        row = screen(pilot).graph.row
        while row is None or row.line != "main" or row.kind != "line":
            await pilot.press("up")
            row = screen(pilot).graph.row
        await pilot.press("enter")
        await at_rest(pilot)
        await until(pilot, lambda: laboratory(pilot).board.branch == "main")


async def test_a_line_beside_is_made_and_shown_and_this_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    async with history(tmp_path) as pilot:
        await pilot.press("down", "b")
        await until(pilot, lambda: isinstance(pilot.app.screen, BranchScreen))
        await pilot.press(*"what", "tab", "space")
        await until(pilot, lambda: "It gets the folder label-noise-what," in frame_of(pilot))
        await pilot.press("shift+tab", "enter")
        await until(pilot, lambda: "what in" in frame_of(pilot))
        assert "both can run at once" in told(pilot)
        project = Project.open(tmp_path / "label-noise")
        assert project.branch_name == "main"
        assert [line.name for line in lines_of(project)] == ["main", "what"]


async def test_two_marked_turns_are_compared(tmp_path: Path) -> None:
    async with history(tmp_path) as pilot:
        await pilot.press("c")
        await until(pilot, lambda: "main is marked" in told(pilot))
        await pilot.press("down", "down", "down", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        await until(pilot, lambda: "2 lines, parted at turn 10" in frame_of(pilot))
        for words in ("main", "turn 10", "not measured yet", "main → turn 10", "experiment/main.py"):
            assert words in frame_of(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen))
        assert frame_of(pilot).count("◆") == 2
        await pilot.press("c")
        await until(pilot, lambda: "no longer marked" in told(pilot))


def test_lines_are_compared_in_straight_columns_where_characters_are_wide(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    branch_beside(project, "what-if", "8", tmp_path / "森林とラベルノイズ")
    for width in (80, 120):
        rows = table(compare_lines(project, ["main", "what-if"]), width)
        assert "森林" in "".join(line.plain for line in rows)
        assert len({line.cell_length for line in rows}) == 1


async def test_a_finding_is_taken_from_the_comparison(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    copy, _ = branch_beside(project, "what-if", "8", tmp_path / "q")
    experiment(copy, 9, 0.95)
    async with on_project(project) as pilot:
        await pilot.press("h")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen) and "what-if in q" in frame_of(pilot))
        await pilot.press("c", "home", "c")
        await until(pilot, lambda: "what-if measured best" in frame_of(pilot))
        await pilot.press("T")
        await until(pilot, lambda: "Take a finding from what-if?" in frame_of(pilot))
        await until(pilot, lambda: f"turn 9 of what-if, commit {copy.head[:12]}" in frame_of(pilot))
        for words in (
            "[x] program",
            "[x] results",
            "[x] Results",
            "[ ] Introduction",
            "is to be run and measured here",
        ):
            assert words in frame_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: laboratory(pilot).board.turns == 9)
        await until(pilot, lambda: "took a finding from what-if" in told(pilot))
    assert project.turn_at().turn.subject.startswith("took the finding what-if-9")
    assert project.read("experiment/main.py") == copy.read("experiment/main.py")


async def test_one_paragraph_is_taken_by_a_command(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    copy, _ = branch_beside(project, "what-if", "8", tmp_path / "q")
    write_section(copy, 9, "Results", "The forest reaches 0.934.\n\nThe trees are quick.")
    async with on_project(project) as pilot:
        await pilot.press("slash", *"take what-if section Results 7", "enter")
        await until(pilot, lambda: "has 2 paragraphs" in told(pilot))
        await pilot.press("slash", *"take what-if section Results 2", "enter")
        await until(pilot, lambda: "at the end of Results" in frame_of(pilot))
        assert "[x]   2" in frame_of(pilot)
        await pilot.press("space")
        await until(pilot, lambda: "Nothing is chosen." in frame_of(pilot))
        await pilot.press("up", "up", "space")  # the section as a whole has its paragraphs in it
        await until(pilot, lambda: "  the section Results of its report" in frame_of(pilot))
        await pilot.press("down", "down", "space")
        await until(pilot, lambda: "[ ] Results" in frame_of(pilot) and "at the end of Results" in frame_of(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: laboratory(pilot).board.turns == 9)
    assert "The trees are quick." in project.read("report/report.tex")
    assert (project.path / "findings/what-if-6.json").is_file()


async def test_what_the_history_can_do_is_typed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project = studied(tmp_path / "p")
    project.keep_candidate(sample_turn(12), 1, {"experiment/main.py": "alone"})
    async with on_project(project) as pilot:
        await pilot.press("slash", *"beside boosting 4", "enter")
        await until(pilot, lambda: "both can run at once" in told(pilot))
        await pilot.press("slash", *"compare bo")
        await until(pilot, lambda: "boosting" in laboratory(pilot).tell_line.facts.lines)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "2 lines, parted at turn 4" in frame_of(pilot))
        await pilot.press("T")
        await until(pilot, lambda: "Take a finding from boosting?" in frame_of(pilot))
        await pilot.press("escape", "slash", *"find status:failed", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen) and shown(pilot) == [3])
        await pilot.press("escape")
        await type_in(pilot, "is:candidate")
        await until(pilot, lambda: shown(pilot) == [12])
        await pilot.press("enter")
        for key in ("r", "b"):
            pilot.app.clear_notifications()
            await pilot.press(key)
            await until(pilot, lambda: "a candidate is a program or a report alone" in told(pilot))
        await pilot.press("escape", "escape", "slash", *"copy 4", "enter")
        await until(pilot, lambda: f"{project.turn_at('4').commit[:12]} copied" in told(pilot))
        await pilot.press("slash", *"pictures", "enter")
        await until(pilot, lambda: type(pilot.app.screen).__name__ == "PicturesScreen")


async def test_a_line_in_another_folder_is_read_and_compared_but_never_written(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13)) as pilot:
        project = Project.open(tmp_path / "label-noise")
        copy, _ = branch_beside(project, "what-if", "12", tmp_path / "beside")
        head = copy.head
        await pilot.press("h")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen))
        await until(pilot, lambda: "what-if in" in frame_of(pilot))
        await pilot.press("down")
        assert screen(pilot).graph.row is not None
        for key, words in (("r", "labtop open"), ("b", "labtop open"), ("enter", "labtop open")):
            await pilot.press(key)
            await until(pilot, lambda words=words: words in told(pilot))  # type: ignore[misc]
        assert copy.head == head


@pytest.mark.parametrize(
    ("keys", "words"),
    [(["r"], "is where you are"), (["o"], "is no file"), (["y"], "copied")],
)
async def test_a_key_says_what_it_did_or_why_not(tmp_path: Path, keys: list[str], words: str) -> None:
    async with history(tmp_path, 3) as pilot:
        await pilot.press(*keys)
        await until(pilot, lambda: words in told(pilot))


async def test_turns_that_are_made_meanwhile_come_into_the_list(tmp_path: Path) -> None:
    async with history(tmp_path, 3) as pilot:
        laboratory(pilot).session.step()
        await until(pilot, lambda: shown(pilot)[0] == 4)
        row = screen(pilot).graph.row
        assert row is not None


async def test_of_thousands_of_turns_only_those_in_view_are_drawn_and_git_is_asked_as_often_as_for_one(
    tmp_path: Path,
) -> None:
    project = lengthened(tmp_path / "long", 3000)
    async with on_project(project) as pilot:
        before = project.git.processes
        await pilot.press("h")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen) and bool(screen(pilot).graph.row), 20)
        await until(pilot, lambda: screen(pilot)._look is not None and not screen(pilot)._unread, 30)
        asked = project.git.processes - before
        assert asked < 15 + 3000 / 200 + 10  # two a batch of replies at the most, the rest does not grow
        drawn = len(screen(pilot).graph._strips)
        assert drawn < 80
        await pilot.press("end")
        await until(pilot, lambda: screen(pilot).graph.row is not None and screen(pilot).graph.row.turn.number == 0)
        assert len(screen(pilot).graph._strips) < 160
