"""The report pane: the compiled pages as readable text, or the LaTeX source with its errors marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.content import Content

from core.clean import clean
from tui.widgets.code import coloured
from tui.widgets.frame import MUTED, entitle, frame
from tui.widgets.lines import Line, LineView

NOTHING_YET = (
    "No report yet.",
    "",
    "Its pages appear here as text, as soon as the report is first compiled; v shows its LaTeX source.",
    "",
    "n makes one step",
)

_LINE = re.compile(r"\bl(?:ine|\.)\s*(\d{1,7})", re.IGNORECASE)
_HEADING = re.compile(r"(?:\d{1,2}(?:\.\d{1,2})*\s+)?[A-Z][\w ,:–-]{2,60}")
_ENDS = (".", ":", "!", "?")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the pane; `number` is a line of the source, 0 where it is none; `wrong` marks an error."""

    text: str
    number: int = 0
    wrong: bool = False
    style: str = ""


class ReportPane(LineView):
    """The report, by page or by source."""

    DEFAULT_CSS = frame("ReportPane")
    BORDER_TITLE = "Report"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "change_view", "Text or source", show=False),
        Binding("right_square_bracket", "turn(1)", "Next page or error", show=False),
        Binding("left_square_bracket", "turn(-1)", "Previous page or error", show=False),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._source = ""
        self._pages: tuple[str, ...] = ()
        self._problems: tuple[str, ...] = ()
        self._rows: list[Row] = []
        self._page = 0
        self._as_source = False

    def on_mount(self) -> None:
        self._rebuild()

    def on_resize(self) -> None:
        self._rebuild(keep=True)

    def show(self, source: str, pages: Sequence[str], problems: Sequence[str]) -> None:
        """Show a report: its LaTeX, the text of its pages and what is wrong with it; each may be empty."""
        shown = (clean(source), tuple(clean(page) for page in pages), tuple(clean(problem) for problem in problems))
        if shown == (self._source, self._pages, self._problems):
            return
        self._source, self._pages, self._problems = shown
        self._page = min(self._page, max(0, len(self._pages) - 1))
        self._rebuild(keep=True)

    @property
    def as_source(self) -> bool:
        """Whether the LaTeX source is in view; it is, too, where there are no pages yet."""
        return self._as_source or (not self._pages and bool(self._source or self._problems))

    def line(self, index: int) -> Line:
        row = self._rows[index]
        if not self.as_source or not row.number:
            return Line(Content(""), Content(row.text), row.style)
        digits = len(str(self._rows[-1].number))
        mark = Content.styled("✗", "bold $text-error") if row.wrong else Content(" ")
        gutter = Content.assemble((str(row.number).rjust(digits), MUTED), mark, " ")
        return Line(gutter, coloured(row.text, "latex"), self.tint("on $error 18%") if row.wrong else "")

    def text_of(self, index: int) -> str:
        return self._rows[index].text

    def action_change_view(self) -> None:
        """Change between the pages' text and the source."""
        self._as_source = not self._as_source
        self._rebuild()

    def action_turn(self, step: int) -> None:
        """Go to the next or previous page; in the source, to the next or previous error."""
        if self.as_source:
            wrong = [index for index, row in enumerate(self._rows) if row.wrong]
            here = self.scroll_offset.y
            beyond = [index for index in wrong if (index > here if step > 0 else index < here)]
            if beyond:
                self.scroll_to(0, beyond[0] if step > 0 else beyond[-1], animate=False)
        elif 0 <= self._page + step < len(self._pages):
            self._page += step
            self._rebuild()

    def action_scroll_left(self) -> None:
        if self.as_source:
            super().action_scroll_left()
        else:
            self.action_turn(-1)

    def action_scroll_right(self) -> None:
        if self.as_source:
            super().action_scroll_right()
        else:
            self.action_turn(1)

    def action_page_down(self) -> None:
        if not self.as_source and self.scroll_offset.y >= self.max_scroll_y and self._page + 1 < len(self._pages):
            self.action_turn(1)
        else:
            super().action_page_down()

    def _rebuild(self, *, keep: bool = False) -> None:
        width = max(10, self.scrollable_content_region.width - 1)
        if self.as_source:
            self._rows = list(source_rows(self._source, self._problems, width))
        elif self._pages:
            self._rows = list(page_rows(self._pages[self._page], self._problems, width))
        else:
            self._rows = [Row(line, style=MUTED) for text in NOTHING_YET for line in wrapped(text, width)]
        self._entitle()
        wide = max((cell_len(row.text) for row in self._rows), default=0) if self.as_source else 0
        gutter = len(str(self._rows[-1].number)) + 2 if self._rows and self._rows[-1].number else 0
        self.lay(len(self._rows), wide + gutter if wide else 0, keep=keep)

    def _entitle(self) -> None:
        warnings = sum(is_warning(problem) for problem in self._problems)
        said = verdict(len(self._problems) - warnings, warnings) or ("✓ compiles" if self._pages else "")
        if not self.as_source and self._pages:
            title = f"Report · page {self._page + 1}/{len(self._pages)}"
        else:
            title = "Report · source" if self.as_source else "Report"
        entitle(self, title, said)


