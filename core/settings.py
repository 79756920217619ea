"""`lab.toml` as frozen values; what is not understood is an error that names the file, the line and the key."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from core.clean import clean
from core.errors import SettingsError

LARGEST_FILE = 16_000
"""Characters that a `lab.toml` may have."""


class Copilot(StrEnum):
    """How often the person is asked."""

    OFF = "off"
    PHASE = "phase"
    TURN = "turn"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use: seconds of wall time, MB of memory, processes, MB written to disk."""

    seconds: float = 600.0
    memory_mb: int = 4096
    processes: int = 256
    disk_mb: int = 2048


@dataclass(frozen=True, slots=True)
class Settings:
    """A project's settings, as `lab.toml` holds them."""

    name: str
    question: str
    seed: int = 0
    data_file: str = ""
    """The person's data, as a path inside the project; empty when the agents choose a bundled set."""
    target: str = ""
    """The column to predict."""
    model: str = "builtin"
    copilot: Copilot = Copilot.OFF
    papers: int = 5
    """Papers that the literature review wants."""
    dialogue_turns: int = 6
    preparation_turns: int = 12
    solver_steps: int = 6
    report_steps: int = 3
    rounds: int = 2
    """How often the work may go through the phases, the first time included."""
    limits: Limits = field(default_factory=Limits)


_RANGES: Mapping[str, tuple[float, float]] = {
    "seed": (0, 2**32 - 1),
    "papers": (1, 50),
    "dialogue_turns": (1, 100),
    "preparation_turns": (1, 100),
    "solver_steps": (1, 1000),
    "report_steps": (1, 100),
    "rounds": (1, 20),
    "limits.seconds": (1, 7 * 24 * 3600),
    "limits.memory_mb": (64, 2**22),
    "limits.processes": (1, 65536),
    "limits.disk_mb": (1, 2**24),
}
_ABOUT: Mapping[str, str] = {
    "name": "what the project is called",
    "question": "the research question, in your own words",
    "seed": "the same seed, data and model give the same study",
    "data_file": 'your own table, e.g. "data/raw/penguins.csv"; empty: the agents choose a bundled data set',
    "target": "the column to predict in your table",
    "model": 'who thinks: "builtin" is the built-in researcher (rules, no network, no key)',
    "copilot": 'when you are asked: "off" never, "phase" at the end of each phase, "turn" before a turn takes effect',
    "papers": "papers that the literature review takes in",
    "dialogue_turns": "turns that plan and interpretation may talk for",
    "preparation_turns": "turns that the data preparation may take",
    "solver_steps": "steps of improving the experiment; half as many when the work is sent back",
    "report_steps": "steps of improving the report",
    "rounds": "times that the work may go through the phases; more than 1 lets the refinement send it back",
    "limits.seconds": "wall time of one program",
    "limits.memory_mb": "memory",
    "limits.processes": "processes and threads",
    "limits.disk_mb": "what it may write",
}


def read_settings(text: str, source: str) -> Settings:
    """Read the text of a `lab.toml`; `source` is the file's name in errors. Raises SettingsError."""
    return _Reader(text, source).settings()


def settings_text(
    question: str,
    *,
    name: str,
    seed: int = 0,
    data_file: str = "",
    target: str = "",
    model: str = "builtin",
    copilot: str = "off",
) -> str:
    """Write a commented `lab.toml`; raises SettingsError when a value is not one that `read_settings` takes."""
    given = {"name": _one_line(name), "question": clean(question).strip(), "seed": seed, "data_file": data_file}
    given |= {"target": target, "model": _one_line(model), "copilot": copilot}
    values = {key: given.get(key, default) for key, default in _defaults(Settings).items() if key != "limits"}
    lines = [
        "# What this project is about and how labtop works on it. Every key is explained; unknown keys are errors."
    ]
    lines += [f"\n# {_ABOUT[key]}\n{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    lines += ["\n# What one program of an experiment may use.\n[limits]"]
    lines += [f"{key} = {value}  # {_ABOUT[f'limits.{key}']}" for key, value in _defaults(Limits).items()]
    text = "\n".join(lines) + "\n"
    read_settings(text, "lab.toml")
    return text


def _defaults(of: type[Settings] | type[Limits]) -> dict[str, Any]:
    return {one.name: "" if one.name in ("name", "question") else one.default for one in fields(of)}


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())


