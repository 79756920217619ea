from __future__ import annotations

from pathlib import Path

import pytest

from core.consequences import LostSection, consequences, facts, kinds
from core.errors import HistoryError
from core.history import rollback, rollback_preview, undo
from core.record import Cost
from core.workspace.project import Project
from tests.inquiry_stage import experiment, studied, write_section
from tests.workspace_sample import assert_sound, tree


def test_a_roll_back_says_first_which_turns_go_and_what_they_were(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    told = consequences(project, "2")
    assert [turn.number for turn in told.preview.turns] == [8, 7, 6, 5, 4, 3]
    assert told.kinds == {"REPLACE": 3, "EDIT": 2, "repair": 1}
    words = dict(facts(told))
    assert words["Goes"].startswith("turns 3–8 (3 × REPLACE, 2 × EDIT, 1 × repair)")
    assert "Report writing → back in running experiments" in words["Goes"]


def test_it_tells_the_measurement_before_and_after_and_what_was_spent(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    assert "accuracy 0.934 → 0.92" in rollback_preview(project, "5")
    assert "accuracy 0.934 → no measurement yet" in rollback_preview(project, "1")
    assert "→" not in dict(facts(consequences(project, "7")))["Goes"]  # the best one stays
    assert consequences(project, "5").preview.cost == Cost(3, 300, 60, 0.03, 4.5)
    assert "360 tokens, $0.03, 4 s on what goes; stays counted" in rollback_preview(project, "5")


def test_it_names_the_parts_of_the_report_and_the_results_that_they_were_written_from(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    assert consequences(project, "5").sections == (
        LostSection("Introduction", 8, 6, from_lost=True, before=True),
        LostSection("Results", 7, 6, from_lost=True, before=False),
    )
    assert consequences(project, "6").sections[1] == LostSection("Results", 7, 6, from_lost=False, before=False)
    words = rollback_preview(project, "6")
    assert "Results, written at turn 7 from the results of turn 6, which stay" in words
    assert "Introduction, written at turn 8 from the results of turn 6, which stay; its earlier text comes" in words


def test_a_section_that_was_written_and_written_back_does_not_go(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    write_section(project, 9, "Results", "Something else.")
    write_section(project, 10, "Results", "The forest reaches 0.934.")
    assert consequences(project, "8").sections == ()


def test_notes_and_changes_of_the_person_that_would_go_are_named(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    (project.path / "notes").mkdir(exist_ok=True)
    (project.path / "notes/all.md").write_text("Use five seeds.\n")
    told = consequences(project, "6")
    assert told.notes == ("Use five seeds. (all.md)",)
    assert told.unsaved == ("notes/all.md",)
    assert "your changes that no turn holds yet: notes/all.md" in rollback_preview(project, "6")
    before = tree(project)
    rollback(project, "6")
    assert project.read("notes/all.md") == ""
    undo(project)
    assert project.read("notes/all.md") == "Use five seeds.\n"
    assert {name for name, digest in tree(project).items() if before.get(name) != digest} <= {
        ".lab/turn.json",
        ".lab/state.json",
    }


def test_a_preview_is_refused_where_the_roll_back_would_be(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="already"):
        consequences(studied(tmp_path / "p"), "HEAD")


def test_a_repair_is_what_follows_a_failure_in_its_phase(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    turns = project.summaries()
    assert kinds(turns[:4], turns[4]) == {"REPLACE": 3, "EDIT": 1}
    assert kinds(turns[4:5], turns[5]) == {"repair": 1}


def test_undo_and_redo_any_number_of_times_across_restarts_and_branches(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    trees = {project.head: tree(project)}
    for number, value in ((5, 0.95), (4, 0.96), (3, 0.97)):
        Project.open(project.path).rollback(number - 1)
        project = Project.open(project.path)
        experiment(project, number, value)
        trees[project.head] = tree(project)
    project.branch("what-if", 2)
    experiment(project, 3, 0.5)
    trees[project.head] = tree(project)
    project.rollback(1)
    Project.open(project.path).undo()
    assert tree(project) == trees[project.head]
    project.switch("main")
    steps = project.undo_steps()[0]
    assert steps == 3
    seen = [project.head]
    for _ in range(steps):
        Project.open(project.path).undo()
        seen.append(project.head)
        assert tree(project) == trees[project.head]
    for wanted in reversed(seen[:-1]):
        Project.open(project.path).redo()
        assert (project.head, tree(project)) == (wanted, trees[wanted])
    assert project.undo_steps() == (steps, 0)
    assert set(seen) == set(trees) - {project.branches()["what-if"]}
    assert_sound(project)
