from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import HistoryError, ProjectError
from core.findings import find, finding_text, offered, take
from core.latex.paragraphs import paragraphs
from core.lines import branch_beside
from core.progress import read_progress
from core.record import Agent, Phase
from core.replay import replay
from core.workspace.files import blob_sha
from core.workspace.project import Project
from tests.inquiry_stage import experiment, measured, program, studied, turn, write_section
from tests.workspace_sample import assert_sound, tree


def other_line(project: Project, rev: str = "4") -> Project:
    """A line beside that parted at turn 4 and measured 0.95 in turn 5."""
    copy = branch_beside(project, "what-if", rev, project.path.with_name("q"))[0]
    experiment(copy, 5, 0.95)
    return copy


def test_a_finding_comes_with_its_program_and_the_commit_that_measured_its_numbers(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    project.rollback(4)
    copy = other_line(project)
    commit = copy.head
    words = take(project, "what-if")
    made = project.turn_at().turn
    assert (made.agent, made.number, made.phase) == (Agent.RESEARCHER, 5, Phase.EXPERIMENTS)
    assert made.subject.startswith("took the finding what-if-5: changed experiment/main.py")
    assert project.read("experiment/main.py") == program(0.95)
    told = json.loads(project.read("findings/what-if-5.json"))
    assert told["origin"]["commit"] == commit
    assert told["origin"]["turn"] == 5
    assert told["origin"]["program"] == blob_sha(program(0.95).encode())
    assert told["metrics"]["value"] == 0.95
    assert f"commit {commit}: accuracy 0.95 ± 0.01 (3 seeds)" in words
    assert_sound(project)


def test_numbers_of_another_line_are_never_taken_for_this_lines_own(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    other_line(project)
    before = project.read("results/metrics.json")
    words = take(project, "what-if", ["results"])
    assert project.read("results/metrics.json") == before
    assert project.read("experiment/main.py") == program(0.934)
    assert "! missing: a measurement of it here: experiment/main.py of this line is another one" in words
    assert "not one of this line" in project.read("notes/results-interpretation.md")
    assert read_progress(project).programs.best == read_progress(Project.open(project.path)).programs.best


def test_what_both_lines_changed_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    other_line(project)
    before, head = tree(project), project.head
    assert find(project, "what-if").conflicts == ("experiment/main.py",)
    with pytest.raises(HistoryError, match=r"Both lines changed experiment/main\.py"):
        take(project, "what-if")
    assert (tree(project), project.head) == (before, head)
    assert "! both changed experiment/main.py" in take(project, "what-if", over=True)
    assert project.read("experiment/main.py") == program(0.95)
    project.rollback(8)
    assert tree(project) == before


def test_a_paragraph_goes_into_the_report_with_its_origin(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    copy = branch_beside(project, "what-if", "HEAD", tmp_path / "q")[0]
    write_section(copy, 9, "Discussion", r"As \cite{smith2020} found. \includegraphics{figures/other.pdf}")
    (copy.path / "figures/other.pdf").write_bytes(b"%PDF")
    copy.commit(turn(10, Phase.REPORT, Agent.PROFESSOR, "EDIT"), {"figures/other.pdf": b"%PDF"})
    words = take(project, "what-if", ["section discussion"])
    report = project.read("report/report.tex")
    assert f"% taken from line what-if, commit {copy.head}" in report
    assert "The forest reaches 0.934." in report
    assert "! missing: the paper smith2020" in words
    assert "! missing: the figure figures/other.pdf" in words
    assert read_progress(project).phase is Phase.REPORT


def test_a_paragraph_that_both_wrote_is_a_conflict(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    copy = branch_beside(project, "what-if", "6", tmp_path / "q")[0]
    write_section(copy, 7, "Results", "Theirs.")
    assert find(project, "what-if", ["section Results"]).conflicts == ("the section Results of the report",)


def test_a_paragraph_waits_beside_where_the_report_is_begun_anew(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    copy = branch_beside(project, "what-if", "HEAD", tmp_path / "q")[0]
    experiment(copy, 9, 0.96)
    write_section(copy, 10, "Results", "The forest reaches 0.96.")
    take(project, "what-if")
    assert "The forest reaches 0.96." in project.read("findings/what-if-9-Results.tex")
    assert "The forest reaches 0.96." in project.read("notes/report-writing.md")
    assert (read_progress(project).phase, project.read("report/report.tex")) == (Phase.EXPERIMENTS, "")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    project.branch("empty", 1)
    project.switch("main")
    for parts, reason in [
        ([], "no program, results or report"),
        (["program"], "no program yet"),
        (["results"], "no numbers to take: nothing measured"),
        (["section Methods"], "no text in Methods"),
        (["Results"], "no part"),
        (["section Nonsense"], "no part"),
    ]:
        with pytest.raises(HistoryError, match=reason):
            find(project, "empty", parts)
    with pytest.raises(HistoryError, match="no line"):
        find(project, "nowhere")


def test_a_measurement_that_cannot_be_believed_is_not_taken(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    project.branch("lie", 4)
    made = turn(5, Phase.EXPERIMENTS, Agent.ML_ENGINEER, "EDIT")
    project.commit(made, {"results/metrics.json": measured(7.0), "experiment/main.py": "lie()\n"})
    project.switch("main")
    with pytest.raises(HistoryError, match="not between 0 and 1"):
        find(project, "lie", ["results"])
    assert "! missing: a measurement" in finding_text(find(project, "lie", ["program"]))


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    other_line(project)
    (tmp_path / "outside").mkdir()
    (project.path / "findings").symlink_to(tmp_path / "outside")
    with pytest.raises(ProjectError):
        take(project, "what-if", ["results"])
    assert list((tmp_path / "outside").iterdir()) == []


def test_taking_the_same_twice_says_that_it_is_here(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    copy = other_line(project)
    take(project, "what-if", ["results"])
    before, head = tree(project), project.head
    with pytest.raises(HistoryError, match="stands here already"):
        take(project, "what-if", ["results"])
    assert (tree(project), project.head) == (before, head)
    assert copy.head == copy.turn_at("5").commit


async def test_a_turn_that_took_a_finding_is_replayed_like_any_change_by_hand(tmp_path: Path) -> None:
    project = studied(tmp_path / "p")
    project.rollback(0)
    copy = branch_beside(project, "what-if", "HEAD", tmp_path / "q")[0]
    experiment(copy, 1, 0.95)
    take(project, "what-if")
    told = [one async for one in replay(project)]
    assert [(one.turn.turn.number, one.same, one.why) for one in told] == [(1, True, "")]


PARAGRAPHS = (
    "The forest reaches 0.934.",
    "It loses 12.5\\,\\% of that at 40 \\% noise.",
    "\\begin{table}\na & b\n\nc & d\n\\end{table}",
)


def reported(tmp_path: Path) -> tuple[Project, Project]:
    """A project and a line beside, both with three paragraphs of results; the second is another one there."""
    project = studied(tmp_path / "p")
    write_section(project, 9, "Results", "\n\n".join(PARAGRAPHS))
    copy = branch_beside(project, "what-if", "HEAD", tmp_path / "q")[0]
    experiment(copy, 10, 0.951)
    theirs = ("The boosted trees reach 0.951, the forest 0.934.", "Only there is 77.7 named.")
    write_section(copy, 11, "Results", "\n\n".join((PARAGRAPHS[0], theirs[0], PARAGRAPHS[2], theirs[1])))
    return project, copy


def test_one_paragraph_comes_with_its_numbers_and_the_commits_that_measured_them(tmp_path: Path) -> None:
    project, copy = reported(tmp_path)
    words = take(project, "what-if", ["section results 2"])
    report = project.read("report/report.tex")
    results = report.partition("% labtop: section Results")[2].partition("% labtop: end Results")[0]
    commit, earlier = copy.turn_at("10").commit, copy.turn_at("6").commit
    assert "paragraph 2 of the section Results of its report, in the place of the one that both lines had" in words
    assert PARAGRAPHS[1] not in results
    assert f"its numbers: commit {commit}\n% 0.934: turn 6, commit {earlier}\nThe boosted trees" in results
    assert results.index(PARAGRAPHS[0]) < results.index("The boosted trees") < results.index(PARAGRAPHS[2])
    told = json.loads(project.read("findings/what-if-10.json"))
    assert told["origin"]["commit"] == commit
    assert {said: (one["value"], one["turn"], one["commit"]) for said, one in told["numbers"].items()} == {
        "0.951": ("0.951", 10, commit),
        "0.934": ("0.934", 6, earlier),
    }
    assert project.read("experiment/main.py") == program(0.934)
    assert_sound(project)


def test_a_paragraph_that_is_new_there_comes_at_the_end_and_unmeasured_numbers_are_named(tmp_path: Path) -> None:
    project, _ = reported(tmp_path)
    words = take(project, "what-if", ["section Results 4", "section Results 2"])
    assert "paragraph 4 of the section Results of its report, at the end of Results" in words
    assert "! missing: where 77.7 was measured: no result of that line holds it" in words
    assert list(json.loads(project.read("findings/what-if-10.json"))["numbers"]) == ["0.951", "0.934"]
    assert project.read("report/report.tex").count("Only there is 77.7 named.") == 1
    with pytest.raises(HistoryError, match="stands here already"):
        take(project, "what-if", ["section Results 4"])
    with pytest.raises(HistoryError, match="has 4 paragraphs"):
        take(project, "what-if", ["section Results 5"])


def test_what_a_line_has_to_take_is_offered_piece_by_piece(tmp_path: Path) -> None:
    project, copy = reported(tmp_path)
    found = {one.piece.name: (one.words, one.usual) for one in offered(project, "what-if")}
    assert list(found)[:3] == ["program", "results", "section Introduction"]
    assert found["results"][0].endswith(f"by commit {copy.turn_at('10').commit[:12]}")
    assert found["section Results"] == ("4 paragraphs", True)
    assert found["section Results 4"] == ("Only there is 77.7 named.", False)
    assert [name for name, (_, usual) in found.items() if usual] == ["program", "results", "section Results"]
    for name in found:
        assert find(project, "what-if", [name]).taken


def test_paragraphs_are_parted_by_blank_lines_outside_of_environments() -> None:
    text = "% a comment\none\nstill\n\n\n% alone\n\n\\begin{a}\n\n\\begin{b}\n\n\\end{b}\n\\end{a}\nend\n\nlast \\% {\n"
    wanted = ["% a comment\none\nstill", "\\begin{a}\n\n\\begin{b}\n\n\\end{b}\n\\end{a}\nend", "last \\% {"]
    assert paragraphs(text) == wanted
    assert paragraphs("\\begin{a}\n\nnever closed\n\n") == ["\\begin{a}\n\nnever closed"]
    assert paragraphs("") == []
