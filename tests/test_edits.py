"""EDIT counts the very lines that the listing shows."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.commands import Edit
from core.edits import EditError, apply_edit, indented, numbered, unified_diff

# Lines may hold what str.splitlines would cut at: form feeds, Unicode separators, a lone carriage return.
LINES = st.lists(st.text(st.sampled_from("ab \t\x0c\x1c\u2028\x85é`|1"), max_size=6), max_size=12)


def joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@given(LINES, LINES, st.data())
def test_an_edit_is_a_slice_assignment(lines: list[str], new: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(1, len(lines) + 1))
    last = data.draw(st.integers(first - 1, len(lines)))
    expected = [*lines[: first - 1], *new, *lines[last:]]
    assert apply_edit(joined(lines), Edit(first, last, joined(new))) == joined(expected)


@given(LINES, st.integers(-3, 20), st.integers(-3, 20))
def test_lines_that_are_not_in_the_listing_are_refused_with_the_right_range(
    lines: list[str], first: int, last: int
) -> None:
    fits = 1 <= first <= len(lines) + 1 and first - 1 <= last <= len(lines)
    if fits:
        apply_edit(joined(lines), Edit(first, last, "x\n"))
    else:
        with pytest.raises(EditError, match=f"{len(lines)} line"):
            apply_edit(joined(lines), Edit(first, last, "x\n"))


@given(LINES.filter(bool), st.data())
def test_the_listing_and_the_edit_agree_on_every_line(lines: list[str], data: st.DataObject) -> None:
    listing = numbered(joined(lines)).split("\n")
    number = data.draw(st.integers(1, len(lines)))
    shown = next(line for line in listing if re.match(rf" *{number}\|", line))
    assert shown.partition("| ")[2] == lines[number - 1]
    assert len(listing) == len(lines)
    edited = apply_edit(joined(lines), Edit(number, number, "NEW"))
    assert numbered(edited).split("\n")[number - 1].endswith(f"{number}| NEW")


def test_the_listing_is_aligned() -> None:
    assert numbered("a\nb\n") == "  1| a\n  2| b"
    assert numbered("a\nb") == "  1| a\n  2| b"
    assert numbered("") == ""
    assert numbered("\n" * 1200).split("\n")[0] == "   1| "


def test_an_edit_of_an_empty_text_adds_to_it() -> None:
    assert apply_edit("", Edit(1, 0, "a\nb")) == "a\nb\n"
    with pytest.raises(EditError):
        apply_edit("", Edit(1, 1, "a"))


def test_the_diff_names_the_file_and_is_empty_without_a_change() -> None:
    diff = unified_diff("a\nb\nc\n", "a\nB\nc\n", "experiment/main.py")
    assert diff.splitlines()[:2] == ["--- a/experiment/main.py", "+++ b/experiment/main.py"]
    assert "-b\n+B\n" in diff
    assert unified_diff("a\n", "a\n", "x") == ""


@given(LINES, LINES)
def test_the_diff_leads_from_the_one_text_to_the_other(before: list[str], after: list[str]) -> None:
    lines, shift = list(before), 0
    for line in unified_diff(joined(before), joined(after), "x").split("\n")[2:-1]:
        if hunk := re.match(r"@@ -(\d+)(?:,(\d+))?", line):
            position = int(hunk[1]) - (hunk[2] != "0") + shift
        elif line.startswith("-"):
            assert lines.pop(position) == line[1:]
            shift -= 1
        else:
            if line.startswith("+"):
                lines.insert(position, line[1:])
                shift += 1
            assert lines[position] == line[1:]
            position += 1
    assert lines == after


@given(LINES.filter(bool), LINES, st.data())
def test_an_edit_that_is_moved_to_the_right_keeps_its_words(
    lines: list[str], new: list[str], data: st.DataObject
) -> None:
    first = data.draw(st.integers(1, len(lines)))
    edit = Edit(first, data.draw(st.integers(first - 1, len(lines))), joined(new))
    moved = indented(joined(lines), edit)
    assert (moved.first, moved.last) == (edit.first, edit.last)
    assert [line.lstrip(" ") for line in moved.text.split("\n")] == [
        line.lstrip(" ") for line in joined(new).split("\n")
    ]


def test_an_edit_is_indented_like_what_it_replaces() -> None:
    text = "for x in y:\n    print(x)\n"
    assert indented(text, Edit(2, 2, "if x:\n    print(1)\n")).text == "    if x:\n        print(1)\n"
    assert indented(text, Edit(2, 2, "        print(1)\n")).text == "        print(1)\n"
