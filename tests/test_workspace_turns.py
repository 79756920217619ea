from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import HistoryError, ProjectError
from core.record import Agent, Phase, Score, Turn
from core.workspace.git import GitFailed
from core.workspace.project import EditedMeanwhile, Project
from core.workspace.turns import message, one_line, summaries_from
from tests.workspace_sample import assert_sound, plain_git, sample_changes, sample_project, sample_turn, tree


def test_a_new_project_is_private_holds_the_template_and_its_first_commit_is_turn_0(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "deep" / "project")
    assert stat.S_IMODE(project.path.stat().st_mode) == 0o700
    assert project.read("lab.toml") == 'name = "sample"\n'
    assert "report/*.pdf" in project.read(".gitignore")
    assert project.turn_at().turn.agent is Agent.LABTOP
    assert project.turn_at().turn.number == 0
    assert plain_git(project, "ls-files").split() == [
        ".gitignore", ".lab/turn.json", "data/raw/rows.csv", "lab.toml", "notes/README.md",
    ]  # fmt: skip
    assert_sound(project)


def test_a_folder_with_something_in_it_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ProjectError, match="not empty"):
        Project.create(tmp_path, "")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_creation_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ProjectError):
        Project.create(tmp_path / "project", "", {"../outside": "x"})
    assert list((tmp_path / "project").iterdir()) == []
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("kind", ["nothing", "empty folder", "no lab.toml", "linked .git", ".git file", "no commit"])
def test_what_is_no_project_is_refused_with_the_reason(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "project"
    if kind != "nothing":
        folder.mkdir()
    if kind in ("no lab.toml", "linked .git", "no commit"):
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
    if kind in ("linked .git", ".git file", "no commit"):
        (folder / "lab.toml").write_text("")
    if kind == "linked .git":
        (folder / ".git").rename(tmp_path / "elsewhere")
        (folder / ".git").symlink_to(tmp_path / "elsewhere")
    if kind == ".git file":
        (folder / ".git").write_text("gitdir: ../elsewhere\n")
    with pytest.raises(ProjectError):
        Project.open(folder)


def test_a_turn_comes_back_as_it_was_committed(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p")
    turn = sample_turn(1, score=Score("accuracy", 0.934, 0.8, kept=True))
    commit = project.commit(turn, sample_changes(1))
    logged = Project.open(tmp_path / "p").turn_at()
    assert (logged.turn, logged.commit, logged.parent) == (turn, commit, project.log()[1].commit)
    summary = project.summaries(1)[0]
    assert (summary.number, summary.phase, summary.agent) == (1, Phase.EXPERIMENTS, Agent.ML_ENGINEER)
    assert (summary.subject, summary.metric, summary.judge, summary.kept) == ("step 1", "accuracy 0.934", 0.8, True)
    assert (summary.cost, summary.time, summary.command) == (turn.cost, turn.time, turn.command)
    show = plain_git(project, "log", "-1", "--format=%an <%ae> %cn %s%n%(trailers:key=Lab-Score,valueonly)")
    assert show == "ML engineer <ml-engineer@labtop> labtop ml-engineer: step 1\n0.8\n\n"
    assert_sound(project)


def test_a_commit_holds_only_its_own_paths_and_keeps_execute_bits(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=1)
    (project.path / "experiment/main.py").chmod(0o755)
    project.commit_hand_edits(sample_turn(2, agent=Agent.RESEARCHER))
    (project.path / "mine.txt").write_text("not yet")
    project.commit(sample_turn(3), {"experiment/main.py": "print(3)\n"})
    assert plain_git(project, "show", "--format=", "--name-only").split() == [".lab/turn.json", "experiment/main.py"]
    assert os.access(project.path / "experiment/main.py", os.X_OK)
    assert plain_git(project, "status", "--porcelain") == "?? mine.txt\n"


def test_files_folders_and_odd_names_take_each_others_place(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p")
    project.commit(sample_turn(1), {"a": "file", 'q"uo\\te\n.txt': "odd", "ü b.md": "ü"})
    project.commit(sample_turn(2), {"a": None, "a/b": "inside"})
    assert project.read("a/b") == "inside"
    project.commit(sample_turn(3), {"a/b": None, 'q"uo\\te\n.txt': None})
    assert not (project.path / "a").exists()
    assert project.read('q"uo\\te\n.txt', rev="1") == "odd"
    assert_sound(project)


@pytest.mark.parametrize(
    "rel",
    ["../x", "/etc/x", "a/../../x", "a//b", "", ".", ".git/hooks/pre-commit", "a/.GIT/x", ".g\u200cit/x", "git~1/x",
     "link/x", "linked.txt", "a\0b", "plan.md/x", "folder"],
)  # fmt: skip
def test_paths_that_lead_outside_or_through_links_are_refused_before_anything_is_written(
    tmp_path: Path, rel: str
) -> None:
    project = sample_project(tmp_path / "p")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("safe")
    (project.path / "link").symlink_to(outside)
    (project.path / "linked.txt").symlink_to(outside / "file")
    (project.path / "plan.md").write_text("plan")
    (project.path / "folder").mkdir()
    before = tree(project)
    with pytest.raises(ProjectError):
        project.commit(sample_turn(1), {"good.txt": "good", rel: "bad"})
    assert tree(project) == before
    assert [path.name for path in outside.iterdir()] == ["file"]
    assert project.turn_at().turn.number == 0


def test_reading_follows_no_link_and_waits_for_no_pipe(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p")
    (tmp_path / "secret").write_text("secret")
    (project.path / "link").symlink_to(tmp_path / "secret")
    (project.path / "up").symlink_to(tmp_path)
    os.mkfifo(project.path / "pipe")
    assert [project.read(rel) for rel in ("link", "up/secret", "pipe", "absent", "data")] == [""] * 5
    with pytest.raises(ProjectError):
        project.read("../secret")


@pytest.mark.parametrize(
    "subject",
    ["x\n\nLab-Score: 1.0", "x\r\nLab-Turn: 99", "\x1b]0;owned\x07", "\u2028Lab-Turn: 99", "", "y" * 500,
     "a\u202eb\x00c", "\udcff surrogate"],
)  # fmt: skip
def test_no_subject_or_command_can_forge_a_trailer(tmp_path: Path, subject: str) -> None:
    project = sample_project(tmp_path / "p")
    hostile = replace(sample_turn(1), subject=subject, command=subject, score=Score(subject, 0.5, 0.25, kept=False))
    project.commit(hostile, {})
    summary = project.summaries(1)[0]
    assert (summary.number, summary.judge, summary.kept, summary.foreign) == (1, 0.25, False, False)
    first = plain_git(project, "log", "-1", "--format=%s").rstrip("\n")
    assert len(first) <= 120
    assert first.isprintable()
    assert plain_git(project, "log", "-1", "--format=%(trailers:key=Lab-Turn,valueonly,separator=+)") == "1\n"
    assert_sound(project)


@given(st.text(), st.text(), st.floats(allow_nan=False), st.text())
def test_any_turn_s_message_reads_back(subject: str, command: str, value: float, metric: str) -> None:
    score = Score(metric, value, 0.5, kept=True)
    turn = replace(sample_turn(7), subject=subject, command=command, score=score)
    text = message(turn)
    record = "\x1f".join(["0" * 40, "1" * 40, "2026-01-01T00:00:00+00:00", text]).encode("utf-8", "replace")
    (summary,) = summaries_from(record + b"\0")
    assert not summary.foreign
    assert (summary.number, summary.cost, summary.kept) == (7, turn.cost, True)
    assert summary.command == one_line(command)


def test_the_log_of_300_turns_takes_as_many_processes_as_that_of_3(tmp_path: Path) -> None:
    from benchmarks.history import lengthened

    counts = []
    for length in (3, 300):
        project = lengthened(tmp_path / str(length), length)
        before = project.git.processes
        turns = project.log()
        counts.append(project.git.processes - before)
        assert [logged.turn.number for logged in turns] == list(range(length, -1, -1))
        assert [logged.turn.number for logged in project.log(2, skip=1)] == [length - 1, length - 2]
    assert counts[0] == counts[1] <= 3


def test_ignored_and_huge_files_are_written_and_stay_out_of_the_history(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p")
    project.commit(sample_turn(1), {"report/report.pdf": b"%PDF", "model.bin": bytes(11 * 2**20), "plan.md": "p"})
    assert project.read_bytes("report/report.pdf") == b"%PDF"
    assert (project.path / "model.bin").stat().st_size == 11 * 2**20
    assert [left.path for left in project.left_out] == ["model.bin"]
    names = plain_git(project, "ls-files")
    assert "plan.md" in names
    assert "model.bin" not in names
    assert "report.pdf" not in names
    assert project.hand_edits() is None
    assert [left.path for left in project.left_out] == ["model.bin"]


def test_a_person_s_edits_are_shown_and_become_a_turn_of_theirs(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=3)
    assert project.hand_edits() is None
    (project.path / "experiment/main.py").write_text("print('mine')\n")
    (project.path / "notes/all.md").write_text("be brief\n")
    (project.path / "results/metrics.json").unlink()
    (project.path / "current").symlink_to("experiment")
    edits = project.hand_edits()
    assert edits is not None
    assert set(edits.paths) == {"experiment/main.py", "notes/all.md", "results/metrics.json", "current"}
    assert "+print('mine')\n" in edits.diff
    assert "+be brief\n" in edits.diff
    assert '-{"value": 3}\n' in edits.diff
    project.commit_hand_edits(sample_turn(4, agent=Agent.RESEARCHER))
    assert project.turn_at().turn.agent is Agent.RESEARCHER
    assert plain_git(project, "ls-tree", "HEAD", "current").startswith("120000")
    assert_sound(project)


def test_a_long_diff_of_hand_edits_is_cut_and_says_so(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p")
    for number in range(9):
        (project.path / f"{number}.txt").write_text(f"line of file {number}\n" * 400)
    edits = project.hand_edits()
    assert edits is not None
    assert len(edits.diff) < 21_000
    assert "9 files changed in all" in edits.diff


def test_a_turn_never_overwrites_what_was_edited_meanwhile(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=1)
    (project.path / "experiment/main.py").write_text("print('mine')\n")
    with pytest.raises(EditedMeanwhile, match="somebody edited experiment"):
        project.commit(sample_turn(2), {"plan.md": "plan", "experiment/main.py": "print('theirs')\n"})
    assert project.read("experiment/main.py") == "print('mine')\n"
    assert project.read("plan.md") == ""
    project.commit(sample_turn(2), {"experiment/main.py": "print('mine')\n"})
    assert_sound(project)


def test_repositories_planted_in_the_tree_do_not_stop_commits(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=1)
    for name in ("experiment", "out", "results/deep"):
        subprocess.run(["git", "init", "-q", str(project.path / name)], check=True)
    (project.path / "out/a.txt").write_text("a")
    (project.path / "mine.txt").write_text("mine")
    project.commit(sample_turn(2), sample_changes(2))
    edits = project.hand_edits()
    assert edits is not None
    assert edits.paths == ("mine.txt",)
    assert {left.path: left.reason for left in edits.left_out} == {
        "out": "it is a git repository of its own",
        "results/deep": "it is a git repository of its own",
    }
    project.commit_hand_edits(sample_turn(3))
    assert "mine.txt" in plain_git(project, "ls-files")
    assert plain_git(project, "fsck", "--strict") == ""


def test_a_failing_git_takes_the_files_back(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=2)
    before, head = tree(project), project.head
    (project.path / ".git/refs/heads/main.lock").touch()
    with pytest.raises(GitFailed):
        project.commit(sample_turn(3), sample_changes(3))
    assert (tree(project), project.head) == (before, head)
    (project.path / ".git/refs/heads/main.lock").unlink()
    project.commit(sample_turn(3), sample_changes(3))
    assert_sound(project)


def test_commits_made_with_git_itself_are_listed_as_the_person_s(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=2)
    (project.path / "mine.txt").write_text("mine")
    plain_git(project, "add", "mine.txt")
    plain_git(project, "commit", "-q", "-m", "my own commit")
    project.commit(sample_turn(3), sample_changes(3))
    logged = project.log(2)[1].turn
    assert (logged.agent, logged.subject, logged.number) == (Agent.RESEARCHER, "my own commit", 2)
    assert [summary.foreign for summary in project.summaries(3)] == [False, True, False]
    assert_sound(project)


def test_a_detached_head_is_explained(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=2)
    plain_git(project, "checkout", "-q", "--detach")
    with pytest.raises(HistoryError, match="not on a branch"):
        project.commit(sample_turn(3), sample_changes(3))


def test_a_record_that_is_no_turn_does_not_break_the_log(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=1)
    for text in ("[]", "{", '{"number": 1}', "[" * 100_000):
        (project.path / ".lab/turn.json").write_text(text)
        plain_git(project, "commit", "-qam", "broken record")
    assert [logged.turn.agent for logged in project.log(4)] == [Agent.RESEARCHER] * 4
    assert isinstance(project.log()[4].turn, Turn)


def test_importing_the_workspace_imports_no_git(tmp_path: Path) -> None:
    code = "import sys, core.workspace.project, core.workspace.watch; print({'git', 'watchdog'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_variables_of_a_surrounding_git_do_not_misdirect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = sample_project(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git/index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other.path / ".git/objects"))
    project = sample_project(tmp_path / "p", turns=1)
    monkeypatch.undo()
    assert_sound(project)
    assert_sound(other)
    assert len(other.log()) == 1
