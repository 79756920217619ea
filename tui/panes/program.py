"""The program pane: the best program in full, and the other candidates that the search may go on from."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import work
from textual.binding import BindingType
from textual.content import Content
from textual.events import Resize
from textual.message import Message

from core.clean import clean
from core.kept import KeptProgram
from tui.keys import bound
from tui.widgets.code import coloured_text, language_of
from tui.widgets.frame import MUTED, entitle, frame
from tui.widgets.gauge import fitting
from tui.widgets.lines import Line, LineView

NOTHING_YET = (
    "No program yet.",
    "The best program of the experiments stands here, and",
    "the next best ones beside it: { and } switch to them.",
    "",
    "space runs, n makes one step",
)


_FRAME = 6
"""Cells of the border that a subtitle cannot have."""


class ProgramPane(LineView):
    """One program at a time, numbered, in the colours of its language."""

    DEFAULT_CSS = frame("ProgramPane")
    BORDER_TITLE = "Program"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bound("candidate", "switch(-1)", "switch(1)"),
        *bound("open_program", "edit"),
    ]

    class Edit(Message):
        """The person wants to change the program at `path`, relative to the project."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._programs: tuple[KeptProgram, ...] = ()
        self._at = 0
        self._lines: list[Content] = []
        self._digits = 0

    def on_mount(self) -> None:
        if not self._programs:
            self._lay([Content(text) for text in NOTHING_YET], digits=0)

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
            self.notify("this candidate is kept as it was measured: { goes to the project's own", markup=False)
        else:
            self.post_message(self.Edit(self.program.path))

    def line(self, index: int) -> Line:
        number = f"{str(index + 1).rjust(self._digits)}  " if self._digits else ""
        return Line(Content.styled(number, MUTED), self._lines[index], "" if self._digits else MUTED)

    def _show(self) -> None:
        program = self.program
        if program is None:
            entitle(self, "Program")
            self._lay([Content(text) for text in NOTHING_YET], digits=0)
            return
        self._entitle(program)
        lines = clean(program.text).expandtabs(4).rstrip("\n").split("\n")
        self._lay([Content(line) for line in lines], digits=len(str(len(lines))))
        self._colour("\n".join(lines), program.path)

    def _entitle(self, program: KeptProgram) -> None:
        told = standing(program, self._at, len(self._programs))
        entitle(self, f"Program · {program.path}", fitting(told, self.size.width - _FRAME))

    def on_resize(self, event: Resize) -> None:
        """Say as much of where the program stands as there is room for."""
        if self.program:
            self._entitle(self.program)

    @work(exclusive=True, group="colours")
    async def _colour(self, text: str, path: str) -> None:
        """Lexing a long program takes a while: it stands there without colours for so long."""
        lines = await asyncio.to_thread(coloured_text, text, language_of(path))
        self._lay(lines, digits=self._digits, keep=True)

    def _lay(self, lines: list[Content], *, digits: int, keep: bool = False) -> None:
        self._lines, self._digits = lines, digits
        gutter = digits + 2 if digits else 0
        self.lay(len(lines), gutter + max(cell_len(line.plain) for line in lines), keep=keep)


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
    if of > 1:
        parts.append("{ } others")
    return parts
