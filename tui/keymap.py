"""A person's own keys: `~/.config/labtop/keys.toml`, a line `action = ["key", …]` for each action that they move."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from core.clean import clean
from core.places import config_folder
from tui.keys import ACTIONS, Action, Scope, actions

if TYPE_CHECKING:
    from textual.app import App

LARGEST_FILE = 64_000
"""Bytes that are read of a keymap."""

_TOGETHER = (Scope.LABORATORY, Scope.WAITING, Scope.PANES)
SCREENS = (
    _TOGETHER,
    *((scope, Scope.PANES) for scope in (Scope.HISTORY, Scope.COMPARE)),
    *((scope,) for scope in (Scope.PICTURES, Scope.HOME)),
)
"""Scopes whose keys are at hand at the same time."""

FIXED = {"show_pane"}
"""What keeps its keys: the digits stand on the panes' tabs, and in what is said of them."""
FREE = {name: action for action in ACTIONS if action.id not in FIXED for name in action.named}
"""The actions whose keys can be moved, by name; one that goes several ways has a name for each."""

RESERVED = {"ctrl+q", "ctrl+c"}
"""The ways out that hold whatever has the focus."""

_NAMED = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)?)\}")
"""An action in a sentence."""

_SHOWN = {
    "escape": "esc",
    "plus": "+",
    "minus": "-",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}

Keymap = Mapping[str, tuple[str, ...]]
"""Keys by action, in Textual's names."""
USUAL: Keymap = MappingProxyType({})
"""That of who has moved none."""


def keymap_path() -> Path:
    """The user's `keys.toml`."""
    return config_folder() / "keys.toml"


def read_keymap() -> tuple[Keymap, list[str]]:
    """The person's keys, and what is wrong with the file, line by line; what is wrong keeps its usual keys."""
    path = keymap_path()
    try:
        data = path.read_bytes()[:LARGEST_FILE]
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [f"{path} cannot be read: {error}"]
    return parsed(data, path.name)


def parsed(data: bytes, source: str) -> tuple[Keymap, list[str]]:
    """The keys in the text of a `keys.toml`, and what is wrong in it."""
    import tomllib

    try:
        text = data.decode("utf-8")
        table = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        return {}, [f"{source} is not valid TOML: {error}"]
    keymap: dict[str, tuple[str, ...]] = {}
    wrong = []
    for name, value in _flat(table):
        keys, problem = _keys(name, value)
        if problem:
            wrong.append(f"{source}{_line(text, name)}: {problem}")
        else:
            keymap[name] = keys
    for name, problem in clashes(keymap):
        del keymap[name]
        wrong.append(f"{source}{_line(text, name)}: {problem}")
    return keymap, wrong


def clashes(keymap: Keymap) -> list[tuple[str, str]]:
    """What has to be left out so that no key means two things on one screen: the action, and why."""
    left = dict(keymap)
    found = []
    for name in reversed(list(keymap)):
        problem = next((words for scopes in SCREENS if (words := _clash(name, left, scopes))), "")
        if problem:
            del left[name]
            found.append((name, problem))
    return found


def remapped(registered: Iterable[Action], keymap: Keymap) -> list[Action]:
    """The actions with the person's keys in the place of the usual ones."""
    return [_moved(action, keymap) if keymap.keys() & action.named.keys() else action for action in registered]


def _moved(action: Action, keymap: Keymap) -> Action:
    named = {name: keymap.get(name, keys) for name, keys in action.named.items()}
    keys = tuple(key for some in named.values() for key in some)
    arguments = tuple(name.partition(".")[2] for name, some in named.items() for _ in some)
    seen = " ".join(map(shown, keys))
    return replace(action, keys=keys, shown=seen, arguments=arguments if action.arguments else ())


def shown(key: str) -> str:
    """A key as a person reads it, e.g. `^r` for `ctrl+r`."""
    if key.startswith("ctrl+"):
        return f"^{key.removeprefix('ctrl+')}"
    if key in _SHOWN:
        return _SHOWN[key]
    return _character(key) or key


