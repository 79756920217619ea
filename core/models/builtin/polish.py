"""Making a report better, or whole again: each remedy is a change of one section, sent as one EDIT of real lines."""

from __future__ import annotations

import re
from collections.abc import Callable

from core.commands import Edit
from core.latex.sections import SECTIONS, with_section
from core.literature.references import cited_keys
from core.models.builtin import measured, sections
from core.models.builtin.facts import Facts, key
from core.models.builtin.findings import agreement, contrast_sentence, effect_size
from core.models.builtin.rubric import SUBSTANCE, Check, Draft, foreign_numbers, sections_of
from core.models.builtin.tables import figure, figure_label, loss_table, results_table, settings_table, usable
from core.models.builtin.wording import at_level, count, listed, number, tex, words

_START = re.compile(r"^%\s*labtop:\s*section\s+(.+)|\\section\*?\{([^}]*)\}|\\begin\{abstract\}")
_ENVIRONMENT = re.compile(r"\\(begin|end)\{(\w+\*?)\}")


def edit_between(before: str, after: str) -> Edit:
    """The smallest single EDIT that turns `before` into `after`, which must differ."""
    old, new = _lines(before), _lines(after)
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    tail = 0
    while tail < min(len(old), len(new)) - first and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    text = "".join(f"{line}\n" for line in new[first : len(new) - tail])
    return Edit(first + 1, len(old) - tail, text)


def improved(draft: Draft, check: Check) -> str:
    """The report with what the check misses; the report as it was when the rules know no remedy."""
    remedy = _REMEDIES.get(check.name)
    return remedy(draft) if remedy else draft.report


def _added(draft: Draft, name: str, text: str) -> str:
    """The report with a text at the end of a section."""
    if not text.strip() or name not in sections_of(draft.report):
        return draft.report
    before = draft.section(name)
    signature = measured.SIGNATURE
    if name == "Discussion" and before.endswith(signature):
        return with_section(draft.report, name, f"{before.removesuffix(signature)}{text}\n\n{signature}")
    return with_section(draft.report, name, f"{before}\n\n{text}" if before else text)


def _thin(draft: Draft) -> str:
    for name in SECTIONS:
        if name in sections_of(draft.report) and words(draft.section(name)) < SUBSTANCE:
            fresh = sections.section(draft.facts, name)
            if words(fresh) > words(draft.section(name)):
                return with_section(draft.report, name, fresh)
    return draft.report


def _foreign(draft: Draft) -> str:
    """The first section that holds a number from nowhere, written anew from what was measured."""
    for name in SECTIONS:
        if foreign_numbers(draft, draft.section(name)):
            return with_section(draft.report, name, sections.section(draft.facts, name))
    return draft.report


def _table(draft: Draft) -> str:
    if r"\label{tab:results}" in draft.report:
        return with_section(draft.report, "Results", measured.results(draft.facts))
    return _added(
        draft, "Results", rf"Table~\ref{{tab:results}} holds every measurement.{chr(10)}{results_table(draft.facts)}"
    )


def _intervals(draft: Draft) -> str:
    evidence = draft.facts.evidence
    told = " ".join(contrast_sentence(evidence, contrast) for contrast in evidence.contrasts)
    if r"\pm" not in draft.section("Results"):
        return _table(draft)
    return _added(draft, "Results", rf"\paragraph{{Intervals.}} {tex(told)}" if told else "")


def _uncited(draft: Draft) -> str:
    known = {key(entry): entry for entry in draft.facts.review if key(entry)}
    if foreign := set(cited_keys(draft.report)) - set(known):
        return without_citations(draft.report, foreign)
    there = cited_keys(draft.section("Related Work"))
    lacking = [name for name in known if name not in there]
    told = [sections.paper_sentence(known[name], place) for place, name in enumerate(lacking)]
    return _added(draft, "Related Work", rf"\paragraph{{Further papers.}} {' '.join(told)}" if told else "")


def _discussed(draft: Draft) -> str:
    return _added(draft, "Discussion", measured.fate(draft.facts))


def _limited(draft: Draft) -> str:
    return _added(draft, "Discussion", measured.limitations(draft.facts))


def _set_up(draft: Draft) -> str:
    told = "\n\n".join((measured.protocol(draft.facts), measured.software(draft.facts)))
    return _added(draft, "Experimental Setup", told)


def _shown(draft: Draft) -> str:
    """Results with the figures, and Experimental Setup with the settings, that are not there yet."""
    facts, report = draft.facts, draft.report
    lacking = [path for path in usable(facts.figures) if rf"\label{{{figure_label(path)}}}" not in report]
    blocks = [figure(facts, path) for path in lacking]
    refer = [path for path in usable(facts.figures) if rf"\ref{{{figure_label(path)}}}" not in report]
    told = [rf"Figure~\ref{{{figure_label(path)}}} shows {_what(facts, path)}." for path in refer]
    if r"\ref{tab:results}" not in report and facts.evidence.cells:
        told.append(r"Table~\ref{tab:results} holds every measurement.")
        blocks += [] if r"\label{tab:results}" in report else [results_table(facts)]
    if lacking and r"\label{tab:losses}" not in report:
        blocks.append(_loss_text(facts))
    if blocks or told:
        return _added(draft, "Results", "\n\n".join([" ".join(told), *blocks]))
    text = rf"Table~\ref{{tab:settings}} lists the settings of every model.{chr(10)}"
    table = "" if r"\label{tab:settings}" in report else settings_table(facts)
    return _added(draft, "Experimental Setup", text + table) if facts.evidence.settings else report


def _what(facts: Facts, path: str) -> str:
    if not facts.draws(path):
        return "a part of the measurements"
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return {
        "drops": "the losses by model and the paired differences",
        "contrasts": "the paired differences",
        "groups": "the means of the groups",
    }.get(stem, "the measurements")


