"""A small study with a report, in a real project: two lines of work can part in it."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from core.brief import Review
from core.latex.sections import scaffold, with_section
from core.progress import STATE, Kept, Search, read_progress
from core.record import Agent, Cost, Phase, Score, Status, Turn
from core.review.form import review_json
from core.settings import settings_text
from core.workspace.project import Project

PLAN = "# Plan\n\n**Are forests hurt more by label noise?** Five seeds, 0 to 40 %.\n"


def measured(value: float, *scores: float) -> str:
    """What a program of the study wrote: the metric, and its value in each seed."""
    return json.dumps({"metric": "accuracy", "value": value, "seeds": len(scores), "values": list(scores)}) + "\n"


def program(value: float) -> str:
    """A program that measures `value`."""
    return f"import json\nVALUE = {value}\njson.dump(VALUE, open('results/metrics.json', 'w'))\n"


def turn(number: int, phase: Phase, agent: Agent, command: str, subject: str = "", **more: object) -> Turn:
    """One turn of the study, a cent and 120 tokens."""
    told = {"status": Status.OK, "outcome": "Done.", "cost": Cost(1, 100, 20, 0.01, 1.5), **more}
    time = f"2026-02-03T10:{number % 60:02}:00+00:00"
    said = f"I go on with {subject or command}."
    return Turn(number, phase, agent, "test model", command, subject or command, said, time=time, **told)  # type: ignore[arg-type]


def add(project: Project, made: Turn, files: dict[str, str | bytes | None]) -> str:
    """Commit a turn with its files and with the progress that follows from it."""
    before = read_progress(project)
    after = replace(before, turn=made.number, phase=made.phase, cost=before.cost + made.cost)
    if made.score and made.score.kept and made.score.metric:
        metrics = json.loads(str(files["results/metrics.json"]))
        best = Kept(made.number, "", made.score.judge, metrics, "", made.command)
        after = replace(after, programs=Search(steps=1, top=(best,)))
    return project.commit(made, {**files, STATE: after.to_json()})


def experiment(project: Project, number: int, value: float, *, kept: bool = True) -> str:
    """A turn that measures `value` over three seeds."""
    score = Score("accuracy", value, round(value - 0.1, 2), kept)
    made = turn(number, Phase.EXPERIMENTS, Agent.ML_ENGINEER, f"EDIT {number}-{number + 1}", score=score)
    files: dict[str, str | bytes | None] = {
        "experiment/main.py": program(value),
        "results/metrics.json": measured(value, value - 0.01, value, value + 0.01),
        "results/output.txt": f"accuracy {value}\n",
        "figures/scores.pdf": f"%PDF {value}\n".encode(),
    }
    return add(project, made, files)


def write_section(project: Project, number: int, name: str, text: str) -> str:
    """A turn that writes one section of the report."""
    report = project.read("report/report.tex") or scaffold("Label noise", "labtop", "2026")
    made = turn(number, Phase.REPORT, Agent.PROFESSOR, "REPLACE", f"section {name}")
    return add(project, made, {"report/report.tex": with_section(report, name, text)})


def studied(folder: Path) -> Project:
    """A study of eight turns: plan, three programs (one failed), and two sections of a report on them."""
    shutil.copytree(_template(), folder, symlinks=True)
    return Project.open(folder)


@cache
def _template() -> Path:
    settings = settings_text("Are forests hurt more by label noise?", name="p")
    project = Project.create(Path(_made.name) / "p", settings, {})
    add(project, turn(1, Phase.PLAN, Agent.POSTDOC, "PLAN"), {"plan.md": PLAN})
    experiment(project, 2, 0.9)
    broken = turn(3, Phase.EXPERIMENTS, Agent.ML_ENGINEER, "EDIT 3-4", "IndexError", status=Status.FAILED)
    add(project, broken, {})
    experiment(project, 4, 0.92, kept=True)
    write_section(project, 5, "Introduction", "Labels are often wrong.")
    experiment(project, 6, 0.934)
    write_section(project, 7, "Results", "The forest reaches 0.934.")
    write_section(project, 8, "Introduction", "Labels are often wrong, and forests feel it.")
    return project.path


_made = tempfile.TemporaryDirectory(prefix="labtop-inquiry-")


def review(project: Project, number: int, overall: int) -> str:
    """A turn that leaves a filled review form."""
    form = Review("reviewer-1", "Sum.", ("s",), ("w",), ("q?",), ("l",), False, *[3] * 7, overall, 4, "Accept")
    made = turn(number, Phase.REFINEMENT, Agent.REVIEWER_1, "REVIEW")
    return add(project, made, {"reviews/round-1/reviewer-1.json": review_json(form)})
