"""Frozen dataclasses made again from the JSON that `asdict` wrote of them; what does not fit is refused in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from core.errors import LabError

T = TypeVar("T")


class NotUnderstood(LabError):
    """A message from outside is not one that this version knows."""

    title = "Not understood"


def from_json(kind: type[T], told: object) -> T:
    """The dataclass that `asdict` told of, every field checked against its annotation; raises NotUnderstood."""
    if not isinstance(told, Mapping):
        raise NotUnderstood(f"{kind.__name__} must be an object, and it is {_shown(told)}.")
    hints = _hints(kind)  # type: ignore[arg-type]  # mypy takes the instances' hash for the class's
    unknown = sorted(set(told) - set(hints))
    if unknown:
        raise NotUnderstood(f"{kind.__name__} has no field {_shown(unknown[0])}.")
    for one in fields(kind):  # type: ignore[arg-type]  # T is a dataclass, which no bound can say
        if one.name not in told and one.default is MISSING and one.default_factory is MISSING:
            raise NotUnderstood(f"{kind.__name__} lacks its field {one.name!r}.")
    return kind(**{name: _value(hints[name], value, f"{kind.__name__}.{name}") for name, value in told.items()})


def tagged_from_json(kinds: Mapping[str, type[T]], tag: str, told: object) -> T:
    """One of several dataclasses, by its name under `tag`; raises NotUnderstood."""
    if not isinstance(told, Mapping):
        raise NotUnderstood(f"A message with its kind under {tag!r} is wanted, and this is {_shown(told)}.")
    name = told.get(tag)
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise NotUnderstood(f"There is no {tag} {_shown(name)}.", f"Known: {', '.join(sorted(kinds))}.")
    return from_json(kind, {key: value for key, value in told.items() if key != tag})


@cache
def _hints(kind: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _value(kind: Any, told: object, where: str) -> Any:
    origin = get_origin(kind)
    if kind is Any:
        return told
    if origin in (Union, UnionType):
        return _one_of(get_args(kind), told, where)
    if origin is tuple and isinstance(told, list | tuple):
        inner = get_args(kind)[0]
        return tuple(_value(inner, one, where) for one in told)
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(told, Mapping):
        key, value = get_args(kind)
        return {_value(key, k, where): _value(value, v, where) for k, v in told.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        return from_json(kind, told)
    return _plain(kind, told, where)


def _one_of(kinds: tuple[Any, ...], told: object, where: str) -> Any:
    if told is None and NoneType in kinds:
        return None
    refusal = NotUnderstood(f"{where} cannot be {_shown(told)}.")
    for kind in kinds:
        if kind is not NoneType:
            try:
                return _value(kind, told, where)
            except NotUnderstood as error:
                refusal = error
    raise refusal


def _plain(kind: Any, told: object, where: str) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(told)
        except ValueError as error:
            raise NotUnderstood(f"{where} cannot be {_shown(told)}.") from error
    if kind is float and isinstance(told, int) and not isinstance(told, bool):
        return float(told) if abs(told) < 2**53 else _refuse(where, told)
    if kind in (str, int, float, bool) and type(told) is kind:
        return told
    if isinstance(told, str) and kind is str:  # a word of an enumeration that has not been through JSON
        return str(told)
    return _refuse(where, told)


def _refuse(where: str, told: object) -> Any:
    raise NotUnderstood(f"{where} cannot be {_shown(told)}.")


def _shown(told: object) -> str:
    try:
        text = repr(told)
    except ValueError:  # an integer of more digits than Python writes
        return "far too large"
    return text if len(text) <= 40 else text[:39] + "…"
