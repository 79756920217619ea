"""An engine on a played project behind a socket of its own, and apps attached to it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.events import (
    Event,
    State,
    StateChanged,
    Token,
    TurnCommitted,
)
from core.gate import PersonGate
from core.host.address import found
from core.host.client import Line, reach_project
from core.host.server import Host
from core.host.wire import Bye
from core.settings import Copilot
from core.workspace.project import Project
from tests.fake_laboratory import FakeLaboratory, played_project, study


@dataclass
class App:
    """An attached app and what it has heard."""

    line: Line
    heard: list[Event] = field(default_factory=list)
    helm: list[bool] = field(default_factory=list)
    bye: Bye | None = None

    @property
    def turns(self) -> list[int]:
        return [event.turn.number for event in self.heard if isinstance(event, TurnCommitted)]

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.heard if isinstance(event, Token))

    def heard_state(self, state: State) -> bool:
        return any(isinstance(event, StateChanged) and event.state is state for event in self.heard)

    async def until(self, happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not happened():  # noqa: ASYNC110  what is waited for has no event of its own
                await asyncio.sleep(0.01)


@dataclass
class Stage:
    """An engine on a played project, and the apps at it."""

    host: Host
    project: Project
    laboratory: FakeLaboratory
    folders: list[Path]
    serving: asyncio.Task[None]
    apps: list[App] = field(default_factory=list)

    async def app(self, steer: bool = True) -> App:
        line = await reach_project(self.project.path, steer, self.folders)
        assert line is not None
        app = App(line)
        self.apps.append(app)

        def hear(event: object) -> None:
            if hasattr(event, "watchers"):
                app.helm.append(event.steers)  # type: ignore[attr-defined]
            else:
                app.heard.append(event)  # type: ignore[arg-type]

        line.listen(hear, lambda bye: setattr(app, "bye", bye), lambda done: None)
        return app

    @property
    def socket(self) -> Path:
        return found(self.project.path, self.folders)[0]


@asynccontextmanager
async def engine(
    folder: Path,
    done: int = 0,
    *,
    running: bool = False,
    copilot: Copilot = Copilot.OFF,
    pace: float = 0.0,
    **more: float,
) -> AsyncIterator[Stage]:
    project = played_project(folder / "noise", done)
    gate = PersonGate(running=running)
    laboratory = FakeLaboratory(project, gate, study(), copilot, pace)
    folders = [Path(tempfile.mkdtemp(prefix="labtop-")) / "run"]  # a socket's path has to be short
    host = Host(project, laboratory, gate, folders=folders, **more)  # type: ignore[arg-type]
    ready = asyncio.Event()
    serving = asyncio.create_task(host.serve(lambda path: ready.set()))
    stage = Stage(host, project, laboratory, folders, serving)
    try:
        async with asyncio.timeout(10):
            await ready.wait()
        yield stage
    finally:
        for app in stage.apps:
            await app.line.close()
        host.end("the test is over")
        await asyncio.wait({serving}, timeout=10)
        shutil.rmtree(folders[0].parent)
