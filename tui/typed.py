"""What was typed into the input line before, kept for this user only: a line of JSON each in the state folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

from core.clean import clean
from core.places import state_folder

MOST = 500
"""Lines that are remembered."""
LARGEST = 1_000_000
"""Bytes that are read of the file, its end."""


class Typed:
    """The lines of before, walked through with up and down; what is being written is not lost by it."""

    def __init__(self, lines: list[str] | None = None) -> None:
        self.lines = lines or []
        self._at = len(self.lines)
        self._draft = ""

    def older(self, now: str) -> str | None:
        """The line before, None when there is none; `now` is what stands in the field."""
        if self._at == len(self.lines):
            self._draft = now
        if self._at == 0:
            return None
        self._at -= 1
        return self.lines[self._at]

    def newer(self) -> str | None:
        """The line after, in the end the one that was being written; None when that stands already."""
        if self._at >= len(self.lines):
            return None
        self._at += 1
        return self.lines[self._at] if self._at < len(self.lines) else self._draft

    def add(self, line: str) -> bool:
        """Take a line in and begin at the end again; False for one not kept: said last, or begun by a blank."""
        kept = bool(line.strip()) and not line.startswith(" ") and self.lines[-1:] != [line]
        if kept:
            self.lines = [*self.lines, line][-MOST:]
        self._at, self._draft = len(self.lines), ""
        return kept


def typed_path() -> Path:
    """Where the lines are kept."""
    return state_folder() / "typed.jsonl"


def read_typed() -> list[str]:
    """The lines of before, oldest first; none where the file cannot be read."""
    try:
        data = typed_path().read_bytes()[-LARGEST:]
    except OSError:
        return []
    lines = []
    for line in data.decode("utf-8", errors="replace").splitlines():
        try:
            lines.append(clean(str(json.loads(line)["line"])))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # the first line may be cut; a damaged one is only a convenience lost
    return lines[-MOST:]


def remember_typed(line: str) -> None:
    """Append a line, in a file that only the user may read; raises OSError."""
    path = typed_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "a", encoding="utf-8") as file:
        file.write(json.dumps({"line": line}, ensure_ascii=False) + "\n")
