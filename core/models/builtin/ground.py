"""What an improvement is, and the ground that improvements are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.models.builtin.changes import Change
from core.models.builtin.families import Family, family
from core.models.builtin.learnt import Learnt
from core.models.builtin.notes import Reading
from core.models.builtin.source import Model, literal, models
from core.models.builtin.study import Study


@dataclass(frozen=True, slots=True)
class Idea:
    """One improvement: a short name by which it is known later, the reason in a sentence, its promise, the change."""

    key: str
    why: str
    promise: float
    change: Change
    costs: float = 1.0
    """By how much the program will take longer."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What ideas are drawn from."""

    text: str
    reading: Reading
    learnt: Learnt
    left: int
    """Steps that are left after this one."""
    mixed: bool = True
    """Whether the features are measured in different units."""
    rows: int = 0
    """Rows of the whole table, 0 when not known."""

    @property
    def study(self) -> Study:
        """The study as plan and notes have it."""
        return self.reading.study

    @property
    def entries(self) -> Mapping[str, Model]:
        """The program's models."""
        return models(self.text)

    @property
    def scaled(self) -> tuple[str, ...]:
        """The models that the program gives standardised features."""
        value = literal(self.text, "SCALED")
        return tuple(str(name) for name in value) if isinstance(value, tuple) else ()

    def known(self, name: str) -> Family | None:
        """The family of a model of the program."""
        return family(name, self.study.task)
