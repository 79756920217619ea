"""Makes new projects: the question, the person's data with its description, and the demo."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import DataError, SettingsError
from core.known import remember
from core.settings import settings_text

if TYPE_CHECKING:
    from core.workspace.project import Project

DEMO_QUESTION = "Are tree ensembles more sensitive to label noise than linear models on handwritten digits?"
LARGEST_COMMITTED = 10 * 2**20
"""Bytes of a data file that still goes into the history; a larger one is copied beside it and git-ignored."""


def create_project(
    path: Path,
    question: str,
    *,
    data: Path | None = None,
    target: str = "",
    seed: int = 0,
    model: str = "builtin",
    copilot: str = "off",
) -> Project:
    """A new project in `path`, with the person's data, a table or a folder of pictures, described.

    A file is copied into the project, and so is a small folder; a larger one is read where it lies.

    Raises ProjectError for a folder that cannot be used, DataError for data that cannot, SettingsError for a model that
    is not known; then nothing is left behind.
    """
    from core.workspace.project import Project

    _check_model(model)
    path = path.expanduser().resolve()
    files: dict[str, str | bytes] = {}
    source = ""
    if data is not None:
        source = f"data/raw/{_file_name(data)}"
        data = data.expanduser()
        files, target = _described(data, target, source, model)
    text = settings_text(
        question, name=path.name, seed=seed, data_file=source, target=target, model=model, copilot=copilot
    )
    project = Project.create(path, text, files)
    if data is not None:
        _bring(project, data, source, files)
    remember(path)
    return project


def _check_model(name: str) -> None:
    if name == "builtin":
        return
    from core.models.named import known_models

    names = [one.name for one in known_models()]
    if name not in names:
        known = ", ".join(("builtin", *names))
        raise SettingsError(f"There is no model “{name}”.", f"Known: {known}. `labtop models` shows how to add one.")


def _described(data: Path, target: str, source: str, model: str) -> tuple[dict[str, str | bytes], str]:
    """What of the data goes into the history, its card with it, and the column to predict."""
    from core.data.cards import card_json, describe_file

    if data.is_dir():
        return _pictures(data, target, source, model)
    if not target:
        raise DataError("The data needs a target column.", "Name it: --target COLUMN.")
    files: dict[str, str | bytes] = {"data/card.json": card_json(describe_file(data, target, source))}
    if data.stat().st_size <= LARGEST_COMMITTED:
        files[source] = data.read_bytes()
    return files, target


def _pictures(data: Path, target: str, source: str, model: str) -> tuple[dict[str, str | bytes], str]:
    from core.data.cards import card_json
    from core.data.own import small_folder
    from core.data.pictures import describe_pictures

    if model == "builtin":
        raise DataError(
            "The built-in researcher reads tables, no folders of pictures.", "Name a model of yours (`labtop models`)."
        )
    card = describe_pictures(data, target, source)
    return {"data/card.json": card_json(card), **small_folder(data, source)}, card.target


def _bring(project: Project, data: Path, source: str, files: dict[str, str | bytes]) -> None:
    """Put what did not go into the history beside it, or have it read where it lies."""
    import shutil

    from core.data.own import link

    if data.is_dir() and len(files) == 1:
        link(project, source, data)
    elif data.is_file() and source not in files:
        (project.path / source).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(data, project.path / source)


def _file_name(data: Path) -> str:
    """The data file's name, safe inside a project and in a generated program."""
    return re.sub(r"[^\w.-]", "_", data.name).lstrip(".") or "data.csv"
