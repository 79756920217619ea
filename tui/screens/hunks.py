"""Asks which hunks of a change may act, and why the others may not."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from core.clean import clean
from core.events import Proposed
from core.gate import Approve, Decline, Pick, Verdict
from tui.widgets.hunks import HunkView


class HunksScreen(ModalScreen[Verdict | None]):
    """The change, hunk by hunk; gives back the verdict, or None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "walk(-1)", "hunk before", show=False),
        Binding("right_square_bracket", "walk(1)", "next hunk", show=False),
        Binding("space", "keep", "keep or leave out", show=False),
        Binding("s", "split", "split in smaller ones", show=False),
        Binding("a", "accept", "take what is kept", show=False),
        Binding("x", "refuse", "take none", show=False),
        Binding("escape", "back", "back", show=False),
    ]
    AUTO_FOCUS = "HunkView"
    DEFAULT_CSS = """
    #choose HunkView, #choose HunkView:focus { height: 1fr; border: none; }
    #choose Input { margin: 0 1; }
    """

    def __init__(self, proposed: Proposed, *, last: bool = False) -> None:
        """`last` begins at the last hunk."""
        super().__init__()
        self._proposed = proposed
        self._last = last

    def compose(self) -> ComposeResult:
        with Vertical(id="choose", classes="sheet") as sheet:
            sheet.border_title = Content(clean(f"{self._proposed.command} in {self._proposed.path}"))
            yield HunkView(self._proposed.path, self._proposed.diff)
            yield Input(
                placeholder="why not the rest? the agent reads this; enter sends, esc goes back",
                compact=True,
                id="why",
            )

    def on_mount(self) -> None:
        self.query_one(Input).display = False
        self.hunks.walk(len(self.hunks.hunks) if self._last else 0)
        self._tell()

    @property
    def hunks(self) -> HunkView:
        """The change."""
        return self.query_one(HunkView)

    @on(HunkView.Changed)
    def _tell(self) -> None:
        total = len(self.hunks.hunks)
        kept = total - len(self.hunks.left_out)
        sheet = self.query_one("#choose", Vertical)
        act = f"a take {'all' if kept == total else kept}" if kept else "x take none"
        sheet.border_subtitle = f"{kept} of {total} kept · [ ] walk · space keep/drop · s split · {act} · esc back"

    def action_walk(self, step: int) -> None:
        """Go to another hunk."""
        self.hunks.walk(step)

    def action_keep(self) -> None:
        """Keep the current hunk, or leave it out."""
        self.hunks.toggle()

    def action_split(self) -> None:
        """Cut the current hunk into smaller ones; says why where that cannot be."""
        if self.hunks.split() < 2:
            words = "this hunk cannot be split: no unchanged line stands between its changes; e edits the reply"
            self.app.notify(words, markup=False)

    def action_accept(self) -> None:
        """Let what is kept act; asks why the rest may not."""
        if not self.hunks.left_out:
            self.dismiss(Approve())
        else:
            self._ask_why()

    def action_refuse(self) -> None:
        """Take none of it; asks why."""
        self.hunks.refuse()
        self._ask_why()

    def action_back(self) -> None:
        """From the reason to the hunks, from the hunks to where one came from."""
        line = self.query_one(Input)
        if line.display:
            line.display = False
            self.hunks.focus()
        else:
            self.dismiss(None)

    @on(Input.Submitted)
    def _send(self, event: Input.Submitted) -> None:
        event.stop()
        kept, why = self.hunks.kept, event.value.strip()
        self.dismiss(Pick(kept, why) if kept else Decline(why or "none of its hunks was accepted"))

    def _ask_why(self) -> None:
        line = self.query_one(Input)
        line.display = True
        line.focus()
