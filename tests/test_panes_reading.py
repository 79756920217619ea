"""The reading panes: papers, reviews, costs, and the scores with their cursor."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from textual import on
from textual.widget import Widget

from core.brief import Paper
from core.costs import Row
from core.literature.shelf import Shelved, Standing
from core.review.rounds import Round
from tests.pane_stage import HOSTILE, Stage, frame_of, painted, staged, unsafe
from tests.reading_stage import COSTS, PAPERS, PASSAGES, POINTS, ROUNDS, review
from tui.panes.costs import CostsPane
from tui.panes.papers import PapersPane
from tui.panes.reviews import ReviewsPane
from tui.panes.scores import ScoresPane
from tui.rows import Point


def flat(frame: str) -> str:
    """The words on the screen, frames left out."""
    return " ".join(frame.replace("│", " ").split())


@pytest.mark.parametrize(
    ("pane", "words"),
    [
        (PapersPane, "No paper yet."),
        (ReviewsPane, "No review yet."),
        (CostsPane, "Nothing was spent yet."),
        (ScoresPane, "No score yet."),
    ],
)
async def test_an_empty_pane_says_what_will_appear_and_what_to_do(pane: type[Widget], words: str) -> None:
    async with staged(pane(), 60, 14) as pilot:
        assert words in frame_of(pilot)
        assert "n makes one step" in flat(frame_of(pilot))
        await pilot.press("enter", "left", "right", "[", "]", "end")
        assert pilot.app.is_running


# Papers


async def test_papers_say_how_far_they_have_come_and_the_one_under_the_cursor_is_told() -> None:
    pane = PapersPane()
    async with staged(pane, 60, 40) as pilot:
        pane.show(PAPERS)
        frame = await painted(pilot)
        assert "● Frénay & Verleysen 2014" in frame
        assert "○ Ghosh et al. 2017" in frame
        assert "● 2 added ○ 1 read · 1 found" in frame
        assert "in the review · arXiv" in frame
        assert "Summary by the agents" in frame
        assert "reading …" in frame
        pane.show_passages("frenay2014", PASSAGES)
        await pilot.pause()
        assert "Noise completely at random strikes" in flat(frame_of(pilot))


async def test_the_passages_of_a_paper_are_asked_for_once_and_only_where_there_is_a_text() -> None:
    wanted: list[str] = []

    class Listening(Stage):
        @on(PapersPane.Wanted)
        def note(self, message: PapersPane.Wanted) -> None:
            wanted.append(message.paper_id)

    pane = PapersPane()
    async with Listening(pane).run_test(size=(60, 30)) as pilot:
        pane.query_one("PaperList").focus()
        pane.show(PAPERS)
        await pilot.pause()
        pane.show_passages("frenay2014", PASSAGES)
        await pilot.press("down", "down", "down", "up", "up", "up")
        await pilot.pause()
    assert wanted == ["frenay2014", "ghosh2017"]


async def test_enter_goes_into_a_paper_and_left_back_to_the_list() -> None:
    pane = PapersPane()
    async with staged(pane, 60, 14) as pilot:
        pane.show(PAPERS)
        await pilot.pause()
        pane.query_one("PaperList").focus()
        await pilot.press("down", "enter")
        await pilot.pause()
        assert pilot.app.focused is pane.query_one("PaperSheet")
        assert pane.picked is not None
        assert pane.picked.paper.id == "breiman2001"
        await pilot.press("left")
        await pilot.pause()
        assert pilot.app.focused is pane.query_one("PaperList")


async def test_a_new_paper_leaves_the_cursor_where_it_was() -> None:
    pane = PapersPane()
    async with staged(pane, 60, 20) as pilot:
        pane.show(PAPERS[1:])
        await pilot.pause()
        pane.query_one("PaperList").focus()
        await pilot.press("down")
        pane.show(PAPERS)
        await pilot.pause()
        assert pane.picked is not None
        assert pane.picked.paper.id == "ghosh2017"


# Reviews


async def test_forms_stand_side_by_side_where_there_is_room_and_one_below_the_other_where_there_is_not() -> None:
    pane = ReviewsPane()
    async with staged(pane, 120, 30) as pilot:
        pane.show(ROUNDS)
        await pilot.pause()
        line = next(line for line in frame_of(pilot).split("\n") if "Reviewer 1" in line)
        assert "Reviewer 3" in line
        assert "2 accept · 1 reject · 5.3/10" in frame_of(pilot)
        await pilot.resize_terminal(60, 90)
        await pilot.pause()
        line = next(line for line in frame_of(pilot).split("\n") if "Reviewer 1" in line)
        assert "Reviewer 3" not in line


async def test_the_newest_round_is_in_view_and_brackets_go_to_others() -> None:
    pane = ReviewsPane()
    async with staged(pane, 120, 30) as pilot:
        pane.show(ROUNDS[:1])
        pane.show(ROUNDS)
        assert "round 2/2" in await painted(pilot)
        await pilot.press("left_square_bracket")
        assert "round 1/2" in await painted(pilot)
        assert "! reviews/round-1/reviewer-4.json is no form that can be read" in frame_of(pilot)
        assert "! has ethical concerns" in frame_of(pilot)
        pane.show((*ROUNDS, Round(3, (review(1),))))
        assert "round 1/3" in await painted(pilot)


# Costs


async def test_costs_tell_what_the_caps_leave_and_what_was_sunk() -> None:
    pane = CostsPane()
    async with staged(pane, 100, 50) as pilot:
        pane.show(COSTS)
        frame = await painted(pilot)
        assert "$1.38 left of $10.00 for this project" in frame
        assert "nothing left of 0.50 h for this phase" in frame
        assert "sunk: rolled back or broken off, and still counted" in frame
        assert "2 call(s) counted at their worst" in frame
        assert "cached" in frame


@pytest.mark.parametrize("width", [30, 40, 60, 80, 120])
async def test_the_money_is_told_in_any_width(width: int) -> None:
    pane = CostsPane()
    async with staged(pane, width, 60) as pilot:
        pane.show(COSTS)
        await pilot.pause()
        lines = frame_of(pilot).split("\n")
        assert max(map(len, lines)) <= width
        assert next(line for line in lines if "total" in line and "$" in line).count("$8.62") == 1


async def test_costs_that_cannot_be_read_say_why_and_keep_what_was_shown() -> None:
    pane = CostsPane()
    async with staged(pane, 80, 50) as pilot:
        pane.show(COSTS)
        pane.refuse("lab.toml, line 3: no such key")
        assert "✗ lab.toml, line 3: no such key" in await painted(pilot)
        assert "$1.38 left" in frame_of(pilot)


# Scores


async def test_a_cursor_walks_the_candidates_and_tells_what_became_of_each() -> None:
    chosen: list[int] = []

    class Listening(Stage):
        @on(ScoresPane.Chosen)
        def note(self, message: ScoresPane.Chosen) -> None:
            chosen.append(message.turn)

    pane = ScoresPane()
    async with Listening(pane).run_test(size=(60, 24)) as pilot:
        pane.focus()
        pane.show(POINTS, "accuracy")
        await pilot.press("enter")
        assert chosen == []
        await pilot.press("left")
        assert "○ turn 42 · 0.92 · tried · judge 0.84 · EDIT 6-9" in await painted(pilot)
        await pilot.press("left", "enter")
        assert "● turn 40 · 0.934 · best then" in await painted(pilot)
        assert "The forest still sees clean labels" in frame_of(pilot)
        await pilot.resize_terminal(30, 9)
        assert "The forest still sees…" in (await painted(pilot)).replace(" …", "…"), "what is cut says so"
        await pilot.resize_terminal(60, 24)
        await pilot.press("home", "right", "right")
        assert "× turn 34 · failed · EDIT 2-5" in await painted(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert pane.picked is None
    assert chosen == [40]


async def test_the_cursor_stays_on_its_candidate_when_new_ones_come() -> None:
    pane = ScoresPane()
    async with staged(pane, 60, 24) as pilot:
        pane.show(POINTS[:4], "accuracy")
        await pilot.press("left", "left")
        pane.show(POINTS, "accuracy")
        assert pane.picked == POINTS[2]


async def test_the_judge_has_a_strip_of_its_own_where_there_is_room() -> None:
    pane = ScoresPane()
    async with staged(pane, 60, 24) as pilot:
        pane.show(POINTS, "accuracy")
        assert "judge 0.84 now, highest 0.84" in await painted(pilot)
        lines = frame_of(pilot).split("\n")
        last = max(number for number, line in enumerate(lines) if "┤" in line)
        newest = max(at for at, char in enumerate(lines[last]) if char == "█")
        floor = next(line for line in lines if "└" in line)
        assert abs(newest - floor.rindex("┬")) <= 1
        await pilot.resize_terminal(40, 12)
        assert "now, highest" not in await painted(pilot)
        assert "judge 0.84" in frame_of(pilot)


async def test_a_chart_is_drawn_when_something_changes_and_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, int]] = []
    draw = ScoresPane._draw
    monkeypatch.setattr(ScoresPane, "_draw", lambda pane, *size: (drawn.append(size), draw(pane, *size))[1])
    pane = ScoresPane()
    points = [Point(n, 0.5 + n / 4000, 0.5, n % 9 == 0, n % 7 == 0) for n in range(1000)]
    async with staged(pane, 120, 40) as pilot:
        pane.show(points, "accuracy")
        await pilot.pause()
        drawn.clear()
        for _ in range(5):
            pane.show(list(points), "accuracy")
            pane.refresh()
            await pilot.pause()
        assert drawn == []
        began = time.process_time()
        draw(pane, 118, 38)
        assert time.process_time() - began < 0.2


# All of them


async def test_hostile_values_are_shown_as_text() -> None:
    for pane in (PapersPane(), ReviewsPane(), CostsPane(), ScoresPane()):
        async with staged(pane, 60, 30) as pilot:
            for name, text in HOSTILE.items():
                match pane:
                    case PapersPane():
                        held = Paper(text, text, (text, text), text, text, text, text)
                        pane.show([Shelved(held, Standing.ADDED, text, text, True)])
                        pane.show_passages(text, [replace(PASSAGES[0], heading=text, text=text)])
                    case ReviewsPane():
                        said = replace(review(1), reviewer=text, summary=text, strengths=(text,), decision=text)
                        pane.show([Round(1, (said,), (text,))])
                    case CostsPane():
                        pane.show(replace(COSTS, models=(Row(text, 1),), project=text))
                    case ScoresPane():
                        pane.show([Point(1, 0.5, 0.5, True, False, text, text)], text)
                        await pilot.press("left")
                await pilot.pause()
                assert unsafe(frame_of(pilot)) == [], (type(pane).__name__, name)
