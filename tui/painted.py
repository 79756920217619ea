"""What stands in the terminal, cell by cell, so that only the cells that differ are written to it.

Textual writes whole lines of whatever was drawn anew, also where the same stands there already: over a thin line that
is most of what it writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

GAP = 6
"""Cells that stay as they are and are written all the same, where to step over them takes as many bytes."""


class Look(NamedTuple):
    """How a cell looks, as codes; empty is what the terminal begins with."""

    ink: str = ""
    paper: str = ""
    attributes: str = ""
    link: str = ""

    def after(self, before: Look) -> str:
        """The codes that change the terminal from one look to this one: mostly one colour stays."""
        if self == before:
            return ""
        link = "" if self.link == before.link else f"\x1b]8;;{self.link}\x1b\\"
        less = (before.ink and not self.ink) or (before.paper and not self.paper)
        if less or before.attributes not in ("", self.attributes):
            codes = ["0", self.attributes, self.ink, self.paper]
        else:
            codes = [new if new != old else "" for new, old in zip(self[:3], before[:3], strict=True)]
        changed = ";".join(code for code in codes if code)
        return f"{link}\x1b[{changed}m" if changed else link


Cells = tuple[list[str], list[Look]]
"""A stretch of a line: what stands in each cell, and how it looks. A wide character stands in its first cell."""

PLAIN = Look()
MOST_LOOKS = 1000
_LOOKS: dict[tuple[Color | None, Color | None, int, str | None, ColorSystem], Look] = {}
ESCAPE = "\x1b"


class Painted:
    """The cells of the terminal as they were written last; a line that is not known is written in full."""

    def __init__(self) -> None:
        self._lines: dict[int, Cells] = {}
        self._pictures = False
        """Whether pixels may stand over the cells: then nothing is known of what is seen."""

    def forget(self) -> None:
        """Something else has written to the terminal."""
        self._lines.clear()

    def changes(self, update: CompositorUpdate, console: Console) -> str:
        """The codes that bring the terminal up to date with `update`."""
        system = console._color_system or ColorSystem.TRUECOLOR
        if isinstance(update, LayoutUpdate):  # also after the terminal was resized, or lent to another program
            self.forget()
            self._pictures = False
        written: list[str] = []
        look = PLAIN
        for y, x, strip in pieces(update):
            if any(ESCAPE in segment.text for segment in strip):
                self._pictures = True
                self.forget()
            if self._pictures:
                written.append(f"{PLAIN.after(look)}\x1b[{y + 1};{x + 1}H{strip.render(console)}")
                look = PLAIN
            else:
                for start, stretch in self._line(y, x, cells(strip, system)):
                    codes, look = drawn(stretch, look)
                    written.append(f"\x1b[{y + 1};{start + 1}H{codes}")
        return "".join(written) + PLAIN.after(look)

    def _line(self, y: int, x: int, new: Cells) -> Iterator[tuple[int, Cells]]:
        """What differs of line `y` in a stretch from `x` on: columns, and what is to stand there from now on."""
        texts, looks = self._lines.setdefault(y, ([], []))
        end = x + len(new[0])
        if (missing := end - len(texts)) > 0:
            texts += [ESCAPE] * missing  # what no cell can hold: not known
            looks += [PLAIN] * missing
        old = texts[x:end], looks[x:end]
        if new == old:
            return
        texts[x:end], looks[x:end] = new
        for start, stop in differing(new, old):
            yield x + start, (new[0][start:stop], new[1][start:stop])


class Changes(CompositorUpdate):
    """An update of which only what differs is written."""

    def __init__(self, update: CompositorUpdate, painted: Painted) -> None:
        self._update = update
        self._painted = painted

    def render_segments(self, console: Console) -> str:
        return self._painted.changes(self._update, console)


def untie(update: CompositorUpdate) -> None:
    """Free the strips of an update that was written.

    A strip that Textual had no need to divide is kept as its own only part: a ring, thousands of them a minute, that
    none but the collector of cyclic garbage could break up, in its longest and rarest walks.
    """
    rows: Iterable[Iterable[Strip | None]] = ()
    if isinstance(update, LayoutUpdate):
        rows = update.strips
    elif isinstance(update, ChopsUpdate):
        rows = (chops.values() for chops in update.chops)
    for strip in chain.from_iterable(rows):
        if strip is not None:
            strip._divide_cache.clear()


def pieces(update: CompositorUpdate) -> Iterator[tuple[int, int, Strip]]:
    """The strips of an update with their line and column."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            yield y, update.region.x, Strip.join(line)
    elif isinstance(update, ChopsUpdate):
        for y, left, right in update.spans:
            for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is not None and x <= right and end > left:
                    yield y, x, strip if x >= left and end <= right else strip.crop(0, min(end, right) - x)


def cells(strip: Strip, system: ColorSystem) -> Cells:
    """A strip by its cells; text with characters that are not one cell wide stands in its first cell as a whole."""
    texts: list[str] = []
    looks: list[Look] = []
    for text, style, control in strip:
        if control or not text:
            continue
        look = look_of(style, system) if style else PLAIN
        width = len(text) if text.isascii() else cell_len(text)
        if width == len(text) and (text.isascii() or all(cell_len(character) == 1 for character in text)):
            texts += text
        elif width:
            texts += [text, *[""] * (width - 1)]
        elif texts:
            texts[-1] += text
        looks += [look] * width
    return texts, looks


def differing(new: Cells, old: Cells) -> list[tuple[int, int]]:
    """The stretches of a line that have to be written; a line with wide characters, now or before, as one."""
    size = len(new[0])
    if "" in new[0] or "" in old[0]:
        return [(0, size)]
    stretches: list[tuple[int, int]] = []
    for place in range(size):
        if new[0][place] != old[0][place] or new[1][place] != old[1][place]:
            if stretches and place - stretches[-1][1] <= GAP:
                stretches[-1] = (stretches[-1][0], place + 1)
            else:
                stretches.append((place, place + 1))
    return stretches


def drawn(stretch: Cells, look: Look) -> tuple[str, Look]:
    """Cells as text with its codes, where the terminal writes in `look`; and the look in which it writes then."""
    texts, looks = stretch
    parts: list[str] = []
    start = 0
    while start < len(texts):
        end = next((place for place in range(start, len(texts)) if looks[place] != looks[start]), len(texts))
        parts += looks[start].after(look), *texts[start:end]
        look, start = looks[start], end
    return "".join(parts), look


def look_of(style: Style, system: ColorSystem) -> Look:
    """The codes of a style, in as many colours as the terminal has.

    What a style carries besides its looks (Textual notes in it where each word stands) makes it no other one here.
    """
    key = (style._color, style._bgcolor, style._attributes & style._set_attributes, style._link, system)
    look = _LOOKS.get(key)
    if look is None:
        if len(_LOOKS) >= MOST_LOOKS:
            _LOOKS.clear()
        look = _LOOKS[key] = _codes(style, system)
    return look


def _codes(style: Style, system: ColorSystem) -> Look:
    ink = style.color.downgrade(system).get_ansi_codes() if style.color else ()
    paper = style.bgcolor.downgrade(system).get_ansi_codes(foreground=False) if style.bgcolor else ()
    attributes = Strip.render_ansi(style.without_color, system)
    return Look(";".join(ink), ";".join(paper), attributes, style.link or "")
