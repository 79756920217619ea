"""How the history, the question before a roll-back, a new line and a comparison look."""

from __future__ import annotations

from pathlib import Path

from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from core.gate import PersonGate
from core.lines import branch_beside
from core.workspace.project import Project
from tests.app_stage import frame_of, until
from tests.fake_laboratory import FakeLaboratory
from tests.inquiry_stage import experiment, studied
from tests.looks import looks_as_it_did
from tests.workspace_sample import plain_git
from tui.app import LabtopApp
from tui.screens.branching import BranchScreen
from tui.screens.compare import CompareScreen
from tui.screens.history import HistoryScreen
from tui.screens.laboratory import LaboratoryScreen
from tui.screens.rollback import RollBackScreen
from tui.screens.taking import TakeScreen
from tui.session import Opened


def inquiry(folder: Path) -> LabtopApp:
    """The app on a study with a branch, a line in a folder beside, and turns that a roll-back left behind."""
    project = studied(folder / "noise")
    undone = experiment(project, 9, 0.93, kept=False)
    plain_git(project, "update-ref", "refs/lab/undone/main/20260203T041600Z-1", undone)
    plain_git(project, "reset", "-q", "--hard", "HEAD~1")
    project.branch("what-if/svm", 4)
    experiment(project, 5, 0.941)
    experiment(project, 6, 0.938, kept=False)
    project.switch("main")
    copy, _ = branch_beside(project, "boosting", "6", folder / "noise-boosting")
    experiment(copy, 7, 0.95)

    def opener(path: Path, running: bool, _: float) -> Opened:
        opened, gate = Project.open(path), PersonGate(running=running)
        return Opened(opened, FakeLaboratory(opened, gate, []), gate)

    return LabtopApp(project.path, opener=opener)


async def looking(pilot: Pilot[None]) -> HistoryScreen:
    """The history is in view and read."""
    await until(pilot, lambda: isinstance(pilot.app.screen, LaboratoryScreen))
    await pilot.pause(0.2)
    await pilot.press("h")
    await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen))
    screen = pilot.app.screen
    assert isinstance(screen, HistoryScreen)
    await until(pilot, lambda: screen._look is not None)
    return screen


async def test_the_graph_of_all_lines(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    async with inquiry(tmp_path).run_test(size=(200, 60)) as pilot:
        await looking(pilot)
        await until(pilot, lambda: "boosting in" in frame_of(pilot))
        await looks_as_it_did(pilot, snapshot)


async def test_a_turn_in_the_history(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    async with inquiry(tmp_path).run_test(size=(200, 60)) as pilot:
        await looking(pilot)
        await pilot.press(*("down",) * 5, "enter", "right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: "VALUE" in frame_of(pilot))
        await looks_as_it_did(pilot, snapshot)


async def test_the_question_before_a_roll_back(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    async with inquiry(tmp_path).run_test(size=(200, 60)) as pilot:
        screen = await looking(pilot)
        screen.graph.go_to(screen.project.turn_at("4").commit)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, RollBackScreen))
        await looks_as_it_did(pilot, snapshot)


async def test_the_name_of_a_new_line_is_asked(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    async with inquiry(tmp_path).run_test(size=(200, 60)) as pilot:
        await looking(pilot)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(pilot.app.screen, BranchScreen))
        await pilot.press(*"forests", "tab", "space")
        await until(pilot, lambda: "noise-forests" in frame_of(pilot))
        await looks_as_it_did(pilot, snapshot)


async def test_lines_side_by_side(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    async with inquiry(tmp_path).run_test(size=(200, 60)) as pilot:
        screen = await looking(pilot)
        await pilot.app.push_screen(CompareScreen(screen.project, ["main", "what-if/svm", "boosting"]))
        await until(pilot, lambda: "boosting measured best" in frame_of(pilot))
        await looks_as_it_did(pilot, snapshot)


async def test_what_is_taken_from_another_line(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    async with inquiry(tmp_path).run_test(size=(200, 60)) as pilot:
        screen = await looking(pilot)
        await pilot.app.push_screen(CompareScreen(screen.project, ["main", "boosting"], screen.head), screen._take_from)
        await until(pilot, lambda: "boosting measured best" in frame_of(pilot))
        await pilot.press("T")
        await until(pilot, lambda: isinstance(pilot.app.screen, TakeScreen) and "commit" in frame_of(pilot))
        await looks_as_it_did(pilot, snapshot)


async def test_a_filtered_history(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    async with inquiry(tmp_path).run_test(size=(200, 60)) as pilot:
        screen = await looking(pilot)
        await until(pilot, lambda: not screen._unread)
        await pilot.press("slash", *"kept", "colon", *"yes")
        await until(pilot, lambda: "5 of 16" in frame_of(pilot))
        await looks_as_it_did(pilot, snapshot)
