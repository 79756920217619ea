"""Reads documents that nobody has checked, in a process of its own with narrow limits: one JSON line each.

python -m core.literature.extract KIND PATH...     KIND is pdf, html or src
"""

from __future__ import annotations

import json
import re
import signal
import sys
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from core.clean import clean
from core.literature.texts import LONGEST, NoText, Read, of_html, of_pages, of_source
from core.pdf import LARGEST, narrow, of_page

SECONDS = 40
"""Seconds that one document may take; then the process dies."""
MOST_PAGES = 150
_FIRST_PAGE = 4000
_NO_TITLE = re.compile(r"untitled|microsoft word|\.(?:docx?|tex|dvi|pdf|ps)\b|^arxiv:|^\W*$", re.IGNORECASE)


def main() -> None:
    """Read the documents in the order of the command line."""
    kind, paths = sys.argv[1], sys.argv[2:]
    narrow()
    for path in paths:
        signal.alarm(SECONDS)
        print(json.dumps(_read(kind, Path(path))), flush=True)


def _read(kind: str, path: Path) -> dict[str, str]:
    try:
        if path.stat().st_size > LARGEST:
            return {"problem": f"it is larger than {LARGEST >> 20} MB"}
        data = path.read_bytes()
        return asdict(_of_pdf(data) if kind == "pdf" else of_html(data) if kind == "html" else of_source(data))
    except NoText as error:
        return {"problem": str(error)}
    except (OSError, MemoryError, RecursionError) as error:
        return {"problem": f"it cannot be read ({type(error).__name__})"}


def _of_pdf(data: bytes) -> Read:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        raise NoText("it is no readable PDF") from None
    try:
        pages: list[str] = []
        for number in range(min(len(document), MOST_PAGES)):
            pages.append(of_page(document, number, _page_text))
            if sum(map(len, pages)) > 2 * LONGEST:
                break
        facts = document.get_metadata_dict()
        title = " ".join(clean(facts.get("Title", "")).split())
        if len(title) < 8 or _NO_TITLE.search(title):
            title = of_page(document, 0, _largest_print)
    finally:
        document.close()
    year = re.search(r"(?:19|20)\d{2}", facts.get("CreationDate", ""))
    authors = " ".join(clean(facts.get("Author", "")).split())
    return replace(of_pages(pages), title=title[:300], authors=authors[:500], year=year[0] if year else "")


def _page_text(page: Any) -> str:
    # PDFium writes a hyphen at a line's end as U+FFFE or U+0002; the word goes on in the next line.
    return clean(re.sub("[\ufffe\x02]\r?\n?", "", page.get_text_bounded()[:40_000]).replace("\r\n", "\n"))


def _largest_print(page: Any) -> str:
    """The words in the largest print on a page: on the first one its title, as a rule."""
    import pypdfium2.raw

    size_of = pypdfium2.raw.FPDFText_GetFontSize
    sizes = [round(size_of(page.raw, at), 1) for at in range(min(page.count_chars(), _FIRST_PAGE))]
    runs, at = [], 0
    for size, run in groupby(sizes):
        length = len(list(run))
        words = " ".join(clean(page.get_text_range(at, length)).split())
        at += length
        if len(words) >= 8 and not re.match(r"arxiv:", words, re.IGNORECASE):
            runs.append((size, words))
    largest = max((size for size, _ in runs), default=0.0)
    return " ".join(words for size, words in runs if size == largest)[:300]


if __name__ == "__main__":
    main()
