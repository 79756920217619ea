"""The seam to a model: a request in, a stream of text and usage out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from core.brief import Brief


@dataclass(frozen=True, slots=True)
class Request:
    """One call: the prompt as text, and the same facts as data.

    `system` is what does not change within a phase (role, task, commands); `user` is what does. `temperature` is 0-2.
    """

    system: str
    user: str
    brief: Brief
    temperature: float = 1.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call cost; the last item of the stream. `money` in US dollars."""

    prompt_tokens: int
    completion_tokens: int
    money: float = 0.0


class Model(Protocol):
    """A model that answers as a stream."""

    @property
    def name(self) -> str:
        """The name that is shown wherever the model's work is shown."""
        ...

    def stream(self, request: Request) -> AsyncIterator[str | Usage]:
        """Yield the reply piece by piece, then one `Usage`; raises ModelError when there is no usable answer."""
        ...
