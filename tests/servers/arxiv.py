"""A small real arXiv over HTTP on 127.0.0.1 that misbehaves on order: the Atom search, HTML, sources and PDFs.

with ArxivServer([Entry("2301.00001", "On forests")]) as server:
    server.faults.append(refused(429, {"Retry-After": "1"}))   # the next request; the one after works
    Arxiv(folder, server.hosts, interval=0.05)
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from core.literature.arxiv import Hosts

ATOM = "application/atom+xml; charset=utf-8"


@dataclass(frozen=True)
class Entry:
    """A paper of the server; what it has besides a record is served under html/, src/ and pdf/."""

    number: str
    title: str
    authors: Sequence[str] = ("Ada Lovelace", "Charles Babbage")
    summary: str = "We study trees, forests and label noise."
    version: int = 1
    published: str = "2023-01-02T03:04:05Z"
    category: str = "cs.LG"
    doi: str = ""
    journal_ref: str = ""
    html: str = ""
    src: bytes = b""
    pdf: bytes = b""


Fault = Callable[["Handler"], None]


@dataclass
class Asked:
    """One request: when it came and when its whole answer was sent, on a clock that all processes share."""

    path: str
    agent: str
    began: float
    ended: float = math.inf


class ArxivServer:
    """Serves `papers`; each of `faults` spoils one request, in order. `asked` remembers what was asked and when."""

    def __init__(self, papers: Sequence[Entry] = ()) -> None:
        self.papers = list(papers)
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.most = 2000
        """Entries on one page, however many are asked for."""
        handler = type("BoundHandler", (Handler,), {"arxiv": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """The server's origin."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def hosts(self) -> Hosts:
        """Where search and papers are asked."""
        return Hosts(self.url, self.url)

    @property
    def searches(self) -> list[str]:
        """The queries that were searched for, in order."""
        return [
            parse_qs(urlsplit(asked.path).query)["search_query"][0]
            for asked in self.asked
            if "search_query" in asked.path
        ]

    def paths(self) -> list[str]:
        """The paths that were asked for, in order, without their queries."""
        return [urlsplit(asked.path).path for asked in self.asked]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def feed(self, query: Mapping[str, list[str]]) -> bytes:
        """The Atom answer to a query, one page of it."""
        start, most = int(query["start"][0]), min(int(query["max_results"][0]), self.most)
        numbers = [number.split("v")[0] for number in query.get("id_list", [""])[0].split(",") if number]
        asked = query.get("search_query", [""])[0]
        found = [paper for paper in self.papers if (paper.number in numbers if numbers else _fits(paper, asked))]
        page = "".join(map(_entry, found[start : start + most]))
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"'
            ' xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom">'
            f"<title>arXiv Query: {escape(asked)}</title><id>http://arxiv.org/api/x</id>"
            f"<opensearch:totalResults>{len(found)}</opensearch:totalResults>"
            f"<opensearch:startIndex>{start}</opensearch:startIndex>"
            f"<opensearch:itemsPerPage>{most}</opensearch:itemsPerPage>{page}</feed>"
        ).encode()


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    arxiv: ArxivServer
    asked: Asked
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer, or misbehave as ordered."""
        self.asked = Asked(self.path, self.headers.get("User-Agent", ""), time.monotonic())
        self.arxiv.asked.append(self.asked)  # before the answer: whoever has that may count at once
        faults = self.arxiv.faults
        try:
            (faults.pop(0) if faults else Handler.answer)(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer(self) -> None:
        """What arXiv would say."""
        parts = urlsplit(self.path)
        if parts.path == "/api/query":
            self.send(self.arxiv.feed(parse_qs(parts.query)), ATOM)
            return
        _, kind, number = parts.path.split("/", 2)
        paper = next((one for one in self.arxiv.papers if one.number == number.split("v")[0]), None)
        content = getattr(paper, kind, "") if kind in ("html", "src", "pdf") else ""
        if not content:
            self.send(b"no such page", "text/plain", 404)
            return
        self.send(content.encode() if isinstance(content, str) else content, f"application/{kind}")

    def send(self, body: bytes, kind: str, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """One whole answer."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.asked.ended = time.monotonic()  # before the last byte: behind it the client may be quicker
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


