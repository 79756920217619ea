"""Going back, forth and aside in a project's history, as a person asks for it from the command line or the app.

Each operation first commits what the person has changed by hand, so that nothing uncommitted is ever in the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.consequences import consequences, facts
from core.handwork import commit_hand_edits
from core.workspace.history import resolve

if TYPE_CHECKING:
    from core.workspace.project import Project


def rollback(project: Project, rev: str) -> str:
    """Go back to turn or commit `rev`; returns what happened, in words."""
    with project.lock():
        project.recover()
        target = resolve(project.git, rev)  # before the changes by hand: HEAD~1 is what the preview said it is
        commit_hand_edits(project)
        preview = project.preview_rollback(target)
        head = project.rollback(target)
    gone = f"{len(preview.turns)} turn{'' if len(preview.turns) == 1 else 's'} left behind"
    return f"Now at {head[:8]}; {gone}, kept for `labtop undo`."


def rollback_preview(project: Project, rev: str) -> str:
    """What going back to `rev` would take with it, as text; raises HistoryError, as going back would."""
    told = facts(consequences(project, rev))
    width = max(len(heading) for heading, _ in told) + 2
    indent = f"\n{' ' * width}"
    return "\n".join(f"{heading:<{width}}{words.replace(chr(10), indent)}" for heading, words in told)


def undo(project: Project) -> str:
    """Bring back what the last roll-back left behind."""
    with project.lock():
        project.recover()
        commit_hand_edits(project)
        return f"Brought back: now at {project.undo()[:8]}. `labtop redo` goes back again."


def redo(project: Project) -> str:
    """Do the roll-back again that was undone last."""
    with project.lock():
        project.recover()
        commit_hand_edits(project)
        return f"Now at {project.redo()[:8]}. `labtop undo` brings the newer turns back."


def branch(project: Project, name: str, rev: str = "HEAD") -> str:
    """Start a line of inquiry from turn or commit `rev` and go to it."""
    with project.lock():
        project.recover()
        commit_hand_edits(project)
        project.branch(name, rev)
    return f"On branch {name} at {project.head[:8]}."
