"""Pictures of a screen at three sizes, dark and light, taken one after the other in one session of the app."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

SIZES = ((80, 24), (120, 40), (200, 60))
DRESSES = {"dark": "textual-dark", "light": "textual-light"}
COMMIT = re.compile(r"(?<=commit&#160;)[0-9a-f]+")
"""A commit's name, as far as it is shown: another one each time."""


async def looks_as_it_did(
    pilot: Pilot[None],
    snapshot: SnapshotAssertion,
    name: str = "",
    dresses: Iterable[str] = DRESSES,
    ready: Callable[[], bool] = lambda: True,
) -> None:
    """The screen looks as in the pictures of this test, in every size and dress; `name` tells several screens apart.

    `ready` says whether what a new size sets going has come to its end.
    `pytest --snapshot-update` takes them anew: look at what has changed before it is committed.
    """
    kept = snapshot.use_extension(SVGImageExtension)
    changed = []
    for dress in dresses:
        pilot.app.theme = DRESSES[dress]
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            while not ready():
                await pilot.pause(0.02)
            await repainted(pilot)
            look = "-".join(filter(None, (name, dress, f"{width}x{height}")))
            picture = pilot.app.export_screenshot(title=pilot.app.title, simplify=True)
            if kept(name=look) != COMMIT.sub(lambda found: "0" * len(found[0]), picture):
                changed.append(look)
    assert not changed, f"looks otherwise: {', '.join(changed)}"


async def repainted(pilot: Pilot[None]) -> None:
    """Everything is laid out and painted afresh: Textual may leave a scroll bar as it was before the last line came."""
    pilot.app.clear_notifications()
    for _ in range(2):
        await pilot.pause(0.02)
        for widget in pilot.app.screen.query("*"):
            widget.refresh(layout=True)
    await pilot.pause(0.02)
