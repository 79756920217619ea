"""Parts of a change: none is what was, all is what was proposed, and any choice is what git makes of it."""

from __future__ import annotations

import re
import subprocess
from difflib import unified_diff
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.commands import Edit, Interpretation, Plan, Replace, SubmitCode, Summary
from core.edits import apply_edit, lines_of
from core.hunks import Change, chosen, command_making, left_out, parts
from core.parsing import parse, write
from tui.widgets.hunks import hunks_of

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "x = 1", "```", "    y"]), max_size=40)
PATH = "experiment/main.py"


def text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    before = draw(LINES)
    after = list(before)
    for _ in range(draw(st.integers(0, 4))):
        first = draw(st.integers(0, len(after)))
        last = draw(st.integers(first, min(len(after), first + 3)))
        after[first:last] = draw(st.lists(st.sampled_from(["new", "b", "", "z"]), max_size=3))
    return Change(PATH, text(before), text(after))


@given(changes())
def test_no_part_is_what_was_and_all_parts_are_what_was_proposed(change: Change) -> None:
    everything = range(1, parts(change) + 1)
    assert chosen(change, ()) == change.before
    assert chosen(change, everything) == change.after
    assert left_out(change, ()) == change.diff
    assert left_out(change, everything) == ""


@given(changes())
def test_the_view_shows_every_part_in_one_of_its_hunks_and_splits_them_into_just_these(change: Change) -> None:
    shown = hunks_of(change.diff)
    assert len(shown) == sum(line.startswith("@@ -") for line in change.diff.splitlines())
    assert [part for hunk in shown for part in hunk.parts] == list(range(1, parts(change) + 1))
    after, before = lines_of(change.after), lines_of(change.before)
    for hunk in shown:
        pieces = hunk.split()
        assert [piece.parts for piece in pieces] == [(part,) for part in hunk.parts]
        for piece in pieces:
            (part,) = piece.parts
            signs = [row.sign for row in piece.rows if row.sign != " "]
            assert signs == ["-"] * signs.count("-") + ["+"] * signs.count("+")
            made = [row.text for row in piece.rows if row.sign == "+"]
            assert [after[row.number - 1] for row in piece.rows if row.sign == "+"] == made
            assert [before[row.number - 1] for row in piece.rows if row.sign == "-"] == [
                row.text for row in piece.rows if row.sign == "-"
            ]
            assert len(lines_of(chosen(change, [part]))) == len(before) + signs.count("+") - signs.count("-")


@settings(max_examples=25, deadline=None)
@given(changes(), st.data())
def test_any_choice_is_what_git_makes_of_the_same_parts(
    tmp_path_factory: pytest.TempPathFactory, change: Change, data: st.DataObject
) -> None:
    everything = list(range(1, parts(change) + 1))
    kept = sorted(data.draw(st.sets(st.sampled_from(everything)) if everything else st.just(set())))
    folder = tmp_path_factory.mktemp("git")
    (folder / "f").write_text(change.before)
    before, after = lines_of(change.before), lines_of(change.after)
    # Without unchanged lines around them git's hunks are the parts.
    head, *bodies = _split("".join(f"{line}\n" for line in unified_diff(before, after, "a/f", "b/f", lineterm="", n=0)))
    assert len(bodies) == parts(change)
    if kept:
        patch = head + "".join(_without(bodies, set(everything) - set(kept)))
        subprocess.run(
            ["git", "apply", "--unidiff-zero", "--recount", "-"],
            input=patch,
            cwd=folder,
            text=True,
            check=True,
            capture_output=True,
        )
    assert chosen(change, kept) == Path(folder / "f").read_text()


def _without(bodies: list[str], left_out: set[int]) -> list[str]:
    """The hunks but some, each at the line where it then comes to stand: git goes by that without lines around it."""
    moved, kept = 0, list[str]()
    for number, body in enumerate(bodies, 1):
        signs = [line[0] for line in body.splitlines()[1:]]
        if number in left_out:
            moved += signs.count("-") - signs.count("+")
        else:
            before, first, rest = re.split(r" \+([0-9]+)", body, maxsplit=1)
            kept.append(f"{before} +{int(first) + moved}{rest}")
    return kept


def _split(diff: str) -> list[str]:
    parts = [""]
    for line in diff.splitlines(keepends=True):
        if line.startswith("@@ -"):
            parts.append("")
        parts[-1] += line
    return parts


@given(changes(), st.data())
def test_the_command_of_a_choice_makes_exactly_its_text(change: Change, data: st.DataObject) -> None:
    everything = list(range(1, parts(change) + 1))
    wanted = chosen(change, data.draw(st.sets(st.sampled_from(everything)) if everything else st.just(set())))
    for proposed in (Replace(change.after), Edit(1, 1, "")):
        command = command_making(wanted, change.before, proposed)
        assert isinstance(command, Edit)
        assert apply_edit(change.before, command) == wanted
        assert parse(write(command), (Edit,)) == command


def test_whole_texts_are_handed_in_whole_and_what_changes_no_file_is_not_taken_apart() -> None:
    assert command_making("# Plan\n\nyes\n", "", Plan("x")) == Plan("# Plan\n\nyes")
    assert command_making("# It\n", "", Interpretation("x")) == Interpretation("# It")
    assert command_making("import os\n", "", SubmitCode("x")) == SubmitCode("import os\n")
    assert command_making("", "", Summary("forests")) is None


@pytest.mark.parametrize("kept", [{0}, {3}, {-1}])
def test_a_part_that_is_not_there_is_refused(kept: set[int]) -> None:
    change = Change(PATH, text(["a"] * 30), text(["b", *["a"] * 28, "c"]))
    assert parts(change) == 2
    with pytest.raises(ValueError, match="of 2"):
        chosen(change, kept)


def test_no_line_of_a_change_can_hide_itself_or_another_from_whoever_decides() -> None:
    hostile = ["evil()\r# fine", "x = 1\u2028# a line of its own", "\x1b[2K\x1b[1Ahidden()", "\u202eabc", "tail()\r"]
    change = Change(PATH, text(["a", "b"]), text(["a", *hostile, "b", "last()"]))
    shown = [row.text for hunk in hunks_of(change.diff) for row in hunk.rows if row.sign == "+"]
    assert shown == ["evil()␍# fine", "x = 1␤# a line of its own", "hidden()", "abc", "tail()", "last()"]
