"""Two or more lines of inquiry side by side: a table, and below it how their files differ."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from core.clean import clean
from core.comparison import SHOWN, Compared, best_line, compare_lines, difference, differing, lead_of, rows_of
from core.errors import LabError
from tui.keymap import keyed
from tui.keys import Scope, bindings
from tui.panes.diff import DiffPane
from tui.panes.text import TextPane
from tui.screens.screen import LabScreen, sheets
from tui.widgets.frame import MUTED
from tui.widgets.keyline import KeyLine
from tui.widgets.sheet import EMPTY, padded, wrapped

if TYPE_CHECKING:
    from core.workspace.project import Project

NARROWEST = 14
"""Cells of a column at the least; what does not fit is to the right."""


class CompareScreen(LabScreen[str | None]):
    """The table of lines; brackets turn to the files that differ between the first one and the others.

    Gives back the line from which a finding is to be taken, or None.
    """

    CSS_PATH = sheets("history")
    BINDINGS = bindings(Scope.COMPARE)
    scopes = (Scope.COMPARE,)
    helped = (Scope.COMPARE, Scope.PANES)

    def __init__(self, project: Project, named: list[str], head: str = "") -> None:
        """`head` is the commit where one works."""
        super().__init__()
        self._head = head
        self._project = project
        self._named = named
        self._compared: Compared | None = None
        self._files: list[tuple[int, str, str]] = []
        self._at = 0

    def compose(self) -> ComposeResult:
        yield Static(id="status", markup=False)
        with Vertical(id="compared"):
            yield TextPane(id="table", classes="pane")
            yield DiffPane(id="diff", classes="pane")
        yield KeyLine(Scope.COMPARE)

    def on_mount(self) -> None:
        self._say_what(f"{', '.join(self._named)}: reading them …")
        self.query_one(TextPane).focus()
        self._read()

    def on_resize(self, event: Resize) -> None:
        self._show_table()

    @work(exclusive=True)
    async def _read(self) -> None:
        try:
            found = await asyncio.to_thread(compare_lines, self._project, self._named)
            files = await asyncio.to_thread(_differences, found)
        except (LabError, OSError) as error:
            self._say_what(f"{', '.join(self._named)}: {error}")
            return
        if not self.is_attached:
            return
        self._compared, self._files = found, files
        parted = found.parted
        told = (f"{len(found.lines)} lines, parted at turn {parted.number}", lead_of(found))
        self._say_what(" · ".join(words for words in told if words))
        self._show_table()
        self._show_file()

    def _say_what(self, words: str) -> None:
        title = (" labtop  ", "bold $accent")
        self.query_one("#status", Static).update(
            Content.assemble(title, (f"{self._project.name} ▸ Compare", "bold"), (f"   {clean(words)}", "$text-muted"))
        )

    def _show_table(self) -> None:
        if self._compared is not None:
            width = self.query_one(TextPane).scrollable_content_region.width or self.size.width - 4
            self.query_one(TextPane).show_lines("Lines", table(self._compared, width))

    def _show_file(self) -> None:
        pane = self.query_one(DiffPane)
        if not self._files:
            pane.show("", "", "", "The files of these lines are the same.")
            return
        place, path, diff = self._files[self._at]
        assert self._compared is not None
        names = f"{self._compared.lines[0].name} → {self._compared.lines[place].name}"
        keys = keyed(self.app, "{other_file.previous} {other_file.next}")
        more = f" · {keys} {self._at + 1}/{len(self._files)}" if len(self._files) > 1 else ""
        pane.show(f"{names}{more}", path, diff, f"{path} differs, and is no text or too long to show.")

    def action_other_file(self, step: str) -> None:
        """The file before, the next file."""
        if len(self._files) < 2:
            self.say("there is no other file that differs")
            return
        self._at = (self._at + (1 if step == "next" else -1)) % len(self._files)
        self._show_file()

    def action_take(self) -> None:
        """Take a finding of the line whose file is shown into the line that one works on."""
        if self._compared is None:
            return
        lines = self._compared.lines
        other = lines[self._files[self._at][0]] if self._files else lines[1]
        if other.commit == self._head:
            other = lines[0]
        if other.commit == self._head:
            self.say("both are where you are: there is nothing to take")
        else:
            self.dismiss(other.name)

    def action_back(self) -> None:
        """Back to the history."""
        self.dismiss(None)


def table(compared: Compared, width: int) -> list[Content]:
    """The comparison in columns; the best line's name and number stand out."""
    rows = rows_of(compared)
    best = best_line(compared)
    best_at = compared.lines.index(best) if best else -1
    head = max(len(name) for name, _ in rows) + 2
    room = max(NARROWEST, (width - head) // len(compared.lines) - 2)
    lines: list[Content] = []
    for number, (name, cells) in enumerate(rows):
        folded = []
        for column, cell in enumerate(cells):
            style = "bold $text-success" if column == best_at and number in (0, 2) else "bold" if not number else ""
            folded.append(wrapped(" ".join(cell.split()), room, style))
        for place in range(max(map(len, folded))):
            told = [padded(part[place] if place < len(part) else EMPTY, room + 2) for part in folded]
            lines.append(Content.assemble((f"{'' if place else name:<{head}}", MUTED), *told))
    return lines


def _differences(compared: Compared) -> list[tuple[int, str, str]]:
    """What differs between the first line and each other one: its place, the path, the diff of what people read."""
    found = []
    first = compared.lines[0]
    for place, line in enumerate(compared.lines[1:], 1):
        paths = differing(first, line)
        shown = [path for path in (*SHOWN, "report/report.tex", "results/metrics.json") if path in paths]
        found += [(place, path, difference(first, line, path)) for path in shown]
    return found