class _Reader:
    """Checks one file key by key."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source

    def settings(self) -> Settings:
        if len(self.text) > LARGEST_FILE:
            raise SettingsError(f"{self.source} is longer than {LARGEST_FILE} characters.", "Keep only the settings.")
        table = self._parsed()
        known = [one.name for one in fields(Settings)]
        values = {key: self._value(key, value, known) for key, value in table.items() if key != "limits"}
        if "limits" in table:
            values["limits"] = self._limits(table["limits"])
        for key in ("name", "question"):
            if not values.get(key):
                raise self._error(key, "is missing or empty", f'Add a line such as {key} = "…".', key in table)
        return Settings(**values)

    def _parsed(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.text)
        except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
            raise SettingsError(f"{self.source} is not valid TOML: {error}.", "Correct that line.") from error

    def _limits(self, table: object) -> Limits:
        if not isinstance(table, dict):
            raise self._error("limits", "must be a table", "Write [limits] on a line of its own.")
        known = [f"limits.{one.name}" for one in fields(Limits)]
        return Limits(**{key: self._value(f"limits.{key}", value, known) for key, value in table.items()})

    def _value(self, key: str, value: object, known: list[str]) -> Any:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else f"Known keys: {', '.join(known)}."
            raise self._error(key, "is not a setting", hint)
        if key in _RANGES:
            return self._number(key, value)
        if not isinstance(value, str):
            raise self._error(key, "must be text in quotes", f"It is {type(value).__name__} {_shown(value)}.")
        if key == "copilot":
            return self._copilot(value)
        if key in ("data_file", "target"):
            return self._plain(key, value)
        return clean(value).strip() if key == "question" else _one_line(value)

    def _number(self, key: str, value: object) -> float | int:
        low, high = _RANGES[key]
        real = key == "limits.seconds"
        kind = "a number" if real else "a whole number"
        if isinstance(value, bool) or not isinstance(value, int | float if real else int):
            raise self._error(key, f"must be {kind}", f"It is {_shown(value)}.")
        if not low <= value <= high:
            raise self._error(key, f"must be {kind} from {low} to {high}", f"It is {_shown(value)}.")
        return float(value) if real else value

    def _copilot(self, value: str) -> Copilot:
        if value not in list(Copilot):
            raise self._error("copilot", f"must be one of {', '.join(Copilot)}", f"It is {_shown(value)}.")
        return Copilot(value)

    def _plain(self, key: str, value: str) -> str:
        if not value.isprintable():
            raise self._error(key, "holds characters that cannot be shown", "Rename the file or the column.")
        path = PurePosixPath(value)
        if key == "data_file" and (path.is_absolute() or ".." in path.parts):
            raise self._error(key, "must be a path inside the project", "Copy the file to data/raw/ and name that.")
        return value

    def _error(self, key: str, problem: str, hint: str, present: bool = True) -> SettingsError:
        line = _line_of(self.text, key.split(".")) if present else 0
        return SettingsError(f"{self.source}{f', line {line}' if line else ''}: {key} {problem}.", hint)


def _shown(value: object) -> str:
    if isinstance(value, int) and abs(value) > 10**20:
        return "far too large"
    text = _one_line(repr(value))
    return text if len(text) <= 40 else text[:39] + "…"


def _line_of(text: str, path: list[str]) -> int:
    """Find the line (from 1) on which a key is set: the first after the last beginning of the file that lacks it."""
    lines = text.splitlines(keepends=True)
    start = 0
    for end in range(len(lines) + 1):
        try:
            table: object = tomllib.loads("".join(lines[:end]))
        except (tomllib.TOMLDecodeError, RecursionError, ValueError):
            continue
        for key in path:
            table = table.get(key) if isinstance(table, dict) else None
        if table is not None:
            return start + 1
        start = end
    return 0
