"""What of the literature a project holds: what searches found, what was read in full, what the review took in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from core.brief import Paper
from core.literature.hits import FOUND, read_found
from core.literature.passages import Passage, passages_of, ranked, read_text, text_path
from core.literature.review import read_paper

if TYPE_CHECKING:
    from core.workspace.project import Project

PAPERS = "literature/papers"
REVIEW = "literature/review.md"
MOST_PASSAGES = 6


class Standing(StrEnum):
    """How far a paper has come."""

    ADDED = "added"
    READ = "read"
    FOUND = "found"


@dataclass(frozen=True, slots=True)
class Shelved:
    """A paper in the project: how far it has come, the reader's summary of one that was added, and where it is from."""

    paper: Paper
    standing: Standing
    summary: str = ""
    origin: str = ""
    has_text: bool = False
    """Whether its full text lies in the project."""


def shelf(project: Project) -> tuple[Shelved, ...]:
    """The papers of the project: those of the review in its order, then those read in full, then all others found."""
    hits = {hit.paper.id: hit for hit in read_found(project.read(FOUND))}
    names = sorted(path.name for path in (project.path / PAPERS).glob("*.md"))
    added = [entry for name in names if (entry := read_paper(project.read(f"{PAPERS}/{name}")))]
    review = project.read(REVIEW)
    added.sort(key=lambda entry: _place(review, entry.paper.id))
    inside = {entry.paper.id for entry in added}
    origins = {key: hit.origin for key, hit in hits.items()}
    texts = {key for key in (*inside, *hits) if (project.path / text_path(key)).is_file()}
    rest = [hit for key, hit in hits.items() if key not in inside]
    rest.sort(key=lambda hit: hit.paper.id not in texts)
    return (
        *(
            Shelved(one.paper, Standing.ADDED, one.summary, origins.get(one.paper.id, ""), one.paper.id in texts)
            for one in added
        ),
        *(
            Shelved(
                hit.paper,
                Standing.READ if hit.paper.id in texts else Standing.FOUND,
                "",
                hit.origin,
                hit.paper.id in texts,
            )
            for hit in rest
        ),
    )


def passages_about(project: Project, paper_id: str, question: str) -> tuple[Passage, ...]:
    """The passages of a paper's full text that bear most on `question`, best first; none without a text."""
    key, body = read_text(project.read(text_path(paper_id)))
    return tuple(ranked(passages_of(key or paper_id, body), question)[:MOST_PASSAGES])


def _place(review: str, paper_id: str) -> int:
    """Where the review speaks of a paper; behind everything when it does not."""
    at = review.find(f"`{paper_id}`")
    return at if at >= 0 else len(review)
