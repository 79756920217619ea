"""The list of the history: read from the index, followed while turns are made, and searched."""

from __future__ import annotations

import asyncio
import threading
from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on, work
from textual.content import Content
from textual.widgets import Input, Static

from core.chronicle import Chronicle
from core.errors import LabError
from core.graph import Picture, newest, picture
from core.sought import matching, read_query
from core.workspace.project import Project
from tui.panes.graph import GraphPane
from tui.screens.screen import LabScreen
from tui.screens.travel import Wish

if TYPE_CHECKING:
    from tui.board import Board

GLANCE = 100
"""Turns that stand there while the whole of a long history is read."""
BREATH = 0.03
"""Seconds between two batches of replies, so that the screen stays quick while they are read."""
PAUSE = 0.12
"""Seconds without a key after which one is taken to have typed what is looked for."""


class SeekingScreen(LabScreen[Wish | None]):
    """A screen with the turns of all lines, and a line to say which of them are wanted."""

    def __init__(self, project: Project, board: Callable[[], Board], turn: int, sought: str = "") -> None:
        """`board` is the laboratory's as it stands now; `turn` is the one to begin with, 0 for the newest.

        `sought` is what is looked for to begin with.
        """
        super().__init__()
        self.project = project
        self.board = board
        self.picture = Picture((), 0, 0, 0)
        self.head = ""
        self._turn = turn
        self._first_sought = sought
        self._chronicle = Chronicle(project)
        self._unread = 0
        self._under_way = False

    @abstractmethod
    def show_turn(self) -> None:
        """Show the turn under the cursor."""

    def begin(self) -> None:
        """Read the history, and follow it from now on."""
        line = self.query_one("#sought", Input)
        line.value = self._first_sought
        line.display = bool(self._first_sought)
        self.graph.put((), "")
        self.graph.focus()
        self._say_where("reading the history …")
        self.read()
        self.set_interval(1.0, self._follow)

    def on_unmount(self) -> None:
        # Not on this loop: a reading that is under way, or another process, may hold the index for seconds.
        threading.Thread(target=self._chronicle.close, daemon=True).start()

    @property
    def graph(self) -> GraphPane:
        """The list."""
        return self.query_one(GraphPane)

    @property
    def sought(self) -> str:
        """What is looked for."""
        return self.query_one("#sought", Input).value.strip()

    # Reading the history

    @work(exclusive=True, group="history")
    async def read(self) -> None:
        """Read the history anew."""
        self._under_way = True
        try:
            if not self.head:
                rows = await asyncio.to_thread(newest, self.project, GLANCE)
                if self.is_attached:
                    self.graph.put(rows, "")
            found, head = await asyncio.to_thread(self._drawn)
        except (LabError, OSError) as error:
            self.say(f"the history cannot be read: {error}", "error")
            return
        finally:
            self._under_way = False
        if not self.is_attached:
            return
        first, self.picture, self.head = not self.head, found, head
        self._filter()
        if first and not self.graph.cursor:  # nobody has gone anywhere meanwhile
            chosen = (row.turn.commit for row in found.rows if row.turn.number == self._turn and not row.depth)
            self.graph.go_to(next(chosen, head))
        if first:
            self.show_turn()
        self._index()

    def _drawn(self) -> tuple[Picture, str]:
        return picture(self.project, self._chronicle), self.project.head

    @work(exclusive=True, group="index")
    async def _index(self) -> None:
        """Make the replies searchable, a few hundred at a time."""
        while self.is_attached:
            try:
                self._unread = await asyncio.to_thread(self._chronicle.read_replies)
            except (LabError, OSError) as error:
                self.say(f"replies cannot be searched: {error}", "warning")
                return
            if not self._unread:
                break
            await asyncio.sleep(BREATH)
        if self.is_attached and self.sought:
            self._filter()

    def _follow(self) -> None:
        """Show turns that are made while one looks; a reading that takes longer than a turn comes to its end."""
        head = self.board().head
        if head and self.head and head != self.head and not self._under_way:
            self.read()

    # Looking for turns

    def action_look_for(self) -> None:
        """Type what turns must be like."""
        self.remove_class("-turn")
        line = self.query_one("#sought", Input)
        line.display = True
        self.set_focus(line)  # at once: the next key is the first letter of what is looked for

    @on(Input.Changed, "#sought")
    def _typed(self) -> None:
        self._filter()

    @on(Input.Submitted, "#sought")
    def _chosen(self) -> None:
        self.query_one("#sought").display = bool(self.sought)
        self.graph.focus()

    def _filter(self) -> None:
        """Show all turns, or look for those that are wanted."""
        text = self.sought
        if text:
            self._search(text)
        else:
            self.workers.cancel_group(self, "search")
            self.graph.put([row for row in self.picture.rows if not row.hidden], self.head)
            self._say_where("")

    @work(exclusive=True, group="search")
    async def _search(self, text: str) -> None:
        await asyncio.sleep(PAUSE)
        sought, rows = read_query(text), self.picture.rows
        if sought.problem:
            self._say_where(sought.problem)
            return
        try:
            holding = await asyncio.to_thread(self._chronicle.search, sought.words) if sought.words else None
            shown = await asyncio.to_thread(matching, rows, sought, holding)
        except (LabError, OSError) as error:
            self._say_where(f"cannot be searched: {error}")
            return
        if self.is_attached:
            self.graph.put(shown, self.head, found=True)
            self.show_turn()
            unread = f"; {self._unread} replies still to be read" if self._unread and sought.words else ""
            self._say_where(f"{len(shown)} of {len(rows)}{unread}")

    def _say_where(self, words: str) -> None:
        found, board = self.picture, self.board()
        counts = (counted(found.turns, "turn"), counted(found.lines, "line"), counted(found.candidates, "candidate"))
        self.graph.tell(words)
        self.query_one("#status", Static).update(
            Content.assemble(
                (" labtop  ", "bold $accent"),
                (f"{board.project} ▸ {board.branch} ▸ History", "bold"),
                (f"   {' · '.join(counts)}", "$text-muted"),
            )
        )


def counted(number: int, what: str) -> str:
    """A number of things, e.g. `3 lines`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
