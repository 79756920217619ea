"""What an agent was asked in a turn: the prompt, as the cassette kept it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.cassette import FOLDER, CassetteError, Shelf
from core.record import Turn

if TYPE_CHECKING:
    from core.workspace.project import Project

_KIND = "reply-"


def has_prompt(turn: Turn) -> bool:
    """Whether the turn names what its agent was asked."""
    return turn.agent.speaks and any(name.startswith(_KIND) for name in turn.takes)


def prompt_of(project: Project, turn: Turn) -> str:
    """The prompt that the agent of a turn answered; raises CassetteError where it is not kept."""
    name = next((name for name in turn.takes if name.startswith(_KIND)), "")
    if not name:
        raise CassetteError(f"What was asked in turn {turn.number} is not kept.", "No model was asked in it.")
    asked = Shelf(project.private(FOLDER)).get(name).asked
    return f"{asked.get('system', '')}\n\n{asked.get('user', '')}".strip("\n")
