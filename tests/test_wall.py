"""The wall: where the panes stand, what is remembered of it, and what the reading panes read when."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from core.events import TurnCommitted
from core.literature.review import paper_path, paper_text
from core.literature.shelf import Standing, passages_about, shelf
from core.record import Agent, Phase
from core.review.form import review_json
from core.review.rounds import rounds
from core.workspace.project import Project
from tests.app_stage import app_on, frame_of, laboratory, opened, told, until
from tests.fake_laboratory import study
from tests.reading_stage import PAPERS, review
from tui.keys import ACTIONS
from tui.panes.report import ReportPane
from tui.panes.scores import ScoresPane
from tui.screens import aside as asides
from tui.screens.history import HistoryScreen
from tui.screens.layout import LAYOUT, Layout, read_layout, write_layout
from tui.screens.places import ASIDES, PANES, PLACES, tabs
from tui.screens.readings import READINGS, Reading

TOGETHER = ("chat", "diff", "scores", "report")


def standing(pilot: Pilot[None]) -> list[str]:
    """The panes that are in view, by their titles."""
    return [name for name in PANES if f"─ {name.capitalize()}" in frame_of(pilot)]


def layout_of(pilot: Pilot[None]) -> Layout:
    """What is remembered by now."""
    return read_layout(laboratory(pilot).session.project.private(LAYOUT), PANES, ASIDES)


def test_every_key_of_a_pane_is_in_the_registry_in_the_order_of_the_table() -> None:
    action = next(action for action in ACTIONS if action.id == "show_pane")
    assert list(zip(action.keys, action.arguments, strict=True)) == [(place.key, place.name) for place in PLACES]


# Where they stand


async def test_a_reading_pane_takes_the_place_of_the_report_only(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13), 120, 40) as pilot:
        for name in ASIDES:
            await pilot.press(next(place.key for place in PLACES if place.name == name))
            await until(pilot, lambda name=name: name in standing(pilot))  # type: ignore[misc]
            assert standing(pilot) == ["chat", "diff", "scores", "history", "output", name]
            assert laboratory(pilot).wall.current == name
            await pilot.press("4")
            await until(pilot, lambda: "report" in standing(pilot))
            assert name not in standing(pilot)


async def test_where_the_screen_is_wide_a_reading_pane_stands_beside_all_others(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13), 200, 60) as pilot:
        await until(pilot, lambda: standing(pilot) == [*TOGETHER, "history", "output", "program"])
        await pilot.press("9")
        await until(pilot, lambda: standing(pilot) == [*TOGETHER, "history", "output", "reviews"])


async def test_tab_goes_through_what_is_in_view(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13), 120, 40) as pilot:
        await pilot.press("8")
        await until(pilot, lambda: "papers" in standing(pilot))
        seen = []
        for _ in range(6):
            await pilot.press("tab")
            seen.append(laboratory(pilot).wall.current)
        assert seen == ["chat", "diff", "scores", "history", "output", "papers"]


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["80x24", "200x60"])
async def test_any_pane_can_stand_alone_and_has_the_keys(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(app_on(tmp_path, 13), *size) as pilot:
        for number, place in enumerate(PLACES):
            await pilot.press(place.key, *(["plus"] if size[0] == 200 and number == 0 else []))
            await until(pilot, lambda name=place.name: standing(pilot) == [name])  # type: ignore[misc]
            focused = pilot.app.focused
            assert focused is not None
            assert place.name in [node.id for node in focused.ancestors_with_self]


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["80x24", "200x60"])
async def test_a_pane_alone_fills_the_wall_whatever_was_up_before(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(app_on(tmp_path, 13), *size) as pilot:
        await pilot.press("8", *(["plus"] if size[0] == 200 else []), "3")
        await until(pilot, lambda: standing(pilot) == ["scores"])
        columns = pilot.app.screen.query_one("#columns")
        assert pilot.app.screen.query_one("#scores").size.height == columns.size.height - 2
        assert columns.size.height > size[1] - 9


@pytest.mark.parametrize("width", [20, 60, 78, 118, 198])
def test_the_line_of_tabs_fits_and_marks_the_current_pane(width: int) -> None:
    line = tabs("papers", width)
    assert line.cell_length <= max(width, 27)
    marked = [line.plain[span.start : span.end] for span in line.spans if "reverse" in str(span.style)]
    assert [text.strip() for text in marked] == ["8 Papers"]


# What is remembered


async def test_a_project_is_opened_as_it_was_left(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13), 120, 40) as pilot:
        await pilot.press("8", "plus")
        await until(pilot, lambda: layout_of(pilot) == Layout("papers", True, "papers", True))
        project = laboratory(pilot).session.project.path
        mode = laboratory(pilot).session.project.private(LAYOUT).stat().st_mode
    assert mode & 0o077 == 0
    app = app_on(tmp_path / "again", 13)
    write_layout(Project.open(project).private(LAYOUT), Layout("papers", True, "papers", True))
    remembered = project / ".git" / "labtop" / LAYOUT
    opener = app._opener
    assert opener is not None

    def left(path: Path, running: bool, pace: float) -> object:
        made = opener(path, running, pace)
        write_layout(made.project.private(LAYOUT), read_layout(remembered, PANES, ASIDES))
        return made

    app._opener = left  # type: ignore[assignment]
    async with opened(app, 120, 40) as pilot:
        await until(pilot, lambda: standing(pilot) == ["papers"])
        assert pilot.app.focused is not None
        await pilot.press("plus")
        await until(pilot, lambda: standing(pilot) == ["chat", "diff", "scores", "history", "output", "papers"])


@given(st.one_of(st.binary(max_size=60), st.builds(lambda value: json.dumps(value).encode(), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["current", "zoomed", "aside", "over_report", "x"]), inner, max_size=4
    ),
))))  # fmt: skip
def test_a_damaged_layout_is_a_usable_one(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "layout.json"
    path.write_bytes(data)
    found = read_layout(path, PANES, ASIDES)
    assert found.current in PANES
    assert found.aside in ASIDES
    assert isinstance(found.zoomed, bool)


def test_a_layout_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    write_layout(tmp_path / "not there" / "layout.json", Layout())
    assert read_layout(tmp_path / "not there" / "layout.json", PANES, ASIDES) == Layout()


# What is read


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is read from now on."""
    read: list[str] = []

    def counted(name: str, reading: Reading) -> Callable[[Project], object]:
        return lambda project: (read.append(name), reading.read(project))[1]

    made = {name: replace(reading, read=counted(name, reading)) for name, reading in READINGS.items()}
    monkeypatch.setattr(asides, "READINGS", made)
    return read


