"""The input line: words to the agents, /commands, or the reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from tui.keymap import keyed
from tui.slash import MOST_OFFERS, Facts, Offer, offers
from tui.typed import Typed
from tui.widgets.frame import MUTED

WIDE = 110
"""Cells from which on a command is offered with what it takes."""


class Purpose(StrEnum):
    """What the line is for, as it says itself while empty."""

    NOTE = "tell the agents, or {command} for commands"
    REASON = "why not? the agent reads this; enter sends, esc goes back"
    QUESTION = "what do you want to know? no turn is made of it; enter sends, esc goes back"


class Line(Input):
    """The field itself: tab completes a command, up and down bring back what was typed, escape gives the keys back."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "screen.leave_line", "back")]

    class Wanted(Message):
        """A key that is about the line as a whole: `tab`, `shift+tab`, `up` or `down`."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "ctrl+d" and not self.value:  # as in a shell: nothing more to say
            event.stop()
            event.prevent_default()
            await self.screen.run_action("detach")
            return
        if event.key in ("up", "down") or (event.key in ("tab", "shift+tab") and self.value.startswith("/")):
            event.stop()
            event.prevent_default()
            self.post_message(self.Wanted(event.key))
            return
        await super()._on_key(event)


class Offers(Static):
    """The ways to go on, above the line."""

    DEFAULT_CSS = """
    Offers {
        overlay: screen; position: absolute; constrain: none inside; display: none;
        width: 100%; height: auto;
        background: $background; border-top: solid $foreground 25%;
    }
    """

    def show(self, found: Sequence[Offer], at: int) -> None:
        """Show as many as fit, the one at `at` marked; -1 marks none."""
        self.display = bool(found)
        first = max(0, min(at, len(found) - 1) - MOST_OFFERS + 1)
        shown = list(found[first : first + MOST_OFFERS])
        room = self.screen.size.width
        names = [offer.shown if room >= WIDE else offer.short for offer in shown]
        width = max(map(len, names), default=0)
        lines = [
            Content.assemble(
                (f" {name:<{width}} ", "bold reverse" if number == at else "$text-accent"), (f"  {offer.help}", MUTED)
            ).truncate(room - 2, ellipsis=True)
            for number, (name, offer) in enumerate(zip(names, shown, strict=True), first)
        ]
        more = len(found) - len(shown)
        if more > 0:
            lines.append(Content.styled(f" {more} more · tab goes through all", MUTED))
        self.update(Content("\n").join(lines))
        self.styles.offset = (0, -len(lines) - 2)


class TellLine(Horizontal):
    """A prompt and a field of one line."""

    DEFAULT_CSS = """
    TellLine { height: 1; }
    TellLine > .prompt { width: 3; padding: 0 1; color: $text-accent; }
    TellLine > Input, TellLine > Input:focus { background: $background; padding: 0 1 0 0; }
    """

    class Said(Message):
        """The person has written something for the agents."""

        def __init__(self, words: str, purpose: Purpose) -> None:
            super().__init__()
            self.words = words
            self.purpose = purpose

    class Commanded(Message):
        """The person has written a command, `/name words`."""

        def __init__(self, line: str) -> None:
            super().__init__()
            self.line = line

    def __init__(self) -> None:
        super().__init__(id="tell")
        self.purpose = Purpose.NOTE
        self.facts = Facts()
        self.typed = Typed()
        self._offers: list[Offer] = []
        self._at = -1
        self._put = ""
        """What a completion has put there: no reason to look for new ones."""

    def compose(self) -> ComposeResult:
        yield Static(">", markup=False, classes="prompt")
        yield Line(placeholder=keyed(self.app, self.purpose.value), compact=True, select_on_focus=False)
        yield Offers(markup=False)

    @property
    def line(self) -> Line:
        """The field."""
        return self.query_one(Line)

    def write(self, purpose: Purpose, begin: str = "") -> None:
        """Give the line the keys, for this purpose."""
        self._become(purpose)
        self.screen.set_focus(self.line)  # at once: `focus` would let the next key go elsewhere
        if begin:
            self.line.value = begin
            self.line.action_end()

    def learn(self, facts: Facts) -> None:
        """Know what the words of a command can be, also of one that is being written."""
        self.facts = facts
        if self._at < 0:
            self._offer(self.line.value)

    def rest(self) -> None:
        """Empty, and for notes again."""
        self._become(Purpose.NOTE)
        self.line.clear()

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        words = event.value.strip()
        if not words:
            if self.purpose is not Purpose.NOTE:
                words = "nothing is sent without words; esc goes back, {skip} passes over the reply"
                self.app.notify(keyed(self.app, words), markup=False)
            return
        if self.purpose is Purpose.NOTE and words.startswith("/") and not words.startswith("//"):
            self.post_message(self.Commanded(event.value))
        else:
            self.post_message(self.Said(words.removeprefix("/") if words.startswith("//") else words, self.purpose))

    @on(Input.Changed)
    def _change(self, event: Input.Changed) -> None:
        event.stop()
        if event.value == self._put and self._at >= 0:
            return
        self._offer(event.value)

    def _offer(self, text: str) -> None:
        commanding = self.purpose is Purpose.NOTE and text.startswith("/") and not text.startswith("//")
        self._offers, self._at = offers(text, self.facts) if commanding else [], -1
        self.query_one(Offers).show(self._offers, -1)

    @on(Line.Wanted)
    def _move(self, event: Line.Wanted) -> None:
        event.stop()
        match event.key:
            case "up":
                self._put_in(self.typed.older(self.line.value))
            case "down":
                self._put_in(self.typed.newer())
            case key if self._offers:
                self._at = (max(self._at, 0) - 1 if key == "shift+tab" else self._at + 1) % len(self._offers)
                self._put = self._offers[self._at].line
                self._put_in(self._put)
                self.query_one(Offers).show(self._offers, self._at)
                if len(self._offers) == 1:  # nothing to choose: the next tab completes the next word
                    self._at = -1

    def _put_in(self, text: str | None) -> None:
        if text is not None:
            self.line.value = text
            self.line.action_end()

    def _become(self, purpose: Purpose) -> None:
        self.purpose = purpose
        self.line.placeholder = keyed(self.app, purpose.value)
