"""Where a server's key is found: the environment, an `.env` file of the user, the keyring. Never in a project."""

from __future__ import annotations

import importlib
import os
import stat
from pathlib import Path
from typing import Any

from core.errors import SettingsError
from core.models.named import Named
from core.places import config_folder

SERVICE = "labtop"
"""The service that keys are kept under in the keyring; the user name there is the variable's name."""
_LARGEST_FILE = 64_000


def key_for(named: Named) -> str | None:
    """The key of a model's server, or None when it has none; raises SettingsError when one is kept unsafely.

    May ask the desktop's keyring, which can take seconds: call it in a thread.
    """
    if not named.key_env:
        return None
    found = os.environ.get(named.key_env, "").strip()
    for folder in _folders() if not found else ():
        found = _from_file(folder / ".env", named.key_env)
        if found:
            break
    found = found or _from_keyring(named.key_env)
    if found and not (found.isascii() and found.isprintable() and " " not in found):
        raise SettingsError(
            f"The value of {named.key_env} holds characters that no key has.", "Set it anew, without quotes or spaces."
        )
    return found or None


def _folders() -> list[Path]:
    """The user's own folder, then the current one unless it lies in a project."""
    here = Path.cwd()
    in_project = any((folder / "lab.toml").exists() for folder in (here, *here.parents))
    return [config_folder()] if in_project else [config_folder(), here]


def _from_file(path: Path, variable: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            mode = os.fstat(file.fileno()).st_mode
            lines = file.read(_LARGEST_FILE).splitlines()
    except OSError:
        return ""  # no such file, or none that the user may read: there is no key in it
    for line in lines:
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not equals or name.strip() != variable:
            continue
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SettingsError(
                f"{path} holds {variable} and can be read by others, so it is not used.", f"Run: chmod 600 {path}"
            )
        return _unquoted(value.strip())
    return ""


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1].strip()
    return value.partition(" #")[0].strip()


def _from_keyring(variable: str) -> str:
    try:
        keyring: Any = importlib.import_module("keyring")
        errors: Any = importlib.import_module("keyring.errors")
    except ImportError:
        return ""  # keyring is not installed
    try:
        return str(keyring.get_password(SERVICE, variable) or "").strip()
    except (errors.KeyringError, OSError, RuntimeError):
        return ""  # a keyring that is locked or not there holds no key for us
