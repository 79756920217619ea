"""Plan formulation: postdoc and PhD student talk; the postdoc ends it with the plan (section 3.2)."""

from __future__ import annotations

from core.commands import Plan
from core.dialogue import converse
from core.turn import Desk, Draft


async def step(desk: Desk) -> Draft:
    """One utterance, or the plan."""
    return await converse(desk, Plan, "plan.md", "forms the plan")
