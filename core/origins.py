"""Where a number of the report was measured: the turn whose program first wrote it into the results."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
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
_NO_TEXT = re.compile(r"(?<!\\)%.*|\\[a-zA-Z]+\*?\[[^\]\n]*\]|\\(?:cite\w*|ref|label|input|[hv]space\*?)\{[^{}]*\}")
"""What of LaTeX is no text: comments, options, keys."""


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


def numbers_of(text: str) -> list[str]:
    """The numbers of a LaTeX text that are worth looking for, each once; those in keys and comments are none."""
    found = dict.fromkeys(number[0].strip() for number in NUMBER.finditer(_NO_TEXT.sub(" ", text)))
    return [number for number in found if (said := said_in(number)) is not None and said.telling]


def where_measured(project: Project, text: str) -> Origin | None:
    """The turn that first measured the number in `text`; None when that is not known. Slow: it reads the history."""
    return Measured(project).origin(text)


class Measured:
    """What a line has measured up to commit `rev`, version by version; read once for all numbers that are asked for."""

    def __init__(self, project: Project, rev: str = "HEAD") -> None:
        self._project = project
        self._rev = rev
        self._versions: dict[str, list[tuple[str, Callable[[], Mapping[str, float]]]]] = {}

    def origin(self, text: str) -> Origin | None:
        """The turn that first measured the number in `text`; None when that is not known. Slow: it reads the history.

        A number that still stands in the results is traced back as far as it stood there unchanged; one that has gone
        is looked for in older results, the newest first.
        """
        said = said_in(text)
        if said is None or not said.telling:
            return None
        return next((found for file in SOURCES if (found := self._in_file(said, file)) is not None), None)

    def _in_file(self, said: Said, file: str) -> Origin | None:
        from core.workspace.history import summary_of

        versions = iter(self._read(file))
        for commit, numbers in versions:
            fitting = {name: value for name, value in numbers().items() if said.is_rounded(value)}
            if not fitting:
                continue
            name = min(fitting, key=_rank)
            since = commit
            for earlier, older in versions:
                if older().get(name) != fitting[name]:
                    break
                since = earlier
            summary = summary_of(self._project.git, since)
            value = f"{fitting[name]:.10g}"
            return Origin(summary.number, since, file, name, value, summary.subject, len(fitting) - 1)
        return None

    def _read(self, file: str) -> list[tuple[str, Callable[[], Mapping[str, float]]]]:
        """The commits that changed a file, newest first, each with the numbers in it, which are read when asked for."""
        if file not in self._versions:
            git = self._project.git
            size = (f"--max-count={VERSIONS}",)
            commits = git.text("log", "--first-parent", "--format=%H", *size, self._rev, "--", file).split()
            blobs = git.blobs([f"{commit}:{file}" for commit in commits])
            found = zip(commits, blobs, strict=True)
            self._versions[file] = [(commit, cache(partial(_named, file, data or b""))) for commit, data in found]
        return self._versions[file]


def _named(file: str, data: bytes) -> Mapping[str, float]:
    return dict(_numbers(file, data))


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
