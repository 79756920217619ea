"""Asking an engine something from the command line, and ordering it to do something: one short visit each."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from core.errors import EngineError
from core.host.client import Line, OtherVersion, reach_project
from core.host.wire import Greeting
from core.orders import Order, Stop, TakeHelm
from core.workspace.project import Project


def engine_of(project: Path) -> Greeting | None:
    """How the engine of a project greets; None when there is none. Raises EngineError and OtherVersion."""

    async def visit() -> Greeting | None:
        line = await reach_project(project, steer=False)
        if line is None:
            return None
        await line.close()
        return line.greeting

    return asyncio.run(visit())


def ordered(project: Path, order: Order) -> str:
    """Take the helm, give one order, leave; returns the engine's words. Raises EngineError."""

    async def visit() -> str:
        line = await _at_the_helm(project)
        try:
            return (await line.order(order)).words
        finally:
            await line.close()

    return asyncio.run(visit())


def stopped(project: Project, now: bool) -> str:
    """End the engine after the turn in flight, or `now`, and wait until it has ended; returns what happened.

    Raises EngineError when there is none, or when it waits for an answer that only a person can give.
    """

    async def visit() -> str:
        line = await _at_the_helm(project.path)
        try:
            await line.order(Stop(after_turn=not now))
            await line.gone()
        finally:
            await line.close()
        return "The engine has ended; every finished turn is committed."

    try:
        return asyncio.run(visit())
    except OtherVersion as error:
        return _ended_by_signal(project, error.pid)


async def _at_the_helm(project: Path) -> Line:
    line = await reach_project(project)
    if line is None:
        raise EngineError(f"No engine is at work on {project} by itself.", "Start one: labtop run --detach FOLDER")
    line.listen(lambda event: None, lambda bye: None, lambda done: None)
    if not line.greeting.steers:
        await line.order(TakeHelm())
    return line


def _ended_by_signal(project: Project, pid: int) -> str:
    """End an engine that does not understand; `pid` is what the kernel says of the other end of its socket."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while project.holder() == pid:
        if time.monotonic() > deadline:
            raise EngineError(f"The engine (process {pid}) is of another version and does not end.", f"kill {pid}")
        time.sleep(0.1)
    return f"The engine (process {pid}, of another version of labtop) has ended; every finished turn is committed."
