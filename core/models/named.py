"""The user's own models: `[models.NAME]` tables of `~/.config/labtop/config.toml` as frozen values.

They are read from the user's folder only. A project's `lab.toml` can name one but never describe one: a project that
could set `base_url` could send the user's key wherever it likes.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.clean import clean
from core.errors import SettingsError
from core.models.model import Price
from core.models.prices import is_loopback
from core.places import config_folder

LARGEST_FILE = 64_000
"""Characters that a `config.toml` may have."""
MOST_TOKENS = 8192
MOST_TOKENS_OF_THOUGHT = 32_768
"""Tokens that one reply may have when config.toml does not say: of an ordinary and of a reasoning model."""


@dataclass(frozen=True, slots=True)
class Named:
    """One model on one server. Times are in seconds."""

    name: str
    model: str
    base_url: str
    key_env: str = ""
    """The environment variable that holds the key; empty when the server wants none."""
    window: int = 0
    """Tokens that prompt and reply may have together; 0: the server is asked."""
    most_tokens: int = MOST_TOKENS
    reasoning: bool = False
    schema: bool | None = None
    """Whether the server is given the JSON schema of a reply; None (`"auto"`): until it refuses one."""
    price: Price | None = None
    free: bool = False
    connect_seconds: float = 5.0
    read_seconds: float = 120.0
    """How long the server may be silent."""
    deadline_seconds: float = 1800.0
    """How long one call may take in all."""

    @property
    def local(self) -> bool:
        """Whether the server is on this machine."""
        return is_loopback(self.base_url)


_RANGES = {
    "window": (0, 10**8),
    "most_tokens": (16, 10**7),
    "connect_seconds": (0.1, 600),
    "read_seconds": (1, 7200),
    "deadline_seconds": (1, 24 * 3600),
}
_KEYS = [one.name for one in fields(Named) if one.name != "name"]
_SECRET_LIKE = ("key", "api_key", "apikey", "token", "secret", "password")


def config_path() -> Path:
    """The user's `config.toml`."""
    return config_folder() / "config.toml"


def known_models() -> list[Named]:
    """The models of the user's `config.toml`, in its order; none when there is no such file. Raises SettingsError."""
    path = config_path()
    try:
        text = path.read_bytes()[: 4 * LARGEST_FILE].decode("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.", "Make it a readable UTF-8 file.") from error
    return list(read_named(text, str(path)).values())


def read_named(text: str, source: str) -> dict[str, Named]:
    """Read the text of a `config.toml`; `source` is the file's name in errors. Raises SettingsError."""
    if len(text) > LARGEST_FILE:
        raise SettingsError(f"{source} is longer than {LARGEST_FILE} characters.", "Keep only the settings.")
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise SettingsError(f"{source} is not valid TOML: {error}.", "Correct that line.") from error
    for key in table:
        if key != "models":
            raise SettingsError(
                f"{source}: {_shown(key)} is not a setting.", "Models are tables such as [models.NAME]."
            )
    models = table.get("models", {})
    if not isinstance(models, dict):
        raise SettingsError(f"{source}: models must be a table.", "Write [models.NAME] on a line of its own.")
    return {name: _Reader(name, values, source).named() for name, values in models.items()}


