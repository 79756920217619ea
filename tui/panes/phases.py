"""The phases pane: where the research stands, as a rail or folded into one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from core.events import State
from tui.rows import PhaseRow, Stage
from tui.widgets.frame import MUTED, entitle, frame, plain

_ABBREVIATED = {
    "Literature": "Lit",
    "Experiments": "Exp",
    "Interpretation": "Interp",
    "Refinement": "Refine",
}

_STAGES = {
    Stage.DONE: ("✓", "$text-success", "$foreground"),
    Stage.NOW: ("▶", "bold $text-accent", "bold $foreground"),
    Stage.AHEAD: ("·", MUTED, MUTED),
}
_HALTED = {
    State.PAUSED: ("‖", "bold $text-warning"),
    State.WAITING: ("!", "bold $text-warning"),
    State.STOPPED: ("!", "bold $text-error"),
}


class PhasesPane(Widget):
    """The seven phases with their state and a few words each; `compact` makes it one line without a frame."""

    DEFAULT_CSS = (
        frame("PhasesPane")
        + """
    PhasesPane { height: auto; scrollbar-gutter: auto; }
    PhasesPane.-compact { border: none; height: 1; }
    """
    )
    BORDER_TITLE = "Phases"
    compact = reactive(False, layout=True)

    def __init__(self, *, compact: bool = False, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._rows: tuple[PhaseRow, ...] = ()
        self._state = State.RUNNING
        self.set_reactive(PhasesPane.compact, compact)

    def on_mount(self) -> None:
        self.set_class(self.compact, "-compact")

    def watch_compact(self, compact: bool) -> None:
        self.set_class(compact, "-compact")

    def show(self, rows: Sequence[PhaseRow], state: State = State.RUNNING) -> None:
        """Show the phases; a run that does not go on marks its phase with ‖ or !."""
        shown, self._rows, self._state = (self._rows, self._state), tuple(rows), state
        if shown == (self._rows, state):
            return
        done = sum(row.stage is Stage.DONE for row in rows)
        entitle(self, "Phases", f"{done}/{len(rows)}" if rows else "")
        self.refresh(layout=len(self._rows) != len(shown[0]))  # laid out anew, the whole screen would be

    def render(self) -> Content:
        if not self._rows:
            return Content.styled("The phases of the research appear here.", MUTED)
        if self.compact:
            return self._one_line(self.content_size.width)
        width = self.content_size.width
        if all(3 + len(row.short) + len(row.note) < width for row in self._rows):
            width -= 1  # air before the frame, where there is room for it
        return Content("\n").join([self._line(row, width) for row in self._rows])

    def _mark(self, row: PhaseRow) -> tuple[str, str]:
        glyph, style, _ = _STAGES[row.stage]
        return _HALTED.get(self._state, (glyph, style)) if row.stage is Stage.NOW else (glyph, style)

    def _line(self, row: PhaseRow, width: int) -> Content:
        glyph, style = self._mark(row)
        name = Content.styled(row.short, _STAGES[row.stage][2])
        room = width - 3 - name.cell_length
        note = plain(row.note)
        if note.cell_length > room:
            note = note.truncate(room, ellipsis=True) if room > 3 else Content("")
        gap = max(1, width - 2 - name.cell_length - note.cell_length)
        return Content.assemble((f"{glyph} ", style), name, " " * gap, note.stylize(MUTED))

    def _one_line(self, width: int) -> Content:
        """All phases on one line; where that is too narrow, only the one at work keeps its name."""
        named = self._words(lambda row: _ABBREVIATED.get(row.short, row.short))
        if named.cell_length <= width:
            return named
        return self._words(lambda row: row.short if row.stage is Stage.NOW else "")

    def _words(self, name: Callable[[PhaseRow], str]) -> Content:
        parts = []
        for row in self._rows:
            glyph, style = self._mark(row)
            parts.append(Content.assemble((glyph, style), (name(row), _STAGES[row.stage][2])))
        return Content(" ").join(parts)
