"""The whole app on a real project, played by the fake laboratory, and its screen as text."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from core.events import Event
from core.gate import PersonGate
from core.settings import Copilot
from tests.fake_laboratory import FakeLaboratory, played_project, study
from tests.watchdog import LIMIT, watched
from tui.app import LabtopApp
from tui.screens.laboratory import LaboratoryScreen
from tui.session import Opened

OPENING = 2
"""How many times the limit it may take to paint the laboratory for the first time: Textual styles, lays out and draws
all of its widgets in one go."""


def app_on(
    folder: Path,
    done: int = 0,
    *,
    copilot: Copilot = Copilot.OFF,
    running: bool = False,
    pace: float = 0.0,
    said: Mapping[int, Sequence[Event]] | None = None,
) -> LabtopApp:
    """The app on a project in which the first `done` turns of the study have been made; a turn takes `pace` seconds.

    `said` is what the engine says in a turn before its reply.
    """
    turns = study()

    def opener(path: Path, running: bool, _: float) -> Opened:
        project = played_project(path, done)
        gate = PersonGate(running=running)
        return Opened(project, FakeLaboratory(project, gate, turns, copilot, pace, said), gate)

    return LabtopApp(folder / "label-noise", autostart=running, opener=opener)


@asynccontextmanager
async def opened(
    app: LabtopApp, width: int = 120, height: int = 40, limit: float = LIMIT
) -> AsyncIterator[Pilot[None]]:
    """The app, once its laboratory is in view and the engine has said where it stands.

    From then on nothing may keep its loop for longer than `limit`, in seconds.
    """
    with watched(width, height, max(limit, OPENING * LIMIT)) as dog:
        async with unwatched(app, width, height) as pilot:
            dog.allow(limit)
            yield pilot


@asynccontextmanager
async def unwatched(app: LabtopApp, width: int = 120, height: int = 40) -> AsyncIterator[Pilot[None]]:
    """The same without a watchdog, for what is not about speed."""
    async with app.run_test(size=(width, height)) as pilot:
        await until(
            pilot, lambda: isinstance(pilot.app.screen, LaboratoryScreen) and bool(laboratory(pilot).board.sandbox)
        )
        yield pilot
        for screen in pilot.app.screen_stack:
            if isinstance(screen, LaboratoryScreen):
                await screen.session.stop()
    _clear_up()


def _clear_up() -> None:
    """Now and then let go of the apps that have ended: to look for them takes a while, after many tests a second."""
    global _ended
    _ended += 1
    if _ended % 16 == 0:
        gc.unfreeze()
        gc.collect()


_ended = 0


async def until(pilot: Pilot[None], happened: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something has happened on the screen."""
    async with asyncio.timeout(seconds):
        while not happened():
            await pilot.pause(0.02)
    await pilot.pause()


def laboratory(pilot: Pilot[None]) -> LaboratoryScreen:
    """The main screen, wherever it is in the stack."""
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, LaboratoryScreen))


def frame_of(pilot: Pilot[None]) -> str:
    """The screen as text."""
    return "\n".join(strip.text.rstrip() for strip in pilot.app.screen._compositor.render_strips())


def told(pilot: Pilot[None]) -> str:
    """The last thing that the app has said in a notification."""
    notices = list(pilot.app._notifications)
    return notices[-1].message if notices else ""
