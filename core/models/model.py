"""The seam to a model: a request in, a stream of text and usage out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.brief import Brief
from core.errors import ModelError


@dataclass(frozen=True, slots=True)
class Request:
    """One call: the prompt as text, and the same facts as data.

    `system` is what does not change within a phase (role, task, commands); `user` is what does. `temperature` is 0-2.
    """

    system: str
    user: str
    brief: Brief
    temperature: float = 1.0
    begun: str = ""
    """What the model has said already, when a reply that was cut off is to be gone on with."""
    schema: Mapping[str, Any] | None = None
    """The JSON schema of the answer, for servers that can hold a model to one."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call used; the last item of the stream.

    `cached_tokens` are part of `prompt_tokens`, `reasoning_tokens` part of `completion_tokens`; `estimated` when the
    server did not say. `finish` is `stop`, or `length` when the reply was cut at its limit.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    finish: str = "stop"


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of what a reasoning model lets be seen of its thoughts; no part of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens of prompt, of prompt that the server had cached, and of reply.

    `tiers` are the prices of calls whose prompt has more tokens than each names, fewest first.
    """

    prompt: float
    cached: float
    completion: float
    tiers: tuple[tuple[int, Price], ...] = ()

    def at(self, prompt_tokens: int) -> Price:
        """The price of a call with a prompt of so many tokens."""
        return next((price for start, price in reversed(self.tiers) if prompt_tokens > start), self)


FREE = Price(0.0, 0.0, 0.0)


class Unavailable(ModelError):
    """The server cannot answer now, but may later: `retry_after` in seconds when it says when.

    `spent` is what the failed call used, when it had begun to answer.
    """

    def __init__(self, message: str, retry_after: float | None = None, spent: Usage | None = None) -> None:
        super().__init__(message, "It is asked again by itself.")
        self.retry_after = retry_after
        self.spent = spent


class PromptTooLong(ModelError):
    """The prompt does not fit into the model's context of `window` tokens (0 when the server does not say)."""

    def __init__(self, message: str, window: int = 0) -> None:
        super().__init__(message, "Set a smaller prompt_tokens in lab.toml, or the model's true window in config.toml.")
        self.window = window


class Model(Protocol):
    """A model that answers as a stream. One `stream` is one call; core.models.calls decides on another."""

    @property
    def name(self) -> str:
        """The name that is shown wherever the model's work is shown."""
        ...

    @property
    def window(self) -> int:
        """Tokens that prompt and reply may have together; 0 when nobody knows."""
        ...

    @property
    def most_tokens(self) -> int:
        """Tokens that one reply may have, thoughts included."""
        ...

    @property
    def price(self) -> Price | None:
        """What its tokens cost; None when nobody knows."""
        ...

    async def ready(self) -> None:
        """Find out what only the model's server can tell (its window); awaited before a prompt is written."""
        ...

    def stream(self, request: Request) -> AsyncIterator[str | Thought | Usage]:
        """Yield the reply piece by piece, then one `Usage`; raises ModelError when there is no usable answer."""
        ...
