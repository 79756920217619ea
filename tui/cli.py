"""The command line: every command of the program is put together here."""

from __future__ import annotations

from tui.commands import engines, home, lines, looking, machine, running, travelling
from tui.commands.group import main

__all__ = ["engines", "home", "lines", "looking", "machine", "main", "running", "travelling"]
