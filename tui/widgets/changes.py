"""A unified diff as rows: read, numbered, counted, its two sides paired, and the words that differ in a pair."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import zip_longest

from rich.cells import cell_len

from core.clean import clean

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@ ?(.*)")
_LINE_ENDS = re.compile("[\u2028\u2029]")
_WORD = re.compile(r"\w+|\s+|.")
_LONGEST_COMPARED = 400
"""Characters of a line up to which its words are compared."""
_ALIKE = 0.4
"""The share of the longer line that two must have in common: below that nearly all of it would be marked."""

_MOST_COMPARED = 400
"""Pairs of lines that are compared where several came in the place of several."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a diff: `sign` is + - or space, @ for a hunk's head, ~ for words of our own.

    `number` is the line's in the new file, of what is removed in the old one.
    """

    sign: str
    number: int
    text: str
    old: int = 0
    """The number in the old file of a line that is in both."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows that stand side by side, by place; -1 where one side has none, the same twice for what is in both."""

    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Changes:
    """A diff, ready to be drawn either way."""

    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]
    partners: tuple[int, ...]
    """For each row the one that its words are compared with; -1 for none."""
    width: int
    """Cells of the longest line."""
    count: str
    """How much it changes, e.g. `+6 −4 · 2 hunks`."""


def changes(diff: str) -> Changes:
    """Read a unified diff, whatever it holds; takes about 15 ms a thousand lines."""
    rows = read_diff(diff) if diff.strip() else []
    return laid_out(rows, count(rows))


def laid_out(rows: Sequence[Row], told: str = "") -> Changes:
    """Rows with their pairs."""
    paired = list(_pairs(rows))
    partners = [-1] * len(rows)
    for pair in paired:
        if pair.left != pair.right and pair.left >= 0 and pair.right >= 0:
            partners[pair.left], partners[pair.right] = pair.right, pair.left
    width = max((cell_len(row.text) for row in rows), default=0)
    return Changes(tuple(rows), tuple(paired), tuple(partners), width, told)


def sides(rows: Sequence[Row]) -> list[list[int]]:
    """The rows that stood together in a file, hunk by hunk: those of the old one, then those of the new one."""
    found: list[list[int]] = []
    for index, row in enumerate(rows):
        if row.sign in "@~":
            found += [[], []]
        elif not found:
            continue
        else:
            if row.sign != "-":
                found[-1].append(index)
            if row.sign != "+":
                found[-2].append(index)
    return [side for side in found if side]


def count(rows: Sequence[Row]) -> str:
    """How much a diff changes, e.g. `+6 −4 · 2 hunks`."""
    if not rows:
        return ""
    signs = [row.sign for row in rows]
    hunks = signs.count("@")
    return f"+{signs.count('+')} −{signs.count('-')} · {hunks} hunk{'s' if hunks != 1 else ''}"


def read_diff(diff: str) -> list[Row]:
    """A unified diff as rows, numbered as in the new file, what is removed as in the old one; never raises."""
    rows: list[Row] = []
    old = new = old_left = new_left = 0
    for text in diff.split("\n"):
        body = _shown(text[1:])
        if old_left <= 0 and new_left <= 0:
            if match := _HUNK.match(text):
                old, new = int(match[1]), int(match[3])
                old_left, new_left = int(match[2] or 1), int(match[4] or 1)
                rows.append(Row("@", 0, _head(new, new_left, _shown(match[5]))))
            elif text.startswith("+++ "):
                rows.append(Row("~", 0, _shown(text[4:])))
        elif text.startswith("+"):
            rows.append(Row("+", new, body))
            new, new_left = new + 1, new_left - 1
        elif text.startswith("-"):
            rows.append(Row("-", old, body))
            old, old_left = old + 1, old_left - 1
        elif not text.startswith("\\"):
            rows.append(Row(" ", new, body, old))
            old, new, old_left, new_left = old + 1, new + 1, old_left - 1, new_left - 1
    return _without_lone_name(rows)


