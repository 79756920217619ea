"""The professor's rubric: twelve things about a report that can be checked in its text, each with a weight.

Rules can check form and faith to the data, not the worth of an idea; so the last tenth of the score is never given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.latex.sections import SECTIONS, missing_sections, section_text
from core.literature.references import cited_keys
from core.models.builtin.facts import Facts, key
from core.models.builtin.measured import limits
from core.models.builtin.numbers import unsupported
from core.models.builtin.tables import figure_label, usable
from core.models.builtin.wording import bound, count, is_zero, number, short_level, tex, words

TOP = 0.9
"""The score of a report that meets every check."""
SUBSTANCE = 60
"""Words that a section needs to count as written."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, its weight, how far it is met (0-1), and what would meet it."""

    name: str
    weight: float
    met: float
    advice: str


Measure = Callable[["Draft"], tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A report and the facts that it should be true to."""

    report: str
    facts: Facts
    metrics: Mapping[str, Any]

    def section(self, name: str) -> str:
        """A section's text, empty when the report lacks it."""
        return sections_of(self.report).get(name, "")


@lru_cache(maxsize=4)  # a draft's checks and remedies ask for the same few sections again and again
def sections_of(report: str) -> Mapping[str, str]:
    """The texts of the sections that a report has."""
    missing = missing_sections(report)
    return {name: section_text(report, name) for name in SECTIONS if name not in missing}


def checks(draft: Draft) -> list[Check]:
    """All checks, in the order in which a writer should mend what they find."""
    return [Check(name, weight, *measure(draft)) for name, weight, measure in _CHECKS]


def score(found: Sequence[Check]) -> float:
    """The report's score in 0-0.9, two decimals."""
    total = sum(check.weight for check in found)
    return round(TOP * sum(check.weight * check.met for check in found) / total, 2)


def foreign_numbers(draft: Draft, text: str) -> list[str]:
    """Decimal numbers in a text that are neither measured nor quoted from the question, the plan or a paper."""
    facts = draft.facts
    quoted = [facts.question, facts.hypothesis, *(f"{e.summary} {e.paper.title}" for e in facts.review)]
    shares = [facts.validation_share or 0.0]
    return unsupported(text, [draft.metrics, shares], " ".join(quoted))


def _sections(draft: Draft) -> tuple[float, str]:
    thin = [name for name in SECTIONS if words(draft.section(name)) < SUBSTANCE]
    return 1 - len(thin) / len(SECTIONS), f"Write more than {SUBSTANCE} words in: {', '.join(thin)}."


def _numbers(draft: Draft) -> tuple[float, str]:
    foreign = foreign_numbers(draft, draft.report)
    shown = ", ".join(foreign[:6])
    return max(0.0, 1 - len(foreign) / 4), f"These numbers are not in results/metrics.json: {shown}."


def _coverage(draft: Draft) -> tuple[float, str]:
    evidence, results = draft.facts.evidence, draft.section("Results")
    names = [*evidence.models, *(group.name for group in evidence.groups)]
    levels = [short_level(evidence, level) for level in evidence.levels] if evidence.varied else []
    lacking = [name for name in [*names, *levels] if tex(name) not in results]
    return _share(len(names) + len(levels), lacking), f"Results should speak of {', '.join(lacking[:6])}."


def _uncertainty(draft: Draft) -> tuple[float, str]:
    evidence, results = draft.facts.evidence, draft.section("Results")
    bounds = {bound(abs(value)) for c in evidence.contrasts for value in (c.low, c.high)}
    lacking = [bound for bound in sorted(bounds) if bound not in results]
    spread = 1.0 if r"\pm" in results or not evidence.cells else 0.0
    return (spread + _share(len(bounds), lacking)) / 2, "Give standard deviations and every 95 % interval in Results."


def _displays(draft: Draft) -> tuple[float, str]:
    report = draft.report
    labels = [figure_label(path) for path in usable(draft.facts.figures)]
    labels += ["tab:results"] if draft.facts.evidence.cells else []
    labels += ["tab:settings"] if draft.facts.evidence.settings else []
    lacking = [name for name in labels if rf"\label{{{name}}}" not in report or rf"\ref{{{name}}}" not in report]
    return _share(len(labels), lacking), f"Show and refer to {', '.join(lacking)}."


def _citations(draft: Draft) -> tuple[float, str]:
    known = [key(entry) for entry in draft.facts.review if key(entry)]
    told, used = cited_keys(draft.section("Related Work")), cited_keys(draft.report)
    lacking = [name for name in known if name not in told] + [name for name in used if name not in known]
    advice = f"Related Work should cite what the review holds, and nothing else be cited: {', '.join(lacking)}."
    return _share(max(len(known), len(lacking)), lacking), advice


def _hypothesis(draft: Draft) -> tuple[float, str]:
    discussion, facts = draft.section("Discussion"), draft.facts
    if not facts.hypothesis:
        return 1.0, ""
    stated = tex(" ".join(facts.hypothesis.split())) in discussion
    return (
        stated + (facts.verdict.outcome in discussion)
    ) / 2, f"Say in Discussion that the hypothesis is {facts.verdict.outcome}."


def _limitations(draft: Draft) -> tuple[float, str]:
    named, wanted = draft.section("Discussion").count(r"\item"), min(3, len(limits(draft.facts)))
    return min(
        1.0, named / wanted
    ), f"List {wanted} limits of the study or more in Discussion, each with what it touches."


def _reproducible(draft: Draft) -> tuple[float, str]:
    evidence, setup = draft.facts.evidence, draft.section("Experimental Setup")
    wanted = [str(evidence.rows[name]) for name in ("train", "test") if name in evidence.rows]
    wanted += [count(evidence.seeds, "seed"), "experiment/main.py"] if evidence.seeds else ["experiment/main.py"]
    lacking = [text for text in wanted if text not in setup]
    return _share(len(wanted), lacking), f"Experimental Setup should give {', '.join(lacking)}."


def _losses(draft: Draft) -> tuple[float, str]:
    results, values = draft.section("Results"), [number(loss.mean) for loss in draft.facts.evidence.losses]
    lacking = [value for value in values if tex(value) not in results]
    return _share(len(values), lacking), "Report the loss of every model, not only of the first and the last."


def _firmness(draft: Draft) -> tuple[float, str]:
    evidence, results = draft.facts.evidence, draft.section("Results")
    if not any(evidence.same_sign(contrast) for contrast in evidence.contrasts):
        return 1.0, ""
    sized = any(not is_zero(contrast.std) and not is_zero(contrast.mean) for contrast in evidence.contrasts)
    met = ["the sign of its mean in" in results, not sized or "standard deviations of the paired difference" in results]
    return sum(
        met
    ) / 2, "Say in how many seeds a difference has the sign of its mean, and how large it is against its scatter."


def _relation(draft: Draft) -> tuple[float, str]:
    wanted = min(2, len([entry for entry in draft.facts.review if key(entry)]))
    named = len(cited_keys(draft.section("Discussion")))
    advice = "Set the findings beside earlier work in Discussion, with citations."
    return (min(1.0, named / wanted) if wanted else 1.0), advice


def _share(total: int, lacking: Sequence[str]) -> float:
    return 1 - len(lacking) / total if total else 1.0


_CHECKS: tuple[tuple[str, float, Measure], ...] = (
    ("all eight sections", 0.13, _sections),
    ("only measured numbers", 0.12, _numbers),
    ("every model and level", 0.10, _coverage),
    ("uncertainty", 0.10, _uncertainty),
    ("citations", 0.10, _citations),
    ("the hypothesis", 0.05, _hypothesis),
    ("limitations", 0.05, _limitations),
    ("reproducibility", 0.05, _reproducible),
    ("tables and figures", 0.10, _displays),
    ("every loss", 0.05, _losses),
    ("firmness of the difference", 0.10, _firmness),
    ("relation to earlier work", 0.05, _relation),
)


def unmet(found: Sequence[Check]) -> Iterator[Check]:
    """The checks that are not fully met, in order."""
    return (check for check in found if check.met < 1)
