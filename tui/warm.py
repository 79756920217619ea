"""What takes long only the first time, made ready in a thread before the panes draw their first line."""

from __future__ import annotations

import gc
from importlib import import_module

LANGUAGES = ("python", "latex", "markdown", "json")
"""Those whose rules are read ahead."""


def warm() -> None:
    """Import the laboratory, and draw one of each thing that it draws; slow, so never on the screen's loop.

    What was imported stays for good: a collector that walks through all of it again and again would hold every frame.
    """
    import_module("tui.screens.laboratory")
    from tui.widgets.code import coloured
    from tui.widgets.prose import prose

    prose("*ready*")
    for language in LANGUAGES:
        coloured("ready = 1", language)
    gc.freeze()
