"""`lab.toml` as frozen values; what is not understood is an error that names the file, the line and the key."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from core.clean import clean
from core.errors import SettingsError
from core.record import Agent, Phase

LARGEST_FILE = 16_000
"""Characters that a `lab.toml` may have."""


class Copilot(StrEnum):
    """How often the person is asked."""

    OFF = "off"
    NOTIFY = "notify"  # told of a phase's result; the run goes on
    PHASE = "phase"  # asked about a phase's result
    TURN = "turn"  # asked about every reply


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use: seconds of wall time, MB of memory, processes, MB written to disk."""

    seconds: float = 600.0
    memory_mb: int = 4096
    processes: int = 256
    disk_mb: int = 2048


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent: US dollars, tokens (prompt and reply), hours of models and programs at work; 0 is no cap."""

    money: float = 10.0
    tokens: int = 0
    hours: float = 0.0
    phase_money: float = 0.0
    phase_tokens: int = 0
    phase_hours: float = 0.0
    turn_money: float = 0.0
    turn_tokens: int = 0
    turn_hours: float = 0.0


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
    language: str = "English"
    """What the agents speak and write the report in."""
    library: str = ""
    """The person's own folder of PDFs and `.bib` files; empty when there is none."""
    arxiv: bool = True
    """Whether arXiv is searched."""
    hub: bool = True
    """Whether the Hugging Face Hub is searched, and data sets are fetched from it."""
    hub_mb: int = 1000
    """The largest data set that is fetched without asking, in MB."""
    papers: int = 5
    """Papers that the literature review wants."""
    dialogue_turns: int = 6
    preparation_turns: int = 12
    solver_steps: int = 6
    report_steps: int = 3
    rounds: int = 2
    """How often the work may go through the phases, the first time included."""
    prompt_tokens: int = 16_000
    """Tokens that one prompt may have; beyond, the oldest outcomes are condensed."""
    stuck_turns: int = 20
    """Turns of a phase without an accepted step after which the run pauses."""
    stuck_money: float = 2.0
    """US dollars spent in a phase without an accepted step after which the run pauses."""
    limits: Limits = field(default_factory=Limits)
    budget: Budget = field(default_factory=Budget)
    models: Mapping[str, str] = field(default_factory=dict)
    """Models by phase (`running-experiments`) or role (`judge`, `reviewer`) where they differ from `model`."""
    copilot_phases: Mapping[Phase, Copilot] = field(default_factory=dict)
    """How often the person is asked in the phases where that differs from `copilot`."""

    def copilot_in(self, phase: Phase) -> Copilot:
        """How often the person is asked in a phase."""
        return self.copilot_phases.get(phase, self.copilot)


