"""The words of a text that a search should look for."""

from __future__ import annotations

import re

_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by can do does for from how in into is it its more less most of on or than that the"
        " their them these they this to using via was we what when where which while who why with",
    )
)


def content_words(text: str) -> list[str]:
    """The words of `text` in lower case and in order, without those that every text holds (`the`, `of`)."""
    return [word for word in re.findall(r"[^\W_]+", text.casefold()) if word not in _STOP_WORDS]
