"""A finding of one line of inquiry taken into another: the program, the numbers it measured, a part of the report.

What is taken becomes a turn of the researcher, as if changed by hand, so it is checked, run and measured here like any
other change. The numbers themselves are never put in the place of this line's own: they lie under `findings/` with the
commit that measured them, and the notes tell the agents of them.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.comparison import METRICS, spread_of
from core.consequences import REPORT, sections_of
from core.errors import HistoryError
from core.handwork import FINDINGS, REOPENS, commit_hand_edits
from core.latex.paragraphs import bare, made_of, paragraphs
from core.latex.sections import with_section
from core.lines import find_line
from core.literature.references import unresolved
from core.origins import Measured, numbers_of
from core.pieces import PROGRAM, RESULTS, Piece, read_piece, texts_in
from core.progress import read_progress
from core.record import Phase
from core.sandbox.metrics import MetricsError, read_metrics
from core.workspace.files import Content, blob_sha, check_writable
from core.workspace.journal import put_all
from core.workspace.turns import TurnSummary, one_line

if TYPE_CHECKING:
    from core.workspace.project import Project

PROGRAM_FILE = "experiment/main.py"
_DATA = "data/prepare.py"
_BIBLIOGRAPHY = "literature/references.bib"
_SAID = 1500
"""How many characters of a paragraph the notes repeat."""
_MOST_NUMBERS = 60
"""Numbers of a text whose measurement is looked for."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What would be taken from `line`: the files to write, and what a person should know before.

    `origin` is the turn that measured the numbers. `conflicts` are what both lines changed since they parted: taking
    it puts theirs in the place of yours. `missing` is what the finding would need here and does not have.
    """

    line: str
    origin: TurnSummary
    measured: str
    files: Mapping[str, str]
    taken: tuple[str, ...]
    conflicts: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sides:
    """The two lines: this one, the other with where it stands, and where they parted (empty when nowhere).

    `at` is the other line's turn that measured its results, else where it stands.
    """

    here: Project
    there: Project
    line: str
    head: str
    at: TurnSummary
    parted: str

    def mine(self, path: str) -> str:
        return self.here.read(path)

    def theirs(self, path: str) -> str:
        """As it was when the numbers were measured, so that the two belong together."""
        return self.there.read(path, self.at.commit)

    def before(self, path: str) -> str:
        return self.there.read(path, self.parted) if self.parted else ""

    @property
    def sections(self) -> dict[str, str]:
        """The texts of the other line's report, as it stands."""
        return sections_of(self.there.read(REPORT, self.head))

    @property
    def slug(self) -> str:
        """What the files of the finding are called."""
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", self.line)[-60:].strip("-.")
        return f"{FINDINGS}{name or 'line'}-{self.at.number}"


