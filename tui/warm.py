"""What takes long only the first time, made ready in a thread before the panes draw their first line.

The collector of cyclic garbage is kept from holding frames, too: its long walks go through all that there is, some
45 ms each, and most of that never becomes garbage while a project is open.
"""

from __future__ import annotations

import gc
from importlib import import_module

LANGUAGES = ("python", "latex", "markdown", "json")
"""Those whose rules are read ahead."""


COLLECTED = (1_000, 20, 100)
"""When garbage is looked for among the young, the older and all objects; Python's own are 700, 10 and 10."""


def warm(*, again: bool = False) -> None:
    """Import the laboratory, and draw one of each thing that it draws; slow, so never on the screen's loop.

    `again`: another project was open in this app before, and is garbage now.
    """
    gc.set_threshold(*COLLECTED)
    if again:
        gc.unfreeze()
        gc.collect()
    import_module("tui.screens.laboratory")
    from tui.widgets.code import coloured
    from tui.widgets.prose import prose

    prose("*ready*")
    for language in LANGUAGES:
        coloured("ready = 1", language)
    set_apart()


def set_apart() -> None:
    """Take what there is for what stays while this project is open: the collector no longer walks through it."""
    gc.freeze()
