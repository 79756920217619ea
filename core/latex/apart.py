"""Asks about a PDF that nobody has checked in a process of its own: what a hostile one does to its reader stays there.

A figure that an agent's program has drawn becomes part of the report's PDF as it is, and a few kilobytes of it can ask
for gigabytes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import core
from core.latex.drawing import SECONDS

_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from core.latex.drawing import main; main()"


def asked(pdf: bytes, *words: object) -> bytes:
    """What the reader (core.latex.drawing) says to `words`, as far as it came; slow. Raises TimeoutError."""
    root = str(Path(core.__file__).parent.parent)
    try:
        done = subprocess.run(
            (sys.executable, "-P", "-B", "-c", _START, root, *map(str, words)),
            input=pdf,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            timeout=SECONDS + 5,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return done.stdout
