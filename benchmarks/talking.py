"""The app on an engine that only talks, at a set rate: the child of the benchmarks of the screen, run in a terminal.

`python -m benchmarks.talking FOLDER NOTES RATE SECONDS [--slow-link]` streams RATE tokens a second for SECONDS. With a
RATE of 0 it tells whole turns as fast as they are taken in, and notes how much memory the app holds as it goes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from benchmarks.history import turn as made_turn
from core.events import (
    Event,
    ProgramFinished,
    ProgramOutput,
    ProgramStarted,
    Proposed,
    RunStarted,
    Scored,
    State,
    StateChanged,
    Token,
    TurnCommitted,
    TurnStarted,
)
from core.gate import PersonGate
from core.record import Agent, Phase
from core.workspace.project import Project
from tui.app import LabtopApp
from tui.preferences import Preferences
from tui.session import Opened

PROSE = "The forest still sees **clean** labels in the bootstrap, so I draw the noise `once` per seed and share it. "
LIST = "\n\n- one level of noise after the other\n- five seeds each, *paired* over the families\n\n"
CODE = "```python\nrng = np.random.default_rng(seed)\nfor name, model in models.items():\n    fit(model, X)\n```\n\n"
TEXT = PROSE * 3 + LIST + PROSE * 4 + "\n\n" + CODE
TOKEN = 4
"""Characters of a token."""

EVENTS = 100_000
NOTED = range(20_000, EVENTS + 1, 10_000)
"""Events after which the memory is noted."""

MODEL = "benchmark"


class Talker:
    """An engine that streams one reply, or tells turn after turn."""

    def __init__(self, project: Project, notes: Path, rate: int, seconds: float) -> None:
        self.project = project
        self.notes = notes
        self.rate = rate
        self.seconds = seconds

    async def run(self) -> AsyncIterator[Event]:
        """The events, as an engine says them."""
        yield RunStarted(self.project.name, self.project.branch_name, self.project.head, MODEL, "bubblewrap", 0)
        yield StateChanged(State.RUNNING)
        told = self._stream() if self.rate else self._turns()
        async for event in told:
            yield event

    async def _stream(self) -> AsyncIterator[Event]:
        yield TurnStarted(1, Phase.EXPERIMENTS, Agent.ML_ENGINEER, MODEL, "improve the program", "1/9")
        start, cpu, said = time.monotonic(), time.process_time(), 0
        while (passed := time.monotonic() - start) < self.seconds:
            while said < passed * self.rate:
                place = said * TOKEN % len(TEXT)
                yield Token(1, TEXT[place : place + TOKEN])
                said += 1
            await asyncio.sleep(0.01)
        self._note({"tokens": said, "seconds": passed, "cpu": time.process_time() - cpu})

    async def _turns(self) -> AsyncIterator[Event]:
        told, number, resident = 0, 0, {}
        while told < EVENTS:
            number += 1
            for event in whole_turn(number):
                yield event
                told += 1
                if told in NOTED:
                    await asyncio.sleep(0.5)  # what was said is on the screen
                    resident[told] = memory()
            await asyncio.sleep(0.02)
        self._note({"memory": resident})

    def _note(self, measured: dict[str, object]) -> None:
        half = self.notes.with_suffix(".half")
        half.write_text(json.dumps(measured))
        half.rename(self.notes)


def whole_turn(number: int) -> list[Event]:
    """A hundred events: a reply, a program that runs, its score, and the turn."""
    turn = made_turn(number)
    events: list[Event] = [TurnStarted(number, turn.phase, turn.agent, MODEL, "improve the program")]
    events += [Token(number, TEXT[place * TOKEN : (place + 1) * TOKEN]) for place in range(74)]
    events += [Proposed(number, turn.agent, turn.command), ProgramStarted(number, "main.py", "bubblewrap", 60.0)]
    events += [ProgramOutput(number, f"epoch {epoch}: accuracy 0.{epoch:03}\n") for epoch in range(20)]
    events.append(ProgramFinished(number, "", 2.0))
    if turn.score:
        events.append(Scored(number, turn.score, "better"))
    return [*events, TurnCommitted(turn, f"{number:040x}")]


def memory() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def main(folder: str, notes: str, rate: str, seconds: str, *options: str) -> None:
    """Run the app until somebody ends it."""

    def opener(path: Path, running: bool, _: float) -> Opened:
        project, gate = Project.open(path), PersonGate(running=running)
        return Opened(project, Talker(project, Path(notes), int(rate), float(seconds)), gate)

    preferences = Preferences(slow_link="--slow-link" in options)
    LabtopApp(Path(folder), autostart=True, opener=opener, preferences=preferences).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
