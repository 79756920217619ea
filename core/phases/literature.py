"""Literature review: the PhD student searches, reads, and adds papers until the review holds enough of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.brief import Job, Paper, Reviewed
from core.briefing import brief_for, review_of
from core.commands import AddPaper, FullText, Summary
from core.events import Notice, Waiting
from core.literature.bibtex import merged
from core.literature.hits import FOUND, MOST, Hit, arxiv_number, found_text, named, near, read_found, with_keys
from core.literature.library import bundled
from core.literature.pace import Tell
from core.literature.passages import excerpt, text_file, text_path
from core.literature.review import paper_path, paper_text, review_text
from core.literature.sources import Found, hits_of
from core.record import Agent, Status
from core.turn import Answer, Desk, Draft

ALLOWED = (Summary, FullText, AddPaper)
HITS = 20
"""Papers that one search answers with (section 3.1)."""
BIB = "literature/references.bib"
READ_SHARE = 0.25
"""Share of a prompt's tokens that an excerpt of a full text may take."""


async def step(desk: Desk) -> Draft:
    """One turn of the review."""
    wanted = desk.settings.papers
    brief = brief_for(desk, Agent.PHD_STUDENT, Job.TALK, step=len(desk.progress.reviewed) + 1, max_steps=max(wanted, 1))
    answer = await desk.ask(brief, ALLOWED, task="reads the literature")
    match answer.command:
        case Summary(query):
            return await _search(desk, answer, query)
        case FullText(paper):
            return await _read(desk, answer, paper)
        case AddPaper(paper, summary):
            return await _add(desk, answer, paper, summary)
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

    async def search() -> Any:
        return (await desk.library.search(asked, _teller(desk), HITS)).as_json()

    found = Found.from_json(await desk.once("search", {"query": asked, "limit": HITS}, search))
    for warning in found.warnings:
        desk.emit(Notice("warning", f"Your library: {warning}"))
    hits = await asyncio.to_thread(_under_keys, desk, found.hits)
    papers = [hit.paper for hit in hits]
    listed = [_listed(paper) for paper in papers] or ["Nothing was found. Try fewer or more general words."]
    new = tuple(paper.id for paper in papers)
    ids = (*(id_ for id_ in progress.found if id_ not in new), *new)[-3 * HITS :]
    progress = replace(progress, found=ids, queries=(*progress.queries, asked))
    subject = f"SUMMARY “{query}”, {len(papers)} papers{', not all sources' if found.notes else ''}"
    status = Status.OK if papers else Status.FAILED
    outcome = "\n\n".join((*found.notes, *listed))
    return desk.draft(answer, subject, status, outcome, progress, changes=_remembered(desk, hits))


async def _read(desk: Desk, answer: Answer, asked: str) -> Draft:
    hit, changes = await _meant(desk, asked)
    if hit is None:
        return _unknown(desk, answer, asked)
    key = hit.paper.id

    async def read() -> Any:
        text, source = await desk.library.full_text(hit, _teller(desk))
        return {"source": source, "body": text.body if text else "", "references": text.references if text else ""}

    found = await desk.once("paper", {"id": key, "arxiv": hit.arxiv, "file": hit.file}, read)
    if not found["body"]:
        outcome = f"{_listed(hit.paper)}\n\n{found['source']} This summary is all that can be read here."
        return desk.draft(answer, f"FULL_TEXT {key}: not to be had", Status.OK, outcome, changes=changes)
    about = f"{desk.settings.question}\n{desk.project.read('plan.md')}"
    tokens = int(READ_SHARE * desk.settings.prompt_tokens)
    shown = await asyncio.to_thread(excerpt, found["body"], about, tokens)
    whole = "" if shown == found["body"] else ", the passages that bear on the question"
    outcome = f"{key}: {hit.paper.title}\nFull text from {found['source']}{whole}:\n\n{shown}"
    text = text_file(key, found["source"], found["body"], found["references"])
    changes = {**_remembered(desk, [hit]), text_path(key): text}
    return desk.draft(answer, f"FULL_TEXT {key}", Status.OK, outcome, changes=changes)


