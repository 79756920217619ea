"""Pictures in real pixels, where `textual-image` is installed and the terminal speaks Sixel or Kitty's graphics."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.app import App, SuspendNotSupported
from textual.containers import Container
from textual.events import Key
from textual.widgets import Static

from core.clean import clean

if TYPE_CHECKING:
    from core.latex.pictures import Picture

CHOICE = "LABTOP_PICTURES"
"""The environment variable that keeps to half blocks when it is `blocks`."""
_FAR = 1 << 30


class Pixels(NamedTuple):
    """What shows pixels on this terminal, and how many of them one cell has."""

    kind: type[Any]
    across: int
    down: int


def pixels_of(app: App[Any]) -> Pixels | None:
    """How this terminal shows pixels; None where half blocks are all there is.

    The package asks the terminal when it is imported, and reads its answer: so the app stands aside for that moment.
    """
    if find_spec("textual_image") is None or os.environ.get(CHOICE) == "blocks" or app.is_headless or app.is_web:
        return None
    try:
        with app.suspend():
            from textual_image import renderable, widget
            from textual_image._terminal import get_cell_size

            cell = get_cell_size()
    except (SuspendNotSupported, ImportError, OSError, ValueError, ArithmeticError):
        return None  # what it raises on a terminal without a size, or one that answers in no known way
    known = (renderable.SixelImage, renderable.TGPImage)
    return Pixels(widget.Image, cell.width, cell.height) if renderable.Image in known else None


class SharpPage(Container, can_focus=True):
    """A picture in pixels; the arrows move it where it is larger than the pane."""

    DEFAULT_CSS = """
    SharpPage > * { width: 1fr; height: 1fr; }
    SharpPage > .words { display: none; color: $foreground 60%; }
    """

    def __init__(self, pixels: Pixels, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._pixels = pixels
        self._shown = pixels.kind()
        self._picture: Picture | None = None
        self._left = self._top = 0

    def compose(self) -> Any:
        yield self._shown
        yield Static(markup=False, classes="words")

    @property
    def room(self) -> tuple[int, int]:
        """How many pixels fit across and down."""
        return max(4, self.size.width * self._pixels.across), max(4, self.size.height * self._pixels.down)

    def show(self, picture: Picture) -> None:
        """Show a picture; the place of what was in view stays when it is the same one in another size."""
        before, self._picture = self._picture, picture
        if before is not None:
            self._left = self._left * picture.width // before.width
            self._top = self._top * picture.height // before.height
        self._move(0, 0)

    def say(self, words: str) -> None:
        """Say why there is no picture; the next one begins at its top."""
        self._picture, self._shown.image = None, None
        self._left = self._top = 0
        said = self.query_one(".words", Static)
        said.update(clean(words))
        said.display, self._shown.display = bool(words), not words

    def on_key(self, event: Key) -> None:
        """The keys that scroll, as everywhere."""
        across, down = self.room
        steps = {
            "left": (-across // 8, 0), "right": (across // 8, 0), "up": (0, -down // 8), "down": (0, down // 8),
            "pageup": (0, -down), "pagedown": (0, down), "k": (0, -down // 8), "j": (0, down // 8),
            "home": (0, -_FAR), "g": (0, -_FAR), "end": (0, _FAR), "G": (0, _FAR),
        }  # fmt: skip
        key = event.character if event.character == "G" else event.key
        if key in steps:
            event.stop()
            self._move(*steps[key])

    def _move(self, x: int, y: int) -> None:
        from PIL import Image

        if (picture := self._picture) is None:
            return
        across, down = self.room
        self._left = max(0, min(self._left + x, picture.width - across))
        self._top = max(0, min(self._top + y, picture.height - down))
        whole = Image.frombytes("RGB", (picture.width, picture.height), picture.pixels)
        right, bottom = min(self._left + across, picture.width), min(self._top + down, picture.height)
        self._shown.image = whole.crop((self._left, self._top, right, bottom))