MODEL_PLACES = (*(phase.value for phase in Phase), *(agent.value for agent in Agent if agent.speaks), "reviewer")
"""What `[models]` may name: phases, roles, and `reviewer` for all three reviewers."""
_TABLES = ("limits", "budget", "models", "copilot_phases")
_RANGES: Mapping[str, tuple[float, float]] = {
    "seed": (0, 2**32 - 1),
    "papers": (1, 50),
    "dialogue_turns": (1, 100),
    "preparation_turns": (1, 100),
    "solver_steps": (1, 1000),
    "report_steps": (1, 100),
    "rounds": (1, 20),
    "hub_mb": (1, 2**22),
    "prompt_tokens": (2000, 2_000_000),
    "stuck_turns": (3, 1000),
    "stuck_money": (0, 1e6),
    "budget.money": (0, 1e6),
    "budget.tokens": (0, 10**12),
    "budget.hours": (0, 1e5),
    "budget.phase_money": (0, 1e6),
    "budget.phase_tokens": (0, 10**12),
    "budget.phase_hours": (0, 1e5),
    "budget.turn_money": (0, 1e6),
    "budget.turn_tokens": (0, 10**12),
    "budget.turn_hours": (0, 1e5),
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
    "model": 'who thinks: "builtin" is the built-in researcher (rules, no network, no key), or the name of '
    "a model of yours (see `labtop models`)",
    "copilot": 'when you are asked: "off" never, "notify" never, but told at the end of each phase, "phase" at the end '
    'of each phase, "turn" before a turn takes effect',
    "language": "what the agents speak and write the report in",
    "library": 'your own folder of PDFs and .bib files, searched first, e.g. "~/papers"',
    "arxiv": "whether arXiv is searched (the built-in researcher does without)",
    "hub": "whether the Hugging Face Hub is searched and data sets are fetched from it",
    "hub_mb": "the largest data set that is fetched without asking, in MB",
    "papers": "papers that the literature review takes in",
    "dialogue_turns": "turns that plan and interpretation may talk for",
    "preparation_turns": "turns that the data preparation may take",
    "solver_steps": "steps of improving the experiment; half as many when the work is sent back",
    "report_steps": "steps of improving the report",
    "rounds": "times that the work may go through the phases; more than 1 lets the refinement send it back",
    "prompt_tokens": "tokens that one prompt may have; the oldest outcomes are condensed beyond",
    "stuck_turns": "turns of a phase without an accepted step after which the run pauses and says why",
    "stuck_money": "US dollars without an accepted step after which the run pauses; 0 for no such limit",
    "budget.money": "US dollars, the whole project",
    "budget.tokens": "prompt and reply together",
    "budget.hours": "models and programs at work",
    "budget.phase_money": "each phase",
    "budget.phase_tokens": "each phase",
    "budget.phase_hours": "each phase",
    "budget.turn_money": "each turn",
    "budget.turn_tokens": "each turn",
    "budget.turn_hours": "each turn",
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
    values = {key: given.get(key, default) for key, default in _defaults(Settings).items() if key not in _TABLES}
    lines = [
        "# What this project is about and how labtop works on it. Every key is explained; unknown keys are errors."
    ]
    lines += [f"\n# {_ABOUT[key]}\n{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    lines += ["\n# What one program of an experiment may use.\n[limits]"]
    lines += [f"{key} = {value}  # {_ABOUT[f'limits.{key}']}" for key, value in _defaults(Limits).items()]
    lines += [
        "\n# What may be spent; a call that might pass a cap is not made, the run waits for you. 0 is no cap.\n[budget]"
    ]
    lines += [f"{key} = {value}  # {_ABOUT[f'budget.{key}']}" for key, value in _defaults(Budget).items()]
    lines += ["\n# Phases in which you are asked more or less often than `copilot` says (running-experiments = …)."]
    lines += ["[copilot_phases]"]
    lines += ["\n# Other models for a phase (running-experiments = …) or a role (judge = …, reviewer = …).\n[models]"]
    text = "\n".join(lines) + "\n"
    read_settings(text, "lab.toml")
    return text


def _defaults(of: type[Settings] | type[Limits] | type[Budget]) -> dict[str, Any]:
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
        values = {key: self._value(key, value, known) for key, value in table.items() if key not in _TABLES}
        if "limits" in table:
            values["limits"] = Limits(**self._numbers("limits", table["limits"], Limits))
        if "budget" in table:
            values["budget"] = Budget(**self._numbers("budget", table["budget"], Budget))
        if "models" in table:
            values["models"] = self._models(table["models"])
        if "copilot_phases" in table:
            values["copilot_phases"] = self._copilot_phases(table["copilot_phases"])
        for key in ("name", "question"):
            if not values.get(key):
                raise self._error(key, "is missing or empty", f'Add a line such as {key} = "…".', key in table)
        return Settings(**values)

    def _parsed(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.text)
        except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
            raise SettingsError(f"{self.source} is not valid TOML: {error}.", "Correct that line.") from error

    def _numbers(self, name: str, table: object, of: type[Limits] | type[Budget]) -> dict[str, Any]:
        known = [f"{name}.{one.name}" for one in fields(of)]
        return {key: self._value(f"{name}.{key}", value, known) for key, value in self._table(name, table).items()}

    def _models(self, table: object) -> dict[str, str]:
        found = {}
        for key, value in self._table("models", table).items():
            self._known(f"models.{key}", MODEL_PLACES, "is neither a phase nor a role")
            if not isinstance(value, str) or not value.strip():
                raise self._error(f"models.{key}", "must be the name of a model in quotes", f"It is {_shown(value)}.")
            found[key] = _one_line(value)
        return found

    def _copilot_phases(self, table: object) -> dict[Phase, Copilot]:
        found = {}
        for key, value in self._table("copilot_phases", table).items():
            self._known(f"copilot_phases.{key}", tuple(Phase), "is no phase")
            found[Phase(key)] = self._copilot(f"copilot_phases.{key}", value)
        return found

    def _known(self, key: str, known: Sequence[str], problem: str) -> None:
        """Raise SettingsError when the last part of `key` is not one of `known`."""
        name = key.partition(".")[2]
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            raise self._error(key, problem, f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}.")

    def _table(self, name: str, table: object) -> dict[str, Any]:
        if not isinstance(table, dict):
            raise self._error(name, "must be a table", f"Write [{name}] on a line of its own.")
        return table

    def _value(self, key: str, value: object, known: list[str]) -> Any:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else f"Known keys: {', '.join(known)}."
            raise self._error(key, "is not a setting", hint)
        if key in _RANGES:
            return self._number(key, value)
        if key in ("arxiv", "hub"):
            if not isinstance(value, bool):
                raise self._error(key, "must be true or false", f"It is {_shown(value)}.")
            return value
        if not isinstance(value, str):
            raise self._error(key, "must be text in quotes", f"It is {type(value).__name__} {_shown(value)}.")
        if key == "copilot":
            return self._copilot(key, value)
        if key == "language" and not value.strip():
            raise self._error(key, "is empty", 'Name a language, e.g. "English".')
        if key in ("data_file", "target", "library"):
            return self._plain(key, value)
        return clean(value).strip() if key == "question" else _one_line(value)

    def _number(self, key: str, value: object) -> float | int:
        low, high = _RANGES[key]
        real = key == "limits.seconds" or key.endswith(("money", "hours"))
        kind = "a number" if real else "a whole number"
        if isinstance(value, bool) or not isinstance(value, int | float if real else int):
            raise self._error(key, f"must be {kind}", f"It is {_shown(value)}.")
        if not low <= value <= high:
            raise self._error(key, f"must be {kind} from {low} to {high}", f"It is {_shown(value)}.")
        return float(value) if real else value

    def _copilot(self, key: str, value: object) -> Copilot:
        if not isinstance(value, str) or value not in list(Copilot):
            raise self._error(key, f"must be one of {', '.join(Copilot)}", f"It is {_shown(value)}.")
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
