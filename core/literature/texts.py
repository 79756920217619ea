"""Papers as plain text: running heads, hyphens at line ends and markup gone, the list of references set apart."""

from __future__ import annotations

import gzip
import io
import re
import statistics
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.clean import clean

LONGEST = 400_000
"""Characters that are kept of one text."""
LARGEST_SOURCE = 3 << 20
"""Bytes of LaTeX that are read."""
_MEMBERS = 300

_NAMED = re.compile(
    r"(?:(?:\d{1,2}(?:\.\d{1,2})*|[IVX]{1,5}|[A-H])\.?\s+)?(abstract|introduction|background|related works?|methods?|"
    r"methodology|experiments?|experimental (?:setup|results)|results(?: and discussion)?|discussion|limitations|"
    r"conclusions?(?: and (?:future work|discussion|outlook))?|acknowledge?ments?|references|bibliography|"
    r"appendix|appendices)[.:]?\Z",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?:\d{1,2}(?:\.\d{1,2}){0,2}\.?|[A-H](?:\.\d{1,2})?\.?)\s+[A-Z][^.?!;=]{2,70}\Z")
_REFERENCES = re.compile(r"references|bibliography", re.IGNORECASE)
_APPENDIX = re.compile(r"(?:appendix|appendices|[A-H]\.?\s)", re.IGNORECASE)
_SKIPPED = frozenset({"script", "style", "nav", "header", "footer", "svg", "button", "annotation", "annotation-xml"})
_BLOCKS = frozenset(
    {"p", "div", "section", "li", "figcaption", "caption", "tr", "table", "figure", "article", "dd", "dt"}
)


class NoText(ValueError):
    """A document has no text that can be read; says why."""


@dataclass(frozen=True, slots=True)
class Read:
    """The text of a paper; headings stand in lines of their own after `## `. The rest is what a PDF says of itself."""

    body: str
    references: str = ""
    title: str = ""
    authors: str = ""
    year: str = ""


def of_pages(pages: Sequence[str]) -> Read:
    """The text of a PDF's pages. Raises NoText when they hold none, as scanned pages do."""
    lines = [line for page in _without_running_lines(pages) for line in page]
    if sum(map(len, lines)) < 200:
        raise NoText("its pages hold no text (a scan?)")
    return _parted(list(_paragraphs(lines)))


def of_html(data: bytes) -> Read:
    """The text of a paper that LaTeXML wrote as HTML. Raises NoText for any other page."""
    from lxml import etree, html

    try:
        document = html.document_fromstring(data, parser=html.HTMLParser(encoding="utf-8", huge_tree=False))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        raise NoText("its HTML cannot be read") from None
    articles = document.xpath("//article[contains(@class, 'ltx_document')] | //*[contains(@class, 'ltx_page_content')]")
    if not articles:
        raise NoText("its HTML is no paper")
    references = [_html_text(one) for one in articles[0].xpath(".//*[contains(@class, 'ltx_bibliography')]")]
    for one in articles[0].xpath(".//*[contains(@class, 'ltx_bibliography')]"):
        one.getparent().remove(one)
    body = _html_text(articles[0])
    if len(body) < 500:
        raise NoText("its HTML holds no text")
    return Read(body[:LONGEST], "\n".join(references).removeprefix("## References").strip()[:LONGEST])