def source_rows(source: str, problems: Sequence[str], width: int) -> Iterator[Row]:
    """The problems, then the source with its lines numbered and the wrong ones marked."""
    yield from problem_rows(problems, width)
    wrong = {int(match[1]) for problem in problems if (match := _LINE.search(problem))}
    if source:
        for number, text in enumerate(source.expandtabs(4).split("\n"), start=1):
            yield Row(text, number, number in wrong)


def page_rows(page: str, problems: Sequence[str], width: int) -> Iterator[Row]:
    """The problems, then a page with its paragraphs set to the pane's width."""
    yield from problem_rows(problems, width)
    for paragraph in paragraphs(page):
        heading = len(paragraph) < 64 and not paragraph.endswith(_ENDS) and _HEADING.fullmatch(paragraph)
        for line in wrapped(paragraph, width):
            yield Row(line, style="bold" if heading else "")


def problem_rows(problems: Sequence[str], width: int) -> Iterator[Row]:
    """What is wrong with the report, each problem by its first lines."""
    for problem in problems:
        mark, style = ("!", "$text-warning") if is_warning(problem) else ("✗", "$text-error")
        for place, line in enumerate(wrapped(problem.split("\n")[0], width - 2)[:3]):
            yield Row(f"{mark if not place else ' '} {line}", style=style)
    if problems:
        yield Row("")


def is_warning(problem: str) -> bool:
    """Whether a problem is one that the report compiles with."""
    return problem.startswith("warning")


def verdict(errors: int, warnings: int) -> str:
    """How much is wrong, in words."""
    words = [f"✗ {errors} error{'s' if errors != 1 else ''}"] if errors else []
    return " ".join([*words, f"! {warnings} warning{'s' if warnings != 1 else ''}"] if warnings else words)


def paragraphs(page: str) -> Iterator[str]:
    """The paragraphs of a page, empty lines between: a line that runs to the margin goes on in the next one."""
    lines = [" ".join(line.split()) for line in re.sub(r"\n\s*\n", "\n\n", page.strip()).split("\n")]
    margin = 0.75 * max((len(line) for line in lines), default=0)
    held, above = "", ""
    for line in lines:
        if held and (not line or heading_starts(line)):
            yield held
            held = ""
        if not line or (above and heading_starts(line)):
            yield ""
        above = line
        held = held[:-1] + line if held.endswith("-") and line[:1].islower() else f"{held} {line}".strip()
        if held and len(line) < margin:
            yield held
            held = ""
    if held:
        yield held


def heading_starts(line: str) -> bool:
    """Whether a line looks like the number and title of a section."""
    return bool(re.match(r"\d{1,2}(?:\.\d{1,2})*\s+[A-Z]", line)) and len(line) < 64 and not line.endswith(_ENDS)


def wrapped(text: str, width: int) -> list[str]:
    """A paragraph in lines of at most `width` cells."""
    return [line.plain for line in Content(text).wrap(max(4, width))] or [""]
