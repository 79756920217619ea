"""What a person changed in the files by hand becomes a turn of theirs, and the agents are told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.events import TurnCommitted
from core.progress import STATE, read_progress
from core.record import Agent, Status, Turn, now

if TYPE_CHECKING:
    from core.workspace.project import Project

DIFF = 20_000
"""How many characters of a person's changes the agents read."""


def commit_hand_edits(project: Project) -> TurnCommitted | None:
    """Commit what the person changed since the last turn; None when nothing was changed."""
    edits = project.hand_edits()
    if edits is None:
        return None
    progress = read_progress(project)
    more = f" and {len(edits.paths) - 3} more" if len(edits.paths) > 3 else ""
    what = f"changed {', '.join(edits.paths[:3])}{more}"
    diff = edits.diff[:DIFF]
    turn = Turn(
        number=progress.turn + 1,
        phase=progress.phase,
        agent=Agent.RESEARCHER,
        model="",
        command="",
        subject=what,
        reply="",
        status=Status.OK,
        outcome=f"The researcher {what}.",
        diff=diff,
        path=edits.paths[0] if len(edits.paths) == 1 else "",
        time=now(),
    )
    after = replace(progress, turn=turn.number, changes=f"{progress.changes}{diff}"[-DIFF:])
    return TurnCommitted(turn, project.commit_hand_edits(turn, {STATE: after.to_json()}))
