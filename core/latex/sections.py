"""The report as eight named sections in one `report.tex`: start it, read a section, put a section in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from core.errors import LatexError
from core.latex.escape import escape

SECTIONS = (
    "Abstract",
    "Introduction",
    "Background",
    "Related Work",
    "Methods",
    "Experimental Setup",
    "Results",
    "Discussion",
)
_MARKER = re.compile(r"^[ \t]*%[ \t]*labtop:.*(?:\n|\Z)", re.MULTILINE | re.IGNORECASE)
_COMMENT = re.compile(r"(?<!\\)%.*")
_BOUNDARY = re.compile(
    r"^[ \t]*(?:%[ \t]*labtop:[ \t]*section\b|\\section\b|\\(?:begin|end)\{abstract\}|\\input\{references\}"
    r"|\\appendix\b|\\begin\{thebibliography\}|\\end\{document\})",
    re.MULTILINE,
)
_WHOLE = re.compile(r"\\documentclass\b|\\(?:begin|end)\s*\{document\}")


def scaffold(title: str, author: str, date: str = r"\today") -> str:
    """A report with all eight sections still empty; `title` and `author` are plain text, `date` is LaTeX."""
    headings = "".join(
        f"\n\\section{{{name}}}\\label{{sec:{name.lower().replace(' ', '-')}}}\n{_opening(name)}{_closing(name)}"
        for name in SECTIONS[1:]
    )
    filled = {"title": escape(title), "author": escape(author), "date": date, "sections": headings}
    template = Path(__file__).with_name("report.tex").read_text(encoding="utf-8")
    return re.sub(r"\[\[(\w+)\]\]", lambda found: filled[found[1]], template)


def section_text(report: str, name: str) -> str:
    """The text of one section, without heading and markers; raises LatexError when the report has no such section."""
    start, end = _place(report, name)
    return _MARKER.sub("", report[start:end]).strip()


def with_section(report: str, name: str, body: str) -> str:
    """The report with `body` as the text of section `name`.

    Markers that were edited away come back. Raises LatexError when the report has no such section, or when `body` is
    empty or a whole document.
    """
    start, end = _place(report, name)
    return f"{report[:start]}{_opening(name)}{_own_text(name, body)}\n{_closing(name)}{report[end:]}"


def empty_sections(report: str) -> list[str]:
    """The sections that are there and hold no text (comments do not count), in order."""
    present = (name for name in SECTIONS if name not in missing_sections(report))
    return [name for name in present if not _COMMENT.sub("", section_text(report, name)).strip()]


def missing_sections(report: str) -> list[str]:
    """The sections that have neither a marker nor a heading in the report, in order."""
    return [name for name in SECTIONS if _find(report, name) is None]


def _opening(name: str) -> str:
    return f"% labtop: section {name}\n"


def _closing(name: str) -> str:
    return f"% labtop: end {name}\n"


def _known(name: str) -> str:
    for section in SECTIONS:
        if section.casefold() == name.strip().casefold():
            return section
    raise LatexError(f"There is no section called {name!r}.", f"The sections are {', '.join(SECTIONS)}.")


def _place(report: str, name: str) -> tuple[int, int]:
    found = _find(report, _known(name))
    if found is None:
        raise LatexError(
            f"The report has no section {name}: the line `{_opening(name).strip()}` is gone.",
            "Put the line back under the section's heading, or write the report anew from its scaffold.",
        )
    return found


def _find(report: str, name: str) -> tuple[int, int] | None:
    """Where the section lies, its own markers included; the text under its heading when the markers are gone."""
    for start, after in _starts(report, name):
        closing = re.compile(rf"^[ \t]*%[ \t]*labtop:[ \t]*end[ \t]+{re.escape(name)}[ \t]*(?:\n|\Z)", re.M | re.I)
        boundary = _BOUNDARY.search(report, after)
        end = boundary.start() if boundary else len(report)
        closed = closing.search(report, after, end)
        return start, closed.end() if closed else end
    return None


def _starts(report: str, name: str) -> Iterator[tuple[int, int]]:
    words = r"\s+".join(re.escape(word) for word in name.split())
    marker = re.search(rf"^[ \t]*%[ \t]*labtop:[ \t]*section[ \t]+{words}[ \t]*(?:\n|\Z)", report, re.M | re.I)
    if marker:
        yield marker.span()
    heading = r"\\begin\{abstract\}" if name == "Abstract" else _heading(words)
    found = re.search(rf"^[ \t]*{heading}[ \t]*(?:\n|\Z)?", report, re.MULTILINE)
    if found:
        yield found.end(), found.end()


def _heading(words: str) -> str:
    return rf"\\section\*?\{{\s*{words}\s*\}}(?:[ \t]*\\label\{{[^}}\n]*\}})?"


def _own_text(name: str, body: str) -> str:
    """The body without what the scaffold already has: markers, the section's heading, the abstract's environment."""
    text = _MARKER.sub("", body).strip()
    words = r"\s+".join(re.escape(word) for word in _known(name).split())
    text = re.sub(rf"\A{_heading(words)}\s*", "", text, flags=re.IGNORECASE)
    if _known(name) == "Abstract":
        text = re.sub(r"\\(?:begin|end)\{abstract\}", "", text)
    text = text.strip()
    if not _COMMENT.sub("", text).strip():
        raise LatexError(f"The text for section {name} is empty.", "Write the section's text.")
    if _WHOLE.search(_COMMENT.sub("", text)):
        raise LatexError(f"The text for section {name} is a whole document.", "Write only the section's own text.")
    return text
