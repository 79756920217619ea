"""Starting an engine's process: a session of its own, no terminal, a private log, and a word when it is ready."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import EngineError, LabError

if TYPE_CHECKING:
    from core.workspace.project import Project

LOG = "engine.log"
"""Under `.git/labtop/`: what the engine's process printed, which is nothing unless something broke."""
LARGEST_LOG = 2**20
_ROOT = Path(__file__).resolve().parents[2]
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from core.host.process import main; main(sys.argv[1:])"


def start(project: Project, *, running: bool = False, pace: float = 0.0) -> None:
    """Start an engine on the project and return once it listens; raises LabError with its words when it cannot.

    `running` lets it begin at once; `pace` is the built-in researcher's, in seconds a reply.
    """
    told, telling = os.pipe()
    command = [sys.executable, "-P", "-c", _START, str(_ROOT), str(project.path), "--told", str(telling)]
    command += ["--pace", str(pace), *(["--running"] if running else [])]
    try:
        with _log(project) as log:
            process = subprocess.Popen(
                command,
                cwd=project.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[telling],
                start_new_session=True,
            )
    except OSError as error:
        os.close(told)
        raise EngineError(f"The engine's process cannot be started: {error.strerror}.") from error
    finally:
        os.close(telling)
    with os.fdopen(told, encoding="utf-8") as answer:
        words = answer.read()
    threading.Thread(target=process.wait, daemon=True).start()  # or its end would leave a zombie behind
    if words != "ready":
        raise _refusal(words, project)


def _refusal(words: str, project: Project) -> EngineError:
    """Why the engine did not begin, in its own words if it had any."""
    try:
        told = json.loads(words)
        error = EngineError(str(told["message"]), str(told["hint"]))
        error.title = str(told["title"])
    except (ValueError, KeyError, TypeError):
        error = EngineError(
            "The engine ended before it was ready; all turns are kept.",
            f"What it printed: {project.private(LOG)}",
        )
    return error


def _log(project: Project) -> Any:
    path = project.private(LOG)
    size = path.lstat().st_size if path.exists() else 0
    fresh = os.O_TRUNC if size > LARGEST_LOG else 0
    return os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | fresh, 0o600)
    )


def main(arguments: list[str]) -> None:
    """The engine's process: serve the project in the folder until the end."""
    parser = argparse.ArgumentParser(prog="labtop engine")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--running", action="store_true")
    parser.add_argument("--pace", type=float, default=0.0)
    parser.add_argument("--told", type=int, default=-1, help="where to say `ready`, or what is wrong")
    asked = parser.parse_args(arguments)
    for hang_up in (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU):
        signal.signal(hang_up, signal.SIG_IGN)
    try:
        asyncio.run(_serve(asked.folder, asked.running, asked.pace, asked.told))
    except LabError as error:
        _tell(asked.told, json.dumps({"title": error.title, "message": error.message, "hint": error.hint}))
        sys.exit(1)


async def _serve(folder: Path, running: bool, pace: float, told: int) -> None:
    from core.gate import PersonGate
    from core.host.opening import laboratory_on
    from core.host.server import Host
    from core.workspace.project import Project

    project = Project.open(folder)
    gate = PersonGate(running=running)
    host = Host(project, laboratory_on(project, gate, pace), gate)
    for end in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(end, host.end, "the engine was told to end by a signal")
    await host.serve(lambda path: _tell(told, "ready"))


def _tell(pipe: int, words: str) -> None:
    if pipe >= 0:
        with os.fdopen(pipe, "w", encoding="utf-8") as answer:
            answer.write(words)
