"""Passages of what has been read: the ones that bear on a question, as many as a prompt has room for."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from core.words import content_words

if TYPE_CHECKING:
    from core.workspace.project import Project

TEXTS = "literature/texts"
"""Where a project keeps the full texts that its agents have read, one file a paper."""
CHARACTERS_A_TOKEN = 3.5
LONGEST = 900
"""Characters of one passage."""
_HEAD = 0.4
"""Share of an excerpt that abstract and conclusion may take before the question decides."""
_MOST_WORDS = 64
_REFERENCES = "\n## References\n"
_GAP = "[…]"


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a paper under the heading it stands below; `at` counts the passages of the paper."""

    paper: str
    at: int
    heading: str
    text: str


def text_path(key: str) -> str:
    """Where the full text of a paper lies in the project."""
    return f"{TEXTS}/{''.join(char if char.isalnum() or char in '-_' else '_' for char in key)[:80]}.txt"


def text_file(key: str, source: str, body: str, references: str) -> str:
    """A full text's file: the paper's key and where the text is from, the body, the references apart."""
    return f"# {key}\n{source}\n\n{body.strip()}\n" + (f"{_REFERENCES}\n{references.strip()}\n" if references else "")


def read_text(text: str) -> tuple[str, str]:
    """The key and the body of a full text's file."""
    head, _, body = text.partition("\n\n")
    return head.split("\n")[0].removeprefix("# ").strip(), body.partition(_REFERENCES)[0]


def passages_of(paper: str, body: str) -> list[Passage]:
    """The passages of a text in reading order, each a few sentences below one heading."""
    found: list[Passage] = []
    heading, held = "", ""
    for paragraph in (*(part.strip() for part in body.split("\n\n")), "## "):
        head = paragraph.startswith("## ")
        for piece in [""] if head else _pieces(paragraph):
            if held and (head or len(held) + len(piece) > LONGEST):
                found.append(Passage(paper, len(found), heading, held))
                held = ""
            held = f"{held}\n{piece}".strip()
        if head:
            heading = paragraph[3:].strip()[:120]
    return found


def ranked(passages: Sequence[Passage], query: str) -> list[Passage]:
    """The passages that hold any word of `query`, best first (FTS5, bm25)."""
    index = _index(passages)
    try:
        return [passages[number] for number in _search(index, query)]
    finally:
        index.close()


def excerpt(body: str, query: str, tokens: int) -> str:
    """What of a text bears on `query`, in reading order and at most `tokens` long; all of it when it fits.

    Abstract and conclusion come in first, then the passages that rank best; gaps are marked.
    """
    room = int(tokens * CHARACTERS_A_TOKEN)
    if len(body) <= room:
        return body
    passages = passages_of("", body)
    first = [passage for passage in passages if re.search(r"abstract|conclusion", passage.heading, re.IGNORECASE)]
    if not any("abstract" in passage.heading.lower() for passage in first):
        first = [*passages[:2], *first]
    chosen: dict[int, Passage] = {}
    room -= _taken(first, int(room * _HEAD), chosen)
    rest = [passage for passage in (*ranked(passages, query), *passages) if passage.at not in chosen]
    _taken(rest, room, chosen)
    if not chosen:
        return body[: max(room, 0)]
    return _in_order([chosen[at] for at in sorted(chosen)], len(passages))


def passages_for(project: Project, query: str, tokens: int) -> tuple[str, ...]:
    """Passages of the full texts in the project that bear on `query`, best first, together at most `tokens` long."""
    folder = project.path / TEXTS
    names = sorted(path.name for path in folder.glob("*.txt")) if folder.is_dir() else []
    passages, index = _indexed(tuple(project.read(f"{TEXTS}/{name}") for name in names))
    room = int(tokens * CHARACTERS_A_TOKEN)
    found = []
    for passage in map(passages.__getitem__, _search(index, query)):
        shown = f"{passage.paper}{f', {passage.heading}' if passage.heading else ''}: {passage.text}"
        if len(shown) <= room:
            found.append(shown)
            room -= len(shown)
        if room < LONGEST // 4:
            break
    return tuple(found)


@lru_cache(maxsize=2)
def _indexed(texts: tuple[str, ...]) -> tuple[tuple[Passage, ...], sqlite3.Connection]:
    """The passages of these files and their index, kept since prompt after prompt asks the same papers."""
    passages = tuple(passage for text in texts for passage in passages_of(*read_text(text)))
    return passages, _index(passages)


def _index(passages: Sequence[Passage]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute(
        "CREATE VIRTUAL TABLE passages USING fts5(heading, text, tokenize='porter unicode61 remove_diacritics 2')"
    )
    rows = ((number, passage.heading, passage.text) for number, passage in enumerate(passages))
    connection.executemany("INSERT INTO passages (rowid, heading, text) VALUES (?, ?, ?)", rows)
    return connection


def _search(index: sqlite3.Connection, query: str) -> list[int]:
    words = list(dict.fromkeys(content_words(query)))[:_MOST_WORDS]
    if not words:
        return []
    match = " OR ".join(f'"{word}"' for word in words)
    found = index.execute(
        "SELECT rowid FROM passages WHERE passages MATCH ? ORDER BY bm25(passages, 2.0, 1.0), rowid", (match,)
    )
    return [number for (number,) in found]


def _taken(passages: Sequence[Passage], room: int, chosen: dict[int, Passage]) -> int:
    """Choose the passages that fit, in order; how many characters they take."""
    used = 0
    for passage in passages:
        size = len(passage.text) + len(passage.heading) + 12
        if used + size <= room and passage.at not in chosen:
            chosen[passage.at] = passage
            used += size
    return used


def _in_order(passages: Sequence[Passage], count: int) -> str:
    lines: list[str] = []
    heading, before = "", -1
    for passage in passages:
        if passage.at != before + 1:
            lines.append(_GAP)
        if passage.heading != heading:
            lines.append(f"## {passage.heading}")
            heading = passage.heading
        lines.append(passage.text)
        before = passage.at
    return "\n\n".join([*lines, _GAP] if before < count - 1 else lines)


def _pieces(paragraph: str) -> Iterator[str]:
    """A long paragraph in pieces that end with a sentence where they can."""
    while len(paragraph) > LONGEST:
        end = max(paragraph.rfind(mark, LONGEST // 3, LONGEST) for mark in (". ", "? ", "! ", "; "))
        end = end + 1 if end > 0 else max(paragraph.rfind(" ", LONGEST // 3, LONGEST), LONGEST // 3)
        yield paragraph[:end].strip()
        paragraph = paragraph[end:].strip()
    if paragraph:
        yield paragraph
