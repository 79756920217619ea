"""Two pieces of one reply put together, and whether a reply goes round in circles."""

from __future__ import annotations

import re

_LONGEST = 2000
_SHORTEST = 12
_SHORTEST_OF_WHOLE_LINES = 120
"""Characters that are taken for a repetition; whole lines may well be alike, as the rows of a table are."""
_BEGINNING = 60
_LINE = re.compile("^", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(?:```|~~~).*$", re.MULTILINE)
_REOPENED = re.compile(r"\A\s*(?:```|~~~)[^\n]*\n")
_TAIL, _TIMES = 120, 4
"""Characters at the end of a text, and how often they stand in it, from which on it goes round in circles."""
_BLOCK, _BLOCKS, _BLOCK_LINES = 400, 3, 4
"""The same for a block that comes back with other numbers; with fewer kinds of lines it may be a table or a list."""
_LOOPS = ((200, 8), (1000, 3))
"""The same for a reply that is stopped before its end: so much of it is no table, and nothing new will come."""
_WINDOW = 12_000
"""Characters at the end of a reply in which a loop is looked for."""
_DIGITS = re.compile(r"[0-9]+")


def joined(begun: str, more: str) -> str:
    """A reply and what a model went on with, without what it said twice or the fence that it opened again.

    Where it began anew instead, the longer of the two is the reply.
    """
    if len(begun) > 2 * _BEGINNING and more.lstrip().startswith(begun.lstrip()[:_BEGINNING]):
        return max(begun, more.lstrip(), key=len)
    if len(_FENCE.findall(begun)) % 2 and (opening := _REOPENED.match(more)) and opening[0].strip("`~ \n\r\t"):
        more = more[opening.end() :]
    least = _SHORTEST if begun[-1:] != "\n" else _SHORTEST_OF_WHOLE_LINES
    lines = [match.start() for match in _LINE.finditer(begun, max(0, len(begun) - _LONGEST))]
    for start in reversed(lines):  # models that repeat begin with a line, the last one most often
        again = begun[start:]
        if len(again.strip()) >= least and more.startswith(again):
            return begun + more[len(again) :]
    apart = "\n" if more.startswith(("```", "~~~")) and not begun.endswith("\n") else ""
    return begun + apart + more


def repeats_itself(text: str) -> bool:
    """Whether the end of a text was said several times before: a model in a loop, not one with more to say."""
    bare = _DIGITS.sub("0", text)
    varied = len(set(bare[-_BLOCK:].splitlines())) >= _BLOCK_LINES
    return _ends_in_circles(text, _TAIL, _TIMES) or (varied and _ends_in_circles(bare, _BLOCK, _BLOCKS))


def is_in_a_loop(text: str) -> bool:
    """Whether a reply that is still being written says the same thing again and again, and is not worth its money."""
    recent = text[-_WINDOW:]
    return any(_ends_in_circles(recent, length, times) for length, times in _LOOPS)


def _ends_in_circles(text: str, length: int, times: int) -> bool:
    tail = text[-length:]
    return len(tail) == length and text.count(tail) >= times
