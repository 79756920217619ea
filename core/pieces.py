"""What of another line can be taken: its program, its numbers, a section of its report, one paragraph of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.errors import HistoryError
from core.latex.paragraphs import paragraphs
from core.latex.sections import SECTIONS
from core.workspace.turns import one_line

PROGRAM, RESULTS = "program", "results"
_SHOWN = 90
"""Characters of a text that tell which one it is."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing to take: the program, the results, or the text of `section`, of which `paragraph` counts from 1.

    Without a paragraph it is the section as a whole.
    """

    kind: str = ""
    section: str = ""
    paragraph: int = 0

    @property
    def name(self) -> str:
        """How a person names it, e.g. `section Results 2`."""
        return self.kind or f"section {self.section}{f' {self.paragraph}' if self.paragraph else ''}"

    @property
    def words(self) -> str:
        """The text in a sentence, e.g. `paragraph 2 of the section Results`."""
        of = f"paragraph {self.paragraph} of " if self.paragraph else ""
        return f"{of}the section {self.section}"

    def text_in(self, sections: Mapping[str, str], line: str) -> str:
        """The text in a report's sections; raises HistoryError where the report of `line` has none."""
        whole = sections.get(self.section, "")
        if not whole:
            raise HistoryError(f"The report of line {line} has no text in {self.section}.", "Nothing was taken.")
        if not self.paragraph:
            return whole
        found = paragraphs(whole)
        if self.paragraph > len(found):
            raise HistoryError(
                f"The section {self.section} of line {line} has {len(found)} paragraphs.", "Nothing was taken."
            )
        return found[self.paragraph - 1]


def read_piece(name: str) -> Piece:
    """`program`, `results` (the measurement), or `section NAME [PARAGRAPH]`; raises HistoryError for anything else."""
    if name in (PROGRAM, RESULTS):
        return Piece(name)
    said = re.fullmatch(r"section[\s:]+([A-Za-z ]+?)(?:\s+(\d{1,3}))?", name.strip(), re.IGNORECASE)
    section = next((known for known in SECTIONS if said and known.casefold() == said[1].casefold()), "")
    if said is None or not section or said[2] == "0":
        raise HistoryError(
            f"{name[:80]!r} is no part that can be taken.",
            "Parts are program, results, section NAME and section NAME 2 for its second paragraph; "
            f"the sections are {', '.join(SECTIONS)}.",
        )
    return Piece(section=section, paragraph=int(said[2] or 0))


def texts_in(sections: Mapping[str, str]) -> Iterator[tuple[Piece, str]]:
    """Every section and paragraph of a report, each with how it begins."""
    for name, text in sections.items():
        parts = paragraphs(text)
        yield Piece(section=name), f"{len(parts)} paragraph{'' if len(parts) == 1 else 's'}"
        if len(parts) > 1:
            for number, part in enumerate(parts, 1):
                said = re.sub(r"(?m)(?<!\\)%.*$", "", part)
                yield Piece(section=name, paragraph=number), one_line(said, _SHOWN)
