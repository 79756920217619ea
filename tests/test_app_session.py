"""The session: what it reads of a project, and that it stops what it started."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from core.events import State, StateChanged
from core.gate import PersonGate
from core.host.opening import laboratory_on
from core.workspace.project import Project
from tests.fake_laboratory import REPORT, FakeLaboratory, new_project, played_project, study
from tui.session import Opened, Session

PDF = b"""%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>> endobj
4 0 obj <</Length 38>> stream
BT /F 24 Tf 20 100 Td (Page one) Tj ET
endstream endobj
5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj
trailer <</Root 1 0 R>>
"""


def session_on(folder: Path, done: int, *, running: bool = False) -> tuple[Session, Project]:
    project = played_project(folder / "noise", done)
    gate = PersonGate(running=running)
    return Session(Opened(project, FakeLaboratory(project, gate, study()), gate)), project


async def test_a_reopened_report_shows_the_pages_that_were_compiled_from_it(tmp_path: Path) -> None:
    session, project = session_on(tmp_path, 16)
    (project.path / "report" / "report.pdf").write_bytes(PDF)
    assert await session.report() == (REPORT, ("Page one",))


async def test_pages_of_a_turn_that_was_left_behind_are_not_shown(tmp_path: Path) -> None:
    session, project = session_on(tmp_path, 16)
    pdf = project.path / "report" / "report.pdf"
    pdf.write_bytes(PDF)
    os.utime(pdf, (1, 1))
    assert await session.report() == (REPORT, ())


async def test_a_project_without_a_report_has_none_to_show(tmp_path: Path) -> None:
    session, _ = session_on(tmp_path, 3)
    assert await session.report() == ("", ())


async def test_stopping_leaves_the_project_free_and_starting_again_goes_on(tmp_path: Path) -> None:
    session, project = session_on(tmp_path, 2, running=True)
    session.start()
    await asyncio.sleep(0.2)
    assert session.drain()
    assert project.holder() is not None
    await session.stop()
    assert project.holder() is None
    session.start()
    await asyncio.wait_for(session.link.engine.ended(), 20)  # type: ignore[attr-defined]
    board, turns = await session.read()
    assert (board.turns, turns[-1].turn.number) == (16, 16)


async def test_changing_the_history_holds_the_engine_first_and_after(tmp_path: Path) -> None:
    session, project = session_on(tmp_path, 5, running=True)
    session.start()
    board, turns = await session.change(lambda: project.rollback("2"), "rolled back to turn 2")
    assert session.drain() == []  # what the engine says from here on is about the new board
    assert (board.turns, board.head, turns[-1].turn.number) == (2, project.head, 2)
    await asyncio.sleep(0.2)
    assert StateChanged(State.PAUSED, "rolled back to turn 2") in session.drain()
    await session.stop()


async def test_the_app_gives_the_built_in_researcher_its_pace(tmp_path: Path) -> None:
    new_project(tmp_path / "noise")
    laboratory = laboratory_on(Project.open(tmp_path / "noise"), PersonGate(running=False), 0.25)
    model = laboratory.desks.model
    assert model is not None
    assert (model.name, model._pace) == ("built-in researcher", 0.25)  # type: ignore[attr-defined]


def test_a_model_for_a_role_is_not_lost_behind_the_pace_of_the_built_in_researcher(tmp_path: Path) -> None:
    project = new_project(tmp_path / "noise")
    file = project.path / "lab.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("[models]\n", '[models]\njudge = "mine"\n'))
    assert laboratory_on(project, PersonGate(running=False), 0.25).desks.model is None
