"""One open project and the way to its engine: what the engine says is queued here until the screen drains it."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import LabError
from core.events import Event, Notice, ProgramStarted, RunStarted, State, Steered, TurnCommitted, TurnStarted
from core.host.standing import joined
from core.orders import GiveUp, Go, Order, Pause, Step, StopAfter, TakeHelm, Travel
from core.record import Cost, LoggedTurn, Phase
from tui.board import Board, beyond, restored
from tui.links import Anew, Heard, Here, Link, Since
from tui.wire import Wire

if TYPE_CHECKING:
    from core.gate import PersonGate
    from core.host.engine import Runs
    from core.ledger import Ledger
    from core.workspace.project import Project

REPORT = "report/report"
SAME_TURN = 2.0
"""Seconds that the files of one turn may be apart."""

REMEMBERED_TURNS = 500
"""How many turns the history pane is filled with when a project is opened."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A project with an engine on it, in this process, that has not been started."""

    project: Project
    engine: Runs
    gate: PersonGate


@dataclass(frozen=True, slots=True)
class Apart:
    """A project whose engine is a process of its own, there already or to be started."""

    project: Project
    running: bool = False
    pace: float = 0.0


Opener = Callable[[Path, bool, float], Opened | Apart]
"""Opens the project in a folder. The flag says whether it runs at once, the number is the built-in researcher's pace.

Slow, so never called on the screen's loop."""


