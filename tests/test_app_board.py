"""The board: events in, values out."""

from __future__ import annotations

from dataclasses import replace

from core.events import (
    PhaseFinished,
    PhaseStarted,
    ProgramFinished,
    ProgramStarted,
    Proposed,
    ReportCompiled,
    RunStarted,
    State,
    StateChanged,
    Token,
    TurnCommitted,
    TurnStarted,
)
from core.progress import Progress
from core.record import Agent, Cost, Phase, Status
from tests.fake_laboratory import study
from tui.board import Board, restored
from tui.rows import Stage


def played(count: int = 16) -> Board:
    board = Board()
    for turn in study()[:count]:
        board.apply(TurnCommitted(turn, f"{turn.number:040d}"))
    return board


def test_a_run_says_where_it_stands() -> None:
    board = Board()
    board.apply(RunStarted("noise", "main", "abc", "built-in researcher", "bubblewrap", 7))
    assert (board.project, board.branch, board.head, board.model, board.turns) == (
        "noise", "main", "abc", "built-in researcher", 7,
    )  # fmt: skip


def test_the_newest_turn_stands_first_and_knows_what_it_changed() -> None:
    rows = played(14).history
    assert [row.turn for row in rows[:3]] == [14, 13, 12]
    assert rows[0].value == 0.934
    assert rows[0].change is not None
    assert round(rows[0].change, 3) == 0.013
    assert rows[0].kept
    assert not rows[1].kept


def test_a_turn_that_was_not_kept_does_not_raise_the_best() -> None:
    assert played(13).best == 0.921


def test_a_failed_program_is_a_failed_point() -> None:
    points = played(14).points
    assert [point.failed for point in points] == [False, False, True, False, False, False]
    assert points[2].value is None


def test_a_failure_outside_of_a_solver_is_no_point() -> None:
    board = Board()
    board.apply(TurnCommitted(replace(study()[7], status=Status.FAILED), "c"))
    assert board.points == []


def test_a_persons_own_turn_is_no_candidate() -> None:
    board = Board()
    board.apply(TurnCommitted(replace(study()[9], agent=Agent.RESEARCHER, status=Status.FAILED, score=None), "c"))
    assert board.points == []


def test_reports_are_charted_while_one_is_written_and_programs_otherwise() -> None:
    board = played(16)
    assert (board.charted, [point.turn for point in board.points]) == ("", [16])
    board.apply(PhaseStarted(Phase.EXPERIMENTS))
    assert board.charted == "accuracy"
    assert len(board.points) == 6


def test_the_cost_adds_up() -> None:
    assert played(3).cost == Cost(3, 1230, 480, 0.0, 9.0)


def test_a_phase_is_ahead_then_now_then_done() -> None:
    board = Board()
    stages = [board.phases[Phase.PLAN].stage]
    board.apply(PhaseStarted(Phase.PLAN))
    stages.append(board.phases[Phase.PLAN].stage)
    board.apply(PhaseFinished(Phase.PLAN, "4 turns"))
    stages.append(board.phases[Phase.PLAN].stage)
    assert stages == [Stage.AHEAD, Stage.NOW, Stage.DONE]
    assert board.phases[Phase.PLAN].note == "4 turns"


def test_work_that_is_sent_back_puts_the_later_phases_ahead_again() -> None:
    board = Board()
    for phase in Phase:
        board.apply(PhaseStarted(phase))
        board.apply(PhaseFinished(phase, ""))
    board.apply(PhaseStarted(Phase.EXPERIMENTS))
    stages = [row.stage for row in board.rows]
    assert stages == [Stage.DONE] * 3 + [Stage.NOW] + [Stage.AHEAD] * 3


def test_progress_stands_beside_the_phase_and_goes_with_it() -> None:
    board = Board()
    board.apply(TurnStarted(9, Phase.EXPERIMENTS, Agent.ML_ENGINEER, "m", "improve", "3/10"))
    assert (board.progress, board.phases[Phase.EXPERIMENTS].note) == ("3/10", "3/10")
    board.apply(PhaseStarted(Phase.INTERPRETATION))
    assert board.progress == ""


def test_the_reply_grows_and_a_new_turn_begins_a_new_one() -> None:
    board = Board()
    for event in (
        TurnStarted(1, Phase.PLAN, Agent.POSTDOC, "m", "talk"), Token(1, "Which "), Token(1, "levels?"),
    ):  # fmt: skip
        board.apply(event)
    assert board.reply == "Which levels?"
    board.apply(TurnStarted(2, Phase.PLAN, Agent.PHD_STUDENT, "m", "talk"))
    assert board.reply == ""


def test_the_clock_runs_while_a_turn_is_in_flight_only() -> None:
    now = [100.0]
    board = Board(clock=lambda: now[0])
    board.apply(TurnStarted(1, Phase.LITERATURE, Agent.PHD_STUDENT, "m", "talk"))
    now[0] = 107.0
    assert board.seconds == 7.0
    board.apply(TurnCommitted(study()[0], "c"))
    now[0] = 900.0
    assert board.seconds == 3.0


def test_what_was_proposed_is_gone_when_the_run_stops() -> None:
    board = Board()
    board.apply(Proposed(4, Agent.ML_ENGINEER, "EDIT 1-2", "experiment/main.py", "diff"))
    board.apply(ProgramStarted(4, "experiment/main.py", "bubblewrap", 600.0))
    assert board.proposed
    assert board.program
    board.apply(StateChanged(State.STOPPED, "stopped by you"))
    assert (board.proposed, board.program, board.state) == (None, "", State.STOPPED)


def test_a_program_is_named_while_it_runs() -> None:
    board = Board()
    board.apply(ProgramStarted(4, "experiment/main.py", "bubblewrap", 600.0))
    assert board.program == "experiment/main.py"
    board.apply(ProgramFinished(4, "", 2.0))
    assert board.program == ""


def test_the_last_good_pages_stay_when_the_next_report_does_not_compile() -> None:
    board = Board()
    board.apply(ReportCompiled(16, ("page one",), ()))
    board.apply(ReportCompiled(17, (), ("line 3: undefined",)))
    assert board.pages == ("page one",)
    assert board.problems == ("line 3: undefined",)


def test_a_restored_board_shows_what_the_run_left() -> None:
    turns = study()[:13]
    progress = Progress(
        phase=Phase.EXPERIMENTS, turn=13, done={Phase.LITERATURE: "2 papers"}, cost=Cost(13, 1, 2, 0.5, 40.0)
    )
    board = restored(((f"{turn.number:040d}", turn) for turn in turns), progress)
    assert board.phases[Phase.LITERATURE].note == "2 papers"
    assert board.phases[Phase.EXPERIMENTS].stage is Stage.NOW
    assert board.cost.seconds == board.seconds == 40.0
    assert (board.turn, board.best, board.state) == (13, 0.921, State.PAUSED)


def test_a_finished_project_is_restored_as_finished() -> None:
    progress = Progress(phase=Phase.REFINEMENT, finished=True, turn=16, done=dict.fromkeys(Phase, ""))
    board = restored((), progress)
    assert board.state is State.FINISHED
    assert all(row.stage is Stage.DONE for row in board.rows)


def test_every_agent_and_phase_has_a_short_name() -> None:
    from tui.rows import SHORT_AGENTS, SHORT_PHASES

    assert set(SHORT_AGENTS) == set(Agent)
    assert set(SHORT_PHASES) == set(Phase)
    assert max(map(len, SHORT_AGENTS.values())) == 3
