from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sandbox.metrics import MetricsError, read_metrics

GOOD = {"metric": "accuracy", "value": 0.93}


def test_a_measurement_is_read_with_all_it_holds() -> None:
    text = '{"metric": "accuracy", "value": 0.93, "results": [{"mean": 1, "scores": [0.1, 2e-3]}], "note": null}'
    assert read_metrics(text.encode()) == {**json.loads(text), "higher_is_better": True}
    assert read_metrics(b'{"metric": "rmse", "value": 12, "higher_is_better": false}')["higher_is_better"] is False


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"metric": "accuracy", "value": NaN}', "it holds NaN"),
        ('{"metric": "loss", "value": 1, "x": -Infinity}', "it holds -Infinity"),
        ('{"metric": "loss", "value": 1e999}', "it holds 1e999"),
        ('{"metric": "loss", "value": ' + "9" * 5000 + "}", "5000 digits"),
        ("[" * 100_000, "nested too deeply"),
        ('{"metric": "m", "value": 1, "x": ' + "[" * 40 + "]" * 40 + "}", "nested more than"),
        ('{"metric": "m", "value": 1, "value": 2}', "'value' twice"),
        ('{"metric": "m", "value": 1, "x": {"a": 1, "a": 1}}', "'a' twice"),
        ('{"metric": "m", "value": true}', '"value" must be a number'),
        ('{"metric": "m", "value": "0.9"}', '"value" must be a number'),
        ('{"metric": "m"}', '"value" is missing'),
        ('{"value": 1}', '"metric" must be'),
        ('{"metric": "", "value": 1}', '"metric" must be'),
        ('{"metric": "\\u001b]0;x", "value": 1}', '"metric" must be'),
        ('{"metric": "m", "value": 1, "higher_is_better": "yes"}', '"higher_is_better" must be'),
        ('{"metric": "accuracy", "value": 1.37}', "not between 0 and 1"),
        ('{"metric": "Balanced_Accuracy", "value": 97.3}', "not between 0 and 1"),
        ('{"metric": "R2", "value": 1.2}', "more than 1"),
        ("[1, 2]", "not a JSON object"),
        ("", "not JSON"),
        ('{"metric": "m",\n "value": }', "line 2, column 11"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    with pytest.raises(MetricsError) as caught:
        read_metrics(text.encode())
    assert problem in str(caught.value)


def test_other_bytes_are_refused() -> None:
    with pytest.raises(MetricsError, match="not UTF-8"):
        read_metrics(b'{"metric": "\xff"}')
    with pytest.raises(MetricsError, match="bytes, more than"):
        read_metrics(b" " * (5 * 1024 * 1024))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON | st.dictionaries(st.sampled_from(["metric", "value", "higher_is_better", "x"]), JSON))
def test_whatever_it_is_it_is_read_or_refused(value: object) -> None:
    try:
        metrics = read_metrics(json.dumps(value).encode())
    except MetricsError:
        return
    assert math.isfinite(metrics["value"])
    assert isinstance(metrics["metric"], str)
    assert isinstance(metrics["higher_is_better"], bool)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_metrics(data)
    except MetricsError:
        return
