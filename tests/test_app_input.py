"""The input line: words, /commands with completion, and what was typed before."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from textual.events import Key, Paste

from core.record import Phase
from core.settings import Copilot
from tests.app_stage import app_on, frame_of, laboratory, opened, told, until
from tui.screens.history import HistoryScreen
from tui.slash import OWN, Facts, offers, slashes, typed, unknown
from tui.typed import Typed, read_typed, remember_typed, typed_path
from tui.widgets.tell import Line


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


async def test_a_slash_offers_every_command_and_tab_completes(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13)) as pilot:
        await pilot.press("slash", *"go")
        await until(pilot, lambda: "/goto TURN" in frame_of(pilot))
        await pilot.press("tab", "1", "1")
        assert laboratory(pilot).query_one(Line).value == "/goto 11"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen))
        await until(pilot, lambda: " turn 11 " in frame_of(pilot))


async def test_what_a_command_can_take_is_offered_as_soon_as_it_is_known(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13)) as pilot:
        await pilot.press("slash", *"goto ")
        await until(pilot, lambda: "ML engineer: EDIT" in frame_of(pilot))


async def test_every_command_of_ones_own_is_carried_out_by_something(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 2)) as pilot:
        assert set(laboratory(pilot).carriers()) == {slash.name for slash in OWN}


async def test_every_action_of_the_laboratory_can_be_typed(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13)) as pilot:
        await pilot.press("colon", *"show-pane scores", "enter")
        await until(pilot, lambda: laboratory(pilot).wall.current == "scores")
        for slash in slashes().values():
            assert not slash.runs or hasattr(laboratory(pilot), f"action_{slash.runs}")


async def test_a_command_that_does_not_exist_is_refused_and_the_line_stays(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 2)) as pilot:
        await pilot.press("slash", *"themm", "enter")
        await until(pilot, lambda: "did you mean /theme?" in told(pilot))
        assert laboratory(pilot).query_one(Line).value == "/themm"
        await pilot.press("escape")
        assert laboratory(pilot).query_one(Line).value == ""


async def test_colours_are_chosen_by_name_or_by_what_they_are_called(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 2)) as pilot:
        for said, theme in (("light", "textual-light"), ("textual-dark", "textual-dark")):
            await pilot.press("slash", *f"theme {said}", "enter")
            await until(pilot, lambda theme=theme: pilot.app.theme == theme)


@pytest.mark.parametrize("keys", [("i",), ("ctrl+p",), ("h", "slash")])
async def test_no_cursor_blinks(tmp_path: Path, keys: tuple[str, ...]) -> None:
    async with opened(app_on(tmp_path, 2)) as pilot:
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.1)
        await until(pilot, lambda: getattr(pilot.app.focused, "cursor_blink", None) is False)


async def test_words_become_a_note_and_up_brings_them_back(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 2)) as pilot:
        await pilot.press("i", *"five seeds", "enter")
        await until(pilot, lambda: "you: five seeds" in frame_of(pilot))
        await pilot.press("i", *"dra", "up")
        assert laboratory(pilot).query_one(Line).value == "five seeds"
        await pilot.press("down")
        assert laboratory(pilot).query_one(Line).value == "dra"
    notes = list((tmp_path / "label-noise" / "notes").glob("*.md"))
    assert any("five seeds" in note.read_text() for note in notes)
    await_typed = [json.loads(line)["line"] for line in typed_path().read_text().splitlines()]
    assert await_typed == ["five seeds"]
    assert stat.S_IMODE(typed_path().stat().st_mode) == 0o600


async def test_two_slashes_begin_words_that_begin_with_one(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 2)) as pilot:
        await pilot.press("i", *"//data is small", "enter")
        await until(pilot, lambda: "you: /data is small" in frame_of(pilot))


async def test_a_private_line_is_not_written_down(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 2)) as pilot:
        await pilot.press("slash", *"private on", "enter")
        await until(pilot, lambda: "private is on" in told(pilot))
        await pilot.press("i", *"my secret idea", "enter")
        await until(pilot, lambda: "you: my secret idea" in frame_of(pilot))
    assert not typed_path().exists() or "secret" not in typed_path().read_text()


async def test_the_colours_are_changed_and_remembered(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 2)) as pilot:
        await pilot.press("slash", *"theme contrast-light", "enter")
        await until(pilot, lambda: pilot.app.theme == "contrast-light")
        file = tmp_path / "config" / "labtop" / "app.toml"
        await until(pilot, file.exists)
        assert 'theme = "contrast-light"' in file.read_text()


async def test_a_file_outside_of_the_project_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("no")
    async with opened(app_on(tmp_path, 2)) as pilot:
        await pilot.press("slash", *"open ../outside.md", "enter")
        await until(pilot, lambda: "there is no file ../outside.md" in told(pilot))


def test_offers_begin_with_what_was_typed() -> None:
    facts = Facts(turns={"12": "EDIT", "11": "PLAN", "2": "SUMMARY"}, files=("plan.md", "experiment/main.py"))
    assert [offer.line for offer in offers("/the", facts)] == ["/theme "]
    assert [offer.line for offer in offers("/open ma", facts)] == ["/open experiment/main.py"]
    assert [offer.line for offer in offers("/goto 1", facts)] == ["/goto 12", "/goto 11"]
    assert [offer.help for offer in offers("/goto 1", facts)] == ["EDIT", "PLAN"]
    assert [offer.line for offer in offers("/autonomy report-w", facts)] == ["/autonomy report-writing"]
    assert [offer.line for offer in offers("/autonomy all no", facts)] == ["/autonomy all notify"]
    assert offers("/undo ", facts) == []
    assert offers("/nothing such", facts) == []
    assert len(offers("/", facts)) == len(slashes())


def test_a_line_is_taken_apart() -> None:
    assert typed(" /goto  12 ") == ("goto", "12")
    assert typed("/q") == ("leave", "")
    assert "tab shows all" in unknown("zzzzzz")


def test_what_was_typed_is_walked_through_in_order() -> None:
    lines = Typed(["one", "two"])
    assert [lines.older("dra"), lines.older("two"), lines.older("one")] == ["two", "one", None]
    assert [lines.newer(), lines.newer(), lines.newer()] == ["two", "dra", None]
    assert not lines.add("two")
    assert not lines.add(" with a blank")
    assert lines.add("three")


def test_damaged_lines_are_passed_over() -> None:
    remember_typed("good \x1b[31m")
    with typed_path().open("a") as file:
        file.write('{"line": \n[1]\n"x"\n')
    remember_typed("also good")
    assert read_typed() == ["good ", "also good"]


async def test_stops_to_come_and_how_often_one_is_asked_are_typed(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 2)) as pilot:
        session = laboratory(pilot).session
        await pilot.press("slash", *"pause at $5", "enter")
        await until(pilot, lambda: any("$5" in stop for stop in session.steered.stops))
        await pilot.press("slash", *"pause at noon", "enter")
        await until(pilot, lambda: "neither an amount nor a time" in told(pilot))
        await pilot.press("slash", *"autonomy all turn", "enter")
        await until(pilot, lambda: set(session.steered.autonomy.values()) == {Copilot.TURN})
        await pilot.press("slash", *"autonomy report-writing off", "enter")
        await until(pilot, lambda: session.steered.autonomy[Phase.REPORT] is Copilot.OFF)
        await pilot.press("slash", *"autonomy sometimes", "enter")
        await until(pilot, lambda: "the modes are" in told(pilot))
        await pilot.press("slash", *"autonomy lunch turn", "enter")
        await until(pilot, lambda: "there is no phase lunch" in told(pilot))


async def test_a_line_is_started_at_a_turn_and_left_again(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 5)) as pilot:
        await pilot.press("slash", *"branch what-if 3", "enter")
        await until(pilot, lambda: laboratory(pilot).board.branch == "what-if")
        assert laboratory(pilot).board.turns == 3
        await pilot.press("slash")
        await until(pilot, lambda: "main" in laboratory(pilot).tell_line.facts.branches)
        await pilot.press(*"switch ma", "tab", "enter")
        await until(pilot, lambda: laboratory(pilot).board.branch == "main")
        assert laboratory(pilot).board.turns == 5
        await pilot.press("slash", *"branch", "enter")
        await until(pilot, lambda: "name the new line" in told(pilot))
        await pilot.press("slash", *"branch x 99", "enter")
        await until(pilot, lambda: "there is no turn 99" in told(pilot))


async def test_what_comes_in_one_packet_is_written_into_the_line_and_not_taken_for_commands(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 2)) as pilot:
        line = laboratory(pilot).tell_line.line
        for key in ("question_mark", "escape", "i", *"quit"):  # a sheet that is gone tells of no key, and holds none up
            pilot.app.post_message(Key(key, key if len(key) == 1 else None))
        pilot.app.post_message(Paste(" now"))
        pilot.app.post_message(Key("n", "n"))
        await until(pilot, lambda: line.value == "quit nown")
        assert laboratory(pilot).board.turns == 2
        for key in ("escape", "slash", *"theme", "space", *"nord", "enter"):
            pilot.app.post_message(Key(key, {"space": " ", "slash": "/"}.get(key, key if len(key) == 1 else None)))
        await until(pilot, lambda: pilot.app.theme == "nord")
