from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.comparison import (
    Spread,
    best_line,
    compare_lines,
    compared_text,
    differing,
    headline,
    lead_of,
    rows_of,
    spread_of,
)
from core.errors import HistoryError, ProjectError, ProjectLocked
from core.ledger import ledger_of
from core.lines import branch_beside, find_line, folder_for, lines_of, lines_text, relatives
from core.workspace.project import Project
from tests.inquiry_stage import experiment, measured, review, studied, turn
from tests.workspace_sample import assert_sound, plain_git, tree


def beside(project: Project, name: str = "what-if", rev: str = "4") -> Project:
    return branch_beside(project, name, rev, folder_for(project, name))[0]


def test_a_line_beside_is_a_project_of_its_own_at_that_turn(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    before, head = tree(project), project.head
    copy = beside(project, "try/svm")
    assert copy.path == tmp_path / "p-try-svm"
    assert (copy.branch_name, copy.head) == ("try/svm", project.turn_at("4").commit)
    assert copy.branches() == {"try/svm": copy.head}
    assert copy.read("experiment/main.py") == project.read("experiment/main.py", "4")
    assert (tree(project), project.head, project.branches()) == (before, head, {"main": head})
    assert copy.undo_steps() == (0, 0)
    assert_sound(copy)


def test_both_lines_run_at_once_and_neither_can_harm_the_other(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    copy = beside(project)
    with project.lock(), copy.lock():
        experiment(project, 9, 0.94)
        experiment(copy, 5, 0.95)
        with pytest.raises(ProjectLocked), Project.open(copy.path).lock():
            pass
    shared = [path for path in (project.path / ".git/objects").glob("??/*") if path.stat().st_nlink > 1]
    assert shared  # the same files on the disk
    project.rollback(1)
    plain_git(project, "reflog", "expire", "--expire=now", "--all")
    for ref in plain_git(project, "for-each-ref", "--format=%(refname)", "refs/lab").split():
        plain_git(project, "update-ref", "-d", ref)
    plain_git(project, "gc", "-q", "--prune=now")
    assert_sound(copy)
    assert [logged.turn.number for logged in copy.log()] == [5, 4, 3, 2, 1, 0]
    assert copy.read("experiment/main.py", "4")


def test_a_line_can_part_from_a_project_that_another_process_holds(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    with project.lock():
        copy, words = branch_beside(Project.open(project.path), "what-if", "HEAD", tmp_path / "q")
    assert copy.head == project.head
    assert "both can run at once" in words


def test_ledger_and_caps_of_a_line_beside_are_told(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    (project.path / "notes/all.md").write_text("mine\n")
    _, words = branch_beside(project, "what-if", "4", tmp_path / "q")
    assert "Its ledger begins with the $0.04 of its turns so far." in words
    cap = project.settings().budget.money
    assert f"The cap of ${cap:.2f} holds for each line by itself: ${cap - 0.08:.2f} are left here" in words
    assert f"${cap - 0.04:.2f} there" in words
    assert "(notes/all.md) stay here" in words
    assert sum(held.amount.money for held in ledger_of(Project.open(tmp_path / "q")).accounts().values()) == 0.04


def test_every_line_knows_the_others_and_forgets_folders_that_are_gone(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    project.branch("here", 2)
    project.switch("main")
    one, two = beside(project, "one"), beside(project, "two", "6")
    three = branch_beside(one, "three", "HEAD", tmp_path / "three")[0]
    family = {"p", "p-one", "p-two", "three"}
    for line in (project, one, two, three):
        assert {line.path.name, *(other.path.name for other in relatives(line))} == family
    assert [line.name for line in lines_of(project)][:2] == ["main", "here"]
    assert {line.name for line in lines_of(three)} == {"main", "one", "two", "three"}
    text = lines_text(lines_of(project), project.path)
    assert "● main" in text
    assert f"in {two.path}" in text
    (two.path / "lab.toml").unlink()
    assert "two" not in {line.name for line in lines_of(project)}


@pytest.mark.parametrize("name", ["main", "main/x", "-f", "a b", ""])
def test_a_bad_or_taken_name_leaves_nothing(tmp_path: Path, name: str) -> None:
    project = studied(tmp_path / "p")
    with pytest.raises(HistoryError):
        branch_beside(project, name, "4", tmp_path / "q")
    assert not (tmp_path / "q").exists()


def test_a_name_of_a_line_beside_is_taken_too_and_a_full_folder_is_refused(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    copy = beside(project)
    with pytest.raises(HistoryError, match="already, in"):
        beside(copy)
    with pytest.raises(ProjectError, match="not empty"):
        branch_beside(project, "other", "4", copy.path)


def test_a_line_is_found_by_branch_by_folder_and_by_turn(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    copy = beside(project)
    experiment(copy, 5, 0.95)
    for named in ("what-if", copy.path.name, str(copy.path), copy.head[:12]):
        home, commit = find_line(project, named)
        assert (home.path, commit) == (copy.path, copy.head)
    assert find_line(project, "2") == (project, project.turn_at("2").commit)
    for nothing in ("nowhere", "~nobody/here", "a\0b", "0123456789abcdef"):
        with pytest.raises(HistoryError, match="no line, turn or commit"):
            find_line(project, nothing)


def test_lines_are_compared_in_a_table(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    review(project, 9, 6)
    copy = beside(project)
    experiment(copy, 5, 0.95)
    compared = compare_lines(project, ["main", "what-if", "2"])
    assert compared.parted.number == 2
    rows = dict(rows_of(compared))
    assert rows["line"] == ["main", "what-if ★", "2"]
    assert rows["accuracy"] == [f"{value:.4g} ± 0.01 (3 seeds)" for value in (0.934, 0.95, 0.9)]
    assert rows["plan"] == ["Are forests hurt more by label noise? Five seeds, 0 to 40 %."] * 3
    assert rows["reviews"] == ["6.0 of 10 (1, round 1)", "—", "—"]
    assert rows["judge"] == ["0.83", "0.85", "0.80"]
    assert rows["since then"] == ["7 turns", "3 turns", "0 turns"]
    assert rows["cost"][1].startswith("$0.03, 360 tokens")
    assert [len(line.turns) for line in compare_lines(project, ["main", "what-if"]).lines] == [5, 1]


def test_the_text_of_a_comparison_holds_files_and_differences_and_fits(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    copy = beside(project)
    experiment(copy, 5, 0.95)
    text = compared_text(compare_lines(project, ["main", "what-if"]), 80)
    assert "parted at turn 4" in text
    assert "what-if measured best, beyond the scatter over seeds." in text
    assert "-VALUE = 0.934\n+VALUE = 0.95\n" in text
    assert "report/report.tex" in text
    table = text.partition("files that differ")[0]
    assert max(len(line) for line in table.splitlines()[1:]) <= 80
    first, second = compare_lines(project, ["main", "main"]).lines
    assert differing(first, second) == []


def test_a_lead_within_the_scatter_is_told_as_one(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    copy = beside(project)
    experiment(copy, 5, 0.935)
    words = lead_of(compare_lines(project, ["main", "what-if"]))
    assert words == "what-if measured best, within the scatter over seeds"
    bare = json.dumps({"metric": "accuracy", "value": 0.99})
    copy.commit(turn(6, copy.turn_at().turn.phase, copy.turn_at().turn.agent, "EDIT"), {"results/metrics.json": bare})
    assert "is not known" in lead_of(compare_lines(project, ["main", "what-if"]))


def test_lines_that_measure_different_things_have_no_best(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    copy = beside(project)
    other = json.dumps({"metric": "log loss", "value": 0.2, "higher_is_better": False})
    copy.commit(turn(5, copy.turn_at().turn.phase, copy.turn_at().turn.agent, "EDIT"), {"results/metrics.json": other})
    compared = compare_lines(project, ["main", "what-if"])
    assert best_line(compared) is None
    assert "measure different things" in compared_text(compared)
    assert dict(rows_of(compared))["measured"][1] == "log loss 0.2 (no spread was written down)"


def test_what_cannot_be_believed_is_said_and_not_shown(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    project.branch("lie", 4)
    made = turn(5, project.turn_at().turn.phase, project.turn_at().turn.agent, "EDIT")
    project.commit(made, {"results/metrics.json": '{"metric": "accuracy", "value": 9}', ".lab/state.json": "{"})
    compared = compare_lines(project, ["main", "lie"])
    assert compared.lines[1].value is None
    assert "not between 0 and 1" in dict(rows_of(compared))["accuracy"][1]


def test_only_lines_of_one_study_can_be_compared(tmp_path: Path) -> None:
    project, other = studied(tmp_path / "p"), Project.create(tmp_path / "q", 'name = "another"\n', {})
    with pytest.raises(HistoryError, match="no turn in common"):
        compare_lines(project, ["HEAD", str(other.path)])


def test_the_spread_is_read_and_never_guessed() -> None:
    assert spread_of({"value": 0.9}) is None
    assert spread_of({"value": 0.9, "seeds": 5}) is None
    assert spread_of({"value": 0.9, "std": 0.02, "seeds": 5}) == Spread(0.02, 5)
    assert spread_of(json.loads(measured(0.9, 0.8, 0.9, 1.0))) == Spread(pytest.approx(0.1), 3)  # type: ignore[arg-type]
    rows = [{"model": "a", "scores": [0.8, 0.9]}, {"model": "b", "scores": [0.6, 0.7]}]
    found = spread_of({"value": 0.9, "results": rows})
    assert found is not None
    assert (round(found.std, 4), found.seeds, found.of) == (0.0707, 2, "the test scores' mean")
    assert spread_of({"value": 0.9, "results": [*rows, {"model": "c", "scores": [1.0]}]}) is None
    assert spread_of({"value": 0.9, "results": [1, "x"]}) is None


def test_a_plan_is_told_by_its_hypothesis_or_its_first_words() -> None:
    assert headline("# Plan\n\n| Design | |\n|---|---|\n| Hypothesis | Forests lose more. |\n") == "Forests lose more."
    assert headline("# The plan\n\n**Noise** first.\nmore") == "Noise first."
    assert headline("") == ""


def test_the_command_line_starts_lists_and_compares_lines(tmp_path: Path) -> None:
    studied(tmp_path / "p")
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "COLUMNS": "120"}

    def labtop(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "labtop", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    made = labtop("branch", "p", "what-if", "4", "--beside", "q")
    assert made.returncode == 0, made.stderr
    assert "Next: labtop open q" in made.stdout
    assert "○ what-if" in labtop("lines", "p").stdout
    table = labtop("compare", "p", "main", "what-if", "2").stdout
    assert "main ★" in table
    assert "0.934 ± 0.01 (3 seeds)" in table
    assert labtop("compare", "p", "main").returncode == 2
    assert labtop("take", "p", "2", "--list").stdout.startswith("program                        accuracy 0.9 ± 0.01")
    refused = labtop("compare", "p", "main", "nowhere")
    assert (refused.returncode, "The lines are: main, what-if" in refused.stderr) == (1, True)
