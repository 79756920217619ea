"""What a server's refusals mean: wait, shorten, leave a part out, or ask the person."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from core.errors import ModelError
from core.models.model import PromptTooLong, Unavailable
from core.models.named import Named, config_path
from core.models.secret import Secret, quoted

SMALLEST_WINDOW = 256
"""Tokens below which a number in a message is no context window."""


class Broken(Exception):
    """There was no answer, or no more of it. `sent`: the server may have read the prompt."""

    def __init__(self, words: str, *, sent: bool) -> None:
        super().__init__(words)
        self.words = words
        self.sent = sent


class Rejected(Exception):
    """The server said no: its status, its words, its headers. `page`: with a web page."""

    def __init__(self, status: int, body: object, headers: Mapping[str, str], *, page: bool = False) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.page = page
        first = body[0] if isinstance(body, list) and body else body  # Gemini puts its error into a list
        told = first.get("error", first) if isinstance(first, dict) else first
        self.details: Mapping[str, Any] = told if isinstance(told, dict) else {}
        message = self.details.get("message", self.details.get("detail", told))
        self.message = message if isinstance(message, str) else json.dumps(message, default=str)[:4000]
        self.text = f"{self.message} {json.dumps(self.details, default=str)}"[:20_000].lower()


class Empty(Unavailable):
    """The reply had no text."""


_TOO_LONG = re.compile(
    r"context[ _](?:length|size|window)|maximum (?:model length|number of tokens)|prompt is too long|prompt too long"
    r"|exceed_context|input token count|reduce the length|inputs` tokens|context the overflows"
)
_WINDOW = (
    re.compile(r"\b([\d,]{3,11})(?: tokens?)? maximum"),
    re.compile(r"(?:maximum|available|allowed|only|limit of|<=)[^\d]{0,60}?([\d,]{3,11})"),
)


def too_long(rejected: Rejected) -> int | None:
    """The context window when the prompt did not fit into it, 0 when the server does not say; None otherwise."""
    if rejected.status == 413:
        return 0
    if rejected.status in (401, 403, 404, 429) or not _TOO_LONG.search(rejected.text):
        return None
    found = rejected.details.get("n_ctx")
    if isinstance(found, int) and found >= SMALLEST_WINDOW:
        return found
    for pattern in _WINDOW:
        match = pattern.search(rejected.message.lower())
        number = int(match[1].replace(",", "") or 0) if match else 0
        if number >= SMALLEST_WINDOW:
            return number
    return 0


_MOST = re.compile(r"(?:at most|less than or equal to|maximum (?:value|allowed)[^\d]{0,40}|<=|up to)\s*([\d,]{2,9})")


def most_allowed(rejected: Rejected) -> int:
    """How many tokens of a reply the server allows, when it says that fewer must be asked for; else 0."""
    match = _MOST.search(rejected.message.lower())
    return int(match[1].replace(",", "") or 0) if match else 0


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds until the server wants to be asked again; None when it does not say or what it says is no time."""
    milliseconds = headers.get("retry-after-ms", "")
    text = headers.get("retry-after", "")
    for value, unit in ((milliseconds, 1000.0), (text, 1.0)):
        try:
            seconds = float(value) / unit
        except ValueError:
            continue
        return max(0.0, seconds) if math.isfinite(seconds) else None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())


def meaning(rejected: Rejected, named: Named, secret: Secret | None, *, worked: bool) -> ModelError:
    """What a refusal means for the person, or for the loop that asks again. `worked`: the server has answered before.

    A refused key is never quoted: servers repeat parts of it.
    """
    said = quoted(rejected.message, secret)
    status, who = rejected.status, f"{named.name} ({named.base_url})"
    window = too_long(rejected)
    if rejected.page:
        return _page(named, who, worked)
    if window is not None:
        return PromptTooLong(f"The prompt does not fit into the context of {named.name}: {said}", window)
    if status == 402 or "insufficient_quota" in rejected.text or "insufficient balance" in rejected.text:
        return ModelError(f"{who} says that the account has no credit: {said}", "Add credit, or use another model.")
    if status == 401:
        return ModelError(f"{who} does not accept the key.", _about_key(named))
    if status == 403:
        return ModelError(f"{who} does not let this key use {named.model}: {said}", _about_key(named))
    if status in (404, 410):
        return ModelError(
            f"{who} has no model {named.model}, or no such address: {said}",
            f"Check model and base_url (it usually ends in /v1) of [models.{named.name}] in {config_path()}.",
        )
    if 300 <= status < 400:
        return _elsewhere(rejected, named, who, secret)
    if status in (408, 409, 425, 429) or status >= 500:
        busy = "is asked too often" if status == 429 else "cannot answer now"
        return Unavailable(f"{who} {busy} ({status}): {said}", retry_after(rejected.headers))
    if "content_filter" in rejected.text or "content_policy" in rejected.text:
        return declined(named, said)
    return ModelError(
        f"{who} refuses the request ({status}): {said}", f"Check [models.{named.name}] in {config_path()}."
    )


def declined(named: Named, said: str) -> ModelError:
    """The model, or a filter in front of it, will not answer this prompt."""
    return ModelError(
        f"{named.name} declines to answer{f': {said}' if said else '.'}",
        "Look at the last turns for what it may object to, write a note to the agents, or use another model.",
    )


def unreachable(broken: Broken, named: Named) -> str:
    """The reason of a wait, for a person."""
    return f"{named.name} ({named.base_url}): {broken.words}"


def no_key(named: Named) -> ModelError:
    """The key's variable is not set anywhere."""
    return ModelError(f"There is no key for {named.name}.", _about_key(named))


def _about_key(named: Named) -> str:
    if not named.key_env:
        return f'Set key_env = "NAME_OF_A_VARIABLE" in [models.{named.name}] of {config_path()}, and the key in it.'
    return f"Set the key in the environment variable {named.key_env}, or in {config_path().parent / '.env'}."


def _page(named: Named, who: str, worked: bool) -> ModelError:
    if worked:
        return Unavailable(f"{who} answers with a web page: it may be under maintenance.")
    return ModelError(
        f"{who} answers with a web page, so that is not the address of its programming interface.",
        f"Correct base_url of [models.{named.name}] in {config_path()}: it usually ends in /v1.",
    )


def _elsewhere(rejected: Rejected, named: Named, who: str, secret: Secret | None) -> ModelError:
    place = quoted(rejected.headers.get("location", "another address"), secret)
    return ModelError(
        f"{who} sends requests on to {place}, where the key is not sent by itself.",
        f"If that is right, make it the base_url of [models.{named.name}] in {config_path()}.",
    )
