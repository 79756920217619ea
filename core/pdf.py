"""What the processes have in common that read documents nobody has checked: narrow limits, and PDFium page by page."""

from __future__ import annotations

import resource
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

MEMORY = 1536 << 20
LARGEST = 60 << 20
"""Bytes that a document may have."""


def narrow() -> None:
    """Take from this process what a reader does not need: much memory, writing files, many open files, core dumps."""
    for name, value in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(name, (value, value))


def of_page(document: Any, number: int, read: Callable[[Any], str]) -> str:
    """What `read` makes of a page's text; nothing for a page that is broken.

    Everything is closed by hand and in order: PDFium crashes when Python clears it up in another.
    """
    import pypdfium2

    with ExitStack() as open_:
        try:
            page = document[number]
            open_.callback(page.close)
            text = page.get_textpage()
            open_.callback(text.close)
            return read(text)
        except pypdfium2.PdfiumError:
            return ""
