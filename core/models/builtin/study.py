"""The design of a study, as the built-in researcher thinks of it and as `plan.md` writes it down."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a study varies."""

    LABEL_NOISE = "label noise"  # a share of the training labels is replaced by wrong ones
    FEATURE_NOISE = "feature noise"  # Gaussian noise on the features, in standard deviations
    TRAINING_SIZE = "training size"  # a share of the training rows is used
    COMPARISON = "comparison"  # nothing: the model families are compared as they are


@dataclass(frozen=True, slots=True)
class Group:
    """Model families that the question treats as one side, e.g. `tree ensembles`."""

    name: str
    models: tuple[str, ...]
    """Names of model families, e.g. `random forest`."""


@dataclass(frozen=True, slots=True)
class Study:
    """What is measured: every model of every group, at every level of the factor, with every seed."""

    kind: Kind
    source: str
    """The data card's source."""
    task: str
    target: str
    groups: tuple[Group, ...]
    levels: tuple[float, ...]
    """Levels of the factor, from the undisturbed one on; `(0.0,)` for a comparison."""
    seeds: int
    metric: str
    """`accuracy`, `balanced accuracy`, `macro F1` or `R2`; all are better when higher."""
    hypothesis: str
    """One sentence that the measurement can refute."""

    @property
    def models(self) -> tuple[str, ...]:
        """All model families, in the order of the groups."""
        return tuple(model for group in self.groups for model in group.models)
