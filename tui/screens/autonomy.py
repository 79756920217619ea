"""How often the person is asked, phase by phase; a change holds at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from core.orders import Autonomy, Order
from core.record import Phase
from core.settings import Copilot
from tui.widgets.frame import MUTED

MEANS = {
    Copilot.OFF: "never asked",
    Copilot.NOTIFY: "never asked, but told of the phase's result",
    Copilot.PHASE: "asked about the phase's result: approve it, or have it done again",
    Copilot.TURN: "asked about every reply before it acts",
}
_MODES = tuple(Copilot)


class AutonomyScreen(ModalScreen[None]):
    """The phases with their modes; arrows choose, and each change is an order at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "walk(-1)", show=False),
        Binding("down,j", "walk(1)", show=False),
        Binding("left,h", "change(-1)", show=False),
        Binding("right,l,space", "change(1)", show=False),
        Binding("a", "all", show=False),
        Binding("escape,enter,q,A", "dismiss(None)", show=False),
    ]

    def __init__(
        self, modes: Mapping[Phase, Copilot], phase: Phase | None, give: Callable[[Order], Awaitable[bool]]
    ) -> None:
        super().__init__()
        self.modes = dict(modes)
        self.at = phase or Phase.LITERATURE
        self._give = give

    def compose(self) -> ComposeResult:
        with Vertical(id="autonomy", classes="sheet") as sheet:
            sheet.border_title = "How often you are asked"
            sheet.border_subtitle = "↑ ↓ phase · ← → mode · a this mode for all · esc done"
            yield Static(id="modes", markup=False)

    def on_mount(self) -> None:
        self._show()

    def action_walk(self, step: int) -> None:
        """Go to another phase."""
        phases = list(Phase)
        self.at = phases[(phases.index(self.at) + step) % len(phases)]
        self._show()

    def action_change(self, step: int) -> None:
        """Ask more often (1) or less often (-1) in the chosen phase."""
        place = _MODES.index(self.modes[self.at]) + step
        if 0 <= place < len(_MODES):
            self._set([self.at], _MODES[place])

    def action_all(self) -> None:
        """Ask as often in every phase as in the chosen one."""
        self._set(list(Phase), self.modes[self.at])

    @work
    async def _set(self, phases: list[Phase], mode: Copilot) -> None:
        before = dict(self.modes)
        self.modes |= dict.fromkeys(phases, mode)  # at once: the next key counts from here
        self._show()
        for place, phase in enumerate(phases):
            if not await self._give(Autonomy(phase, mode)):
                self.modes |= {one: before[one] for one in phases[place:]}
                break
        if self.is_mounted:
            self._show()

    def _show(self) -> None:
        lines = [_line(phase, self.modes[phase], here=phase is self.at) for phase in Phase]
        means = Content.styled(f"\n\n{MEANS[self.modes[self.at]]}", MUTED)
        self.query_one("#modes", Static).update(Content.assemble(Content("\n").join(lines), means))


def _line(phase: Phase, mode: Copilot, *, here: bool) -> Content:
    """A phase and all modes, the one that holds in brackets."""
    parts: list[str | tuple[str, str]] = [(f"{'▸' if here else ' '} {phase.title:<24}", "bold" if here else "")]
    for one in _MODES:
        parts.append((f"[{one}]", "bold $accent") if one is mode else (f" {one} ", MUTED))
        parts.append(" ")
    return Content.assemble(*parts)
