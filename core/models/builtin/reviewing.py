"""The professor's judgement of a draft, the three reviewers' forms, and the PhD student's decision: all by rules."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass

from core.brief import Brief, Review
from core.commands import Finish, GoBack, Judgement, ReviewForm
from core.literature.references import cited_keys
from core.models.builtin.evidence import Contrast, Evidence
from core.models.builtin.facts import Facts, facts_of
from core.models.builtin.findings import effect_size
from core.models.builtin.measured import limits
from core.models.builtin.reply import Reply
from core.models.builtin.rubric import Draft, checks, foreign_numbers, score, unmet
from core.models.builtin.verdict import Outcome
from core.models.builtin.wording import count, interval, listed, metric_name, number, verb
from core.record import Agent, Phase, Status

ENOUGH_SEEDS = 5
MORE_SEEDS = 2
"""How many times the seeds of a study that stayed undecided are asked for in another round."""
MOST_SEEDS = 20
_LIMITS = {"experiments": 9, "impact": 2, "novelty": 1}
"""How many of the study's limits a reviewer names; the first ones bound what it means, the others how it was done."""
_PERSONAS = (
    ("experiments", r"experiment|sound"),
    ("impact", r"impact|significan|matter"),
    ("novelty", r"new|novel|original"),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reviewer finds in a report: the parts that can be checked, each 0-1, and the texts."""

    facts: Facts
    draft: Draft
    met: dict[str, float]
    foreign: tuple[str, ...]

    @property
    def evidence(self) -> Evidence:
        """What was measured."""
        return self.facts.evidence

    @property
    def contrast(self) -> Contrast | None:
        """The contrast that the study turns on."""
        return self.facts.verdict.contrast or next(iter(self.evidence.contrasts), None)


def draft_judgement(brief: Brief) -> str:
    """The professor's SCORE of a draft, by the rubric, and what to mend next."""
    found = checks(Draft(brief.report, facts_of(brief), brief.metrics or {}))
    value, lacking = score(found), list(unmet(found))
    met = len(found) - len(lacking)
    if lacking:
        wanted = [f"“{check.name}” ({check.met:.0%}): {check.advice}" for check in lacking[:3]]
        reflection = f"Next: {' Then '.join(wanted)}"
    else:
        reflection = (
            "Nothing that a rule can check is missing; whether the question was worth asking is for a person to say."
        )
    keep = [check.name for check in found if check.met == 1]
    if keep:
        reflection += f" To be kept as it is: {listed(keep)}."
    prose = (
        f"{met} of {count(len(found), 'check')} of the rubric are fully met; each has a weight, and the score is "
        f"their sum."
    )
    return Reply(prose, Judgement(value, reflection)).text


def review_turn(brief: Brief) -> str:
    """One reviewer's filled form."""
    facts = facts_of(brief)
    draft = Draft(brief.report, facts, brief.metrics or {})
    reading = Reading(
        facts,
        draft,
        {check.name: check.met for check in checks(draft)},
        tuple(foreign_numbers(draft, brief.report)),
    )
    form = asdict(_review(reading, persona(brief)))
    del form["reviewer"]
    text = json.dumps(form, indent=1, ensure_ascii=False)
    prose = f"I read the report with an eye to {persona(brief)}; the grades follow from what can be checked in it."
    return Reply(prose, ReviewForm(text)).text


def persona(brief: Brief) -> str:
    """A reviewer's emphasis: `experiments`, `impact` or `novelty`."""
    for name, words in _PERSONAS:
        if re.search(words, brief.persona, re.IGNORECASE):
            return name
    places = {Agent.REVIEWER_2: "impact", Agent.REVIEWER_3: "novelty"}
    return places.get(brief.agent, "experiments")


def refinement_turn(brief: Brief) -> str:
    """FINISH, or in the first round GO_BACK to the phase that can mend what the reviews found."""
    facts = facts_of(brief)
    refused = "GO_BACK" in brief.feedback or any(entry.status is Status.MALFORMED for entry in brief.history[-1:])
    overall = [review.overall for review in brief.reviews]
    mean = sum(overall) / len(overall) if overall else 0.0
    read = f"The {count(len(overall), 'review')} give {', '.join(map(str, overall))} of 10. " if overall else ""
    if brief.round == 1 and brief.round < brief.max_steps and not refused:
        back = _mendable(brief, facts)
        if back:
            return Reply(f"{read}One thing can be mended by an earlier phase, so I go back once.", back).text
    found = dict.fromkeys(weakness for review in brief.reviews for weakness in review.weaknesses)
    open_ = "; ".join(_clipped(weakness) for weakness in list(found)[:3])
    again = "" if brief.round == 1 else " after another round"
    reason = (
        f"The report is done{again}; the reviews average {mean:.1f} of 10. What stays open: "
        f"{open_ or 'nothing was named'}."
    )
    return Reply(f"{read}What is left cannot be mended within this study.", Finish(reason)).text


def _mendable(brief: Brief, facts: Facts) -> GoBack | None:
    draft = Draft(brief.report, facts, brief.metrics or {})
    thin = [
        check
        for check in checks(draft)
        if check.name in {"all eight sections", "only measured numbers"} and check.met < 1
    ]
    if thin:
        reasons = " ".join(f"{place}. {check.advice}" for place, check in enumerate(thin, 1))
        return GoBack(Phase.REPORT, reasons)
    evidence = facts.evidence
    seeds = evidence.seeds
    contrast = facts.verdict.contrast
    undecided = facts.verdict.outcome is Outcome.UNDECIDED and contrast is not None and not contrast.decided
    wanted = max(ENOUGH_SEEDS, min(MOST_SEEDS, seeds * MORE_SEEDS))
    if 0 < seeds < wanted and (undecided or seeds < ENOUGH_SEEDS) and _fits(brief, evidence, wanted):
        return GoBack(
            Phase.EXPERIMENTS,
            f"1. Run {wanted} seeds and keep everything else as it is, so that the paired interval gets narrower. "
            f"2. The interval must then keep clear of zero, or be reported as undecided on this larger number.",
        )
    return None


def _fits(brief: Brief, evidence: Evidence, seeds: int) -> bool:
    """Whether a run with more seeds would still end well within its time."""
    if evidence.seconds is None or not evidence.seeds:
        return False
    return evidence.seconds * seeds / evidence.seeds < 0.8 * brief.limit_seconds


def _review(reading: Reading, eye: str) -> Review:
    quality = _quality(reading)
    originality, significance = _originality(reading), _significance(reading)
    clarity = 1 + round(3 * _mean(reading, "all eight sections", "tables and figures", "citations"))
    soundness = min(quality, 2) if reading.foreign else quality
    contribution = max(1, min(4, round((originality + significance) / 2)))
    weights = {"experiments": (3, 1, 1), "impact": (1, 3, 1), "novelty": (1, 1, 3)}[eye]
    graded = zip(weights, (soundness, significance, originality), strict=True)
    inner = sum(weight * grade for weight, grade in graded) / sum(weights)
    overall = round(1 + 1.5 * inner - (1 - reading.met["all eight sections"]) * 8)
    overall = max(1, min(2 if reading.foreign else 7, overall))
    return Review(
        reviewer="",
        summary=_summary(reading),
        strengths=tuple(_strengths(reading, eye)),
        weaknesses=tuple(_weaknesses(reading, eye)),
        questions=tuple(_questions(reading, eye)),
        limitations=tuple(limits(reading.facts)[: _LIMITS[eye]]),
        ethical_concerns=False,
        originality=originality,
        quality=quality,
        clarity=clarity,
        significance=significance,
        soundness=soundness,
        presentation=max(1, min(4, clarity)),
        contribution=contribution,
        overall=overall,
        confidence=4 if eye == "experiments" else 3,
        decision="Accept" if overall >= 6 else "Reject",
    )


def _quality(reading: Reading) -> int:
    """Seeds, intervals, faithful numbers: one grade each above the lowest."""
    evidence = reading.evidence
    points = [
        evidence.seeds >= ENOUGH_SEEDS,
        reading.met["uncertainty"] == 1 and bool(evidence.contrasts),
        not reading.foreign and reading.met["reproducibility"] == 1 and reading.met["limitations"] == 1,
    ]
    return 1 + sum(points)


def _originality(reading: Reading) -> int:
    """A known question on a known data set is 2 at most, unless the answer goes against what was expected."""
    evidence = reading.evidence
    unexpected = reading.facts.verdict.outcome is Outcome.REFUTED or bool(reading.facts.said("surprise"))
    return 1 + bool(evidence.varied or len(evidence.models) > 3) + unexpected


def _significance(reading: Reading) -> int:
    """One data set bounds what can be learnt, so 2 at most: for a decided answer of some size."""
    contrast = reading.contrast
    large = contrast is not None and contrast.decided and abs(contrast.mean) >= contrast.std
    return 1 + large


def _summary(reading: Reading) -> str:
    facts, evidence = reading.facts, reading.evidence
    what = (
        f"{count(len(evidence.models), 'model')} on {facts.dataset}"
        if evidence.models
        else f"one program on {facts.dataset}"
    )
    over = f" over {count(len(evidence.levels), 'level')} of {evidence.factor}" if evidence.varied else ""
    found = facts.said("contrast") or facts.said("ranking")
    verdict = f" Its hypothesis is {facts.verdict.outcome}." if facts.hypothesis else ""
    return (
        f"The paper asks: {facts.question} It measures {what}{over} with {count(evidence.seeds, 'seed')}. "
        f"{found}{verdict}"
    )


def _strengths(reading: Reading, eye: str) -> list[str]:
    evidence, facts = reading.evidence, reading.facts
    said = []
    if evidence.contrasts:
        pairs = evidence.contrasts[0].pairs
        said.append(f"Differences are paired over {count(pairs, 'seed')} and come with 95 % intervals.")
    if not reading.foreign and evidence.cells:
        said.append("Every decimal number in the text can be found in the program's output or is computed in view.")
    contrast = reading.contrast
    if contrast and contrast.decided and eye != "novelty":
        size = effect_size(contrast)
        said.append(f"The main difference is clear: {size}." if size else "The main difference is clear.")
    if facts.verdict.outcome is Outcome.REFUTED and eye != "experiments":
        said.append(
            "The hypothesis was written down first, and its refutation is reported as plainly as a success would be."
        )
    if facts.said("surprise") and eye == "novelty":
        said.append(facts.said("surprise").split(". ")[0].rstrip(".") + ".")
    if len(evidence.levels) > 3 and eye == "experiments":
        said.append(f"{len(evidence.levels)} levels show the course of the effect, not only its end points.")
    return said or ["The report says what was done."]


def _weaknesses(reading: Reading, eye: str) -> list[str]:
    evidence, facts = reading.evidence, reading.facts
    said = [f"Results: only one data set, {facts.dataset}, carries the claim."]
    if reading.foreign:
        said.insert(0, f"These numbers are not in the program's output: {', '.join(reading.foreign[:5])}.")
    if 0 < evidence.seeds < 2 * ENOUGH_SEEDS:
        said.append(
            f"Experimental Setup: {count(evidence.seeds, 'seed')} {'is' if evidence.seeds == 1 else 'are'} few for "
            f"an interval."
        )
    contrast = reading.contrast
    if contrast and not contrast.decided:
        said.append(
            f"Results: the interval of {contrast.a} minus {contrast.b}, {interval(contrast.low, contrast.high)}, "
            f"includes zero; the question stays open."
        )
    small = [group for group in evidence.groups if len(group.models) < 2 and group.models != (group.name,)]
    if small and len(evidence.groups) > 1 and eye != "impact":
        names = listed([group.name for group in small])
        said.append(
            f"Methods: {verb(names, 'is', 'are')} represented by a single model, so a group and a model cannot be "
            f"told apart."
        )
    said += [
        f"Every report should have “{name}”; here it is met to {met:.0%}."
        for name, met in reading.met.items()
        if met < 0.9
    ]
    if eye == "novelty":
        said.insert(
            1,
            f"Introduction: no new method; {count(len(set(cited_keys(reading.draft.report))), 'work')} cited leave "
            f"its place in the field open.",
        )
    if eye == "impact" and evidence.varied and evidence.factor.endswith("noise"):
        said.insert(
            1, "Methods: the noise is artificial, so what it tells about the mistakes of people or instruments is open."
        )
    return said


def _questions(reading: Reading, eye: str) -> list[str]:
    evidence = reading.evidence
    asked = []
    crossing = reading.facts.said("crossing")
    if eye == "experiments":
        fixed = [model for model in evidence.models if model not in evidence.tuned]
        if fixed and evidence.varied:
            asked.append(f"Would the order stay if {listed(fixed[:3])} were tuned at every level?")
        ranked = evidence.ranking(evidence.end)
        if len(ranked) > 1:
            asked.append(
                f"How much of the gap between {ranked[0].model} ({number(ranked[0].mean)}) and {ranked[-1].model} "
                f"({number(ranked[-1].mean)}) is due to their settings?"
            )
    elif eye == "impact":
        asked.append("On which other data would a practitioner see the same order, and how would they know beforehand?")
        if crossing:
            asked.append(f"{crossing.split('. ')[0].rstrip('.')}: is the place of this change stable enough to act on?")
    else:
        asked.append(
            f"Which cited work would have predicted this order of {metric_name(evidence.metric)}, and which the "
            f"opposite?"
        )
    return asked


def _mean(reading: Reading, *names: str) -> float:
    return sum(reading.met[name] for name in names) / len(names)


def _clipped(text: str, limit: int = 160) -> str:
    text = text.rstrip(".")
    return text if len(text) <= limit else f"{text[: limit - 1].rsplit(' ', 1)[0]}…"
