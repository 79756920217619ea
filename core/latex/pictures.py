"""Pages and figures as pictures, drawn by a limited process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.latex.apart import asked

if TYPE_CHECKING:
    from core.workspace.project import Project

REPORT = "report/report.pdf"
_MOST_FIGURES = 60


class NotDrawn(ValueError):
    """A page that cannot be drawn; says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn page: its size in pixels, three bytes (red, green, blue) a pixel, row by row; pages of its document."""

    width: int
    height: int
    pixels: bytes
    pages: int


def figures(project: Project) -> tuple[str, ...]:
    """The figures of the project, as paths in it."""
    names = sorted(path.name for path in (project.path / "figures").glob("*.pdf"))
    return tuple(f"figures/{name}" for name in names[:_MOST_FIGURES])


def picture(pdf: bytes, page: int, width: int, height: int) -> Picture:
    """Page `page` (from 0) of a PDF, drawn as large as fits into `width` × `height` pixels; slow. Raises NotDrawn."""
    try:
        said = asked(pdf, "draw", page, width, height)
    except TimeoutError:
        raise NotDrawn("drawing it takes too long") from None
    return _read(said)


def _read(said: bytes) -> Picture:
    head, _, pixels = said.partition(b"\n")
    found = re.fullmatch(rb"(\d{1,9}) (\d{1,5}) (\d{1,5})", head)
    if found is None:
        words = re.fullmatch(rb"\d{1,9} ([a-zA-Z ]{1,80})", head)
        raise NotDrawn(words[1].decode() if words else "drawing it takes too much, or breaks the reader")
    pages, width, height = map(int, found.groups())
    if len(pixels) != 3 * width * height or not pixels:
        raise NotDrawn("it was not drawn to its end")
    return Picture(width, height, pixels, pages)
