"""Results interpretation: postdoc and PhD student read the measurements; the postdoc ends it (section 3.3)."""

from __future__ import annotations

from core.commands import Interpretation
from core.dialogue import converse
from core.turn import Desk, Draft


async def step(desk: Desk) -> Draft:
    """One utterance, or the interpretation."""
    return await converse(desk, Interpretation, "interpretation.md", "reads the results")
