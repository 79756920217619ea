from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from core.errors import HistoryError
from core.handwork import commit_hand_edits
from core.history import redo, rollback, undo
from core.lines import branch_beside
from core.record import Agent, Cost, Score
from core.workspace.project import Project
from tests.workspace_sample import assert_sound, plain_git, sample_changes, sample_project, sample_turn, tree


def test_trees_are_byte_equal_after_roll_back_undo_and_redo(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=4)
    at_4 = tree(project)
    for number in range(5, 10):
        project.commit(sample_turn(number), sample_changes(number))
    at_9, tip = tree(project), project.head
    project.rollback(4)
    assert tree(project) == at_4
    assert_sound(project)
    assert project.undo() == tip
    assert tree(project) == at_9
    project.redo()
    assert tree(project) == at_4
    Project.open(project.path).undo()
    assert tree(project) == at_9
    assert_sound(project)


def test_nothing_is_lost_by_any_order_of_roll_backs_and_undos(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=6)
    tips = [project.head]
    project.rollback(3)
    project.commit(sample_turn(4, "another way"), {"plan.md": "b"})
    tips.append(project.head)
    project.undo()
    assert project.head == tips[0]
    assert project.undo_steps() == (0, 1)
    project.rollback(2)  # what the undo set aside cannot be reached by redo any more
    assert project.undo_steps() == (2, 0)
    project.commit(sample_turn(3, "a third way"), {"plan.md": "c"})
    tips.append(project.head)
    project.undo()
    assert project.head == tips[0]
    project.undo()
    assert project.head == tips[1]
    with pytest.raises(HistoryError, match="Nothing to undo"):
        project.undo()
    project.redo()
    project.redo()
    assert project.head == tips[2]
    with pytest.raises(HistoryError, match="Nothing to redo"):
        project.redo()
    reachable = plain_git(project, "log", "--all", "--format=%H").split()
    assert set(tips) <= set(reachable)
    assert_sound(project)


def test_a_clock_that_went_back_hides_no_turn(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=4)  # turn 0 is made now, the others have an older time
    project.rollback(0)
    assert project.turn_at().turn.number == 0
    assert [turn.number for turn in project.summaries()] == [0]


def everything(project: Project) -> dict[str, tuple[str, ...]]:
    """All that a person sees in the folder: files with bytes and execute bit, links, repositories of their own."""
    found: dict[str, tuple[str, ...]] = {}
    for above, folders, names in os.walk(project.path):
        for name in (*folders, *names):
            path = Path(above, name)
            rel = str(path.relative_to(project.path))
            if path.is_symlink():
                found[rel] = ("link", os.readlink(path))
            elif path.is_file() and ".git" not in path.parts and not rel.startswith(".lab/"):
                found[rel] = (path.read_bytes().hex(), str(path.stat().st_mode & 0o100))
    return found


def test_whatever_a_folder_holds_is_the_same_after_roll_back_undo_and_redo(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=4)
    folder = project.path
    (folder / "thing").write_text("a file")
    commit_hand_edits(project)
    (folder / "thing").unlink()
    (folder / "thing").mkdir()
    (folder / "thing/inner").write_text("in a folder of its name")
    (folder / ".gitignore").write_text("*.cache\n__pycache__/\n")
    for name in ("a\nb", 'q"uote', os.fsdecode(b"\xff"), ":(glob)*", "back\\slash", "kept.cache", "empty"):
        (folder / "thing" / name).write_text("" if name == "empty" else name, errors="surrogateescape")
    for name in ("begun", "whole"):
        (folder / name).mkdir()
        plain_git(project, "init", "-q", str(folder / name))
        (folder / name / "own.txt").write_text("a repository of its own")
    plain_git(project, "-C", str(folder / "whole"), "add", "own.txt")
    plain_git(project, "-C", str(folder / "whole"), "commit", "-q", "-m", "own")
    commit_hand_edits(project)
    plain_git(project, "init", "-q", str(folder / "experiment"))
    shutil.rmtree(folder / "figures")  # from here on no turn holds what is done
    (folder / "figures").symlink_to("data")
    (folder / "away").symlink_to("/etc/passwd")
    (folder / "experiment/main.py").chmod(0o755)
    (folder / "thing/new.txt").write_text("untracked")
    before = everything(project)
    rollback(project, "2")
    gone = everything(project)
    assert gone["thing/kept.cache"] == before["thing/kept.cache"]  # there it would be the next turn's
    for there, travel in ((before, undo), (gone, redo), (before, undo)):
        travel(project)
        assert everything(project) == there
    assert plain_git(project, "fsck", "--strict", "--no-dangling") == ""


def test_a_roll_back_goes_where_its_preview_said_though_edits_become_a_turn_before(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=4)
    (project.path / "plan.md").write_text("mine")
    wanted = project.preview_rollback("HEAD~1").target.commit
    rollback(project, "HEAD~1")
    assert project.head == wanted


def test_ignored_files_stay_through_a_roll_back(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=4)
    (project.path / "report").mkdir()
    (project.path / "report/report.pdf").write_bytes(b"%PDF")
    project.rollback(1)
    assert project.read_bytes("report/report.pdf") == b"%PDF"


