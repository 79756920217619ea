"""The diff pane where it is wide, and the words that differ."""

from __future__ import annotations

import difflib
import time

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.pane_stage import HOSTILE, frame_of, painted, staged, unsafe
from tui.panes.diff import SLOW, DiffPane
from tui.widgets.changes import changes, differing
from tui.widgets.folds import folds

BEFORE = [
    "import numpy as np",
    "y_noisy = flip(y, rate)",
    "for name, model in models.items():",
    "    fit(model, X, y_noisy)",
    "    scores[name] = accuracy(model)",
]
AFTER = [
    "import numpy as np",
    "rng = np.random.default_rng(seed)",
    "y_noisy = flip(y, rate, rng)",
    "for name, model in models.items():",
    "    fit(model, X, y_noisy)",
    "    print(name)",
    "    scores[name] = accuracy(model)",
]


def diff_of(before: list[str], after: list[str]) -> str:
    return "\n".join(difflib.unified_diff(before, after, "a/main.py", "b/main.py", lineterm=""))


async def test_old_and_new_stand_side_by_side_where_there_is_room() -> None:
    pane = DiffPane()
    async with staged(pane, 120, 14) as pilot:
        pane.show("EDIT 2-2", "main.py", diff_of(BEFORE, AFTER))
        frame = await painted(pilot)
        rows = [line for line in frame.split("\n") if "y_noisy = flip(y, rate)" in line]
        assert len(rows) == 1
        assert "2 - y_noisy = flip(y, rate)" in rows[0]
        assert "│3 + y_noisy = flip(y, rate, rng)" in rows[0], "what it became, not what came first"
        beside = next(line for line in frame.split("\n") if "scores" in line)
        assert "5       scores" in beside
        assert "│7       scores" in beside, "what is in both bears its number on each side"


async def test_narrowed_it_is_one_under_the_other_and_stays_where_it_was() -> None:
    pane = DiffPane()
    lines = [f"value_{n} = {n}" for n in range(200)]
    changed = [line.replace("=", "==") if n % 40 == 20 else line for n, line in enumerate(lines)]
    async with staged(pane, 120, 10) as pilot:
        pane.show("EDIT", "main.py", diff_of(lines, changed))
        await pilot.press("}", "}")
        await pilot.pause()
        top = frame_of(pilot).split("\n")[1]
        assert "lines 98–104" in top
        await pilot.resize_terminal(60, 10)
        frame = await painted(pilot)
        assert "lines 98–104" in frame.split("\n")[1]
        assert "101 - value_100 = 100" in frame
        assert "101 + value_100 == 100" in frame
        await pilot.resize_terminal(120, 10)
        assert "lines 98–104" in (await painted(pilot)).split("\n")[1]


async def test_both_sides_move_together() -> None:
    pane = DiffPane()
    async with staged(pane, 104, 8) as pilot:
        pane.show("EDIT", "main.py", diff_of([f"{'a' * 80}OLD"], [f"{'a' * 80}NEW"]))
        assert "OLD" not in await painted(pilot)
        await pilot.press(*["right"] * 6)
        frame = await painted(pilot)
        assert "OLD" in frame
        assert "NEW" in frame
        assert "1 - aaa" in frame
        await pilot.press(*["left"] * 9)
        assert "OLD" not in await painted(pilot)


async def test_the_words_that_differ_are_marked_and_the_others_not() -> None:
    pane = DiffPane()
    async with staged(pane, 62, 14):
        pane.show("EDIT", "main.txt", diff_of(["fit(model, X, y)"], ["fit(model, X, noisy)"]))
        old, new = pane.line(1).body, pane.line(2).body
        assert [old.plain[span.start : span.end] for span in old.spans] == ["y"]
        assert [new.plain[span.start : span.end] for span in new.spans] == ["noisy"]


PARAGRAPH = "The forest loses less than the linear model does, " * 4


