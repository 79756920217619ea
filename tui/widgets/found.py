"""What was found on this machine, in words: a line for each finding, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from textual.content import Content

from core.doctor import Finding
from tui.widgets.frame import MUTED, plain

_MARKS = {True: ("✓", "bold $text-success"), False: ("!", "bold $text-warning"), None: ("·", MUTED)}


def found_lines(findings: Iterable[Finding]) -> Iterator[Content]:
    """The findings one below the other, advice indented."""
    for finding in findings:
        yield Content.assemble(
            _MARKS[finding.good], "  ", plain(f"{finding.what}: ").stylize("bold"), plain(finding.found)
        )
        if finding.advice:
            yield Content.assemble("     ", plain(finding.advice).stylize(MUTED))


def found_in_short(findings: Sequence[Finding], wanted: Sequence[str]) -> Content:
    """Some of the findings on one line, e.g. `LaTeX pdfTeX ✓ · GPU none`."""
    parts = [
        Content.assemble(
            f"{finding.what} ", plain(finding.found.partition(" (")[0]).stylize(MUTED), " ", _MARKS[finding.good]
        )
        for name in wanted
        for finding in findings
        if finding.what == name
    ]
    return Content(" · ").join(parts)
