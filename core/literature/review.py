"""The literature review in the project: one Markdown file a paper, and `review.md` that lists them."""

from __future__ import annotations

from collections.abc import Sequence

from core.brief import Paper, Reviewed

_FIELDS = ("id", "authors", "year", "venue", "url")


def paper_path(paper_id: str) -> str:
    """Where the review of a paper lies in the project."""
    return f"literature/papers/{_file_name(paper_id)}.md"


def paper_text(reviewed: Reviewed) -> str:
    """A paper's file: its record, what its abstract says, and the reader's summary."""
    paper = reviewed.paper
    values = (paper.id, "; ".join(paper.authors), paper.year, paper.venue, paper.url)
    record = "\n".join(f"- {name}: {_one_line(value)}" for name, value in zip(_FIELDS, values, strict=True))
    return (
        f"# {_one_line(paper.title)}\n\n{record}\n\n"
        f"## Abstract\n\n{_body(paper.abstract)}\n\n## Summary\n\n{_body(reviewed.summary)}\n"
    )


def read_paper(text: str) -> Reviewed | None:
    """Read a paper's file back; None when it does not look like one any more."""
    head, _, rest = text.partition("\n## Abstract\n")
    abstract, _, summary = rest.partition("\n## Summary\n")
    title, _, record = head.partition("\n")
    if not title.startswith("# ") or not summary.strip():
        return None
    fields = dict(line[2:].split(": ", 1) for line in record.splitlines() if line.startswith("- ") and ": " in line)
    if "id" not in fields:
        return None
    authors = tuple(name.strip() for name in fields.get("authors", "").split(";") if name.strip())
    paper = Paper(
        fields["id"],
        title[2:],
        authors,
        fields.get("year", ""),
        fields.get("venue", ""),
        abstract.strip(),
        fields.get("url", ""),
    )
    return Reviewed(paper, summary.strip())


def review_text(question: str, reviewed: Sequence[Reviewed]) -> str:
    """`literature/review.md`: the papers of the review with their summaries, in the order they were added."""
    parts = [f"# Literature review\n\n{_one_line(question)}\n"]
    parts += [
        f"\n## {_one_line(entry.paper.title)} ({entry.paper.year})\n\n"
        f"{', '.join(entry.paper.authors)}. `{entry.paper.id}`\n\n{_body(entry.summary)}\n"
        for entry in reviewed
    ]
    return "".join(parts)


def _file_name(paper_id: str) -> str:
    return "".join(char if char.isalnum() or char in "-_" else "_" for char in paper_id)[:80] or "_"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _body(text: str) -> str:
    """A text whose lines cannot be taken for this file's own headings."""
    return "\n".join(" " + line if line.startswith("## ") else line for line in text.strip().splitlines())
