"""The NeurIPS review form: what a reviewer fills in, checked strictly, and the score that it amounts to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from core.brief import Review
from core.clean import clean
from core.commands import Malformed

SCALES: Mapping[str, int] = {
    "originality": 4,
    "quality": 4,
    "clarity": 4,
    "significance": 4,
    "soundness": 4,
    "presentation": 4,
    "contribution": 4,
    "overall": 10,
    "confidence": 5,
}
"""The graded fields and the highest grade of each; the lowest is 1."""

_WEIGHTS: Mapping[str, float] = {
    "overall": 1.0,
    "contribution": 0.4,
    "presentation": 0.2,
    "soundness": 0.1,
    "confidence": 0.1,
    "originality": 0.1,
    "significance": 0.1,
    "clarity": 0.1,
    "quality": 0.1,
}
_LISTS = ("strengths", "weaknesses", "questions", "limitations")
_DECISIONS = ("Accept", "Reject")

REVIEW_SCHEMA = """{
 "summary": "text: what the paper does and finds, in your own words",
 "strengths": ["text", "..."],
 "weaknesses": ["text", "..."],
 "questions": ["text: what an answer to it could change your mind about", "..."],
 "limitations": ["text: limits that the paper states or should state", "..."],
 "ethical_concerns": true or false,
 "originality": whole number 1-4,
 "quality": whole number 1-4,
 "clarity": whole number 1-4,
 "significance": whole number 1-4,
 "soundness": whole number 1-4,
 "presentation": whole number 1-4,
 "contribution": whole number 1-4,
 "overall": whole number 1-10,
 "confidence": whole number 1-5,
 "decision": "Accept" or "Reject"
}"""
"""The form as reviewers are shown it: every field is required, lists may be empty, nothing else is allowed."""

_GRADES = {name: {"type": "integer", "minimum": 1, "maximum": highest} for name, highest in SCALES.items()}
_MOST_ITEMS, _LONGEST_ITEM, _LONGEST_SUMMARY = 8, 600, 1200
"""Texts in a list, and characters of a text: far more than a reviewer needs, and an end for a model that finds none."""
_TEXTS = {"type": "array", "items": {"type": "string", "maxLength": _LONGEST_ITEM}, "maxItems": _MOST_ITEMS}
REVIEW_JSON_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "summary": {"type": "string", "maxLength": _LONGEST_SUMMARY},
        **dict.fromkeys(_LISTS, _TEXTS),
        "ethical_concerns": {"type": "boolean"},
        **_GRADES,
        "decision": {"type": "string", "enum": list(_DECISIONS)},
    },
    "required": ["summary", *_LISTS, "ethical_concerns", *SCALES, "decision"],
    "additionalProperties": False,
}
"""The form as a JSON schema, for servers that can hold a model to one."""


def parse_review(text: str, reviewer: str) -> Review | Malformed:
    """Read a filled form; a field that is missing, unknown, given twice or out of range makes it Malformed."""
    try:
        form = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
        return _review(form, reviewer)
    except (ValueError, RecursionError) as error:
        return Malformed(f"REVIEW: {error}.", f"```REVIEW\n{REVIEW_SCHEMA}\n```")


def reviews_from_json(texts: Iterable[str]) -> tuple[Review, ...]:
    """The reviews in JSON files as `review_json` writes them; what is not a valid form is left out."""
    reviews = (parse_review(text, _reviewer(text)) for text in texts)
    return tuple(review for review in reviews if isinstance(review, Review))


def review_json(review: Review) -> str:
    """The form as a JSON file; `parse_review` reads it back."""
    return json.dumps(asdict(review), indent=1, ensure_ascii=False) + "\n"


def review_score(review: Review) -> float:
    """The form as one number in 0-1: each grade's share of its highest, weighted (Agent Laboratory, section 3.3)."""
    total = sum(weight * getattr(review, name) / SCALES[name] for name, weight in _WEIGHTS.items())
    return float(total / sum(_WEIGHTS.values()))


def _review(form: object, reviewer: str) -> Review:
    if not isinstance(form, dict):
        raise ValueError("the form must be one JSON object")
    known = [field.name for field in fields(Review)]
    if unknown := [clean(name)[:40] for name in form if name not in known]:
        raise ValueError(f"{unknown[0]!r} is not a field of the form")
    if missing := [name for name in known if name not in form and name != "reviewer"]:
        raise ValueError(f"the form lacks {', '.join(missing)}")
    values = {name: _value(name, value) for name, value in form.items() if name != "reviewer"}
    return Review(reviewer=reviewer, **values)


def _reviewer(text: str) -> str:
    try:
        return str(json.loads(text)["reviewer"])
    except (ValueError, RecursionError, KeyError, TypeError):
        return ""


def _value(name: str, value: object) -> Any:
    if name in SCALES:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= SCALES[name]:
            raise ValueError(f"{name} must be a whole number from 1 to {SCALES[name]}")
        return value
    if name in _LISTS:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError(f"{name} must be a list of texts")
        return tuple(text for item in value if (text := clean(item).strip()))
    if name == "ethical_concerns":
        if not isinstance(value, bool):
            raise ValueError("ethical_concerns must be true or false")
        return value
    if not isinstance(value, str) or not clean(value).strip():
        raise ValueError(f"{name} must be text")
    if name == "decision" and value not in _DECISIONS:
        raise ValueError("decision must be Accept or Reject")
    return clean(value).strip()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    form = dict(pairs)
    if len(form) < len(pairs):
        raise ValueError("a field is given twice")
    return form


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")
