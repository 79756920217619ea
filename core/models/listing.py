"""The models that `lab.toml` can name, each tried with a call for one word (`labtop models`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial

from core.clean import clean
from core.errors import SettingsError
from core.models.adding import EXAMPLES
from core.models.keys import key_for
from core.models.model import FREE, Price
from core.models.named import Named, config_path, known_models
from core.models.probe import probe

BUILTIN = "builtin"


@dataclass(frozen=True, slots=True)
class Listed:
    """A model, and what came of the try; `window` is 0 and `price` None when nobody knows.

    `source` says where the price is from, or what to do about a price that is not known.
    """

    name: str
    model: str
    base_url: str
    window: int
    price: Price | None
    source: str
    ok: bool
    words: str
    seconds: float


async def listed(names: Sequence[str] = ()) -> AsyncIterator[Listed]:
    """All models or those named, tried side by side; raises SettingsError for a name that is not known."""
    known = {one.name: one for one in await asyncio.to_thread(known_models)}
    for name in names:
        if name != BUILTIN and name not in known:
            raise SettingsError(f"There is no model “{name}”.", f"Known: {', '.join((BUILTIN, *known))}.")
    if not names or BUILTIN in names:
        yield _builtin()
    tries = [asyncio.create_task(_tried(one)) for one in known.values() if not names or one.name in names]
    try:
        for one in tries:
            yield await one
    finally:
        for one in tries:
            one.cancel()


def listed_text(one: Listed) -> str:
    """A model as lines for a person: what it is, and below what came of the try."""
    if one.name == BUILTIN:
        return f"✓ {one.name}: {one.words}"
    window = f"{one.window:,} tokens" if one.window else "size of its window not known"
    money = f"{_dollars(one.price)} ({one.source})" if one.price else f"price not known ({one.source})"
    took = f" after {one.seconds:.1f} s" if one.ok else ""
    about = clean(f"{one.name}: {one.model} at {one.base_url} · {window} · {money}")
    return f"{'✓' if one.ok else '!'} {about}\n    {clean(one.words)}{took}"


def how_to_add() -> str:
    """What to do when there is no model of one's own yet."""
    return (
        f"No model of your own yet. Describe one in {config_path()}, for example:\n\n{EXAMPLES}\n"
        "or let labtop write it:  labtop models --add NAME --base-url URL --model MODEL [--key-env VARIABLE] [--free]\n"
        'Then: labtop new FOLDER --model NAME, or model = "NAME" in a project\'s lab.toml.'
    )


async def _tried(named: Named) -> Listed:
    tried = await probe(named, partial(key_for, named))
    price, source = await asyncio.to_thread(_price, named)
    return Listed(
        named.name, named.model, named.base_url, tried.window, price, source, tried.ok, tried.words, tried.seconds
    )


def _price(named: Named) -> tuple[Price | None, str]:
    """What a model costs, and where that is from."""
    if named.free:
        return FREE, "free = true"
    if named.price:
        return named.price, "config.toml"
    from core.models.prices import price_of

    price = price_of(named.model, named.base_url)
    todo = f"set price, or free = true, in [models.{named.name}]"
    return price, "price list genai-prices" if price else todo


def _dollars(price: Price) -> str:
    if price == FREE:
        return "costs nothing"
    return f"${price.prompt:g} prompt, ${price.cached:g} cached, ${price.completion:g} reply a million tokens"


def _builtin() -> Listed:
    words = "the built-in researcher: rules, not a language model; no key, no network, costs nothing"
    return Listed(BUILTIN, BUILTIN, "", 0, FREE, "built in", True, words, 0.0)
