"""Two pieces of one reply put together, and whether a reply goes round in circles."""

from __future__ import annotations

import re

_LONGEST_OVERLAP = 2000
_SHORTEST_OVERLAP = 16
_FENCE = re.compile(r"^ {0,3}(?:```|~~~).*$", re.MULTILINE)
_REOPENED = re.compile(r"\A\s*(?:```|~~~)[^\n]*\n")
_TAIL = 120
_TIMES = 4


def joined(begun: str, more: str) -> str:
    """A reply and what a model went on with, without what it said twice or the fence that it opened again."""
    if len(_FENCE.findall(begun)) % 2 and (opening := _REOPENED.match(more)) and opening[0].strip("`~ \n\r\t"):
        more = more[opening.end() :]
    for size in range(min(len(begun), len(more), _LONGEST_OVERLAP), _SHORTEST_OVERLAP - 1, -1):
        if begun.endswith(more[:size]) and more[:size].strip():
            return begun + more[size:]
    return begun + more


def repeats_itself(text: str) -> bool:
    """Whether the end of a text was said several times before: a model in a loop, not one with more to say."""
    tail = text[-_TAIL:]
    return len(tail) == _TAIL and text.count(tail) >= _TIMES
