"""A proposed change as hunks to keep, leave out or split, one by one, as with `git add -p`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from textual.content import Content
from textual.message import Message

from tui.widgets.changes import Row, changes, span
from tui.widgets.code import coloured, language_of
from tui.widgets.frame import MUTED, frame
from tui.widgets.lines import Line, LineView

_STYLES = {"+": "on $success 18%", "-": "on $error 18%", " ": "", "~": MUTED}
_SIGNS = {"+": "bold $text-success", "-": "bold $text-error"}
KEPT, LEFT_OUT = ("[✓]", "bold $text-success"), ("[ ]", "bold $text-warning")


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that change together, with unchanged ones around them; `where` is that in words.

    `parts` numbers its runs of changed lines through the whole diff, from 1.
    """

    where: str
    rows: tuple[Row, ...]
    parts: tuple[int, ...]

    @property
    def much(self) -> str:
        """How many lines it adds and takes away."""
        signs = [row.sign for row in self.rows]
        return f"+{signs.count('+')} −{signs.count('-')}"

    def split(self) -> list[Hunk]:
        """A hunk for each part; as in git, the unchanged lines between two of them are shown with both."""
        runs = [tuple(run) for _, run in groupby(self.rows, lambda row: row.sign == " ")]
        found: list[Hunk] = []
        for place, run in enumerate(runs):
            if run[0].sign != " ":
                around = tuple(row for part in runs[max(0, place - 1) : place + 2] for row in part)
                lines = [row.number for row in around if row.sign != "-"]
                where = span(lines[0], len(lines)) if lines else self.where
                found.append(Hunk(where, around, (self.parts[len(found)],)))
        return found


def hunks_of(diff: str) -> list[Hunk]:
    """The hunks that a unified diff shows."""
    found: list[Hunk] = []
    rows = [row for row in changes(diff).rows if row.sign != "~"]
    heads = [index for index, row in enumerate(rows) if row.sign == "@"]
    done = 0
    for head, after in pairwise([*heads, len(rows)]):
        inside = tuple(rows[head + 1 : after])
        runs = sum(sign != " " for sign, _ in groupby(inside, lambda row: " " if row.sign == " " else "±"))
        found.append(Hunk(rows[head].text.lstrip("─ "), inside, tuple(range(done + 1, done + runs + 1))))
        done += runs
    return found


class HunkView(LineView):
    """The hunks of a unified diff, one of them current; each is kept until it is left out."""

    DEFAULT_CSS = frame("HunkView")

    class Changed(Message):
        """Another hunk is current, or one was kept, left out or split."""

    def __init__(self, path: str, diff: str) -> None:
        super().__init__(id="hunks")
        self.hunks = hunks_of(diff)
        self.left_out: set[int] = set()
        """The places of the hunks that may not act, from 0."""
        self.current = 0
        self._language = language_of(path)
        rows = [row for hunk in self.hunks for row in hunk.rows]
        self._digits = len(str(max((row.number for row in rows), default=0)))
        self._width = max((len(row.text) for row in rows), default=0) + self._digits + 40
        self._lines: Sequence[tuple[int, Row | None]] = ()
        """What stands in each line: a row of the hunk at a place, or its head."""

    def on_mount(self) -> None:
        self._again()

    @property
    def kept(self) -> tuple[int, ...]:
        """The parts of the change that are kept, numbered from 1."""
        return tuple(part for at, hunk in enumerate(self.hunks) if at not in self.left_out for part in hunk.parts)

    def walk(self, step: int) -> None:
        """Go to the next (1) or the previous (-1) hunk."""
        self.current = min(max(0, self.current + step), max(0, len(self.hunks) - 1))
        self._again()
        self._come_into_view()

    def toggle(self) -> None:
        """Keep the current hunk, or leave it out."""
        self.left_out ^= {self.current}
        self._again()

    def refuse(self) -> None:
        """Leave all hunks out."""
        self.left_out = set(range(len(self.hunks)))
        self._again()

    def split(self) -> int:
        """Cut the current hunk where unchanged lines stand between its changes; how many hunks it is then."""
        pieces = self.hunks[self.current].split() if self.hunks else []
        more = len(pieces) - 1
        if more > 0:
            self.hunks[self.current : self.current + 1] = pieces
            places = {at + more if at > self.current else at for at in self.left_out}
            also = range(self.current, self.current + more + 1) if self.current in self.left_out else ()
            self.left_out = places | set(also)
            self._again()
            self._come_into_view()
        return len(pieces)

    def line(self, index: int) -> Line:
        at, row = self._lines[index]
        if row is None:
            return self._head(at)
        gutter = Content.assemble(
            (f"  {str(row.number).rjust(self._digits)} ", MUTED), (f"{row.sign} ", _SIGNS.get(row.sign, ""))
        )
        if at in self.left_out:  # what does not happen has no colours
            return Line(gutter.stylize(MUTED), Content.styled(row.text, MUTED))
        return Line(gutter, coloured(row.text, self._language), self.tint(_STYLES[row.sign]))

    def text_of(self, index: int) -> str:
        at, row = self._lines[index]
        return self.hunks[at].where if row is None else row.sign + row.text

    def _head(self, at: int) -> Line:
        mark, words = (LEFT_OUT, "left out") if at in self.left_out else (KEPT, "kept")
        hunk, here = self.hunks[at], at == self.current
        told = f" hunk {at + 1} of {len(self.hunks)} · {hunk.where} · {hunk.much}"
        said = Content.assemble(("▸ " if here else "  "), mark, (told, "bold" if here else MUTED), f" · {words}")
        return Line(Content(""), said, self.tint("on $foreground 14%" if here else "on $foreground 6%"))

    def _come_into_view(self) -> None:
        top = next((index for index, (at, _) in enumerate(self._lines) if at == self.current), 0)
        self.scroll_to(y=top, animate=False)

    def _again(self) -> None:
        self._lines = [(at, row) for at, hunk in enumerate(self.hunks) for row in (None, *hunk.rows)]
        self.lay(len(self._lines), self._width, keep=True)
        self.post_message(self.Changed())