async def test_a_pane_is_read_when_it_is_in_view_and_again_after_turns_of_its_phase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = counting(monkeypatch)
    async with opened(app_on(tmp_path, 13), 120, 40) as pilot:
        screen, turns = laboratory(pilot), study()
        assert read == []
        await pilot.press("8")
        await until(pilot, lambda: read == ["papers"])
        screen.show([TurnCommitted(turns[9], "e" * 40)])
        await pilot.pause(0.05)
        assert read == ["papers"]
        screen.show([TurnCommitted(turns[0], "f" * 40)])
        await until(pilot, lambda: read == ["papers"] * 2)
        screen.show([TurnCommitted(replace(turns[9], agent=Agent.RESEARCHER), "e" * 40)])
        await until(pilot, lambda: read == ["papers"] * 3)
        await pilot.press("0")
        await until(pilot, lambda: read[3:] == ["costs"])
        await pilot.press("8", "0")
        await pilot.pause(0.05)
        assert read[4:] == []


async def test_what_the_project_holds_stands_in_the_panes(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13), 120, 40) as pilot:
        fill(laboratory(pilot).session.project.path)
        await pilot.press("8")
        await until(pilot, lambda: "● Frénay & Verleysen 2014" in frame_of(pilot))
        await pilot.press("9")
        await until(pilot, lambda: "1 accept · 6.0/10" in frame_of(pilot))
        await pilot.press("0")
        await until(pilot, lambda: "left of $10.00" in frame_of(pilot))


async def test_costs_of_broken_settings_say_what_is_wrong(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13), 120, 40) as pilot:
        (laboratory(pilot).session.project.path / "lab.toml").write_text("nonsense = 1\n")
        await pilot.press("0")
        await until(pilot, lambda: "✗ lab.toml" in frame_of(pilot))


async def test_turns_that_come_faster_than_they_are_read_are_read_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = counting(monkeypatch)
    reading = asides.READINGS["costs"]
    gate = threading.Event()
    slow = replace(reading, read=lambda project: (gate.wait(10), reading.read(project))[1])
    monkeypatch.setitem(asides.READINGS, "costs", slow)
    async with opened(app_on(tmp_path, 13), 120, 40) as pilot:
        await pilot.press("0")
        for letter in "abcdef":
            laboratory(pilot).show([TurnCommitted(study()[9], letter * 40)])
        gate.set()
        await until(pilot, lambda: read == ["costs", "costs"])
        await pilot.pause(0.05)
        assert read == ["costs", "costs"]


