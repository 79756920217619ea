"""A disk that takes nothing more: said in words, and nothing is lost."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.commands import Summary
from core.errors import LabError
from core.events import State, StateChanged, TurnCommitted
from core.headless import ERROR
from core.orders import Travel, Way
from core.parsing import write
from core.workspace.project import Project
from tests.host_stage import engine
from tests.scripted import ScriptedModel, events_of, new_project


@contextmanager
def room_again() -> Iterator[None]:
    """What a test takes of the room for files is given back."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill(room: int = 0) -> None:
    """No file may grow beyond so many bytes from now on."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


async def test_a_disk_that_is_full_in_the_middle_of_a_turn_stops_the_run_with_the_reason(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    head = project.head

    def answer(_: object) -> str:
        fill(20_000)  # the ledger fits, the reply does not
        return f"{random.Random(1).randbytes(50_000).hex()}\n\n{write(Summary('forests'))}"

    with room_again():
        events = await events_of(project, ScriptedModel(answer), turns=1)
    last = events[-1]
    assert isinstance(last, StateChanged)
    assert last.state is State.STOPPED
    assert last.reason.startswith("Disk: What was to be written does not go onto the disk: File too large")
    assert "Make room, and run on." in last.reason
    assert project.head == head
    again = await events_of(Project.open(project.path), ScriptedModel(lambda _: write(Summary("forests"))), turns=1)
    assert [event.turn.number for event in again if isinstance(event, TurnCommitted)] == [1]


def test_a_command_on_a_full_disk_says_so(tmp_path: Path) -> None:
    new_project(tmp_path / "p")
    command = [sys.executable, "-m", "labtop", "run", str(tmp_path / "p"), "--turns", "1"]
    done = subprocess.run(command, preexec_fn=fill, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == ERROR
    assert done.stderr.startswith("Disk: What was to be written does not go onto the disk")
    assert "Traceback" not in done.stderr


async def test_an_order_to_an_engine_on_a_full_disk_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with engine(tmp_path, 3) as stage:
        app, head = await stage.app(), stage.project.head
        with room_again():
            fill()
            with pytest.raises(LabError, match="does not go onto the disk: File too large") as caught:
                await app.line.order(Travel(Way.ROLLBACK, rev="2"))
        assert (caught.value.title, stage.project.head) == ("Disk", head)
        await app.line.order(Travel(Way.ROLLBACK, rev="2"))
        assert stage.project.head != head
