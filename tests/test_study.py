"""Whole studies by the built-in researcher: from a question to a compiled report, on different data and seeds."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from core.briefing import metrics_of
from core.create import create_project
from core.events import State, StateChanged
from core.headless import DONE
from core.headless import run as run_headless
from core.latex.sections import SECTIONS, section_text
from core.literature.references import cited_keys, unresolved
from core.models.builtin.numbers import unsupported
from core.progress import read_progress
from core.record import Agent, Phase
from core.status import status
from core.workspace.project import Project
from tests.scripted import events_of


def quick(project: Project) -> Project:
    """The same project with short searches, so that a test does not take minutes."""
    lab = project.path / "lab.toml"
    text = lab.read_text()
    for name, usual, few in (("solver_steps", 6, 1), ("report_steps", 3, 1), ("rounds", 2, 1)):
        assert f"\n{name} = {usual}" in text
        text = text.replace(f"\n{name} = {usual}", f"\n{name} = {few}")
    lab.write_text(text)
    return project


def messy_table(path: Path) -> Path:
    """Houses with a price: missing cells, categories, an id, a constant column, one rare category."""
    chance = random.Random(3)
    rows = ["id,area,rooms,town,heating,country,price"]
    for number in range(160):
        area, rooms = chance.uniform(40, 200), chance.randint(1, 6)
        town = chance.choice(["Ulm", "Bonn", "Kiel"]) if number else "Rare"
        heating = chance.choice(["gas", "oil", ""])
        price = 1500 * area + 9000 * rooms + (40000 if town == "Bonn" else 0) + chance.gauss(0, 15000)
        shown = "" if chance.random() < 0.08 else f"{area:.1f}"
        rows.append(f"{number},{shown},{rooms},{town},{heating},DE,{price:.0f}")
    path.write_text("\n".join(rows) + "\n")
    return path


async def finished(project: Project) -> Project:
    said: list[str] = []
    assert await run_headless(project, said.append) == DONE, "\n".join(said[-20:])
    return project


def check_report(project: Project) -> None:
    """Every section written, every number measured, every citation read, figure and table there, and a PDF."""
    report, metrics = project.read("report/report.tex"), metrics_of(project)
    assert metrics is not None
    assert all(len(section_text(report, name).split()) > 20 for name in SECTIONS)
    assert cited_keys(report)
    assert unresolved(report, project.read("literature/references.bib")) == []
    assert "\\includegraphics" in report
    assert "\\begin{tabular}" in report
    results = section_text(report, "Results") + section_text(report, "Abstract")
    assert unsupported(results, [metrics], project.read("plan.md")) == []
    assert (project.path / "report/report.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_two_data_sets_and_seeds_give_two_real_and_different_studies(tmp_path: Path) -> None:
    table = messy_table(tmp_path / "houses.csv")
    question = "Do nearest neighbours predict house prices better than ridge regression, over 3 seeds?"
    houses = quick(create_project(tmp_path / "houses", question, data=table, target="price", seed=2))
    await finished(houses)
    check_report(houses)
    told = status(houses)
    assert told["state"] == "finished"
    assert set(told["phases"].values()) == {"done"}
    turns = [logged.turn for logged in houses.log()]
    assert {turn.phase for turn in turns} == set(Phase)
    models = {turn.model for turn in turns if turn.agent not in (Agent.LABTOP, Agent.RESEARCHER)}
    assert models == {"built-in researcher"}
    few = "with 100%, 50% and 25% of it and 3 seeds"
    question = f"Does naive Bayes need more training data than ridge classifiers on wine, {few}?"
    wine = quick(create_project(tmp_path / "wine", question, seed=1))
    await events_of(wine, until=Phase.EXPERIMENTS)
    first, second = metrics_of(wine), metrics_of(houses)
    assert first is not None
    assert second is not None
    assert (first["task"], second["task"]) == ("classification", "regression")
    assert first["factor"] != second["factor"]
    assert read_progress(wine).reviewed != read_progress(houses).reviewed


async def test_the_same_seed_gives_the_same_study_and_another_seed_another(tmp_path: Path) -> None:
    plans = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        project = create_project(tmp_path / name, "Which model family is best on iris?", seed=seed)
        events = await events_of(project, until=Phase.PLAN)
        assert isinstance(events[-1], StateChanged)
        assert events[-1].state is State.STOPPED
        transcript = [logged.turn.reply for logged in project.log()]
        plans.append(json.dumps([project.read("plan.md"), transcript]))
    assert plans[0] == plans[1]
    assert plans[0] != plans[2]
