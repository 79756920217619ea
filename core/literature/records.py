"""BibTeX records as plain text: accents decoded, names taken apart."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from core.clean import clean
from core.latex.text import plain

if TYPE_CHECKING:
    from bibtexparser.library import Library

_VERBATIM = frozenset({"url", "doi", "eprint"})
_VENUES = ("journal", "booktitle", "publisher", "school", "institution", "howpublished")


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name; an organisation has a `last` name only."""

    first: str
    last: str

    def __str__(self) -> str:
        return f"{self.first} {self.last}".strip()


@dataclass(frozen=True, slots=True)
class Record:
    """One BibTeX entry: `fields` in plain text by lower-case name, `source` as LaTeX by the name as written."""

    key: str
    kind: str
    authors: tuple[Name, ...]
    fields: Mapping[str, str]
    source: Mapping[str, str]

    @property
    def venue(self) -> str:
        """Where it appeared: journal, proceedings, publisher; `arXiv` for a preprint; empty when nothing is said."""
        named = next((self.fields[name] for name in _VENUES if self.fields.get(name)), "")
        return named or ("arXiv" if self.fields.get("eprint") else "")

    @property
    def url(self) -> str:
        """The record's address, if it is a web address; else that of its DOI or arXiv number; else empty."""
        address = self.fields.get("url", "")
        if re.match(r"https?://\S+\Z", address):
            return address
        if doi := self.fields.get("doi"):
            return f"https://doi.org/{doi}"
        return f"https://arxiv.org/abs/{number}" if (number := self.arxiv) else ""

    @property
    def arxiv(self) -> str:
        """The arXiv number, e.g. `1605.06296`; empty when there is none."""
        found = re.match(r"(?:arxiv:)?([\w.\-/]+)\Z", self.fields.get("eprint", ""), re.IGNORECASE)
        archive = self.fields.get("archiveprefix", "arXiv").lower()
        return found[1] if found and archive == "arxiv" else ""


@lru_cache(maxsize=4)
def read_records(text: str) -> tuple[Record, ...]:
    """The readable entries of a BibTeX text, in its order; of two with one key the first counts.

    Remembered for the last texts: while a report is written the same review is read several times a turn.
    """
    return tuple(_record(entry) for entry in parsed(text).entries)


def parsed(text: str) -> Library:
    """A BibTeX text as its parser has it, the blocks that it could not read among its `failed_blocks`."""
    from bibtexparser.entrypoint import parse_string

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # else it writes of broken entries over the screen
    return parse_string(text)


def _record(entry: object) -> Record:
    source = {field.key: str(field.value) for field in entry.fields}  # type: ignore[attr-defined]
    fields = {name.lower(): _plain_field(name.lower(), value) for name, value in source.items()}
    authors = source.get("author") or source.get("editor") or ""
    return Record(
        entry.key,  # type: ignore[attr-defined]
        entry.entry_type.lower(),  # type: ignore[attr-defined]
        tuple(_name(one) for one in _split_names(authors) if one),
        fields,
        source,
    )


def _plain_field(name: str, value: str) -> str:
    if name in _VERBATIM:
        return clean(re.sub(r"\\([%_#&~])", r"\1", value)).strip().strip("{}")
    return plain(value)


def _split_names(names: str) -> list[str]:
    """`A and B` apart at the outer `and`s only: one inside braces belongs to an organisation's name."""
    depth, start, found = 0, 0, []
    for match in re.finditer(r"(?<!\\)[{}]|\s+and\s+", names, re.IGNORECASE):
        if match[0] in "{}":
            depth += 1 if match[0] == "{" else -1
        elif depth <= 0:
            found.append(names[start : match.start()])
            start = match.end()
    return [name.strip() for name in [*found, names[start:]]]


def _name(written: str) -> Name:
    if re.fullmatch(r"\{[^{}]*\}", written):
        return Name("", plain(written))
    parts = [plain(part) for part in written.split(",")]
    if len(parts) == 1:
        words = parts[0].split()
        particle = next((at for at, word in enumerate(words[:-1]) if word[:1].islower()), len(words) - 1)
        return Name(" ".join(words[:particle]), " ".join(words[particle:]))
    if len(parts) > 2:  # von Last, Jr, First
        return Name(parts[2], f"{parts[0]} {parts[1]}")
    return Name(parts[1], parts[0])
