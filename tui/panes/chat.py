"""The chat pane: what the agents say, the newest being written, the earlier ones as far as one reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from core.record import Turn
from tui.keymap import keyed
from tui.keys import bound
from tui.widgets.aside import Aside
from tui.widgets.bounded import bounded
from tui.widgets.document import NOTHING, Block, Document
from tui.widgets.frame import MUTED, entitle, frame
from tui.widgets.spoken import CURSOR, FOLDED, PROMPT, Growing, headline, spoken
from tui.widgets.stack import Slot, Stack

KEPT = 200
"""Turns that are held here, where others can be read from the history again."""
ASKED = 40
"""Turns that are read from the history at a time."""
MOST_NOTES = 300

NOTHING_YET = """Nobody has spoken yet.

The agents' words appear here as they write them.
{run_pause} runs, {step} makes one step"""

_LEVELS = {"info": ("i", MUTED), "warning": ("!", "$text-warning"), "error": ("✗", "$text-error")}
_IN_HAND = "reverse"
_USUAL: frozenset[str] = frozenset()
"""Of a turn of which nothing was opened: one for all, since each empty set is an object of its own."""


class Said(Slot):
    """A turn, or words that are none: a note, a reply that was broken off or is being written."""

    __slots__ = ("aside", "asked", "number", "opened", "turn")

    def __init__(self, number: int = 0, turn: Turn | None = None, document: Document | None = None) -> None:
        super().__init__(document)
        self.number = number
        """The turn's; 0 for what is none."""
        self.turn = turn
        """None for one that is not read, or not made yet."""
        self.aside: Aside | None = None
        """What was seen while the turn was made."""
        self.asked = ""
        self.opened = _USUAL
        """The parts that stand the other way than those of most turns."""


