"""How each agent is told apart: a glyph first, then a colour, always beside the name."""

from __future__ import annotations

from typing import NamedTuple

from core.record import Agent
from tui.widgets.frame import MUTED


class Voice(NamedTuple):
    """An agent's mark; green, red and yellow are left for what they mean elsewhere."""

    glyph: str
    style: str


VOICES = {
    Agent.PHD_STUDENT: Voice("◆", "bold $text-primary"),
    Agent.POSTDOC: Voice("◇", "bold $text-secondary"),
    Agent.ML_ENGINEER: Voice("■", "bold $text-accent"),
    Agent.SW_ENGINEER: Voice("□", "bold $text-accent"),
    Agent.PROFESSOR: Voice("●", "bold $text-primary"),
    Agent.JUDGE: Voice("○", "bold $text-secondary"),
    Agent.REVIEWER_1: Voice("¹", "bold $text-secondary"),
    Agent.REVIEWER_2: Voice("²", "bold $text-secondary"),
    Agent.REVIEWER_3: Voice("³", "bold $text-secondary"),
    Agent.RESEARCHER: Voice("»", "bold $foreground"),
    Agent.LABTOP: Voice("·", MUTED),
}


def voice_of(heading: str) -> Voice:
    """The voice of the agent whose name a heading begins with; a neutral one when it is nobody's."""
    for agent in Agent:
        if heading.lower().startswith(agent.title.lower()):
            return VOICES[agent]
    return Voice("·", "bold")
