"""Where the run is to hold: the stops to come, and a line to set one."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from core.errors import LabError
from core.events import Steered
from core.orders import GiveUp, Order, Pause, StopAfter, StopAt
from core.record import Phase
from core.steering import stop_from_words
from tui.widgets.frame import MUTED

WORDS = (
    ("turn", "hold after this turn"),
    ("phase", "run on, hold when {phase} is done"),
    ("$5", "hold once so much is spent, by the ledger"),
    ("03:00", "hold at that time, tomorrow when it is past"),
    ("now", "hold at once; the turn in flight is made anew"),
    ("none", "no stop is to come any more"),
)
"""What can be typed, and what it does."""


class StopsScreen(ModalScreen[Order | None]):
    """Shows the stops to come and asks for one; gives back the order, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "back")]
    AUTO_FOCUS = "Input"

    def __init__(self, steered: Steered, spent: float, phase: Phase, now: datetime) -> None:
        """`now` is this machine's time, which may be another than that where the person sits."""
        super().__init__()
        self._now = now
        self._steered = steered
        self._spent = spent
        self._phase = phase

    def compose(self) -> ComposeResult:
        with Vertical(id="stops", classes="sheet") as sheet:
            sheet.border_title = "Where the run is to hold"
            sheet.border_subtitle = "enter sets it · esc back"
            yield Static(self._facts(), markup=False, classes="fact")
            yield Input(placeholder="turn, phase, $5, 03:00, now or none", compact=True)
            yield Static(id="problem", markup=False)

    def _facts(self) -> Content:
        to_come = ", ".join(self._steered.stops) or "nothing: it runs until the study is done or you are needed"
        held = f"{self._steered.held}\n" if self._steered.held else ""
        lines = [f"{word:<7}{does.format(phase=self._phase.title.lower())}" for word, does in WORDS]
        return Content.assemble(
            ("Now      " if held else "", "bold"),
            held,
            ("To come  ", "bold"),
            f"{to_come}\n",
            ("Spent    ", "bold"),
            f"${self._spent:.2f} so far\n",
            ("Clock    ", "bold"),
            f"{self._now:%H:%M %Z} where it runs\n\n",
            Content.styled("\n".join(lines), MUTED),
        )

    @on(Input.Submitted)
    def _set(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.dismiss(order_of(event.value, self._phase))
        except LabError as error:
            self.query_one("#problem", Static).update(str(error))


def order_of(words: str, phase: Phase) -> Order:
    """The order that a person has typed; raises LabError for what is no stop."""
    match words.strip().lower():
        case "turn":
            return Pause()
        case "phase":
            return StopAfter(phase)
        case "now":
            return GiveUp()
        case "none":
            return StopAt()
        case other:
            return StopAt(*stop_from_words(other))
