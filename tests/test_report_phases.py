"""Report writing and refinement through the engine, with a scripted model; defects of the original as regressions."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.brief import Brief, Job, Reviewed
from core.commands import Edit, Finish, GoBack, Judgement, Replace, ReviewForm
from core.events import ReportCompiled, State, StateChanged, TurnCommitted
from core.latex.sections import SECTIONS, empty_sections, section_text
from core.literature.library import bundled
from core.literature.review import paper_path, paper_text
from core.parsing import write
from core.progress import STATE, Progress, read_progress
from core.record import Agent, Phase, Status, Turn
from core.workspace.project import Project
from tests.scripted import ScriptedModel, events_of, like, new_project
from tests.served import set_in

FORM = {
    "summary": "A study.",
    "strengths": ["Sound."],
    "weaknesses": ["Few seeds."],
    "originality": 2,
    "quality": 3,
    "clarity": 3,
    "significance": 2,
    "questions": ["Why?"],
    "limitations": ["One set."],
    "ethical_concerns": False,
    "soundness": 3,
    "presentation": 3,
    "contribution": 2,
    "overall": 5,
    "confidence": 4,
    "decision": "Reject",
}
REPORT = "\\documentclass{article}\\begin{document}\nAn old report.\n\\end{document}\n"


def project_at(folder: Path, phase: Phase, files: dict[str, str | bytes | None], **settings: object) -> Project:
    """A project whose earlier phases are done, with one paper in its review."""
    project = new_project(folder, **settings)
    paper = bundled().get("breiman2001random")
    assert paper is not None
    done = dict.fromkeys(list(Phase)[: phase.number - 1], "done")
    progress = Progress(phase=phase, turn=1, done=done, reviewed=(paper.id,))
    turn = Turn(1, phase, Agent.LABTOP, "", "", "set up", "", Status.OK, "")
    review: dict[str, str | bytes | None] = {
        paper_path(paper.id): paper_text(Reviewed(paper, "Forests average trees.")),
        "literature/references.bib": bundled().bibtex([paper.id]),
    }
    project.commit(turn, {STATE: progress.to_json(), "plan.md": "# Plan\n", **review, **files})
    return project


def author(brief: Brief) -> str:
    """A writer whose sections compile and whose improvements the professor likes less and less."""
    match brief.job:
        case Job.FIRST:
            return write(Replace("On Forests & Noise"))
        case Job.SECTION:
            return write(Replace(f"The text of {brief.section}, after \\citet{{breiman2001random}}."))
        case Job.JUDGE:
            return write(Judgement(0.5 if "Improved" not in brief.report else 0.4, "More numbers."))
        case Job.REPAIR:
            number = next(n for n, line in enumerate(brief.report.splitlines(), 1) if "nonsense" in line)
            return write(Edit(number, number, "The mended text."))
        case _:
            return write(Edit(2, 1, "% Improved"))


async def drafted(folder: Path) -> Project:
    """A project whose report has all its sections and waits to be improved."""

    async def make(at: Path) -> None:
        events = await events_of(project_at(at, Phase.REPORT, {}), ScriptedModel(author), turns=len(SECTIONS) + 1)
        _drafting.extend(events)

    return await like(folder, "drafted", make)


_drafting: list[object] = []
"""What was said while the draft was written."""


def turns_in(events: list[object]) -> list[Turn]:
    return [event.turn for event in events if isinstance(event, TurnCommitted)]


async def test_a_report_grows_section_by_section_and_ends_when_its_review_stops_rising(tmp_path: Path) -> None:
    project = await drafted(tmp_path / "p")
    events = [*_drafting, *await events_of(project, ScriptedModel(author), until=Phase.REPORT)]
    report = project.read("report/report.tex")
    assert empty_sections(report) == []
    assert all(name in section_text(report, name) for name in SECTIONS)
    assert "Improved" not in report, "an improvement that the professor likes less is not kept"
    assert read_progress(project).reports.steps == 2, "two steps without a gain are enough"
    assert read_progress(project).phase is Phase.REFINEMENT
    assert (project.path / "report/report.pdf").read_bytes().startswith(b"%PDF")
    compiled = [event for event in events if isinstance(event, ReportCompiled)]
    assert "On Forests & Noise" in compiled[0].pages[0]
    assert "Breiman" in "".join(compiled[-1].pages)


@pytest.mark.parametrize("edit", ["\\undefinedcommand", ""], ids=["breaks", "says nothing"])
async def test_a_report_is_done_though_no_edit_of_its_writer_works(tmp_path: Path, edit: str) -> None:
    project = await drafted(tmp_path / "p")
    set_in(project.path, report_steps=1)
    numbers = itertools.count()

    def clumsy(brief: Brief) -> str:
        if brief.job not in (Job.IMPROVE, Job.REPAIR):
            return author(brief)
        last = len(brief.report.splitlines()) - 1
        return write(Edit(last, last - 1, f"{edit} {next(numbers)}\n")) if edit else f"Perhaps {next(numbers)}."

    events = await events_of(project, ScriptedModel(clumsy), until=Phase.REPORT)
    assert read_progress(project).phase is Phase.REFINEMENT, events[-1]
    assert "undefinedcommand" not in project.read("report/report.tex")
    assert next(numbers) <= 4, "one step: a proposal and three repairs"


@pytest.mark.parametrize(
    ("sent", "title"),
    [
        ("On Forests & Noise.\n", r"On Forests \& Noise"),
        ("\\title{On Forests}", "On Forests"),
        ("# On Forests", "On Forests"),
        ("Forests are compared with lines. " + "Much more is said. " * 20, "Forests are compared with lines"),
    ],
)
async def test_the_title_is_one_line_without_marks(tmp_path: Path, sent: str, title: str) -> None:
    project = project_at(tmp_path / "p", Phase.REPORT, {})
    await events_of(project, ScriptedModel(lambda _: write(Replace(sent))), turns=1)
    assert f"\\bfseries {title}}}" in project.read("report/report.tex")


async def test_a_section_that_does_not_compile_is_repaired_before_the_next(tmp_path: Path) -> None:
    project = project_at(tmp_path / "p", Phase.REPORT, {})

    def clumsy(brief: Brief) -> str:
        if (
            brief.job is Job.SECTION
            and brief.section == "Abstract"
            and not brief.history[-1].command.startswith("EDIT")
        ):
            return write(Replace("Here stands a \\nonsense command, which no LaTeX knows."))
        return author(brief)

    model = ScriptedModel(clumsy)
    turns = turns_in(await events_of(project, model, turns=4))
    assert [turn.status for turn in turns] == [Status.OK, Status.FAILED, Status.OK, Status.OK]
    assert [turn.command for turn in turns[:2]] == ["REPLACE", "REPLACE Abstract"]
    assert "nonsense" in turns[1].outcome
    assert section_text(project.read("report/report.tex"), "Abstract") == "The mended text."
    assert "\\nonsense" in model.requests[2].user, "the writer sees the error with its line"


async def test_an_empty_section_and_a_citation_out_of_nowhere_are_refused(tmp_path: Path) -> None:
    project = project_at(tmp_path / "p", Phase.REPORT, {})
    bodies = iter(["% nothing", "As \\citet{invented2030paper} showed."])

    def hollow(brief: Brief) -> str:
        return write(Replace(next(bodies))) if brief.job is Job.SECTION else author(brief)

    turns = turns_in(await events_of(project, ScriptedModel(hollow), turns=3))
    assert [turn.status for turn in turns] == [Status.OK, Status.MALFORMED, Status.FAILED]
    assert "empty" in turns[1].outcome
    assert "invented2030paper" in turns[2].outcome
    assert "Abstract" in empty_sections(project.read("report/report.tex"))


async def test_a_figure_that_is_not_there_is_named_once_and_then_taken_out(tmp_path: Path) -> None:
    project = project_at(tmp_path / "p", Phase.REPORT, {})
    figure = "\\begin{figure}\n\\includegraphics{figures/none.png}\n\\end{figure}"

    def stubborn(brief: Brief) -> str:
        if brief.job is Job.SECTION:
            return write(Replace(f"Forests average their trees over {brief.section}.\n{figure}"))
        if brief.job is Job.REPAIR:
            number = next(n for n, line in enumerate(brief.report.splitlines(), 1) if "includegraphics" in line)
            return write(Edit(number, number, "\\includegraphics{figures/none.png}\n\\centering"))
        return author(brief)

    model = ScriptedModel(stubborn)
    turns = turns_in(await events_of(project, model, turns=3))
    assert [turn.status for turn in turns] == [Status.OK, Status.FAILED, Status.OK]
    assert "There is no figure figures/none.png" in turns[1].outcome
    assert "was taken out" in turns[2].outcome
    assert "includegraphics" not in section_text(project.read("report/report.tex"), "Abstract")
    assert "There are no figures" in model.requests[1].user


async def test_plain_text_does_not_get_into_the_preamble(tmp_path: Path) -> None:
    project = await drafted(tmp_path / "p")
    model = ScriptedModel(lambda _: write(Edit(11, 11, "More detail is wanted.")))
    turns = turns_in(await events_of(project, model, turns=1))
    assert (turns[-1].command, turns[-1].status) == ("", Status.MALFORMED)
    assert "are the preamble" in turns[-1].outcome


async def test_the_judge_reads_the_very_text_it_judges(tmp_path: Path) -> None:
    project = await drafted(tmp_path / "p")
    model = ScriptedModel(author)
    await events_of(project, model, until=Phase.REPORT)
    judging = [request for request in model.requests if request.brief.job is Job.JUDGE]
    assert judging
    assert all("The text of Discussion" in request.user for request in judging)


async def test_no_prompt_is_sent_twice(tmp_path: Path) -> None:
    project = project_at(tmp_path / "p", Phase.REPORT, {})
    model = ScriptedModel(lambda brief: author(brief) if brief.job is not Job.SECTION else "no command")
    await events_of(project, model, turns=4)
    prompts = [request.system + request.user for request in model.requests]
    assert len(set(prompts)) == len(prompts) == 4


async def test_three_reviewers_fill_the_form_and_the_student_finishes(tmp_path: Path) -> None:
    project = project_at(tmp_path / "p", Phase.REFINEMENT, {"report/report.tex": REPORT})

    def reviewer(brief: Brief) -> str:
        return write(Finish("Good enough.") if brief.reviews else ReviewForm(json.dumps(FORM)))

    model = ScriptedModel(reviewer)
    events = await events_of(project, model)
    assert [turn.agent for turn in turns_in(events)][:3] == [Agent.REVIEWER_1, Agent.REVIEWER_2, Agent.REVIEWER_3]
    assert len({request.brief.persona for request in model.requests[:3]}) == 3
    assert len(model.requests[-1].brief.reviews) == 3
    assert events[-1] == StateChanged(State.FINISHED, "the report is done")


async def test_a_review_out_of_range_does_not_count(tmp_path: Path) -> None:
    project = project_at(tmp_path / "p", Phase.REFINEMENT, {"report/report.tex": REPORT})
    model = ScriptedModel(lambda _: write(ReviewForm(json.dumps({**FORM, "overall": 11}))))
    (turn,) = turns_in(await events_of(project, model, turns=1))
    assert turn.status is Status.MALFORMED
    assert "overall" in turn.outcome
    assert not (project.path / "reviews").exists()


async def test_going_back_really_goes_back_with_the_reason_and_only_as_often_as_allowed(tmp_path: Path) -> None:
    project = project_at(tmp_path / "p", Phase.REFINEMENT, {"report/report.tex": REPORT})

    def reviewer(brief: Brief) -> str:
        if brief.phase is Phase.EXPERIMENTS:
            return "thinking"
        back = GoBack(Phase.EXPERIMENTS, "Too few seeds: use ten.")
        return write(back if brief.reviews else ReviewForm(json.dumps(FORM)))

    model = ScriptedModel(reviewer)
    await events_of(project, model, turns=5)
    progress = read_progress(project)
    assert (progress.phase, progress.round) == (Phase.EXPERIMENTS, 2)
    assert "Too few seeds: use ten." in model.requests[-1].user
    assert model.requests[-1].brief.max_steps == project.settings().solver_steps // 2
    assert project.read("report/report.tex") == "", "a report on results that change is begun anew"
    last = replace(progress, phase=Phase.REFINEMENT, turn=progress.turn + 1)
    turn = Turn(last.turn, Phase.REFINEMENT, Agent.LABTOP, "", "", "set up", "", Status.OK, "")
    project.commit(turn, {STATE: last.to_json(), "report/report.tex": REPORT})
    turns = turns_in(await events_of(project, model, turns=4))
    assert turns[-1].status is Status.MALFORMED, "round 2 of 2 can only finish"
    assert read_progress(project).phase is Phase.REFINEMENT
