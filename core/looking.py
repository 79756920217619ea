"""One turn in full: what was said and done, and the files that people read as they were before it and after it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.edits import unified_diff
from core.record import Turn
from core.workspace.candidates import PREFIX as CANDIDATES

if TYPE_CHECKING:
    from core.workspace.project import Project

PROGRAM, PLAN, REPORT, METRICS = "experiment/main.py", "plan.md", "report/report.tex", "results/metrics.json"
_TEXTS = (PROGRAM, PLAN, REPORT, METRICS)
_FIGURES = "figures/"
_MOST_VALUES = 400
_LONG = 2_000_000
"""Characters of a file that are shown."""


@dataclass(frozen=True, slots=True)
class Version:
    """A text file before a turn and after it; empty where there was none."""

    path: str
    before: str
    after: str

    @property
    def diff(self) -> str:
        """The turn's change as a unified diff; empty when it changed nothing."""
        return unified_diff(self.before, self.after, self.path)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure after a turn: its size in bytes, and `new`, `changed`, `gone` or `as before`."""

    path: str
    size: int
    state: str


@dataclass(frozen=True, slots=True)
class Look:
    """A turn with its commit, its files, its figures and the refs of the candidates that it tried."""

    commit: str
    parent: str
    turn: Turn
    files: Mapping[str, Version]
    figures: tuple[Figure, ...]
    candidates: tuple[str, ...]


def look(project: Project, commit: str) -> Look:
    """Read a turn or a candidate; raises HistoryError for an unknown one."""
    logged = project.turn_at(commit)
    sides = (logged.parent, logged.commit)
    names = [f"{side}:{path}" if side else "" for path in _TEXTS for side in sides]
    blobs = iter(project.git.blobs([name or f"{logged.commit}:" for name in names]))
    files = {path: Version(path, _text(next(blobs)), _text(next(blobs))) for path in _TEXTS}
    listed = project.git.text("for-each-ref", "--format=%(refname)", f"{CANDIDATES}{logged.turn.number}/")
    tried = tuple(name.removeprefix(CANDIDATES) for name in listed.splitlines())
    return Look(logged.commit, logged.parent, logged.turn, files, tuple(_figures(project, *sides)), tried)


def values(version: Version) -> list[tuple[str, str, str]]:
    """What a JSON file of measurements holds, as (name, before, after): each number and text by the keys to it."""
    before, after = (dict(_leaves(_json(text))) for text in (version.before, version.after))
    names = list(dict.fromkeys([*after, *before]))
    return [(name, before.get(name, ""), after.get(name, "")) for name in names[:_MOST_VALUES]]


def file_at(project: Project, commit: str, path: str) -> bytes:
    """A file as it was after a turn; empty when there was none."""
    return project.read_bytes(path, commit)


def _figures(project: Project, before: str, after: str) -> Iterator[Figure]:
    was, now = (_tree(project, side) if side else {} for side in (before, after))
    for path in sorted({*was, *now}):
        sha, size = now.get(path, ("", 0))
        state = "gone" if path not in now else "new" if path not in was else "changed"
        yield Figure(path, size, "as before" if was.get(path, ("", 0))[0] == sha else state)


def _tree(project: Project, commit: str) -> dict[str, tuple[str, int]]:
    """The figures in a commit, each with its blob and its size."""
    out = project.git.run("ls-tree", "-r", "-l", "-z", "--full-tree", commit, "--", _FIGURES)
    found = {}
    for row in os.fsdecode(out).split("\0")[:-1]:
        facts, _, path = row.partition("\t")
        sha, size = facts.split()[2:4]
        found[path] = (sha, int(size) if size.isdigit() else 0)
    return found


def _json(text: str) -> Any:
    try:
        return json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {"unreadable": text[:200]}


def _leaves(value: Any) -> Iterator[tuple[str, str]]:
    """Every number, text and truth in a JSON value by the keys to it, at most so many."""
    due: list[tuple[str, Any]] = [("", value)]
    count = 0
    while due and count < _MOST_VALUES:
        name, inner = due.pop()
        if isinstance(inner, dict):
            due += [(f"{name}.{key}" if name else str(key), held) for key, held in reversed(inner.items())]
        elif isinstance(inner, list) and any(isinstance(held, dict | list) for held in inner):
            due += [(f"{name}[{place}]", held) for place, held in reversed(list(enumerate(inner)))]
        else:
            count += 1
            yield name, ", ".join(map(_short, inner)) if isinstance(inner, list) else _short(inner)


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _text(data: bytes | None) -> str:
    return (data or b"").decode(errors="replace")[:_LONG]
