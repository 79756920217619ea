"""A budget that holds: no sequence of prices, caps, prompts and replies passes a cap; what is refused is not made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brief import Brief, Job
from core.budget import Amount, OverBudget, PriceUnknown, Spent, actual, caps, require_room, worst_case
from core.events import Notice
from core.ledger import Account, Ledger
from core.meter import CALL_SECONDS, Meter, request_bytes
from core.models.calls import Patience, call
from core.models.model import FREE, Price, Request, Unavailable, Usage
from core.models.prices import dearest, price_of
from core.record import Agent, Phase
from core.settings import Budget

CHEAP = Price(1.0, 0.1, 4.0)


def request_of(text: str, system: str = "") -> Request:
    return Request(system, text, Brief(Agent.POSTDOC, Phase.PLAN, Job.TALK, "Why?", 0))


def meter_on(
    path: Path,
    budget: Budget,
    *,
    turn: int = 1,
    at: str = "a" * 40,
    phase: Phase = Phase.PLAN,
    attended: bool = False,
    told: list[Notice] | None = None,
) -> Meter:
    tell = [].append if told is None else told.append
    return Meter(Ledger(path), budget, turn=turn, at=at, phase=phase, attended=attended, tell=tell)


@dataclass
class Paid:
    """A model that costs something and answers with the usage that it is told to have had."""

    price: Price | None = CHEAP
    most_tokens: int = 1000
    usage: Usage = field(default_factory=lambda: Usage(100, 10))
    name: str = "paid"
    window: int = 0
    calls: int = 0

    async def stream(self, request: Request) -> AsyncIterator[str | Usage]:
        self.calls += 1
        yield "An answer."
        yield self.usage


DOLLARS = st.one_of(st.just(0.0), st.floats(0.0001, 700.0), st.sampled_from([0.15, 2.5, 10.0, 600.0]))
FLAT = st.builds(Price, DOLLARS, DOLLARS, DOLLARS)


@st.composite
def prices(draw: st.DrawFn) -> Price:
    """A price table, perhaps with dearer or cheaper tiers for long prompts."""
    starts = sorted(draw(st.sets(st.integers(1, 3000), max_size=2)))
    base = draw(FLAT)
    return Price(base.prompt, base.cached, base.completion, tuple((start, draw(FLAT)) for start in starts))


@dataclass
class Try:
    """A call that somebody wants to make: what it is, and what it will have used if it is made."""

    price: Price
    prompt: str
    most: int
    read: float
    cached: float
    said: float
    turn: int
    phase: Phase

    def usage(self) -> Usage:
        """What an honest server reports: no more tokens than bytes, no longer reply than was asked for."""
        prompt = int(self.read * request_bytes(request_of(self.prompt)))
        return Usage(prompt, int(self.said * self.most), int(self.cached * prompt))


SHARE = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))
PHASES = st.sampled_from([Phase.PLAN, Phase.DATA])
TRIES = st.builds(
    Try, prices(), st.text(max_size=300), st.integers(0, 2000), SHARE, SHARE, SHARE, st.integers(1, 3), PHASES
)
MONEY = st.one_of(st.just(0.0), st.floats(0.00001, 5.0))
TOKENS = st.one_of(st.just(0), st.integers(1, 20_000))
BUDGETS = st.builds(
    Budget,
    money=MONEY, tokens=TOKENS, phase_money=MONEY, phase_tokens=TOKENS, turn_money=MONEY, turn_tokens=TOKENS,
)  # fmt: skip


def dollars(usage: Usage, price: Price) -> Fraction:
    """The bill, reckoned independently and exactly."""
    applied = price
    for start, tier in price.tiers:
        if usage.prompt_tokens > start:
            applied = tier
    parts = [
        (usage.prompt_tokens - usage.cached_tokens, applied.prompt),
        (usage.cached_tokens, applied.cached),
        (usage.completion_tokens, applied.completion),
    ]
    return sum((Fraction(tokens) * Fraction(price) / 10**6 for tokens, price in parts), Fraction(0))


@settings(max_examples=80)
@given(st.lists(TRIES, min_size=1, max_size=8), BUDGETS)
def test_no_sequence_of_calls_passes_a_cap_and_a_refused_call_is_not_made(tries: list[Try], budget: Budget) -> None:
    money: dict[object, Fraction] = {}
    tokens: dict[object, int] = {}
    with TemporaryDirectory() as folder:
        for one in tries:
            model = Paid(one.price, one.most, one.usage())
            meter = meter_on(Path(folder) / "ledger", budget, turn=one.turn, phase=one.phase)
            try:
                asyncio.run(call(model, request_of(one.prompt), meter, lambda _: None))
            except OverBudget:
                assert model.calls == 0
                continue
            assert model.calls == 1
            for scope in ("project", one.phase, one.turn):
                money[scope] = money.get(scope, Fraction(0)) + dollars(model.usage, one.price)
                tokens[scope] = tokens.get(scope, 0) + model.usage.prompt_tokens + model.usage.completion_tokens
        for scope in money:
            key = {str: "", Phase: "phase_", int: "turn_"}[type(scope)]
            most_money, most_tokens = getattr(budget, f"{key}money"), getattr(budget, f"{key}tokens")
            assert not most_money or money[scope] <= Fraction(most_money)
            assert not most_tokens or tokens[scope] <= most_tokens


@given(prices(), st.integers(0, 10_000), st.integers(0, 5000), SHARE, SHARE, SHARE)
def test_a_worst_case_is_no_less_than_any_honest_bill(
    price: Price, size: int, most: int, read: float, cached: float, said: float
) -> None:
    prompt = int(read * size)
    usage = Usage(prompt, int(said * most), int(cached * prompt))
    worst, bill = worst_case(size, most, price), actual(usage, price)
    assert bill.nanos <= worst.nanos
    assert bill.tokens <= worst.tokens
    assert bill.nanos >= dollars(usage, price) * 10**9


def test_a_bill_uses_the_cached_price_and_the_tier_of_its_prompt() -> None:
    price = Price(2.0, 0.5, 10.0, ((1000, Price(4.0, 1.0, 20.0)),))
    assert actual(Usage(1000, 100, 400), price).money == pytest.approx((600 * 2 + 400 * 0.5 + 100 * 10) / 1e6)
    assert actual(Usage(1001, 100), price).money == pytest.approx((1001 * 4 + 100 * 20) / 1e6)


def test_every_byte_that_the_server_reads_counts() -> None:
    brief = request_of("").brief
    assert request_bytes(Request("é", "漢字", brief)) == 2 + 6
    assert request_bytes(Request("", "", brief, begun="abc", schema={"type": "object"})) == 3 + len(
        '{"type": "object"}'
    )
    assert request_bytes(Request("", "\ud800", brief)) == 3


def test_numbers_that_no_server_can_mean_are_kept_within_reason() -> None:
    assert actual(Usage(-5, -7, -9), CHEAP) == Amount()
    assert actual(Usage(10**400, 0, 10**500), CHEAP).tokens == 10**12


def test_caps_of_nought_are_none() -> None:
    assert caps(Budget(money=0)) == ()
    require_room(Budget(money=0), Spent(Amount(10**18, 10**18, 10**18)), Amount(1, 1, 1), "a call")
    assert [cap.key for cap in caps(Budget(money=1, phase_tokens=5, turn_hours=0.5))] == [
        "money",
        "phase_tokens",
        "turn_hours",
    ]


def test_a_refusal_says_which_cap_what_is_spent_and_what_the_call_might_cost(tmp_path: Path) -> None:
    budget = Budget(money=10, phase_money=0.09)
    meter = meter_on(tmp_path / "ledger", budget)
    model = Paid(Price(100.0, 10.0, 100.0), most_tokens=100)
    meter.settle(meter.reserve(model, request_of("x")), Usage(200, 100), 1.0)
    with pytest.raises(OverBudget) as refused:
        meter.reserve(model, request_of("x"))
    for words in (
        "$0.0900 for this phase",
        "$0.0300 are spent",
        "a call to paid",
        "$0.0613",
        "phase_money",
        "lab.toml",
    ):
        assert words in str(refused.value)
    assert refused.value.cause == "budget"
    assert meter_on(tmp_path / "ledger", Budget(money=10, phase_money=0.1)).reserve(model, request_of("x"))


def test_a_refused_call_is_not_booked(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    meter = meter_on(tmp_path / "ledger", Budget(tokens=100))
    with pytest.raises(OverBudget):
        meter.reserve(Paid(), request_of("x" * 200))
    assert ledger.spent(Account()).project == Amount()


def test_a_call_under_way_counts_at_its_worst_until_it_is_settled(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    meter = meter_on(tmp_path / "ledger", Budget())
    booked = meter.reserve(Paid(most_tokens=1000), request_of("x" * 88))
    assert ledger.spent(Account()).project.tokens == 88 + 512 + 1000
    assert meter.settle(booked, Usage(20, 10), 2.0) == pytest.approx(60e-6)
    assert ledger.spent(Account()).project == Amount(60_000, 30, 2000)


def test_a_call_that_the_server_did_not_take_up_costs_its_time_only(tmp_path: Path) -> None:
    meter = meter_on(tmp_path / "ledger", Budget())
    assert meter.settle(meter.reserve(Paid(), request_of("x")), None, 1.5) == 0
    assert Ledger(tmp_path / "ledger").spent(Account()).project == Amount(millis=1500)


def test_an_estimate_is_no_bill_so_the_worst_case_stays(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    meter = meter_on(tmp_path / "ledger", Budget())
    booked = meter.reserve(Paid(), request_of("x"))
    worst = ledger.spent(Account()).project
    assert meter.settle(booked, Usage(1, 1, estimated=True), 2.0) == worst.money
    assert ledger.spent(Account()).project == Amount(worst.nanos, worst.tokens, 2000)
    assert sum(held.unsettled for held in ledger.accounts().values()) == 1


async def test_a_reply_that_breaks_off_is_paid_and_the_next_try_needs_room_of_its_own(tmp_path: Path) -> None:
    class Breaking(Paid):
        async def stream(self, request: Request) -> AsyncIterator[str | Usage]:
            self.calls += 1
            yield "half"
            raise Unavailable("The line broke.", spent=Usage(50, 5, estimated=True))

    async def no_time(_: float) -> None:
        return

    model = Breaking()
    worst = worst_case(1, model.most_tokens, CHEAP).money
    meter = meter_on(tmp_path / "ledger", Budget(money=2.5 * worst))
    with pytest.raises(OverBudget):
        await call(model, request_of("x"), meter, lambda _: None, patience=Patience(sleep=no_time))
    assert model.calls == 2


def test_a_person_is_asked_for_an_unknown_price(tmp_path: Path) -> None:
    meter = meter_on(tmp_path / "ledger", Budget(money=1), attended=True)
    with pytest.raises(PriceUnknown) as refused:
        meter.reserve(Paid(price=None), request_of("x"))
    assert "What paid costs is not known" in refused.value.message
    assert "price = {prompt = …" in refused.value.hint
    assert "free = true" in refused.value.hint
    assert refused.value.cause == "price"


def test_where_nobody_can_be_asked_an_unknown_price_is_the_dearest_and_said_once(tmp_path: Path) -> None:
    told: list[Notice] = []
    request, model = request_of("x"), Paid(price=None)
    for _ in range(2):
        meter = meter_on(tmp_path / "ledger", Budget(money=5), told=told)
        money = meter.settle(meter.reserve(model, request), Usage(1000, 100), 1.0)
        assert money == pytest.approx((1000 * dearest().prompt + 100 * dearest().completion) / 1e6)
    assert len(told) == 1
    assert "paid" in told[0].text
    with pytest.raises(OverBudget, match="so the dearest known price is counted"):
        meter.reserve(Paid(price=None, most_tokens=10**6), request)


def test_without_a_cap_on_money_an_unknown_price_counts_nothing_and_is_marked(tmp_path: Path) -> None:
    meter = meter_on(tmp_path / "ledger", Budget(money=0), attended=True)
    assert meter.settle(meter.reserve(Paid(price=None), request_of("x")), Usage(1000, 100), 1.0) == 0
    (held,) = [held for held in Ledger(tmp_path / "ledger").accounts().values() if held.calls]
    assert (held.unpriced, held.nanos, held.prompt_tokens) == (1, 0, 1000)


def test_each_turn_and_each_phase_has_a_cap_of_its_own(tmp_path: Path) -> None:
    budget, path, model = Budget(money=0, turn_tokens=2000, phase_tokens=4000), tmp_path / "ledger", Paid()
    spend = Usage(700, 300)

    def make(turn: int, phase: Phase) -> None:
        meter = meter_on(path, budget, turn=turn, phase=phase)
        meter.settle(meter.reserve(model, request_of("x")), spend, 1.0)

    make(1, Phase.PLAN)
    with pytest.raises(OverBudget, match="this turn"):
        make(1, Phase.PLAN)
    make(2, Phase.PLAN)
    make(3, Phase.PLAN)
    with pytest.raises(OverBudget, match="this phase"):
        make(4, Phase.PLAN)
    make(4, Phase.DATA)


def test_a_turn_that_is_made_again_after_a_roll_back_has_a_cap_of_its_own(tmp_path: Path) -> None:
    budget, model = Budget(money=0, turn_tokens=2000, tokens=2600), Paid()
    meter = meter_on(tmp_path / "ledger", budget)
    meter.settle(meter.reserve(model, request_of("x")), Usage(700, 300), 1.0)
    with pytest.raises(OverBudget, match="this turn"):
        meter_on(tmp_path / "ledger", budget).reserve(model, request_of("x"))
    meter.committed("b" * 40)
    again = meter_on(tmp_path / "ledger", budget)
    again.settle(again.reserve(model, request_of("x")), Usage(700, 300), 1.0)
    with pytest.raises(OverBudget, match="the project"):
        meter_on(tmp_path / "ledger", budget, turn=2).reserve(model, request_of("x"))


def test_a_program_may_take_no_longer_than_the_hours_that_are_left(tmp_path: Path) -> None:
    budget = Budget(hours=100 / 3600)
    meter = meter_on(tmp_path / "ledger", budget)
    first = meter.reserve_program("experiment/main.py", 60)
    assert first.seconds == 60
    second = meter.reserve_program("experiment/main.py", 60)
    assert second.seconds == pytest.approx(40)
    with pytest.raises(OverBudget, match=r"hours .*running look\.py"):
        meter.reserve_program("look.py", 60)
    meter.worked(first, 10.0)
    assert meter.reserve_program("look.py", 60).seconds == pytest.approx(50)


def test_a_call_may_take_no_longer_than_the_hours_that_are_left(tmp_path: Path) -> None:
    meter = meter_on(tmp_path / "ledger", Budget(phase_hours=100 / 3600))
    assert meter.reserve(Paid(price=FREE), request_of("x")).seconds == pytest.approx(100)
    with pytest.raises(OverBudget, match="hours"):
        meter.reserve(Paid(price=FREE), request_of("x"))
    unlimited = meter_on(tmp_path / "other", Budget())
    assert unlimited.reserve(Paid(price=FREE), request_of("x")).seconds == CALL_SECONDS


@pytest.mark.parametrize(
    ("model", "url"),
    [
        ("gpt-4o", "http://127.0.0.1:8081/v1"),
        ("gpt-4o", "http://localhost:11434/v1"),
        ("gpt-4o", "http://[::1]:8000/v1"),
        ("gpt-4o", "https://models.example.org/v1"),
        ("no-such-model", "https://api.openai.com/v1"),
        ("sonar", "https://api.perplexity.ai"),  # costs something for each call besides
        ("gpt-4o", "not an address"),
        ("gpt-4o", "http://[broken"),
    ],
)
def test_a_price_is_not_guessed(model: str, url: str) -> None:
    assert price_of(model, url) is None


def test_prices_come_from_the_library_by_the_servers_address() -> None:
    price = price_of("gpt-4o", "https://api.openai.com/v1")
    assert price is not None
    assert price.completion > price.prompt > price.cached > 0
    tiered = price_of("gemini-2.5-pro", "https://generativelanguage.googleapis.com/v1beta/openai/")
    assert tiered is not None
    assert tiered.at(200_001).prompt > tiered.at(200_000).prompt
    assert dearest().prompt >= tiered.at(10**6).prompt
    assert dearest().completion >= price.completion
