from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.history import lengthened
from core.chronicle import FILE, Chronicle
from core.graph import BESIDE, Kind, Row, Tip, drawn, picture
from core.lines import branch_beside
from core.record import Agent, Phase, Score, Status
from core.sought import matching, read_query
from core.workspace.project import Project
from core.workspace.turns import TurnSummary
from tests.inquiry_stage import experiment, studied, turn
from tests.workspace_sample import plain_git, sample_project, sample_turn
from tui.panes.graph import heading


def read_all(chronicle: Chronicle) -> None:
    while chronicle.read_replies():
        pass


def numbers(rows: tuple[Row, ...] | list[Row]) -> list[tuple[str, int, int]]:
    return [(row.kind.value, row.turn.number, row.depth) for row in rows]


def test_the_index_holds_every_turn_and_grows_by_the_new_ones_only(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    chronicle = Chronicle(project)
    assert chronicle.refresh() == 9
    assert chronicle.refresh() == 0
    experiment(project, 9, 0.94)
    assert chronicle.refresh() == 1
    told = {summary.commit: summary for summary in project.summaries()}
    assert chronicle.turns() == told
    assert stat.S_IMODE(os.stat(project.private(FILE)).st_mode) == 0o600
    assert Chronicle(Project.open(project.path)).refresh() == 0


def test_replies_are_searched_by_words_and_their_beginnings(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    odd = turn(9, Phase.REPORT, Agent.PROFESSOR, "EDIT", 'Zürich "quoted" bootstraps')
    commit = project.commit(odd, {})
    chronicle = Chronicle(project)
    chronicle.refresh()
    assert chronicle.search(["zurich"]) == set()
    read_all(chronicle)
    for words in (["zurich"], ["zür"], ["bootstrap"], ["quoted", "zurich"], ['Zürich "quoted"'], ["boot"]):
        assert chronicle.search(words) == {commit}, words
    hostile = (["a\0b"], ["\ud800x"], ["x" * 100_000], ["-x", "^y"], ["{subject}"], ["_"], ["\\"], ["'; DROP"])
    for nonsense in (['"'], ["*"], ["AND"], ["zurich", "forest"], ["NEAR("], ["subject:x"], [""], *hostile):
        assert chronicle.search(nonsense) == set(), nonsense
    assert len(chronicle.search(["section"])) == 3


def test_a_broken_index_is_made_again(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    Chronicle(project).refresh()
    project.private(FILE).write_bytes(b"SQLite format 3\0 and then nonsense" * 100)
    chronicle = Chronicle(Project.open(project.path))
    assert chronicle.refresh() == 9
    read_all(chronicle)
    assert len(chronicle.search(["section"])) == 3


def test_an_index_of_which_git_has_forgotten_a_line_goes_on(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    project.branch("short", 4)
    experiment(project, 5, 0.9)
    project.switch("main")
    Chronicle(project).refresh()
    plain_git(project, "branch", "-q", "-D", "short")
    plain_git(project, "reflog", "expire", "--expire=now", "--all")
    plain_git(project, "gc", "-q", "--prune=now")
    experiment(project, 9, 0.91)
    assert len(picture(project, Chronicle(project)).rows) == 10


DAMAGE = {
    "turns are missing": "DELETE FROM turns WHERE number IN (3, 4)",
    "a table is missing": "DROP TABLE turns",
    "it is of another version": "PRAGMA user_version = 99",
    "it holds what no version knows": "UPDATE turns SET phase = 'dreaming' WHERE number = 3",
    "the words are torn": "DELETE FROM said_data",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_index_never_shortens_the_history(tmp_path: Path, damage: str) -> None:
    project = studied(tmp_path / "p")
    chronicle = Chronicle(project)
    chronicle.refresh()
    read_all(chronicle)
    chronicle.close()
    with closing(sqlite3.connect(project.private(FILE))) as held, held:
        held.execute(damage)
    for again in (Chronicle(project), Chronicle(project)):
        assert len(picture(project, again).rows) == 9
        again.search(["section"])  # in torn words it finds out
        read_all(again)
        assert len(again.search(["section"])) == 3
        again.close()


def test_an_index_that_another_process_keeps_locked_is_left_alone(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    Chronicle(project).refresh()
    with closing(sqlite3.connect(project.private(FILE), isolation_level=None)) as held:
        held.execute("BEGIN EXCLUSIVE")
        chronicle = Chronicle(project)
        assert len(picture(project, chronicle).rows) == 9
        held.execute("ROLLBACK")
        assert held.execute("SELECT count(*) FROM turns").fetchone() == (9,)


def test_two_processes_may_make_the_index_at_once(tmp_path: Path) -> None:
    project = lengthened(tmp_path / "p", 400)
    code = (
        "import sys; from pathlib import Path; from core.chronicle import Chronicle; "
        "from core.workspace.project import Project; chronicle = Chronicle(Project.open(Path(sys.argv[1]))); "
        "sys.stdin.read(); chronicle.refresh()\nwhile chronicle.read_replies(20): pass\n"
        "print(len(chronicle.turns()), len(chronicle.search(['reply'])))"
    )
    command = [sys.executable, "-c", code, str(project.path)]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for one in both:
        assert one.stdin is not None
        one.stdin.close()
    for one in both:
        assert one.stdout is not None
        with one.stdout:
            assert one.stdout.read().split() == ["401", "400"]
        assert one.wait() == 0
    with closing(sqlite3.connect(project.private(FILE))) as held:
        assert held.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert held.execute("SELECT count(*) FROM said WHERE said MATCH 'reply'").fetchone() == (400,)


def test_trailers_that_no_turn_could_have_are_a_commit_by_hand(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    honest = plain_git(project, "log", "-1", "--format=%B")
    for forged in (
        honest.replace("Lab-Turn: 8", f"Lab-Turn: {10**30}"),
        honest.replace("Lab-Turn: 8", "Lab-Turn: -3"),
        honest.replace("Lab-Cost: 0.010000", "Lab-Cost: nan"),
        honest.replace("Lab-Seconds: 1.500", "Lab-Seconds: inf"),
    ):
        assert forged != honest
        plain_git(project, "commit", "-q", "--allow-empty", "-m", forged)
        assert project.summaries(1)[0].foreign
    assert len(picture(project, Chronicle(project)).rows) == 13


def test_an_index_that_cannot_be_written_is_kept_in_memory(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    (tmp_path / "elsewhere").write_text("mine")
    project.private(FILE).symlink_to(tmp_path / "elsewhere")
    os.chmod(project.private("x").parent, 0o500)
    try:
        chronicle = Chronicle(project)
        assert chronicle.refresh() == 9
        read_all(chronicle)
        assert len(chronicle.search(["section"])) == 3
    finally:
        os.chmod(project.private("x").parent, 0o700)
    assert (tmp_path / "elsewhere").read_text() == "mine"


def test_the_graph_shows_branches_and_what_was_left_behind_where_they_parted(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    project.rollback(6)
    project.branch("what-if", 4)
    experiment(project, 5, 0.95)
    project.switch("main")
    found = picture(project, Chronicle(project))
    assert numbers(found.rows) == [
        ("turn", 8, 1),
        ("turn", 7, 1),
        ("line", 8, 1),
        ("turn", 6, 0),
        ("turn", 5, 0),
        ("turn", 5, 1),
        ("line", 5, 1),
        ("turn", 4, 0),
        ("turn", 3, 0),
        ("turn", 2, 0),
        ("turn", 1, 0),
        ("turn", 0, 0),
    ]
    assert (found.turns, found.lines, found.candidates) == (6, 3, 0)
    assert [row.undone for row in found.rows[:3]] == [True] * 3
    assert found.rows[2].line.startswith("undone ")
    assert (found.rows[6].line, found.rows[6].count) == ("what-if", 1)
    change = {(row.turn.number, row.depth): row.change for row in found.rows if row.kind is Kind.TURN}
    assert change[6, 0] == pytest.approx(0.014)
    assert change[5, 1] == pytest.approx(0.03)  # against the best before they parted


def test_candidates_that_no_turn_tells_of_stand_beside_the_line(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=3)
    project.keep_candidate(sample_turn(2), 1, {"experiment/main.py": "told of by turn 2"})
    lost = project.keep_candidate(sample_turn(4, score=Score("accuracy", 0.5, 0.5, False)), 1, {"a": "x"})
    found = picture(project, Chronicle(project))
    assert [(row.kind, row.turn.commit) for row in found.rows][:1] == [(Kind.CANDIDATE, lost)]
    assert found.candidates == 2
    assert numbers(matching(found.rows, read_query("is:candidate"), None)) == [("candidate", 4, 1)]


def test_a_commit_by_gits_own_hand_has_the_number_of_the_turn_before(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=2)
    (project.path / "plan.md").write_text("by git")
    plain_git(project, "add", "plan.md")
    plain_git(project, "commit", "-q", "-m", "by my own hand")
    rows = picture(project, Chronicle(project)).rows
    assert [(row.turn.number, row.turn.subject) for row in rows][:2] == [(2, "by my own hand"), (2, "step 2")]


def test_of_a_long_side_line_the_newest_turns_are_shown_and_the_rest_is_counted() -> None:
    turns = {f"m{n}": summary(f"m{n}", f"m{n - 1}" if n else "", n) for n in range(3)}
    turns |= {f"s{n}": summary(f"s{n}", f"s{n - 1}" if n > 2 else "m1", n) for n in range(2, 42)}
    found = drawn(turns, [Tip("main", "m2"), Tip("side", "s41")])
    kinds = [row.kind for row in found.rows if row.line == "side" and not row.hidden]
    assert kinds == [Kind.TURN] * 12 + [Kind.MORE, Kind.LINE]
    more = next(row for row in found.rows if row.kind is Kind.MORE)
    assert (more.count, heading(more)) == (28, "28 turns more: / line:side")
    assert len(matching(found.rows, read_query("line:side"), None)) == 40  # what is looked for is not kept back
    assert numbers(matching(found.rows, read_query("words"), {"s3"})) == [("turn", 3, 1)]
    assert matching(found.rows, read_query(""), None) == [row for row in found.rows if not row.hidden]


def test_what_a_roll_back_left_behind_is_looked_for_as_its_heading_says() -> None:
    turns = {f"m{n}": summary(f"m{n}", f"m{n - 1}" if n else "", n) for n in range(20)}
    found = drawn(turns, [Tip("main", "m1"), Tip("undone 02-16 04:16", "m19", True)])
    words = heading(next(row for row in found.rows if row.kind is Kind.MORE)).partition("/ ")[2]
    assert len(matching(found.rows, read_query(words), None)) == 18


def test_a_line_beside_that_parted_long_ago_is_shown(tmp_path: Path) -> None:
    project = lengthened(tmp_path / "p", 1)
    copy, _ = branch_beside(project, "long", "1", tmp_path / "q")
    for _ in range(BESIDE // 100 + 1):
        message = plain_git(copy, "log", "-1", "--format=%B")
        stream = f"commit refs/heads/long\ncommitter a <a@b> 1 +0000\ndata {len(message)}\n{message}"
        plain_git(copy, "fast-import", "--quiet", said=f"{stream}from refs/heads/long^0\n" + f"{stream}\n" * 99)
    found = picture(project, Chronicle(project))
    assert next(row.count for row in found.rows if row.kind is Kind.LINE) == BESIDE + 100


def test_lines_may_part_from_one_another_a_thousand_times() -> None:
    turns = {"r": summary("r", "", 0)}
    tips = [Tip("main", "r")]
    for n in range(1, 1500):
        turns[f"c{n}"] = summary(f"c{n}", f"c{n - 1}" if n > 1 else "r", n)
    tips += [Tip(f"line {n}", f"c{n}") for n in range(1, 1500)]
    found = drawn(turns, tips)
    assert sum(row.kind is Kind.TURN for row in found.rows) == 1500
    assert max(row.depth for row in found.rows) == 5


def test_a_query_filters_by_agent_phase_status_and_the_rest(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    rows = picture(project, Chronicle(project)).rows

    def found(query: str) -> list[int]:
        return [row.turn.number for row in matching(rows, read_query(query), None)]

    assert found("") == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert found("agent:ml") == [6, 4, 3, 2]
    assert found("agent:prof phase:report") == [8, 7, 5]
    assert found("status:failed") == [3]
    assert found("kept:yes turn:3-") == [6, 4]
    assert found("turn:2-4") == [4, 3, 2]
    assert found("line:main is:edit") == [8, 7, 6, 5, 4, 3, 2]
    assert found("is:undone") == []


@pytest.mark.parametrize("query", ["agent:nobody", "phase:", "status:fine", "kept:maybe", "turn:x", "is:x", "line:"])
def test_a_filter_that_is_not_understood_is_said(query: str) -> None:
    assert read_query(query).problem


def test_words_in_quotes_belong_together_and_an_open_quote_does_no_harm() -> None:
    assert read_query('label "random forest" kept:yes').words == ("label", "random forest")
    assert read_query('label "random for').words == ("label", "random", "for")
    assert read_query("http://x").words == ("http://x",)


def summary(commit: str, parent: str, number: int) -> TurnSummary:
    from core.record import Cost

    where = (Phase.EXPERIMENTS, Agent.ML_ENGINEER, "EDIT", f"step {number}", Status.OK)
    return TurnSummary(commit, parent, number, *where, None, "", False, Cost(), "2026-01-01T00:00:00+00:00")
