"""Running experiments: the ML engineer searches programs with the mle-solver (section 3.2)."""

from __future__ import annotations

from core.solver import search
from core.solver.programs import Programs
from core.turn import Desk, Draft


async def step(desk: Desk) -> Draft:
    """One attempt of the mle-solver."""
    return await search.step(desk, Programs())
