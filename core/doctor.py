"""What this machine has and lacks for labtop, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that labtop uses: whether it is good, what was found, and what a person can do."""

    what: str
    good: bool
    found: str
    advice: str = ""


def findings() -> Iterator[Finding]:
    """Look at the machine, one thing after another."""
    yield _python()
    yield _git()
    yield _sandbox()
    yield _latex()
    yield Finding("model", True, "built-in researcher (rules, not a language model; no key, no network)")
    yield _terminal()


def _python() -> Finding:
    return Finding("Python", True, platform.python_version())


def _git() -> Finding:
    path = shutil.which("git")
    if path is None:
        return Finding("git", False, "not found", "Install it: every turn is a git commit. Debian: apt-get install git")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
    return Finding("git", version.returncode == 0, version.stdout.strip() or "does not answer")


def _sandbox() -> Finding:
    from core.sandbox.run import Tier, best_tier, describe

    tier = best_tier()
    advice = {
        Tier.BUBBLEWRAP: "",
        Tier.LANDLOCK: "Programs are held by Landlock. bubblewrap isolates more: apt-get install bubblewrap",
        Tier.PLAIN: "Programs of the agents run unconfined: install bubblewrap before you run what you do not trust.",
    }[tier]
    return Finding("sandbox", tier is not Tier.PLAIN, describe(tier), advice)


def _latex() -> Finding:
    from core.latex.engines import find_engine

    engine = find_engine()
    if engine is None:
        return Finding(
            "LaTeX", False, "none", "Reports cannot be compiled. Debian: apt-get install texlive-latex-recommended"
        )
    return Finding("LaTeX", True, f"{engine.name} {engine.version}")


def _terminal() -> Finding:
    term, colours = os.environ.get("TERM", ""), os.environ.get("COLORTERM", "")
    good = term not in ("", "dumb")
    shown = f"{term or 'unknown'}{', true colour' if colours in ('truecolor', '24bit') else ''}"
    return Finding("terminal", good, shown, "" if good else "The app needs a terminal; `labtop run` does not.")