@lru_cache(maxsize=1024)
def differing(old: str, new: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Where the words of two lines differ, in each of them; nothing where the lines have little in common."""
    if max(len(old), len(new)) > _LONGEST_COMPARED:
        return (), ()
    before, after = _WORD.findall(old), _WORD.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    alike = sum(len("".join(before[a : a + size]).strip()) for a, _, size in matcher.get_matching_blocks())
    if alike < _ALIKE * max(len(old.strip()), len(new.strip())):
        return (), ()
    codes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    left = (_span(before, start, end) for _, start, end, _, _ in codes)
    right = (_span(after, start, end) for _, _, _, start, end in codes)
    return tuple(span for span in left if span[0] < span[1]), tuple(span for span in right if span[0] < span[1])


def _span(words: Sequence[str], start: int, end: int) -> Span:
    first = sum(map(len, words[:start]))
    return first, first + sum(map(len, words[start:end]))


def _pairs(rows: Sequence[Row]) -> list[Pair]:
    """What was removed beside what came in its place: what is alike where it can be, the rest line by line."""
    found: list[Pair] = []
    removed: list[int] = []
    added: list[int] = []

    def settle() -> None:
        gone = came = 0
        for left, right in (*_alike(rows, removed, added), (len(removed), len(added))):
            between = zip_longest(removed[gone:left], added[came:right], fillvalue=-1)
            found.extend(Pair(old, new) for old, new in between)
            found.extend([Pair(removed[left], added[right])] if left < len(removed) and right < len(added) else [])
            gone, came = left + 1, right + 1
        removed.clear()
        added.clear()

    for index, row in enumerate(rows):
        if row.sign == "-":
            if added:
                settle()
            removed.append(index)
        elif row.sign == "+":
            added.append(index)
        else:
            settle()
            found.append(Pair(index, index))
    settle()
    return found


def _alike(rows: Sequence[Row], removed: Sequence[int], added: Sequence[int]) -> list[tuple[int, int]]:
    """The places of lines that were changed rather than replaced, in their order: the choice most alike in all."""
    if not 1 < len(removed) * len(added) <= _MOST_COMPARED:
        return []
    old, new = ([_words(rows[index].text) for index in side] for side in (removed, added))
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    alike = [[_likeness(before, after) for after in new] for before in old]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            taken = alike[i][j] + best[i + 1][j + 1] if alike[i][j] >= _ALIKE else 0.0
            best[i][j] = max(taken, best[i + 1][j], best[i][j + 1])
    found: list[tuple[int, int]] = []
    i = j = 0
    while i < len(old) and j < len(new):
        if alike[i][j] >= _ALIKE and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text[:_LONGEST_COMPARED]))


def _likeness(before: frozenset[str], after: frozenset[str]) -> float:
    """The share of letters in words that both lines have."""
    common = sum(map(len, before & after))
    return 2 * common / total if common and (total := sum(map(len, before)) + sum(map(len, after))) else 0.0


def _without_lone_name(rows: list[Row]) -> list[Row]:
    """The pane's title names the file already; names are kept where a diff goes over several files."""
    names = [row for row in rows if row.sign == "~"]
    return rows if len(names) > 1 else [row for row in rows if row.sign != "~"]


def _shown(text: str) -> str:
    """One line as one line: what would end or overwrite it in a terminal has a visible sign, and hides nothing."""
    visible = text.removesuffix("\r").replace("\r", "\u240d")
    return clean(_LINE_ENDS.sub("\u2424", visible)).expandtabs(4)


def _head(first: int, lines: int, where: str) -> str:
    return f"── {span(first, lines)} {where}".rstrip()


def span(first: int, lines: int) -> str:
    """Lines of a file in words, e.g. `lines 12–18`."""
    last = first + lines - 1
    return f"line {first}" if lines == 1 else f"lines {first}–{last}" if lines else f"after line {first}"
