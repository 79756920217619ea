"""Hypothesis on shared machines: no deadlines, and the same examples every time where a change is to land."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("labtop", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("labtop")