async def test_a_paragraph_is_broken_to_the_width_of_the_pane_and_of_each_side() -> None:
    pane = DiffPane()
    before, after = [r"\section{Results}", PARAGRAPH], [r"\section{Results}", PARAGRAPH.replace("loses", "lost")]
    async with staged(pane, 60, 16) as pilot:
        pane.show("EDIT 2-2", "report/report.tex", diff_of(before, after))
        await pilot.pause()
        lines = [line.strip("│ ") for line in frame_of(pilot).split("\n")]
        assert lines[2] == r"1   \section{Results}"
        assert lines[3] == "2 - The forest loses less than the linear model does,"
        assert lines[7] == "2 + The forest lost less than the linear model does, The"
        assert lines[8] == "forest lost less than the linear model does, The"
        assert pane.max_scroll_x == 0
        marked = pane.line(6).body
        assert "lost" in [marked.plain[span.start : span.end] for span in marked.spans]
        await pilot.resize_terminal(120, 16)
        await pilot.pause()
        row = frame_of(pilot).split("\n")[4]
        assert row.count("less than the linear model does, The") == 2
        assert pane.virtual_size.height == 6
        await pilot.press("right", "right_curly_bracket")
        assert [notice.message for notice in pilot.app._notifications] == ["no hunk further down"]


@given(st.text(st.sampled_from("ab  宽e\u0301"), max_size=90), st.integers(1, 20))
def test_a_line_is_broken_without_losing_anything(text: str, width: int) -> None:
    parts = folds(text, width)
    assert "".join(text[start:end] for start, end in parts) == text
    assert all(cell_len(text[start:end].rstrip()) <= max(2, width) for start, end in parts)


def test_lines_with_little_in_common_are_not_compared_by_word() -> None:
    assert differing("value_11 = 11", "rng = default_rng(seed)") == ((), ())
    assert differing("x" * 500, "x" * 499 + "y") == ((), ())
    assert differing("same", "same") == ((), ())


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_is_not_marked_is_the_same_on_both_sides(old: str, new: str) -> None:
    left, right = differing(old, new)
    if left or right:
        assert without(old, left) == without(new, right)


def without(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    for start, end in reversed(spans):
        text = text[:start] + text[end:]
    return text


@given(st.lists(st.sampled_from("abcd")), st.lists(st.sampled_from("abce")))
def test_every_row_stands_in_one_pair_and_each_side_keeps_its_order(before: list[str], after: list[str]) -> None:
    found = changes(diff_of(before, after))
    left = [pair.left for pair in found.pairs if pair.left >= 0]
    right = [pair.right for pair in found.pairs if pair.right >= 0]
    assert left == [at for at, row in enumerate(found.rows) if row.sign != "+"]
    assert right == [at for at, row in enumerate(found.rows) if row.sign != "-"]


async def test_a_diff_of_five_thousand_lines_does_not_hold_up_the_screen() -> None:
    pane = DiffPane()
    before = [f"value_{n} = compute({n}, rate=0.1) + other[{n}]" for n in range(5000)]
    after = [line.replace("rate", "noise") if n % 2 else line for n, line in enumerate(before)]
    diff = diff_of(before, after)
    assert len(diff) > SLOW
    async with staged(pane, 160, 40) as pilot:
        began = time.process_time()
        pane.show("EDIT", "main.py", diff)
        assert time.process_time() - began < 0.05
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("end")
        assert "5000 + value_4999 = compute(4999, noise=0.1)" in await painted(pilot)
        pane.show("EDIT", "main.py", diff)
        pane.show("EDIT", "main.py", diff_of(["old"], ["new"]))
        await pilot.pause(0.2)
        assert "1 + new" in frame_of(pilot), "the reading of what is no longer wanted is given up"


async def test_what_is_marked_side_by_side_can_be_copied() -> None:
    pane = DiffPane()
    async with staged(pane, 120, 14) as pilot:
        pane.show("EDIT 2-2", "main.py", diff_of(BEFORE, AFTER))
        pane.text_select_all()
        await pilot.pause()
        copied = pilot.app.screen.get_selected_text()
        assert copied is not None
        assert "y_noisy = flip(y, rate, rng)" in copied
        assert unsafe(frame_of(pilot)) == []


async def test_hostile_text_is_shown_as_text_on_both_sides() -> None:
    pane = DiffPane()
    async with staged(pane, 120, 12) as pilot:
        for name, text in HOSTILE.items():
            lines = text.replace("\n", "\n+")
            pane.show(text, text, f"@@ -1 +1,{text.count(chr(10)) + 1} @@ {text}\n-x\n+{lines}")
            await pilot.press("}", "right", "end")
            assert unsafe(frame_of(pilot)) == [], name


def test_a_changed_line_stands_beside_what_it_became() -> None:
    found = changes(diff_of(BEFORE, AFTER))
    rows = found.rows
    beside = {rows[pair.left].text: rows[pair.right].text for pair in found.pairs if -1 not in (pair.left, pair.right)}
    assert beside["y_noisy = flip(y, rate)"] == "y_noisy = flip(y, rate, rng)"
