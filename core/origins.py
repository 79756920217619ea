"""Where a number of the report was measured: the turn whose program first wrote it into the results."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.workspace.project import Project

SOURCES = ("results/metrics.json", "results/output.txt", "data/card.json", "data/README.md")
"""The files that measured numbers come from, the most exact ones first."""
VERSIONS = 1000
"""Versions of one of them that are looked through, from the newest."""
_DEEPEST = 12
_MOST = 20_000
"""Numbers that are read of one version."""

NUMBER = re.compile(
    r"(?<![\w.,\\{])"
    r"(?P<number>[-−–]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?|[-−–]?\.\d+)"
    r"(?P<percent>\s?(?:\\,)?\\?%)?(?![\w])"
)
"""A number as a text has it; one that is glued to a word is none."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The turn whose commit first had a number: in which file, under which name there, and as what."""

    turn: int
    commit: str
    file: str
    name: str
    """Where in the file: the keys of a JSON value, or the line that holds the number."""
    value: str
    subject: str
    others: int = 0
    """How many other values of that file read the same when they are rounded so."""


@dataclass(frozen=True, slots=True)
class Said:
    """A number as a text says it: its value, the decimals that it gives, and whether in percent."""

    value: float
    decimals: int
    percent: bool

    @property
    def telling(self) -> bool:
        """Whether it is exact enough to be looked for: a 5 or a 2017 may stand for anything."""
        return bool(self.decimals) or self.percent or (abs(self.value) >= 10 and not 1900 <= self.value < 2100)

    def is_rounded(self, measured: float) -> bool:
        """Whether `measured` reads so when it is rounded as this is; a share may be told in percent."""
        near = 0.5 * 10.0**-self.decimals * (1 + 1e-9) if self.decimals else 1e-9
        told = (measured, 100 * measured) if self.percent or (self.decimals and abs(self.value) >= 1) else (measured,)
        return any(abs(number - self.value) <= near for number in told)


def said_in(text: str) -> Said | None:
    """The first number in `text`; None when there is none."""
    found = NUMBER.search(text)
    if found is None:
        return None
    digits = found["number"].replace(",", "").replace("−", "-").replace("–", "-")
    value = float(digits)
    if not math.isfinite(value):
        return None
    decimals = len(digits.lower().partition("e")[0].partition(".")[2])
    return Said(value, 0 if "e" in digits.lower() else decimals, found["percent"] is not None)


def where_measured(project: Project, text: str) -> Origin | None:
    """The turn that first measured the number in `text`; None when that is not known. Slow: it reads the history.

    A number that still stands in the results is traced back as far as it stood there unchanged; one that has gone is
    looked for in older results, the newest first.
    """
    said = said_in(text)
    if said is None or not said.telling:
        return None
    return next((found for file in SOURCES if (found := _in_file(project, said, file)) is not None), None)


def _in_file(project: Project, said: Said, file: str) -> Origin | None:
    from core.workspace.history import summary_of

    size = (f"--max-count={VERSIONS}",)
    commits = project.git.text("log", "--first-parent", "--format=%H", *size, "HEAD", "--", file).split()
    versions = zip(commits, project.git.blobs([f"{commit}:{file}" for commit in commits]), strict=True)
    for commit, data in versions:
        fitting = {name: value for name, value in _numbers(file, data or b"") if said.is_rounded(value)}
        if not fitting:
            continue
        name = min(fitting, key=_rank)
        since = commit
        for earlier, older in versions:
            if dict(_numbers(file, older or b"")).get(name) != fitting[name]:
                break
            since = earlier
        summary = summary_of(project.git, since)
        value = f"{fitting[name]:.10g}"
        return Origin(summary.number, since, file, name, value, summary.subject, len(fitting) - 1)
    return None


def _rank(name: str) -> tuple[int, int]:
    """What a report most likely speaks of comes first: a result itself, then what is said about it, then parts."""
    leaf = name.rpartition(".")[2]
    return (0 if leaf in ("value", "mean", "median") else 2 if leaf.endswith("]") else 1, len(name))


def _numbers(file: str, data: bytes) -> Iterator[tuple[str, float]]:
    """The numbers in a version of a file with their names, each name once."""
    text = data.decode(errors="replace")
    found = _of_json(text) if file.endswith(".json") else _of_text(text)
    for _, (name, value) in zip(range(_MOST), found, strict=False):
        yield name, value


def _of_json(text: str) -> Iterator[tuple[str, float]]:
    try:
        yield from _walk(json.loads(text), "", 0)
    except (ValueError, RecursionError):
        return


def _walk(value: Any, name: str, depth: int) -> Iterator[tuple[str, float]]:
    match value:
        case bool():
            return
        case int() | float() if abs(value) < 1e300:
            yield name, float(value)
        case dict() if depth < _DEEPEST:
            for key, inner in value.items():
                yield from _walk(inner, f"{name}.{key}".removeprefix("."), depth + 1)
        case list() if depth < _DEEPEST:
            for at, inner in enumerate(value):
                yield from _walk(inner, f"{name}[{at}{_called(inner)}]", depth + 1)
        case _:
            return


def _called(item: Any) -> str:
    """What an entry of a list calls itself, e.g. `: random forest`."""
    words = [text for text in item.values() if isinstance(text, str)] if isinstance(item, dict) else []
    return f": {', '.join(words)[:60]}" if words else ""


def _of_text(text: str) -> Iterator[tuple[str, float]]:
    for line in text.splitlines():
        for at, found in enumerate(NUMBER.finditer(line)):
            if said := said_in(found[0]):
                yield f"{' '.join(line.split())[:120]} ({at + 1})", said.value
