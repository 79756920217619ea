"""Engines that tests leave at work by themselves are ended with the test."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from core.errors import LabError
from core.host.asking import stopped
from core.workspace.project import Project


def end_engines(folder: Path) -> None:
    """End the engines of all projects under `folder`."""
    for settings in folder.rglob("lab.toml"):
        with suppress(LabError):
            stopped(Project.open(settings.parent), now=True)