def of_source(data: bytes) -> Read:
    """The text of an e-print that is one LaTeX file. Raises NoText for PDF, several files, and old TeX."""
    from core.latex.text import source_as_text

    tex = _one_file(data)
    if "\\documentclass" not in tex or "\\begin{document}" not in tex:
        raise NoText("its source is not one LaTeX document")
    tex, _, references = tex.partition(r"\begin{thebibliography}")
    tex = re.sub(r"(?<!\\)%.*", "", tex)
    tex = re.sub(r"\\(?:sub){0,2}section\*?\s*\{([^{}]*)\}", r"\n\n@@\1\n\n", tex)
    tex = re.sub(r"\\begin\{abstract\}", "\n\n@@Abstract\n\n", tex)
    body = re.sub(r"^\s*@@\s*(.+)$", r"## \1", source_as_text(tex), flags=re.MULTILINE)
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n|(?=## )", body)]
    text = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    if len(text) < 500:
        raise NoText("its source holds no text")
    items = (re.sub(r"\A\s*(?:\[[^\]]*\]\s*)?\{[^}]*\}", "", one) for one in references.split(r"\bibitem")[1:400])
    return Read(text[:LONGEST], "\n".join(" ".join(source_as_text(one[:3000]).split()) for one in items))


def _one_file(data: bytes) -> str:
    if data[:2] == b"\x1f\x8b":
        with gzip.open(io.BytesIO(data)) as packed:
            try:
                data = packed.read(8 * LARGEST_SOURCE)
            except (OSError, EOFError) as error:
                raise NoText("its source is broken") from error
    if data[257:262] == b"ustar":
        data = _only_tex(data)
    if data[:4] == b"%PDF" or len(data) > LARGEST_SOURCE:
        raise NoText("its source is not one LaTeX document")
    return data.decode("utf-8", errors="replace")


def _only_tex(data: bytes) -> bytes:
    found: list[bytes] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for number, member in enumerate(archive):
                if number >= _MEMBERS:
                    raise NoText("its source has too many files")
                if len(found) > 1:
                    break
                if member.isfile() and member.name.endswith(".tex") and member.size <= LARGEST_SOURCE:
                    file = archive.extractfile(member)
                    found += [file.read()] if file else []
    except tarfile.TarError as error:
        raise NoText("its source is broken") from error
    if len(found) != 1:
        raise NoText("its source is not one LaTeX document")
    return found[0]


def _without_running_lines(pages: Sequence[str]) -> Iterator[list[str]]:
    """The lines of each page without page numbers, and without the heads and feet of three pages or more."""
    split = [[line.strip() for line in page.splitlines() if line.strip()] for page in pages]
    edges = Counter(shape for lines in split for shape in {_shape(line) for line in (*lines[:2], *lines[-2:])})
    for lines in split:
        last = len(lines) - 2
        yield [line for at, line in enumerate(lines) if 2 <= at < last or not _runs(line, edges)]


def _runs(line: str, edges: Mapping[str, int]) -> bool:
    return bool(re.fullmatch(r"\W*\d+\W*", line)) or (edges[_shape(line)] >= 3 and not line.endswith("."))


def _shape(line: str) -> str:
    return re.sub(r"\d+", "#", line.lower())


def _paragraphs(lines: Sequence[str]) -> Iterator[str]:
    """Lines put together to paragraphs; a heading becomes one of its own."""
    width = statistics.median(len(line) for line in lines) if lines else 0
    held: list[str] = []
    for line in lines:
        if _heads(line, held):
            yield " ".join(held)
            yield f"## {line}"
            held = []
            continue
        held.append(line)
        if len(line) < 0.75 * width and line.endswith((".", "?", "!", ":")):
            yield " ".join(held)
            held = []
    yield " ".join(held)


def _heads(line: str, before: Sequence[str]) -> bool:
    """Whether a line is a heading: a usual one, or a numbered one that does not stand inside a sentence."""
    if _NAMED.match(line):
        return True
    return bool(_NUMBERED.match(line)) and (not before or before[-1].endswith((".", "?", "!", ":")))


def _parted(paragraphs: Sequence[str]) -> Read:
    """Body and references apart; appendices behind the references belong to the body."""
    paragraphs = [paragraph for paragraph in paragraphs if paragraph.strip()]
    heads = [number for number, paragraph in enumerate(paragraphs) if paragraph.startswith("## ")]
    starts = [number for number in heads if _REFERENCES.search(paragraphs[number])]
    if not starts:
        return Read(clean("\n\n".join(paragraphs))[:LONGEST])
    start = starts[-1]
    end = next((number for number in heads if number > start and _APPENDIX.match(paragraphs[number][3:])), None)
    body = paragraphs[:start] + (paragraphs[end:] if end else [])
    return Read(clean("\n\n".join(body))[:LONGEST], clean("\n".join(paragraphs[start + 1 : end]))[:LONGEST])


def _html_text(root: Any) -> str:
    parts: list[str] = []
    _walk(root, parts, 0)
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", clean("\n".join(lines))).strip()


def _walk(node: Any, parts: list[str], depth: int) -> None:
    tag = node.tag if isinstance(node.tag, str) else "script"
    classes = node.get("class", "") if isinstance(node.tag, str) else ""
    heading = re.fullmatch(r"h[1-6]", tag)
    if tag == "math":
        parts.append(f" {node.get('alttext', '')} ".replace("\n", " "))
    elif tag not in _SKIPPED and "ltx_page_" not in classes.replace("ltx_page_content", "") and depth < 200:
        block = heading or tag in _BLOCKS
        parts.append("\n\n## " if heading else "\n\n" if block else "\n" if tag == "br" else "")
        parts.append((node.text or "").replace("\n", " "))
        for child in node:
            _walk(child, parts, depth + 1)
            parts.append((child.tail or "").replace("\n", " "))
        parts.append("\n\n" if block else " " if tag in ("td", "th") else "")
