"""The meter of one turn: what might pass a cap is refused, and all else is in the ledger before it is begun."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from core.budget import (
    PriceUnknown,
    Spent,
    actual,
    believed,
    caps_money,
    granted_millis,
    most_prompt_tokens,
    require_room,
    worst_case,
)
from core.events import Notice
from core.ledger import Account, Ledger, Reservation, Sum
from core.models.model import FREE, Model, Price, Request, Usage
from core.models.prices import dearest
from core.record import Phase
from core.settings import Budget

CALL_SECONDS = 1800.0
"""How long one call to a model may take, and is counted when it never ends."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A promised call or program: its reservation, and the price that its tokens are counted at."""

    reservation: Reservation
    price: Price = FREE
    guessed: bool = False
    unpriced: bool = False

    @property
    def seconds(self) -> float:
        """How long it may take."""
        return self.reservation.seconds


class Meter:
    """Made anew for every turn; all methods wait for the disk, and call `tell` in the thread that called them.

    `at` is the commit that the turn starts from; `attended` says whether a person is there to be asked.
    """

    def __init__(
        self,
        ledger: Ledger,
        budget: Budget,
        *,
        turn: int,
        at: str,
        phase: Phase,
        attended: bool,
        tell: Callable[[Notice], None],
    ) -> None:
        self._ledger = ledger
        self._budget = budget
        self._account = Account(turn, at, phase.value)
        self._attended = attended
        self._tell = tell

    def reserve(self, model: Model, request: Request) -> Booked:
        """Promise the worst case of a call before it is made; raises OverBudget, and then it may not be made."""
        account = replace(self._account, agent=request.brief.agent.value, model=model.name)
        price, guessed, unpriced = self._price(model)
        size = request_bytes(request)
        worst, prompt = worst_case(size, model.most_tokens, price), most_prompt_tokens(size)
        what = f"a call to {model.name}"
        more = (
            f"{_UNKNOWN.format(name=model.name)}, so the dearest known price is counted. {_SET_PRICE} "
            if guessed
            else ""
        )

        def granted(spent: Spent) -> Sum:
            require_room(self._budget, spent, worst, what, more)
            millis = granted_millis(self._budget, spent, int(CALL_SECONDS * 1000), what)
            worst_sum = Sum(1, prompt, model.most_tokens, 0, worst.nanos, millis, unsettled=1)
            return replace(worst_sum, guessed=int(guessed), unpriced=int(unpriced))

        reservation = self._ledger.reserve(account, granted)
        return Booked(reservation, price, guessed, unpriced)

    def settle(self, booked: Booked, usage: Usage | None, seconds: float) -> float:
        """Count what a call has used, None when the server did not take it up; returns the dollars.

        Where usage is an estimate (the server did not say, the reply broke off), the worst case stays: it is the only
        number that what is billed cannot pass.
        """
        millis = _millis(seconds)
        if usage is None:
            self._ledger.settle(booked.reservation, Sum(failed=1, millis=millis))
            return 0.0
        if usage.estimated:
            worst = replace(booked.reservation.worst, millis=millis)
            self._ledger.settle(booked.reservation, worst)
            return worst.amount.money
        amount = actual(usage, booked.price)
        spent = Sum(1, believed(usage.prompt_tokens), believed(usage.completion_tokens), believed(usage.cached_tokens))
        spent = replace(spent, nanos=amount.nanos, millis=millis)
        spent = replace(spent, guessed=int(booked.guessed), unpriced=int(booked.unpriced))
        self._ledger.settle(booked.reservation, spent)
        return amount.money

    def reserve_program(self, name: str, seconds: float) -> Booked:
        """Promise the time of a program before it runs: at most `seconds`, less when a cap on hours leaves less.

        Raises OverBudget when nothing is left.
        """

        def granted(spent: Spent) -> Sum:
            return Sum(millis=granted_millis(self._budget, spent, _millis(seconds), f"running {name}"))

        return Booked(self._ledger.reserve(self._account, granted))

    def worked(self, booked: Booked, seconds: float) -> None:
        """Count the time that a program has taken."""
        self._ledger.settle(booked.reservation, Sum(millis=_millis(seconds)))

    def committed(self, commit: str) -> None:
        """Note the commit that the turn has become."""
        self._ledger.committed(self._account.turn, self._account.at, commit)

    def _price(self, model: Model) -> tuple[Price, bool, bool]:
        """What the model's tokens cost, whether that is the dearest known price as a guess, and whether it is none."""
        if model.price is not None:
            return model.price, False, False
        if not caps_money(self._budget):
            return FREE, False, True
        unknown = _UNKNOWN.format(name=model.name)
        if self._attended:
            raise PriceUnknown(
                f"{unknown}, and the budget caps money, so it was not asked.", f"{_SET_PRICE} Then run on."
            )
        price = dearest()
        if model.name not in self._ledger.guessed():
            dollars = f"${price.prompt:.0f} for a million tokens of prompt and ${price.completion:.0f} of reply"
            self._tell(Notice("warning", f"{unknown}: counted at the dearest known price, {dollars}. {_SET_PRICE}"))
        return price, True, False


_UNKNOWN = "What {name} costs is not known"
_SET_PRICE = (
    "Set price = {prompt = …, cached = …, completion = …} (dollars for a million tokens) or free = true for it in "
    "config.toml."
)


def request_bytes(request: Request) -> int:
    """The UTF-8 bytes of all that a request makes the server read."""
    schema = json.dumps(dict(request.schema), ensure_ascii=False) if request.schema else ""
    texts = (request.system, request.user, request.begun, schema)
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)


def _millis(seconds: float) -> int:
    return max(0, math.ceil(seconds * 1000))
