"""Makes docs/tour.svg: the app on a finished project, photographed screen by screen and put into one moving picture.

    .venv/bin/python docs/tour.py PROJECT

PROJECT is copied before it is opened, e.g. what `labtop demo --headless` has made.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from tui.app import LabtopApp

SIZE = (110, 34)
SECONDS = 4
"""How long each screen stands."""
PATIENCE = 3
"""Seconds that a key has for what it begins."""
FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Fonts are fetched from elsewhere, which no picture in a README may do."""
TARGET = Path(__file__).with_name("tour.svg")


@dataclass(frozen=True, slots=True)
class Stop:
    """One screen of the tour: the keys that lead there from the one before, and what it shows."""

    keys: tuple[str, ...]
    shows: str


TOUR = (
    Stop((), "Chat, diff, scores and report of a study, side by side"),
    Stop(("2", "plus"), "What a turn changed"),
    Stop(("plus", "3", "plus"), "Every candidate: what was measured, and the judge's mark"),
    Stop(("plus", "4", "plus"), "The report as it reads"),
    Stop(("plus", "0"), "What it has cost"),
    Stop(("1", "h"), "Every turn is a commit"),
    Stop(("down", "down", "down", "down", "r"), "Going back shows first what goes"),
    Stop(("escape", "escape", "question_mark"), "Every key"),
)


async def photographed(project: Path) -> list[str]:
    """The screens of the tour as SVG documents."""
    app = LabtopApp(project)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        pictures: list[str] = []
        for stop in TOUR:
            for key in stop.keys:
                await pilot.press(key)
                await settled(pilot)
            picture = app.export_screenshot(title=stop.shows, simplify=True)
            pictures.append(FONT.sub("", picture))
        await app.action_quit()
        return pictures


async def settled(pilot: Pilot[None]) -> None:
    """Return once what a key has begun is on the screen."""
    await pilot.pause(PATIENCE)


def moving(pictures: list[str]) -> str:
    """SVG documents of one size, shown one after another in one."""
    size = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', pictures[0])
    assert size is not None
    share = 100 / len(pictures)
    rules = [
        f"@keyframes turn {{ 0%, {share:.3f}% {{ visibility: visible }} {share + 0.001:.3f}%, 100% "
        "{ visibility: hidden } }",
        f".stop {{ visibility: hidden; animation: turn {SECONDS * len(pictures)}s infinite step-end }}",
        ".stop0 { visibility: visible }",  # for who shows no moving pictures
        *(f".stop{place} {{ animation-delay: {SECONDS * place}s }}" for place in range(len(pictures))),
    ]
    stops = [f'<g class="stop stop{place}">{picture}</g>' for place, picture in enumerate(pictures)]
    head = f'<svg viewBox="0 0 {size[1]} {size[2]}" xmlns="http://www.w3.org/2000/svg">'
    return "\n".join((head, "<style>", *rules, "</style>", *stops, "</svg>\n"))


def main() -> None:
    """Photograph the project that the command line names."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "label-noise"
        shutil.copytree(Path(sys.argv[1]), project, symlinks=True)
        TARGET.write_text(moving(asyncio.run(photographed(project))), encoding="utf-8")


if __name__ == "__main__":
    main()