async def _add(desk: Desk, answer: Answer, asked: str, summary: str) -> Draft:
    hit, changes = await _meant(desk, asked)
    if hit is None:
        return _unknown(desk, answer, asked)
    progress, paper = desk.progress, hit.paper
    if paper.id in progress.reviewed:
        outcome = f"{paper.id} is already in the review. Add another paper, or search for one."
        return desk.draft(answer, f"ADD_PAPER {paper.id} again", Status.FAILED, outcome, progress)
    reviewed = (*review_of(desk.project, progress.reviewed), Reviewed(paper, summary))
    ids = tuple(entry.paper.id for entry in reviewed)
    gone = set(progress.reviewed) - set(ids)
    changes = {
        **changes,
        paper_path(paper.id): paper_text(reviewed[-1]),
        "literature/review.md": review_text(desk.settings.question, reviewed),
        BIB: await asyncio.to_thread(merged, desk.project.read(BIB), [(paper.id, hit.reference)], gone),
    }
    wanted = desk.settings.papers
    outcome = f"{paper.id} is in the review, which now holds {len(ids)} of {wanted} papers."
    draft = desk.draft(
        answer, f"ADD_PAPER {paper.id} ({len(ids)}/{wanted})", Status.OK, outcome, replace(progress, reviewed=ids)
    )
    return replace(draft, changes=changes, finished=f"{len(ids)} papers" if len(ids) >= wanted else "")


async def _meant(desk: Desk, asked: str) -> tuple[Hit | None, dict[str, str]]:
    """The paper that the agent means and the change that remembers it; an arXiv number may name any paper there is."""
    hits = await asyncio.to_thread(hits_of, desk.project)
    hit, number = named(asked, hits), arxiv_number(asked)
    if hit is None and number:

        async def look_up() -> Any:
            return (await desk.library.by_number(number, _teller(desk))).as_json()

        found = Found.from_json(await desk.once("search", {"number": number}, look_up))
        hit = next(iter(_under_keys(desk, found.hits)), None)
    return hit, _remembered(desk, [hit]) if hit else {}


def _under_keys(desk: Desk, hits: Sequence[Hit]) -> list[Hit]:
    """The hits under the keys that this project knows them by."""
    return with_keys(hits, _of_project(desk), bundled().all_hits())


def _remembered(desk: Desk, hits: Sequence[Hit]) -> dict[str, str]:
    """`found.json` with these papers last: all of the review, all that were read, and the newest of the others."""
    ids = {hit.paper.id for hit in hits}
    known = [*(hit for hit in _of_project(desk) if hit.paper.id not in ids), *hits]
    needed = {hit.paper.id for hit in known[-MOST:]} | set(desk.progress.reviewed)
    kept = [hit for hit in known if hit.paper.id in needed or desk.project.read(text_path(hit.paper.id))]
    return {FOUND: found_text(kept)}


def _of_project(desk: Desk) -> Sequence[Hit]:
    """The papers that this project's searches have found."""
    return read_found(desk.project.read(FOUND))


def _teller(desk: Desk) -> Tell:
    return lambda reason, seconds: desk.emit(Waiting(desk.turn, reason, seconds))


def _unknown(desk: Desk, answer: Answer, asked: str) -> Draft:
    close = near(asked, hits_of(desk.project))
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    outcome = f"There is no paper with the id “{asked}”. Use an id exactly as a search has listed it.{hint}"
    return desk.draft(answer, f"{answer.label}: no such paper", Status.FAILED, outcome)


def _listed(paper: Paper) -> str:
    who = ", ".join(paper.authors[:3]) + (" and others" if len(paper.authors) > 3 else "")
    return f"{paper.id}: {paper.title} ({who}, {paper.year})\n{paper.abstract}"