class _Reader:
    """Checks one `[models.NAME]` table key by key; no message repeats the value of what may be a key."""

    def __init__(self, name: str, values: object, source: str) -> None:
        self.name = name
        self.values = values
        self.source = source

    def named(self) -> Named:
        if self.name == "builtin" or not self.name.strip() or not self.name.isprintable():
            raise self._error("", "is a name that cannot be used", 'Choose another; "builtin" is the built-in one.')
        if not isinstance(self.values, dict):
            raise self._error("", "must be a table", f"Write [models.{self.name}] on a line of its own.")
        for key in self.values:
            self._known(key)
        for key in ("model", "base_url"):
            if key not in self.values:
                raise self._error(key, "is missing", f"Add a line such as {_EXAMPLES[key]}.")
        values = {key: self._value(key, value) for key, value in self.values.items()}
        if values.get("reasoning") and "most_tokens" not in values:
            values["most_tokens"] = MOST_TOKENS_OF_THOUGHT
        if is_loopback(values["base_url"]):  # a processor may read a long prompt for minutes before its first word
            values = {"read_seconds": 900.0, "deadline_seconds": 3600.0} | values
        if values.get("free") and "price" in values:
            raise self._error("price", "is set for a model that is free", "Keep one of the two.")
        return Named(name=self.name, **values)

    def _known(self, key: str) -> None:
        if key.lower() in _SECRET_LIKE:
            raise self._error(
                key,
                "does not belong into this file",
                'Set key_env = "NAME_OF_A_VARIABLE" and put the key into that environment variable or '
                f"{config_folder() / '.env'}.",
            )
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else f"Known keys: {', '.join(_KEYS)}."
            raise self._error(key, "is not a setting of a model", hint)

    def _value(self, key: str, value: Any) -> Any:
        match key:
            case "reasoning" | "free":
                return self._flag(key, value)
            case "schema":
                return None if value == "auto" else self._flag(key, value, 'true, false or "auto"')
            case "price":
                return self._price(value)
            case "base_url":
                return self._url(value)
            case "key_env":
                return self._variable(value)
            case "model":
                if not isinstance(value, str) or not value.strip() or not value.isprintable():
                    raise self._error(key, "must be the server's name of the model in quotes", _EXAMPLES[key])
                return value.strip()
        low, high = _RANGES[key]
        real = key.endswith("seconds")
        number = isinstance(value, int | float if real else int) and not isinstance(value, bool)
        if not number or not low <= value <= high:
            kind = "a number" if real else "a whole number"
            raise self._error(key, f"must be {kind} from {low} to {high}", f"It is {_shown(value)}.")
        return float(value) if real else value

    def _flag(self, key: str, value: object, choices: str = "true or false") -> bool:
        if not isinstance(value, bool):
            raise self._error(key, f"must be {choices}", f"It is {_shown(value)}.")
        return value

    def _price(self, value: object) -> Price:
        form = "Write price = {prompt = 2.5, cached = 1.25, completion = 10.0}, US dollars for a million tokens."
        if not isinstance(value, dict) or not {"prompt", "completion"} <= set(value) <= {
            "prompt",
            "cached",
            "completion",
        }:
            raise self._error("price", "is not understood", form)
        for number in value.values():
            if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1e6:
                raise self._error("price", "must hold numbers from 0 to 1000000", form)
        prompt = float(value["prompt"])
        return Price(prompt, float(value.get("cached", prompt)), float(value["completion"]))

    def _url(self, value: object) -> str:
        hint = f"Write it such as {_EXAMPLES['base_url']}."
        if not isinstance(value, str) or not value.isprintable() or " " in value:
            raise self._error("base_url", "must be an address in quotes", hint)
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError as error:
            raise self._error("base_url", "is not an address", hint) from error
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
            raise self._error("base_url", "must begin with http:// or https:// and name a host", hint)
        if parts.username is not None or parts.query or parts.fragment:
            raise self._error("base_url", "must hold no user, query or fragment: keys do not belong there", hint)
        return value.rstrip("/")

    def _variable(self, value: object) -> str:
        if not isinstance(value, str) or (value and not (value.isidentifier() and value.isascii())):
            # the value is not repeated: somebody may have put the key itself here
            raise self._error("key_env", "must be the name of an environment variable", _EXAMPLES["key_env"])
        return value

    def _error(self, key: str, problem: str, hint: str) -> SettingsError:
        where = f"models.{clean(self.name)}{f'.{clean(key)}' if key else ''}"
        return SettingsError(f"{self.source}: {where} {problem}.", hint)


_EXAMPLES = {
    "model": 'model = "gpt-4o-mini"',
    "base_url": 'base_url = "https://api.openai.com/v1"',
    "key_env": 'key_env = "OPENAI_API_KEY"',
}


def _shown(value: object) -> str:
    text = " ".join(clean(repr(value)).split())
    return text if len(text) <= 40 else text[:39] + "…"
