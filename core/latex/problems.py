"""What LaTeX found wrong, in plain words, with the lines around it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.clean import clean

MOST_PROBLEMS = 12
"""Problems that are reported of one run: the first matter, later ones mostly follow from them."""

_AROUND = 2
_LONGEST_LINE = 240
_ERROR = re.compile(r"^(?:(?P<file>[^\s:()][^:()\n]*?):(?P<line>\d+): |! ?)(?P<message>\S.*)$")
_INPUT_LINE = re.compile(r"on input line (\d+)")
_UNDEFINED = re.compile(r"Warning: (Citation|Reference|Hyper reference) [`'](.+?)' .*undefined")
_MULTIPLE = re.compile(r"LaTeX Warning: Label [`'](.+?)' multiply defined")
_TOO_LARGE = re.compile(r"LaTeX Warning: (Float too large for page by .+?) on input line")
_NO_CHARACTER = re.compile(r"^Missing character: There is no (\S+)")
_NO_FILE = re.compile(r"File [`'](.+?)' not found")
_NO_FONT = re.compile(r"^pdfTeX error: .*\(file (\w+)(?:\.pfb)?\): (?:cannot open Type 1|Font .* not found)")
_PROGRAM = re.compile(r"^runsystem\((.*?)\)\.\.\.disabled", re.MULTILINE)
_NO_PAGES = "\nNo pages of output."
_FOLLOW_UPS = ("Emergency stop", "==> Fatal error", "(That makes 100 errors")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where: `line` counts from 1 in `file`; `str()` of it is what an agent reads."""

    line: int | None
    message: str
    excerpt: str = ""
    severity: str = "error"
    """`error` or `warning`."""
    file: str = "report.tex"

    def __str__(self) -> str:
        place = "" if self.file == "report.tex" else f" in {self.file}"
        place += f", line {self.line}" if self.line else ""
        return f"{self.severity}{place}: {self.message}" + (f"\n{self.excerpt}" if self.excerpt else "")


def read_log(log: str, aux: str, sources: Mapping[str, str], files: Collection[str]) -> tuple[Problem, ...]:
    """The problems that a run's log tells of, errors first, each once.

    `sources` are the LaTeX files by name, `files` everything that lay beside the report. A citation or reference that
    `aux` knows by now needs only another run, so it is no problem.
    """
    lines = log.splitlines()
    found = [
        *_errors(lines, sources, files),
        *_refused(log),
        *_unresolved(lines, aux, sources),
        *_warnings(lines, sources),
    ]
    return in_order(found)


def in_order(problems: Collection[Problem]) -> tuple[Problem, ...]:
    """Errors first, each message and place once; what is beyond `MOST_PROBLEMS` is counted."""
    once: dict[tuple[str, int | None, str], Problem] = {}
    for problem in problems:
        once.setdefault((problem.file, problem.line, problem.message), problem)
    ordered = sorted(once.values(), key=lambda problem: problem.severity != "error")
    more = len(ordered) - MOST_PROBLEMS
    if more <= 0:
        return tuple(ordered)
    severity = ordered[MOST_PROBLEMS].severity
    return (*ordered[:MOST_PROBLEMS], Problem(None, f"{more} more; the first ones come first.", severity=severity))


def excerpt(source: str, line: int | None) -> str:
    """The lines around `line`, numbered, the line itself marked; empty when there is no such line."""
    lines = source.split("\n")
    if line is None or not 1 <= line <= len(lines):
        return ""
    first, last = max(1, line - _AROUND), min(len(lines), line + _AROUND)
    return "\n".join(
        f"{'>' if number == line else ' '}{number:5}| {_cut(lines[number - 1])}" for number in range(first, last + 1)
    )


def _cut(text: str) -> str:
    text = clean(text)
    return text if len(text) <= _LONGEST_LINE else text[: _LONGEST_LINE - 1] + "…"


def _errors(lines: Sequence[str], sources: Mapping[str, str], files: Collection[str]) -> Iterator[Problem]:
    found = [(at, match) for at, line in enumerate(lines) if (match := _ERROR.match(line))]
    starts = [(at, match) for at, match in found if not match["message"].startswith(_FOLLOW_UPS)]
    for at, match in starts or found[:1]:
        name = (match["file"] or "report.tex").removeprefix("./")
        message = _whole(lines, at, match["message"])
        line = int(match["line"]) if match["line"] else _line_of_file(message, sources["report.tex"])
        message = _in_words(message, lines[at + 1 : at + 9], files)
        yield _problem(name, line, message, sources)


