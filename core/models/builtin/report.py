"""Report writing: the title, each section, one improvement at a time, and the mending of what LaTeX refuses."""

from __future__ import annotations

import re
from dataclasses import replace

from core.brief import Brief, Job
from core.commands import Edit, Replace
from core.latex.sections import SECTIONS, empty_sections, missing_sections, with_section
from core.literature.references import cited_keys
from core.models.builtin import polish, sections
from core.models.builtin.facts import Facts, facts_of, key
from core.models.builtin.reply import Reply
from core.models.builtin.rubric import Check, Draft, checks, score, unmet
from core.models.builtin.tables import figure_label
from core.models.builtin.wording import words
from core.record import Status

_LINE = re.compile(r"\b(?:line|lines|l\.)\s*(\d+)|report\.tex:(\d+)", re.IGNORECASE)
_MISSING_FILE = re.compile(r"[`'“\"]?(figures/[\w.-]+)['”\"]? not found|File [`'“\"]([^'”\"]+)['”\"] not found")
_NAMED = re.compile(r"[Nn]ext: “([^”]+)”")


def report_turn(brief: Brief) -> str:
    """The reply to one job of the paper-solver."""
    return _answer(brief, facts_of(brief)).text


def _answer(brief: Brief, facts: Facts) -> Reply:
    match brief.job:
        case Job.FIRST:
            return Reply(
                "I name the report by what was compared, on what data and how.", Replace(sections.title(facts))
            )
        case Job.SECTION:
            return _section(facts, brief.section)
        case Job.REPAIR:
            return _repair(brief, facts)
        case Job.REPLACE:
            if brief.section:
                return _section(facts, brief.section)
            return Reply("I begin anew with the title.", Replace(sections.title(facts)))
        case _:
            return _improve(brief, facts)


def _section(facts: Facts, name: str) -> Reply:
    body = sections.section(facts, name)
    source = (
        "the papers of the review" if name == "Related Work" else "the plan, the data card and results/metrics.json"
    )
    return Reply(f"I write {name} ({words(body)} words) from {source}.", Replace(body))


def _improve(brief: Brief, facts: Facts) -> Reply:
    start = brief.best.text if brief.best else brief.report
    draft = Draft(start, facts, brief.metrics or {})
    found = checks(draft)
    for check in _order(brief, list(unmet(found))):
        better = polish.improved(draft, check)
        if better != draft.report and score(checks(replace(draft, report=better))) > score(found):
            prose = f"I work on “{check.name}”, which the rubric finds met to {check.met:.0%}. {check.advice}"
            prose += (
                f" I go on from the best draft, that of turn {brief.best.turn}."
                if start != brief.report and brief.best
                else ""
            )
            return Reply(prose, polish.edit_between(brief.report, better))
    return Reply(
        "What the rubric can ask for and rules can do is done; I know of nothing to improve and only leave a remark.",
        _remark(brief.report, "% The rules know of nothing more to improve."),
    )


def _order(brief: Brief, open_checks: list[Check]) -> list[Check]:
    """What the professor asked for first, and last what has been tried and did not come to pass."""
    words_ = [brief.feedback, *(entry.outcome for entry in brief.tried), brief.best.reflection if brief.best else ""]
    asked = next((found[1] for text in reversed(words_) if (found := _NAMED.search(text))), "")
    failed = "\n".join(entry.text for entry in brief.tried if entry.status is not Status.OK)
    return sorted(open_checks, key=lambda check: (f"“{check.name}”" in failed, check.name != asked))


def _repair(brief: Brief, facts: Facts) -> Reply:
    problems = "\n\n".join((*brief.problems, brief.error))
    for mend in (_citations, _empty, _missing_file, _broken_line):
        mended, how = mend(brief, facts, problems)
        if mended and mended != brief.report:
            return Reply(how, polish.edit_between(brief.report, mended))
    whole = _whole(brief, facts)
    if whole != brief.report:
        return Reply("No single place explains the problem, so I write all sections anew.", _changed(brief, whole))
    return Reply(
        "The rules see nothing wrong in the text that they wrote; I leave a remark where a person may look.",
        _remark(brief.report, "% The rules could not mend what the check reported."),
    )


def _citations(brief: Brief, facts: Facts, problems: str) -> tuple[str, str]:
    unknown = set(cited_keys(brief.report)) - {key(entry) for entry in facts.review}
    if not unknown or not re.search(r"cit", problems, re.IGNORECASE):
        return "", ""
    shown = ", ".join(sorted(unknown))
    return polish.without_citations(
        brief.report, unknown
    ), f"These are not in the literature review, so they go: {shown}."


def _empty(brief: Brief, facts: Facts, problems: str) -> tuple[str, str]:
    if "empty" not in problems.lower():
        return "", ""
    report = brief.report
    names = [name for name in empty_sections(report) if name in problems]
    for name in names:
        report = with_section(report, name, sections.section(facts, name))
    return report, f"I write what is empty: {', '.join(names)}."


def _missing_file(brief: Brief, facts: Facts, problems: str) -> tuple[str, str]:
    found = _MISSING_FILE.search(problems)
    name = (found[1] or found[2]) if found else ""
    lines = brief.report.split("\n")
    place = next((at for at, text in enumerate(lines, 1) if name and "includegraphics" in text and name in text), 0)
    if not place:
        return "", ""
    report = polish.without_lines(brief.report, place)
    label = figure_label(name)
    report = re.sub(rf"[^.\n]*\\ref\{{{re.escape(label)}\}}[^.\n]*\.[ \t]?", "", report)
    return report, f"The figure {name} is not there, so I take it and what refers to it out."


def _broken_line(brief: Brief, facts: Facts, problems: str) -> tuple[str, str]:
    """Write the section of the first named line anew; where that is what it holds already, take the line out."""
    found = _LINE.search(problems)
    if not found:
        return "", ""
    line = int(found[1] or found[2])
    name = polish.section_at(brief.report, line)
    if not name:
        return "", ""
    fresh = with_section(brief.report, name, sections.section(facts, name))
    if fresh != brief.report:
        return fresh, f"Line {line} lies in {name}, which I write anew from the facts."
    return polish.without_lines(brief.report, line), f"I take out what stands around line {line} in {name}."


def _whole(brief: Brief, facts: Facts) -> str:
    report = brief.report
    for name in SECTIONS:
        if name not in missing_sections(report):
            report = with_section(report, name, sections.section(facts, name))
    return report


def _changed(brief: Brief, report: str) -> Edit:
    return polish.edit_between(brief.report, report)


def _remark(report: str, remark: str) -> Edit:
    """An EDIT that adds a LaTeX comment before the end of the document and changes nothing that prints."""
    lines = report.split("\n")
    end = next((at for at, text in enumerate(lines, 1) if text.strip() == r"\end{document}"), len(lines))
    again = lines.count(remark) + 1
    return Edit(end, end - 1, f"{remark}\n" if again == 1 else f"{remark} ({again})\n")
