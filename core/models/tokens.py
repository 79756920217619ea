"""Tokens: what a server reports, and what is estimated where it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.models.model import Usage

if TYPE_CHECKING:
    from core.models.reading import Reading

CHARACTERS = 4.0
"""Characters that a token has, until a server has reported some (measured: code 4.6, prose 5.0)."""

_MOST_CHARACTERS = 7.0
_LEAST_PROMPT = 4000


class Tokens:
    """Counts for one server: its own numbers where they can be believed, else an estimate after its earlier ones."""

    def __init__(self) -> None:
        self._characters = CHARACTERS

    def of(self, characters: int) -> int:
        """Tokens that a text of so many characters has, by estimate."""
        return int(characters / self._characters) + 1 if characters else 0

    def usage(self, prompt: int, reading: Reading) -> Usage:
        """What an answer to a prompt of `prompt` characters used."""
        finish = "length" if reading.finish == "length" else "stop"
        reported = reading.usage or {}
        asked, replied = _count(reported, "prompt_tokens"), _count(reported, "completion_tokens")
        if not asked or asked > 4 * prompt + 10_000:  # no token is shorter than a byte: such a number is no count
            thought = self.of(reading.thought)
            answer = max(self.of(reading.said) + thought, reading.pieces)
            return Usage(self.of(prompt), answer, 0, thought, estimated=True, finish=finish)
        total = _count(reported, "total_tokens")
        if asked + replied < total <= asked + replied + 10**7:  # Gemini leaves its thoughts out of completion_tokens
            replied = total - asked
        details, thoughts = reported.get("prompt_tokens_details"), reported.get("completion_tokens_details")
        cached = _count(details, "cached_tokens") or _count(reported, "prompt_cache_hit_tokens")
        reasoning = _count(thoughts, "reasoning_tokens")
        if prompt >= _LEAST_PROMPT // 4 and not self.truncated(prompt, Usage(asked, 0)):
            self._characters += 0.3 * (min(max(prompt / asked, 1.5), _MOST_CHARACTERS) - self._characters)
        return Usage(asked, replied, min(cached, asked), min(reasoning, replied), finish=finish)

    def truncated(self, prompt: int, usage: Usage) -> bool:
        """Whether a server (Ollama does so silently) has read far fewer tokens than the prompt must have."""
        if usage.estimated or prompt < _LEAST_PROMPT:
            return False
        return prompt / usage.prompt_tokens > max(_MOST_CHARACTERS, 1.7 * self._characters)


def _count(values: object, key: str) -> int:
    number: Any = values.get(key) if isinstance(values, dict) else None
    believable = isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= 10**9
    return int(number) if believable else 0
