"""A section's text in paragraphs, as its reader counts them."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

_EDGE = re.compile(r"(?<!\\)\\(begin|end)\s*\{[^{}]*\}")
_COMMENT = re.compile(r"(?<!\\)%.*")


def paragraphs(text: str) -> list[str]:
    """The paragraphs in order: parted by blank lines, but never within a table, figure or other environment.

    Comments alone are none; those right above a paragraph belong to it.
    """
    found: list[str] = []
    held: list[str] = []
    depth = 0
    for line in [*text.splitlines(), "", ""]:
        said = _COMMENT.sub("", line)
        if not line.strip() and depth <= 0:
            if any(_COMMENT.sub("", one).strip() for one in held):
                found.append("\n".join(held))
            held = []
            continue
        held.append(line)
        depth += sum(1 if edge[1] == "begin" else -1 for edge in _EDGE.finditer(said))
    rest = "\n".join(held).strip()  # an environment that nobody has closed
    return [*found, rest] if rest else found


def bare(text: str) -> str:
    """The text without the lines that are comments alone."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("%")).strip()


def made_of(before: list[str], after: list[str], place: int) -> str:
    """The paragraph of `before` that paragraph `place` of `after` (from 0) came in the place of; empty for none."""
    for tag, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "replace" and first <= place < last and start + place - first < end:
            return before[start + place - first]
    return ""
