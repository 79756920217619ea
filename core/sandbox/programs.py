"""Runs a Python program of a project in a private copy of it and brings back what it left."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING

from core.sandbox.copy import RESULTS, Copied, collect, copy_workspace
from core.sandbox.run import run
from core.sandbox.scratch import scratch

if TYPE_CHECKING:
    from core.sandbox.outcome import Outcome, Tier
    from core.sandbox.usage import Usage
    from core.settings import Limits


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """What a program did, the files it left by path in the project, and what was not taken, each with the reason."""

    outcome: Outcome
    files: Mapping[str, bytes]
    skipped: tuple[str, ...]


async def run_program(
    project: Path,
    program: str,
    *,
    overlay: Mapping[str, str],
    limits: Limits,
    tier: Tier | None = None,
    on_output: Callable[[str], None] | None = None,
    interpreter: str = sys.executable,
    patterns: Sequence[str] = RESULTS,
    readable: Sequence[Path] = (),
    linked: Mapping[str, Path] = MappingProxyType({}),
    environment: Mapping[str, str] = MappingProxyType({}),
    on_usage: Callable[[Usage], None] | None = None,
) -> ProgramRun:
    """Run `python PROGRAM` in a fresh copy of `project` with the texts of `overlay` (by path) written over it.

    The copy is the current folder and importable; the project itself is never touched. Files below `patterns` come
    back. `readable` paths can be read besides, and `linked` (by path in the copy) leads to some of them; `environment`
    is added to the program's own. ValueError for an overlay path that leads outside the copy.
    """
    async with scratch() as folder:
        copied = await asyncio.to_thread(_prepared, project, folder, overlay)
        await asyncio.to_thread(_link, folder, linked)
        seen = [*copied.readable, *readable, *(_paths_of(interpreter) if interpreter != sys.executable else ())]
        outcome = await run(
            [interpreter, program],
            folder,
            limits,
            tier=tier,
            on_output=on_output,
            readable=seen,
            settings=environment,
            on_usage=on_usage,
        )
        found = await asyncio.to_thread(collect, folder, patterns)
        return ProgramRun(outcome, found.files, (*copied.skipped, *found.skipped))


def _prepared(project: Path, folder: Path, overlay: Mapping[str, str]) -> Copied:
    copied = copy_workspace(project, folder)
    for name, text in overlay.items():
        target = folder / _inside(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # may be a link to a large file of the project
        target.write_text(text, encoding="utf-8", errors="replace")
    return copied


def _link(folder: Path, linked: Mapping[str, Path]) -> None:
    """Make the links in their order, each folder newer than the one before it: `datasets` takes the newest."""
    for at, (name, to) in enumerate(linked.items()):
        target = folder / _inside(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(to)
        os.utime(target.parent, (at, at))


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{name} lies outside the project")
    return path


@cache
def _paths_of(interpreter: str) -> tuple[Path, ...]:
    """Where another interpreter and its packages lie; asked of itself."""
    asked = "import sys; print(sys.prefix, sys.base_prefix, sep='\\n')"
    said = subprocess.run([interpreter, "-I", "-c", asked], capture_output=True, text=True, check=True, cwd="/").stdout
    return (*map(Path, said.splitlines()), Path(os.path.realpath(interpreter)))
