"""A laboratory on a project, with the models that its settings name."""

from __future__ import annotations

from core.gate import PersonGate
from core.laboratory import Laboratory
from core.models.builtin.researcher import BuiltinResearcher
from core.workspace.project import Project


def laboratory_on(project: Project, gate: PersonGate, pace: float) -> Laboratory:
    """The laboratory; the built-in researcher takes `pace` seconds a word, so that it can be followed."""
    settings = project.settings()
    # Only the built-in researcher is too quick to be followed; any other model is chosen by the engine as ever.
    alone = settings.model == "builtin" and not settings.models
    return Laboratory(project, gate, BuiltinResearcher(settings.seed, pace=pace) if alone else None)
