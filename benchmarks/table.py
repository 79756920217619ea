"""What was measured, as a table of plain text: each figure next to its aim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement; with an `aim`, the most that it is to be."""

    name: str
    value: float
    unit: str = ""
    digits: int = 0
    aim: float | None = None

    @property
    def told(self) -> str:
        """The value with its unit."""
        return f"{self.value:.{self.digits}f} {self.unit}".rstrip()

    @property
    def verdict(self) -> str:
        """The aim, and whether it is met; empty where there is none."""
        if self.aim is None:
            return ""
        return f"aim {self.aim:g} {self.unit}".rstrip() + (", met" if self.value <= self.aim else ", MISSED")


def line(figure: Figure) -> str:
    """A figure in one line."""
    return f"  {figure.name:<72}{figure.told:>12}   {figure.verdict}".rstrip()


def share(values: Iterable[float], part: float) -> float:
    """The value below which `part` of all values lie: 0.5 is the median, 0.99 the slowest but one in a hundred."""
    found = sorted(values)
    return found[min(len(found) - 1, int(len(found) * part))]
