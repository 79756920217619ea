"""Runs a program of the agents in the sandbox and says so as it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from core.events import ProgramFinished, ProgramOutput, ProgramStarted
from core.sandbox.programs import ProgramRun, run_program
from core.sandbox.run import best_tier

if TYPE_CHECKING:
    from core.turn import Desk


async def run(desk: Desk, program: str, overlay: Mapping[str, str], *, seconds: float | None = None) -> ProgramRun:
    """Run `program` in a copy of the project with `overlay` written over it; never changes the project itself."""
    limits = desk.settings.limits if seconds is None else replace(desk.settings.limits, seconds=seconds)
    desk.emit(ProgramStarted(desk.turn, program, best_tier(), limits.seconds))
    result = await run_program(
        desk.project.path,
        program,
        overlay=overlay,
        limits=limits,
        on_output=lambda text: desk.emit(ProgramOutput(desk.turn, text)),
    )
    desk.emit(ProgramFinished(desk.turn, result.outcome.problem, result.outcome.seconds))
    return result
