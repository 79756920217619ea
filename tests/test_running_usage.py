"""What a program of the agents takes reaches the events, and nothing that is kept."""

from __future__ import annotations

from pathlib import Path

from core.brief import Brief
from core.cassette import FOLDER, Shelf
from core.commands import AddPaper, Command, Dialogue, Plan, SubmitCode, Summary
from core.events import ProgramUsage, as_json, event_from_json
from core.parsing import write
from core.record import Agent, Phase
from tests.scripted import ScriptedModel, events_of, new_project

SLOW = "import time\n\nheld = bytearray(50_000_000)\ntime.sleep(1.7)\nprint('prepared')\n"


def answer(brief: Brief) -> str:
    def command() -> Command:
        match brief.phase:
            case Phase.LITERATURE if not brief.found:
                return Summary("random forests")
            case Phase.LITERATURE:
                return AddPaper(brief.found[0].id, "Useful.")
            case Phase.PLAN:
                return Plan("# Plan\n\nMeasure accuracy.")
            case _:
                return SubmitCode(SLOW) if brief.agent is Agent.SW_ENGINEER else Dialogue("Prepare it.")

    return write(command())


async def test_what_a_program_takes_is_an_event_and_on_no_cassette(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", papers=1, arxiv=False, model="mine")
    events = await events_of(project, ScriptedModel(answer), turns=5)
    told = [event for event in events if isinstance(event, ProgramUsage)]
    assert told, "a program that runs for two seconds is looked at"
    assert told[0].memory_limit_mb == project.settings().limits.memory_mb
    assert told[0].memory_mb > 40
    assert event_from_json(as_json(told[0])) == told[0]
    turn = next(logged.turn for logged in project.log() if logged.turn.number == told[0].turn)
    takes = [Shelf(project.private(FOLDER)).get(name) for name in turn.takes]
    assert any(take.kind == "program" for take in takes)
    assert not any("cpu_percent" in str(take) for take in takes)
    assert "cpu_percent" not in turn.to_json()
