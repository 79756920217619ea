"""The diff pane: what a turn proposes or did to a file, with signs, line numbers and the colours of the language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.content import Content

from core.clean import clean
from tui.widgets.code import coloured, language_of
from tui.widgets.frame import MUTED, entitle, frame
from tui.widgets.lines import Line, LineView

NOTHING_YET = (
    "No change to show yet.",
    "When an agent proposes an EDIT or a REPLACE, what it",
    "would change stands here, line by line.",
    "",
    "space runs, n makes one step",
)

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@ ?(.*)")
_STYLES = {
    "+": "on $success 18%",
    "-": "on $error 18%",
    "@": f"{MUTED} on $foreground 6%",
    " ": "",
    "~": MUTED,
}
_SIGNS = {"+": "bold $text-success", "-": "bold $text-error"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a diff: `sign` is + - or space, @ for a hunk's head, ~ for words of our own."""

    sign: str
    number: int
    text: str


class DiffPane(LineView):
    """A unified diff, drawn by line."""

    DEFAULT_CSS = frame("DiffPane")
    BORDER_TITLE = "Diff"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_curly_bracket", "hunk(1)", "Next hunk", show=False),
        Binding("left_curly_bracket", "hunk(-1)", "Previous hunk", show=False),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._rows: list[Row] = []
        self._language = ""
        self._digits = 1

    def on_mount(self) -> None:
        self.show("", "", "")

    def show(self, title: str, path: str, diff: str, empty: str = "") -> None:
        """Show a unified diff of `path`; `title` is its command, e.g. `EDIT 12-18`; `empty` is said of an empty one."""
        rows = read_diff(clean(diff)) if diff.strip() else []
        self._rows = rows or [Row("~", 0, text) for text in ((empty,) if empty else NOTHING_YET)]
        self._language = language_of(path)
        self._digits = len(str(max((row.number for row in rows), default=0))) if rows else 0
        entitle(self, " · ".join(part for part in ("Diff", path, title) if part), count(rows))
        self.lay(len(self._rows), max(self._gutter_width + cell_len(row.text) for row in self._rows))

    @property
    def _gutter_width(self) -> int:
        return self._digits + 3 if self._digits else 0

    def line(self, index: int) -> Line:
        row = self._rows[index]
        style = self.tint(_STYLES[row.sign])
        if row.sign in "@~":
            return Line(Content(""), Content(row.text), style)
        number = str(row.number).rjust(self._digits)
        gutter = Content.assemble((f"{number} ", MUTED), (f"{row.sign} ", _SIGNS.get(row.sign, "")))
        return Line(gutter, coloured(row.text, self._language), style)

    def text_of(self, index: int) -> str:
        row = self._rows[index]
        return row.text if row.sign in "@~" else row.sign + row.text

    def action_hunk(self, step: int) -> None:
        """Go to the next (1) or the previous (-1) hunk."""
        heads = [index for index, row in enumerate(self._rows) if row.sign == "@"]
        here = self.scroll_offset.y
        beyond = [head for head in heads if (head > here if step > 0 else head < here)]
        if beyond:
            self.scroll_to(0, beyond[0] if step > 0 else beyond[-1], animate=False)


def count(rows: list[Row]) -> str:
    """How much a diff changes, e.g. `+6 −4 · 2 hunks`."""
    if not rows:
        return ""
    signs = [row.sign for row in rows]
    hunks = signs.count("@")
    return f"+{signs.count('+')} −{signs.count('-')} · {hunks} hunk{'s' if hunks != 1 else ''}"


def read_diff(diff: str) -> list[Row]:
    """A unified diff as rows, numbered as in the new file, what is removed as in the old one; never raises."""
    rows: list[Row] = []
    old = new = old_left = new_left = 0
    for text in diff.split("\n"):
        body = text[1:].expandtabs(4)
        if old_left <= 0 and new_left <= 0:
            if match := _HUNK.match(text):
                old, new = int(match[1]), int(match[3])
                old_left, new_left = int(match[2] or 1), int(match[4] or 1)
                rows.append(Row("@", 0, _head(new, new_left, match[5])))
            elif text.startswith("+++ "):
                rows.append(Row("~", 0, text[4:].expandtabs(4)))
        elif text.startswith("+"):
            rows.append(Row("+", new, body))
            new, new_left = new + 1, new_left - 1
        elif text.startswith("-"):
            rows.append(Row("-", old, body))
            old, old_left = old + 1, old_left - 1
        elif not text.startswith("\\"):
            rows.append(Row(" ", new, body))
            old, new, old_left, new_left = old + 1, new + 1, old_left - 1, new_left - 1
    return _without_lone_name(rows)


def _without_lone_name(rows: list[Row]) -> list[Row]:
    """The pane's title names the file already; names are kept where a diff goes over several files."""
    names = [row for row in rows if row.sign == "~"]
    return rows if len(names) > 1 else [row for row in rows if row.sign != "~"]


def _head(first: int, lines: int, where: str) -> str:
    last = first + lines - 1
    span = f"line {first}" if lines == 1 else f"lines {first}–{last}" if lines else f"after line {first}"
    return f"── {span} {where.expandtabs(4)}".rstrip()