class Session:
    """One open project: hears its engine, orders it about, and changes the history while it is stopped."""

    def __init__(self, opened: Opened | Apart) -> None:
        self.project = opened.project
        self.link: Link = _link(opened)
        self.moved = False
        """Whether the engine speaks of another place in the history than was read; `read` again, then go on."""
        self._said: deque[Heard] = deque()
        self._since: Since | None = None
        self._backdate: Since | None = None
        self._head = ""
        self._ledger: Ledger | None = None
        self.link.hear(self._said.append, self._said.clear)

    async def open(self) -> None:
        """Attach to the engine if it is at work already, so that what it says follows on what is read next."""
        self._since = self._backdate = await self.link.attach()

    async def read(self, *, reckoned: bool = True) -> tuple[Board, list[LoggedTurn]]:
        """The project as its history tells it: a filled board, and the turns, oldest first.

        Where it is not `reckoned`, `money` has to be asked what was spent besides: a long ledger takes a while to read.
        """
        since, self._since = self._since or Since(), None
        board, turns = await asyncio.to_thread(self._read, since)
        if reckoned:
            board.reckon(beyond((await self.money(since.head))[0], since.paid))
        self._head, self.moved = board.head, False
        return board, turns

    def start(self) -> None:
        """Let the engine work, as far as the gate allows."""
        self.link.start()

    def drain(self) -> list[Event]:
        """What the engine has said since the last call, with neighbouring pieces of text joined."""
        events: list[Event] = []
        while self._said and not self.moved:
            event = self._said[0]
            if isinstance(event, Anew) or (isinstance(event, RunStarted) and self._head not in ("", event.head)):
                self._move(event)
                break
            self._said.popleft()
            if isinstance(event, TurnCommitted):
                self._head = event.commit
            events.append(event)
        return joined(events)

    def backdate(self, board: Board, events: Sequence[Event]) -> None:
        """Count the turn in flight, and its program, from when they began and not from when this app came to it."""
        since = self._backdate
        if since is None:
            return
        if board.asked is not None and any(isinstance(event, TurnStarted) for event in events):
            board.asked -= since.turn_seconds
        if board.program and any(isinstance(event, ProgramStarted) for event in events):
            board.began -= since.program_seconds
            self._backdate = None
        if any(isinstance(event, TurnCommitted) for event in events):
            self._backdate = None

    def _move(self, event: Anew | RunStarted) -> None:
        """Have the history read where the engine stands."""
        if isinstance(event, Anew):
            self._said.popleft()
            self._since = self._backdate = event.since
        else:
            self._since = Since(event.head)
        self.moved = True

    # Steering

    @property
    def steered(self) -> Steered:
        """The person's hand on the run: what it may do, how often they are asked, which pauses are to come."""
        return self.link.steered

    @property
    def state(self) -> State:
        """What the gate lets the run do now."""
        return self.link.steered.state

    @property
    def held(self) -> str:
        """Why the next turn may not begin; empty when it may."""
        return self.link.steered.held

    @property
    def steers(self) -> bool:
        """Whether this app steers; else it watches."""
        return self.link.steers

    @property
    def others(self) -> int:
        """How many other apps are attached to the engine."""
        return self.link.others

    def order(self, order: Order) -> None:
        """Give the engine an order; what comes of it is heard among its events, a refusal as a notice."""
        self.link.give(order)

    async def obey(self, order: Order) -> str:
        """Give the engine an order and wait for it; returns what happened. Raises LabError when it is refused."""
        return await self.link.obey(order)

    def go(self) -> None:
        """Run on."""
        self.order(Go())

    def pause(self) -> None:
        """Hold before the next turn."""
        self.order(Pause())

    async def give_up(self) -> None:
        """Hold at once, in the middle of a turn: what it had done is lost, replies that came in are not."""
        try:
            await self.obey(GiveUp())
        except LabError as error:
            self._said.append(Notice("warning", str(error)))

    def step(self) -> None:
        """Make one turn, then hold."""
        self.order(Step())

    def finish_phase(self, phase: Phase) -> None:
        """Run to the end of `phase`, then hold."""
        self.order(StopAfter(phase))

    async def take_helm(self) -> str:
        """Steer from here on, whoever did until now; says in words what came of it."""
        return "this app steers already" if self.steers else await self.obey(TakeHelm())

    async def stop(self) -> None:
        """Stop the engine at once, or leave it where another app steers; at most the turn in flight is lost."""
        await self.link.stop()

    async def leave(self) -> str:
        """Leave the engine at work; says in words why that cannot be, else nothing."""
        return await self.link.leave()

    async def change(self, work: Callable[[], object] | Travel, why: str) -> tuple[Board, list[LoggedTurn]]:
        """Change the history while the engine is stopped, read it, and have the engine go on, held; raises LabError.

        The engine itself travels; any other work is done here, while it lets go of the project.
        """
        if isinstance(work, Travel):
            try:
                self._since = Since(await self.link.travel(replace(work, reason=why)))
                return await self.read()
            finally:
                self.start()
        await self.link.lend()
        try:
            await asyncio.to_thread(work)
            return await self.read()
        finally:
            await self.link.hold(why)  # last, so that its first words find the new board

    async def phase(self) -> Phase:
        """The phase that the next turn belongs to; the last one shown may be done already."""
        return await asyncio.to_thread(self._phase)

    async def tell(self, words: str) -> str:
        """Append a line to the notes of the next turn's phase, which its agents read; returns the file's name."""
        return await asyncio.to_thread(self._tell, words)

    async def report(self) -> tuple[str, tuple[str, ...]]:
        """The report's source, and the text of its pages where they were compiled from it; empty when there is none."""
        return await asyncio.to_thread(self._report)

    def _report(self) -> tuple[str, tuple[str, ...]]:
        source = self.project.read(f"{REPORT}.tex")
        try:
            ages = [(self.project.path / f"{REPORT}.{kind}").stat().st_mtime for kind in ("pdf", "tex")]
        except OSError:
            return source, ()
        if ages[0] < ages[1] - SAME_TURN:
            return source, ()  # pages of another turn, left behind by a roll-back
        from core.latex.pages import pages_as_text

        return source, pages_as_text(self.project.read_bytes(f"{REPORT}.pdf"))

    def _phase(self) -> Phase:
        from core.progress import read_progress

        return read_progress(self.project).phase

    def _tell(self, words: str) -> str:
        name = f"notes/{self._phase().value}.md"
        file = self.project.path / name
        file.parent.mkdir(exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(file, flags, 0o644), "a", encoding="utf-8") as notes:
            notes.write(f"{words}\n")
        return name

    def _read(self, since: Since) -> tuple[Board, list[LoggedTurn]]:
        from core.progress import read_progress

        project, rev = self.project, since.head or "HEAD"
        turns = list(reversed(project.log(REMEMBERED_TURNS, rev)))
        progress = read_progress(project, since.head or None)
        board = restored(((logged.commit, logged.turn) for logged in turns), progress)
        board.model = next((logged.turn.model for logged in reversed(turns) if logged.turn.model), "")
        board.project, board.branch = project.name, project.branch_name
        board.head = since.head or project.head
        board.cap = self._cap()
        return board, turns

    async def money(self, in_flight: str = "") -> tuple[Cost, float]:
        """All that models have cost, as `expenses` tells, and the cap in US dollars by the settings as they are now."""
        return await asyncio.to_thread(lambda: (spent_by(self._books(), in_flight), self._cap()))

    def _books(self) -> Ledger:
        """The ledger, of which only what is new has to be read again."""
        from core.ledger import ledger_of

        if self._ledger is None:
            self._ledger = ledger_of(self.project)
        return self._ledger

    def _cap(self) -> float:
        try:
            return self.project.settings().budget.money
        except LabError:
            return 0.0  # the engine says what is wrong with the settings, before it spends anything


def expenses(project: Project, in_flight: str = "") -> Cost:
    """All that models have cost in the project, rolled back or broken off: what the caps are held against.

    Without what is only promised for a turn in flight, which starts from the commit `in_flight`.
    """
    from core.ledger import ledger_of

    return spent_by(ledger_of(project), in_flight)


def spent_by(ledger: Ledger, in_flight: str = "") -> Cost:
    """The same by a ledger that is at hand."""
    from core.ledger import Sum

    total = sum(ledger.accounts().values(), Sum())
    if in_flight:
        total -= ledger.promised(in_flight)
    money = total.amount.money
    return Cost(total.calls, total.prompt_tokens, total.completion_tokens, money, cached_tokens=total.cached_tokens)


def open_project(path: Path, running: bool, pace: float) -> Apart:
    """Open the project in `path`, with an engine in a process of its own; raises LabError."""
    from core.workspace.project import Project

    project = Project.open(path)
    project.settings()  # what is wrong with them is said before the project is shown
    return Apart(project, running, pace)


def _link(opened: Opened | Apart) -> Link:
    if isinstance(opened, Apart):
        return Wire(opened.project, running=opened.running, pace=opened.pace)
    return Here(opened.project, opened.engine, opened.gate)
