"""The place of the reading panes: one is up at a time, made when it is first wanted, read when it is in view."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.containers import Container

from core.errors import LabError
from core.events import Event
from tui.panes.costs import CostsPane
from tui.panes.papers import PapersPane
from tui.panes.program import ProgramPane
from tui.panes.reviews import ReviewsPane
from tui.screens.layout import Layout
from tui.screens.places import PLACES
from tui.screens.readings import READINGS, passages

if TYPE_CHECKING:
    from core.workspace.project import Project


class Aside(Container):
    """Program, papers, reviews or costs."""

    def __init__(self) -> None:
        super().__init__(id="aside", classes="column")
        self.up = Layout().aside
        self._in_view = False
        self._project: Project | None = None
        self._stale = set(READINGS)
        self._reading: set[str] = set()

    def bring_up(self, name: str, in_view: bool) -> None:
        """Put a pane up; only what is in view is made and read, since a screen with few widgets is a quick one."""
        self.up, self._in_view = name, in_view
        if in_view and not self.query(f"#{name}"):
            kind = next(place.kind for place in PLACES if place.name == name)
            self.mount(kind(id=name, classes="pane"))
        for pane in self.query(".pane"):
            pane.set_class(pane.id == name, "-up")
        self._reread()

    def follow(self, project: Project) -> None:
        """Show this project."""
        self._project = project
        self.forget()

    def forget(self) -> None:
        """Everything that was read may have changed."""
        self._stale = set(READINGS)
        self._reread()

    def take_in(self, events: Sequence[Event]) -> None:
        """Read again what the events have changed."""
        if changed := {name for name, reading in READINGS.items() if reading.concerns(events)}:
            self._stale |= changed
            self._reread()

    def _reread(self) -> None:
        """Read the pane in view if it is stale, once at a time: turns may come faster than a long history reads."""
        due = self._in_view and self.up in self._stale and self.up not in self._reading
        if self._project is not None and due:
            self._stale.discard(self.up)
            self._reading.add(self.up)
            self.run_worker(self._read(self.up, self._project), group=self.up)

    async def _read(self, name: str, project: Project) -> None:
        try:
            found = await asyncio.to_thread(READINGS[name].read, project)
        except (LabError, OSError) as error:
            self._refuse(name, error)
        else:
            for pane in self.query(f"#{name}"):
                if isinstance(pane, ProgramPane | PapersPane | ReviewsPane | CostsPane):
                    pane.show(found)
        finally:
            self._reading.discard(name)
        if self.is_attached:
            self._reread()

    def _refuse(self, name: str, error: Exception) -> None:
        for pane in self.query(CostsPane):
            if pane.id == name:
                pane.refuse(str(error))
                return
        self.notify(f"the {name} cannot be read: {error}", severity="warning", markup=False)

    @on(PapersPane.Wanted)
    def _passages(self, message: PapersPane.Wanted) -> None:
        message.stop()
        if self._project is not None:
            self.run_worker(self._read_passages(message.paper_id, self._project), group="passages", exclusive=True)

    async def _read_passages(self, paper_id: str, project: Project) -> None:
        try:
            found = await asyncio.to_thread(passages, project, paper_id)
        except (LabError, OSError):
            found = ()  # the engine says what is wrong with the settings
        for pane in self.query(PapersPane):
            pane.show_passages(paper_id, found)
