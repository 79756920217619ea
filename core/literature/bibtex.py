"""BibTeX entries written: plain text escaped, keys that never change, `references.bib` of a project."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.clean import clean
from core.latex.text import plain
from core.literature.records import Record, read_records
from core.words import content_words

_KEPT = tuple(
    re.findall(
        r"\w+",
        "author editor title journal booktitle publisher school institution organization edition series address"
        " location chapter volume number issue pages howpublished type note year month date doi isbn issn eprint"
        " archiveprefix primaryclass url",
    )
)
"""Fields that a reference may show, in their order; a person's notes, abstracts and file names stay where they are."""
_RENAMED = {"journaltitle": "journal", "eprinttype": "archivePrefix", "eprintclass": "primaryClass"}
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"$\lbrace$",  # an escaped brace still counts where BibTeX matches braces
    "}": r"$\rbrace$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: "\\" + character for character in "$&#%_"},
}
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_KEY = re.compile(r"[A-Za-z0-9][\w:./+\-]{0,79}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """What `references.bib` says of a paper besides its key; `fields` are LaTeX, as a `.bib` file has them."""

    kind: str
    fields: Mapping[str, str]


def tex(text: str) -> str:
    """Plain text as the value of a BibTeX field: nothing in it acts, accents stay letters."""
    line = " ".join(clean(text).split())
    pieces = re.split(r"(?<=[-`',!?])(?=[-`'])", line)  # `--` is a ligature
    return "{}".join("".join(_SPECIAL.get(character, character) for character in piece) for piece in pieces)


def authors_field(names: Iterable[str]) -> str:
    """Names in reading order; one with a comma or an `and` in it is an organisation's, and stays whole."""
    return " and ".join(_name(name) for name in names if name.strip())


def reference_of(record: Record) -> Reference:
    """A person's own record as a reference: its own LaTeX, only the fields that a reference may show."""
    fields = {_RENAMED.get(name.lower(), name): " ".join(value.split()) for name, value in record.source.items()}
    kept = {name: value for name, value in fields.items() if name.lower() in _KEPT and value}
    if "date" in kept and "year" not in kept and (year := re.match(r"\d{4}", kept["date"])):
        kept["year"] = year[0]
    return Reference(record.kind, kept)


def written(entries: Iterable[tuple[str, Reference]]) -> str:
    """The text of a `.bib` file, entry by entry; what would not be read back alike is written as plain text."""
    return "\n".join(_safely(key, reference) for key, reference in entries)


def merged(existing: str, new: Sequence[tuple[str, Reference]], gone: Collection[str] = ()) -> str:
    """`references.bib` with new entries: what stands there stays as it is, but for the keys that are `gone`."""
    kept = {record.key: Reference(record.kind, record.source) for record in read_records(existing)}
    for key, reference in new:
        kept.setdefault(key, reference)
    return written((key, reference) for key, reference in kept.items() if key not in gone)


def new_key(authors: Sequence[str], year: str, title: str, taken: Collection[str]) -> str:
    """A citation key: surname, year and the title's first content word in ASCII, with a letter when it is taken."""
    surname = surname_of(authors)
    words = (ascii_letters(word) for word in content_words(plain(title)))
    found = re.search(r"\d{4}", year)
    key = f"{surname[:30] or 'anon'}{found[0] if found else 'nd'}{next((word for word in words if word), '')[:30]}"
    known = {other.lower() for other in taken}
    suffixes = ("", *"bcdefghijklmnopqrstuvwxyz", *map(str, range(len(known) + 1)))
    return next(f"{key}{suffix}" for suffix in suffixes if f"{key}{suffix}" not in known)


def is_key(text: str) -> bool:
    """Whether a person's own citation key can stand in `\\cite` and in a file name as it is."""
    return bool(_KEY.match(text))


def ascii_letters(text: str) -> str:
    """The letters and digits of a name in lower-case ASCII; empty when it has none."""
    bare = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(character for character in bare if character.isascii() and character.isalnum())


def surname_of(authors: Sequence[str]) -> str:
    """The first author's surname in lower-case ASCII; empty when there is none."""
    first, comma, _ = (authors[0] if authors else "").partition(",")
    return ascii_letters(first if comma else "".join(first.split()[-1:]))


def _name(name: str) -> str:
    whole = re.search(r",|\band\b", name, re.IGNORECASE)
    return f"{{{tex(name)}}}" if whole else tex(name)


def _safely(key: str, reference: Reference) -> str:
    text = _entry(key, reference)
    if _names(text) == (key, set(reference.fields)):
        return text
    return _entry(key, Reference(reference.kind, {name: tex(value) for name, value in reference.fields.items()}))


def _names(text: str) -> tuple[str, set[str]] | None:
    records = read_records(text)
    return (records[0].key, set(records[0].source)) if len(records) == 1 else None


def _entry(key: str, reference: Reference) -> str:
    from bibtexparser.entrypoint import write_string
    from bibtexparser.library import Library
    from bibtexparser.model import Entry, Field
    from bibtexparser.writer import BibtexFormat

    layout: Any = BibtexFormat()  # type: ignore[no-untyped-call]
    layout.indent, layout.trailing_comma, layout.value_column = "  ", True, 0
    places = {name: at for at, name in enumerate(_KEPT)}
    names = sorted(reference.fields, key=lambda name: places.get(name.lower(), len(_KEPT)))
    fields = [Field(name, reference.fields[name]) for name in names]
    return str(write_string(Library([Entry(reference.kind, key, fields)]), bibtex_format=layout))
