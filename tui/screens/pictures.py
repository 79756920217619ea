"""The pages of the report and its figures as pictures; the readable text stays what the report pane shows first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from core.latex.pictures import REPORT, NotDrawn, Picture, figures, picture
from tui.keys import Scope, bindings
from tui.screens.screen import LabScreen, sheets
from tui.widgets.frame import plain
from tui.widgets.keyline import KeyLine
from tui.widgets.page import PageView
from tui.widgets.sharp import SharpPage, pixels_of

if TYPE_CHECKING:
    from core.workspace.project import Project

ZOOMS = (0.0, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
"""Widths in panes; 0 shows the whole picture, however high it is."""
_HIGHEST = 20_000
NOTHING_YET = "No page and no figure yet.\n\nThey appear here as soon as the report is compiled or a program draws one."
BLOCKS = ("+ until it can be read", "in half blocks; labtop[images] shows pixels where the terminal can")
"""What is said where there are no pixels, the second part where there is room for it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One picture that can be shown: a page (from 0) of a PDF in the project."""

    path: str
    page: int

    @property
    def title(self) -> str:
        """What it is, e.g. `page 2`, `figures/scores.pdf`."""
        return f"page {self.page + 1}" if self.path == REPORT else plain(self.path).plain


class PicturesScreen(LabScreen[None]):
    """One picture at a time; brackets turn to the others."""

    CSS_PATH = sheets("pictures")
    BINDINGS = bindings(Scope.PICTURES)
    scopes = (Scope.PICTURES,)

    def __init__(self, project: Project, page: int) -> None:
        super().__init__()
        self._project = project
        self._first = Sheet(REPORT, page)
        self._sheets: list[Sheet] = []
        self._at = 0
        self._zoom = 1
        self._drawn: tuple[Sheet, tuple[int, int]] | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="status", markup=False)
        yield Vertical(id="picture")
        yield KeyLine(Scope.PICTURES)

    def on_mount(self) -> None:
        self.call_after_refresh(self._begin)

    async def _begin(self) -> None:
        pixels = pixels_of(self.app)
        view = SharpPage(pixels, id="view") if pixels else PageView(id="view")
        await self.query_one("#picture").mount(view)
        view.focus()
        self._look_for()

    @property
    def view(self) -> PageView | SharpPage:
        """What shows the picture."""
        found = self.query_one("#view")
        assert isinstance(found, PageView | SharpPage)
        return found

    @work(exclusive=True)
    async def _look_for(self) -> None:
        """Find out which pictures there are: pages first, then figures."""
        names = await asyncio.to_thread(figures, self._project)
        pdf = await asyncio.to_thread(self._project.read_bytes, REPORT)
        pages = 0
        if pdf:
            try:
                pages = (await asyncio.to_thread(picture, pdf, 0, 8, 8)).pages
            except NotDrawn as error:
                self.say(f"the report's PDF: {error}", "warning")
        self._sheets = [*(Sheet(REPORT, page) for page in range(pages)), *(Sheet(name, 0) for name in names)]
        self._at = self._sheets.index(self._first) if self._first in self._sheets else 0
        if self._sheets:
            self._draw()
        else:
            self.view.say(NOTHING_YET)
        self._entitle()

    @work(exclusive=True)
    async def _draw(self) -> None:
        """Draw the picture at the size that is wanted, in a process of its own."""
        sheet, (across, down) = self._sheets[self._at], self.view.room
        zoom = ZOOMS[self._zoom]
        size = (round(across * zoom), _HIGHEST) if zoom else (across, down)
        self._entitle()
        if self._drawn == (sheet, size):
            return
        same = self._drawn is not None and self._drawn[0] == sheet
        try:
            pdf = await asyncio.to_thread(self._project.read_bytes, sheet.path)
            found = await asyncio.to_thread(picture, pdf, sheet.page, *size)
        except NotDrawn as error:
            self._drawn = None
            self.view.say(f"{sheet.title} cannot be shown: {error}")
            return
        self._drawn = (sheet, size)
        self._put(found, same)

    def _put(self, found: Picture, same: bool) -> None:
        if not same:
            self.view.say("")
        self.view.show(found)

    def _entitle(self) -> None:
        parts = [self._sheets[self._at].title, f"{self._at + 1}/{len(self._sheets)}"] if self._sheets else []
        zoom = ZOOMS[self._zoom]
        parts += [f"{zoom:g} × the width" if zoom else "the whole of it"] if parts else []
        room = 2 if self.size.width >= 150 else 1 if self.size.width >= 100 else 0
        hint = BLOCKS[:room] if parts and isinstance(self.view, PageView) else ()
        said = Content.assemble(
            (" labtop  ", "bold $accent"),
            (f"{plain(self._project.name).plain} ▸ Pages and figures", "bold"),
            ("   " + " · ".join(parts), "$text-muted"),
            (f"   {'; '.join(hint)}", "$text-muted"),
        )
        self.query_one("#status", Static).update(said)

    def on_resize(self, event: events.Resize) -> None:
        """The picture fits the new width."""
        if self._sheets:
            self._draw()

    def action_picture(self, step: str) -> None:
        """The next picture, or the one before."""
        to = self._at + (1 if step == "next" else -1)
        if not self._sheets:
            self.say("there is no picture yet")
        elif not 0 <= to < len(self._sheets):
            self.say("this is the last picture" if step == "next" else "this is the first picture")
        else:
            self._at = to
            self._draw()

    def action_larger(self) -> None:
        """Draw it larger."""
        self._to_zoom(self._zoom + 1, "it is as large as it gets")

    def action_smaller(self) -> None:
        """Draw it smaller."""
        self._to_zoom(self._zoom - 1, "the whole of it is in view")

    def _to_zoom(self, zoom: int, why_not: str) -> None:
        if not 0 <= zoom < len(ZOOMS):
            self.say(why_not)
        elif self._sheets:
            self._zoom = zoom
            self._draw()

    def action_back(self) -> None:
        """Back to the laboratory."""
        self.dismiss(None)