@dataclass(slots=True)
class _Basket:
    """What has been gathered so far; `notes` are lines for the agents, by phase."""

    measured: str
    metrics: Mapping[str, Any] | None
    files: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The numbers in the texts that are taken, as they stand there, each with what measured it."""
    notes: dict[Phase, list[str]] = field(default_factory=lambda: defaultdict(list))
    taken: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Offered:
    """Something that a line has to take, in words; `usual` for what is taken where nobody chooses."""

    piece: Piece
    words: str
    usual: bool


def offered(project: Project, named: str) -> list[Offered]:
    """What can be taken of the line, turn or folder `named`; raises HistoryError where there is nothing."""
    sides = _sides(project, named)
    usual = _usual(sides)
    measured, metrics = _measured(sides)
    found = [(Piece(PROGRAM), measured)] if sides.theirs(PROGRAM_FILE) else []
    if metrics is not None:
        found.append((Piece(RESULTS), f"{measured}, by commit {sides.at.commit[:12]}"))
    found += texts_in(sides.sections)
    return [Offered(piece, words, piece in usual) for piece, words in found]


def find(project: Project, named: str, parts: Sequence[str] = ()) -> Finding:
    """What taking `parts` of the line, turn or folder `named` would do; nothing is written.

    A part is `program`, `results`, `section NAME` or `section NAME 2` for its second paragraph; without any it is the
    program, the results and the section Results, as far as they are there. Raises HistoryError for unknown parts and
    where there is nothing to take.
    """
    sides = _sides(project, named)
    wanted = [read_piece(part) for part in parts] or _usual(sides)
    basket = _Basket(*_measured(sides))
    with_program = Piece(PROGRAM) in wanted
    if with_program:
        _add_program(sides, basket)
    if Piece(RESULTS) in wanted:
        _add_results(sides, basket, with_program)
    for piece in wanted:
        if piece.section and (not piece.paragraph or Piece(section=piece.section) not in wanted):
            _add_text(sides, basket, piece)
    basket.files[f"{sides.slug}.json"] = _numbers(sides, basket)
    for phase, lines in basket.notes.items():
        path = f"notes/{phase.value}.md"
        before = project.read(path)
        new = [line for line in lines if line not in before.splitlines()]
        gap = "" if before.endswith("\n") or not before else "\n"
        basket.files[path] = f"{before}{gap}{''.join(f'{line}{chr(10)}' for line in new)}"
    told = (basket.taken, basket.conflicts, basket.missing)
    return Finding(named, sides.at, basket.measured, basket.files, *map(tuple, told))


def take(project: Project, named: str, parts: Sequence[str] = (), *, over: bool = False) -> str:
    """Take a finding as a turn of the researcher; what was done, in words.

    Raises HistoryError, and writes nothing, where both lines changed the same and not `over`, or where there is nothing
    to take.
    """
    with project.lock():
        project.recover()
        commit_hand_edits(project)
        finding = find(project, named, parts)
        if finding.conflicts and not over:
            raise HistoryError(
                f"Both lines changed {'; '.join(finding.conflicts)}.",
                "Nothing was written. Take theirs in the place of yours with --over; yours stays in the history.",
            )
        contents = {path: Content(text.encode()) for path, text in finding.files.items()}
        check_writable(project.path, {path: content.data for path, content in contents.items()})
        put_all(project.git, contents.items())
        made = commit_hand_edits(project)
    if made is None:
        raise HistoryError(f"What was to be taken from {named} stands here already.", "Nothing was changed.")
    number = made.turn.number
    return f"Turn {number} ({made.commit[:8]}) takes from {named}:\n{finding_text(finding)}\nRoll back to undo it."


def finding_text(finding: Finding) -> str:
    """A finding as text: what is taken, where the numbers are from, what both changed, what is missing."""
    at = finding.origin
    lines = [f"  {words}" for words in finding.taken]
    lines.append(f"  origin: turn {at.number} of {finding.line}, commit {at.commit}: {finding.measured}")
    lines += [f"  ! both changed {words}" for words in finding.conflicts]
    return "\n".join([*lines, *(f"  ! missing: {words}" for words in finding.missing)])


def facts(finding: Finding) -> list[tuple[str, str]]:
    """A finding as headings with the words below them, line by line."""
    at = finding.origin
    found = []
    if finding.conflicts:  # first of all: on a small screen the rest may be below the edge
        both = "\n".join(f"both changed {words}" for words in finding.conflicts)
        found.append(("Replaces", f"{both}\ntheirs comes in the place of yours, which stays in the history"))
    found.append(("Takes", "\n".join(finding.taken)))
    if finding.missing:
        found.append(("Missing", "\n".join(finding.missing)))
    found.append(("Origin", f"turn {at.number} of {finding.line}, commit {at.commit[:12]}: {finding.measured}"))
    return [*found, ("Then", "a turn of yours; what is taken is checked, run and measured here like any change")]


def _sides(here: Project, named: str) -> _Sides:
    there, head = find_line(here, named)
    newest = there.git.text("log", "--first-parent", "-1", "--format=%H", head, "--", METRICS)
    chain = there.summaries(rev=head)
    at = next((turn for turn in chain if turn.commit == newest), chain[0])
    known = {turn.commit for turn in here.summaries()}
    parted = next((turn.commit for turn in chain if turn.commit in known), "")
    return _Sides(here, there, named, head, at, parted)


def _usual(sides: _Sides) -> list[Piece]:
    found = [Piece(PROGRAM)] if sides.theirs(PROGRAM_FILE) else []
    if sides.theirs(METRICS):
        found.append(Piece(RESULTS))
    if sides.sections.get("Results"):
        found.append(Piece(section="Results"))
    if not found:
        raise HistoryError(f"Line {sides.line} has no program, results or report yet.", "Nothing was taken.")
    return found


def _measured(sides: _Sides) -> tuple[str, Mapping[str, Any] | None]:
    """The measurement in words, e.g. `accuracy 0.95 ± 0.01 (3 seeds)`, and whole; None when there is none."""
    data = sides.there.read_bytes(METRICS, sides.at.commit)
    try:
        metrics = read_metrics(data) if data else None
    except MetricsError as error:
        return f"nothing that can be believed: {error}", None
    if metrics is None:
        return "nothing measured yet", None
    spread = spread_of(metrics)
    scatter = f" ± {spread.std:.2g} ({spread.seeds or 'some'} seeds)" if spread else ", no spread written down"
    return f"{one_line(str(metrics['metric']), 40)} {metrics['value']:.6g}{scatter}", metrics


def _add_program(sides: _Sides, basket: _Basket) -> None:
    theirs, mine = sides.theirs(PROGRAM_FILE), sides.mine(PROGRAM_FILE)
    if not theirs:
        raise HistoryError(f"Line {sides.line} has no program yet.", "Nothing was taken.")
    if mine not in (sides.before(PROGRAM_FILE), theirs):
        basket.conflicts.append(PROGRAM_FILE)
    if sides.mine(_DATA) != sides.theirs(_DATA):
        basket.missing.append(f"the data that it was measured on: {_DATA} is another one here")
    if basket.metrics is None:
        basket.missing.append(f"a measurement: {basket.measured}")
    basket.files[PROGRAM_FILE] = theirs
    basket.taken.append(f"its program, which is to be run and measured here ({basket.measured} there)")
    words = f"{PROGRAM_FILE} is the program of line {sides.line} now ({basket.measured} there): measure it here."
    basket.notes[Phase.EXPERIMENTS].append(words)


def _add_results(sides: _Sides, basket: _Basket, with_program: bool) -> None:
    if basket.metrics is None:
        raise HistoryError(f"Line {sides.line} has no numbers to take: {basket.measured}.", "Nothing was taken.")
    if not with_program and sides.mine(PROGRAM_FILE) != sides.theirs(PROGRAM_FILE):
        basket.missing.append(f"a measurement of it here: {PROGRAM_FILE} of this line is another one")
    where = f"{sides.slug}.json"
    basket.taken.append(f"its numbers, into {where} with the commit that measured them")
    words = f"Line {sides.line} measured {basket.measured} ({where}): its number, not one of this line."
    basket.notes[Phase.INTERPRETATION].append(words)


def _add_text(sides: _Sides, basket: _Basket, piece: Piece) -> None:
    """Put a text into the report, or beside it where the report is still to be written on new results."""
    text = piece.text_in(sides.sections, sides.line)
    numbers = _measured_in(sides, text, basket)
    basket.numbers |= numbers
    basket.missing += _lacking(sides, text)
    source = "\n".join(_source(sides, numbers))
    report, progress = basket.files.get(REPORT) or sides.mine(REPORT), read_progress(sides.here)
    begun_anew = PROGRAM_FILE in basket.files and (
        progress.finished or progress.phase.number > REOPENS[PROGRAM_FILE].number
    )
    if report and not begun_anew:
        mine, where = sections_of(report).get(piece.section, ""), ""
        if bare(text) in [bare(one) for one in (paragraphs(mine) if piece.paragraph else [mine])]:
            new, where = mine, ", which stands here already"
        elif piece.paragraph:
            new, where = _with_paragraph(sides, piece, mine, text, source)
        else:
            new = f"{source}\n{text}"
            if mine != sections_of(sides.before(REPORT)).get(piece.section, ""):
                basket.conflicts.append(f"the section {piece.section} of the report")
        basket.files[REPORT] = with_section(report, piece.section, new) if new != mine else report
        basket.taken.append(f"{piece.words} of its report{where}")
        return
    path = f"{sides.slug}-{piece.name.removeprefix('section ').replace(' ', '-')}.tex"
    basket.files[path] = f"{source}\n{text}\n"
    basket.taken.append(f"{piece.words} of its report, into {path}: the report here is still to be written")
    said = f"{piece.name.capitalize()} of line {sides.line} ({path}): {one_line(text, _SAID)}"
    basket.notes[Phase.REPORT].append(said)


def _with_paragraph(sides: _Sides, piece: Piece, mine: str, text: str, source: str) -> tuple[str, str]:
    """A section of ours with a paragraph of theirs: in the place of the one that it was made of, else at the end."""
    before = paragraphs(sections_of(sides.before(REPORT)).get(piece.section, ""))
    old = made_of(before, paragraphs(sides.sections[piece.section]), piece.paragraph - 1)
    if old and mine.count(old) == 1:
        return mine.replace(old, f"{source}\n{text}"), ", in the place of the one that both lines had"
    return f"{mine}\n\n{source}\n{text}", f", at the end of {piece.section}"


def _measured_in(sides: _Sides, text: str, basket: _Basket) -> dict[str, dict[str, Any]]:
    """The numbers in a text, as they stand there, that results of the other line hold: where, and who measured them."""
    results, said = Measured(sides.there, sides.head), numbers_of(text)[:_MOST_NUMBERS]
    origins = {number: origin for number in said if (origin := results.origin(number))}
    if unknown := [number for number in said if number not in origins]:
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        basket.missing.append(f"where {', '.join(unknown[:5])}{more} was measured: no result of that line holds it")
    return {
        number: {
            "file": origin.file,
            "name": one_line(origin.name, 60),
            "value": origin.value,
            "turn": origin.turn,
            "commit": origin.commit,
        }
        for number, origin in origins.items()
    }


def _source(sides: _Sides, numbers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Where a text and its numbers come from, as comments of LaTeX."""
    yield f"% taken from line {one_line(sides.line)}, commit {sides.head}; its numbers: commit {sides.at.commit}"
    for said, origin in numbers.items():
        if origin["commit"] != sides.at.commit:
            yield f"% {said}: turn {origin['turn']}, commit {origin['commit']}"


