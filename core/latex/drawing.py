"""Draws one page of a PDF that nobody has checked, in a process of its own with narrow limits.

python -m core.latex.drawing PAGE WIDTH HEIGHT < PDF     writes `PAGES WIDTH HEIGHT` and the pixels, or `PAGES problem`
"""

from __future__ import annotations

import resource
import signal
import sys
from contextlib import ExitStack

SECONDS = 20
MEMORY = 1536 << 20
LARGEST = 60 << 20
"""Bytes that a PDF may have."""
MOST_PIXELS = 12_000_000


def main() -> None:
    """Draw the page that the command line names so that it fits into a width and height in pixels."""
    number, width, height = map(int, sys.argv[1:4])
    for name, value in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(name, (value, value))
    signal.alarm(SECONDS)
    out = sys.stdout.buffer
    out.writelines(drawn(sys.stdin.buffer.read(LARGEST + 1), number, width, height))
    out.flush()


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
