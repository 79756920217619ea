"""Draws a page of a PDF that nobody has checked, or reads the text of all, in a process of its own with narrow limits.

python -m core.latex.drawing draw PAGE WIDTH HEIGHT < PDF  writes `PAGES WIDTH HEIGHT` and the pixels, or `PAGES why`
python -m core.latex.drawing text < PDF                    writes a line for each page, its text as JSON
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from core.pdf import LARGEST, narrow, of_page
from core.sandbox import linux, seccomp

SECONDS = 20
MOST_PIXELS = 12_000_000
MOST_PAGES = 60
"""Pages whose text is read."""
LONGEST_PAGE = 20_000

_FONTS = ("/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/X11/fonts")
"""Where PDFium looks for fonts that a document does not bring along."""


def main() -> None:
    """Do what the command line says."""
    verb, *numbers = sys.argv[1:]
    import pypdfium2  # noqa: F401  before the files are out of reach

    shut_in()
    signal.alarm(SECONDS)
    out, pdf = sys.stdout.buffer, sys.stdin.buffer.read(LARGEST + 1)
    if verb == "draw":
        out.writelines(drawn(pdf, *map(int, numbers)))
    else:
        for text in page_texts(pdf):
            out.write(json.dumps(text).encode() + b"\n")
            out.flush()  # a later page may be the end of this process
    out.flush()


def shut_in() -> None:
    """Take from this process what a reader does not need: much memory, and all files but fonts and Python's own.

    Files, and the network with them, as far as the kernel can; the limits hold everywhere.
    """
    narrow()
    if linux.landlock_abi():
        with suppress(OSError):
            linux.give_up_privileges()
            linux.restrict_files((*_FONTS, str(Path(os.__file__).parent)), ())
            linux.install_filter(seccomp.filter_for(seccomp.Room.SHARED, linux.landlock_abi()))


def page_texts(pdf: bytes) -> Iterator[str]:
    """The text of each page as PDFium tells it; nothing for a page that is broken, or a file that is no PDF."""
    import pypdfium2

    if len(pdf) > LARGEST:
        return
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError:
        return
    for number in range(min(len(document), MOST_PAGES)):
        yield of_page(document, number, lambda text: str(text.get_text_bounded()[:LONGEST_PAGE]))
    document.close()


def drawn(pdf: bytes, number: int, width: int, height: int) -> tuple[bytes, bytes]:
    """The head line and the pixels, three bytes each, row by row from the top."""
    import pypdfium2

    if len(pdf) > LARGEST:
        return b"0 it is too large\n", b""
    with ExitStack() as open_:
        try:
            document = pypdfium2.PdfDocument(pdf)
            open_.callback(document.close)
        except pypdfium2.PdfiumError:
            return b"0 it is no readable PDF\n", b""
        pages = len(document)
        try:
            page = document[number]
            open_.callback(page.close)
            across, down = page.get_size()
            scale = min(width / max(across, 1.0), height / max(down, 1.0))
            scale = min(scale, (MOST_PIXELS / max(across * down, 1.0)) ** 0.5)
            bitmap = page.render(scale=scale, rev_byteorder=True, no_smoothtext=False)
            open_.callback(bitmap.close)
        except (pypdfium2.PdfiumError, IndexError, MemoryError, ValueError):
            return f"{pages} the page cannot be drawn\n".encode(), b""
        rows, line = memoryview(bitmap.buffer).cast("B"), bitmap.width * bitmap.n_channels
        if bitmap.n_channels != 3:
            return f"{pages} the page has no colours that can be shown\n".encode(), b""
        pixels = b"".join(rows[at : at + line] for at in range(0, bitmap.stride * bitmap.height, bitmap.stride))
        return f"{pages} {bitmap.width} {bitmap.height}\n".encode(), pixels


if __name__ == "__main__":
    main()
