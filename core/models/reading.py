"""One reply while it comes: what its events say, whatever form they have."""

from __future__ import annotations

import re
from typing import Any

from core.models.model import Thought
from core.models.secret import Secret, Sieve

CHARACTERS_A_TOKEN = 12
"""Characters of a reply for each token it may have; a longer one is cut."""

_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


class Reading:
    """Takes the events of a stream. `finish` stays None until the server has said that the reply is at its end."""

    def __init__(self, secret: Secret | None, most_tokens: int) -> None:
        self.finish: str | None = None
        self.usage: dict[str, Any] | None = None
        self.refusal = ""
        self.said = 0
        """Characters of the reply, and `thought` those of the thoughts; `pieces` counts both in events."""
        self.thought = 0
        self.pieces = 0
        self._most = most_tokens
        self._reply, self._thoughts = Sieve(secret), Sieve(secret)

    @property
    def cut(self) -> bool:
        """Whether the server goes on past every limit: then no more is read."""
        over = self.pieces > self._most + 16 or self.said + self.thought > CHARACTERS_A_TOKEN * self._most + 1000
        if over:
            self.finish = "length"
        return over

    def take(self, event: Any) -> list[str | Thought]:
        """What one event adds to the reply."""
        if not isinstance(event, dict):
            return []
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        if isinstance(event.get("usage"), dict):
            self.usage = event["usage"]
        if isinstance(choice.get("finish_reason"), str):
            self.finish = choice["finish_reason"]
        delta = choice.get("delta") or choice.get("message")
        return self._pieces(delta) if isinstance(delta, dict) else []

    def rest(self) -> list[str | Thought]:
        """What was held back at the end."""
        return self._as_pieces(self._thoughts.rest(), self._reply.rest())

    def _pieces(self, delta: dict[str, Any]) -> list[str | Thought]:
        thought = _text(delta.get("reasoning_content")) or _text(delta.get("reasoning"))
        text = _text(delta.get("content"))
        self.refusal += _text(delta.get("refusal"))[:1000]
        if thought or text:
            self.pieces += 1
        return self._as_pieces(self._thoughts.feed(thought), self._reply.feed(text))

    def _as_pieces(self, thought: str, text: str) -> list[str | Thought]:
        self.thought += len(thought)
        self.said += len(text)
        return [*([Thought(thought)] if thought else []), *([text] if text else [])]


def _text(value: object) -> str:
    """Text that can be written to a file, of a value that may be anything; some servers send a list of parts."""
    if isinstance(value, list):
        parts = (part.get("text") for part in value if isinstance(part, dict))
        value = "".join(part for part in parts if isinstance(part, str))
    return _UNWRITABLE.sub("\ufffd", value) if isinstance(value, str) else ""
