"""How far something is and what it takes, in the few cells that there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from core.events import ProgramUsage

_COUNTED = re.compile(
    r"\b(seed|epoch|step|fold|trial|iter(?:ation)?|batch|run|round|model|repeat|split)s?\b[ :=#\[(]{0,3}"
    r"(\d{1,9})[ )\]]?(?:/| of | out of )[ ]?(\d{1,9})\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"(?<![\d.])(\d{1,3})(?:\.\d+)?[ ]?%(?=\||[ ]+(?:done|complete)\b)")
_LOOKED_AT = 400
"""Characters at the end of a line in which progress is looked for."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a program says it is: in its own words, e.g. `seed 3/5`, and as a share of the whole."""

    words: str
    share: float


def reach(line: str) -> Reach | None:
    """The progress that a printed line tells of, when it is of a kind that can be recognised without guessing."""
    line = line[-_LOOKED_AT:]
    if match := _PERCENT.search(line):
        percent = min(100, int(match[1]))
        return Reach(f"{percent} %", percent / 100)
    if (match := _COUNTED.search(line)) and 0 <= int(match[2]) <= int(match[3]) > 0:
        return Reach(f"{match[1].lower()} {int(match[2])}/{int(match[3])}", int(match[2]) / int(match[3]))
    return None


def bar(share: float, cells: int) -> str:
    """A share of the whole as a bar, e.g. `▰▰▱▱▱`; never full before the end, never empty after the beginning."""
    full = round(share * cells)
    if 0 < share < 1:
        full = min(max(1, full), cells - 1)
    return "▰" * full + "▱" * (cells - full)


def taken(usage: ProgramUsage) -> list[str]:
    """What a program takes, the most useful first, e.g. `CPU 96 %`, `212/4096 MB`."""
    parts = [f"CPU {usage.cpu_percent:.0f} %", f"{usage.memory_mb:.0f}/{usage.memory_limit_mb} MB"]
    if usage.gpu_percent is not None:
        parts.append(f"GPU {usage.gpu_percent:.0f} %")
    return parts


def fitting(parts: Sequence[str], width: int) -> str:
    """As many of the parts, the first ones, as fit into `width` cells; always the first."""
    shown = parts[0]
    for part in parts[1:]:
        longer = f"{shown} · {part}"
        if cell_len(longer) > width:
            break
        shown = longer
    return shown
