"""How the screens around a project look at three sizes, dark and light: welcome, projects, doctor, new, colours."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from core.doctor import Finding
from core.events import State
from tests.app_stage import frame_of, until
from tui.app import LabtopApp
from tui.screens.colours import ColoursScreen
from tui.screens.doctor import DoctorScreen
from tui.screens.home import HomeScreen
from tui.screens.listed import Known
from tui.screens.new import NewProjectScreen

Compare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"])
THEMES = pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])


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


def shown(screen: Callable[[], Screen[object]], words: str, theme: str) -> Callable[[Pilot[None]], object]:
    async def run(pilot: Pilot[None]) -> None:
        app = pilot.app
        await until(pilot, lambda: isinstance(app.screen, HomeScreen) or len(app.screen_stack) > 2)
        app.theme = theme
        while len(app.screen_stack) > 1:
            app.pop_screen()
        app.push_screen(screen())
        await until(pilot, lambda: words in frame_of(pilot))
        for widget in app.screen.query("Input"):
            widget.cursor_blink = False  # type: ignore[attr-defined]
        await pilot.pause(0.2)

    return run


SCREENS: dict[str, tuple[Callable[[], Screen[object]], str]] = {
    "welcome": (lambda: HomeScreen([], found), "LaTeX: pdfTeX"),
    "projects": (lambda: HomeScreen(projects(), found), "✓ LaTeX pdfTeX"),
    "doctor": (lambda: DoctorScreen(found), "LaTeX: pdfTeX"),
    "new project": (lambda: NewProjectScreen("why?"), "How often"),
    "colours": (lambda: ColoursScreen(), "high contrast"),
}


@SIZES
@THEMES
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_around_a_project_looks_as_it_did(
    snap_compare: Compare,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    theme: str,
    size: tuple[int, int],
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    for variable in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    screen, words = SCREENS[name]
    assert snap_compare(LabtopApp(None), terminal_size=size, run_before=shown(screen, words, theme))
