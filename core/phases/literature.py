"""Literature review: the PhD student searches, reads, and adds papers until the review holds enough of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from core.brief import Job, Paper, Reviewed
from core.briefing import brief_for, review_of
from core.commands import AddPaper, FullText, Summary
from core.literature.review import paper_path, paper_text, review_text
from core.record import Agent, Status
from core.turn import Answer, Desk, Draft

ALLOWED = (Summary, FullText, AddPaper)
HITS = 20
"""Papers that one search answers with (section 3.1)."""


async def step(desk: Desk) -> Draft:
    """One turn of the review."""
    wanted = desk.settings.papers
    brief = brief_for(desk, Agent.PHD_STUDENT, Job.TALK, step=len(desk.progress.reviewed) + 1, max_steps=max(wanted, 1))
    answer = await desk.ask(brief, ALLOWED, task="reads the literature")
    match answer.command:
        case Summary(query):
            return await _search(desk, answer, query)
        case FullText(paper):
            return _read(desk, answer, paper)
        case AddPaper(paper, summary):
            return _add(desk, answer, paper, summary)
        case _:
            return desk.rejected(answer)


async def _search(desk: Desk, answer: Answer, query: str) -> Draft:
    progress = desk.progress
    asked = " ".join(query.lower().split())
    if asked in progress.queries:
        outcome = (
            f"You have already searched for “{query}”; the papers it found are in the context above. "
            "Use different words, read one with FULL_TEXT, or take one in with ADD_PAPER."
        )
        return desk.draft(answer, f"searched for “{query}” again", Status.FAILED, outcome, progress)
    papers = await asyncio.to_thread(desk.library.search, query, HITS)
    outcome = (
        "\n\n".join(_listed(paper) for paper in papers)
        if papers
        else "Nothing was found. Try fewer or more general words."
    )
    new = tuple(paper.id for paper in papers)
    found = (*(id_ for id_ in progress.found if id_ not in new), *new)[-3 * HITS :]
    progress = replace(progress, found=found, queries=(*progress.queries, asked))
    subject = f"SUMMARY “{query}”, {len(papers)} papers"
    return desk.draft(answer, subject, Status.OK if papers else Status.FAILED, outcome, progress)


def _read(desk: Desk, answer: Answer, paper_id: str) -> Draft:
    paper = desk.library.get(paper_id)
    if paper is None:
        return _unknown(desk, answer, paper_id)
    outcome = (
        f"{_listed(paper)}\n\nThe full text is not in the bundled library; this summary is all that can be read here."
    )
    return desk.draft(answer, f"FULL_TEXT {paper.id}", Status.OK, outcome)


def _add(desk: Desk, answer: Answer, paper_id: str, summary: str) -> Draft:
    progress, paper = desk.progress, desk.library.get(paper_id)
    if paper is None:
        return _unknown(desk, answer, paper_id)
    if paper.id in progress.reviewed:
        outcome = f"{paper.id} is already in the review. Add another paper, or search for one."
        return desk.draft(answer, f"ADD_PAPER {paper.id} again", Status.FAILED, outcome, progress)
    reviewed = (*review_of(desk.project, progress.reviewed), Reviewed(paper, summary))
    ids = tuple(entry.paper.id for entry in reviewed)
    changes = {
        paper_path(paper.id): paper_text(reviewed[-1]),
        "literature/review.md": review_text(desk.settings.question, reviewed),
        "literature/references.bib": desk.library.bibtex(ids),
    }
    wanted = desk.settings.papers
    outcome = f"{paper.id} is in the review, which now holds {len(ids)} of {wanted} papers."
    draft = desk.draft(
        answer, f"ADD_PAPER {paper.id} ({len(ids)}/{wanted})", Status.OK, outcome, replace(progress, reviewed=ids)
    )
    return replace(draft, changes=changes, finished=f"{len(ids)} papers" if len(ids) >= wanted else "")


def _unknown(desk: Desk, answer: Answer, paper_id: str) -> Draft:
    outcome = f"There is no paper with the id “{paper_id}”. Use an id exactly as a search has listed it."
    return desk.draft(answer, f"{answer.label}: no such paper", Status.FAILED, outcome)


def _listed(paper: Paper) -> str:
    who = ", ".join(paper.authors[:3]) + (" and others" if len(paper.authors) > 3 else "")
    return f"{paper.id}: {paper.title} ({who}, {paper.year})\n{paper.abstract}"
