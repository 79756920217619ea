"""The person's own data brought into a project: copied when it is small, else read where it lies."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core.data.pictures import METADATA, pictures
from core.errors import DataError

if TYPE_CHECKING:
    from core.workspace.project import Project

LARGEST_COPIED = 10 * 2**20
"""Bytes of a folder of pictures that goes into the history; a larger one stays where it is."""
MOST_COPIED = 1000
"""Files of such a folder."""
LINKS = "own-data.json"
"""In `.git/labtop`: only a person's own command writes there, no agent and no clone of a project does."""


def small_folder(folder: Path, source: str) -> dict[str, bytes]:
    """The pictures of a small folder, and its table, by path in the project below `source`; nothing of a large one."""
    names = [str(name) for name in pictures(folder)] + ([METADATA] if (folder / METADATA).is_file() else [])
    size = sum((folder / name).stat().st_size for name in names)
    if len(names) > MOST_COPIED or size > LARGEST_COPIED:
        return {}
    return {f"{source}/{name}": (folder / name).read_bytes() for name in names}


def link(project: Project, source: str, folder: Path) -> None:
    """Have the project's programs find `folder`, read-only, at the path `source` of their copy."""
    links = {source: str(folder.resolve())}
    project.private(LINKS).write_text(json.dumps(links) + "\n", encoding="utf-8")


def links(project: Project) -> Mapping[str, Path]:
    """Folders outside of the project by their path in a program's copy; raises DataError when one has gone."""
    try:
        told = json.loads(project.private(LINKS).read_text(encoding="utf-8"))
        found = {str(source): Path(str(folder)) for source, folder in told.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"Where the project's data lies cannot be read: {error}.", "Make the project anew.") from error
    for source, folder in found.items():
        if not os.path.isdir(folder):
            raise DataError(f"{source} is no longer at {folder}.", "Put the folder back there.")
    return found
