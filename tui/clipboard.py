"""Copies text to where the person can paste it: through the terminal (OSC 52), tmux, and a file as the last resort."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from textual.app import App

from core.places import state_folder, write_privately

LARGEST = 70_000
"""Characters that terminals take in one copy."""
PATIENCE = 3.0
"""Seconds that tmux has to take a copy."""


def copied_path() -> Path:
    """Where the last copy lies, for terminals that take none."""
    return state_folder() / "copied.txt"


async def copy(app: App[Any], text: str) -> str:
    """Copy `text`; says in words where it went, or why it did not."""
    if len(text) <= LARGEST:
        app.copy_to_clipboard(text)
    try:
        tmux = await asyncio.to_thread(_keep, text)
    except OSError as error:
        return f"copied, as far as this terminal takes copies; no file of it: {error.strerror}"
    if len(text) > LARGEST:
        return f"too long for a terminal's copy: it lies in {_short(copied_path())}"
    return f"copied{' (tmux, too)' if tmux else ''}; also in {_short(copied_path())}"


def _keep(text: str) -> bool:
    """Write the file, and give tmux the copy, which drops what its programs send unless told otherwise."""
    write_privately(copied_path(), text)
    tmux = shutil.which("tmux")
    if not os.environ.get("TMUX") or tmux is None:
        return False
    try:
        done = subprocess.run(
            [tmux, "load-buffer", "-w", "-"], input=text.encode(), capture_output=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _short(path: Path) -> str:
    return str(path).replace(str(Path.home()), "~", 1)
