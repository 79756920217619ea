"""The diff pane: what a turn proposes or did to a file, side by side where there is room, else one under the other.

Lines of prose are broken to the pane's width, lines of code are moved sideways.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import work
from textual.binding import BindingType
from textual.content import Content
from textual.events import Resize
from textual.strip import Strip
from textual.style import Style

from tui.keymap import keyed
from tui.keys import bound
from tui.widgets.changes import Changes, Row, changes, differing, laid_out, sides
from tui.widgets.code import coloured, coloured_text, language_of
from tui.widgets.folds import PROSE, Fold, folds
from tui.widgets.frame import MUTED, entitle, frame
from tui.widgets.lines import Line, LineView, to_strip

SIDE_BY_SIDE = 100
"""Cells from which on the old and the new lines stand side by side."""
SLOW = 20_000
"""Characters from which on a diff is read beside the screen's loop."""

NOTHING_YET = """No change to show yet.
When an agent proposes an EDIT or a REPLACE, what it
would change stands here, line by line.

{run_pause} runs, {step} makes one step"""

_STYLES = {
    "+": "on $success 18%",
    "-": "on $error 18%",
    "@": f"{MUTED} on $foreground 6%",
    " ": "",
    "~": MUTED,
}
_SIGNS = {"+": "bold $text-success", "-": "bold $text-error"}
_WORDS = {"+": "$foreground on $success 45%", "-": "$foreground on $error 45%"}
_WORDS_WITHOUT_SHADES = "bold underline"
_RULE = "│"


