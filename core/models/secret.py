"""A key that no text can give away: not a representation, not a server's words, not a reply that echoes it."""

from __future__ import annotations

import re

from core.clean import clean

SHOWN_INSTEAD = "[key]"
LONGEST_QUOTE = 300
"""Characters that are quoted of what a server says."""

_SHORTEST_LEAK = 8
_GAP = "(?:[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\x1b\\[[0-?]*+[ -/]*+[@-~])*+"
"""What `clean` takes out, and would so put a key together again that was said in parts."""
_LIKE_A_KEY = re.compile(r"\b(?:sk|pk|rk|gsk|hf|xai|key|AIza|Bearer)[-_ ]?[\w*.\-]{12,}")


class Secret:
    """A server's key. Only `reveal` gives it out; it shows itself as `[key]`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text
        if len(text) >= _SHORTEST_LEAK:
            _used.setdefault(text, re.compile(_GAP.join(map(_written, text))))

    def __repr__(self) -> str:
        return SHOWN_INSTEAD

    def reveal(self) -> str:
        """The key itself, for the one header that carries it."""
        return self._text


_used: dict[str, re.Pattern[str]] = {}
"""The keys of this process, and how each may be written."""


def _written(character: str) -> str:
    """A character as itself or as JSON may write it."""
    return rf"(?:{re.escape(character)}|\\u(?i:{ord(character):04x}))"


def hidden(text: str) -> str:
    """A whole reply or output without any key of this process, nor one that labtop would read or show as a key."""
    for pattern in _used.values():
        text = pattern.sub(SHOWN_INSTEAD, text)
    return text


def hidden_bytes(data: bytes) -> bytes:
    """The content of a file without any key of this process."""
    for key in _used:
        data = data.replace(key.encode(), SHOWN_INSTEAD.encode())
    return data


def quoted(text: str, secret: Secret | None) -> str:
    """A server's words as a person may read them: cleaned, on one line, cut, without the key or anything like one."""
    line = " ".join(clean(text[: 8 * LONGEST_QUOTE]).split())
    words = [SHOWN_INSTEAD if _leaks(word, secret) else word for word in _LIKE_A_KEY.sub(SHOWN_INSTEAD, line).split()]
    said = " ".join(words)
    return said if len(said) <= LONGEST_QUOTE else said[: LONGEST_QUOTE - 1] + "…"


def _leaks(word: str, secret: Secret | None) -> bool:
    if secret is None:
        return False
    key = secret.reveal()
    size = min(_SHORTEST_LEAK, len(key))
    return any(key[start : start + size] in word for start in range(len(key) - size + 1))


class Sieve:
    """Takes a key out of a text that comes in pieces, wherever the pieces are cut."""

    def __init__(self, secret: Secret | None) -> None:
        self._key = secret.reveal() if secret else ""
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be passed on now; the beginning of what may become the key is held back."""
        if not self._key:
            return piece
        text = (self._held + piece).replace(self._key, SHOWN_INSTEAD)
        most = min(len(text), len(self._key) - 1)
        held = next((size for size in range(most, 0, -1) if self._key.startswith(text[-size:])), 0)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def rest(self) -> str:
        """What was held back at the end of the text."""
        held, self._held = self._held, ""
        return held
