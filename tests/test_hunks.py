"""Hunks of a change: none is what was, all is what was proposed, and any choice is what a merge makes of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.commands import Edit, Interpretation, Plan, Replace, SubmitCode, Summary
from core.edits import apply_edit
from core.hunks import Change, chosen, command_making, hunks, left_out
from core.parsing import parse, write

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
def test_no_hunk_is_what_was_and_all_hunks_are_what_was_proposed(change: Change) -> None:
    everything = range(1, hunks(change) + 1)
    assert chosen(change, ()) == change.before
    assert chosen(change, everything) == change.after
    assert left_out(change, ()) == change.diff
    assert left_out(change, everything) == ""


@given(changes())
def test_hunks_are_those_that_the_diff_shows(change: Change) -> None:
    assert hunks(change) == sum(line.startswith("@@ -") for line in change.diff.splitlines())


@settings(max_examples=25, deadline=None)
@given(changes(), st.data())
def test_any_choice_is_what_git_makes_of_the_same_hunks(
    tmp_path_factory: pytest.TempPathFactory, change: Change, data: st.DataObject
) -> None:
    everything = list(range(1, hunks(change) + 1))
    kept = sorted(data.draw(st.sets(st.sampled_from(everything)) if everything else st.just(set())))
    folder = tmp_path_factory.mktemp("git")
    (folder / "f").write_text(change.before)
    head, *bodies = _split(Change("f", change.before, change.after).diff)
    if kept:
        patch = head + "".join(bodies[number - 1] for number in kept)
        subprocess.run(
            ["git", "apply", "--recount", "-"], input=patch, cwd=folder, text=True, check=True, capture_output=True
        )
    assert chosen(change, kept) == Path(folder / "f").read_text()


def _split(diff: str) -> list[str]:
    parts = [""]
    for line in diff.splitlines(keepends=True):
        if line.startswith("@@ -"):
            parts.append("")
        parts[-1] += line
    return parts


@given(changes(), st.data())
def test_the_command_of_a_choice_makes_exactly_its_text(change: Change, data: st.DataObject) -> None:
    everything = list(range(1, hunks(change) + 1))
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
def test_a_hunk_that_is_not_there_is_refused(kept: set[int]) -> None:
    change = Change(PATH, text(["a"] * 30), text(["b", *["a"] * 28, "c"]))
    assert hunks(change) == 2
    with pytest.raises(ValueError, match="of 2"):
        chosen(change, kept)