def refused(status: int, headers: Mapping[str, str] | None = None) -> Fault:
    """A refusal such as 429 or 503."""
    return lambda handler: handler.send(b"Rate exceeded.", "text/plain", status, headers)


def page(body: str, status: int = 200) -> Fault:
    """A page for people, with whatever status: arXiv's maintenance page has a 200."""
    return lambda handler: handler.send(body.encode(), "text/html", status)


def raw(body: bytes) -> Fault:
    """Any body as the feed."""
    return lambda handler: handler.send(body, ATOM)


def slow(seconds: float) -> Fault:
    """The right answer, late."""

    def act(handler: Handler) -> None:
        time.sleep(seconds)
        handler.answer()

    return act


def dripping(seconds: float) -> Fault:
    """An answer a byte at a time."""

    def act(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(1000):
            handler.wfile.write(b" ")
            time.sleep(seconds)

    return act


def cut(handler: Handler) -> None:
    """Half of what was promised; then the connection ends."""
    body = handler.arxiv.feed({"start": ["0"], "max_results": ["20"]})
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True


def huge(handler: Handler) -> None:
    """An answer that never ends."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    for _ in range(4000):
        handler.wfile.write(b"<!-- -->" * 8192)
    handler.close_connection = True


def sent_to(address: str) -> Fault:
    """A redirect."""
    return lambda handler: handler.send(b"", "text/html", 302, {"Location": address})


def pdf_of(pages: Sequence[Sequence[str]], title: str = "", large: str = "") -> bytes:
    """A small PDF in Helvetica with these lines on its pages; `large` stands in large print on the first."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for number, lines in enumerate(pages):
        text = f"BT /F1 20 Tf 50 760 Td ({_text(large)}) Tj ET\n" if large and not number else ""
        text += "BT /F1 10 Tf 50 730 Td 12 TL\n" + "".join(f"({_text(line)}) Tj T*\n" for line in lines) + "ET"
        objects.append(f"<< /Length {len(text)} >>\nstream\n{text}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    objects.append(f"<< /Title ({_text(title)}) >>")
    body, starts = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        starts.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    rows = "".join(f"{start:010d} 00000 n \n" for start in starts)
    trailer = (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    )
    return f"{body}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{rows}{trailer}".encode("latin-1")


def _text(line: str) -> str:
    return re.sub(r"([()\\])", r"\\\1", line)


def _fits(paper: Entry, query: str) -> bool:
    text = f"{paper.title} {paper.summary}".lower()
    words = re.findall(r"all:(\w+)", query)
    holds = [word in text for word in words]
    return any(holds) if " OR " in query else all(holds)


def _entry(paper: Entry) -> str:
    authors = "".join(f"<author><name>{escape(name)}</name></author>" for name in paper.authors)
    doi = f"<arxiv:doi>{escape(paper.doi)}</arxiv:doi>" if paper.doi else ""
    journal = f"<arxiv:journal_ref>{escape(paper.journal_ref)}</arxiv:journal_ref>" if paper.journal_ref else ""
    name = f"{paper.number}v{paper.version}"
    return (
        f"<entry><id>http://arxiv.org/abs/{name}</id><updated>{paper.published}</updated>"
        f"<published>{paper.published}</published><title>{escape(paper.title)}</title>"
        f"<summary>{escape(paper.summary)}</summary>{authors}{doi}{journal}"
        f'<link title="pdf" href="http://arxiv.org/pdf/{name}" rel="related" type="application/pdf"/>'
        f'<arxiv:primary_category term="{paper.category}"/><category term="{paper.category}"/></entry>'
    )
