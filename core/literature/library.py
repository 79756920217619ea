"""A library that can be searched: the bundled records, or a person's own `.bib`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path

from core.brief import Paper
from core.literature.bibtex import reference_of, written
from core.literature.hits import BUNDLED, Hit, doi_in
from core.literature.records import Record, read_records
from core.words import content_words

_WEIGHTS = "10.0, 6.0, 3.0, 2.0"  # title, keywords, summary, authors
_MOST_WORDS = 64


class Library:
    """Real records by citation key. Loading and indexing happen when first needed."""

    def __init__(self, bibtex: str) -> None:
        self._text = bibtex

    @classmethod
    def from_bibtex(cls, text: str) -> Library:
        """A library of the readable records in `text`; broken ones are left out."""
        return cls(text)

    @property
    def papers(self) -> tuple[Paper, ...]:
        """All papers, in the order of the file."""
        return tuple(self._papers.values())

    def get(self, id: str) -> Paper | None:  # noqa: A002
        """The paper with this citation key, or None."""
        return self._papers.get(id.strip())

    def search(self, query: str, limit: int = 20) -> list[Paper]:
        """The papers that hold any word of `query`, best first; none when it has no word to search for."""
        words = content_words(query)
        if not words:
            return []
        match = " OR ".join(f'"{word}"' for word in words[:_MOST_WORDS])
        found = self._index.execute(
            f"SELECT id FROM papers WHERE papers MATCH ? ORDER BY bm25(papers, 0.0, {_WEIGHTS}), rowid LIMIT ?",
            (match, max(0, limit)),
        )
        return [self._papers[key] for (key,) in found.fetchall()]

    def all_hits(self) -> tuple[Hit, ...]:
        """All records as hits, in the order of the file."""
        return tuple(self._hits.values())

    def hits(self, query: str, limit: int = 20) -> list[Hit]:
        """What `search` finds, with all that is needed to cite it."""
        return [self._hits[paper.id] for paper in self.search(query, limit)]

    def bibtex(self, ids: Iterable[str]) -> str:
        """The BibTeX of these records as the file has it, without summaries; unknown keys are passed over."""
        known = (self._hits[key] for key in dict.fromkeys(ids) if key in self._hits)
        return written((hit.paper.id, hit.reference) for hit in known)

    @cached_property
    def _records(self) -> Mapping[str, Record]:
        return {record.key: record for record in read_records(self._text)}

    @cached_property
    def _papers(self) -> Mapping[str, Paper]:
        return {key: _paper(record) for key, record in self._records.items()}

    @cached_property
    def _hits(self) -> Mapping[str, Hit]:
        return {key: _hit(self._papers[key], record) for key, record in self._records.items()}

    @cached_property
    def _index(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        connection.execute(
            "CREATE VIRTUAL TABLE papers USING fts5(id UNINDEXED, title, keywords, summary, authors,"
            " tokenize='porter unicode61 remove_diacritics 2')"
        )
        rows = (
            (key, paper.title, self._records[key].fields.get("keywords", ""), paper.abstract, " ".join(paper.authors))
            for key, paper in self._papers.items()
        )
        connection.executemany("INSERT INTO papers VALUES (?, ?, ?, ?, ?)", rows)
        return connection


@lru_cache(maxsize=1)
def bundled() -> Library:
    """The records that come with labtop. Their `abstract` is a summary of its own, not the paper's abstract."""
    return Library(Path(__file__).with_name("library.bib").read_text(encoding="utf-8"))


def _paper(record: Record) -> Paper:
    fields = record.fields
    summary = next((fields[name] for name in ("annotation", "annote", "abstract") if fields.get(name)), "")
    authors = tuple(str(author) for author in record.authors)
    return Paper(
        record.key, fields.get("title", ""), authors, fields.get("year", ""), record.venue, summary, record.url
    )


def _hit(paper: Paper, record: Record) -> Hit:
    return Hit(paper, reference_of(record), BUNDLED, record.arxiv, doi_in(record.fields.get("doi", "")))
