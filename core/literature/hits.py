"""Papers that a search has found, with all that is needed to cite and to read them: `literature/found.json`."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.brief import Paper
from core.clean import clean
from core.literature.bibtex import Reference, ascii_letters, is_key, new_key, surname_of

FOUND = "literature/found.json"
MOST = 60
"""Papers that `found.json` remembers besides those of the review."""
OWN, ARXIV, BUNDLED = "own", "arXiv", "bundled"

_NUMBER = re.compile(r"(?<![\d.])(\d{4}\.\d{4,5}|[a-z][a-z-]*(?:\.[A-Z]{2})?/\d{7})(v\d{1,2})?(?!\d)")
_DOI = re.compile(r"\b(10\.\d{4,9}/[^\s\"'<>{}|\\^`]+)")
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.(.+)\Z", re.IGNORECASE)
_TITLE_ENOUGH = 15
"""Letters of a title that are enough to know a paper by."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper that was found. `arxiv` is its number, with the version where it is known.

    `file` is the paper's PDF in the person's own library, as a path inside it.
    """

    paper: Paper
    reference: Reference
    origin: str
    arxiv: str = ""
    doi: str = ""
    file: str = ""

    def as_json(self) -> dict[str, Any]:
        """The hit in values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Hit:
        """Read `as_json` back; raises KeyError, TypeError or ValueError when it is not one."""
        paper = {**data["paper"], "authors": tuple(data["paper"]["authors"])}
        return cls(**{**data, "paper": Paper(**paper), "reference": Reference(**data["reference"])})


def arxiv_number(text: str) -> str:
    """The arXiv number in `text`, without its version: `2308.11483` of `arXiv:2308.11483v1`; empty when none."""
    found = _NUMBER.search(text)
    return found[1] if found else ""


def doi_in(text: str) -> str:
    """The DOI in `text`, in lower case; empty when there is none."""
    found = _DOI.search(text)
    return found[1].rstrip(".,;:)]").lower() if found else ""


def marks(hit: Hit) -> frozenset[str]:
    """What tells a paper from others: its arXiv number, its DOI, its title with the first author's surname."""
    doi = hit.doi.lower()
    preprint = _ARXIV_DOI.match(doi)
    number = arxiv_number(hit.arxiv) or (arxiv_number(preprint[1]) if preprint else "")
    title = ascii_letters(hit.paper.title)
    found = {f"arxiv:{number}" if number else "", f"doi:{doi}" if doi and not preprint else ""}
    if len(title) >= _TITLE_ENOUGH:
        found.add(f"title:{title}:{surname_of(hit.paper.authors)}")
    return frozenset(found - {""})


def joined(first: Hit, second: Hit) -> Hit:
    """One record of the same paper twice: the first with what only the second knows."""
    paper = first.paper
    paper = replace(paper, abstract=paper.abstract or second.paper.abstract, url=paper.url or second.paper.url)
    return replace(
        first,
        paper=paper,
        arxiv=first.arxiv or second.arxiv,
        doi=first.doi or second.doi,
        file=first.file or second.file,
    )


def without_doubles(hits: Iterable[Hit]) -> list[Hit]:
    """The hits in order, each paper once."""
    kept: list[Hit] = []
    for hit in hits:
        same = next((at for at, other in enumerate(kept) if marks(other) & marks(hit)), None)
        if same is None:
            kept.append(hit)
        else:
            kept[same] = joined(kept[same], hit)
    return kept


def with_keys(hits: Iterable[Hit], known: Sequence[Hit], others: Iterable[Hit] = ()) -> list[Hit]:
    """The hits under the keys that the project knows them by; a new paper gets a key that no other paper has.

    `known` are the project's papers, whose keys never change; `others` have keys that only they may get.
    """
    by_mark = {mark: hit for hit in reversed(known) for mark in marks(hit)}
    owners = {hit.paper.id.lower(): hit for hit in (*others, *known)}
    given = []
    for hit in hits:
        same = next((by_mark[mark] for mark in sorted(marks(hit)) if mark in by_mark), None)
        if same is None:
            same = replace(hit, paper=replace(hit.paper, id=_key(hit, owners)))
            owners[same.paper.id.lower()] = same
            by_mark |= dict.fromkeys(marks(same), same)
        given.append(joined(same, hit))
    return given


def read_found(text: str) -> tuple[Hit, ...]:
    """The papers of `found.json`; none when it does not look like one any more."""
    try:
        return tuple(Hit.from_json(row) for row in json.loads(text)["papers"]) if text else ()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()


def found_text(hits: Iterable[Hit]) -> str:
    """The text of `found.json`."""
    return json.dumps({"papers": [hit.as_json() for hit in hits]}, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def named(text: str, hits: Sequence[Hit]) -> Hit | None:
    """The paper that an agent means: its key, arXiv number, DOI or title, however it is dressed; None when unclear."""
    asked = clean(text).strip()
    bare = asked.strip("`'\"“”‘’[](){}<>.,;:* ").casefold()
    words = {word.strip(":./+-") for word in re.findall(r"[\w:./+\-]+", asked.casefold())}
    for meant in (
        [hit for hit in hits if hit.paper.id.casefold() == bare],
        [hit for hit in hits if arxiv_number(asked) and arxiv_number(hit.arxiv) == arxiv_number(asked)],
        [hit for hit in hits if doi_in(asked) and hit.doi.lower() == doi_in(asked)],
        [hit for hit in hits if hit.paper.id.casefold() in words],
        _titled(ascii_letters(asked), hits),
    ):
        if len({hit.paper.id for hit in meant}) == 1:
            return meant[0]
    return None


def near(text: str, hits: Sequence[Hit]) -> list[str]:
    """Keys that are written nearly like `text`."""
    return difflib.get_close_matches(text.strip()[:80].casefold(), [hit.paper.id for hit in hits], n=3, cutoff=0.5)


def _key(hit: Hit, owners: Mapping[str, Hit]) -> str:
    key, paper = hit.paper.id, hit.paper
    owner = owners.get(key.lower())
    if is_key(key) and (owner is None or marks(owner) & marks(hit)):
        return key
    return new_key(paper.authors, paper.year, paper.title, owners)


def _titled(asked: str, hits: Sequence[Hit]) -> list[Hit]:
    if len(asked) < _TITLE_ENOUGH:
        return []
    titles = [(ascii_letters(hit.paper.title), hit) for hit in hits]
    same = [hit for title, hit in titles if title == asked]
    return same or [hit for title, hit in titles if len(title) >= _TITLE_ENOUGH and (asked in title or title in asked)]
