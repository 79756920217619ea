"""The projects that this user has worked on, newest first: a small list outside of any project."""

from __future__ import annotations

import json
from pathlib import Path

MOST = 200


def _list_path() -> Path:
    from platformdirs import user_state_path

    return user_state_path("labtop") / "projects.json"


def known_projects() -> list[Path]:
    """The folders of known projects that still exist, the one opened last first."""
    try:
        paths = json.loads(_list_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [Path(path) for path in paths if isinstance(path, str) and (Path(path) / "lab.toml").is_file()]


def remember(project: Path) -> None:
    """Put a project first in the list. A list that cannot be written is only a convenience lost, so it is let go."""
    path = _list_path()
    others = [known for known in known_projects() if known != project]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps([str(entry) for entry in [project, *others][:MOST]]), encoding="utf-8")
        temporary.replace(path)
    except OSError:
        return