def toml_list(keys: Iterable[str]) -> str:
    """Keys as a line of a keymap has them, e.g. `["{", "f5"]`."""
    words = (key if key == "quotation_mark" else _character(key) or key for key in keys)
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def _character(key: str) -> str:
    """The character that Textual's name of a key stands for; empty for a key that is none, or a blank."""
    from textual.keys import _character_to_key, key_to_character

    names = {_character_to_key(character): character for character in "+-/_@"}  # the reverse is lacking in Textual
    character = names.get(key) or key_to_character(key) or ""
    return character if character.isprintable() and not character.isspace() else ""


def for_textual(keymap: Keymap) -> dict[str, str]:
    """The keys as `App.set_keymap` takes them."""
    return {name: ",".join(keys) for name, keys in keymap.items()}


def _keys(name: str, value: Any) -> tuple[tuple[str, ...], str]:
    """The keys of one line, and what is wrong with it."""
    if name not in FREE:
        near = difflib.get_close_matches(name, FREE, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else "`labtop keys` lists them"
        return (), f"{clean(name)[:40]} is not an action whose keys can be changed: {hint}"
    listed = [value] if isinstance(value, str) else value
    if listed == [] and not FREE[name].named[name]:
        return (), ""  # as `labtop keys` writes an action that has none
    if not isinstance(listed, Sequence) or not listed or not all(isinstance(key, str) for key in listed):
        return (), f'{name} must be a key or a list of keys, e.g. {name} = ["ctrl+g"]'
    keys = tuple(map(textual_name, listed))
    unknown = next((given for given, key in zip(listed, keys, strict=True) if not key), None)
    if unknown is not None:
        return (), f'{name}: there is no key "{clean(unknown)[:40]}"; write a character, "f5", "ctrl+g", "pageup" …'
    return keys, ""


def textual_name(key: str) -> str:
    """What Textual calls a key that a person has written, e.g. `question_mark` for `?`; empty for no key."""
    from textual.keys import Keys, _character_to_key

    if len(key) == 1:
        return _character_to_key(key) if key.isprintable() else ""
    key = re.sub(r"^\^(?=.)", "ctrl+", key.strip())
    modifiers, _, name = key.rpartition("+")
    if modifiers and not set(modifiers.split("+")) <= {"ctrl", "alt", "shift"}:
        return ""
    known = key in {one.value for one in Keys} or bool(_character(name))
    return key if known and key not in RESERVED else ""


def own_keys(app: App[Any]) -> Keymap:
    """The keys that this person has moved."""
    keys: Keymap = getattr(app, "own_keys", {})
    return keys


def keyed(app: App[Any], words: str) -> str:
    """Words of ours in which `{undo}` stands for the key that this person has for it."""
    return named(words, own_keys(app))


def named(words: str, keymap: Keymap) -> str:
    """The same for the keys of a keymap; what comes from outside must not be among the words."""

    def key(found: re.Match[str]) -> str:
        name = found[1]
        return shown((keymap.get(name) or FREE[name].named[name])[0])

    return _NAMED.sub(key, words)


def at_hand(app: App[Any], *scopes: Scope) -> list[Action]:
    """The actions of some scopes, with this person's keys."""
    return remapped(actions(*scopes), own_keys(app))


def _clash(name: str, keymap: Keymap, scopes: tuple[Scope, ...]) -> str:
    own = FREE[name]
    if not set(own.scopes) & set(scopes):
        return ""
    taken = {
        key: other
        for action in actions(*scopes)
        if _meet(own, action)
        for other, usual in action.named.items()
        if other != name
        for key in keymap.get(other, usual)
    }
    key = next((key for key in keymap[name] if key in taken and key not in own.named[name]), None)
    return f'{name}: "{shown(key)}" is the key of {taken[key]} already' if key else ""


def _meet(one: Action, other: Action) -> bool:
    """Whether two actions of one screen can have the keys at the same time; those of different panes cannot."""
    return not one.panes or not other.panes or bool(set(one.panes) & set(other.panes))


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The lines of a keymap; TOML reads `hunk.next = "ü"` as a table of its own."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{way}", keys) for way, keys in value.items())
        else:
            yield name, value


def _line(text: str, name: str) -> str:
    """On which line an action is set, e.g. `, line 3`."""
    pattern = re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=")
    return next((f", line {number}" for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), "")
