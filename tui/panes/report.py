"""The report pane: the compiled pages as readable text, or the LaTeX source with its errors in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from core.clean import clean
from core.origins import NUMBER, said_in
from tui.keymap import keyed
from tui.keys import bound
from tui.linked import with_links
from tui.panes.text import Edit
from tui.widgets.code import coloured
from tui.widgets.frame import MUTED, entitle, frame
from tui.widgets.lines import Line, LineView
from tui.widgets.pagetext import Row, is_warning, page_rows, source_rows, verdict, wrapped

SOURCE = "report/report.tex"
NOTHING_YET = (
    "No report yet.",
    "",
    "Its pages appear here as text, as soon as the report is first compiled; {view} shows its LaTeX source.",
    "",
    "{step} makes one step",
)


class Number(NamedTuple):
    """A number in view: its row, where it begins and ends there."""

    row: int
    start: int
    end: int


class ReportPane(LineView):
    """The report, by page or by source."""

    DEFAULT_CSS = frame("ReportPane")
    BORDER_TITLE = "Report"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bound("view", "change_view"),
        *bound("page", "turn(-1)", "turn(1)"),
        *bound("number", "number(-1)", "number(1)"),
        *bound("look_at", "origin"),
        *bound("pictures", "pictures"),
        *bound("open_program", "edit"),
    ]

    class Asked(Message):
        """The person wants to know which turn measured a number, as the report has it."""

        def __init__(self, number: str) -> None:
            super().__init__()
            self.number = number

    class Pictures(Message):
        """The pages and figures are wanted as pictures, beginning with a page (from 0)."""

        def __init__(self, page: int) -> None:
            super().__init__()
            self.page = page

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._source = ""
        self._pages: tuple[str, ...] = ()
        self._problems: tuple[str, ...] = ()
        self._rows: list[Row] = []
        self._page = 0
        self._as_source = False
        self._chosen: Number | None = None
        self._gutter = 0

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
            body = self._marked(with_links(Content(row.text)), index)
            return Line(Content(" " * self._gutter if self.as_source else ""), body, row.style)
        mark = Content.styled("✗", "bold $text-error") if row.wrong and not row.start else Content(" ")
        number = "" if row.start else str(row.number)
        gutter = Content.assemble((number.rjust(self._gutter - 2), MUTED), mark, " ")
        body = self._marked(coloured(row.whole, "latex")[row.start : row.start + len(row.text)], index)
        return Line(gutter, body, self.tint("on $error 18%") if row.wrong else "")

    def _marked(self, body: Content, index: int) -> Content:
        chosen = self._chosen
        return body.stylize("reverse bold", chosen.start, chosen.end) if chosen and chosen.row == index else body

    def text_of(self, index: int) -> str:
        return self._rows[index].text

    def action_change_view(self) -> None:
        """Change between the pages' text and the source."""
        self._as_source = not self._as_source
        self._rebuild()
        if self.as_source and not self._rows[0].wrong and any(row.wrong for row in self._rows):
            self.action_turn(1)

    def action_number(self, step: int) -> None:
        """Go to the next (1) or previous (-1) number that may have been measured."""
        numbers = self._numbers()
        if not numbers:
            self.notify("no number stands here that a turn could have measured", markup=False)
            return
        here = self._chosen or Number(self.scroll_offset.y, -1, -1)
        ahead = [number for number in numbers if (number > here if step > 0 else number < here)]
        self._choose((ahead[0] if step > 0 else ahead[-1]) if ahead else self._chosen or numbers[0])

    def action_origin(self) -> None:
        """Ask which turn measured the chosen number."""
        if self._chosen is None:
            self.notify(
                keyed(self.app, "choose a number first: {number.next} and {number.previous} go on and back"),
                markup=False,
            )
        else:
            row, start, end = self._chosen
            self.post_message(self.Asked(self._rows[row].text[start:end]))

    def action_pictures(self) -> None:
        """Show pages and figures as pictures."""
        self.post_message(self.Pictures(self._page))

    def action_edit(self) -> None:
        """Change the source in the person's own editor."""
        if self._source:
            self.post_message(Edit(SOURCE))
        else:
            self.notify("there is no report to open yet", markup=False)

    def on_click(self, event: events.Click) -> None:
        """A number that is clicked on is chosen; twice, it is asked about."""
        if (offset := event.get_content_offset(self)) is None:
            return
        at = (
            self.scroll_offset.y + offset.y,
            self.scroll_offset.x + offset.x - (self._gutter if self.as_source else 0),
        )
        for number in self._numbers():
            if number.row == at[0] and number.start <= at[1] < number.end:
                self._choose(number)
                if event.chain == 2:
                    self.action_origin()

    def _numbers(self) -> list[Number]:
        return [
            Number(index, found.start(), found.end())
            for index, row in enumerate(self._rows)
            for found in NUMBER.finditer(row.text)
            if not row.style.startswith("$") and (said := said_in(found[0])) is not None and said.telling
        ]

    def _choose(self, number: Number) -> None:
        before, self._chosen = self._chosen, number
        for index in {number.row, before.row if before else number.row}:
            self.changed(index)
        top, height = self.scroll_offset.y, self.page
        if not top <= number.row < top + height:
            self.scroll_to(0, max(0, number.row - height // 2), animate=False)

    def action_turn(self, step: int) -> None:
        """Go to the next or previous page; in the source, to the next or previous error."""
        if self.as_source:
            wrong = [index for index, row in enumerate(self._rows) if row.wrong and not row.start]
            here = self.scroll_offset.y
            beyond = [index for index in wrong if (index > here if step > 0 else index < here)]
            if beyond:
                self.scroll_to(0, beyond[0] if step > 0 else beyond[-1], animate=False)
            else:
                self.notify("no error further down" if step > 0 else "no error further up", markup=False)
        elif 0 <= self._page + step < len(self._pages):
            self._page += step
            self._rebuild()
        elif self._pages:
            self.notify("this is the last page" if step > 0 else "this is the first page", markup=False)

    def action_scroll_left(self) -> None:
        self.action_turn(-1)

    def action_scroll_right(self) -> None:
        self.action_turn(1)

    def action_page_down(self) -> None:
        if not self.as_source and self.scroll_offset.y >= self.max_scroll_y and self._page + 1 < len(self._pages):
            self.action_turn(1)
        else:
            super().action_page_down()

    def _rebuild(self, *, keep: bool = False) -> None:
        width = max(10, self.scrollable_content_region.width - 1)
        self._gutter = len(str(self._source.count("\n") + 1)) + 2 if self.as_source and self._source else 0
        if self.as_source:
            self._rows = list(source_rows(self._source, self._problems, width - self._gutter))
        elif self._pages:
            self._rows = list(page_rows(self._pages[self._page], self._problems, width))
        else:
            self._rows = [Row(line, style=MUTED) for line in wrapped(keyed(self.app, "\n".join(NOTHING_YET)), width)]
        self._chosen = None
        self._entitle()
        self.lay(len(self._rows), 0, keep=keep)

    def _entitle(self) -> None:
        warnings = sum(is_warning(problem) for problem in self._problems)
        said = verdict(len(self._problems) - warnings, warnings) or ("✓ compiles" if self._pages else "")
        if not self.as_source and self._pages:
            title = f"Report · page {self._page + 1}/{len(self._pages)}"
        else:
            title = "Report · source" if self.as_source else "Report"
        entitle(self, title, said)
