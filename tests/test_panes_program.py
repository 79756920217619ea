"""The program pane, and what the output pane says of the program that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.asked import has_prompt, prompt_of
from core.cassette import FOLDER, CassetteError, Shelf, Take
from core.events import ProgramUsage
from core.kept import KeptProgram, kept_programs
from core.progress import STATE, Kept, Progress, Search
from core.recall import output_after, output_before, turns_between
from core.record import Status
from tests.fake_laboratory import new_project, played_project
from tests.pane_stage import HOSTILE, Stage, a_turn, frame_of, painted, staged, unsafe
from tui.panes.output import OutputPane
from tui.panes.program import ProgramPane
from tui.panes.text import Edit
from tui.widgets.code import coloured_text
from tui.widgets.gauge import bar, fitting, reach

BEST = 'import numpy as np\n\nNOTE = """\nif this is code\n"""\n\n\ndef main():\n    return 0.934\n'
PROGRAMS = (
    KeptProgram("experiment/main.py", BEST, 41, "EDIT 12-18", "accuracy", 0.934, 0.82),
    KeptProgram(".lab/candidates/39.py", "print('second')\n", 39, "EDIT 30-31", "accuracy", 0.921, 0.8),
)
USAGE = ProgramUsage(41, 12.0, 96.0, 212.4, 4096, None)


class Desk(Stage):
    """Keeps what the pane wants opened."""

    wanted: str = ""

    def on_edit(self, message: Edit) -> None:
        self.wanted = message.path


async def test_an_empty_program_pane_says_what_will_appear_and_what_to_press() -> None:
    async with staged(ProgramPane(), 62, 10) as pilot:
        frame = frame_of(pilot)
        await pilot.press("o", "right_curly_bracket")
        notices = [notice.message for notice in pilot.app._notifications]
    assert "No program yet." in frame
    assert "n makes one step" in frame
    assert notices == ["there is no program to open yet", "there is no program yet"]


async def test_the_best_program_is_numbered_and_the_other_candidates_are_switched_to() -> None:
    pane = ProgramPane()
    async with staged(pane, 72, 14) as pilot:
        pane.show(PROGRAMS)
        frame = await painted(pilot)
        assert "Program · experiment/main.py" in frame
        assert "1  import numpy as np" in frame
        assert "best of 2 · accuracy 0.934 · judge 0.82 · turn 41 · { } others" in frame
        await pilot.press("right_curly_bracket")
        frame = await painted(pilot)
        assert "print('second')" in frame
        assert "no. 2 of 2 · accuracy 0.921" in frame
        pane.show((KeptProgram("experiment/main.py", "x = 1\n"), *PROGRAMS[1:]))
        assert "print('second')" in await painted(pilot), "what one reads stays while it is kept"
        await pilot.press("left_curly_bracket")
        assert "not measured yet" in await painted(pilot)


async def test_o_asks_for_the_projects_own_program_only() -> None:
    pane = ProgramPane()
    app = Desk(pane)
    async with app.run_test(size=(62, 12)) as pilot:
        pane.focus()
        pane.show(PROGRAMS)
        await pilot.press("right_curly_bracket", "o")
        await pilot.pause()
        assert app.wanted == ""
        assert "kept as it was measured" in list(app._notifications)[-1].message
        await pilot.press("left_curly_bracket", "o")
        await pilot.pause()
        assert app.wanted == "experiment/main.py"


async def test_a_string_over_several_lines_is_coloured_as_a_string() -> None:
    lines = coloured_text(BEST, "python")
    assert [line.plain for line in lines] == BEST.split("\n")
    assert {span.style for span in lines[3].spans} == {"$text-success"}, "not as code"
    pane = ProgramPane()
    async with staged(pane, 62, 12) as pilot:
        pane.show(PROGRAMS)
        await pilot.app.workers.wait_for_complete()
        assert pane.line(3).body.spans == lines[3].spans


async def test_hostile_programs_are_shown_as_text() -> None:
    pane = ProgramPane()
    async with staged(pane, 40, 12) as pilot:
        for name, text in HOSTILE.items():
            pane.show([KeptProgram(text, text, 1, text, text, 0.5, 0.5)])
            await pilot.pause()
            assert unsafe(frame_of(pilot)) == [], name


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("seed 3/5: accuracy 0.91", "seed 3/5"),
        ("Epoch [2/10] loss 0.41", "epoch 2/10"),
        ("fold 1 of 5", "fold 1/5"),
        ("run #4 out of 8", "run 4/8"),
        (" 45%|████▌     | 9/20 [00:03<00:04]", "45 %"),
        ("fitting: 62.5% done", "62 %"),
    ],
)
def test_progress_of_known_kinds_is_recognised(line: str, words: str) -> None:
    found = reach(line)
    assert found is not None
    assert found.words == words
    assert 0 < found.share <= 1


@pytest.mark.parametrize(
    "line", ["accuracy 93.4 %", "95% from +0.01 to +0.06", "3/5", "seed 7/5", "step 0/0", "1/2/2026", "seed 4, level 0"]
)
def test_no_progress_is_guessed(line: str) -> None:
    assert reach(line) is None


def test_a_bar_is_full_at_the_end_only() -> None:
    assert [bar(share, 5) for share in (0, 0.01, 0.5, 0.99, 1)] == ["▱▱▱▱▱", "▰▱▱▱▱", "▰▰▱▱▱", "▰▰▰▰▱", "▰▰▰▰▰"]
    assert fitting(["first", "second", "third"], 14) == "first · second"
    assert fitting(["always the first"], 3) == "always the first"


async def test_how_far_a_program_is_and_what_it_takes_is_said_as_far_as_there_is_room() -> None:
    pane = OutputPane()
    async with staged(pane, 80, 10) as pilot:
        pane.begin("experiment/main.py", 41)
        assert "It has printed nothing yet." in await painted(pilot)
        pane.append("seed 1/5\nseed 2/5\n")
        pane.gauge(12.0, 600.0, USAGE)
        assert "12 of 600 s · ▰▰▰▰▱▱▱▱▱▱ seed 2/5 · CPU 96 % · 212/4096 MB" in await painted(pilot)
        pane.gauge(13.0, 600.0, ProgramUsage(41, 12.0, 96.0, 212.4, 4096, 37.0))
        assert "· GPU 37 %" in await painted(pilot)
        await pilot.resize_terminal(40, 10)
        pane.gauge(14.0, 600.0, USAGE)
        frame = await painted(pilot)
        assert "14 of 600 s · ▰▰▱▱▱ seed 2/5" in frame
        assert "CPU" not in frame
        pane.finish("")
        assert "✓ ended well" in await painted(pilot)


async def test_a_progress_bar_stays_one_line() -> None:
    pane = OutputPane()
    async with staged(pane, 60, 10) as pilot:
        pane.begin("experiment/main.py")
        for piece in ("start\n 10%|#", "\r 20%|##", "\r 30%|###", "\n done\n"):
            pane.append(piece)
        frame = await painted(pilot)
        assert "30%|###" in frame
        assert "20%" not in frame
        assert pane._newest.count == 3


async def test_an_earlier_output_is_looked_at_while_the_new_one_goes_on() -> None:
    pane = OutputPane()
    async with staged(pane, 60, 10) as pilot:
        pane.begin("experiment/main.py", 41)
        pane.append("new 1\n")
        pane.look_at(a_turn(38, output="old\nIndexError\n", status=Status.FAILED))
        pane.append("new 2\n")
        pane.gauge(3.0, 60.0, None)
        frame = await painted(pilot)
        assert "IndexError" in frame
        assert "new" not in frame
        assert "Output · turn 38" in frame
        assert "✗ failed · } later" in frame
        pane.newest()
        frame = await painted(pilot)
        assert "new 2" in frame
        assert "IndexError" not in frame


def test_the_projects_own_program_comes_first_and_is_known_by_its_text(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    assert kept_programs(project) == ()
    top = tuple(
        Kept(turn, "", judge, {"metric": "accuracy", "value": value}, "", "EDIT 1-2")
        for turn, judge, value in ((14, 0.81, 0.934), (12, 0.8, 0.921))
    )
    files = {
        "experiment/main.py": "best = 1\n",
        ".lab/candidates/14.py": "best = 1\n",
        ".lab/candidates/12.py": "second = 2\n",
        STATE: Progress(turn=14, programs=Search(top=top)).to_json(),
    }
    for path, text in files.items():
        (project.path / path).parent.mkdir(parents=True, exist_ok=True)
        (project.path / path).write_text(text)
    found = kept_programs(project)
    assert [(one.path, one.turn, one.value) for one in found] == [
        ("experiment/main.py", 14, 0.934),
        (".lab/candidates/12.py", 12, 0.921),
    ]
    (project.path / "experiment/main.py").write_text("mine = 3\n")
    found = kept_programs(project)
    assert [(one.path, one.turn) for one in found] == [
        ("experiment/main.py", 0),
        (".lab/candidates/14.py", 14),
        (".lab/candidates/12.py", 12),
    ]


def test_turns_and_outputs_are_found_in_the_history(tmp_path: Path) -> None:
    project = played_project(tmp_path / "p", 14)
    assert [turn.number for turn in turns_between(project, 3, 6)] == [3, 4, 5, 6]
    assert [turn.number for turn in turns_between(project, 0, 99)] == list(range(1, 15))
    assert turns_between(project, 40, 50) == []
    before, first = output_before(project, 14), output_before(project, 9)
    after = output_after(project, 9)
    assert before is not None
    assert after is not None
    assert (before.number, after.number, first) == (13, 10, None)
    assert output_after(project, 14) is None


def test_the_prompt_is_read_from_the_cassette_and_where_it_is_not_kept_that_is_said(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    shelf = Shelf(project.private(FOLDER))
    other = shelf.put(Take("search", {"query": "x"}, []))
    name = shelf.put(Take("reply", {"system": "You are.", "user": "Do this."}, {"text": "done"}))
    turn = a_turn(3, takes=(other, name))
    assert has_prompt(turn)
    assert prompt_of(project, turn) == "You are.\n\nDo this."
    assert not has_prompt(a_turn(3, takes=(other,)))
    with pytest.raises(CassetteError, match="not kept"):
        prompt_of(project, a_turn(3))
    with pytest.raises(CassetteError, match="not there"):
        prompt_of(project, a_turn(3, takes=("reply-" + "0" * 64,)))