def _problem(name: str, line: int | None, message: str, sources: Mapping[str, str], severity: str = "error") -> Problem:
    if name not in sources:  # inside a package: its lines mean nothing to the writer
        return Problem(None, message, severity=severity)
    return Problem(line, message, excerpt(sources[name], line), severity, name)


def _whole(lines: Sequence[str], at: int, message: str) -> str:
    """A message with its continuation lines, which are indented or start with the package's name in brackets."""
    for line in lines[at + 1 : at + 6]:
        continued = re.match(r"(?:\([\w.-]+\)\s+|\s{8,})(\S.*)", line)
        if not continued or not re.match(r"(?:LaTeX|Package|Class) ", message):
            break
        message += " " + continued[1]
    return re.sub(r"^(?:LaTeX|Package [\w.-]+) Error: ", "", message)


def _line_of_file(message: str, source: str) -> int | None:
    """The first line that names a missing package or file: TeX has read on by the time that it complains."""
    missing = _NO_FILE.search(message)
    name = missing[1].rpartition(".")[0] if missing else ""
    return next((at for at, line in enumerate(source.split("\n"), start=1) if name and name in line), None)


def _in_words(message: str, context: Sequence[str], files: Collection[str]) -> str:
    if message.startswith("Undefined control sequence"):
        command = re.search(r"\\(?:[A-Za-z@]+|.)\s*$", context[0]) if context else None
        return f"Undefined control sequence {command[0].strip()}: no loaded package defines it." if command else message
    if message.startswith("Emergency stop"):
        reason = next((line.strip("* ()") for line in context if line.startswith("*** (")), "")
        return f"LaTeX gave up: {reason}." if reason else message
    if font := _NO_FONT.search(message):
        return f"This TeX cannot draw the font {font[1]}: load lmodern, as the report's scaffold does."
    missing = _NO_FILE.search(message)
    return _missing(missing[1], files) if missing else message


def _missing(name: str, files: Collection[str]) -> str:
    if name.startswith(("/", "~")) or ".." in name.split("/"):
        return f"{name} lies outside the report's folder, and LaTeX may not read there."
    if name.endswith((".sty", ".cls")):
        return f"There is no {name} on this machine: do without it."
    if name.endswith(".tex"):
        return f"There is no file {name}: the report is one file, besides references.tex."
    figures = ", ".join(sorted(file for file in files if not file.endswith(".tex"))) or "none"
    return f"There is no figure {name}. The figures are: {figures}. LaTeX reads PDF, PNG and JPEG."


def _refused(log: str) -> Iterator[Problem]:
    if _NO_PAGES in log:
        yield Problem(None, "LaTeX made no page: the document has no text.")
    for command in _PROGRAM.findall(log):
        yield Problem(None, f"The report asked to run a program ({_cut(command)}); a report may not.")


def _unresolved(lines: Sequence[str], aux: str, sources: Mapping[str, str]) -> Iterator[Problem]:
    for text in lines:
        match = _UNDEFINED.search(text)
        if not match:
            continue
        key = match[2]
        if match[1] == "Citation" and f"\\bibcite{{{key}}}" not in aux:
            message = f"There is no reference {key}: cite only what literature/references.bib holds."
        elif match[1] != "Citation" and f"\\newlabel{{{key}}}" not in aux:
            message = f"There is no \\label{{{key}}} to refer to."
        else:
            continue
        yield _problem("report.tex", _input_line(text), message, sources)


def _warnings(lines: Sequence[str], sources: Mapping[str, str]) -> Iterator[Problem]:
    for text in lines:
        if match := _MULTIPLE.search(text):
            message = f"\\label{{{match[1]}}} is there more than once."
        elif match := _TOO_LARGE.search(text):
            message = match[1] + "."
        elif match := _NO_CHARACTER.search(text):
            message = f"The font has no character {match[1]}: it is missing in the PDF."
        else:
            continue
        yield _problem("report.tex", _input_line(text), message, sources, "warning")


def _input_line(text: str) -> int | None:
    match = _INPUT_LINE.search(text)
    return int(match[1]) if match else None
