"""The stand-in for every model while a project is played again from its cassettes."""

from __future__ import annotations

from collections.abc import AsyncIterator

from core.errors import ModelError
from core.models.model import FREE, Price, Request, Thought, Usage


class Played:
    """A model that is never asked: what models said lies on the cassette."""

    name = "replay"
    window = 0
    most_tokens = 0

    @property
    def price(self) -> Price:
        return FREE

    async def ready(self) -> None:
        """Nothing is to be found out: the recording says what was known."""

    def stream(self, request: Request) -> AsyncIterator[str | Thought | Usage]:
        """Refuse: a replay never asks a model."""
        raise ModelError("A replay asked a model.", "This is a defect in labtop; nothing was spent.")
