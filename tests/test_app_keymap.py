"""A person's own keys: what is wrong in their file is told by line, what is right holds on every screen."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from core.settings import Copilot
from tests.app_stage import app_on, frame_of, laboratory, opened, told, until
from tui.handbook import ROOT
from tui.keymap import FREE, SCREENS, clashes, parsed, remapped, shown, textual_name, toml_list
from tui.keys import ACTIONS, Scope, actions
from tui.palette import Actions
from tui.panes.chat import ChatPane
from tui.preferences import Preferences, read_preferences, save_preference
from tui.preferences import parsed as parsed_preferences
from tui.screens.colours import ColoursScreen
from tui.screens.help import HelpScreen
from tui.screens.history import HistoryScreen


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_keys_are_read_as_one_writes_them() -> None:
    keymap, wrong = parsed(b'history = ["f5", "^g"]\nstep = "m"\nhelp = "?"\n', "keys.toml")
    assert wrong == []
    assert keymap == {"history": ("f5", "ctrl+g"), "step": ("m",), "help": ("question_mark",)}
    names = ("?", "^r", "ctrl+shift+a", "pageup", "nonsense", "ctrl+q", "meta+x", "", "\x1b")
    assert [textual_name(name) for name in names] == [
        "question_mark", "ctrl+r", "ctrl+shift+a", "pageup", "", "", "", "", "",
    ]  # fmt: skip
    assert [shown(key) for key in ("ctrl+r", "question_mark", "escape", "space", "tab", "plus", "f5")] == [
        "^r", "?", "esc", "space", "tab", "+", "f5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('histroy = "f5"', "did you mean history?"),
        ('show_pane.chat = "f5"', "not an action whose keys can be changed"),
        ('scroll = "f5"', "did you mean scroll."),
        ('hunk.next = "n"', '"n" is the key of step already'),
        ('page.next = "w"', '"w" is the key of pictures already'),
        ('open_file = "{"', '"{" is the key of'),
        ("history = 5", "must be a key or a list of keys"),
        ("history = []", "must be a key or a list of keys"),
        ('history = "f99"', 'there is no key "f99"'),
        ('history = "n"', '"n" is the key of step already'),
        ('history = "o"', '"o" is the key of'),
        ("history = [", "not valid TOML"),
    ],
)
def test_a_wrong_line_is_told_by_its_number_and_leaves_the_usual_keys(line: str, words: str) -> None:
    keymap, wrong = parsed(f"# mine\n{line}\n".encode(), "keys.toml")
    assert keymap == {}
    assert len(wrong) == 1
    assert words in wrong[0]
    assert "line 2" in wrong[0] or "TOML" in wrong[0]


def test_two_actions_may_change_places_but_not_share_a_key() -> None:
    assert clashes({"history": ("n",), "step": ("h",)}) == []
    keymap, wrong = parsed(b'history = "f5"\nstep = "f5"\n', "keys.toml")
    assert keymap == {"history": ("f5",)}
    assert "line 2" in wrong[0]


def test_keys_of_different_panes_may_be_the_same_and_the_usual_ones_may_be_written_down() -> None:
    assert clashes({"hunk.next": ("w",), "candidate.next": ("w",)}) == []
    everything = "".join(f"{name} = {toml_list(action.named[name])}\n" for name, action in FREE.items())
    assert parsed(everything.encode(), "keys.toml") == ({name: one.named[name] for name, one in FREE.items()}, [])


async def test_the_keys_of_a_pane_are_moved_and_the_help_and_the_question_tell_the_new_ones(tmp_path: Path) -> None:
    (tmp_path / "config" / "labtop").mkdir(parents=True)
    (tmp_path / "config" / "labtop" / "keys.toml").write_text(
        'ends.first = "z"\nends.last = ["Z", "f8"]\napprove = "Y"\nredo = "R"\n'
    )
    app = app_on(tmp_path, 13, copilot=Copilot.TURN, running=True)
    app.preferences = Preferences()
    async with opened(app, 80, 24) as pilot:
        await until(pilot, lambda: "Y approve" in frame_of(pilot))
        chat = laboratory(pilot).query_one(ChatPane)
        for key, first in (("z", True), ("f8", False), ("g", False), ("z", True), ("Z", False)):
            await pilot.press(key)
            await until(pilot, lambda first=first: chat.scroll_y == (0 if first else chat.max_scroll_y))  # type: ignore[misc]
        await pilot.press("i", *"ReadYour")  # letters stay letters where one writes
        await until(pilot, lambda: laboratory(pilot).tell_line.line.value == "ReadYour")
        await pilot.press("escape", "question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "z Z f8    The beginning; the end" in "\n".join(
            str(part.render()) for part in app.screen.query("Broken")
        )


async def test_sentences_name_the_keys_that_hold(tmp_path: Path) -> None:
    (tmp_path / "config" / "labtop").mkdir(parents=True)
    (tmp_path / "config" / "labtop" / "keys.toml").write_text(
        'run_pause = "R"\nstep = "f6"\nundo = "U"\nchoose_autonomy = "f7"\n'
    )
    app = app_on(tmp_path, 13)
    app.preferences = Preferences()
    async with opened(app) as pilot:
        await until(pilot, lambda: "R runs on, f6 makes one turn" in frame_of(pilot))
        await pilot.press("a")
        await until(pilot, lambda: told(pilot) == "no reply waits for you; f7 says how often you are asked")
        await pilot.press("9")
        await until(pilot, lambda: "R runs, f6 makes one step" in frame_of(pilot))
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen) and app.screen.graph.row is not None)
        await pilot.press("down", "r")
        await until(pilot, lambda: "Roll back to turn 12?" in frame_of(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: told(pilot) == "rolled back to turn 12; U brings back what went")


def test_every_action_that_a_sentence_names_is_there() -> None:
    """A sentence with `{undo}` in it would end the app where there is no such action."""
    named = [
        name
        for path in (ROOT / "tui").rglob("*.py")
        if "keyed" in (text := path.read_text()) or path.stem in ("nowline", "links", "wire")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for name in re.findall(r"\{([a-z_.]+)\}", node.value)
    ]
    assert len(named) > 40
    assert set(named) <= set(FREE)


def test_every_scope_is_on_some_screen() -> None:
    assert {scope for screen in SCREENS for scope in screen} == set(Scope)


async def test_moved_keys_work_and_are_shown_on_the_line_in_the_help_and_in_the_palette(tmp_path: Path) -> None:
    (tmp_path / "config" / "labtop").mkdir(parents=True)
    (tmp_path / "config" / "labtop" / "keys.toml").write_text('history = "f5"\nstep = "h"\nchange_theme = "f9"\n')
    app = app_on(tmp_path, 13)
    app.preferences = Preferences()
    async with opened(app) as pilot:
        await until(pilot, lambda: "f5 history" in frame_of(pilot))
        assert "h step" in frame_of(pilot)
        before = laboratory(pilot).board.turns
        await pilot.press("h")
        await until(pilot, lambda: laboratory(pilot).board.turns == before + 1)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "f5        Look at every turn" in frame_of(pilot)
        await pilot.press("escape")
        offered = {str(hit.display): str(hit.help) async for hit in Actions(laboratory(pilot)).discover()}
        assert offered["history"].endswith("  f5")
        for action in actions(*laboratory(pilot).scopes):
            assert {name for name, _ in action.commands} <= set(offered)
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(app.screen, ColoursScreen))
        await pilot.press("escape", "f5")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen))


def test_the_registry_shows_the_keys_that_it_binds() -> None:
    for action in remapped(actions(*Scope), {action.id: action.keys for action in ACTIONS if len(action.keys) == 1}):
        assert not action.keys or action.shown


def test_preferences_are_read_strictly_and_written_with_what_stood_there(tmp_path: Path) -> None:
    told, problem = parsed_preferences(b'theme = "nord"\nmouse = "no"\nfoo = 1\n', "app.toml")
    assert told == Preferences(theme="nord")
    assert "mouse must be true or false" in problem
    assert "foo is not a setting" in problem
    assert "not valid TOML" in parsed_preferences(b"theme = [", "app.toml")[1]
    file = tmp_path / "config" / "labtop" / "app.toml"
    file.parent.mkdir(parents=True)
    file.write_text("# mine\nmouse = false\n")
    save_preference("theme", "nord")
    assert file.read_text() == '# mine\nmouse = false\ntheme = "nord"\n'
    assert read_preferences() == (Preferences(theme="nord", mouse=False), "")
