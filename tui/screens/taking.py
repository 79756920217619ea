"""Asks what shall be taken from another line: its program, its numbers, sections or paragraphs of its report."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from core.clean import clean
from core.errors import LabError
from core.findings import Finding, Offered, facts, find
from core.workspace.project import Project
from tui.screens.screen import sheets
from tui.widgets.frame import MUTED
from tui.widgets.picks import PickList
from tui.widgets.sheet import wrapped


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be taken, by name; `over` where the person has been told that theirs comes in the place of ours."""

    parts: tuple[str, ...]
    over: bool


class OfferList(PickList):
    """What there is to take, a line each, with a mark at what is chosen."""

    def __init__(self, offers: Sequence[Offered], chosen: Collection[str]) -> None:
        super().__init__(id="offers")
        self.offers = offers
        self.chosen = set(chosen)

    def on_mount(self) -> None:
        first = next((place for place, one in enumerate(self.offers) if one.piece.name in self.chosen), 0)
        self.list(len(self.offers), first)
        self.styles.height = len(self.offers)

    def on_resize(self) -> None:
        super().on_resize()
        self._come_into_view()

    @property
    def parts(self) -> tuple[str, ...]:
        """What is chosen, in the order of the list."""
        return tuple(one.piece.name for one in self.offers if one.piece.name in self.chosen)

    def item(self, index: int, width: int) -> Content:
        piece, words = self.offers[index].piece, self.offers[index].words
        mark = "[x] " if piece.name in self.chosen else "[ ] "
        name = f"  {piece.paragraph}" if piece.paragraph else piece.section or piece.kind
        line = Content.assemble(mark, (f"{name:<20}", "" if piece.paragraph else "bold"), (clean(words), MUTED))
        return line.truncate(width, ellipsis=True)

    def toggle(self) -> None:
        """Choose what the cursor is on, or not; a section as a whole has its paragraphs in it."""
        piece = self.offers[self.cursor].piece
        if piece.name in self.chosen:
            self.chosen.discard(piece.name)
        else:
            same = (one.piece for one in self.offers if piece.section and one.piece.section == piece.section)
            self.chosen -= {one.name for one in same if bool(one.paragraph) != bool(piece.paragraph)}
            self.chosen.add(piece.name)
        self._strips.clear()
        self.refresh()


class TakeScreen(ModalScreen[Choice | None]):
    """The pieces, and below them what taking those that are chosen would do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", "choose", show=False),
        Binding("escape,q", "dismiss(None)", "cancel", show=False),
    ]
    AUTO_FOCUS = "OfferList"
    CSS_PATH = sheets("history")

    def __init__(self, project: Project, line: str, offers: Sequence[Offered], parts: Sequence[str] = ()) -> None:
        """`parts` are chosen to begin with; without any, what is mostly taken is."""
        super().__init__()
        self._project = project
        self._line = line
        self._offers = offers
        self._parts = parts or [one.piece.name for one in offers if one.usual]
        self._finding: Finding | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="take", classes="sheet") as sheet:
            sheet.border_title = Content(clean(f"Take a finding from {self._line}?"))
            sheet.border_subtitle = "↑ ↓ walk · space choose · enter take it · esc cancel"
            yield OfferList(self._offers, self._parts)
            with VerticalScroll(id="told", can_focus=False):
                yield Static(id="facts", markup=False)

    def on_mount(self) -> None:
        self._look()

    def on_resize(self) -> None:
        """Break the lines anew, once it is known how long they may be."""
        self.call_after_refresh(self._tell)

    @property
    def offers(self) -> OfferList:
        """The list."""
        return self.query_one(OfferList)

    def action_choose(self) -> None:
        """Choose what the cursor is on, or not."""
        self.offers.toggle()
        self._look()

    @on(PickList.Opened)
    def _take(self) -> None:
        if not self.offers.parts:
            self.app.notify("nothing is chosen: space chooses what the cursor is on", markup=False)
        elif self._finding is None:
            self.app.notify("one moment: what this would do is still being read", markup=False)
        else:
            self.dismiss(Choice(self.offers.parts, bool(self._finding.conflicts)))

    @work(exclusive=True)
    async def _look(self) -> None:
        """Say what taking the chosen pieces would do."""
        self._finding = None
        parts = self.offers.parts
        if not parts:
            self._say(Content.styled("Nothing is chosen.", MUTED))
            return
        try:
            finding = await asyncio.to_thread(find, self._project, self._line, parts)
        except (LabError, OSError) as error:
            self._say(Content.styled(str(error), "$text-error"))
            return
        if self.is_attached:
            self._finding = finding
            self._tell()

    def _tell(self) -> None:
        """What taking them would do, as far as that is known."""
        if self._finding is not None:
            self._say(Content("\n").join(self._fact(*fact) for fact in facts(self._finding)))

    def _fact(self, heading: str, words: str) -> Content:
        width = self.query_one("#told").scrollable_content_region.width or 60
        return Content("\n").join(wrapped(words, width, before=f"{heading:<9}")).stylize("bold", 0, len(heading))

    def _say(self, words: Content) -> None:
        self.query_one("#facts", Static).update(words)