def fill(folder: Path) -> None:
    """A paper, its text and a review, written as the engine writes them."""
    shelved = PAPERS[0]
    from core.brief import Reviewed
    from core.literature.passages import text_file, text_path

    path = folder / paper_path(shelved.paper.id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(paper_text(Reviewed(shelved.paper, shelved.summary)))
    text = folder / text_path(shelved.paper.id)
    text.parent.mkdir(parents=True, exist_ok=True)
    body = "## Remedies\n\nBagging copes with label noise.\n\n## Other\n\nNothing of interest here."
    text.write_text(text_file(shelved.paper.id, "arXiv", body, "[1] A reference."))
    form = folder / "reviews" / "round-1" / "reviewer-1.json"
    form.parent.mkdir(parents=True, exist_ok=True)
    form.write_text(review_json(review(1)))
    (form.parent / "reviewer-2.json").write_text("{}")


def test_the_shelf_and_the_rounds_are_read_from_the_files(tmp_path: Path) -> None:
    from tests.fake_laboratory import played_project

    project = played_project(tmp_path / "p", 3)
    assert rounds(project) == ()
    fill(project.path)
    (only,) = shelf(project)
    assert (only.paper.id, only.standing, only.has_text) == ("frenay2014", Standing.ADDED, True)
    assert [passage.heading for passage in passages_about(project, "frenay2014", "label noise")] == ["Remedies"]
    assert passages_about(project, "unknown", "label noise") == ()
    (first,) = rounds(project)
    assert (len(first.reviews), first.unreadable) == (1, ("reviews/round-1/reviewer-2.json",))
    (project.path / "literature" / "found.json").write_text("[" * 5000)
    (project.path / paper_path("frenay2014")).write_text("no paper any more")
    assert shelf(project) == ()


def test_every_reading_pane_has_something_that_it_is_read_from() -> None:
    assert set(READINGS) == set(ASIDES)
    assert READINGS["papers"].phases == {Phase.LITERATURE}


# From what a pane shows to its turn


async def test_enter_on_a_candidate_opens_its_turn_in_the_history(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 14), 120, 40) as pilot:
        await pilot.press("3", "left", "left", "enter")
        picked = laboratory(pilot).query_one(ScoresPane).picked
        assert picked is not None
        assert picked.turn == 13
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen))
        await until(pilot, lambda: "turn 13" in frame_of(pilot))


async def test_a_line_on_which_no_program_ran_shows_none_of_the_output_of_the_other(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 13), 120, 40) as pilot:
        screen = laboratory(pilot)
        assert "random forest   0.0 0.972" in frame_of(pilot)
        board, turns = await screen.session.read()
        screen._load(board, [logged for logged in turns if logged.turn.number < 5])
        await until(pilot, lambda: "No program has run yet." in frame_of(pilot))
        assert "random forest   0.0 0.972" not in frame_of(pilot)


async def test_enter_on_a_number_opens_the_turn_that_measured_it(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 14), 120, 40) as pilot:
        screen = laboratory(pilot)
        project = screen.session.project
        turn = replace(study()[13], number=15)
        with project.lock():
            project.commit(turn, {"results/metrics.json": '{"value": 0.9338}'})
        board, turns = await screen.session.read()
        board.turns = 15  # as the progress that an engine commits with a turn says
        screen._load(board, turns)
        await pilot.pause()
        screen.query_one(ReportPane).show("", ("The forest reaches 0.934 on 20 sets, not 0.111.",), ())
        await pilot.press("4", "enter")
        await until(pilot, lambda: "choose a number first" in told(pilot))
        await pilot.press("full_stop", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen))
        assert "0.934 was first measured at turn 15: value = 0.9338 in results/metrics.json" in told(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.press("full_stop", "full_stop", "enter")
        await until(pilot, lambda: "not known: no result of this line holds 0.111" in told(pilot))


async def test_the_report_opens_in_the_persons_editor_while_the_run_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_files: list[Path] = []
    monkeypatch.setattr("tui.screens.laboratory.edit", lambda app, path: opened_files.append(path) or "")
    async with opened(app_on(tmp_path, 3), 120, 40) as pilot:
        await pilot.press("4", "o")
        await until(pilot, lambda: told(pilot) == "there is no report to open yet")
        laboratory(pilot).query_one(ReportPane).show("\\section{One}", (), ())
        await pilot.press("o")
        await until(pilot, lambda: [path.name for path in opened_files] == ["report.tex"])
