"""The pages of a PDF as text, read by a limited process."""

from __future__ import annotations

import json
import re

from core.clean import clean
from core.latex.apart import asked


def pages_as_text(pdf: bytes) -> tuple[str, ...]:
    """The text of each page, cleaned, as far as a limited process can read it; empty when `pdf` is no readable PDF."""
    try:
        said = asked(pdf, "text")
    except TimeoutError:
        return ()
    return tuple(_page(line) for line in said.splitlines(keepends=True) if line.endswith(b"\n"))


def _page(line: bytes) -> str:
    try:
        text = json.loads(line)
    except ValueError:
        return ""
    # PDFium writes a hyphen at a line's end as U+FFFE or U+0002; the word goes on in the next line.
    return clean(re.sub("[\ufffe\x02]\r?\n?", "", str(text)).replace("\r\n", "\n")).strip()
