"""Report writing: the PhD student writes and edits, the professor judges, with the paper-solver (section 3.3)."""

from __future__ import annotations

from core.solver import search
from core.solver.reports import Reports
from core.turn import Desk, Draft


async def step(desk: Desk) -> Draft:
    """One attempt of the paper-solver."""
    return await search.step(desk, Reports())
