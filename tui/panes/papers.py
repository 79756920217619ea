"""The papers pane: what was found, read and added, and beside the list the paper under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.message import Message

from core.brief import Paper
from core.literature.passages import Passage
from core.literature.shelf import Shelved, Standing
from tui.keymap import keyed
from tui.keys import bound
from tui.linked import linked
from tui.widgets.frame import MUTED, entitle, frame, plain
from tui.widgets.picks import PickList
from tui.widgets.sheet import EMPTY, Sheet, heading, padded, wrapped

NOTHING_YET = (
    "No paper yet.\n\nThe papers that the agents find, read and add to the review stand here, with abstract, summary "
    "and the passages that bear on your question.\n\n{run_pause} runs, {step} makes one step"
)
SIGNS = {
    Standing.ADDED: ("●", "$text-success"),
    Standing.READ: ("○", "$text-accent"),
    Standing.FOUND: ("·", MUTED),
}
WIDE = 96
"""Cells from which on the paper stands beside the list."""


class PaperList(PickList):
    """The papers, one a line."""

    def __init__(self) -> None:
        super().__init__()
        self.papers: tuple[Shelved, ...] = ()

    def item(self, index: int, width: int) -> Content:
        return listed(self.papers[index], width)


class PaperSheet(Sheet):
    """One paper: its record, abstract, summary and passages."""

    BINDINGS: ClassVar[list[BindingType]] = [*bound("look_at", "go_back"), *bound("close", "go_back")]

    class Back(Message):
        """The person wants the list again."""

    def __init__(self) -> None:
        super().__init__()
        self._shelved: Shelved | None = None
        self._passages: tuple[Passage, ...] | None = None

    def show(self, shelved: Shelved | None, passages: Sequence[Passage] | None = None) -> None:
        """Show a paper; `passages` are None until they are read."""
        same = shelved is not None and self._shelved is not None and shelved.paper.id == self._shelved.paper.id
        self._shelved, self._passages = shelved, tuple(passages) if passages is not None else None
        self.set_anew(keep=same)

    def lines_for(self, width: int) -> list[Content]:
        if self._shelved is None:
            return wrapped(keyed(self.app, NOTHING_YET), width, MUTED)
        return [*record(self._shelved, width), *texts(self._shelved, self._passages, width)]

    def action_go_back(self) -> None:
        """Back to the list."""
        self.post_message(self.Back())


class PapersPane(Container):
    """The list of papers, and the one under the cursor."""

    DEFAULT_CSS = (
        frame("PapersPane")
        + """
    PapersPane {
        & LineView {
            scrollbar-size-vertical: 1;
            scrollbar-color: $foreground 30%;
            scrollbar-background: $background;
        }
        & PaperList { height: auto; max-height: 40%; }
        & PaperSheet { height: 1fr; border-top: solid $foreground 25%; }
        &.-empty PaperList { display: none; }
        &.-empty PaperSheet { border-top: none; }
        &.-wide { layout: horizontal; }
        &.-wide PaperList { width: 2fr; height: 1fr; max-height: 100%; }
        &.-wide PaperSheet { width: 3fr; border-top: none; border-left: solid $foreground 25%; padding-left: 1; }
        &:focus-within { border: round $accent; border-title-color: $text-accent; }
        &:ansi:focus-within { border: round ansi_yellow; }
    }
    """
    )
    BORDER_TITLE = "Papers"

    class Wanted(Message):
        """The passages of a paper are wanted."""

        def __init__(self, paper_id: str) -> None:
            super().__init__()
            self.paper_id = paper_id

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._papers: tuple[Shelved, ...] = ()
        self._wanted = ""
        self._passages: dict[str, tuple[Passage, ...]] = {}

    def compose(self) -> ComposeResult:
        yield PaperList()
        yield PaperSheet()

    def on_mount(self) -> None:
        self._set()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(self.size.width >= WIDE, "-wide")

    def show(self, papers: Sequence[Shelved]) -> None:
        """Show papers in their order; the cursor stays on its paper."""
        if tuple(papers) == self._papers:
            return
        held = self.picked
        self._papers = tuple(papers)
        self._passages.clear()
        self._wanted = ""
        at = next((i for i, one in enumerate(papers) if held and one.paper.id == held.paper.id), 0)
        self._set(at)

    def show_passages(self, paper_id: str, passages: Sequence[Passage]) -> None:
        """The passages of a paper have been read."""
        self._passages[paper_id] = tuple(passages)
        if self.picked and self.picked.paper.id == paper_id:
            self.query_one(PaperSheet).show(self.picked, passages)

    @property
    def picked(self) -> Shelved | None:
        """The paper under the cursor."""
        at = self.query_one(PaperList).cursor
        return self._papers[at] if at < len(self._papers) else None

    def _set(self, at: int = 0) -> None:
        self.set_class(not self._papers, "-empty")
        papers = self.query_one(PaperList)
        papers.papers, papers.can_focus = self._papers, bool(self._papers)
        papers.list(len(self._papers), at)
        entitle(self, "Papers", counted(self._papers))
        self._read()

    @on(PickList.Picked)
    def _pick(self, message: PickList.Picked) -> None:
        message.stop()
        self._read()
        if isinstance(message, PickList.Opened):
            self.query_one(PaperSheet).focus()

    @on(PaperSheet.Back)
    def _back(self, message: PaperSheet.Back) -> None:
        message.stop()
        if self._papers:
            self.query_one(PaperList).focus()

    def _read(self) -> None:
        shelved = self.picked
        known = self._passages.get(shelved.paper.id) if shelved else None
        self.query_one(PaperSheet).show(shelved, known)
        if shelved and shelved.has_text and known is None and self._wanted != shelved.paper.id:
            self._wanted = shelved.paper.id
            self.post_message(self.Wanted(shelved.paper.id))


def counted(papers: Sequence[Shelved]) -> str:
    """How many papers have come how far, with the sign that marks them."""
    parts = []
    for standing, (sign, _) in SIGNS.items():
        if count := sum(one.standing is standing for one in papers):
            parts.append(f"{sign} {count} {standing.value}")
    return " ".join(parts)


def listed(shelved: Shelved, width: int) -> Content:
    """A paper in one line: how far it came, who, when, what."""
    paper = shelved.paper
    sign = Content.styled(*SIGNS[shelved.standing])
    who = plain(f"{surnames(paper)} {paper.year}".strip())
    return padded(Content.assemble(sign, " ", who.stylize("bold"), "  ", plain(paper.title)), width)


def surnames(paper: Paper) -> str:
    """The authors in few words, e.g. `Frénay & Verleysen`, `Hendrycks et al.`."""
    names = [name.split()[-1] for name in paper.authors if name.split()]
    if len(names) > 2:
        return f"{names[0]} et al."
    return " & ".join(names) or paper.id


def record(shelved: Shelved, width: int) -> list[Content]:
    """What the paper is, and how far it has come."""
    paper = shelved.paper
    sign, style = SIGNS[shelved.standing]
    words = {
        Standing.ADDED: "in the review",
        Standing.READ: "read, not in the review",
        Standing.FOUND: "found, not read",
    }
    state = Content.assemble(
        (f"{sign} {words[shelved.standing]}", style),
        (f" · {plain(shelved.origin).plain}" if shelved.origin else "", MUTED),
    )
    where = " · ".join(part for part in (", ".join(paper.authors), paper.venue, paper.year) if part)
    lines = [
        *wrapped(paper.title, width, "bold"),
        *wrapped(where, width),
        state,
        Content.styled(plain(paper.id).plain, MUTED),
    ]
    return [*lines, *(linked(line, paper.url) for line in wrapped(paper.url, width, MUTED) if paper.url)]


def texts(shelved: Shelved, passages: Sequence[Passage] | None, width: int) -> list[Content]:
    """Abstract, summary and passages, as far as they are there."""
    lines: list[Content] = []
    for title, text in (("Abstract", shelved.paper.abstract), ("Summary by the agents", shelved.summary)):
        if text.strip():
            lines += [EMPTY, heading(title), *wrapped(text, width)]
    if not shelved.has_text:
        return [*lines, EMPTY, *wrapped("Its full text is not in the project: no passages.", width, MUTED)]
    lines += [EMPTY, heading("Passages on your question")]
    if passages is None:
        return [*lines, Content.styled("reading …", MUTED)]
    for passage in passages:
        lines += [
            *(wrapped(passage.heading, width, MUTED) if passage.heading else []),
            *wrapped(passage.text, width),
            EMPTY,
        ]
    return lines if passages else [*lines, Content.styled("none that bears on it", MUTED)]
