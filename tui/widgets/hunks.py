"""A proposed change as hunks to keep or leave out, one by one, as with `git add -p`."""

from __future__ import annotations

from textual.content import Content
from textual.message import Message

from tui.widgets.changes import changes
from tui.widgets.code import coloured, language_of
from tui.widgets.frame import MUTED, frame
from tui.widgets.lines import Line, LineView

_STYLES = {"+": "on $success 18%", "-": "on $error 18%", " ": "", "~": MUTED}
_SIGNS = {"+": "bold $text-success", "-": "bold $text-error"}
KEPT, LEFT_OUT = ("[✓]", "bold $text-success"), ("[ ]", "bold $text-warning")


class HunkView(LineView):
    """The hunks of a unified diff, one of them current; each is kept until it is left out."""

    DEFAULT_CSS = frame("HunkView")

    class Changed(Message):
        """Another hunk is current, or one was kept or left out."""

    def __init__(self, path: str, diff: str) -> None:
        super().__init__(id="hunks")
        self._rows = [row for row in changes(diff).rows if row.sign != "~"]
        self._heads = [index for index, row in enumerate(self._rows) if row.sign == "@"]
        self._language = language_of(path)
        self._digits = len(str(max((row.number for row in self._rows), default=0)))
        self._width = max((len(row.text) for row in self._rows), default=0) + self._digits + 40
        self.left_out: set[int] = set()
        self.current = 1

    def on_mount(self) -> None:
        self.lay(len(self._rows), self._width)

    @property
    def total(self) -> int:
        """How many hunks there are."""
        return len(self._heads)

    @property
    def kept(self) -> tuple[int, ...]:
        """The hunks that are kept, numbered from 1."""
        return tuple(number for number in range(1, self.total + 1) if number not in self.left_out)

    def walk(self, step: int) -> None:
        """Go to the next (1) or the previous (-1) hunk."""
        self.current = min(max(1, self.current + step), max(1, self.total))
        self._again()
        self.scroll_to(y=self._heads[self.current - 1], animate=False)

    def toggle(self) -> None:
        """Keep the current hunk, or leave it out."""
        self.left_out ^= {self.current}
        self._again()

    def refuse(self) -> None:
        """Leave all hunks out."""
        self.left_out = set(range(1, self.total + 1))
        self._again()

    def line(self, index: int) -> Line:
        row, number = self._rows[index], self._number(index)
        left_out = number in self.left_out
        if row.sign == "@":
            return self._head(index, number, left_out)
        gutter = Content.assemble(
            (f"  {str(row.number).rjust(self._digits)} ", MUTED), (f"{row.sign} ", _SIGNS.get(row.sign, ""))
        )
        if left_out:  # what does not happen has no colours
            return Line(gutter.stylize(MUTED), Content.styled(row.text, MUTED))
        return Line(gutter, coloured(row.text, self._language), self.tint(_STYLES[row.sign]))

    def text_of(self, index: int) -> str:
        row = self._rows[index]
        return row.text if row.sign == "@" else row.sign + row.text

    def _head(self, index: int, number: int, left_out: bool) -> Line:
        mark, words = (LEFT_OUT, "left out") if left_out else (KEPT, "kept")
        here = number == self.current
        told = f" hunk {number} of {self.total} · {self._rows[index].text.lstrip('─ ')} · {self._much(index)}"
        said = Content.assemble(("▸ " if here else "  "), mark, (told, "bold" if here else MUTED), f" · {words}")
        return Line(Content(""), said, self.tint("on $foreground 14%" if here else "on $foreground 6%"))

    def _much(self, head: int) -> str:
        """How many lines the hunk adds and takes away."""
        after = next((place for place in self._heads if place > head), len(self._rows))
        signs = [row.sign for row in self._rows[head + 1 : after]]
        return f"+{signs.count('+')} −{signs.count('-')}"

    def _number(self, index: int) -> int:
        return sum(head <= index for head in self._heads)

    def _again(self) -> None:
        self.lay(len(self._rows), self._width, keep=True)
        self.post_message(self.Changed())