class DiffPane(LineView):
    """A diff, drawn by line."""

    DEFAULT_CSS = frame("DiffPane")
    BORDER_TITLE = "Diff"
    BINDINGS: ClassVar[list[BindingType]] = bound("hunk", "hunk(-1)", "hunk(1)")

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._changes = laid_out([])
        self._bodies: dict[int, Content] = {}
        """Rows in the colours that they have in their file, once they are known."""
        self._language = ""
        self._digits = 0
        self._aside = 0
        """How far both sides are moved to the left."""
        self._split = False
        self._places: list[tuple[int, int]] = []
        """What each line of the view is: which pair (side by side) or row, and which part of one that is broken."""

    def on_mount(self) -> None:
        if not self._changes.rows:
            self._changes = self._instead("")
        self._lay()

    def _instead(self, words: str) -> Changes:
        """What stands in the place of a change that there is not."""
        lines = [words] if words else keyed(self.app, NOTHING_YET).split("\n")
        return laid_out([Row("~", 0, line) for line in lines])

    def on_resize(self, event: Resize) -> None:
        """Side by side or one under the other, as the room allows; what stands on top stays there."""
        if self._split or self._wide or self._prose:
            top = self._row_at(self.scroll_offset.y)
            self._lay()
            self.scroll_to(y=self._line_of(top), animate=False, force=True)

    def show(self, title: str, path: str, diff: str, empty: str = "") -> None:
        """Show a unified diff of `path`; `title` is its command, e.g. `EDIT 12-18`; `empty` is said of an empty one."""
        self.workers.cancel_group(self, "diff")
        named = " · ".join(part for part in ("Diff", path, title) if part)
        if len(diff) < SLOW:
            self._show(named, path, changes(diff), empty)
        else:
            entitle(self, named, "reading it …")
            self._read(named, path, diff, empty)

    @work(exclusive=True, group="diff")
    async def _read(self, named: str, path: str, diff: str, empty: str) -> None:
        self._show(named, path, await asyncio.to_thread(changes, diff), empty)

    def _show(self, named: str, path: str, found: Changes, empty: str) -> None:
        entitle(self, named, found.count)
        self._digits = len(str(max((row.number for row in found.rows), default=0))) if found.rows else 0
        self._changes = found if found.rows else self._instead(empty)
        self._language = language_of(path)
        self._aside = 0
        self._bodies = {}
        self._lay()
        if self._language:
            self._colour(found, self._language)

    @work(exclusive=True, group="colours")
    async def _colour(self, found: Changes, language: str) -> None:
        """Colour hunks as wholes: what is inside a long string cannot be told from a line alone."""
        bodies = await asyncio.to_thread(_coloured, found, language)
        if found is self._changes:
            self._bodies = bodies
            self._strips.clear()
            self.refresh()

    @property
    def _room(self) -> int:
        """Cells of a line, without those of the scroll bar."""
        return max(0, self.size.width - self.styles.scrollbar_size_vertical)

    @property
    def _wide(self) -> bool:
        return self._room >= SIDE_BY_SIDE and self._digits > 0

    @property
    def _gutter_width(self) -> int:
        return self._digits + 3 if self._digits else 0

    @property
    def _prose(self) -> bool:
        return self._digits > 0 and self._language in PROSE

    def _lay(self) -> None:
        self._split = self._wide
        changes, room = self._changes, self._room
        if self._split:
            halves = (self._half_width, room - 1 - self._half_width)
            heights = [max(map(self._height, pair, halves)) for pair in ((p.left, p.right) for p in changes.pairs)]
        else:
            heights = [self._height(row, room) for row in range(len(changes.rows))]
        self._places = [(at, part) for at, height in enumerate(heights) for part in range(height)]
        broken = self._split or self._prose
        self.lay(len(self._places), room if broken else self._gutter_width + changes.width)

    @property
    def _half_width(self) -> int:
        return (self._room - 1) // 2

    def _height(self, row: int, width: int) -> int:
        """How many lines a row takes in `width` cells."""
        return len(self._folds(row, width)) if self._prose and row >= 0 else 1

    def _folds(self, index: int, width: int) -> tuple[Fold, ...]:
        row = self._changes.rows[index]
        return folds(row.text, width - (0 if row.sign in "@~" else self._gutter_width))

    # One under the other

    def line(self, index: int) -> Line:
        row, part = self._places[index]
        return self._part(row, part, self._room, self._changes.rows[row].number)

    def _part(self, index: int, part: int, width: int, number: int) -> Line:
        """A part of a row in `width` cells; all of it where lines are not broken."""
        line = self._line(index, number)
        if not self._prose:
            return line
        parts = self._folds(index, width)
        if part >= len(parts):
            return Line(Content(""), Content(""), line.style)
        start, end = parts[part]
        gutter = Content(" " * line.gutter.cell_length) if part else line.gutter
        return Line(gutter, line.body[start:end], line.style)

    def _line(self, index: int, number: int) -> Line:
        row = self._changes.rows[index]
        style = self.tint(_STYLES[row.sign])
        if row.sign in "@~":
            return Line(Content(""), Content(row.text), style)
        gutter = Content.assemble(
            (f"{str(number).rjust(self._digits)} ", MUTED), (f"{row.sign} ", _SIGNS.get(row.sign, ""))
        )
        return Line(gutter, self._marked(index, self._bodies.get(index) or coloured(row.text, self._language)), style)

    def _marked(self, index: int, body: Content) -> Content:
        """The words in which a changed line differs from the one in whose place it came."""
        partner = self._changes.partners[index]
        if partner < 0:
            return body
        row, other = self._changes.rows[index], self._changes.rows[partner]
        spans = differing(row.text, other.text)[0] if row.sign == "-" else differing(other.text, row.text)[1]
        style = self.tint(_WORDS[row.sign], _WORDS_WITHOUT_SHADES)
        for start, end in spans:
            body = body.stylize(style, start, end)
        return body

    def text_of(self, index: int) -> str:
        if self._split:
            return self._strip(index)[1].text.rstrip()
        at, part = self._places[index]
        row = self._changes.rows[at]
        start, end = self._folds(at, self._room)[part] if self._prose else (0, len(row.text))
        return row.text[start:end] if row.sign in "@~" or part else row.sign + row.text[start:end]

    # Side by side

    def _strip(self, index: int) -> tuple[Strip, Strip, Style]:
        if not self._split:
            return super()._strip(index)
        if (known := self._strips.get(index)) is None:
            known = (Strip([]), self._both(*self._places[index]), self.visual_style)
            self._keep(index, known)
        gutter, body, style = known
        if (selection := self.text_selection) and (span := selection.get_span(index)):
            start, end = span[0], span[1] if span[1] >= 0 else body.cell_length
            before, marked, after = (body.crop(0, start), body.crop(start, end), body.crop(end))
            body = Strip.join([before, marked.apply_style(Style(reverse=True).rich_style), after])
        return gutter, body, style

    def _both(self, at: int, part: int) -> Strip:
        width, rows, pair = self._room, self._changes.rows, self._changes.pairs[at]
        if pair.left == pair.right and rows[pair.left].sign in "@~":
            line = self._part(pair.left, part, width, 0)
            style = self._style(line)
            return to_strip(line.body, style).crop_extend(0, width, style.rich_style)
        left = self._half_width
        rule = to_strip(Content.styled(_RULE, MUTED), self.visual_style)
        old = self._half(pair.left, part, left, old=True)
        return Strip.join([old, rule, self._half(pair.right, part, width - 1 - left, old=False)])

    def _half(self, index: int, part: int, width: int, *, old: bool) -> Strip:
        """One side of a pair in `width` cells."""
        if index < 0:
            return Strip.blank(width, (self.visual_style + Style.parse("on $foreground 4%")).rich_style)
        row = self._changes.rows[index]
        line = self._part(index, part, width, row.old if old and row.sign == " " else row.number)
        style = self._style(line)
        gutter = to_strip(line.gutter, style)
        room = max(1, width - gutter.cell_length)
        body = to_strip(line.body, style).crop_extend(self._aside, self._aside + room, style.rich_style)
        return Strip.join([gutter, body]).crop(0, width)

    def _style(self, line: Line) -> Style:
        return self.visual_style + (Style.parse(line.style) if line.style else Style())

    def action_scroll_left(self) -> None:
        self._move_aside(-self.SIDE_STEP)

    def action_scroll_right(self) -> None:
        self._move_aside(self.SIDE_STEP)

    def _move_aside(self, cells: int) -> None:
        if not self._split:
            self.move(x=cells)
            return
        most = 0 if self._prose else self._gutter_width + self._changes.width - self._room // 2 + 1
        self._aside = max(0, min(self._aside + cells, most))
        self._strips.clear()
        self.refresh()

    # Hunks

    def action_hunk(self, step: int) -> None:
        """Go to the next (1) or the previous (-1) hunk."""
        rows = self._changes.rows
        heads = [at for at, (_, part) in enumerate(self._places) if not part and rows[self._row_at(at)].sign == "@"]
        here = self.scroll_offset.y
        beyond = [head for head in heads if (head > here if step > 0 else head < here)]
        if beyond:
            self.scroll_to(0, beyond[0] if step > 0 else beyond[-1], animate=False)
        else:
            self.notify("no hunk further down" if step > 0 else "no hunk further up", markup=False)

    def _row_at(self, line: int) -> int:
        """The row that stands on a line of the view."""
        rows = self._rows_at(max(0, min(line, len(self._places) - 1)))
        return next(row for row in rows if row >= 0)

    def _line_of(self, row: int) -> int:
        """The line of the view on which a row begins."""
        return next((at for at in range(len(self._places)) if row in self._rows_at(at)), 0)

    def _rows_at(self, line: int) -> tuple[int, ...]:
        at, _ = self._places[line]
        return (self._changes.pairs[at].left, self._changes.pairs[at].right) if self._split else (at,)


def _coloured(found: Changes, language: str) -> dict[int, Content]:
    """Each row in the colours that it has among its neighbours; what is in both files as in the new one."""
    bodies: dict[int, Content] = {}
    for side in sides(found.rows):
        lines = coloured_text("\n".join(found.rows[index].text for index in side), language)
        bodies |= dict(zip(side, lines, strict=True))
    return bodies
