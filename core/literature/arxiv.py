"""arXiv: searching it, and the full text of its papers, politely and at most once each."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from core.brief import Paper
from core.clean import clean
from core.latex.text import plain
from core.literature.bibtex import Reference, authors_field, tex
from core.literature.cache import Cache
from core.literature.fetch import Limits, NotFetched, Service
from core.literature.hits import ARXIV, Hit, arxiv_number, doi_in
from core.literature.pace import Pace, Tell
from core.literature.reading import Unreadable, read_bytes
from core.literature.texts import Read
from core.words import content_words

if TYPE_CHECKING:
    import arxiv

INTERVAL = 3.0
"""Seconds between two requests, as arXiv's terms of use ask for."""
SEARCH_AGE = 3 * 24 * 3600.0
"""Seconds for which the answer to a search is taken to hold."""
FEW = 3
"""Papers below which a search for all of its words is followed by one for any of them."""
MOST_FEED, MOST_PAGE = 4 << 20, 40 << 20
MOST_WORDS = 10
_REAL = ("https://arxiv.org", "https://export.arxiv.org")
_FIELDED = re.compile(r"\b(?:ti|au|abs|cat|all|jr|co):\S")
_JOURNAL = re.compile(
    r"(?P<journal>[A-Z][A-Za-z.&: \-]{3,80}?),?\s+(?:vol(?:\.|ume)\s*)?(?P<volume>\d{1,4})"
    r"(?:\s*\((?P<number>\d{1,4})\))?[,:]?\s*(?:no\.\s*\d+,\s*)?(?:pp?\.\s*)?(?P<pages>\d[\dA-Za-z]*(?:\s*[-–]+\s*\d+)?)?"
    r"[,.]?\s*\(?(?P<year>(?:19|20)\d{2})\)?\.?\Z"
)
_MEETING = re.compile(r"\b(?:proc|conference|workshop|symposium|advances|neurips|nips|icml|iclr|in )\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where arXiv is asked: the search and the papers."""

    search: str = "https://export.arxiv.org"
    papers: str = "https://arxiv.org"


class Arxiv:
    """arXiv for one user: `folder` keeps the answers and the pace for all of their labtop processes."""

    def __init__(
        self,
        folder: Path | None = None,
        hosts: Hosts | None = None,
        interval: float = INTERVAL,
        limits: Limits | None = None,
    ) -> None:
        self._hosts = hosts or Hosts()
        folder = folder or _user_folder()
        origins = (self._hosts.search, self._hosts.papers)
        interval = max(interval, INTERVAL) if set(origins) & set(_REAL) else interval
        self._service = Service("arXiv", origins, Pace(folder / "pace", interval), limits)
        self._cache = Cache(folder / "answers")

    async def search(self, query: str, limit: int, tell: Tell) -> list[Hit]:
        """The papers that arXiv finds, best first, without ids still. Raises NotFetched."""
        if number := arxiv_number(query):
            return await self._found("", [number], 1, tell)
        if _FIELDED.search(query):
            return await self._found(re.sub(r"[^\w\s:\"().\-]", " ", query)[:300], [], limit, tell)
        words = list(dict.fromkeys(content_words(query)))[:MOST_WORDS]
        if not words:
            return []
        hits = await self._found(" AND ".join(f"all:{word}" for word in words), [], limit, tell)
        if len(hits) < FEW and len(words) > 1:
            more = await self._found(" OR ".join(f"all:{word}" for word in words), [], limit, tell)
            hits += [hit for hit in more if hit.arxiv not in {known.arxiv for known in hits}]
        return hits[:limit]

    async def full_text(self, number: str, tell: Tell) -> Read:
        """The text of a paper: from its HTML, else its LaTeX, else its PDF. Raises NotFetched."""
        name = f"text 1 {number}"
        if kept := self._cache.get(name):
            return Read(**json.loads(kept))
        problems = []
        for kind in ("html", "src", "pdf"):
            try:
                body = await self._service.get(f"{self._hosts.papers}/{kind}/{quote(number)}", MOST_PAGE, tell)
                read = await read_bytes(kind, body)
            except NotFetched as error:
                if not error.missing:
                    raise
                problems.append(f"no {kind.upper()}")
            except Unreadable as error:
                problems.append(str(error))
            else:
                self._cache.put(name, json.dumps(asdict(read)).encode())
                return read
        raise NotFetched(f"arXiv has no readable text of {number}: {', '.join(problems)}.", missing=True)

    async def _found(self, query: str, numbers: Sequence[str], limit: int, tell: Tell) -> list[Hit]:
        arxiv: Any = await asyncio.to_thread(import_module, "arxiv")  # takes long enough to be seen
        logging.getLogger("arxiv").setLevel(logging.CRITICAL)  # else it writes over the screen
        client = arxiv.Client(page_size=limit, delay_seconds=0, num_retries=0)
        client.query_url_format = f"{self._hosts.search}/api/query?{{}}"
        pages = _Pages(self, tell, asyncio.get_running_loop())
        client._session = pages
        search = arxiv.Search(query, list(numbers), limit)
        try:
            results = await asyncio.to_thread(lambda: list(client.results(search)))
        except (arxiv.ArxivError, ValueError) as error:
            raise NotFetched(f"arXiv's answer cannot be read: {clean(str(error))[:200]}.") from error
        finally:
            pages.close()
        return [hit for result in results if (hit := hit_of(result))]

    async def page(self, url: str, tell: Tell) -> bytes:
        """One page of a search: as it was kept, or as arXiv has it now."""
        kept = self._cache.get(url, SEARCH_AGE)
        if kept is None:
            kept = await self._service.get(url, MOST_FEED, tell, _not_a_feed)
            self._cache.put(url, kept)
        return kept


class _Pages:
    """What `arxiv.Client` takes for its session: it asks for one page after the other, the event loop gets them.

    The package's own session has no time-out, no limit and no patience.
    """

    def __init__(self, source: Arxiv, tell: Tell, loop: asyncio.AbstractEventLoop) -> None:
        self._source = source
        self._tell = tell
        self._loop = loop
        self._closed = False
        self._waiting: Any = None

    def get(self, url: str, **_: object) -> _Page:
        """The page at `url`; called in the package's thread."""
        if self._closed:
            raise ValueError("nobody waits for it any more")
        self._waiting = asyncio.run_coroutine_threadsafe(self._source.page(url, self._tell), self._loop)
        return _Page(self._waiting.result())

    def close(self) -> None:
        """Let the thread end when the search is given up."""
        self._closed = True
        if self._waiting is not None:
            self._waiting.cancel()


@dataclass(frozen=True, slots=True)
class _Page:
    content: bytes
    status_code: int = 200


def hit_of(result: arxiv.Result) -> Hit | None:
    """A result of arXiv as a hit; None when it is no paper (an error that arXiv tells as an entry, for one)."""
    path = urlsplit(clean(result.entry_id)).path
    number = path.removeprefix("/abs/")
    title = plain(result.title)
    if not path.startswith("/abs/") or not arxiv_number(number) or not title or title == "Error":
        return None
    authors = tuple(name for author in result.authors[:200] if (name := plain(author.name)[:120]))
    abstract = " ".join(clean(result.summary).split())[:6000]
    doi = doi_in(result.doi or "")
    base = arxiv_number(number)
    reference, venue, year = _reference(result, base, title[:400], authors, doi)
    paper = Paper("", title[:400], authors, year, venue, abstract, f"https://arxiv.org/abs/{base}")
    return Hit(paper, reference, ARXIV, number, doi)


def _reference(
    result: arxiv.Result, number: str, title: str, authors: tuple[str, ...], doi: str
) -> tuple[Reference, str, str]:
    """The entry with its venue and year: an article only where journal and volume are named and a DOI backs them."""
    journal_ref = plain(result.journal_ref or "")[:300]
    article = _JOURNAL.match(journal_ref) if doi and not _MEETING.search(journal_ref) else None
    named = {name: tex(value) for name, value in article.groupdict().items() if value} if article else {}
    year = named.pop("year", "") or str(result.published.year)
    fields = {"author": authors_field(authors), "title": tex(title), **named, "year": year}
    if journal_ref and not article:
        fields["note"] = tex(journal_ref)
    category = re.fullmatch(r"[a-z-]+(?:\.[A-Za-z-]+)?", result.primary_category)
    fields |= {"doi": doi.replace("%", r"\%"), "eprint": number, "archivePrefix": "arXiv"}
    fields |= {"primaryClass": category[0] if category else "", "url": f"https://arxiv.org/abs/{number}"}
    kept = {name: value for name, value in fields.items() if value}
    return Reference("article" if article else "misc", kept), plain(named.get("journal", "")) or "arXiv", year


def _not_a_feed(body: bytes) -> str:
    """What is wrong with a page that should be an Atom feed: arXiv sends its maintenance page with a 200, too."""
    from lxml import etree

    if body[:2000].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a page for people instead of an answer"
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return "an answer that is not whole"
    return "" if root.tag == "{http://www.w3.org/2005/Atom}feed" else "an answer that is not a list of papers"


def _user_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("labtop") / "arxiv"
