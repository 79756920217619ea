"""How a project's panes were left standing, remembered in a private file of the project."""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from core.workspace.files import write_durably

LAYOUT = "layout.json"
"""The private file of a project that remembers its layout."""
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Layout:
    """Which pane has the keys, whether it stands alone, which of the reading panes is up, and whether over the report.

    Where there is room for all, a reading pane stands beside the others, and `over_report` says nothing.
    """

    current: str = "chat"
    zoomed: bool = False
    aside: str = "program"
    over_report: bool = False


def read_layout(path: Path, panes: Collection[str], asides: Collection[str]) -> Layout:
    """The layout that a file remembers; what is damaged or names no pane is as it is at first."""
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        return Layout()
    first = Layout()
    if not isinstance(told, dict):
        return first
    current, aside = told.get("current"), told.get("aside")
    return Layout(
        current if isinstance(current, str) and current in panes else first.current,
        told.get("zoomed") is True,
        aside if isinstance(aside, str) and aside in asides else first.aside,
        told.get("over_report") is True,
    )


def write_layout(path: Path, layout: Layout) -> None:
    """Remember a layout; where that cannot be done, the next start is as the first one."""
    with suppress(OSError):
        write_durably(path, json.dumps(asdict(layout)).encode())
