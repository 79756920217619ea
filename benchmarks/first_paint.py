"""Time to the first painted frame, ours against an empty Textual app: fresh processes in a pseudo-terminal."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

from benchmarks.table import Figure, line, share
from benchmarks.terminal import ROOT, Line

EMPTY = "from textual.app import App; App().run()"
OURS = "import sys; from pathlib import Path; from tui.app import LabtopApp; LabtopApp(Path(sys.argv[1])).run()"
BLANK = b" " * 40
"""A row of blanks, of which an empty app's first frame consists."""
WORDS = b"labtop"
"""What stands in our first frame."""
AIM = 1.15


def run(repeats: int = 15) -> list[tuple[str, str]]:
    """Rows for the table of `make bench`."""
    return [(figure.name, figure.told) for figure in figures(repeats)]


def figures(repeats: int = 15) -> list[Figure]:
    """The medians; takes about a second a pair."""
    pairs = measured(repeats)
    ratios = [ours / empty for empty, ours in pairs]
    name = "first paint, labtop : empty"
    return [
        Figure("first paint, an empty Textual app, median", 1000 * median(empty for empty, _ in pairs), "ms"),
        Figure("first paint, labtop, median", 1000 * median(ours for _, ours in pairs), "ms"),
        Figure(f"{name}, median of {repeats} pairs", median(ratios), digits=2, aim=AIM),
        Figure(f"{name}, a quarter of the pairs is below", share(ratios, 0.25), digits=2),
        Figure(f"{name}, a quarter of the pairs is above", share(ratios, 0.75), digits=2),
    ]


def measured(repeats: int) -> list[tuple[float, float]]:
    """Seconds to the first frame of the empty app and of ours, side by side, so that a busy machine slows both.

    Which of the two is first changes from pair to pair; the very first pair, which finds nothing in memory, is no part
    of it.
    """
    with tempfile.TemporaryDirectory(prefix="labtop-bench-") as folder:
        from core.settings import settings_text
        from core.workspace.project import Project

        home = Path(folder)
        Project.create(home / "project", settings_text("how long does it take?", name="bench"))
        pairs = []
        for number in range(repeats + 1):
            if number % 2:
                ours, empty = _ours(home), _empty(home)
            else:
                empty, ours = _empty(home), _ours(home)
            pairs.append((empty, ours))
    return pairs[1:]


def _empty(home: Path) -> float:
    return first_paint(home, BLANK, EMPTY)


def _ours(home: Path) -> float:
    return first_paint(home, WORDS, OURS, str(home / "project"))


def first_paint(home: Path, frame: bytes, program: str, *arguments: str) -> float:
    """Seconds from the start of a fresh interpreter until `program` has painted `frame`, waits for a core left out."""
    with Line(["-c", f"import os; os.chdir({str(ROOT)!r}); {program}", *arguments], home) as terminal:
        took = terminal.wait(frame)
        return took - terminal.queued()


if __name__ == "__main__":
    for figure in figures():
        print(line(figure), flush=True)
