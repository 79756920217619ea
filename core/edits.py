"""Line arithmetic of EDIT: the numbered listing that a model sees, and the edit applied to those very lines."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace

from core.commands import Edit
from core.errors import LabError

_NUMBERED = re.compile(r" *([0-9]{1,7})\|(?: (.*))?")


class EditError(LabError):
    """An EDIT that names lines which are not there."""

    title = "EDIT"


def numbered(text: str) -> str:
    """List `text` with its lines numbered from 1, as EDIT counts them: `  1| first line`."""
    lines = lines_of(text)
    width = max(3, len(str(len(lines))))
    return "\n".join(f"{number:>{width}}| {line}" for number, line in enumerate(lines, 1))


def unnumbered(text: str) -> str:
    """`text` without the line numbers of the listing, when every line was copied with its own."""
    found = [_NUMBERED.fullmatch(line) for line in lines_of(text)]
    lines = [line for line in found if line]
    numbers = [int(line[1]) for line in lines]
    if not lines or len(lines) < len(found) or numbers != sorted(numbers):
        return text
    return "".join(f"{line[2] or ''}\n" for line in lines)


def apply_edit(text: str, edit: Edit) -> str:
    """Replace lines `edit.first` to `edit.last` of `text`; raises EditError when they are not in the listing.

    The same as `lines[first - 1 : last] = new` on a list; the result ends with a newline unless it is empty.
    """
    lines = lines_of(text)
    count = len(lines)
    if not (1 <= edit.first <= count + 1 and edit.first - 1 <= edit.last <= count):
        raise EditError(
            f"EDIT {edit.first} {edit.last} does not fit: the text has {count} line{'' if count == 1 else 's'}.",
            f"Name lines from 1 to {count}, the first no later than the last; "
            f"EDIT {count + 1} {count} adds after the last line.",
        )
    lines[edit.first - 1 : edit.last] = lines_of(edit.text)
    return "".join(f"{line}\n" for line in lines)


def indented(text: str, edit: Edit) -> Edit:
    """The same edit, its new lines moved to the right by what they lack against the first line that they replace."""
    lacks = _indent(lines_of(text)[edit.first - 1 : edit.last]) - _indent(lines_of(edit.text))
    moved = (f"{' ' * lacks}{line}" if line.strip() else line for line in lines_of(edit.text))
    return replace(edit, text="".join(f"{line}\n" for line in moved))


def unified_diff(before: str, after: str, path: str) -> str:
    """The change from `before` to `after` as a unified diff of the file `path`; empty when there is none."""
    old, new = lines_of(before), lines_of(after)
    diff = difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")
    return "".join(f"{line}\n" for line in diff)


def _indent(lines: list[str]) -> int:
    """The spaces before the first line that holds anything."""
    first = next((line for line in lines if line.strip()), "")
    return len(first) - len(first.lstrip(" "))


def lines_of(text: str) -> list[str]:
    """The lines of a text as the listing numbers them, without their ends."""
    # Only "\n" ends a line: str.splitlines would also cut at form feeds and Unicode separators inside strings.
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines
