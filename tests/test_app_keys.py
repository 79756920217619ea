"""One registry of keys: what is bound, shown, offered and written down is the same everywhere."""

from __future__ import annotations

from dataclasses import fields

import pytest
from textual.binding import Binding
from textual.scroll_view import ScrollView
from textual.widget import Widget

from tui.handbook import MINE, ROOT, page, with_table
from tui.keymap import FREE
from tui.keys import ACTIONS, Scope, actions, bindings
from tui.panes.graph import GraphPane
from tui.panes.papers import PaperList, PaperSheet
from tui.panes.text import TextPane
from tui.preferences import Preferences
from tui.screens.help import section
from tui.screens.history import HistoryScreen
from tui.screens.home import HomeScreen
from tui.screens.laboratory import LaboratoryScreen
from tui.screens.pictures import PicturesScreen
from tui.screens.places import PANES, PLACES
from tui.screens.screen import LabScreen
from tui.slash import OWN
from tui.widgets.keyline import key_line

SCREENS = (LaboratoryScreen, HistoryScreen, HomeScreen, PicturesScreen)


@pytest.mark.parametrize("screen", SCREENS)
def test_no_key_means_two_things_on_one_screen(screen: type[LabScreen[object]]) -> None:
    keys = [key for action in actions(*screen.scopes) for key in action.keys]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("screen", SCREENS)
def test_every_action_of_a_screen_is_there(screen: type[LabScreen[object]]) -> None:
    missing = [action.id for action in actions(*screen.scopes) if not hasattr(screen, f"action_{action.id}")]
    assert missing == []
    assert bindings(*screen.scopes) == screen.BINDINGS


def test_a_key_means_the_same_on_every_screen_that_has_the_action() -> None:
    ids = [action.id for action in ACTIONS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("scope", Scope)
def test_the_help_names_every_key(scope: Scope) -> None:
    text = section(scope, actions(scope)).plain
    for action in actions(scope):
        assert not action.shown or (action.shown in text and action.help in text)


@pytest.mark.parametrize("scope", [Scope.LABORATORY, Scope.HISTORY, Scope.HOME])
@pytest.mark.parametrize("width", [40, 78, 118, 198])
def test_the_bottom_line_fits_and_always_shows_help_and_the_way_out(scope: Scope, width: int) -> None:
    line = key_line(actions(scope), width).plain.rstrip()
    assert len(line) <= width
    assert line.endswith("q quit")
    assert "? help" in line


def test_what_is_first_in_the_registry_stays_longest_on_the_bottom_line() -> None:
    assert "space run/pause" in key_line(actions(Scope.LABORATORY), 60).plain
    assert "zoom" not in key_line(actions(Scope.LABORATORY), 60).plain


def test_the_handbook_names_every_key_and_every_command() -> None:
    text = page()
    for action in ACTIONS:
        if action.shown:
            assert f"| `{action.shown}` | {action.help} |" in text
    for slash in OWN:
        assert f"`/{slash.name}" in text
    assert set(MINE) == {one.name for one in fields(Preferences)}


def test_what_is_written_about_the_keys_is_as_they_are_now() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_table(readme) == readme, "make keys"
    assert (ROOT / "docs" / "keys.md").read_text(encoding="utf-8") == page(), "make keys"


@pytest.mark.parametrize("kind", [*(place.kind for place in PLACES), GraphPane, TextPane, PaperList, PaperSheet])
def test_every_key_of_a_pane_is_in_the_registry_and_can_be_moved(kind: type[Widget]) -> None:
    for base in kind.__mro__[: kind.__mro__.index(ScrollView if issubclass(kind, ScrollView) else Widget)]:
        for binding in base.__dict__.get("BINDINGS", ()):
            assert isinstance(binding, Binding)
            assert set(binding.key.split(",")) == set(FREE[binding.id or ""].named[binding.id or ""]), binding


def test_an_action_of_panes_names_panes_that_there_are() -> None:
    assert {pane for action in ACTIONS for pane in action.panes} <= set(PANES)
