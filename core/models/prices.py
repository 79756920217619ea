"""What models cost, by the price library genai-prices: offline, and only at servers that it knows by their address."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.models.model import Price

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice, TieredPrices


def price_of(model: str, base_url: str) -> Price | None:
    """What `model` costs at the server of `base_url`, None when the library does not know; takes 0.5 s the first time.

    Where a price changes over the day, the dearest counts. A server on this machine has no known price: its model's
    name says nothing about who pays.
    """
    from genai_prices import Usage, calc_price

    try:
        if is_loopback(base_url):
            return None
        found = calc_price(Usage(input_tokens=1, output_tokens=1), model, provider_api_url=base_url)
    except (LookupError, ValueError):
        return None
    prices = [_price(found.model.get_prices(moment)) for moment in _hours()]
    return _dearest([price for price in prices if price is not None])


@cache
def dearest() -> Price:
    """The dearest known price of a prompt and of a reply, be they of one model or two; loads the whole library."""
    from genai_prices.data import providers

    now = datetime.now(UTC)
    listed = [_price(model.get_prices(now)) for provider in providers for model in provider.models]
    every = [one for price in listed if price for one in (price, *(tier for _, tier in price.tiers))]
    prompt = max(max(price.prompt, price.cached) for price in every)
    return Price(prompt, prompt, max(price.completion for price in every))


def is_loopback(base_url: str) -> bool:
    """Whether a server runs on this machine; raises ValueError for what is no address."""
    host = (urlsplit(base_url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _hours() -> list[datetime]:
    """Now and every hour of the day to come."""
    now = datetime.now(UTC)
    return [now + timedelta(hours=hour) for hour in range(25)]


def _price(listed: ModelPrice) -> Price | None:
    """A listed price as ours; None when it lacks prompt or reply, or a call costs something by itself."""
    if listed.input_mtok is None or listed.output_mtok is None or listed.requests_kcount is not None:
        return None
    values = (listed.input_mtok, listed.cache_write_mtok, listed.cache_read_mtok, listed.output_mtok)
    starts = {tier.start for value in values for tier in getattr(value, "tiers", ())}
    return replace(_beyond(listed, 0), tiers=tuple((start, _beyond(listed, start)) for start in sorted(starts)))


def _beyond(listed: ModelPrice, start: int) -> Price:
    """The price of a prompt of more than `start` tokens.

    What a server asks for writing to its cache is taken for the whole prompt, since a reply's usage does not tell.
    """
    prompt = max(_value(listed.input_mtok, start), _value(listed.cache_write_mtok, start))
    cached = prompt if listed.cache_read_mtok is None else _value(listed.cache_read_mtok, start)
    return Price(prompt, cached, max(_value(listed.output_mtok, start), _value(listed.output_reasoning_mtok, start)))


def _value(value: Decimal | TieredPrices | None, start: int) -> float:
    if value is None or isinstance(value, Decimal):
        return float(value or 0)
    return float(next((tier.price for tier in reversed(value.tiers) if tier.start <= start), value.base))


def _dearest(prices: list[Price]) -> Price | None:
    """The dearest of each part at each size of the prompt; None of none."""
    if not prices:
        return None
    starts = sorted({start for price in prices for start, _ in price.tiers})

    def beyond(start: int) -> Price:
        there = [price.at(start + 1) for price in prices]
        return Price(*(max(getattr(one, part) for one in there) for part in ("prompt", "cached", "completion")))

    return replace(beyond(0), tiers=tuple((start, beyond(start)) for start in starts))
