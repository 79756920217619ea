"""What a person has set for the app on this machine: `~/.config/labtop/app.toml`.

It is read before the first frame, so nothing is imported for it while there is no such file.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from core.clean import clean
from core.errors import SettingsError
from core.places import config_folder, write_privately

LARGEST_FILE = 64_000
"""Bytes that are read of a settings file."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """How the app looks and behaves for this person, in all projects."""

    theme: str = ""
    """A name of `tui.themes`; empty: dark, or the terminal's own sixteen colours where it has no more."""
    mouse: bool = True
    notify: bool = True
    """Whether the terminal rings and notifies when a person is needed."""
    slow_link: bool = False
    """Whether less is to be written to the terminal: fewer frames, and a reply that grows by larger steps."""
    private: bool = False
    """Whether what is typed into the input line is forgotten when the app ends."""


def preferences_path() -> Path:
    """The user's `app.toml`."""
    return config_folder() / "app.toml"


def read_preferences() -> tuple[Preferences, str]:
    """The preferences, and what is wrong with the file in words; what is wrong is left at its default."""
    path = preferences_path()
    try:
        data = path.read_bytes()[:LARGEST_FILE]
    except FileNotFoundError:
        return Preferences(), ""
    except OSError as error:
        return Preferences(), f"{path} cannot be read: {error}"
    return parsed(data, str(path))


def parsed(data: bytes, source: str) -> tuple[Preferences, str]:
    """The preferences in the text of an `app.toml`; `source` is the file's name in what is said of it."""
    import tomllib

    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        return Preferences(), f"{source} is not valid TOML: {error}"
    known = {one.name: type(one.default) for one in fields(Preferences)}
    good: dict[str, Any] = {}
    wrong = []
    for key, value in table.items():
        if key not in known:
            wrong.append(f"{clean(key)[:40]} is not a setting (known: {', '.join(known)})")
        elif not isinstance(value, known[key]):
            wrong.append(f"{key} must be {'true or false' if known[key] is bool else 'text in quotes'}")
        else:
            good[key] = value
    return Preferences(**good), f"{source}: {'; '.join(wrong)}" if wrong else ""


def save_preference(key: str, value: str | bool) -> Path:
    """Write one preference, comments and all else kept; returns the file. Raises SettingsError."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    path = preferences_path()
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        document = tomlkit.parse(text)
        document[key] = value
        write_privately(path, tomlkit.dumps(document))
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise SettingsError(f"{path} cannot be written: {error}.", "It is kept until you leave the app.") from error
    return path
