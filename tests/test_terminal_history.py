"""Going back, forth and aside in a real pseudo-terminal, with the engine in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from core.workspace.project import Project
from tests.inquiry_stage import program, studied
from tests.terminal import Terminal
from tests.workspace_sample import assert_sound, tree

ENTER, DOWN, ESCAPE, REDO = "\r", "\x1b[B", "\x1b", "\x12"


def await_(terminal: Terminal, happened: Callable[[], bool]) -> None:
    """Wait until something has happened on the disk."""
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end, terminal.text
        terminal.read(0.1)


def open_history(terminal: Terminal) -> None:
    terminal.until("it begins when you say so" if "on the new line" not in terminal.text else "on the new line")
    terminal.press("h")
    terminal.until("▸ History", 30)
    terminal.until("● 0 lab new project", 30)


def test_rolling_back_undoing_and_redoing_leave_trees_that_are_equal_byte_for_byte(tmp_path: Path) -> None:
    folder = studied(tmp_path / "p").path
    before = tree(Project.open(folder))
    project = Project.open(folder)
    with Terminal("open", str(folder), home=tmp_path) as terminal:
        terminal.until("─ Chat")
        open_history(terminal)
        terminal.press(DOWN, DOWN, DOWN, DOWN)
        terminal.press("r")
        terminal.until("Roll back to turn 4?")
        for words in ("turns 5–8", "accuracy 0.934 → 0.92", "Results, written at turn 7 from the results of turn 6"):
            terminal.until(words)
        terminal.press(ENTER)
        await_(terminal, lambda: project.turn_at().turn.number == 4)
        terminal.until("rolled back to turn 4")
        gone = tree(project)
        assert gone != before
        terminal.press("u")
        await_(terminal, lambda: project.turn_at().turn.number == 8)
        terminal.until("brought back")
        assert tree(project) == before
        terminal.press(REDO)
        await_(terminal, lambda: project.turn_at().turn.number == 4)
        terminal.until("rolled back again")
        assert tree(project) == gone
        terminal.press("q")
        assert terminal.ended() == 0
    await_(terminal, lambda: Project.open(folder).holder() is None)
    with Terminal("open", str(folder), home=tmp_path, columns=80, rows=24) as again:
        again.until("1 Chat")
        again.read(1.0)
        again.press("u")
        await_(again, lambda: project.turn_at().turn.number == 8)
        again.press("q")
        assert again.ended() == 0
    assert tree(project) == before
    assert_sound(project)


def test_a_line_is_started_and_compared_and_a_turn_s_file_read_in_the_editor(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    editor, seen = tmp_path / "editor", tmp_path / "seen"
    editor.write_text(f'#!/bin/sh\n(stat -c %a "$1"; cat "$1") > {seen}.part; mv {seen}.part {seen}\n')
    editor.chmod(0o755)
    with Terminal("open", str(project.path), home=tmp_path, EDITOR=str(editor), VISUAL="") as terminal:
        terminal.until("─ Chat")
        terminal.until("it begins when you say so")
        terminal.press("/copy 4\r")  # in one packet: no letter of it is taken for a key
        terminal.until(f"{project.turn_at('4').commit[:12]} copied")
        open_history(terminal)
        terminal.press("/status:failed\r")
        terminal.until("1 of 9")
        terminal.press(ESCAPE)
        terminal.until("● 0 lab new project")
        terminal.press("\x1b[H", *[DOWN] * 6, "]", "]")
        terminal.until("VALUE = 0.9")
        terminal.press("o")
        await_(terminal, seen.exists)
        assert seen.read_text() == f"400\n{program(0.9)}"  # a copy, to be read only
        assert project.hand_edits() is None
        terminal.until("● 0 lab new project")
        terminal.press("b")
        terminal.until("A new line from turn 2")
        terminal.press(*"what-if", ENTER)
        await_(terminal, lambda: Project.open(project.path).branch_name == "what-if")
        terminal.until("on the new line what-if")
        assert Project.open(project.path).turn_at().turn.number == 2
        open_history(terminal)
        terminal.until("├─╯ main · 6 turns")
        terminal.press("c")
        terminal.until("what-if is marked")
        terminal.press("\x1b[H", "c")
        terminal.until("2 lines, parted at turn 2")
        terminal.until("0.9 ± 0.01 (3 seeds)")
        terminal.until("0.934 ± 0.01 (3 seeds)")
        terminal.press(ESCAPE)
        terminal.until("filter")
        terminal.press("q")
        assert terminal.ended() == 0
