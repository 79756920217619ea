"""A proposed change taken apart, as with `git add -p`, and the command that makes just the chosen parts of it.

What is chosen from are hunks split as far as they can be: runs of changed lines with no unchanged one in between. How
many of them a face shows as one hunk is its own matter.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.commands import Command, Edit, Interpretation, Plan, Replace, SubmitCode
from core.edits import lines_of, unified_diff

_Opcode = tuple[str, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """What a command would make of the file `path`."""

    path: str
    before: str
    after: str

    @property
    def diff(self) -> str:
        """The change as a unified diff; empty when there is none."""
        return unified_diff(self.before, self.after, self.path)


def parts(change: Change) -> int:
    """How many parts a change has: the runs of changed lines in its unified diff."""
    return len(_runs(change))


def chosen(change: Change, kept: Collection[int]) -> str:
    """The text with only the parts `kept` (numbered from 1) made; raises ValueError for a number that is none."""
    runs = _runs(change)
    if not set(kept) <= set(range(1, len(runs) + 1)):
        raise ValueError(f"parts {sorted(kept)} of {len(runs)}")
    before, after = lines_of(change.before), lines_of(change.after)
    lines, done = list[str](), 0
    for number in sorted(set(kept)):
        _, first, last, start, end = runs[number - 1]
        lines += before[done:first] + after[start:end]
        done = last
    return _text(lines + before[done:])


def left_out(change: Change, kept: Collection[int]) -> str:
    """The diff of the parts that are not kept."""
    if not kept:
        return change.diff
    rest = set(range(1, parts(change) + 1)) - set(kept)
    return unified_diff(change.before, chosen(change, rest), change.path)


def command_making(text: str, before: str, command: Command) -> Command | None:
    """A command like `command` that makes `text` of `before`; None when its kind changes no file."""
    match command:
        case Edit() | Replace():
            return _edit(before, text)
        case Plan():
            return Plan(text.strip())
        case Interpretation():
            return Interpretation(text.strip())
        case SubmitCode():
            return SubmitCode(text)
        case _:
            return None


def _edit(before: str, after: str) -> Edit:
    """The one EDIT of the fewest lines that makes `after` of `before`."""
    old, new = lines_of(before), lines_of(after)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    return Edit(head + 1, len(old) - tail, _text(new[head : len(new) - tail]))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines two texts begin with together."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _runs(change: Change) -> list[_Opcode]:
    matcher = difflib.SequenceMatcher(None, lines_of(change.before), lines_of(change.after))
    return [code for code in matcher.get_opcodes() if code[0] != "equal"]


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
