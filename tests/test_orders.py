"""Events and orders come back from their JSON as they were; what is none is refused in words."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import Event, State, Steered, TurnCommitted, as_json, event_from_json
from core.gate import Approve, Verdict
from core.orders import Answer, Go, Order, Travel, Way, order_from_json, order_json
from core.record import Cost, Phase, Score, Turn
from core.settings import Copilot
from core.values import NotUnderstood

finite = st.floats(allow_nan=False, allow_infinity=False)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
st.register_type_strategy(float, finite)
st.register_type_strategy(str, text)
modes = st.dictionaries(st.sampled_from(Phase), st.sampled_from(Copilot))
st.register_type_strategy(
    Steered, st.builds(Steered, st.sampled_from(State), text, modes, st.lists(text, max_size=3).map(tuple))
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


def through_json(told: dict[str, Any]) -> Any:
    return json.loads(json.dumps(told, ensure_ascii=False))


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_every_event_comes_back_as_it_was(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(st.from_type(kind))
    assert event_from_json(through_json(as_json(event))) == event


@pytest.mark.parametrize("kind", get_args(Order), ids=lambda kind: kind.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_every_order_comes_back_as_it_was(kind: type[Order], data: st.DataObject) -> None:
    order = data.draw(st.from_type(kind))
    assert order_from_json(through_json(order_json(order))) == order


@pytest.mark.parametrize("kind", get_args(Verdict), ids=lambda kind: kind.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_every_verdict_comes_back_as_it_was(kind: type[Verdict], data: st.DataObject) -> None:
    answer = Answer(data.draw(st.from_type(kind)))
    assert order_from_json(through_json(order_json(answer))) == answer


@settings(max_examples=40)
@given(told=ANYTHING)
def test_what_is_no_message_is_refused_in_words(told: object) -> None:
    for read in (event_from_json, order_from_json):
        with pytest.raises(NotUnderstood):
            read(told)


@pytest.mark.parametrize("kind", [*get_args(Event), *get_args(Order)], ids=lambda kind: kind.__name__)
@settings(max_examples=40)
@given(data=st.data(), junk=ANYTHING)
def test_a_field_of_another_sort_is_refused_or_taken_as_it_is_meant(kind: type, data: st.DataObject, junk: Any) -> None:
    value = data.draw(st.from_type(kind))
    is_event = kind in get_args(Event)
    told = through_json(as_json(value) if is_event else order_json(value))
    name = data.draw(st.sampled_from(sorted(told)))
    try:
        again = (event_from_json if is_event else order_from_json)(told | {name: junk})
    except NotUnderstood:
        return
    assert isinstance(again, kind)


@pytest.mark.parametrize(
    "told",
    [
        {"order": "Fly"},
        {"order": 7},
        {"order": "Go", "fast": True},
        {"order": "Pause", "reason": 5},
        {"order": "StopAfter"},
        {"order": "StopAfter", "phase": "lunch"},
        {"order": "StopAt", "money": True},
        {"order": "StopAt", "money": 10**400},
        {"order": "Answer", "verdict": {"verdict": "Shrug"}},
        {"order": "Answer", "verdict": {"verdict": "Decline", "reason": None}},
        {"order": "Answer", "verdict": {"verdict": "Approve"}, "loud": True},
        {"order": "Travel", "kind": "teleport"},
        {"order": "Travel", "kind": "rollback", "rev": "\ud800"},
        {"order": "Answer", "verdict": {"verdict": "Decline", "reason": "half a \udfff character"}},
    ],
)
def test_these_are_no_orders(told: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstood):
        order_from_json(told)


def test_what_was_left_out_has_its_default() -> None:
    assert order_from_json({"order": "Go"}) == Go()
    assert order_from_json({"order": "Travel", "kind": "undo"}) == Travel(Way.UNDO)
    assert order_from_json({"order": "Answer", "verdict": {"verdict": "Approve"}}) == Answer(Approve())


@settings(max_examples=40)
@given(turn=st.from_type(Turn), cost=st.from_type(Cost), score=st.from_type(Score))
def test_a_committed_turn_comes_back_with_its_cost_and_score(turn: Turn, cost: Cost, score: Score) -> None:
    from dataclasses import replace

    event = TurnCommitted(replace(turn, cost=cost, score=score), "c0ffee")
    assert event_from_json(through_json(as_json(event))) == event
