"""What a turn is given to work with: the models that answer, what pays for them, literature, passages read before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.cassette import Tape
from core.events import Event
from core.exchange import Choice, Exchange
from core.gate import Gate
from core.ledger import Ledger
from core.literature.library import bundled
from core.literature.passages import passages_for
from core.literature.sources import Sources, sources_for
from core.meter import Meter
from core.models.calls import Patience
from core.models.choose import Models
from core.models.model import Model
from core.progress import Progress
from core.record import Agent, Phase
from core.settings import Settings
from core.turn import Desk
from core.workspace.project import Project


@dataclass(frozen=True, slots=True)
class Only:
    """One model for every phase and role, whatever the settings say."""

    model: Model

    def model_for(self, phase: Phase, agent: Agent) -> Model:
        """The one model."""
        return self.model


@dataclass(frozen=True, slots=True)
class Desks:
    """Lays a desk for each turn of a project.

    `model` overrides the settings' models, `sources` what literature is searched; `patience` says how long a model's
    server is waited for.
    """

    project: Project
    gate: Gate
    ledger: Ledger
    model: Model | None = None
    sources: Sources | None = None
    patience: Patience | None = None

    def models(self, settings: Settings) -> Choice:
        """Which model answers for whom."""
        return Only(self.model) if self.model else Models(settings)

    def laid(
        self,
        settings: Settings,
        progress: Progress,
        head: str,
        tape: Tape,
        emit: Callable[[Event], None],
        tell: Callable[[Event], None],
    ) -> Desk:
        """The desk of the next turn, which starts from the commit `head`; `tell` may be called in any thread."""
        number = progress.turn + 1
        meter = Meter(
            self.ledger,
            settings.budget,
            turn=number,
            at=head,
            phase=progress.phase,
            attended=self.gate.attended,
            tell=tell,
        )
        overrides = self.project.path / "prompts"
        exchange = Exchange(number, settings, overrides, self.models(settings), meter, tape, emit, self.patience)
        _ = bundled().papers  # read here, so that no prompt waits for them
        sources = self.sources or sources_for(settings, self.project.path)
        passages = _passages(self.project, settings, progress.phase)
        return Desk(self.project, settings, progress, self.gate, emit, sources, tape, exchange, meter, passages)


def _passages(project: Project, settings: Settings, phase: Phase) -> tuple[str, ...]:
    """What the full texts that were read say about the work at hand, where agents weigh what is known."""
    if phase not in (Phase.PLAN, Phase.INTERPRETATION, Phase.REPORT):
        return ()
    query = f"{settings.question} {project.read('plan.md')[:2000]}"
    return passages_for(project, query, settings.prompt_tokens // 8)
