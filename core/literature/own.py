"""The person's own library: a folder of PDFs and `.bib` files, read only, indexed outside of it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from core.brief import Paper
from core.clean import clean
from core.literature.bibtex import Reference, ascii_letters, authors_field, new_key, reference_of, tex
from core.literature.hits import OWN, Hit, arxiv_number, doi_in, marks
from core.literature.pace import Tell
from core.literature.reading import read_files
from core.literature.records import Record, parsed, read_records
from core.literature.texts import Read
from core.threads import to_the_end
from core.words import content_words

MOST_FILES, MOST_FOLDERS = 3000, 20_000
LARGEST_BIB = 10 << 20
LARGEST_PDF = 60 << 20
_BATCH = 25
_FIRST_PAGE = 3000
_STAMP = re.compile(r"arXiv:\s*(\S{9,24}?)(?:v\d+)?\s*\[")
_MOST_WORDS = 64
_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, size INTEGER, changed INTEGER, problem TEXT, content TEXT);
CREATE TABLE IF NOT EXISTS hits (id INTEGER PRIMARY KEY, hit TEXT);
CREATE VIRTUAL TABLE IF NOT EXISTS papers
    USING fts5(title, abstract, authors, text, tokenize='porter unicode61 remove_diacritics 2');
"""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    size: int
    changed: int


