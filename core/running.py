"""Runs a program of the agents in the sandbox, says so as it goes, and keeps what came of it on the cassette."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from core.data.access import access
from core.data.own import links
from core.errors import DataError
from core.events import ProgramFinished, ProgramOutput, ProgramStarted, ProgramUsage
from core.models.secret import hidden, hidden_bytes
from core.sandbox.programs import ProgramRun, run_program
from core.sandbox.run import Ending, Outcome, Tier, best_tier
from core.sandbox.usage import Usage
from core.threads import to_the_end

if TYPE_CHECKING:
    from core.settings import Limits
    from core.turn import Desk


_PREPARE = "data/prepare.py"


async def run(desk: Desk, program: str, overlay: Mapping[str, str], *, seconds: float | None = None) -> ProgramRun:
    """Run `program` in a copy of the project with `overlay` written over it; never changes the project itself."""
    limits = desk.settings.limits if seconds is None else replace(desk.settings.limits, seconds=seconds)
    asked = {"program": program, "overlay": dict(overlay), "seconds": limits.seconds}
    return _from_json(await desk.once("program", asked, lambda: _run(desk, program, overlay, limits)))


async def _run(desk: Desk, program: str, overlay: Mapping[str, str], limits: Limits) -> dict[str, Any]:
    booked = await to_the_end(desk.meter.reserve_program, program, limits.seconds)
    limits = replace(limits, seconds=booked.seconds)
    began = time.monotonic()
    try:
        return await _told(desk, program, overlay, limits)
    finally:
        await to_the_end(desk.meter.worked, booked, time.monotonic() - began)


async def _told(desk: Desk, program: str, overlay: Mapping[str, str], limits: Limits) -> dict[str, Any]:
    desk.emit(ProgramStarted(desk.turn, program, best_tier(), limits.seconds))
    try:
        result = await _run_with_data(desk, program, overlay, limits)
    except DataError as error:  # the agents' to mend, as any other failure of their program
        result = ProgramRun(Outcome(Ending.NOT_STARTED, None, "", str(error), 0.0, best_tier()), {}, ())
    desk.emit(ProgramFinished(desk.turn, result.outcome.problem, result.outcome.seconds))
    return _to_json(result)


async def _run_with_data(desk: Desk, program: str, overlay: Mapping[str, str], limits: Limits) -> ProgramRun:
    """Run it with the data sets of the Hub that it and data/prepare.py name, which are fetched first."""
    texts = [overlay.get(path) or desk.project.read(path) for path in dict.fromkeys((program, _PREPARE, *overlay))]
    own = links(desk.project)
    given = await access(texts, desk.settings, lambda text: desk.emit(ProgramOutput(desk.turn, f"{text}\n")))
    return await run_program(
        desk.project.path,
        program,
        overlay=overlay,
        limits=limits,
        on_output=lambda text: desk.emit(ProgramOutput(desk.turn, hidden(text))),
        readable=(*own.values(), *given.readable),
        linked={**own, **given.linked},
        environment=given.environment,
        on_usage=lambda usage: desk.emit(_taken(desk.turn, usage)),
    )


def _taken(turn: int, usage: Usage) -> ProgramUsage:
    memory, gpu = round(usage.memory_mb, 1), usage.gpu_percent
    return ProgramUsage(turn, round(usage.seconds, 1), round(usage.cpu_percent), memory, usage.memory_limit_mb, gpu)


def _to_json(result: ProgramRun) -> dict[str, Any]:
    """What came of it, without any key: a model that was told one could have its program say it."""
    files = {path: b64encode(hidden_bytes(data)).decode() for path, data in result.files.items()}
    told = {name: hidden(value) if type(value) is str else value for name, value in asdict(result.outcome).items()}
    return {"outcome": told, "files": files, "skipped": list(result.skipped)}


def _from_json(told: Mapping[str, Any]) -> ProgramRun:
    outcome = told["outcome"]
    known = {"status": Ending(outcome["status"]), "tier": Tier(outcome["tier"])}
    files = {path: b64decode(data) for path, data in told["files"].items()}
    return ProgramRun(Outcome(**{**outcome, **known}), files, tuple(told["skipped"]))
