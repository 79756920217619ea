"""What a program's last run tells its author, from validation rows only: weak models, memorising, edges of grids."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Point:
    """One model at one level: its score on validation rows, and on the very rows it was fitted to."""

    model: str
    level: float
    validation: float
    fit: float


@dataclass(frozen=True, slots=True)
class Learnt:
    """What metrics.json says besides the test scores; parts that are missing or not finite are left out."""

    metric: str
    value: float | None
    chance: float | None
    points: tuple[Point, ...]
    choices: Mapping[str, tuple[int, ...]]
    """How often each of a model's settings was chosen, in the order of its list."""
    unconverged: Mapping[str, int]
    levels: tuple[float, ...]
    seeds: int
    models: tuple[str, ...]
    seconds: float

    def mean(self, model: str) -> float | None:
        """The model's mean validation score over the levels."""
        scores = [point.validation for point in self.points if point.model == model]
        return sum(scores) / len(scores) if scores else None

    def weakest(self) -> str:
        """The model with the lowest mean validation score, empty when nothing was measured."""
        means = {model: mean for model in self.models if (mean := self.mean(model)) is not None}
        return min(means, key=lambda model: means[model]) if means else ""

    def at(self, model: str, level: float) -> Point | None:
        """One point."""
        return next((point for point in self.points if point.model == model and point.level == level), None)

    def memorising(self) -> Point | None:
        """The point at which a model reproduces its training rows most closely beyond what it knows of new ones."""
        return max(self.points, key=lambda point: point.fit - point.validation, default=None)


def learnt(metrics: Mapping[str, Any] | None) -> Learnt:
    """Read the content of results/metrics.json."""
    data: Mapping[str, Any] = metrics or {}
    points = tuple(point for row in _rows(data.get("validation")) if (point := _point(row)))
    models = dict.fromkeys(str(row.get("model")) for row in _rows(data.get("results")) if row.get("model"))
    return Learnt(
        metric=str(data.get("metric") or "the metric"),
        value=number(data.get("value")),
        chance=number(data.get("chance")),
        points=points,
        choices={
            str(name): tuple(int(count) for count in counts if number(count) is not None)
            for name, counts in _mapping(data.get("choices")).items()
            if isinstance(counts, list)
        },
        unconverged={
            str(name): int(count) for name, count in _mapping(data.get("unconverged")).items() if number(count)
        },
        levels=tuple(x for x in map(number, _list(data.get("levels"))) if x is not None),
        seeds=int(number(data.get("seeds")) or 0),
        models=tuple(models) or tuple(dict.fromkeys(point.model for point in points)),
        seconds=number(data.get("seconds")) or 0.0,
    )


def number(value: object) -> float | None:
    """A finite number, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _point(row: Mapping[str, Any]) -> Point | None:
    level, validation, fit = (number(row.get(key)) for key in ("level", "validation", "fit"))
    if level is None or validation is None:
        return None
    return Point(str(row.get("model")), level, validation, validation if fit is None else fit)


def _rows(value: object) -> list[Mapping[str, Any]]:
    return [row for row in _list(value) if isinstance(row, Mapping)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}
