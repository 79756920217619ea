"""The list of projects, and the way to a new one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from core.events import State
from core.gate import PersonGate
from core.known import remember
from core.progress import STATE, Progress
from core.record import Cost, Phase
from tests.app_stage import frame_of, told, until
from tests.fake_laboratory import FakeLaboratory, new_project, played_project, study
from tui.app import LabtopApp
from tui.screens.doctor import DoctorScreen
from tui.screens.home import HomeScreen
from tui.screens.laboratory import LaboratoryScreen
from tui.screens.listed import Known, ago, line, look
from tui.screens.new import NewProjectScreen, missing, suggested
from tui.screens.pick import PickScreen
from tui.screens.welcome import WelcomeScreen
from tui.session import Opened, Opener


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def fake_opener() -> Opener:
    from core.workspace.project import Project

    def opener(path: Path, running: bool, _: float) -> Opened:
        project = Project.open(path)
        gate = PersonGate(running=running)
        return Opened(project, FakeLaboratory(project, gate, study()), gate)  # type: ignore[arg-type]

    return opener


async def at_home(pilot: Pilot[None]) -> None:
    """The list of projects, with the welcome of the first start put away."""
    await until(pilot, lambda: isinstance(pilot.app.screen, WelcomeScreen))
    await pilot.press("escape")
    await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))


async def test_without_a_project_home_says_how_to_start_one(tmp_path: Path) -> None:
    app = LabtopApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        assert "No project yet." in frame_of(pilot)
        assert "n new project" in frame_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "nothing to open yet" in told(pilot))
        await pilot.press("slash")
        await until(pilot, lambda: "nothing to find yet" in told(pilot))


async def test_a_known_project_is_listed_opened_and_left_again(tmp_path: Path) -> None:
    project = played_project(tmp_path / "label-noise", 13)
    (project.path / STATE).touch()  # the sample that it is a copy of may be older
    remember(project.path)
    app = LabtopApp(None, opener=fake_opener())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        frame = frame_of(pilot)
        for words in ("label-noise", "Experiments 4/7", "$0.00", "just now"):
            assert words in frame
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LaboratoryScreen) and bool(app.screen.board.model))
        await app.screen.run_action("home")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        assert project.holder() is None


async def test_a_new_project_is_made_and_opened(tmp_path: Path) -> None:
    app = LabtopApp(None, opener=fake_opener())
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NewProjectScreen))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "What do you want to know?" in frame_of(pilot))
        await pilot.press(*"does size matter?", "enter", *str(tmp_path / "size"), "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, LaboratoryScreen) and bool(app.screen.board.model))
        assert app.screen.session.project.settings().question == "does size matter?"
        await app.screen.session.stop()


def config_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "labtop").mkdir(parents=True)
    (tmp_path / "config" / "labtop" / "config.toml").write_text(text)


async def test_a_new_project_may_think_with_a_model_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_of(tmp_path, monkeypatch, '[models.mine]\nmodel = "qwen"\nbase_url = "http://127.0.0.1:9/v1"\nfree = true\n')
    app = LabtopApp(None, opener=fake_opener())
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NewProjectScreen))
        await pilot.press(*"why?", "tab", *str(tmp_path / "why"), "tab", "tab", "tab", "enter")
        await until(pilot, lambda: "mine: qwen at 127.0.0.1:9" in frame_of(pilot))
        await pilot.press("down", "enter", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, LaboratoryScreen) and bool(app.screen.board.model))
        assert app.screen.session.project.settings().model == "mine"
        await app.screen.session.stop()


async def test_a_broken_config_is_said_on_the_form_and_the_built_in_researcher_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_of(tmp_path, monkeypatch, "[models.mine]\nmodle = 1\n")
    app = LabtopApp(None, opener=fake_opener())
    async with app.run_test(size=(120, 40)) as pilot:
        await at_home(pilot)
        await pilot.press("n")
        await until(pilot, lambda: "Did you mean model?" in " ".join(frame_of(pilot).replace("│", "").split()))
        assert "the built-in researcher" in frame_of(pilot)


def test_a_project_is_told_from_its_files(tmp_path: Path) -> None:
    project = new_project(tmp_path / "noise")
    progress = replace(Progress(), phase=Phase.PLAN, cost=Cost(money=0.41))
    (project.path / ".lab" / "state.json").write_text(progress.to_json())
    told = look(project.path)
    assert (told.where, told.money, told.best) == ("Plan 2/7", 0.41, None)


def test_a_project_with_a_damaged_state_is_still_listed(tmp_path: Path) -> None:
    project = new_project(tmp_path / "noise")
    (project.path / ".lab").mkdir(exist_ok=True)
    (project.path / ".lab" / "state.json").write_text("{")
    assert look(project.path).where == "unreadable"
    (project.path / ".lab" / "state.json").write_text("[" * 100_000)
    assert look(project.path).where == "unreadable"


def test_columns_stand_below_each_other() -> None:
    rows = [
        Known(Path("/a/label-noise"), "Experiments 4/7", 0.934, 0.0, 0.0, State.RUNNING),
        Known(Path("/a/\x1b[31mhostile" + "x" * 40), "all phases", None, 12.5, 0.0, State.FINISHED),
    ]
    lines = [line(row, 7200.0).plain for row in rows]
    assert lines[0].index("/a/") == lines[1].index("/a/")
    assert "\x1b" not in lines[1]


def test_how_long_ago_in_one_unit() -> None:
    assert [ago(seconds) for seconds in (5, 60, 7200, 86400 * 3)] == [
        "just now", "1 minute ago", "2 hours ago", "3 days ago",
    ]  # fmt: skip


def test_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    data = tmp_path / "penguins.csv"
    data.write_text("a,b\n1,2\n")
    assert "question" in missing("", "", "")
    assert "no file" in missing("why?", str(tmp_path / "none.csv"), "b")
    assert "column" in missing("why?", str(data), "")
    assert missing("why?", str(data), "b") == missing("why?", "", "") == ""


def test_a_folder_is_suggested_from_the_question() -> None:
    assert suggested("Are trees better? Yes/no…").name == "are-trees-better-yes-no"
    assert suggested("…").name == "project"


async def test_a_first_question_or_enter_alone_for_the_demo(tmp_path: Path) -> None:
    app = LabtopApp(None, opener=fake_opener())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, WelcomeScreen))
        await pilot.press(*"why?", "enter")
        await until(pilot, lambda: isinstance(app.screen, NewProjectScreen))
        assert "why?" in frame_of(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        await app.screen.run_action("welcome")
        await until(pilot, lambda: isinstance(app.screen, WelcomeScreen))
        await until(pilot, lambda: "sandbox:" in frame_of(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LaboratoryScreen) and bool(app.screen.board.model))
        assert app.screen.session.project.path == tmp_path / "home" / "lab" / "labtop-demo"
        await app.screen.session.stop()


async def test_projects_are_found_by_words_and_all_are_shown_again(tmp_path: Path) -> None:
    for name in ("label-noise", "penguins"):
        remember(new_project(tmp_path / name).path)
    app = LabtopApp(None, opener=fake_opener())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        await pilot.press("slash", *"noise label-")
        await until(pilot, lambda: "penguins" not in frame_of(pilot))
        assert "label-noise" in frame_of(pilot)
        await pilot.press(*"zzz")
        await until(pilot, lambda: "No project holds these words" in frame_of(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "penguins" in frame_of(pilot))


async def test_the_doctor_tells_what_the_machine_has(tmp_path: Path) -> None:
    remember(new_project(tmp_path / "p").path)
    app = LabtopApp(None)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, DoctorScreen) and "Python:" in frame_of(pilot))
        for words in ("LaTeX:", "GPU:", "Slurm:", "terminal:"):
            assert words in frame_of(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))


def test_a_run_whose_process_is_gone_is_stopped(tmp_path: Path) -> None:
    project = new_project(tmp_path / "noise")
    project.private("run.json").write_text('{"state": "running", "reason": ""}')
    assert look(project.path).state is State.STOPPED
    with project.lock():
        assert look(project.path).state is State.RUNNING


async def test_a_table_is_chosen_by_keys_and_its_columns_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "penguins.csv").write_text("mass,species\n" + "".join(f"{i},a{i % 2}\n" for i in range(40)))
    (tmp_path / "tables" / "notes.md").write_text("no table")
    monkeypatch.chdir(tmp_path)
    app = LabtopApp(None, opener=fake_opener())
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NewProjectScreen))
        await pilot.press(*"which?", "ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, PickScreen) and "tables/" in frame_of(pilot))
        names = [entry.name for entry in app.screen.entries]
        await pilot.press(*["down"] * names.index("tables"), "enter")
        await until(pilot, lambda: "penguins.csv" in frame_of(pilot))
        assert "notes.md" not in frame_of(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, NewProjectScreen))
        await until(pilot, lambda: "of: mass, species" in frame_of(pilot))
        await pilot.press("s")
        await pilot.pause(0.1)
        await pilot.press("right", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, LaboratoryScreen) and bool(app.screen.board.model))
        assert app.screen.session.project.settings().target == "species"
        await app.screen.session.stop()


async def test_what_the_engines_do_meanwhile_is_seen_in_the_list(tmp_path: Path) -> None:
    one, other = (Known(tmp_path / name, "Plan 2/7", None, 0.0, 0.0) for name in ("one", "other"))
    now = [[one, other]]
    app = LabtopApp(None)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, WelcomeScreen))
        home = HomeScreen(now[0], read=lambda: now[0])
        await app.push_screen(home)
        await pilot.press("down")
        now[0] = [replace(other, state=State.RUNNING), one]
        home._reread()
        await until(pilot, lambda: "running" in frame_of(pilot))
        assert home.query_one(OptionList).highlighted == 0


async def test_models_are_described_in_ones_own_editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.models.named import config_path, known_models

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    app = LabtopApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        await pilot.press("m")
        await until(pilot, lambda: "editor" in told(pilot))  # this test has no terminal to lend
    assert known_models() == []
    text = config_path().read_text()
    config_path().write_text(
        text.replace("# [models.ollama]", "[models.ollama]")
        .replace('# base_url = "http://127.0.0.1:11434/v1"', 'base_url = "http://127.0.0.1:11434/v1"')
        .replace('# model = "qwen2.5-coder:7b"', 'model = "qwen2.5-coder:7b"')
    )
    assert [one.name for one in known_models()] == ["ollama"]
