"""Where an engine listens: a socket named after its project, in a folder that only its user can enter.

An engine that began with a runtime folder may be sought from a login that has none, or whose system has taken that
folder away: so there are several places, and whoever seeks looks into all of them.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from core.errors import EngineError

LONGEST_PATH = 100
"""Bytes of a socket's path; the kernel takes 107."""


def places(uid: int | None = None, runtime: str | None = None) -> list[Path]:
    """The folders in which an engine of this user may listen, the best first.

    `runtime` is the user's runtime folder, by default what XDG_RUNTIME_DIR says.
    """
    user = os.getuid() if uid is None else uid
    named = os.environ.get("XDG_RUNTIME_DIR", "") if runtime is None else runtime
    usual = [Path(named), Path(f"/run/user/{user}")] if named.startswith("/") else [Path(f"/run/user/{user}")]
    return list(dict.fromkeys([*(folder / "labtop" for folder in usual), Path(f"/tmp/labtop-{user}")]))


def name_of(project: Path) -> str:
    """The name of the project's socket: the same from wherever the folder is reached."""
    return f"{hashlib.sha256(os.fsencode(project.resolve())).hexdigest()[:24]}.sock"


def found(project: Path, folders: list[Path] | None = None) -> list[Path]:
    """The project's sockets that stand in folders nobody else could have put them into."""
    sockets = [folder / name_of(project) for folder in (folders or places()) if _is_private(folder)]
    return [path for path in sockets if _is_socket(path)]


def place_for(project: Path, folders: list[Path] | None = None) -> Path:
    """Where to listen for this project; makes the folder, clears a dead engine's socket away.

    Call it only while the project's lock is held: then no living engine can be listening there. Raises EngineError.
    """
    for folder in folders or places():
        path = folder / name_of(project)
        if len(os.fsencode(path)) <= LONGEST_PATH and _made_private(folder):
            if _is_socket(path):
                path.unlink()
            elif os.path.lexists(path):
                raise EngineError(f"{path} is in the way, and it is no socket.", "Look at it, then remove it.")
            return path
    where = ", ".join(str(folder) for folder in folders or places())
    raise EngineError(
        f"No private folder for the engine's socket: tried {where}.",
        "Set XDG_RUNTIME_DIR to a folder of your own with mode 700; `labtop run` works without one.",
    )


def _made_private(folder: Path) -> bool:
    """Make the folder in a place that is there already, and say whether it is the user's alone."""
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass
    except OSError:
        return False
    return _is_private(folder)


def _is_private(folder: Path) -> bool:
    try:
        told = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(told.st_mode) and told.st_uid == os.getuid() and not stat.S_IMODE(told.st_mode) & 0o077


def _is_socket(path: Path) -> bool:
    try:
        told = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISSOCK(told.st_mode) and told.st_uid == os.getuid()
