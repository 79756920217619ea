"""All that can be searched, behind one face: the person's own library, arXiv, and the records that come with labtop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.literature.arxiv import Arxiv
from core.literature.fetch import NotFetched
from core.literature.hits import FOUND, Hit, joined, marks, read_found, without_doubles
from core.literature.library import Library, bundled
from core.literature.own import OwnLibrary
from core.literature.pace import Tell
from core.literature.texts import Read

if TYPE_CHECKING:
    from core.brief import Paper
    from core.settings import Settings
    from core.workspace.project import Project

OWN_SHARE, BUNDLED_SHARE = 0.4, 0.2
"""Shares of an answer that own and bundled papers have for certain; what one source leaves free the others fill."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: the papers, which sources could not be searched, what is wrong with the person's files."""

    hits: tuple[Hit, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The answer in values that JSON can hold."""
        return {"hits": [hit.as_json() for hit in self.hits], "notes": [*self.notes], "warnings": [*self.warnings]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Found:
        """Read `as_json` back."""
        return cls(tuple(map(Hit.from_json, data["hits"])), tuple(data["notes"]), tuple(data["warnings"]))


class Sources:
    """The literature of a project: own library and arXiv where there are any, the bundled records always."""

    def __init__(self, own: OwnLibrary | None, records: Library, arxiv: Arxiv | None) -> None:
        self._own = own
        self._records = records
        self._arxiv = arxiv

    async def search(self, query: str, tell: Tell, limit: int = 20) -> Found:
        """Up to `limit` papers, each once, the person's own first; a source that fails is named in the notes."""
        own, warnings, notes = await self._search_own(query, limit, tell)
        records = await asyncio.to_thread(self._records.hits, query, limit)
        theirs, refused = await self._search_arxiv(query, limit, tell)
        known = await asyncio.to_thread(self._records.all_hits)
        own, theirs = [_keyed(hit, known) for hit in own], [_as_known(hit, known) for hit in theirs]
        hits = without_doubles(_shared(own, theirs, records, limit))[:limit]
        return Found(tuple(hits), tuple(notes + refused), tuple(warnings))

    async def full_text(self, hit: Hit, tell: Tell) -> tuple[Read | None, str]:
        """A paper's text and where it is from; without a text, why there is none."""
        if self._own and hit.file:
            try:
                read = await self._own.full_text(hit.file)
            except OSError as error:
                return None, f"Your own library cannot be read: {error}."
            if read:
                return read, f"{hit.file} of your own library"
        if not hit.arxiv:
            return None, "The full text is neither in your own library nor on arXiv, as far as its record says."
        if self._arxiv is None:
            return None, "arXiv is not asked for full texts in this project."
        try:
            return await self._arxiv.full_text(hit.arxiv, tell), f"https://arxiv.org/abs/{hit.arxiv}"
        except NotFetched as error:
            return None, error.message

    async def by_number(self, number: str, tell: Tell) -> Found:
        """The paper with an arXiv number that no search has found, if arXiv knows it."""
        hits, notes = await self._search_arxiv(number, 1, tell)
        known = await asyncio.to_thread(self._records.all_hits)
        return Found(tuple(_as_known(hit, known) for hit in hits), tuple(notes))

    async def _search_own(self, query: str, limit: int, tell: Tell) -> tuple[list[Hit], list[str], list[str]]:
        if self._own is None:
            return [], [], []
        try:
            return *await self._own.search(query, limit, tell), []
        except OSError as error:
            return [], [], [f"Your own library was not searched: {error}."]

    async def _search_arxiv(self, query: str, limit: int, tell: Tell) -> tuple[list[Hit], list[str]]:
        if self._arxiv is None:
            return [], []
        try:
            return await self._arxiv.search(query, limit, tell), []
        except NotFetched as error:
            searched = "your own library and the bundled one" if self._own else "the bundled library"
            return [], [f"{error.message} Searched {searched} only."]


def sources_for(settings: Settings, project: Path) -> Sources:
    """What a project's settings allow to search; a relative path of the library is one inside the project's folder.

    The built-in researcher works without a network.
    """
    library = str(project / Path(settings.library).expanduser()) if settings.library else ""
    return _sources(library, settings.arxiv and settings.model != "builtin")


def hits_of(project: Project) -> tuple[Hit, ...]:
    """The papers that a project's agents may name: those that searches found, then the bundled ones."""
    found = read_found(project.read(FOUND))
    known = {hit.paper.id for hit in found}
    return (*found, *(hit for hit in bundled().all_hits() if hit.paper.id not in known))


def papers_of(project: Project, ids: Sequence[str]) -> tuple[Paper, ...]:
    """The papers with these ids, in order, as the project holds them; one that it does not hold is passed over."""
    papers = {hit.paper.id: hit.paper for hit in hits_of(project)} if ids else {}
    return tuple(papers[key] for key in ids if key in papers)


@lru_cache(maxsize=8)
def _sources(library: str, arxiv: bool) -> Sources:
    own = OwnLibrary(Path(library)) if library else None
    return Sources(own, bundled(), _the_arxiv() if arxiv else None)


@lru_cache(maxsize=1)
def _the_arxiv() -> Arxiv:
    return Arxiv()


def _keyed(hit: Hit, known: Sequence[Hit]) -> Hit:
    """An own paper, joined with what the bundled record of the same paper knows besides."""
    same = next((other for other in known if marks(other) & marks(hit)), None)
    return joined(hit, same) if same else hit


def _as_known(hit: Hit, known: Sequence[Hit]) -> Hit:
    """A paper of arXiv as the bundled record of the same paper names it, with arXiv's own abstract."""
    same = next((other for other in known if marks(other) & marks(hit)), None)
    if same is None:
        return hit
    return joined(replace(same, paper=replace(same.paper, abstract=hit.paper.abstract), arxiv=hit.arxiv), hit)


def _shared(own: Sequence[Hit], theirs: Sequence[Hit], records: Sequence[Hit], limit: int) -> list[Hit]:
    """The best of each source in turn: own papers, arXiv's, bundled ones; the rest of each when there is room."""
    mine = int(limit * OWN_SHARE) if theirs or records else limit
    some = int(limit * BUNDLED_SHARE) if theirs else limit
    first = [*own[:mine], *theirs[: limit - min(mine, len(own)) - min(some, len(records))], *records[:some]]
    return [*first, *own[mine:], *theirs, *records]