def _numbers(sides: _Sides, basket: _Basket) -> str:
    """What was measured, with the commit that measured it and the program that did, and the numbers of the texts."""
    at, path = sides.at, f"{sides.slug}.json"
    origin = {
        "line": sides.line,
        "project": sides.there.name,
        "turn": at.number,
        "commit": at.commit,
        "time": at.time,
        "program": blob_sha(sides.theirs(PROGRAM_FILE).encode()),
    }
    told: dict[str, Any] = {"origin": origin, "metrics": basket.metrics}
    if numbers := _numbers_before(sides.mine(path), at.commit) | basket.numbers:
        told["numbers"] = numbers
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _numbers_before(text: str, commit: str) -> dict[str, Any]:
    """The numbers of texts that were taken from the same results before."""
    try:
        held = json.loads(text)
        numbers = held["numbers"] if held["origin"]["commit"] == commit else {}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return numbers if isinstance(numbers, dict) else {}


def _lacking(sides: _Sides, text: str) -> Iterator[str]:
    """What a part of the report relies on and this line does not have."""
    for key in unresolved(text, sides.mine(_BIBLIOGRAPHY)):
        yield f"the paper {key}, which it cites and the review here does not hold"
    for figure in re.findall(r"\\includegraphics(?:\[[^\]]*\])?\{([^{}]+)\}", text):
        path = figure.removeprefix("../")
        if sides.here.read_bytes(path) != sides.there.read_bytes(path, sides.head):
            yield f"the figure {path} as it is there"
    if sides.mine(METRICS) != sides.theirs(METRICS):
        yield f"a measurement here of its numbers: {METRICS} of this line holds others"