class OwnLibrary:
    """A folder that is searched and never written to; `cache` is where its index lies."""

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self.folder = folder.expanduser()
        self._cache = cache

    async def search(self, query: str, limit: int, tell: Tell) -> tuple[list[Hit], list[str]]:
        """The papers that hold any word of `query`, best first, and what a person should know of their files.

        The index is brought up to date first. Raises OSError when the folder cannot be read or the index not written.
        """
        warnings = await self._refresh(tell)
        return await to_the_end(self._with_index, lambda index: _search(index, query, limit)), warnings

    async def full_text(self, file: str) -> Read | None:
        """The text of one of its PDFs, as it was indexed; None when it is not there any more."""
        return await to_the_end(self._with_index, lambda index: _text(index, file))

    async def _refresh(self, tell: Tell) -> list[str]:
        """Index what is new or has changed; what could not be read is told once, when it was tried."""
        files, warnings = await to_the_end(self._scan)
        changed, gone = await to_the_end(self._with_index, lambda index: _differences(index, files))
        if not changed and not gone:
            return []
        await to_the_end(self._with_index, lambda index: _forget(index, gone))
        bibs = [file for file in changed if file.path.lower().endswith(".bib")]
        pdfs = [file for file in changed if file not in bibs]
        warnings += await to_the_end(self._read_bibs, bibs)
        for start in range(0, len(pdfs), _BATCH):
            if len(pdfs) > _BATCH:
                tell(f"reading your library: {start} of {len(pdfs)} papers", 0.0)
            warnings += await self._read_pdfs(pdfs[start : start + _BATCH])
        await to_the_end(self._with_index, _put_together)
        return warnings

    async def _read_pdfs(self, files: Sequence[_File]) -> list[str]:
        by_path = {self._root / file.path: file for file in files}
        warnings = []
        async with aclosing(read_files("pdf", list(by_path))) as answers:
            async for path, read in answers:
                file = by_path[path]
                problem = read if isinstance(read, str) else ""
                content = "" if isinstance(read, str) else json.dumps(asdict(read))
                await to_the_end(self._with_index, _kept(file, problem, content))
                warnings += [f"{clean(file.path)} is left out: {problem}"] if problem else []
        return warnings

    def _read_bibs(self, files: Sequence[_File]) -> list[str]:
        warnings = []
        for file in files:
            try:
                text = (self._root / file.path).read_bytes().decode("utf-8", errors="replace")
            except OSError as error:
                warnings.append(f"{clean(file.path)} is left out: {error.strerror}")
                continue
            broken = _broken_entries(text)
            if broken:
                warnings.append(f"{clean(file.path)}: {len(broken)} broken entries (line {_some(broken)})")
            rows = [
                {"hit": _hit_of_record(record).as_json(), "files": _files_named(record)}
                for record in read_records(text)
            ]
            self._with_index(_kept(file, "", json.dumps(rows)))
        return warnings

    def _scan(self) -> tuple[list[_File], list[str]]:
        """The PDFs and `.bib` files in the folder; links out of it are not followed."""
        if not self._root.is_dir():
            raise NotADirectoryError(f"there is no folder {self.folder}")
        found: list[_File] = []
        skipped: Counter[str] = Counter()
        walk = os.walk(self._root, onerror=lambda _: skipped.update(["folders that cannot be read"]))
        for folder, folders, names in islice(walk, MOST_FOLDERS):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if not name.lower().endswith((".pdf", ".bib")) or name.startswith("."):
                    continue
                file = _looked_at(Path(folder, name), self._root)
                if isinstance(file, str):
                    skipped[file] += 1
                elif len(found) >= MOST_FILES:
                    skipped[f"beyond the first {MOST_FILES}"] += 1
                else:
                    found.append(file)
        if next(walk, None):
            skipped[f"folders beyond the first {MOST_FOLDERS}"] += 1
        return found, [f"{count} left out: {why}" for why, count in skipped.items()]

    @property
    def _root(self) -> Path:
        return self.folder.resolve()

    def _with_index(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` on the index in one transaction; an index that is broken is begun anew."""
        path = self._index_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _opened(path) as index:
                return work(index)
        except sqlite3.OperationalError as error:
            raise OSError(f"the index of the library cannot be used: {error}") from error
        except sqlite3.DatabaseError:
            path.unlink(missing_ok=True)
        try:
            with _opened(path) as index:
                return work(index)
        except sqlite3.DatabaseError as error:
            raise OSError(f"the index of the library cannot be used: {error}") from error

    def _index_path(self) -> Path:
        cache = self._cache
        if cache is None:
            from platformdirs import user_cache_path

            cache = user_cache_path("labtop") / "library"
        return cache / f"{hashlib.sha256(os.fsencode(self._root)).hexdigest()[:24]}-1.sqlite"


def _looked_at(path: Path, root: Path) -> _File | str:
    """The file, or why it is left out."""
    try:
        about = path.lstat()
    except OSError:
        return "files that cannot be read"
    if not stat.S_ISREG(about.st_mode):
        return "links and special files"
    if about.st_size > (LARGEST_BIB if path.suffix.lower() == ".bib" else LARGEST_PDF):
        return "files that are too large"
    return _File(str(path.relative_to(root)), about.st_size, about.st_mtime_ns)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement in filter(str.strip, _SCHEMA.split(";")):
            connection.execute(statement)
        yield connection
        connection.execute("COMMIT")
    finally:
        connection.close()


def _differences(index: sqlite3.Connection, files: Sequence[_File]) -> tuple[list[_File], list[str]]:
    known = {
        path: _File(path, size, changed)
        for path, size, changed in index.execute("SELECT path, size, changed FROM files")
    }
    here = {file.path for file in files}
    return [file for file in files if known.get(file.path) != file], [path for path in known if path not in here]


def _forget(index: sqlite3.Connection, paths: Iterable[str]) -> None:
    index.executemany("DELETE FROM files WHERE path = ?", ((path,) for path in paths))


def _kept(file: _File, problem: str, content: str) -> Callable[[sqlite3.Connection], object]:
    row = (file.path, file.size, file.changed, problem, content)
    return lambda index: index.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", row)


def _put_together(index: sqlite3.Connection) -> None:
    """Match PDFs with entries, and index every paper once."""
    entries: list[Hit] = []
    owners: dict[str, int] = {}
    texts: dict[str, Read] = {}
    for path, content in index.execute("SELECT path, content FROM files WHERE content != '' ORDER BY path"):
        if path.lower().endswith(".bib"):
            for row in json.loads(content):
                owners |= dict.fromkeys(row["files"], len(entries))
                entries.append(Hit.from_json(row["hit"]))
        else:
            texts[path] = Read(**json.loads(content))
    for path, read in texts.items():
        hit = _hit_of_pdf(path, read)
        at = owners.get(Path(path).name, _same(entries, hit, read))
        if at is None:
            entries.append(hit)
        elif not entries[at].file:
            entries[at] = replace(entries[at], file=path, arxiv=entries[at].arxiv or hit.arxiv)
    index.execute("DELETE FROM hits")
    index.execute("DELETE FROM papers")
    for number, hit in enumerate(entries):
        paper = hit.paper
        text = texts[hit.file].body if hit.file else ""
        index.execute("INSERT INTO hits VALUES (?, ?)", (number, json.dumps(hit.as_json())))
        row = (number, paper.title, paper.abstract, " ".join(paper.authors), text)
        index.execute("INSERT INTO papers (rowid, title, abstract, authors, text) VALUES (?, ?, ?, ?, ?)", row)


def _same(entries: Sequence[Hit], hit: Hit, read: Read) -> int | None:
    """Which entry a PDF belongs to: one number, or the entry's title at the head of its text."""
    head = ascii_letters(read.title + read.body[:_FIRST_PAGE])
    numbers = {mark for mark in marks(hit) if not mark.startswith("title:")}
    for at, entry in enumerate(entries):
        title = ascii_letters(entry.paper.title)
        if numbers & marks(entry) or (len(title) >= 20 and title in head):
            return at
    return None


def _search(index: sqlite3.Connection, query: str, limit: int) -> list[Hit]:
    words = list(dict.fromkeys(content_words(query)))[:_MOST_WORDS]
    match = " OR ".join(f'"{word}"' for word in words)
    found = index.execute(
        "SELECT hit FROM papers JOIN hits ON hits.id = papers.rowid WHERE papers MATCH ?"
        " ORDER BY bm25(papers, 10.0, 4.0, 2.0, 1.0), papers.rowid LIMIT ?",
        (match, limit),
    )
    return [Hit.from_json(json.loads(hit)) for (hit,) in found] if words else []


def _text(index: sqlite3.Connection, file: str) -> Read | None:
    row = index.execute("SELECT content FROM files WHERE path = ? AND content != ''", (file,)).fetchone()
    return Read(**json.loads(row[0])) if row and file.lower().endswith(".pdf") else None


def _hit_of_record(record: Record) -> Hit:
    fields = record.fields
    venue = fields.get("journaltitle", "") or record.venue
    year = re.search(r"\d{4}", fields.get("year", "") or fields.get("date", ""))
    paper = Paper(
        record.key,
        fields.get("title", "")[:400],
        tuple(str(author) for author in record.authors),
        year[0] if year else "",
        venue,
        fields.get("abstract", "")[:6000],
        record.url,
    )
    return Hit(paper, reference_of(record), OWN, record.arxiv, doi_in(fields.get("doi", "")))


def _hit_of_pdf(path: str, read: Read) -> Hit:
    """A paper of which only the PDF is there: what it says of itself, and no more."""
    head = read.body[:_FIRST_PAGE]
    stamp = _STAMP.search(head)
    number = arxiv_number(stamp[1]) if stamp else ""
    title = read.title or Path(path).stem
    authors = tuple(name for part in re.split(r"[;,]| and ", read.authors) if (name := part.strip()))[:50]
    year = f"20{number[:2]}" if re.match(r"\d{4}\.", number) else read.year
    abstract = re.search(r"## Abstract\s+(.{100,}?)(?=\n## |\Z)", read.body[:8000], re.DOTALL)
    url = f"https://arxiv.org/abs/{number}" if number else ""
    fields: Mapping[str, Any] = {
        "author": authors_field(authors),
        "title": tex(title),
        "year": year,
        **({"eprint": number, "archivePrefix": "arXiv", "url": url} if number else {}),
    }
    key = new_key(authors, year, title, ())
    paper = Paper(key, title, authors, year, "arXiv" if number else "", abstract[1][:3000] if abstract else "", url)
    doi = "" if number else doi_in(head)
    return Hit(
        paper, Reference("misc", {name: value for name, value in fields.items() if value}), OWN, number, doi, path
    )


def _files_named(record: Record) -> list[str]:
    """The names of the PDFs in an entry's `file` field, as JabRef (`:papers/a.pdf:PDF`) and Zotero write it."""
    value = next((value for name, value in record.source.items() if name.lower() == "file"), "")
    return [re.split(r"[/\\]", one)[-1] for one in re.findall(r"[^:;{}]+\.pdf", value, re.IGNORECASE)]


def _broken_entries(text: str) -> list[int]:
    return [(block.start_line or 0) + 1 for block in parsed(text).failed_blocks]


def _some(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines[:5])) + (", …" if len(lines) > 5 else "")
