"""Reads the facts of a project into the Brief that an agent is given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.brief import Brief, Candidate, DataCard, Job, Review, Reviewed
from core.data.cards import bundled_cards, card_from_json
from core.literature.review import paper_path, read_paper
from core.literature.sources import papers_of
from core.progress import Kept
from core.record import Agent, Phase
from core.review.form import parse_review

if TYPE_CHECKING:
    from core.turn import Desk
    from core.workspace.project import Project

NOTES = 4000
"""How many characters of the person's notes for a phase an agent reads, the newest ones."""


def brief_for(desk: Desk, agent: Agent, job: Job = Job.TALK, **facts: Any) -> Brief:
    """The Brief for an agent in the phase at hand; `facts` are what only the phase's step knows."""
    project, progress, phase = desk.project, desk.progress, desk.progress.phase
    base = Brief(
        agent=agent,
        phase=phase,
        job=job,
        question=desk.settings.question,
        seed=desk.settings.seed,
        language=desk.settings.language,
        notes=_notes(desk),
        changes=progress.changes,
        history=progress.history,
        feedback=progress.feedback,
        step=progress.phase_turns + 1,
        round=progress.round,
        reason=progress.round_reason,
        passages=desk.passages,
        papers_wanted=desk.settings.papers,
        found=papers_of(project, progress.found),
        review=review_of(project, progress.reviewed),
        data=data_card(project),
        datasets=bundled_cards() if phase in (Phase.PLAN, Phase.DATA) else (),
        plan=project.read("plan.md"),
        prepare=project.read("data/prepare.py"),
        prepared=project.read("data/README.md"),
        metrics=metrics_of(project),
        figures=figures_of(project),
        output=project.read("results/output.txt"),
        program=project.read("experiment/main.py"),
        limit_seconds=desk.settings.limits.seconds,
        interpretation=project.read("interpretation.md"),
        report=project.read("report/report.tex"),
        reviews=reviews_of(project, progress.round - 1),
    )
    return replace(base, **facts)


def review_of(project: Project, ids: tuple[str, ...]) -> tuple[Reviewed, ...]:
    """The papers in the review, in order; one whose file the person removed is no longer there."""
    return tuple(entry for id_ in ids if (entry := read_paper(project.read(paper_path(id_)))))


def data_card(project: Project) -> DataCard | None:
    """What is known of the project's data set, if it has one yet."""
    text = project.read("data/card.json")
    return card_from_json(text) if text else None


def metrics_of(project: Project) -> Mapping[str, Any] | None:
    """`results/metrics.json` of the best program, as the engine checked it when it was written."""
    text = project.read("results/metrics.json")
    try:
        content = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def figures_of(project: Project) -> tuple[str, ...]:
    """The figures of the best program, as paths relative to the project."""
    return tuple(sorted(f"figures/{path.name}" for path in (project.path / "figures").glob("*.pdf")))


def reviews_of(project: Project, round_: int) -> tuple[Review, ...]:
    """The reviews that a round has ended with; none for round 0."""
    folder = f"reviews/round-{round_}"
    names = sorted(path.name for path in (project.path / folder).glob("*.json"))
    forms = (parse_review(project.read(f"{folder}/{name}"), name.removesuffix(".json")) for name in names)
    return tuple(form for form in forms if isinstance(form, Review))


def candidate_of(project: Project, kept: Kept | None, suffix: str) -> Candidate | None:
    """A kept candidate with its text."""
    if kept is None:
        return None
    text = project.read(candidate_path(kept.turn, suffix))
    return Candidate(kept.turn, text, kept.judge, kept.metrics, kept.reflection, command=kept.command)


def candidate_path(turn: int, suffix: str) -> str:
    """Where the text of a solver's kept or pending candidate lies."""
    return f".lab/candidates/{turn}{suffix}"


def _notes(desk: Desk) -> tuple[str, ...]:
    """The person's notes for all phases and for this one."""
    names = ("all", desk.progress.phase.value)
    text = "\n".join(desk.project.read(f"notes/{name}.md") for name in names)[-NOTES:]
    return tuple(line.strip(" -*") for line in text.splitlines() if line.strip() and not line.startswith("#"))
