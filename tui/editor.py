"""The person's own editor, in the place of the app for a while."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported


def edit(app: App[Any], file: Path) -> str:
    """Let the person change a file; returns why not, or nothing. The app and its engine stand still meanwhile."""
    command = editor()
    if not command:
        return "no editor was found: set EDITOR, or change the file beside labtop"
    try:
        with app.suspend():
            return _run([*command, str(file)])
    except SuspendNotSupported:
        return "this terminal cannot be lent to an editor: change the file beside labtop"


def editor() -> list[str]:
    """The editor as a command; empty when there is none."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    try:
        words = shlex.split(named)
    except ValueError:
        words = [named]
    return words or next(([name] for name in ("nano", "vi") if shutil.which(name)), [])


def _run(command: list[str]) -> str:
    try:
        code = subprocess.run(command, check=False).returncode
    except OSError as error:
        return f"the editor did not start: {error}"
    return f"the editor ended with {code}" if code else ""
