"""What an experiment measured: results/metrics.json read into typed values, with the questions one asks of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.models.builtin.study import Group

LARGEST = 1e300
"""Numbers beyond this, NaN and infinities are no measurements."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One model at one level of the factor: mean and standard deviation over the seeds, measured on test rows."""

    model: str
    group: str
    level: float
    mean: float
    std: float
    scores: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Loss:
    """What one model loses from the undisturbed level to the strongest: mean and standard deviation over the seeds."""

    model: str
    group: str
    mean: float
    std: float

    @property
    def clear(self) -> bool:
        """Whether the loss stands out of its own scatter over the seeds."""
        return abs(self.mean) > self.std


@dataclass(frozen=True, slots=True)
class Contrast:
    """`a` minus `b` in `quantity`, paired over the seeds, with its 95 % interval."""

    a: str
    b: str
    quantity: str
    mean: float
    std: float
    low: float
    high: float
    pairs: int

    @property
    def decided(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0

    @property
    def about_loss(self) -> bool:
        """Whether the contrast is of losses, not of the metric itself."""
        return "drop" in self.quantity or "loss" in self.quantity

    def positive(self) -> Contrast:
        """The same contrast with the side that is ahead named first."""
        if self.mean >= 0:
            return self
        return Contrast(self.b, self.a, self.quantity, -self.mean, self.std, -self.high, -self.low, self.pairs)


@dataclass(frozen=True, slots=True)
class Fit:
    """One model at one level: its mean metric on validation rows, and on the very rows and labels it was fitted to."""

    model: str
    level: float
    validation: float
    fit: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """One metrics.json. Lists are empty where the program did not write them."""

    metric: str
    value: float | None
    higher: bool = True
    task: str = ""
    factor: str = ""
    levels: tuple[float, ...] = ()
    seeds: int = 0
    groups: tuple[Group, ...] = ()
    cells: tuple[Cell, ...] = ()
    losses: tuple[Loss, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    seconds: float | None = None
    fits: tuple[Fit, ...] = ()
    chance: float | None = None
    """What a rule that ignores the features scores on validation rows."""
    tuned: tuple[str, ...] = ()
    """Models whose setting validation rows chose among several, for every level and seed."""
    unconverged: Mapping[str, int] = field(default_factory=dict)
    """For models that sometimes stopped before they had converged: how many fits did."""

    @property
    def models(self) -> tuple[str, ...]:
        """The models measured, in the order in which the program wrote them."""
        return tuple(dict.fromkeys(cell.model for cell in self.cells))

    @property
    def varied(self) -> bool:
        """Whether a factor was varied over more than one level."""
        return len(self.levels) > 1

    @property
    def start(self) -> float:
        """The undisturbed level."""
        return self.levels[0] if self.levels else 0.0

    @property
    def end(self) -> float:
        """The strongest level."""
        return self.levels[-1] if self.levels else 0.0

    def cell(self, model: str, level: float) -> Cell | None:
        """The measurement of one model at one level."""
        return next((cell for cell in self.cells if cell.model == model and cell.level == level), None)

    def ranking(self, level: float) -> list[Cell]:
        """The models at one level, best first."""
        sign = -1 if self.higher else 1
        return sorted((cell for cell in self.cells if cell.level == level), key=lambda cell: sign * cell.mean)

    def curve(self, model: str) -> list[Cell]:
        """One model over the levels, from the undisturbed one on."""
        return [cell for level in self.levels if (cell := self.cell(model, level))]

    def group_mean(self, group: Group, level: float) -> float | None:
        """The mean over a group's models at one level, None where one of them is missing."""
        cells = [self.cell(model, level) for model in group.models]
        means = [cell.mean for cell in cells if cell]
        return sum(means) / len(means) if means and len(means) == len(cells) else None

    def fit(self, model: str, level: float) -> Fit | None:
        """How closely one model at one level followed its own training rows."""
        return next((fit for fit in self.fits if fit.model == model and fit.level == level), None)

    def same_sign(self, contrast: Contrast) -> tuple[int, int] | None:
        """In how many seeds a contrast has the sign of its mean, and of how many; None without the seeds' scores."""
        sides = [next((g.models for g in self.groups if g.name == name), ()) for name in (contrast.a, contrast.b)]
        values = [self._per_seed(models, contrast.about_loss) for models in sides]
        if not all(values) or len(values[0]) != len(values[1]):
            return None
        same = sum((x - y) * contrast.mean > 0 for x, y in zip(*values, strict=True))
        return same, len(values[0])

    def _per_seed(self, models: tuple[str, ...], loss: bool) -> list[float]:
        """A group's mean loss, or its mean score, in every seed."""
        starts = [cell.scores for model in models if (cell := self.cell(model, self.start))]
        ends = [cell.scores for model in models if (cell := self.cell(model, self.end))]
        if len(starts) != len(models) or not models or len({len(scores) for scores in starts + ends}) != 1:
            return []
        totals = [sum(scores) / len(models) for scores in zip(*starts, strict=True)]
        if not loss:
            return totals
        return [s - sum(e) / len(models) for s, e in zip(totals, zip(*ends, strict=True), strict=True)]

    def wins(self, a: Cell, b: Cell) -> tuple[int, int] | None:
        """In how many seeds `a` scored better than `b`, and in how many the same; None without the seeds' scores."""
        if not a.scores or len(a.scores) != len(b.scores):
            return None
        pairs = list(zip(a.scores, b.scores, strict=True))
        return sum((x > y) if self.higher else (x < y) for x, y in pairs), sum(x == y for x, y in pairs)


def read_evidence(metrics: Mapping[str, Any] | None) -> Evidence:
    """Read the content of results/metrics.json; what is missing or not finite is left out, never guessed."""
    data: Mapping[str, Any] = metrics or {}
    cells = tuple(cell for row in _rows(data, "results") if (cell := _cell(row)))
    levels = tuple(_list(data, "levels"))
    return Evidence(
        metric=str(data.get("metric") or "the metric"),
        value=_number(data.get("value")),
        higher=data.get("higher_is_better") is not False,
        task=str(data.get("task") or ""),
        factor=str(data.get("factor") or ""),
        levels=levels or tuple(dict.fromkeys(cell.level for cell in cells)),
        seeds=int(_number(data.get("seeds")) or max((len(cell.scores) for cell in cells), default=0)),
        groups=_groups(data, cells),
        cells=cells,
        losses=tuple(loss for row in _rows(data, "drops") if (loss := _loss(row))),
        contrasts=tuple(contrast for row in _rows(data, "contrasts") if (contrast := _contrast(row))),
        rows={name: int(n) for name, n in _mapping(data, "rows") if _number(n) is not None},
        settings={name: dict(values) for name, values in _mapping(data, "settings") if isinstance(values, Mapping)},
        seconds=_number(data.get("seconds")),
        fits=tuple(fit for row in _rows(data, "validation") if (fit := _fit(row))),
        chance=_number(data.get("chance")),
        tuned=tuple(name for name, counts in _mapping(data, "choices") if isinstance(counts, list) and len(counts) > 1),
        unconverged={name: int(n) for name, n in _mapping(data, "unconverged") if (_number(n) or 0) > 0},
    )


def _rows(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    rows = data.get(key)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _mapping(data: Mapping[str, Any], key: str) -> list[tuple[str, Any]]:
    values = data.get(key)
    return [(str(name), value) for name, value in values.items()] if isinstance(values, Mapping) else []


def _list(row: Mapping[str, Any], key: str) -> list[float]:
    values = row.get(key)
    return [x for v in values if (x := _number(v)) is not None] if isinstance(values, list | tuple) else []


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -LARGEST < value < LARGEST else None


def _groups(data: Mapping[str, Any], cells: tuple[Cell, ...]) -> tuple[Group, ...]:
    written = [(name, models) for name, models in _mapping(data, "groups") if isinstance(models, list | tuple)]
    if written:
        return tuple(Group(name, tuple(str(model) for model in models)) for name, models in written)
    names = dict.fromkeys(cell.group for cell in cells if cell.group)
    return tuple(Group(n, tuple(dict.fromkeys(c.model for c in cells if c.group == n))) for n in names)


def _cell(row: Mapping[str, Any]) -> Cell | None:
    mean = _number(row.get("mean"))
    if mean is None or not row.get("model"):
        return None
    level, std = _number(row.get("level")) or 0.0, _number(row.get("std")) or 0.0
    return Cell(str(row["model"]), str(row.get("group") or ""), level, mean, std, tuple(_list(row, "scores")))


def _fit(row: Mapping[str, Any]) -> Fit | None:
    validation, fit = _number(row.get("validation")), _number(row.get("fit"))
    if validation is None or fit is None or not row.get("model"):
        return None
    return Fit(str(row["model"]), _number(row.get("level")) or 0.0, validation, fit)


def _loss(row: Mapping[str, Any]) -> Loss | None:
    mean = _number(row.get("mean"))
    if mean is None or not row.get("model"):
        return None
    return Loss(str(row["model"]), str(row.get("group") or ""), mean, _number(row.get("std")) or 0.0)


def _contrast(row: Mapping[str, Any]) -> Contrast | None:
    mean, low, high = (_number(row.get(key)) for key in ("mean", "low", "high"))
    if mean is None or low is None or high is None:
        return None
    quantity = str(row.get("quantity") or "")
    pairs = int(_number(row.get("pairs")) or 0)
    return Contrast(
        str(row.get("a")), str(row.get("b")), quantity, mean, _number(row.get("std")) or 0.0, low, high, pairs
    )
