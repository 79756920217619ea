"""The review form is read strictly and weighed as the paper weighs it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from core.brief import Review
from core.commands import Malformed
from core.review.form import (
    REVIEW_JSON_SCHEMA,
    REVIEW_SCHEMA,
    parse_review,
    review_json,
    review_score,
    reviews_from_json,
)

BEST = Review("reviewer-1", "Sum.", ("s",), (), ("q?",), ("l",), False, 4, 4, 4, 4, 4, 4, 4, 10, 5, "Accept")


def form_with(**changes: Any) -> str:
    form = {**asdict(BEST), **changes}
    del form["reviewer"]
    return json.dumps(form)


def test_a_filled_form_is_read_and_reads_back() -> None:
    assert parse_review(form_with(), "reviewer-1") == BEST
    assert parse_review(review_json(BEST), "reviewer-1") == BEST
    other = replace(BEST, reviewer="reviewer-2", overall=3)
    assert reviews_from_json([review_json(BEST), "torn {", review_json(other), "[1]"]) == (BEST, other)


def test_the_json_schema_asks_for_the_very_form_that_is_read() -> None:
    form = json.loads(form_with())
    kinds = {"string": str, "array": list, "boolean": bool, "integer": int}
    assert list(form) == list(REVIEW_JSON_SCHEMA["properties"]) == REVIEW_JSON_SCHEMA["required"]
    for name, wanted in REVIEW_JSON_SCHEMA["properties"].items():
        assert isinstance(form[name], kinds[wanted["type"]])
        if wanted["type"] == "integer":
            assert isinstance(parse_review(form_with(**{name: wanted["maximum"]}), "reviewer-1"), Review)
            assert isinstance(parse_review(form_with(**{name: wanted["maximum"] + 1}), "reviewer-1"), Malformed)
            assert isinstance(parse_review(form_with(**{name: wanted["minimum"] - 1}), "reviewer-1"), Malformed)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (form_with(overall=11), "overall"),
        (form_with(overall=0), "overall"),
        (form_with(clarity=5), "clarity"),
        (form_with(clarity=3.5), "clarity"),
        (form_with(clarity="3"), "clarity"),
        (form_with(clarity=True), "clarity"),
        (form_with(confidence=6), "confidence"),
        (form_with(strengths="much"), "strengths"),
        (form_with(strengths=[1]), "strengths"),
        (form_with(summary=""), "summary"),
        (form_with(ethical_concerns="no"), "ethical_concerns"),
        (form_with(decision="Maybe"), "decision"),
        (form_with(score=95), "'score' is not a field"),
        (form_with()[:-1] + ', "overall": 10}', "twice"),
        (form_with().replace('"overall": 10', '"overall": NaN'), "NaN"),
        ('{"summary": "x"}', "lacks strengths"),
        ("[]", "JSON object"),
        ("not JSON", "REVIEW"),
        ("[" * 100_000, "REVIEW"),
        ('{"command": "run", "command": "delete", "n": NaN,}', "REVIEW"),
    ],
)
def test_a_form_with_a_fault_is_malformed_with_the_form_shown(text: str, problem: str) -> None:
    answer = parse_review(text, "reviewer-1")
    assert isinstance(answer, Malformed)
    assert problem in answer.problem
    assert REVIEW_SCHEMA in answer.form


def test_texts_of_a_form_are_safe_to_show() -> None:
    review = parse_review(form_with(summary="a\x1b]0;x\x07b", strengths=["\ud800", "\u202egood"]), "reviewer-1")
    assert isinstance(review, Review)
    assert review.summary == "ab"
    assert review.strengths == ("good",)


def test_the_score_is_the_weighted_share_of_the_highest_grades() -> None:
    assert review_score(BEST) == pytest.approx(1.0)
    middle = replace(BEST, overall=5, contribution=2, presentation=1)
    assert review_score(middle) == pytest.approx((0.5 + 0.2 + 0.05 + 0.6) / 2.2)
    assert review_score(replace(BEST, overall=9)) < 1