class ChatPane(Stack[Said]):
    """The conversation; it follows the newest turn until one scrolls up."""

    DEFAULT_CSS = frame("ChatPane")
    BORDER_TITLE = "Chat"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bound("fold", "fold"),
        *bound("head", "head(-1)", "head(1)"),
        *bound("look_at", "open"),
    ]

    class Wanted(Message):
        """Turns `first` to `last` are in view and have to be read from the history, for `recalled`."""

        def __init__(self, pane: ChatPane, first: int, last: int) -> None:
            super().__init__()
            self.pane = pane
            self.first = first
            self.last = last

    class PromptWanted(Message):
        """What was asked in a turn is to be read, for `told_prompt`."""

        def __init__(self, pane: ChatPane, turn: Turn) -> None:
            super().__init__()
            self.pane = pane
            self.turn = turn

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._live: Said | None = None
        self._growing: Growing | None = None
        self._cursor = CURSOR
        self._below = 0
        self._unfolded = False
        self._recalls = False
        self._reading: tuple[int, int] | None = None
        self._hand: tuple[Said, str] | None = None
        self._empty = True

    def on_mount(self) -> None:
        if not self._slots:
            self.load(())

    # What is said

    def load(self, turns: Sequence[Turn], *, recalls: bool = False) -> None:
        """Forget what is shown and show `turns`, oldest first.

        With `recalls` the turns before the first one can be read from the history when they are wanted.
        """
        self._live = self._growing = self._reading = self._hand = None
        self._recalls, self._below, self._empty = recalls, 0, not turns
        earlier = range(1, turns[0].number) if turns and recalls else ()
        slots = [*(Said(number) for number in earlier), *(Said(turn.number, turn) for turn in turns)]
        self.fill(slots or [Said(document=Document([Block(Content.styled(keyed(self.app, NOTHING_YET), MUTED))]))])
        self._say_where()

    def begin(self, turn: int, heading: str) -> None:
        """An agent begins to write; `heading` is its name and phase, e.g. `ML engineer · running experiments`."""
        if self._live is not None and self._live.number != turn:
            self._break_off()
        self._growing = Growing(headline(heading, turn))
        if self._live is None:
            self._live = Said(turn)
            self._live.document = self._growing.document()
            self._add(self._live)
        self._draw()

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
        """The turn is in the history: the live reply becomes what is kept of it."""
        if self._live is not None and self._live.number == turn.number:
            self._live.turn = turn
            self._live.aside = self._growing.aside if self._growing else None
            self.redraw([self._live])
        else:
            self._break_off()
            self._add(Said(turn.number, turn))
        self._live = self._growing = None
        self._let_go()

    def break_off(self) -> None:
        """No turn is made any more: a reply that never became one stays, without its cursor; nothing said goes."""
        if self._live is not None and self._growing is not None and self._growing.empty:
            self.drop([self._live])
            self._live = self._growing = None
        self._break_off()

    def note(self, text: str, level: str) -> None:
        """A line of labtop's own; `level` is `info`, `warning` or `error`."""
        mark, style = _LEVELS.get(level, _LEVELS["info"])
        said = Content.styled(bounded(text), style)
        block = Block(said, Content.styled(f"{mark} ", style), Content("  "))
        self._add(Said(document=Document([block, Block(NOTHING)])))

    def recalled(self, first: int, last: int, turns: Sequence[Turn]) -> None:
        """The turns `first` to `last` as the history has them; what it does not have is nobody's."""
        self._reading = None
        found = {turn.number: turn for turn in turns}
        places = [slot for slot in self._slots if first <= slot.number <= last and slot.turn is None]
        places = [slot for slot in places if slot is not self._live]
        for slot in places:
            slot.turn = found.get(slot.number)
        self.drop([slot for slot in places if slot.turn is None])
        self.redraw([slot for slot in places if slot.turn is not None])
        self._let_go()

    def told_prompt(self, number: int, asked: str) -> None:
        """What was asked in a turn, or why that cannot be told."""
        for slot in self._slots:
            if slot.number == number and slot.turn is not None:
                slot.asked = asked or "(nothing)"
                self.redraw([slot])

    # Opening and folding

    def action_fold(self) -> None:
        """Open all that is folded but the prompts, or fold it again."""
        self._unfolded = not self._unfolded
        for slot in self._slots:
            slot.opened = _USUAL
        self._in_place([slot for slot in self._slots if slot.turn is not None], follow=self.max_scroll_y > 0)
        self._draw(self._cursor)

    def action_head(self, step: int) -> None:
        """Mark the next line (1) on which something can be opened, or the one before (-1), and bring it into view."""
        heads = self._heads()
        if not heads:
            self.notify("nothing can be opened here", markup=False)
            return
        lines = [line for line, _, _ in heads]
        here = next((line for line, slot, part in heads if (slot, part) == self._hand and self._in_view(line)), None)
        if here is not None:
            at = max(0, min(lines.index(here) + step, len(lines) - 1))
        else:
            seen = [at for at, line in enumerate(lines) if self._in_view(line)]
            at = (seen[-1] if step < 0 else seen[0]) if seen else 0
        line, slot, part = heads[at]
        self._hand = (slot, part)
        if not self._in_view(line):
            self.scroll_to(y=max(0, line - 1 if step < 0 else line - self.size.height + 2), animate=False, force=True)
        self.refresh()

    def action_open(self) -> None:
        """Open what is marked, or fold it again."""
        if self._hand is None:
            words = "{head.previous} and {head.next} mark what {look_at} opens; {fold} opens all but the prompts"
            self.notify(keyed(self.app, words), markup=False)
        else:
            self._toggle(*self._hand)

    def on_click(self, event: events.Click) -> None:
        """A click on a head opens it, or folds it again."""
        offset = event.get_content_offset(self)
        if offset is None or not self._slots:
            return
        line = offset.y + self.scroll_offset.y
        for at, slot, part in self._heads():
            if at == line:
                self._toggle(slot, part)

    def _toggle(self, slot: Said, part: str) -> None:
        if slot.turn is None:
            return
        slot.opened ^= {part}
        if part == PROMPT and part in slot.opened and not slot.asked:
            self.post_message(self.PromptWanted(self, slot.turn))
        self._in_place([slot])

    def _in_place(self, slots: Sequence[Said], *, follow: bool = False) -> None:
        """Draw some anew, and keep the line on top where it is, unless the end is to be followed on."""
        self._following &= follow
        self.redraw(slots)
        self._following = self.scroll_offset.y >= self.max_scroll_y

    def _heads(self) -> list[tuple[int, Said, str]]:
        """The lines in view and a page around it on which something can be opened."""
        height, width = self.size.height, self.room
        first, last = (self._at(self.scroll_offset.y + lines) for lines in (-height, 2 * height))
        found: list[tuple[int, Said, str]] = []
        for at in range(first, min(last + 1, len(self._slots))):
            slot = self._slots[at]
            if slot.turn is not None and (document := self._document(slot)) is not None:
                found += [(self._starts[at] + line, slot, part) for line, part in document.heads(width).items()]
        return found

    def _in_view(self, line: int) -> bool:
        return 0 <= line - self.scroll_offset.y < self.size.height

    def mark(self, slot: Said, local: int) -> str:
        if self._hand is None or self._hand[0] is not slot or slot.document is None:
            return ""
        return _IN_HAND if slot.document.heads(self.room).get(local) == self._hand[1] else ""

    # What the stack asks

    def drawn(self, slot: Said) -> Document | None:
        if slot.turn is None:
            return slot.document
        opened = (FOLDED if self._unfolded else frozenset[str]()) ^ slot.opened
        return spoken(slot.turn, opened, aside=slot.aside, asked=slot.asked)

    def drops(self, slot: Said) -> bool:
        return slot.turn is not None

    def lacking(self, slots: Sequence[Said]) -> None:
        if self._reading is None and self._recalls:
            wanted = [slot.number for slot in slots if slot.number]
            if wanted:
                around = (slot.number for slot in self._slots if slot.number and slot.turn is None)
                last = max(number for number in around if number <= max(wanted) + ASKED // 2)
                self._reading = (max(1, min(wanted) - ASKED // 2), last)
                self.post_message(self.Wanted(self, *self._reading))

    def moved(self) -> None:
        if self.following:
            self._below, self._hand = 0, None
        self._say_where()

    def _let_go(self) -> None:
        """Forget the turns farthest from what is in view, where they can be read again."""
        held = [at for at, slot in enumerate(self._slots) if slot.turn is not None]
        if not self._recalls or len(held) <= KEPT:
            return
        here = len(self._slots) - 1 if self.following else self.top
        for at in sorted(held, key=lambda at: abs(at - here))[KEPT * 3 // 4 :]:
            slot = self._slots[at]
            slot.turn = slot.aside = slot.document = None
            slot.asked, slot.width = "", -1
            self._held.pop(slot, None)

    def _add(self, slot: Said) -> None:
        if self._empty:
            self._empty = False
            self.drop(list(self._slots))
        if not self.following:
            self._below += 1
        notes = [slot for slot in self._slots if not slot.number]
        self.drop(notes[: len(notes) - MOST_NOTES] if len(notes) > MOST_NOTES else ())
        self.add(slot)
        self._say_where()

    def _break_off(self) -> None:
        """A reply that never became a turn stays, without its cursor."""
        self._draw(cursor="… broken off")
        if self._live is not None:
            self._live.number = 0
        self._live = self._growing = None

    def _draw(self, cursor: str = CURSOR) -> None:
        """Show the live reply as far as it has come, `cursor` at its end."""
        self._cursor = cursor
        if self._growing is not None and self._live is not None:
            self.show(self._live, self._growing.document(cursor, unfolded=self._unfolded))

    def _say_where(self) -> None:
        numbers = (slot.number for slot in self._slots[self.top :] if slot.number)
        last = next((slot.number for slot in reversed(self._slots) if slot.number), 0)
        where = f"turn {next(numbers, last)} of {last}" if last and not self.following else ""
        below = f"↓ {self._below} new below" if self._below else ""
        entitle(self, "Chat", " · ".join(part for part in (where, below) if part))
