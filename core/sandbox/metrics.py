"""A program's `results/metrics.json`, read as strictly as anything else that nobody has vouched for."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from core.errors import LabError

_LARGEST = 4 * 1024 * 1024
_DEEPEST = 32
_MOST_DIGITS = 18
_LONGEST_NAME = 80

_ZERO_TO_ONE = {"accuracy", "balanced accuracy", "precision", "recall", "f1", "f1 score", "macro f1", "micro f1",
                "roc auc", "auc", "average precision", "jaccard", "top 5 accuracy"}  # fmt: skip
_AT_MOST_ONE = {"r2", "r2 score", "explained variance", "matthews correlation"}


class MetricsError(LabError):
    """`results/metrics.json` does not hold a measurement that can be believed."""

    title = "Metrics"


def read_metrics(data: bytes) -> dict[str, Any]:
    """The measurement in the bytes of a `metrics.json`; MetricsError says what is wrong with it.

    It is a JSON object with `metric` (text), `value` (finite number) and perhaps `higher_is_better` (true when absent);
    all numbers in it are finite.
    """
    if len(data) > _LARGEST:
        _wrong(f"it has {len(data)} bytes, more than {_LARGEST}")
    try:
        metrics = json.loads(
            data.decode("utf-8"),
            parse_constant=lambda name: _wrong(f"it holds {name}, which is not a number"),
            parse_int=_integer,
            parse_float=_float,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        _wrong(f"it is not UTF-8 (byte {error.start})")
    except json.JSONDecodeError as error:
        _wrong(f"it is not JSON: {error.msg} in line {error.lineno}, column {error.colno}")
    except RecursionError:
        _wrong("it is nested too deeply")
    if not isinstance(metrics, dict):
        _wrong("it is not a JSON object")
    if _depth(metrics) > _DEEPEST:
        _wrong(f"it is nested more than {_DEEPEST} deep")
    _check(metrics)
    return {"higher_is_better": True, **metrics}


def _check(metrics: dict[str, Any]) -> None:
    name, value = metrics.get("metric"), metrics.get("value")
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        _wrong(f'"metric" must be the name of what was measured, a text of at most {_LONGEST_NAME} characters')
    if isinstance(value, bool) or not isinstance(value, int | float):
        _wrong('"value" must be a number' if "value" in metrics else '"value" is missing')
    if not isinstance(metrics.get("higher_is_better", True), bool):
        _wrong('"higher_is_better" must be true or false')
    plain = " ".join(name.lower().replace("_", " ").replace("-", " ").split())
    if plain in _ZERO_TO_ONE and not 0 <= value <= 1:
        _wrong(f"{name} is {value}, which is not between 0 and 1")
    if plain in _AT_MOST_ONE and value > 1:
        _wrong(f"{name} is {value}, which is more than 1")


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        _wrong(f"it holds a whole number of {len(text)} digits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _wrong(f"it holds {text[:20]}, which is not a finite number")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            _wrong(f"it holds {key[:40]!a} twice")
        found[key] = value
    return found


def _depth(value: Any) -> int:
    deepest, left = 0, [(value, 1)]
    while left:
        inner, depth = left.pop()
        deepest = max(deepest, depth)
        if isinstance(inner, dict | list):
            left += [(item, depth + 1) for item in (inner.values() if isinstance(inner, dict) else inner)]
    return deepest


def _wrong(problem: str) -> NoReturn:
    raise MetricsError(
        f"results/metrics.json cannot be used: {problem}.",
        'Write one JSON object with "metric" (text), "value" (finite number) and "higher_is_better" (true or false).',
    )
