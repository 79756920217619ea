"""The chat pane: what the agents say, the newest being written, the finished ones frozen to one widget each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.selection import Selection
from textual.widgets import Static

from core.clean import clean
from core.record import Turn
from tui.widgets.aside import Aside
from tui.widgets.document import NOTHING, Block, Document
from tui.widgets.frame import MUTED, SCROLLING, entitle, frame
from tui.widgets.spoken import CURSOR, Growing, headline, spoken

MOUNTED = 30
"""Turns that stay mounted while one follows the newest: what makes Textual slow is mounted widgets."""
MORE = 15
MOST_MOUNTED = 120

NOTHING_YET = (
    "Nobody has spoken yet.\n\nThe agents' words appear here as they write them.\nspace runs, n makes one step"
)

_LEVELS = {"info": ("i", MUTED), "warning": ("!", "$text-warning"), "error": ("✗", "$text-error")}


class TurnView(Static):
    """One turn, live or frozen."""

    DEFAULT_CSS = "TurnView { height: auto; width: 1fr; }"

    def __init__(self, document: Document, turn: Turn | None = None) -> None:
        super().__init__(document, markup=False)
        self.auto_links = False  # no link is ever made here, and looking for them costs more than drawing
        self.turn = turn
        self.aside: Aside | None = None
        """What was seen while the turn was made."""
        self.unfolded = False
        self._document = document
        self._lines = 0

    def show(self, document: Document) -> None:
        """Draw `document`; the page is laid out again only when it has another height."""
        self._document = document
        width = self.content_size.width
        lines = self.lines(width)
        self.update(document, layout=not width or lines != self._lines)
        self._lines = lines

    def lines(self, width: int) -> int:
        """How many lines it takes in `width` cells."""
        return len(self._document.lines(width)) if width else 1

    def fold(self, unfolded: bool) -> None:
        """Show commands and outcome in full, or folded."""
        if self.turn is not None and unfolded != self.unfolded:
            self.unfolded = unfolded
            self.show(spoken(self.turn, unfolded=unfolded, aside=self.aside))

    def on_click(self, event: events.Click) -> None:
        if event.chain == 2:
            self.fold(not self.unfolded)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        text = "\n".join(line.plain for line in self._document.lines(self.content_size.width))
        return selection.extract(text), "\n"


class ChatPane(VerticalScroll):
    """The conversation; it follows the newest turn until one scrolls up."""

    DEFAULT_CSS = (
        frame("ChatPane")
        + """
    ChatPane {
        layout: stream;
        & > .chat--empty, & > .chat--note { color: $text-muted; }
    }
    """
    )
    BORDER_TITLE = "Chat"
    BINDINGS: ClassVar[list[BindingType]] = [
        *SCROLLING,
        Binding("o", "fold", "Open or fold what is folded", show=False),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._earlier: list[Turn] = []
        self._live: TurnView | None = None
        self._growing: Growing | None = None
        self._cursor = CURSOR
        self._live_turn = 0
        self._below = 0
        self._unfolded = False
        self._away = False

    def on_mount(self) -> None:
        if not self.children:
            self.mount(Static(Content(NOTHING_YET), classes="chat--empty"))

    def load(self, turns: Sequence[Turn]) -> None:
        """Forget what is shown and show the last of `turns`, oldest first; the earlier ones come on scrolling up."""
        self._live = self._growing = None
        self._earlier = list(turns[:-MOUNTED])
        self.remove_children()
        shown = [TurnView(spoken(turn), turn) for turn in turns[-MOUNTED:]]
        self.mount_all(shown or [Static(Content(NOTHING_YET), classes="chat--empty")])
        width, height = self.scrollable_content_region.size
        self.anchor(sum(view.lines(width) for view in shown) > height)
        self._below = 0
        self._say_where()
        self._away = False

    def begin(self, turn: int, heading: str) -> None:
        """An agent begins to write; `heading` is its name and phase, e.g. `ML engineer · running experiments`."""
        if self._live is not None and self._live_turn != turn:
            self._break_off()
        self._growing = Growing(headline(heading, turn))
        if self._live is None:
            self._live = TurnView(self._growing.document())
            self._add(self._live)
        self._draw()
        self._live_turn = turn

    def stream(self, text: str) -> None:
        """A piece of the reply that is being written; pieces are joined by the caller, at most 20 a second."""
        if self._growing is not None:
            self._growing.feed(text)
            self._draw()

    def think(self, text: str) -> None:
        """A piece of what a reasoning model lets be seen of its thoughts."""
        if self._growing is not None and not self._complete:
            self._growing.think(text)
            self._draw()

    def restart(self, reason: str) -> None:
        """The reply broke off and is asked for again: what was shown of it goes."""
        if self._growing is not None and not self._complete:
            self._growing.restart(reason)
            self._draw()

    @property
    def _complete(self) -> bool:
        """Whether the live reply is carried out: what is thought and asked anew from then on is about a judge's."""
        return self._cursor == ""

    def hush(self) -> None:
        """The reply is complete, and being carried out."""
        self._draw(cursor="")

    def finish(self, turn: Turn) -> None:
        """The turn is in the history: the live reply becomes its frozen view."""
        if self._live is not None and self._live_turn == turn.number:
            self._live.turn = turn
            self._live.aside = self._growing.aside if self._growing else None
            self._live.unfolded = self._unfolded
            self._live.show(spoken(turn, unfolded=self._unfolded, aside=self._live.aside))
        else:
            self._break_off()
            self._add(TurnView(spoken(turn, unfolded=self._unfolded), turn))
        self._live = self._growing = None
        self._prune()

    def break_off(self) -> None:
        """No turn is made any more: a reply that never became one stays, without its cursor; nothing said goes."""
        if self._live is not None and self._growing is not None and self._growing.empty:
            self._live.remove()
            self._live = self._growing = None
        self._break_off()

    def note(self, text: str, level: str) -> None:
        """A line of labtop's own; `level` is `info`, `warning` or `error`."""
        mark, style = _LEVELS.get(level, _LEVELS["info"])
        said = Content.styled(clean(text), style)
        block = Block(said, Content.styled(f"{mark} ", style), Content("  "))
        self._add(TurnView(Document([block, Block(NOTHING)])))

    def action_fold(self) -> None:
        """Open all that is folded in the turns in view, or fold it again."""
        self._unfolded = not self._unfolded
        for view in self.query(TurnView):
            view.fold(self._unfolded)
        self._draw(self._cursor)

    def action_scroll_down(self) -> None:
        self._move(1)

    def action_scroll_up(self) -> None:
        self._move(-1)

    def action_page_down(self) -> None:
        self._move(self.scrollable_content_region.height - 1)

    def action_page_up(self) -> None:
        self._move(1 - self.scrollable_content_region.height)

    def action_scroll_home(self) -> None:
        self._move(-self.max_scroll_y)

    def action_scroll_end(self) -> None:
        self._move(self.max_scroll_y)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._away and new_value >= self.max_scroll_y:
            self._away, self._below = False, 0
            self._say_where()

    def release_anchor(self) -> None:
        super().release_anchor()
        self._away = self.max_scroll_y > 0

    @property
    def following(self) -> bool:
        """Whether the newest words stay in view; scrolling up ends it, coming back to the end takes it up again."""
        return not self._away

    def _move(self, lines: int) -> None:
        if lines < 0:
            self.release_anchor()
            if self.scroll_y + lines <= 0 and self._earlier:
                self._load_earlier(lines)
                return
        self.scroll_to(y=self.scroll_y + lines, animate=False, immediate=True)
        self._check_anchor()

    def _load_earlier(self, lines: int) -> None:
        """Put earlier turns above, and keep what one reads where it is."""
        if len(self.query(TurnView)) >= MOST_MOUNTED:
            self._say_where()
            self.scroll_to(y=0, animate=False, immediate=True)
            return
        turns, self._earlier = self._earlier[-MORE:], self._earlier[:-MORE]
        views = [TurnView(spoken(turn, unfolded=self._unfolded), turn) for turn in turns]
        before = self.max_scroll_y
        at = self.scroll_y + lines
        self.mount_all(views, before=0)
        self._say_where()

        def stay() -> None:
            self.scroll_to(y=at + self.max_scroll_y - before, animate=False, immediate=True)

        self.call_after_refresh(stay)

    def _add(self, view: TurnView) -> None:
        for empty in self.query(".chat--empty"):
            empty.remove()
        if not self.following:
            self._below += 1
        self.mount(view)
        self.call_after_refresh(self._hold)
        self._say_where()

    def _hold(self) -> None:
        """Follow the end as soon as there is more than fits; an anchored pane would sink what is less to its floor."""
        if self.max_scroll_y > 0 and not self.is_anchored:
            self.anchor()

    def _break_off(self) -> None:
        """A reply that never became a turn stays, without its cursor."""
        self._draw(cursor="… broken off")
        self._live = self._growing = None

    def _draw(self, cursor: str = CURSOR) -> None:
        """Show the live reply as far as it has come, `cursor` at its end."""
        self._cursor = cursor
        if self._growing is not None and self._live is not None:
            self._live.show(self._growing.document(cursor, unfolded=self._unfolded))
            self._hold()

    def _prune(self) -> None:
        views = list(self.query(TurnView))
        if not self.following or len(views) <= MOUNTED:
            return
        gone = views[: len(views) - MOUNTED]
        self._earlier += [view.turn for view in gone if view.turn is not None]
        self.remove_children(gone)
        self._say_where()

    def _say_where(self) -> None:
        full = len(self.query(TurnView)) >= MOST_MOUNTED
        above = f"{len(self._earlier)} earlier{': h, history' if full else ' ↑'}" if self._earlier else ""
        below = f"↓ {self._below} new below" if self._below else ""
        entitle(self, "Chat", " · ".join(part for part in (above, below) if part))
