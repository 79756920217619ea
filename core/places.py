"""Where a user's own files lie: what they have set, and what the program remembers."""

from __future__ import annotations

import os
from pathlib import Path


def config_folder() -> Path:
    """The folder of the user's own settings, `~/.config/labtop`."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "labtop"


def state_folder() -> Path:
    """The folder of what is remembered for the user, `~/.local/state/labtop`; nothing in it is needed."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "labtop"


def write_privately(path: Path, text: str) -> None:
    """Replace a file in one step; only the user may read it. Raises OSError, and then nothing is changed."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path.resolve())  # a link to a file of the user's own stays one
