"""One open project and the engine on it: what the engine says is queued here until the screen drains it."""

from __future__ import annotations

import asyncio
import os
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import LabError
from core.events import Event, Notice, ProgramOutput, State, StateChanged, Thinking, Token
from core.record import Cost, LoggedTurn, Phase
from tui.board import Board, restored

if TYPE_CHECKING:
    from core.gate import PersonGate
    from core.laboratory import Laboratory
    from core.workspace.project import Project

REPORT = "report/report"
SAME_TURN = 2.0
"""Seconds that the files of one turn may be apart."""

REMEMBERED_TURNS = 500
"""How many turns the history pane is filled with when a project is opened."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A project with an engine on it that has not been started."""

    project: Project
    engine: Laboratory
    gate: PersonGate


Opener = Callable[[Path, bool, float], Opened]
"""Opens the project in a folder. The flag says whether it runs at once, the number is the built-in researcher's pace.

Slow, so never called on the screen's loop."""


class Session:
    """Starts, holds and stops the engine, and changes the history while it is stopped."""

    def __init__(self, opened: Opened) -> None:
        self.project = opened.project
        self.gate = opened.gate
        self._engine = opened.engine
        self._said: deque[Event] = deque()
        self._task: asyncio.Task[None] | None = None

    async def read(self) -> tuple[Board, list[LoggedTurn]]:
        """The project as its history tells it: a filled board, and the turns, oldest first."""
        return await asyncio.to_thread(self._read)

    def start(self) -> None:
        """Let the engine work, as far as the gate allows."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen(), name="engine")

    def drain(self) -> list[Event]:
        """What the engine has said since the last call, with neighbouring pieces of text joined."""
        events: list[Event] = []
        while self._said:
            event = self._said.popleft()
            before = events[-1] if events else None
            match before, event:
                case (Token(turn, text), Token(same, more)) if turn == same:
                    events[-1] = Token(turn, text + more)
                case (Thinking(turn, text), Thinking(same, more)) if turn == same:
                    events[-1] = Thinking(turn, text + more)
                case (ProgramOutput(turn, text), ProgramOutput(same, more)) if turn == same:
                    events[-1] = ProgramOutput(turn, text + more)
                case _:
                    events.append(event)
        return events

    def go(self) -> None:
        """Run on."""
        self.gate.go()
        self.start()

    def pause(self) -> None:
        """Hold before the next turn."""
        self.gate.pause()

    async def give_up(self) -> None:
        """Hold at once, in the middle of a turn: what it had done is lost, replies that came in are not."""
        await self.stop()
        self.gate.pause("paused by you, in the middle of a turn: it is made anew")
        self.start()

    def step(self) -> None:
        """Make one turn, then hold."""
        self.gate.step()
        self.start()

    def finish_phase(self, phase: Phase) -> None:
        """Run to the end of `phase`, then hold."""
        self.gate.stop_after(phase)
        self.start()

    async def stop(self) -> None:
        """Stop the engine at once; at most the turn in flight is lost."""
        task, self._task = self._task, None
        if task is not None and not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def change(self, work: Callable[[], object], why: str) -> tuple[Board, list[LoggedTurn]]:
        """Change the history while the engine is stopped, read it, and start the engine anew, held; raises LabError."""
        await self.stop()
        self._said.clear()
        try:
            await asyncio.to_thread(work)
            return await self.read()
        finally:
            self.gate.pause(why)
            self.start()  # last, so that its first words find the new board

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
        from core.latex.text import pages_as_text

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

    def _read(self) -> tuple[Board, list[LoggedTurn]]:
        from core.progress import read_progress

        project = self.project
        turns = list(reversed(project.log(REMEMBERED_TURNS)))
        board = restored(((logged.commit, logged.turn) for logged in turns), read_progress(project))
        board.model = next((logged.turn.model for logged in reversed(turns) if logged.turn.model), "")
        board.project, board.branch, board.head = project.name, project.branch_name, project.head
        board.reckon(expenses(project))
        board.cap = self._cap()
        return board, turns

    async def money(self) -> tuple[Cost, float]:
        """All that models have cost by the ledger, and the cap in US dollars by the settings as they are now."""
        return await asyncio.to_thread(lambda: (expenses(self.project), self._cap()))

    def _cap(self) -> float:
        try:
            return self.project.settings().budget.money
        except LabError:
            return 0.0  # the engine says what is wrong with the settings, before it spends anything

    async def _listen(self) -> None:
        try:
            async for event in self._engine.run():
                self._said.append(event)
        except LabError as error:
            self._said += [Notice("error", f"{error.title}: {error}"), StateChanged(State.STOPPED, str(error))]
        except Exception as error:  # noqa: BLE001  a defect in the engine must be seen, and the app must live to show it
            self._said += self._defect(error)

    def _defect(self, error: Exception) -> list[Event]:
        file = self.project.private("defect.txt")
        file.write_text("".join(traceback.format_exception(error)), encoding="utf-8", errors="replace")
        words = f"a defect in labtop: {type(error).__name__}: {error}"
        return [
            Notice("error", f"{words}. All turns are kept. What to report: {file}"),
            StateChanged(State.STOPPED, words),
        ]


def expenses(project: Project) -> Cost:
    """All that models have cost in the project, rolled back or broken off: what the caps are held against."""
    from core.ledger import Sum, ledger_of

    total = sum(ledger_of(project).accounts().values(), Sum())
    money = total.amount.money
    return Cost(total.calls, total.prompt_tokens, total.completion_tokens, money, cached_tokens=total.cached_tokens)


def open_project(path: Path, running: bool, pace: float) -> Opened:
    """Open the project in `path` with the model that its settings name; raises LabError."""
    from core.gate import PersonGate
    from core.laboratory import Laboratory
    from core.models.builtin.researcher import BuiltinResearcher
    from core.workspace.project import Project

    project = Project.open(path)
    settings = project.settings()
    gate = PersonGate(running=running)
    # Only the built-in researcher is too quick to be followed; any other model is chosen by the engine as ever.
    alone = settings.model == "builtin" and not settings.models
    paced = BuiltinResearcher(settings.seed, pace=pace) if alone else None
    return Opened(project, Laboratory(project, gate, paced), gate)
