"""The program pane: the best program in full, and the other candidates that the search may go on from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.events import Resize

from core.kept import KeptProgram
from tui.keymap import keyed
from tui.keys import bound
from tui.panes.text import Edit, TextPane
from tui.widgets.frame import MUTED, entitle, frame
from tui.widgets.gauge import fitting

NOTHING_YET = (
    "No program yet.",
    "The best program of the experiments stands here, and",
    "the next best ones beside it: {candidate.previous} and {candidate.next} switch to them.",
    "",
    "{run_pause} runs, {step} makes one step",
)
_FRAME = 6
"""Cells of the border that a subtitle cannot have."""


class ProgramPane(TextPane):
    """One program at a time, numbered, in the colours of its language."""

    DEFAULT_CSS = frame("ProgramPane")
    BORDER_TITLE = "Program"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bound("candidate", "switch(-1)", "switch(1)"),
        *bound("open_program", "edit"),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._programs: tuple[KeptProgram, ...] = ()
        self._at = 0

    def on_mount(self) -> None:
        if not self._programs:
            self._show()

    def show(self, programs: Sequence[KeptProgram]) -> None:
        """The programs, best first; one that is being read stays in view while it is among them."""
        if tuple(programs) == self._programs:
            return
        reading = self.program
        self._programs = tuple(programs)
        turns = [program.turn for program in self._programs]
        self._at = turns.index(reading.turn) if reading and self._at and reading.turn in turns else 0
        self._show()

    @property
    def program(self) -> KeptProgram | None:
        """The one in view."""
        return self._programs[self._at] if self._programs else None

    def action_switch(self, step: int) -> None:
        """To the next best (1) or the better one (-1)."""
        to = self._at + step
        if not 0 <= to < len(self._programs):
            words = "there is no program yet" if not self._programs else "no other program is kept in this direction"
            self.notify(words, markup=False)
            return
        self._at = to
        self._show()

    def action_edit(self) -> None:
        """Change the project's own program; the other candidates are what was measured, and stay so."""
        if self.program is None:
            self.notify("there is no program to open yet", markup=False)
        elif self._at:
            words = "this candidate is kept as it was measured: {candidate.previous} goes to the project's own"
            self.notify(keyed(self.app, words), markup=False)
        else:
            self.post_message(Edit(self.program.path))

    def _show(self) -> None:
        program = self.program
        if program is None:
            self.show_lines("Program", [Content.styled(keyed(self.app, text), MUTED) for text in NOTHING_YET])
        else:
            self.show_file(program.path, program.text)
            self._entitle(program)

    def _entitle(self, program: KeptProgram) -> None:
        told = standing(program, self._at, len(self._programs))
        if len(self._programs) > 1:
            told.append(keyed(self.app, "{candidate.previous} {candidate.next} others"))
        entitle(self, f"Program · {program.path}", fitting(told, self.size.width - _FRAME))

    def on_resize(self, event: Resize) -> None:
        """Say as much of where the program stands as there is room for."""
        if self.program:
            self._entitle(self.program)


def standing(program: KeptProgram, at: int, of: int) -> list[str]:
    """Where a program stands among those that are kept, e.g. `best of 2`, `accuracy 0.934`, `judge 0.82`, `turn 41`."""
    place = "best" if at == 0 else f"no. {at + 1}"
    parts = [f"{place} of {of}" if of > 1 else place] if program.turn or at else ["not measured yet"]
    if program.value is not None:
        parts.append(f"{program.metric} {program.value:.4g}")
    if program.judge is not None:
        parts.append(f"judge {program.judge:.2f}")
    if program.turn:
        parts.append(f"turn {program.turn}")
    return parts
