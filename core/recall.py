"""Earlier turns of a line, a few at a time, for who reads back in a long history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.record import Turn

if TYPE_CHECKING:
    from core.workspace.project import Project

_AT_A_TIME = 50
FAR = 500
"""Turns in which another program's output is looked for; programs run in turns that lie close together."""


def turns_between(project: Project, first: int, last: int) -> list[Turn]:
    """The turns `first` to `last` of the line that is checked out, oldest first, as far as there are such."""
    found: list[Turn] = []
    skip = max(0, _newest(project) - last)
    while True:
        page = [logged.turn for logged in project.log(_AT_A_TIME, skip=skip)]
        found += [turn for turn in page if turn.number and first <= turn.number <= last]
        if len(page) < _AT_A_TIME or page[-1].number < first:
            return found[::-1]
        skip += _AT_A_TIME


def output_before(project: Project, number: int) -> Turn | None:
    """The last turn before turn `number` that ran a program; None when there is none in `FAR` turns."""
    last = min(number - 1, _newest(project))
    end = max(0, last - FAR)
    while last > end:
        turns = turns_between(project, max(1, last - _AT_A_TIME + 1), last)
        if found := next((turn for turn in reversed(turns) if turn.output), None):
            return found
        last -= _AT_A_TIME
    return None


def output_after(project: Project, number: int) -> Turn | None:
    """The first turn after turn `number` that ran a program; None when there is none in `FAR` turns."""
    first, newest = number + 1, min(_newest(project), number + FAR)
    while first <= newest:
        turns = turns_between(project, first, first + _AT_A_TIME - 1)
        if found := next((turn for turn in turns if turn.output), None):
            return found
        first += _AT_A_TIME
    return None


def _newest(project: Project) -> int:
    summaries = project.summaries(1)
    return summaries[0].number if summaries else 0
