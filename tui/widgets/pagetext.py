"""The report as lines: its pages set to a width, or its LaTeX with what is wrong said below the line it is about."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.content import Content

from tui.widgets.folds import folds
from tui.widgets.frame import MUTED

_LINE = re.compile(r"(?:error|warning)?,? *\bl(?:ine|\.)\s*(\d{1,7})", re.IGNORECASE)
_HEADING = re.compile(r"(?:\d{1,2}(?:\.\d{1,2})*\s+)?[A-Z][\w ,:–-]{2,60}")
_ENDS = (".", ":", "!", "?")
_BULLETS = ("• ", "– ", "∗ ", "· ")
MOST_LINES = 10_000
"""Lines of the source that are shown."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the pane; `number` is a line of the source, 0 where it is none; `wrong` marks an error."""

    text: str
    number: int = 0
    wrong: bool = False
    style: str = ""
    whole: str = ""
    """The line of the source that this is a part of, beginning at `start`."""
    start: int = 0


def source_rows(source: str, problems: Sequence[str], width: int) -> Iterator[Row]:
    """The source with its lines numbered and broken to `width`, each problem below its line; others come first."""
    lines = source.expandtabs(4).split("\n", MOST_LINES) if source else []
    more = lines.pop() if len(lines) > MOST_LINES else ""
    below: defaultdict[int, list[str]] = defaultdict(list)
    for problem in problems:
        below[place(problem, len(lines))].append(problem)
    if below[0]:
        yield from (*problem_rows(below[0], width), Row(""))
    for number, text in enumerate(lines, start=1):
        for start, end in folds(text, width):
            yield Row(text[start:end], number, number in below, whole=text, start=start)
        yield from problem_rows(below.get(number, ()), width, in_place=True)
    if more:
        yield Row(f"… {more.count(chr(10)) + 1} more lines: o opens all of it in your editor", style=MUTED)


def place(problem: str, lines: int) -> int:
    """The line of the source that a problem is about; 0 for another file's, or one that is not there."""
    head = problem.partition(":")[0]
    found = None if re.match(r"\w+ in ", head) else _LINE.search(head)
    return number if found and (number := int(found[1])) <= lines else 0


def page_rows(page: str, problems: Sequence[str], width: int) -> Iterator[Row]:
    """The problems, then a page with its paragraphs set to the pane's width."""
    if problems:
        yield from (*problem_rows(problems, width), Row(""))
    for paragraph in paragraphs(page):
        heading = len(paragraph) < 64 and not paragraph.endswith(_ENDS) and _HEADING.fullmatch(paragraph)
        for line in wrapped(paragraph, width):
            yield Row(line, style="bold" if heading else "")


def problem_rows(problems: Sequence[str], width: int, *, in_place: bool = False) -> Iterator[Row]:
    """What is wrong with the report, each problem by its first lines; `in_place` leaves out which line it is about."""
    for problem in problems:
        mark, style = ("!", "$text-warning") if is_warning(problem) else ("✗", "$text-error")
        said = problem.split("\n")[0]
        said = said.partition(":")[2].strip() or said if in_place else said
        for at, line in enumerate(wrapped(said, width - 2)[:3]):
            yield Row(f"{mark if not at else ' '} {line}", style=style)


def is_warning(problem: str) -> bool:
    """Whether a problem is one that the report compiles with."""
    return problem.startswith("warning")


def verdict(errors: int, warnings: int) -> str:
    """How much is wrong, in words."""
    words = [f"✗ {errors} error{'s' if errors != 1 else ''}"] if errors else []
    return " ".join([*words, f"! {warnings} warning{'s' if warnings != 1 else ''}"] if warnings else words)


def paragraphs(page: str) -> Iterator[str]:
    """The paragraphs of a page, empty lines between: a line that runs to the margin goes on in the next one."""
    lines = [" ".join(line.split()) for line in re.sub(r"\n\s*\n", "\n\n", page.strip()).split("\n")]
    margin = 0.75 * max((len(line) for line in lines), default=0)
    held, above = "", ""
    for line in lines:
        if held and (not line or heading_starts(line) or line.startswith(_BULLETS)):
            yield held
            held = ""
        if not line or (above and heading_starts(line)):
            yield ""
        above = line
        held = held[:-1] + line if held.endswith("-") and line[:1].islower() else f"{held} {line}".strip()
        if held and len(line) < margin:
            yield held
            held = ""
    if held:
        yield held


def heading_starts(line: str) -> bool:
    """Whether a line looks like the number and title of a section."""
    return bool(re.match(r"\d{1,2}(?:\.\d{1,2})*\s+[A-Z]", line)) and len(line) < 64 and not line.endswith(_ENDS)


def wrapped(text: str, width: int) -> list[str]:
    """A paragraph in lines of at most `width` cells."""
    return [line.plain for line in Content(text).wrap(max(4, width))] or [""]
