"""The panes that draw by line: diff, output, report."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from tests.pane_stage import HOSTILE, frame_of, painted, staged, unsafe
from tui.panes.diff import DiffPane
from tui.panes.output import MOST_LINES, OutputPane
from tui.panes.report import ReportPane
from tui.panes.text import TextPane
from tui.widgets.changes import Row, count, read_diff
from tui.widgets.code import coloured
from tui.widgets.frame import MUTED
from tui.widgets.pagetext import MOST_LINES as MOST_SOURCE_LINES
from tui.widgets.pagetext import paragraphs

BEFORE = [f"value_{n} = {n}" for n in range(1, 61)]
AFTER = [*BEFORE[:10], "rng = default_rng(seed)", *BEFORE[11:40], *BEFORE[42:]]
DIFF = "\n".join(difflib.unified_diff(BEFORE, AFTER, "a/experiment/main.py", "b/experiment/main.py", lineterm=""))

SOURCE = "\\documentclass{article}\n\\begin{document}\n\\section{Introduction}\nLabels are \\wrong.\n\\end{document}"
PAGE = """Are Trees Sensitive?

Abstract
We compare random forests with linear models under label noise of 0-40 % on handwritten dig-
its. Over five seeds, tree ensembles lose 3.1 points of accuracy, linear models lose 8.9, which
is more.
1 Introduction
Labels are often wrong."""


async def test_an_empty_diff_says_what_will_appear() -> None:
    async with staged(DiffPane(), 62, 14) as pilot:
        assert "No change to show yet." in frame_of(pilot)


async def test_a_diff_shows_signs_and_the_numbers_of_the_lines() -> None:
    pane = DiffPane()
    async with staged(pane, 62, 14) as pilot:
        pane.show("EDIT 11-11", "experiment/main.py", DIFF)
        frame = await painted(pilot)
    assert "Diff · experiment/main.py · EDIT 11-11" in frame
    assert "+1 −3 · 2 hunks" in frame
    assert "11 - value_11 = 11" in frame
    assert "11 + rng = default_rng(seed)" in frame
    assert "12   value_12 = 12" in frame
    assert "--- a/" not in frame


async def test_braces_go_from_hunk_to_hunk() -> None:
    pane = DiffPane()
    async with staged(pane, 62, 8) as pilot:
        pane.show("EDIT", "experiment/main.py", DIFF)
        await pilot.press("}")
        assert "41 - value_41 = 41" in await painted(pilot)
        await pilot.press("{")
        assert "11 - value_11 = 11" in await painted(pilot)


async def test_code_in_a_diff_has_the_colours_of_its_language() -> None:
    pane = DiffPane()
    async with staged(pane, 62, 14):
        pane.show("EDIT", "experiment/main.py", DIFF)
        python = pane.line(4).body.spans
        pane.show("EDIT", "notes.unknown", DIFF)
        assert python
        assert not pane.line(4).body.spans


async def test_only_lines_in_view_are_made() -> None:
    made: list[int] = []

    class Counting(DiffPane):
        def line(self, index: int):  # type: ignore[no-untyped-def]
            made.append(index)
            return super().line(index)

    pane = Counting()
    async with staged(pane, 62, 14) as pilot:
        lines = [f"x = {n}" for n in range(10_000)]
        pane.show("REPLACE", "main.py", "\n".join(difflib.unified_diff([], lines, lineterm="")))
        made.clear()
        await pilot.pause()
        assert 0 < len(set(made)) < 30
        await pilot.press("end")
        assert "10000 + x = 9999" in await painted(pilot)
        assert len(set(made)) < 60


async def test_long_lines_scroll_sideways_beside_their_numbers() -> None:
    pane = DiffPane()
    async with staged(pane, 40, 8) as pilot:
        pane.show("REPLACE", "main.py", f"@@ -0,0 +1 @@\n+{'a' * 50}END")
        assert "END" not in await painted(pilot)
        await pilot.press("right", "right", "right")
        assert "1 + aaa" in await painted(pilot)
        assert "END" in frame_of(pilot)


def test_lines_of_code_that_look_like_headers_stay_code() -> None:
    diff = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- gone\n+++ came\n context"
    assert [(row.sign, row.text) for row in read_diff(diff)[1:]] == [
        ("-", "-- gone"),
        ("+", "++ came"),
        (" ", "context"),
    ]


def test_several_files_are_named() -> None:
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-a\n+b"
    assert [row.text for row in read_diff(diff) if row.sign == "~"] == ["b/x", "b/y"]


@given(
    st.lists(st.sampled_from(["a", "b", "-- c", "++ d", "@@ e"])), st.lists(st.sampled_from(["a", "b", "-- c", "f"]))
)
def test_a_diff_is_read_as_difflib_wrote_it(before: list[str], after: list[str]) -> None:
    rows = read_diff("\n".join(difflib.unified_diff(before, after, "a", "b", lineterm="")))
    for row in rows:
        if row.sign in "+ ":
            assert after[row.number - 1] == row.text
        elif row.sign == "-":
            assert before[row.number - 1] == row.text
    added = sum(row.sign == "+" for row in rows)
    assert len(after) - len(before) == added - sum(row.sign == "-" for row in rows)


def test_a_diff_is_counted_in_words() -> None:
    assert count([Row("@", 0, ""), Row("+", 1, "x")]) == "+1 −0 · 1 hunk"


async def test_output_follows_its_end_until_one_scrolls_up() -> None:
    pane = OutputPane()
    async with staged(pane, 62, 10) as pilot:
        assert "No program has run yet." in frame_of(pilot)
        pane.begin("experiment/main.py")
        pane.append("".join(f"seed {n}\n" for n in range(50)))
        assert "seed 49" in await painted(pilot)
        assert "running" in frame_of(pilot)
        await pilot.press("k", "k")
        pane.append("seed 50\n")
        assert "seed 50" not in await painted(pilot)
        await pilot.press("end")
        pane.append("half a ")
        pane.append("line\rover")
        pane.finish("")
        frame = await painted(pilot)
        assert "over" in frame
        assert "half a line" not in frame
        assert "✓ ended well" in frame


async def test_output_keeps_the_last_lines_of_a_flood_and_says_so() -> None:
    pane = OutputPane()
    async with staged(pane, 70, 10) as pilot:
        pane.begin("experiment/main.py")
        for start in range(0, 40_000, 2000):
            pane.append("".join(f"line {n}\n" for n in range(start, start + 2000)))
        pane.finish("ended after 64 kB of output")
        frame = await painted(pilot)
        assert "line 39999" in frame
        assert "✗ ended after 64 kB of output" in frame
        assert "35001 lines above not kept" in frame
        assert pane.virtual_size.height <= 2 * MOST_LINES


async def test_an_empty_report_says_what_will_appear() -> None:
    async with staged(ReportPane(), 36, 16) as pilot:
        assert "No report yet." in frame_of(pilot)


async def test_pages_are_set_to_the_width_of_the_pane_and_turned_by_brackets() -> None:
    pane = ReportPane()
    async with staged(pane, 36, 16) as pilot:
        pane.show(SOURCE, (PAGE, "the second page"), ())
        frame = await painted(pilot)
        assert "Report · page 1/2" in frame
        assert "✓ compiles" in frame
        assert "handwritten digits." in " ".join(frame.replace("│", " ").split())
        await pilot.press("]")
        assert "the second page" in await painted(pilot)
        await pilot.press("]", "left")
        assert "page 1/2" in await painted(pilot)


async def test_v_shows_the_source_with_its_errors_marked() -> None:
    pane = ReportPane()
    problems = ("error, line 4: \\wrong is not defined.\n> 4 Labels", "warning, line 3: a label is missing")
    async with staged(pane, 44, 16) as pilot:
        pane.show(SOURCE, (PAGE,), problems)
        await pilot.press("v")
        frame = await painted(pilot)
        assert "✗ \\wrong is not defined." in frame
        assert "! a label is missing" in frame
        assert "4✗ Labels are \\wrong." in frame
        assert "1  \\documentclass{article}" in frame
        assert "✗ 1 error ! 1 warning" in frame
        await pilot.press("v")
        assert "page 1/1" in await painted(pilot)


async def test_without_pages_the_source_is_shown() -> None:
    pane = ReportPane()
    async with staged(pane, 44, 16) as pilot:
        pane.show(SOURCE, (), ("error, line 4: bad",))
        assert "Report · source" in await painted(pilot)
        assert "4✗ Labels" in frame_of(pilot)


async def test_a_long_line_of_the_source_is_broken_and_says_at_its_first_part_what_is_wrong() -> None:
    pane = ReportPane()
    source = "one\nThe forest \\wrong reaches 0.934 with five seeds and 0.921 with three of them.\nthree"
    async with staged(pane, 44, 16) as pilot:
        pane.show(source, (), ("error, line 2: \\wrong is not defined.",))
        await pilot.pause()
        lines = [line.strip("│").rstrip() for line in frame_of(pilot).split("\n")]
        assert lines[2:6] == [
            " 2✗ The forest \\wrong reaches 0.934 with",
            "    five seeds and 0.921 with three of",
            "    them.",
            "    ✗ \\wrong is not defined.",
        ]
        assert {span.style for span in pane.line(1).body.spans} == {"$text-accent"}
        await pilot.press("full_stop", "full_stop")
        chosen = pane.line(2).body
        assert [chosen.plain[s.start : s.end] for s in chosen.spans if "reverse" in str(s.style)] == ["0.921"]
        await pilot.resize_terminal(44, 5)
        await pilot.press("right_square_bracket", "right_square_bracket")
        assert [notice.message for notice in pilot.app._notifications][-1] == "no error further down"
        assert [str(span.style) for span in coloured("50 % of it % why", "latex").spans] == [f"{MUTED} italic"]
        pane.show("x\n" * 30_000, (), ())
        assert pane.virtual_size.height == MOST_SOURCE_LINES + 1


async def test_the_lines_of_a_plan_are_broken_to_the_width_and_those_of_a_program_are_not() -> None:
    pane = TextPane()
    async with staged(pane, 40, 10) as pilot:
        pane.show_file("plan.md", "# Plan\n" + "Five seeds at every level. " * 3 + "\nEnd.")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert [pane.line(n).gutter.plain for n in range(5)] == ["1  ", "2  ", "   ", "   ", "3  "]
        assert pane.max_scroll_x == 0
        await pilot.resize_terminal(100, 10)
        await pilot.pause()
        assert pane.virtual_size.height == 3
        pane.show_file("main.py", "x = 1  # " + "long " * 40)
        await pilot.pause()
        assert pane.virtual_size.height == 1
        assert pane.max_scroll_x > 0


def test_each_point_of_a_list_is_a_paragraph() -> None:
    page = "We found:\n• Over five seeds, forests lose less than linear models\nat every level.\n• The best is 0.973."
    assert list(paragraphs(page))[1:] == [
        "• Over five seeds, forests lose less than linear models at every level.",
        "• The best is 0.973.",
    ]


def test_a_page_becomes_paragraphs() -> None:
    assert list(paragraphs(PAGE)) == [
        "Are Trees Sensitive?",
        "",
        "Abstract",
        "We compare random forests with linear models under label noise of 0-40 % on handwritten digits. Over five "
        "seeds, tree ensembles lose 3.1 points of accuracy, linear models lose 8.9, which is more.",
        "",
        "1 Introduction",
        "Labels are often wrong.",
    ]


async def test_resizing_sets_the_page_anew() -> None:
    pane = ReportPane()
    async with staged(pane, 36, 16) as pilot:
        pane.show(SOURCE, (PAGE,), ())
        await pilot.resize_terminal(100, 16)
        await pilot.pause()
        assert "We compare random forests with linear models under label noise of 0-40 % on handwritten" in frame_of(
            pilot
        )


async def test_hostile_text_is_shown_as_text() -> None:
    for pane in (DiffPane(), OutputPane(), ReportPane()):
        async with staged(pane, 40, 12) as pilot:
            for name, text in HOSTILE.items():
                if isinstance(pane, DiffPane):
                    pane.show(
                        text, text, f"@@ -1 +1,{text.count(chr(10)) + 1} @@ {text}\n+" + text.replace("\n", "\n+")
                    )
                    await pilot.press("}")
                elif isinstance(pane, OutputPane):
                    pane.begin(text)
                    pane.append(text)
                    pane.finish(text)
                else:
                    pane.show(text, (text, text), (text, f"line 2: {text}"))
                    await pilot.press("v")
                await pilot.press("right", "end")
                assert unsafe(frame_of(pilot)) == [], (type(pane).__name__, name)
            assert pilot.app.is_running


async def test_what_is_marked_with_the_mouse_can_be_copied() -> None:
    pane = DiffPane()
    async with staged(pane, 62, 14) as pilot:
        pane.show("EDIT", "experiment/main.py", DIFF)
        pane.text_select_all()
        await pilot.pause()
        copied = pilot.app.screen.get_selected_text()
    assert copied is not None
    assert "+rng = default_rng(seed)" in copied
