"""What this machine has and lacks, as `labtop doctor` tells it, looked up while the screen stands."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from core.doctor import UNASKED
from tui.widgets.found import FoundList, Look, look_around

LOOKING = "looking …"


class DoctorScreen(ModalScreen[None]):
    """A sheet of findings; nothing on the network is asked before a person wants it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,D", "dismiss", "back"),
        ("n", "look(True)", "ask the network"),
        ("r", "look(False)", "look again"),
    ]

    def __init__(self, look: Look = look_around) -> None:
        super().__init__()
        self._look_around = look

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="doctor", classes="sheet") as sheet:
            sheet.border_title = "This machine"
            sheet.border_subtitle = "r look again · n ask the network, too · esc back"
            yield FoundList(LOOKING)

    def on_mount(self) -> None:
        self.action_look(False)

    def action_look(self, network: bool) -> None:
        """Look at the machine anew."""
        self.query_one(FoundList).update("asking the network, too …" if network else LOOKING)
        self._look(network)

    @work(exclusive=True)
    async def _look(self, network: bool) -> None:
        told = await asyncio.to_thread(self._look_around, network)
        if self.is_attached:
            self.query_one(FoundList).show(
                replace(one, advice="n asks it.") if one.found == UNASKED else one for one in told
            )
