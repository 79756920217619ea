"""How a prompt is made to fit: the oldest outcomes become a line, then go, then the quotations are cut."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.brief import Brief, Entry

LETTERS = 3.5
"""Characters that a token has at least, on average, in the prose and code of prompts."""
SMALL = 6000
"""Tokens below which contracts are given in short."""
_STEP = 4
"""Turns in one go: what is dropped changes every so many turns, so that a server's cache of the prompt holds."""
_TEXT, _OUTCOME = 160, 120


@dataclass(frozen=True, slots=True)
class Fit:
    """How much is told: turns in full, turns at all, and the share (0-1) of each large quotation."""

    whole: int = 16
    kept: int = 14
    share: float = 1.0
    small: bool = False
    """Whether contracts are given in short."""


def fits(tokens: int) -> list[Fit]:
    """From the ample prompt to the smallest one; `tokens` is what it may have, 0 for no limit."""
    small = 0 < tokens < SMALL
    ample = [Fit(small=small)]
    if not tokens:
        return ample
    remembering = [Fit(8, 14), Fit(4, 14), Fit(2, 8), Fit(1, 4)]
    quoting = [Fit(1, 4, share) for share in (0.75, 0.5, 0.35, 0.25)]
    least = [Fit(1, 2, 0.15), Fit(1, 1, 0.1), Fit(0, 1, 0.05), Fit(0, 0, 0.0)]
    return ample + [replace(fit, small=small) for fit in remembering + quoting + least]


def fitted(brief: Brief, fit: Fit) -> Brief:
    """The brief with no more of its history, and of what was tried, than `fit` has room for."""
    return replace(brief, history=_remembered(brief.history, fit), tried=_remembered(brief.tried, fit))


def tokens_of(text: str) -> int:
    """An upper estimate of a text's tokens."""
    return math.ceil(len(text) / LETTERS)


def _remembered(entries: Sequence[Entry], fit: Fit) -> tuple[Entry, ...]:
    kept = entries[_first(entries, fit.kept) :]
    whole = _first(kept, fit.whole)
    return (*map(_in_a_line, kept[:whole]), *kept[whole:])


def _first(entries: Sequence[Entry], limit: int) -> int:
    """Where the newest `limit` entries begin, or a little later: at a turn whose number is a multiple of the step."""
    start = max(0, len(entries) - limit)
    if not start or limit < _STEP:
        return start
    return next((at for at in range(start, start + _STEP) if entries[at].turn % _STEP == 0), start)


def _in_a_line(entry: Entry) -> Entry:
    return replace(entry, text=_line(entry.text, _TEXT), outcome=_line(entry.outcome, _OUTCOME))


def _line(text: str, limit: int) -> str:
    shown = " ".join(text[: 8 * limit].split())
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"
