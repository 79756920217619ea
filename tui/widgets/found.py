"""What was found on this machine, in words: each finding by its mark, and what can be done about it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence

from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from core.doctor import Finding
from tui.widgets.frame import MUTED, plain

_MARKS = {True: ("✓", "bold $text-success"), False: ("!", "bold $text-warning"), None: ("·", MUTED)}
_NAMES = {"your models": "own models", "model server": "model server here"}
LONGEST_SHORT = 30
"""Characters that a finding may take on the one line."""


Look = Callable[..., Sequence[Finding]]
"""Looks at the machine, and with True as its argument at the network, too; slow."""


def look_around(network: bool = False) -> list[Finding]:
    """What this machine has and lacks."""
    from core.doctor import findings

    return list(findings(network))


class FoundList(Static):
    """The findings one below the other, as wide as there is room."""

    def __init__(self, words: str, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(words, id=id, markup=False)
        self._findings: tuple[Finding, ...] = ()

    def show(self, findings: Iterable[Finding]) -> None:
        """Show these."""
        self._findings = tuple(findings)
        self._write(self.content_size.width)

    def on_resize(self, event: Resize) -> None:
        """Break the lines anew."""
        if self._findings:
            self._write(self.content_size.width)

    def _write(self, width: int) -> None:
        self.update(Content("\n").join(found_lines(self._findings, width)))


def found_lines(findings: Iterable[Finding], width: int) -> Iterator[Content]:
    """The findings as lines of `width` cells at most, what is found and what to do indented below the mark."""
    for finding in findings:
        name = f"{finding.what}: "
        words = textwrap.wrap(f"{name}{plain(finding.found).plain}", max(20, width - 3)) or [name]
        first = Content.assemble((words[0][: len(name)], "bold"), words[0][len(name) :])
        yield Content.assemble(_MARKS[finding.good], "  ", first)
        yield from (Content(f"   {line}") for line in words[1:])
        for line in textwrap.wrap(plain(finding.advice).plain, max(20, width - 3)):
            yield Content.styled(f"   {line}", MUTED)


def found_in_short(findings: Sequence[Finding], wanted: Sequence[str]) -> Content:
    """Some of the findings on one line, e.g. `✓ LaTeX pdfTeX · sandbox bubblewrap · GPU none`."""
    parts = [
        Content.assemble(_MARKS[finding.good], f" {_NAMES.get(name, name)} ", (_short(finding.found), MUTED))
        for name in wanted
        for finding in findings
        if finding.what == name
    ]
    return Content("  ").join(parts)


def _short(found: str) -> str:
    """The first words of what was found."""
    words = re.split(r": | \(| in | of | answers| (?=\d)", plain(found).plain, maxsplit=1)[0]
    return textwrap.shorten(words, LONGEST_SHORT, placeholder=" …")
