"""Hypothesis on shared machines: no deadlines, and the same examples every time where a change is to land."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("labtop", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("labtop")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no process is left with it while the others have nothing more to do."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
