"""What the reading panes show, read from the project off the screen's loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.events import Event, TurnCommitted
from core.record import Agent, Phase

if TYPE_CHECKING:
    from core.costs import Costs
    from core.kept import KeptProgram
    from core.literature.passages import Passage
    from core.literature.shelf import Shelved
    from core.review.rounds import Round
    from core.workspace.project import Project


@dataclass(frozen=True, slots=True)
class Reading:
    """How a pane's content is read (slow), and the phases whose turns change it; no phase named means all."""

    read: Callable[[Project], Any]
    phases: frozenset[Phase] = frozenset()

    def concerns(self, events: Iterable[Event]) -> bool:
        """Whether any of the events changes what was read; a person's own edit may change anything."""
        return any(
            isinstance(event, TurnCommitted)
            and (not self.phases or event.turn.phase in self.phases or event.turn.agent is Agent.RESEARCHER)
            for event in events
        )


def _programs(project: Project) -> tuple[KeptProgram, ...]:
    from core.kept import kept_programs

    return kept_programs(project)


def _papers(project: Project) -> tuple[Shelved, ...]:
    from core.literature.shelf import shelf

    return shelf(project)


def _reviews(project: Project) -> tuple[Round, ...]:
    from core.review.rounds import rounds

    return rounds(project)


def _costs(project: Project) -> Costs:
    from core.costs import costs

    return costs(project)


def passages(project: Project, paper_id: str) -> tuple[Passage, ...]:
    """The passages of a paper that bear on the project's question; raises LabError for broken settings."""
    from core.literature.shelf import passages_about

    return passages_about(project, paper_id, project.settings().question)


READINGS = {
    "program": Reading(_programs, frozenset({Phase.EXPERIMENTS})),
    "papers": Reading(_papers, frozenset({Phase.LITERATURE})),
    "reviews": Reading(_reviews, frozenset({Phase.REFINEMENT})),
    "costs": Reading(_costs),
}
"""By the pane's name."""
