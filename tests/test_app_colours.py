"""The colours: chosen with the keys, worn while the cursor is on them, and strong enough where that is asked for."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from rich.style import Style
from textual.color import Color
from textual.pilot import Pilot

from tests.app_stage import OPENING, app_on, frame_of, laboratory, opened, until
from tests.watchdog import LIMIT
from tui.app import LabtopApp
from tui.screens.colours import ColoursScreen
from tui.screens.home import HomeScreen
from tui.screens.listed import Known
from tui.themes import CONTRAST, THEMES


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


async def test_colours_are_worn_at_once_kept_with_enter_and_put_back_with_escape(tmp_path: Path) -> None:
    app = app_on(tmp_path, 2)
    async with opened(app, limit=OPENING * LIMIT) as pilot:  # all widgets are styled anew, as for the first picture
        await laboratory(pilot).run_action("change_theme")
        await until(pilot, lambda: isinstance(app.screen, ColoursScreen))
        assert "high contrast, light" in frame_of(pilot)
        await pilot.press("down")
        await until(pilot, lambda: app.theme == "textual-light")
        await pilot.press("escape")
        await until(pilot, lambda: app.theme == "textual-dark")
        assert not (tmp_path / "config" / "labtop" / "app.toml").exists()
        await laboratory(pilot).run_action("change_theme")
        await until(pilot, lambda: isinstance(app.screen, ColoursScreen))
        await pilot.press("down", "down", "enter")
        await until(pilot, (tmp_path / "config" / "labtop" / "app.toml").exists)
        assert app.theme == "contrast-dark"
        assert app.has_class("-contrast")


async def test_every_theme_of_ours_is_there(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 2)) as pilot:
        assert set(THEMES) <= set(pilot.app.available_themes)


async def on_the_cursor(pilot: Pilot[None], words: str) -> Style:
    """How a line is drawn that says `words`."""
    await pilot.pause()
    for strip in pilot.app.screen._compositor.render_strips():
        for segment in strip:
            if words in segment.text and segment.style is not None:
                return segment.style
    raise AssertionError(f"{words!r} is not on the screen")


@pytest.mark.parametrize("coloured", [True, False], ids=["coloured", "NO_COLOR"])
async def test_what_is_chosen_is_seen_in_every_theme_in_its_accent_or_reversed(
    monkeypatch: pytest.MonkeyPatch, coloured: bool
) -> None:
    if not coloured:
        monkeypatch.setenv("NO_COLOR", "1")
    app = LabtopApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, HomeScreen) or len(app.screen_stack) > 2)
        app.switch_screen(HomeScreen([Known(Path("/lab/chosen"), "all phases", 0.9, 0.0, 0.0)], list))
        await until(pilot, lambda: "chosen" in frame_of(pilot))
        for theme in app.available_themes if coloured else ("ansi-dark",):
            app.theme = theme
            style = await on_the_cursor(pilot, "chosen")
            if app.native_ansi_color:
                assert style.reverse, theme
                continue
            ground, accent = (Color.parse(app.theme_variables[name]) for name in ("background", "accent"))
            assert style.bgcolor == ground.blend(accent, 0.3).rich_color, theme
            assert Color.parse(app.theme_variables["scrollbar-active"]) == accent
            assert ratio(Color.parse(app.theme_variables["text-accent"]), ground) >= 4.5, theme
        await pilot.press("ctrl+p", *"quit")
        await until(pilot, lambda: "Stop cleanly" in frame_of(pilot) and "Start a project" not in frame_of(pilot))
        assert bool((await on_the_cursor(pilot, "Stop cleanly")).reverse) == app.native_ansi_color


@pytest.mark.parametrize("theme", CONTRAST, ids=lambda theme: theme.name)
def test_high_contrast_is_high(theme: object) -> None:
    from textual.theme import Theme

    assert isinstance(theme, Theme)
    ground = Color.parse(theme.background or "")
    for name in ("foreground", "accent", "warning", "error", "success", "primary", "secondary"):
        assert ratio(Color.parse(getattr(theme, name)), ground) >= 7, name
    muted = ground.blend(Color.parse(theme.foreground or ""), 0.6)
    assert ratio(muted, ground) >= 5


def ratio(one: Color, other: Color) -> float:
    """The contrast of two colours as WCAG defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Color) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def lightness(colour: Color) -> float:
    """Relative luminance, as WCAG 2 reckons it."""
    parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("theme", [theme for theme in THEMES if not theme.startswith("ansi")])
async def test_what_is_written_can_be_read_in_every_theme(tmp_path: Path, theme: str) -> None:
    async with opened(app_on(tmp_path, 2)) as pilot:
        pilot.app.theme = theme
        await pilot.pause()
        colours = pilot.app.get_css_variables()
        ground, ink = Color.parse(colours["background"]), Color.parse(colours["foreground"])
        tinted = [ground.blend(Color.parse(colours[name]), 0.18) for name in ("success", "error")]
        kinds = ("accent", "success", "warning", "error", "primary")
        bright = [Color.parse(colours[f"text-{kind}"]) for kind in kinds]
        for least, papers, inks in ((4.5, [ground], [ground.blend(ink, 0.6), *bright]), (4.4, tinted, [ink, *bright])):
            for paper, written in product(papers, inks):
                light, dark = sorted((lightness(written), lightness(paper)), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= least, (written.hex, paper.hex)
