"""The programs that a project keeps: its own, and the other candidates that the search may go on from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.progress import Kept, read_progress

if TYPE_CHECKING:
    from core.workspace.project import Project

PROGRAM = "experiment/main.py"


@dataclass(frozen=True, slots=True)
class KeptProgram:
    """One program with what was measured of it; turn 0 for one that nobody has measured yet, as a person's own."""

    path: str
    """Where it lies, relative to the project."""
    text: str
    turn: int = 0
    command: str = ""
    metric: str = ""
    value: float | None = None
    judge: float | None = None


def kept_programs(project: Project) -> tuple[KeptProgram, ...]:
    """The project's own program first, then the other top candidates, best first; empty before there is one.

    Raises ProjectError when the project's state cannot be read.
    """
    from core.briefing import candidate_path  # and with it all that is known of papers, which the pane does without

    own = project.read(PROGRAM)
    top = read_progress(project).programs.top
    if not own:
        return ()
    texts = {kept.turn: project.read(candidate_path(kept.turn, ".py")) for kept in top}
    best = next((kept for kept in top if texts[kept.turn] == own), None)
    others = tuple(_program(kept, candidate_path(kept.turn, ".py"), texts[kept.turn]) for kept in top if kept != best)
    first = _program(best, PROGRAM, own) if best else KeptProgram(PROGRAM, own)
    return (first, *(other for other in others if other.text))


def _program(kept: Kept, path: str, text: str) -> KeptProgram:
    metric, value = kept.metrics.get("metric"), kept.metrics.get("value")
    named = metric if isinstance(metric, str) else ""
    measured = float(value) if named and isinstance(value, int | float) else None
    return KeptProgram(path, text, kept.turn, kept.command, named, measured, kept.judge)
