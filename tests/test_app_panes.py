"""The working panes in the laboratory: what is read for them, and the keys that lead there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.cassette import FOLDER, Shelf, Take
from core.events import ProgramUsage
from core.kept import KeptProgram
from tests.app_stage import app_on, frame_of, laboratory, opened, told, until
from tests.fake_laboratory import played_project
from tests.terminal import Terminal
from tui.panes.chat import ChatPane
from tui.panes.output import OutputPane
from tui.panes.program import ProgramPane
from tui.screens.history import HistoryScreen


def test_the_program_is_opened_in_the_persons_editor_and_read_anew(tmp_path: Path) -> None:
    project = played_project(tmp_path / "p", 14)
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "mine = 1" >> "$1"\n')
    editor.chmod(0o755)
    with Terminal("open", str(project.path), home=tmp_path, EDITOR=str(editor), VISUAL="") as terminal:
        terminal.until("it begins when you say so")
        terminal.press("7")
        terminal.until("Program · experiment/main.py")
        terminal.until("# turn 14")
        terminal.press("o")
        terminal.until("mine = 1")
        terminal.press("q")
        assert terminal.ended() == 0
    assert project.read("experiment/main.py") == "# turn 14\nmine = 1\n"


async def test_a_running_project_keeps_its_program_from_the_editor(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 10, running=True, pace=30.0)) as pilot:
        await until(pilot, lambda: laboratory(pilot).board.state == "running")
        await pilot.press("7")
        await until(pilot, lambda: bool(pilot.app.screen.query(ProgramPane)))
        pane = pilot.app.screen.query_one(ProgramPane)
        pane.show([KeptProgram("experiment/main.py", "x = 1\n", 10)])
        pane.focus()
        await pilot.press("o")
        await pilot.pause()
        assert "hold the run first" in told(pilot)


async def test_braces_show_what_earlier_programs_printed(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 14)) as pilot:
        pane = pilot.app.screen.query_one(OutputPane)
        await pilot.press("6", "left_curly_bracket")
        await until(pilot, lambda: "Output · turn 13" in frame_of(pilot))
        await pilot.press("left_curly_bracket")
        await until(pilot, lambda: "Output · turn 12" in frame_of(pilot))
        await pilot.press("left_curly_bracket")
        await until(pilot, lambda: "IndexError" in frame_of(pilot), 5)
        assert "✗ failed" in frame_of(pilot)
        await pilot.press(*["right_curly_bracket"])
        await until(pilot, lambda: "Output · turn 12" in frame_of(pilot))
        pane.newest()
        pane.look_at(laboratory(pilot).session.project.turn_at().turn)
        await pilot.press("right_curly_bracket")
        await until(pilot, lambda: pane._shown is pane._newest)


async def test_what_a_running_program_takes_is_said_once_a_second(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 14)) as pilot:
        screen = laboratory(pilot)
        screen.board.program, screen.board.limit = "experiment/main.py", 600.0
        screen.board.began = screen.board.clock() - 12
        screen.show([ProgramUsage(15, 12.0, 96.0, 212.0, 4096)])
        screen._tick()
        await pilot.pause()
        assert "12 of 600 s" in frame_of(pilot)
        assert "CPU 96 %" in frame_of(pilot)


async def test_the_chat_reads_earlier_turns_and_prompts_from_the_project(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 14)) as pilot:
        project = laboratory(pilot).session.project
        chat = pilot.app.screen.query_one(ChatPane)
        turns = [logged.turn for logged in project.log(3)][::-1]
        name = Shelf(project.private(FOLDER)).put(Take("reply", {"system": "You are.", "user": "Go on."}, {}))
        turns[-1] = replace(turns[-1], takes=(name,))
        turns[-2] = replace(turns[-2], takes=("reply-" + "0" * 64,))
        chat.load(turns, recalls=True)
        await pilot.press("1", "home")
        await until(pilot, lambda: "label noise first" in frame_of(pilot))
        chat.told_prompt(14, "")
        await pilot.press("end", "plus")
        for number, words in ((14, "You are."), (13, "is not there or cannot be read")):
            slot = next(slot for slot in chat._slots if slot.number == number)
            slot.asked = ""
            chat._toggle(slot, "prompt")
            await until(pilot, lambda words=words: words in frame_of(pilot))  # type: ignore[misc]


async def test_the_prompt_of_a_turn_is_read_in_the_history_too(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 14)) as pilot:
        project = laboratory(pilot).session.project
        name = Shelf(project.private(FOLDER)).put(Take("reply", {"system": "You are.", "user": "Go on."}, {}))
        turn = replace(project.turn_at().turn, takes=(name,))
        await pilot.press("h")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen))
        await until(pilot, lambda: bool(pilot.app.screen.query_one(ChatPane)._slots[0].number))
        chat = pilot.app.screen.query_one(ChatPane)
        chat.load([turn])
        chat._toggle(chat._slots[0], "prompt")
        await until(pilot, lambda: "You are." in frame_of(pilot))
