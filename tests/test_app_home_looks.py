"""How the screens around a project look at three sizes, dark and light: welcome, projects, doctor, new, colours."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.screen import Screen

from core.doctor import Finding
from core.events import State
from tests.app_stage import frame_of, until
from tests.looks import DRESSES, looks_as_it_did
from tui.app import LabtopApp
from tui.screens.colours import ColoursScreen
from tui.screens.doctor import DoctorScreen
from tui.screens.home import HomeScreen
from tui.screens.listed import Known
from tui.screens.new import NewProjectScreen
from tui.screens.pick import PickScreen
from tui.screens.reply import ReplyScreen


def found(network: bool = False) -> Sequence[Finding]:
    return [
        Finding("Python", True, "3.11.7"),
        Finding(
            "sandbox", True, "bubblewrap: programs see only the project and Python, have no network and end as one"
        ),
        Finding("LaTeX", True, "pdfTeX 3.141592653-2.6-1.40.26 (TeX Live 2024)"),
        Finding("your models", None, "none in ~/.config/labtop/config.toml", "labtop models shows how to name one."),
        Finding("GPU", True, "NVIDIA H100"),
        Finding("Slurm", None, "none"),
        Finding("arXiv", None, "not checked", "labtop doctor --network asks it."),
        Finding("terminal", True, "xterm-256color, true colour"),
    ]


def projects() -> list[Known]:
    now, lab = time.time(), Path("/home/ada/lab")
    return [
        Known(lab / "label-noise", "Experiments 4/7", 0.934, 0.0, now - 125, State.RUNNING),
        Known(lab / "penguins", "all phases", 0.986, 0.0, now - 86_500, State.FINISHED),
        Known(lab / "prompt-order", "Plan 2/7", None, 0.41, now - 3 * 86_500, State.WAITING),
        Known(lab / "scaling-laws-of-tiny-transformers", "Data 3/7", None, 12.5, now - 7300, State.PAUSED),
        Known(lab / "old", "unreadable", None, 0.0, now - 40 * 86_500, None),
    ]


SCREENS: dict[str, tuple[Callable[[], Screen[object]], str]] = {
    "welcome": (lambda: HomeScreen([], found), "LaTeX: pdfTeX"),
    "projects": (lambda: HomeScreen(projects(), found), "✓ LaTeX pdfTeX"),
    "doctor": (lambda: DoctorScreen(found), "LaTeX: pdfTeX"),
    "new project": (lambda: NewProjectScreen("why?"), "How often"),
    "colours": (lambda: ColoursScreen(), "high contrast"),
    "choosing a file": (lambda: PickScreen(Path("lab"), lambda path: path.suffix == ".csv"), "penguins.csv"),
    "a reply": (lambda: ReplyScreen("Change the reply of the ML engineer", REPLY), "EDIT 12-18"),
}
REPLY = "The noise has to be drawn once per seed.\n\n```EDIT 12-18\nrng = np.random.default_rng(seed)\n```\n"


@pytest.mark.parametrize("name", SCREENS)
async def test_a_screen_around_a_project_looks_as_it_did(
    snapshot: SnapshotAssertion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    for variable in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab" / "birds").mkdir(parents=True)
    (tmp_path / "lab" / "penguins.csv").write_text("species,mass\n" * 900)
    screen, words = SCREENS[name]
    app = LabtopApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, HomeScreen) or len(app.screen_stack) > 2)
        while len(app.screen_stack) > 1:
            app.pop_screen()
        for dress, theme in DRESSES.items():
            app.theme = theme
            app.push_screen(screen())
            await until(pilot, lambda: words in frame_of(pilot))
            await looks_as_it_did(pilot, snapshot, dresses=[dress])
            while len(app.screen_stack) > 1:
                app.pop_screen()


async def test_a_folder_that_is_no_project_is_refused_in_words(snapshot: SnapshotAssertion) -> None:
    app = LabtopApp(Path("/nowhere/at/all"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "your projects" in frame_of(pilot))
        await looks_as_it_did(pilot, snapshot)