def test_a_roll_back_is_refused_with_the_reason(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=4)
    project.branch("other", 2)
    project.commit(sample_turn(3, "elsewhere"), {"plan.md": "x"})
    elsewhere = project.head
    project.switch("main")
    for rev, reason in [("99", "no turn"), ("--help", "no turn"), ("HEAD", "already"), (elsewhere, "not on the line")]:
        with pytest.raises(HistoryError, match=reason):
            project.rollback(rev)
        with pytest.raises(HistoryError, match=reason):
            project.preview_rollback(rev)
    (project.path / "plan.md").write_text("mine")
    with pytest.raises(HistoryError, match=r"no turn holds yet: plan\.md"):
        project.rollback(1)
    assert project.read("plan.md") == "mine"


def test_a_file_that_the_history_does_not_know_is_not_overwritten(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p")
    project.commit(sample_turn(1), {"model.txt": "old"})
    project.commit(sample_turn(2), {"model.txt": None, ".gitignore": "model.txt\n"})
    (project.path / "model.txt").write_text("precious")
    with pytest.raises(HistoryError, match=r"stand in the way: model\.txt"):
        project.rollback(1)
    assert project.read("model.txt") == "precious"
    assert project.turn_at().turn.number == 2


def test_a_preview_tells_what_goes(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=9)
    preview = project.preview_rollback(5)
    assert [turn.number for turn in preview.turns] == [9, 8, 7, 6]
    assert preview.target.number == 5
    assert preview.before is not None
    assert preview.after is not None
    assert (preview.before.metric, preview.after.metric) == ("accuracy 0.08", "accuracy 0.04")
    assert preview.cost == Cost(4, 400, 80, 0.04, 6.0)
    assert {change.path: (change.added, change.removed) for change in preview.files} == {
        "experiment/main.py": (3, 3),
        "results/metrics.json": (1, 1),
        "figures/curve.pdf": (None, None),
        "literature/papers/9.md": (0, 1),
    }


def test_sunk_cost_counts_what_was_rolled_back_once(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=6)
    assert project.sunk_cost() == Cost()
    project.rollback(4)
    assert project.sunk_cost().calls == 2
    project.undo()
    assert project.sunk_cost() == Cost()
    project.rollback(2)
    project.commit(sample_turn(3), {"plan.md": "x"})
    assert project.sunk_cost().calls == 4


def test_branches_part_and_come_back_byte_for_byte(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=4)
    at_4 = tree(project)
    project.branch("try/boosting", 2)
    assert project.branch_name == "try/boosting"
    project.commit(sample_turn(3), {"experiment/main.py": "boost()\n", "plan.md": "boost\n"})
    project.switch("main")
    assert tree(project) == at_4
    assert set(project.branches()) == {"main", "try/boosting"}
    assert_sound(project)


@pytest.mark.parametrize("name", ["-f", "a..b", "a b", "HEAD", "x.lock", "/x", "x/", "a~1", "", "main", "main/x", "é"])
def test_bad_and_taken_names_of_branches_are_refused(tmp_path: Path, name: str) -> None:
    project = sample_project(tmp_path / "p", turns=1)
    with pytest.raises(HistoryError):
        project.branch(name)
    assert set(project.branches()) == {"main"}


def test_no_line_starts_at_a_candidate_which_is_no_whole_project(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=2)
    candidate = project.keep_candidate(sample_turn(3), 1, {"experiment/main.py": "alone"})
    before = tree(project)
    for start in (
        lambda: project.branch("x", candidate),
        lambda: branch_beside(project, "x", candidate, tmp_path / "q"),
    ):
        with pytest.raises(HistoryError, match=r"holds no lab\.toml"):
            start()
    assert (tree(project), project.branch_name, (tmp_path / "q").exists()) == (before, "main", False)


def test_going_to_a_branch_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p")
    with pytest.raises(HistoryError, match="There are: main"):
        project.switch("master")


def test_candidates_touch_neither_index_nor_worktree_and_form_the_search_tree(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=2)
    before, index = tree(project), (project.path / ".git/index").read_bytes()
    score = Score("accuracy", 0.5, 0.4, kept=False)
    one = project.keep_candidate(sample_turn(3, score=score), 1, {"experiment/main.py": "one"})
    two = project.keep_candidate(sample_turn(3), 2, {"experiment/main.py": "two"}, [one])
    both = project.keep_candidate(sample_turn(4), 1, {"experiment/main.py": "both"}, [one, two])
    again = project.keep_candidate(sample_turn(4), 1, {"experiment/main.py": "again"})
    assert (tree(project), (project.path / ".git/index").read_bytes()) == (before, index)
    found = project.candidates()
    assert [(kept.turn, kept.n, kept.commit) for kept in found] == [
        (3, 1, one),
        (3, 2, two),
        (4, 1, both),
        (4, 1, again),
    ]
    assert [kept.parents for kept in found] == [(), (one,), (one, two), ()]
    assert found[0].summary.metric == "accuracy 0.5"
    assert project.read("experiment/main.py", rev=two) == "two"
    assert plain_git(project, "ls-tree", "-r", "--name-only", both).split() == [".lab/turn.json", "experiment/main.py"]
    assert_sound(project)


def test_a_turn_number_means_the_newest_such_turn_of_this_line(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=4)
    project.rollback(2)
    project.commit(sample_turn(3, "second try", agent=Agent.RESEARCHER), sample_changes(3))
    project.commit(sample_turn(4, "Lab-Turn: 3"), sample_changes(4))
    assert project.turn_at("3").turn.subject == "second try"
    assert project.turn_at(project.head[:10]).turn.number == 4
