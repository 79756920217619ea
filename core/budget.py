"""A budget that holds: what a call might cost at most, and whether the caps of `lab.toml` leave room for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from core.gate import PersonNeeded
from core.models.model import Price, Usage
from core.settings import Budget

OVERHEAD = 512
"""Tokens that the frame around the messages may have: chat template, role marks, the words that ask to go on."""
MOST_TOKENS = 10**12
"""The largest number of tokens that a server is believed; it keeps a nonsense number from breaking the arithmetic."""
LEAST_MILLIS = 1000
"""Less time than this is none: nothing is begun with it."""
_DOLLAR, _HOUR = 10**9, 3_600_000
_UNITS = {"money": _DOLLAR, "tokens": 1, "hours": _HOUR}
_SCOPES = {"project": "", "phase": "phase_", "turn": "turn_"}


@dataclass(frozen=True, slots=True)
class Amount:
    """What is spent, or might be: billionths of a dollar, tokens, milliseconds of models and programs at work.

    Whole numbers, so that sums are exact in any order and a cap is a cap.
    """

    nanos: int = 0
    tokens: int = 0
    millis: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.nanos + other.nanos, self.tokens + other.tokens, self.millis + other.millis)

    @property
    def money(self) -> float:
        """US dollars."""
        return self.nanos / _DOLLAR

    @property
    def seconds(self) -> float:
        return self.millis / 1000


@dataclass(frozen=True, slots=True)
class Spent:
    """What is spent and promised (the worst case of calls under way) in the project, this phase, this turn."""

    project: Amount = Amount()
    phase: Amount = Amount()
    turn: Amount = Amount()


@dataclass(frozen=True, slots=True)
class Cap:
    """One cap of `[budget]`: its key there, `project`, `phase` or `turn`, what it measures, and its unit's number."""

    key: str
    scope: str
    measure: str
    most: int

    @property
    def limit(self) -> float:
        """The cap in dollars, tokens or hours."""
        return self.most / _UNITS[self.measure]

    def of(self, amount: Amount) -> float:
        """What of `amount` the cap is about, in dollars, tokens or hours."""
        return _of(amount, self.measure) / _UNITS[self.measure]


class OverBudget(PersonNeeded):
    """A call or a program might pass a cap, so it was not begun."""

    title = "Budget"
    cause = "budget"


class PriceUnknown(OverBudget):
    """Nobody knows what the model costs, and the budget caps money."""

    cause = "price"


def caps(budget: Budget) -> tuple[Cap, ...]:
    """The caps that are set (not 0), in whole units: billionths of a dollar, tokens, milliseconds."""
    found = []
    for scope, prefix in _SCOPES.items():
        for measure, unit in _UNITS.items():
            most = getattr(budget, f"{prefix}{measure}")
            if most:
                found.append(Cap(f"{prefix}{measure}", scope, measure, math.floor(most * unit)))
    return tuple(found)


def caps_money(budget: Budget) -> bool:
    """Whether any cap is on money."""
    return any(cap.measure == "money" for cap in caps(budget))


def most_prompt_tokens(request_text_bytes: int) -> int:
    """The most tokens that a prompt of so many UTF-8 bytes can be: a tokenizer makes no more tokens than bytes."""
    return request_text_bytes + OVERHEAD


def worst_case(request_text_bytes: int, most_tokens: int, price: Price) -> Amount:
    """The most that a call can cost: every byte a token, the longest reply, the dearest price that may apply."""
    prompt = most_prompt_tokens(request_text_bytes)
    prices = [price, *(tier for start, tier in price.tiers if start < prompt)]
    dearest = max(max(one.prompt, one.cached) for one in prices)
    reply = max(one.completion for one in prices)
    return Amount(_nanos((prompt, dearest), (most_tokens, reply)), prompt + most_tokens)


def actual(usage: Usage, price: Price) -> Amount:
    """What a call has cost by the server's own count, cached tokens at their price."""
    prompt, completion = believed(usage.prompt_tokens), believed(usage.completion_tokens)
    cached = min(believed(usage.cached_tokens), prompt)
    applied = price.at(prompt)
    parts = (prompt - cached, applied.prompt), (cached, applied.cached), (completion, applied.completion)
    return Amount(_nanos(*parts), prompt + completion)


def believed(tokens: int) -> int:
    """A server's number of tokens within reason."""
    return min(max(tokens, 0), MOST_TOKENS)


def require_room(budget: Budget, spent: Spent, worst: Amount, what: str, more: str = "") -> None:
    """Raise OverBudget when `spent` and `worst` together pass a cap; `what` names the call in the message.

    `more` is said before the hint, e.g. that the price is a guess.
    """
    for cap in caps(budget):
        before, might = _of(getattr(spent, cap.scope), cap.measure), _of(worst, cap.measure)
        if before + might > cap.most:
            limit, gone, cost = (_shown(number, cap.measure) for number in (cap.most, before, might))
            raise OverBudget(
                f"The budget of {limit} for {_NAMES[cap.scope]} might be passed: {gone} are spent, and {what} might "
                f"cost up to {cost}. It was not begun.",
                f"{more}Nothing is lost. Raise {cap.key} in lab.toml, [budget] (0 is no cap), and run on.",
            )


def granted_millis(budget: Budget, spent: Spent, wanted: int, what: str) -> int:
    """The milliseconds that `what` may take: what it wants or what is left; raises OverBudget when that is nothing."""
    hours = [cap for cap in caps(budget) if cap.measure == "hours"]
    left = min((cap.most - getattr(spent, cap.scope).millis for cap in hours), default=wanted)
    if left < LEAST_MILLIS:
        require_room(budget, spent, Amount(millis=LEAST_MILLIS), what)
    return min(left, wanted)


_NAMES = {"project": "the project", "phase": "this phase", "turn": "this turn"}


def _nanos(*parts: tuple[int, float]) -> int:
    """Billionths of a dollar, rounded up, for tokens at dollars for a million; exact, so that less never costs more."""
    trillionths = sum(tokens * math.ceil(Fraction(price) * 10**6) for tokens, price in parts)
    return -(-trillionths // 1000)


def _of(amount: Amount, measure: str) -> int:
    return {"money": amount.nanos, "tokens": amount.tokens, "hours": amount.millis}[measure]


def _shown(number: int, measure: str) -> str:
    match measure:
        case "money":
            return f"${number / _DOLLAR:.4f}" if number < _DOLLAR // 10 else f"${number / _DOLLAR:.2f}"
        case "tokens":
            return f"{number:,} tokens"
        case _:
            return f"{number / _HOUR:.2f} hours"