def _all_losses(draft: Draft) -> str:
    """Results with the loss of every model as a table."""
    return _added(draft, "Results", _loss_text(draft.facts))


def _loss_text(facts: Facts) -> str:
    losses = facts.evidence.losses
    if not losses:
        return ""
    clear = sum(loss.clear for loss in losses)
    exceed = "exceeds" if clear == 1 else "exceed"
    return (
        rf"\paragraph{{Every loss.}} Table~\ref{{tab:losses}} gives the loss of each model; {clear} of {len(losses)} "
        rf"{exceed} "
        f"the standard deviation over the seeds.\n{loss_table(facts)}"
    )


def _firm(draft: Draft) -> str:
    """Results with how often a difference has the same sign, and how large it is against its scatter."""
    evidence, told = draft.facts.evidence, []
    for contrast in evidence.contrasts:
        same = evidence.same_sign(contrast)
        if same is None:
            continue
        text = (
            f"The difference between {contrast.a} and {contrast.b} has the sign of its mean in {same[0]} of "
            f"{count(same[1], 'seed')}"
        )
        size = effect_size(contrast)
        told.append(f"{text}; it amounts to {size}." if size else f"{text}.")
    best = evidence.ranking(evidence.end)
    beats = agreement(evidence, best[0], best[1]) if len(best) > 1 else ""
    if beats:
        where = f" {at_level(evidence, evidence.end)}" if evidence.varied else ""
        told.append(f"Of single models, {beats}{where}.")
    return _added(draft, "Results", rf"\paragraph{{How firm the difference is.}} {tex(' '.join(told))}" if told else "")


def _related(draft: Draft) -> str:
    """Discussion with the findings beside what earlier work was concerned with; no agreement is claimed."""
    facts = draft.facts
    near = facts.about("noise", "noisy", "label error", "robust", "tabular", "forest", "boost", "comparisons")
    keys = list(dict.fromkeys([*near, *(key(entry) for entry in facts.review if key(entry))]))[:3]
    if not keys:
        return draft.report
    titles = {key(entry): " ".join(entry.paper.title.split()) for entry in facts.review}
    works = listed([rf"``{tex(titles[name])}'' \citep{{{name}}}" for name in keys])
    return _added(
        draft,
        "Discussion",
        rf"\paragraph{{Beside earlier work.}} Of the works in the review, those nearest to the question are {works}. "
        rf"What was "
        f"measured here, {_found(facts)}, is one case to lay beside them. Data, models and protocol differ from "
        f"theirs, so neither agreement nor contradiction is claimed; who wants to compare should take the paired "
        f"difference with its interval rather than the single scores.",
    )


def _found(facts: Facts) -> str:
    evidence = facts.evidence
    if evidence.contrasts:
        c = evidence.contrasts[0].positive()
        what = "loss" if c.about_loss else "score"
        if not c.decided:
            return tex(f"no difference in {what} between {c.a} and {c.b} that the interval would bear out")
        return tex(f"a {'larger' if c.about_loss else 'higher'} {what} of {c.a} than of {c.b} by {number(c.mean)}")
    best = evidence.ranking(evidence.end)
    return tex(f"{best[0].model} ahead with {number(best[0].mean)}") if best else "one number"


_REMEDIES: dict[str, Callable[[Draft], str]] = {
    "all eight sections": _thin,
    "only measured numbers": _foreign,
    "every model and level": _table,
    "uncertainty": _intervals,
    "citations": _uncited,
    "the hypothesis": _discussed,
    "limitations": _limited,
    "reproducibility": _set_up,
    "tables and figures": _shown,
    "every loss": _all_losses,
    "firmness of the difference": _firm,
    "relation to earlier work": _related,
}


def without_citations(report: str, keys: set[str]) -> str:
    r"""The report without some keys in its `\cite` commands; a command that is left empty goes."""

    def kept(found: re.Match[str]) -> str:
        names = [name.strip() for name in found[2].split(",") if name.strip() not in keys]
        return f"{found[1]}{{{','.join(names)}}}" if names else ""

    preamble, start, body = report.partition(r"\begin{document}")
    command = r"(?:~|[ \t])?(\\cite[A-Za-z]*\*?(?:\[[^\]]*\])*)\{([^}]*)\}"
    return preamble + start + re.sub(command, lambda found: _spaced(found, kept(found)), body)


def without_lines(report: str, line: int) -> str:
    """The report without the line (from 1), or without the whole float or list around it."""
    lines = _lines(report)
    first = last = min(max(line, 1), len(lines)) - 1
    stack: list[tuple[str, int]] = []
    for at, text in enumerate(lines):
        for kind, name in _ENVIRONMENT.findall(text):
            if name in {"document", "abstract"}:
                continue
            if kind == "begin":
                stack.append((name, at))
            elif stack:
                _, start = stack.pop()
                if start <= line - 1 <= at and not stack:
                    first, last = start, at
    return "".join(f"{text}\n" for at, text in enumerate(lines) if not first <= at <= last)


def section_at(report: str, line: int) -> str:
    """The section that a line (from 1) lies in, empty outside all of them."""
    for text in reversed(_lines(report)[:line]):
        if found := _START.search(text):
            name = found[1] or found[2] or "Abstract"
            return next((known for known in SECTIONS if known.lower() == name.strip().lower()), "")
        if text.startswith((r"\begin{document}", r"\documentclass")):
            return ""
    return ""


def _spaced(found: re.Match[str], kept: str) -> str:
    lead_in = found[0][: len(found[0]) - len(found[0].lstrip("~ \t"))]
    return lead_in + kept if kept else ""


def _lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines
