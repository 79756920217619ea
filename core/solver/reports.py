"""The paper-solver's craft (section 3.3): a report, section by section, then edited while its review rises."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.brief import Job
from core.briefing import figures_of
from core.commands import Edit, Replace
from core.edits import apply_edit
from core.errors import LatexError
from core.events import ReportCompiled
from core.latex.compile import compile_report
from core.latex.mend import mended
from core.latex.sections import SECTIONS, empty_sections, missing_sections, scaffold, section_text, with_section
from core.literature.records import read_records
from core.literature.references import cited_keys, thebibliography, unresolved
from core.progress import Pending, Progress, Search
from core.record import Agent
from core.solver.craft import Applied, Check, Situation, score_words
from core.turn import Desk

AUTHOR = "labtop"
PDF = "report/report.pdf"
REFERENCES = "report/references.tex"
LONGEST_TITLE = 300
"""Characters."""
FEWEST_WORDS = 5
"""Words below which a section says next to nothing."""
PATIENCE = 2
"""How many improvements in a row may fail to raise the review before the report is done."""


class Reports:
    """Candidates are `report/report.tex`; one passes when it compiles and cites only what the review holds."""

    path = "report/report.tex"
    suffix = ".tex"
    writer = Agent.PHD_STUDENT
    judge = Agent.PROFESSOR
    reflects_on_failure = False  # LaTeX's own message and its line say all there is to learn

    def steps(self, desk: Desk) -> int:
        return desk.settings.report_steps

    def search(self, progress: Progress) -> Search:
        return progress.reports

    def with_search(self, progress: Progress, search: Search) -> Progress:
        return replace(progress, reports=search)

    def opening(self, desk: Desk, error: str = "") -> Situation | None:
        search, text = desk.progress.reports, desk.project.read(self.path)
        if not text:
            return Situation(Job.FIRST, "", search, error=error)
        wanted = missing_sections(text) or empty_sections(text)
        if not wanted:
            return None
        return Situation(Job.SECTION, text, search, error=error, section=wanted[0])

    def replacing(self, desk: Desk, pending: Pending, text: str) -> Situation | None:
        opening = self.opening(desk, pending.error)
        return replace(opening, search=replace(opening.search, pending=None)) if opening else None

    def facts(self, text: str) -> Mapping[str, Any]:
        return {"report": text}

    def allowed(self, situation: Situation) -> tuple[type, ...]:
        if situation.job is Job.REPAIR and situation.section:
            return (Edit, Replace)
        return (Edit,) if situation.job in (Job.IMPROVE, Job.REPAIR) else (Replace,)

    def applied(self, desk: Desk, situation: Situation, command: Edit | Replace) -> Applied:
        if isinstance(command, Edit):
            _keeps_preamble(situation.text, command)
            text = apply_edit(situation.text, command)
            if not situation.section or situation.section in missing_sections(text):
                return Applied(text)
            return _placed(desk, situation, text, section_text(text, situation.section))
        if situation.job is Job.FIRST:
            title = _title(command.text)
            if not title or len(title) > LONGEST_TITLE:
                raise LatexError(f"The title must be one line of at most {LONGEST_TITLE} characters.", "Send it alone.")
            return Applied(scaffold(title, AUTHOR))
        if not situation.section:
            raise LatexError("No section of its own is at fault.", "Mend the lines that are named with EDIT.")
        applied = _placed(desk, situation, situation.text, command.text)
        _worth_reading(section_text(applied.text, situation.section), situation)
        return applied

    def complete(self, text: str) -> bool:
        return not missing_sections(text) and not empty_sections(text)

    async def check(self, desk: Desk, text: str) -> Check:
        bibliography = desk.project.read("literature/references.bib")
        references = thebibliography(bibliography, cited_keys(text))
        files = {"references.tex": references.encode(), **_figures(desk)}
        compiled = await _compiled(desk, text, files)
        problems = list(compiled.errors)
        problems += [
            f"\\cite of “{key}”, which is not in the literature review. It holds {_listed(bibliography)}."
            for key in unresolved(text, bibliography)
        ]
        if not compiled.ok and not problems:
            problems = ["LaTeX stopped without saying why."]
        desk.emit(ReportCompiled(desk.turn, compiled.pages, tuple(problems)))
        if problems:
            first = problems[0].splitlines()[0]
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            return Check(f"{first}{more}", "\n\n".join(problems))
        return Check("", output="", files={REFERENCES: references.encode()}, built={PDF: compiled.pdf})

    def placed(self, desk: Desk, text: str, check: Check) -> dict[str, str | bytes | None]:
        return {**check.files, **check.built, self.path: text}

    def result(self, desk: Desk, search: Search) -> str:
        if search.best is None or (search.steps < self.steps(desk) and search.since_best < PATIENCE):
            return ""
        return score_words(search.best)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """What LaTeX made of the report, in words."""

    ok: bool
    pdf: bytes
    errors: tuple[str, ...]
    pages: tuple[str, ...]


async def _compiled(desk: Desk, text: str, files: Mapping[str, bytes]) -> _Compiled:
    async def really() -> dict[str, Any]:
        made = await compile_report(text, files)
        errors = [str(problem) for problem in made.problems if problem.severity == "error"]
        return {"ok": made.ok, "pdf": b64encode(made.pdf).decode(), "errors": errors, "pages": list(made.pages)}

    asked = {"text": text, "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}}
    told = await desk.once("latex", asked, really)
    return _Compiled(told["ok"], b64decode(told["pdf"]), tuple(told["errors"]), tuple(told["pages"]))


def _placed(desk: Desk, situation: Situation, report: str, body: str) -> Applied:
    """The report with `body`, mended, as the section at work.

    A key or a figure that is not there is named by the check at first; from who was told once it is taken out.
    """
    keys = [record.key for record in read_records(desk.project.read("literature/references.bib"))]
    made = mended(body, situation.section, keys, figures_of(desk.project), strict=not situation.error)
    return Applied(with_section(report, situation.section, made.text), made.notes)


def _keeps_preamble(report: str, edit: Edit) -> None:
    """Raise LatexError for plain text that would stand before the document begins."""
    begins = report.partition("\\begin{document}")[0].count("\n") + 1
    is_text = any(line.strip() and not line.lstrip().startswith(("\\", "%")) for line in edit.text.split("\n"))
    if edit.first <= begins and is_text:
        raise LatexError(
            f"Lines 1 to {begins} are the preamble, which stays as it is.", "Name lines of the text, by the listing."
        )


def _title(text: str) -> str:
    """The title alone: all of a short text, the first sentence of a long one, without marks of LaTeX or Markdown."""
    line = " ".join(text.split())
    if len(line) > LONGEST_TITLE:
        line = re.split(r"(?<=\w)[.:!?] ", line, maxsplit=1)[0]
    if command := re.fullmatch(r"\\title\{(.*)\}", line):
        line = command[1]
    return line.strip("#*_` ").rstrip(".")


def _worth_reading(text: str, situation: Situation) -> None:
    """Raise LatexError for a section that says next to nothing, or what another section says already."""
    words = _words(text)
    if len(words) < FEWEST_WORDS:
        raise LatexError(
            f"The section {situation.section} has {len(words)} words; it needs {FEWEST_WORDS} at the very least.",
            f"Write {situation.section} in full sentences, from the measurements and the review.",
        )
    there = [name for name in SECTIONS if name not in (situation.section, *missing_sections(situation.text))]
    for name in there:
        if words == _words(section_text(situation.text, name)):
            raise LatexError(
                f"This is word for word the text of the section {name}.", f"Write {situation.section} itself."
            )


def _listed(bibliography: str) -> str:
    return ", ".join(record.key for record in read_records(bibliography)) or "nothing, so cite nothing"


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]{2,}", text.casefold())


def _figures(desk: Desk) -> dict[str, bytes]:
    folder = desk.project.path / "figures"
    return {
        f"figures/{path.name}": desk.project.read_bytes(f"figures/{path.name}") for path in sorted(folder.glob("*.*"))
    }
