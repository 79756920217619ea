"""The panes that show plain values: phases, history, scores, and the status line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import on
from textual.app import App, ComposeResult

from core.events import Proposed, State, TurnCommitted
from core.record import Agent, Cost, Phase, Status
from tests.pane_stage import HOSTILE, a_score, a_turn, frame_of, painted, staged, unsafe
from tui.board import Board
from tui.panes.history import HistoryPane, history_line, short_number, turns_counted
from tui.panes.phases import PhasesPane
from tui.panes.scores import ScoresPane, digits
from tui.rows import HistoryRow, PhaseRow, Point, Stage
from tui.widgets.nowline import NowLine, now
from tui.widgets.statusline import StatusLine, clock, counted
from tui.widgets.voices import VOICES

PHASES = (
    PhaseRow(Phase.LITERATURE, Stage.DONE, "5 papers"),
    PhaseRow(Phase.PLAN, Stage.DONE, "4 turns"),
    PhaseRow(Phase.DATA, Stage.DONE, "3 turns"),
    PhaseRow(Phase.EXPERIMENTS, Stage.NOW, "3/10"),
    PhaseRow(Phase.INTERPRETATION, Stage.AHEAD),
    PhaseRow(Phase.REPORT, Stage.AHEAD),
    PhaseRow(Phase.REFINEMENT, Stage.AHEAD),
)


def history_row(turn: int, command: str = "EDIT 12-18", status: Status = Status.OK, **changes: object) -> HistoryRow:
    given = {"phase": Phase.EXPERIMENTS, "agent": Agent.ML_ENGINEER, "subject": "said something", **changes}
    return HistoryRow(turn=turn, commit=f"{turn:040x}", command=command, status=status, **given)  # type: ignore[arg-type]


def rows(newest: int) -> list[HistoryRow]:
    return [history_row(turn) for turn in range(newest, 0, -1)]


async def test_phases_fit_the_rail_with_their_notes() -> None:
    pane = PhasesPane()
    async with staged(pane, 24, 9) as pilot:
        pane.show(PHASES)
        await pilot.pause()
        lines = [line.strip("│ ") for line in frame_of(pilot).split("\n")]
    assert "✓ Literature 5 papers" in lines
    assert "▶ Experiments    3/10" in lines
    assert "· Refinement" in lines
    assert "3/7" in lines[-1]


async def test_a_run_that_does_not_go_on_marks_its_phase() -> None:
    pane = PhasesPane()
    async with staged(pane, 24, 9) as pilot:
        for state, sign in ((State.PAUSED, "‖"), (State.WAITING, "!"), (State.STOPPED, "!"), (State.RUNNING, "▶")):
            pane.show(PHASES, state)
            assert f"{sign} Experiments" in await painted(pilot)


async def test_phases_fold_into_one_line() -> None:
    pane = PhasesPane(compact=True)
    async with staged(pane, 80, 3) as pilot:
        pane.show(PHASES)
        assert (await painted(pilot)).strip() == "✓Lit ✓Plan ✓Data ▶Exp ·Interp ·Report ·Refine"
        await pilot.resize_terminal(30, 3)
        assert (await painted(pilot)).strip() == "✓ ✓ ✓ ▶Experiments · · ·"
        pane.compact = False
        assert "╭─ Phases" in await painted(pilot)


async def test_an_empty_history_says_what_will_appear() -> None:
    async with staged(HistoryPane(), 24, 18) as pilot:
        assert "No turn yet." in frame_of(pilot)
        await pilot.press("enter", "j", "end")


@pytest.mark.parametrize(
    ("row", "width", "line"),
    [
        (history_row(41), 21, "41 ML  EDIT 12-18"),
        (history_row(40, "REPLACE", value=0.936, kept=True), 21, "40 ML  REPLACE .936 ▲"),
        (history_row(40, value=0.936, kept=True), 21, "40 ML  EDIT    .936 ▲"),
        (history_row(40, value=0.936, kept=True), 30, "40 ML  EDIT 12-18       .936 ▲"),
        (history_row(9, "", Status.MALFORMED, subject="no command"), 21, " 9 ML  no command   ✗"),
        (history_row(8, agent=Agent.RESEARCHER, subject="edited plan.md"), 21, " 8 you edited plan…"),
        (history_row(7, judge=0.5, agent=Agent.JUDGE, command="SCORE"), 21, " 7 jdg SCORE    .50"),
        (history_row(6, status=Status.DECLINED), 21, " 6 ML  EDIT 12-18   –"),
    ],
)
def test_a_turn_in_the_history_fits_its_width(row: HistoryRow, width: int, line: str) -> None:
    content = history_line(row, width, 2)
    assert content.plain.rstrip() == line
    assert content.cell_length == width


async def test_the_cursor_stays_on_the_newest_until_it_is_moved() -> None:
    pane = HistoryPane()
    async with staged(pane, 24, 10) as pilot:
        pane.show(rows(41))
        pane.show(rows(42))
        assert pane.row is not None
        assert pane.row.turn == 42
        await pilot.press("j", "j")
        pane.show(rows(43))
        assert pane.row.turn == 40
        await pilot.press("home")
        assert pane.row.turn == 43
        await pilot.press("end", "pageup")
        assert f"{pane.row.turn:2} ML" in await painted(pilot)


async def test_a_history_of_ten_thousand_turns_makes_only_what_is_in_view() -> None:
    made: list[int] = []

    class Counting(HistoryPane):
        def line(self, index: int):  # type: ignore[no-untyped-def]
            made.append(index)
            return super().line(index)

    pane = Counting()
    async with staged(pane, 24, 18) as pilot:
        pane.show(rows(10_000))
        await pilot.pause()
        made.clear()
        await pilot.press("end", "k", "k")
        await pilot.pause()
        assert pane.row is not None
        assert pane.row.turn == 3
        assert len(made) < 80


async def test_the_history_tells_which_turn_is_looked_at() -> None:
    told: list[tuple[str, int, str]] = []

    class Listening(App[None]):
        def compose(self) -> ComposeResult:
            yield HistoryPane()

        @on(HistoryPane.Selected)
        def note(self, message: HistoryPane.Selected) -> None:
            told.append((type(message).__name__, message.turn, message.commit))

        @on(HistoryPane.Highlighted)
        def note_highlight(self, message: HistoryPane.Highlighted) -> None:
            told.append((type(message).__name__, message.turn, message.commit))

    app = Listening()
    async with app.run_test(size=(24, 18)) as pilot:
        pane = app.query_one(HistoryPane)
        pane.focus()
        pane.show(rows(5))
        await pilot.press("j", "enter")
        await pilot.pause()
    assert ("Highlighted", 4, f"{4:040x}") in told
    assert told[-1] == ("Selected", 4, f"{4:040x}")
    assert [kind for kind, _, _ in told].count("Selected") == 1


def point(turn: int, value: float | None, kept: bool = False, failed: bool = False) -> Point:
    return Point(turn, value, 0.5, kept, failed)


async def test_an_empty_chart_says_what_will_appear() -> None:
    async with staged(ScoresPane(), 36, 12) as pilot:
        assert "No score yet." in frame_of(pilot)


async def test_a_chart_shows_the_best_and_since_when_and_failures_on_the_floor() -> None:
    pane = ScoresPane()
    points = [point(20, 0.9, kept=True), point(22, 0.88), point(24, None, failed=True), point(26, 0.934, kept=True)]
    async with staged(pane, 36, 12) as pilot:
        pane.show(points, "accuracy")
        frame = await painted(pilot)
    lines = frame.split("\n")
    assert "best .934 since turn 26" in lines[1]
    assert "accuracy" in lines[1]
    assert sum(line.count("●") for line in lines[1:-1]) == 2
    assert sum(line.count("○") for line in lines[1:-1]) == 1
    floor = next(number for number, line in enumerate(lines) if "└" in line)
    assert "×" in lines[floor - 1]
    assert "judge 0.50 ▅▅▅" in frame
    assert "● best ○ tried × failed" in lines[-1]


@pytest.mark.parametrize("size", [(36, 12), (34, 10), (20, 6), (10, 4), (160, 50), (80, 20)])
@pytest.mark.parametrize("many", [1, 2, 200])
async def test_a_chart_makes_sense_at_any_size(size: tuple[int, int], many: int) -> None:
    pane = ScoresPane()
    async with staged(pane, *size) as pilot:
        for points in (
            [point(turn, 0.9 + turn / 10_000, kept=True) for turn in range(many)],
            [point(turn, None, failed=True) for turn in range(many)],
            [point(turn, -1e9 if turn % 2 else 1e-12) for turn in range(many)],
        ):
            pane.show(points, "root mean squared error")
            await pilot.pause()
            lines = frame_of(pilot).split("\n")
            assert len(lines) == size[1]
            assert all(len(line) <= size[0] for line in lines)
            if size == (36, 12):
                assert any("┤" in line for line in lines)


async def test_of_a_report_the_judges_score_is_charted() -> None:
    pane = ScoresPane()
    async with staged(pane, 36, 12) as pilot:
        pane.show([Point(50, None, 0.42, True, False), Point(51, None, 0.61, True, False)], "")
        frame = await painted(pilot)
    assert "judge's score" in frame
    assert "best .61" in frame


def test_numbers_have_as_many_decimals_as_tell_them_apart() -> None:
    assert digits(0.934, [0.934, 0.912]) == ".934"
    assert digits(12.5, [12.5, 11.0]) == "12.5"
    assert digits(-0.25, [-0.25, 0.5]) == "-.250"
    assert short_number(0.921) == ".921"
    assert short_number(-0.5) == "-.500"
    assert short_number(1234567.0) == "1.2e+06"


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_any_number_is_short(value: float) -> None:
    assert len(short_number(value)) <= 9


def board(**changes: object) -> Board:
    made = Board(clock=lambda: 252.0)
    made.project, made.branch, made.phase, made.progress = "label-noise", "main", Phase.EXPERIMENTS, "3/10"
    made.turn, made.state, made.model, made.best = 41, State.RUNNING, "built-in researcher", 0.934
    made.cost = Cost(3, 10_000, 2_400, 0.0, 252.0)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("width", "there", "dropped"),
    [
        (120, ("label-noise", "▸ main", "turn 41", "built-in researcher", "12.4k tok"), ()),
        (
            80,
            ("label-noise", "▶ Experiments 3/10", "● running", ".934 ▲", "built-in researcher", "04:12"),
            ("12.4k tok", "$0.00"),
        ),
        (54, ("▶ Experiments 3/10", "● running", "built-in …", "04:12"), ("built-in researcher",)),
        (40, ("▶ Experiments 3/10", "● running", "04:12"), ("main", "turn 41")),
        (12, ("● running",), ("04:12",)),
    ],
)
async def test_the_status_line_drops_what_matters_least(
    width: int, there: Sequence[str], dropped: Sequence[str]
) -> None:
    line = StatusLine()
    async with staged(line, width, 2) as pilot:
        line.show(board())
        frame = await painted(pilot)
    assert [part for part in there if part not in frame] == []
    assert [part for part in dropped if part in frame] == []


async def test_why_a_run_does_not_go_on_and_what_to_do_can_be_read_at_80_columns() -> None:
    reason = (
        "Literature review has used its 40 turns without a result. Nothing is lost. Look at the last turns, write a "
        "note in notes/literature-review.md or change lab.toml, and run on."
    )
    line = NowLine()
    async with staged(line, 80, 4) as pilot:
        line.show(board(state=State.WAITING, reason=reason), "")
        await pilot.pause()
        said = " ".join(frame_of(pilot).split())
    assert said == f"! {reason} · space runs on"


def test_what_goes_on_is_said_with_since_when_and_how_long_it_may_take() -> None:
    working = board(asked=245.0, agent=Agent.ML_ENGINEER, task="first program", limit=600.0)
    assert now(working).plain == "● ML engineer · first program · 00:07"
    working.proposed = Proposed(41, Agent.ML_ENGINEER, "REPLACE")
    assert now(working).plain == "● ML engineer · REPLACE is carried out · 00:07"
    working.program, working.began = "experiment/main.py", 240.0
    assert now(working, "paused by you").plain == (
        "● experiment/main.py runs · 00:12 of at most 10:00 · holds after this turn"
    )


@pytest.mark.parametrize("state", State)
def test_every_state_says_what_comes_next(state: State) -> None:
    assert len(now(board(state=state, reason="a reason"))) > 12


def test_counts_and_times_are_short() -> None:
    assert [counted(n) for n in (0, 999, 12_400, 3_100_000)] == ["0", "999", "12.4k", "3.1M"]
    assert [clock(n) for n in (0, 252, 3852)] == ["00:00", "04:12", "1:04:12"]


async def test_hostile_values_are_shown_as_text() -> None:
    history, scores, phases, line = HistoryPane(), ScoresPane(), PhasesPane(), StatusLine()
    for pane in (history, scores, phases, line):
        async with staged(pane, 40, 10) as pilot:
            for name, text in HOSTILE.items():
                history_rows = [history_row(2, text), history_row(1, subject=text, agent=Agent.RESEARCHER)]
                if pane is history:
                    history.show(history_rows)
                elif pane is scores:
                    scores.show([point(1, 0.5, kept=True)], text)
                elif pane is phases:
                    phases.show([PhaseRow(Phase.PLAN, Stage.NOW, text)])
                else:
                    line.show(board(project=text, branch=text, model=text, reason=text, progress=text))
                await pilot.pause()
                assert unsafe(frame_of(pilot)) == [], (type(pane).__name__, name)


def test_panes_import_nothing_heavy() -> None:
    modules = ["chat", "diff", "scores", "report", "phases", "history", "output"]
    code = "; ".join(f"import tui.panes.{name}" for name in modules) + "; import tui.widgets.statusline, sys; "
    heavy = ("plotext", "textual_plotext", "markdown_it", "pygments.lexers", "git")
    code += f"print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


async def test_a_turn_from_the_board_goes_into_the_panes() -> None:
    history, scores = HistoryPane(), ScoresPane()
    made = Board()
    made.apply(TurnCommitted(a_turn(1, command="REPLACE", score=a_score(0.9)), "c" * 40))
    async with staged(history, 24, 6) as pilot:
        history.show(made.history)
        assert "1 ML  REPLACE" in await painted(pilot)
    async with staged(scores, 36, 12) as pilot:
        scores.show(made.points, made.charted)
        assert "best .900 since turn 1" in await painted(pilot)


def test_the_making_of_the_project_is_no_turn() -> None:
    assert turns_counted([history_row(1), history_row(0)]) == "1 turn"
    assert turns_counted([history_row(0)]) == ""


def test_where_there_is_room_the_history_says_what_a_command_did() -> None:
    row = history_row(31, "REPLACE", subject="REPLACE writes the abstract")
    assert "writes the abstract" in history_line(row, 60, 2).plain
    assert "writes" not in history_line(row, 24, 2).plain


def test_the_marks_of_the_agents_are_in_every_common_font() -> None:
    common = set("◆◇■□●○»·¹²³")
    assert {voice.glyph for voice in VOICES.values()} <= common
