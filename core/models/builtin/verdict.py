"""Whether the measurement supports the hypothesis: its sentence is read, a paired interval or counts decide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from core.models.builtin.evidence import Contrast, Evidence
from core.models.builtin.wording import at_level, count, interval, listed, number

_MORE = re.compile(
    r"\b(more|larger|greater|higher|better|stronger|faster|further|outperforms?|exceeds?|beats?|above|ahead)\b", re.I
)
_LESS = re.compile(r"\b(less|smaller|lower|fewer|worse|weaker|slower|below|behind)\b", re.I)
_ROBUST = re.compile(r"\b(robust|tolerant|resistant|keeps?|retains?|stable)\b", re.I)
_LOSS = re.compile(
    r"\b(los\w+|drop\w*|fall\w*|degrad\w*|sensitiv\w*|suffer\w*|decline\w*|decreas\w*|robust\w*|tolerant|resistant)\b",
    re.I,
)
_SAME = re.compile(r"\b(no difference|equal\w*|the same|as much|as little|do(es)? not differ|alike)\b", re.I)


class Outcome(StrEnum):
    """What became of the hypothesis."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, why in one sentence, and the contrast that decided, where one did."""

    outcome: Outcome
    reason: str
    contrast: Contrast | None = None


def decide(hypothesis: str, evidence: Evidence) -> Verdict:
    """Decide the hypothesis; what its sentence does not say in a readable way stays undecided."""
    if not hypothesis:
        return Verdict(Outcome.UNDECIDED, "The plan states no hypothesis, so there is none to decide.")
    if not evidence.cells:
        return Verdict(Outcome.UNDECIDED, "The program wrote no comparison that could decide the hypothesis.")
    for contrast in evidence.contrasts:
        a, b = _place(hypothesis, contrast.a), _place(hypothesis, contrast.b)
        if a >= 0 and b >= 0 and contrast.about_loss == bool(_LOSS.search(hypothesis)):
            return _by_contrast(hypothesis, contrast, subject_first=a < b)
    return _by_losses(hypothesis, evidence) or _by_rank(hypothesis, evidence) or _unreadable(evidence)


def _place(hypothesis: str, name: str) -> int:
    return hypothesis.lower().find(name.lower())


def _direction(hypothesis: str) -> int:
    """1 when the subject is said to be ahead in the contrast's quantity, -1 behind, 0 when no word says so."""
    more, less = _MORE.search(hypothesis), _LESS.search(hypothesis)
    if not more and not less:
        return 0
    sign = 1 if more and (not less or more.start() < less.start()) else -1
    return -sign if _ROBUST.search(hypothesis) and not re.search(r"\blos|\bdrop|\bfall", hypothesis, re.I) else sign


def _by_contrast(hypothesis: str, contrast: Contrast, subject_first: bool) -> Verdict:
    sign = _direction(hypothesis) * (1 if subject_first else -1)
    shown = f"95 % interval {interval(contrast.low, contrast.high)} for {contrast.a} minus {contrast.b}"
    if _SAME.search(hypothesis):
        if contrast.decided:
            return Verdict(Outcome.REFUTED, f"The paired difference excludes zero ({shown}).", contrast)
        return Verdict(
            Outcome.UNDECIDED,
            f"The paired difference includes zero ({shown}), which fits the hypothesis but does not prove it.",
            contrast,
        )
    if sign == 0:
        return Verdict(Outcome.UNDECIDED, "The hypothesis names both sides but no direction.", contrast)
    if not contrast.decided:
        return Verdict(
            Outcome.UNDECIDED,
            f"The paired difference includes zero ({shown}), so {count(contrast.pairs, 'seed')} do not decide it.",
            contrast,
        )
    if contrast.mean * sign > 0:
        return Verdict(Outcome.SUPPORTED, f"The paired difference lies on the side it names ({shown}).", contrast)
    return Verdict(Outcome.REFUTED, f"The paired difference lies on the other side ({shown}).", contrast)


def _by_losses(hypothesis: str, evidence: Evidence) -> Verdict | None:
    """A hypothesis about one side that loses (or not): decided when its models agree beyond their scatter."""
    if not _LOSS.search(hypothesis) or not evidence.losses or _MORE.search(hypothesis) or _LESS.search(hypothesis):
        return None
    named = [
        loss
        for loss in evidence.losses
        if _place(hypothesis, loss.group) >= 0 or _place(hypothesis, loss.model) >= 0 or len(evidence.groups) == 1
    ]
    if not named:
        return None
    falls = [loss for loss in named if loss.mean > 0 and loss.clear]
    shown = listed([f"{loss.model} {number(loss.mean)} ± {number(loss.std)}" for loss in named])
    if len(falls) == len(named):
        return Verdict(Outcome.SUPPORTED, f"Every model in question loses more than its scatter over seeds: {shown}.")
    if not falls:
        return Verdict(Outcome.REFUTED, f"No model in question loses more than its scatter over seeds: {shown}.")
    return Verdict(Outcome.UNDECIDED, f"{len(falls)} of {len(named)} models lose more than their scatter: {shown}.")


def _by_rank(hypothesis: str, evidence: Evidence) -> Verdict | None:
    """A hypothesis about who is best: decided by the leader, when the lead holds in every seed."""
    ranked = evidence.ranking(evidence.start)
    if len(ranked) < 2 or (not _MORE.search(hypothesis) and "best" not in hypothesis.lower()):
        return None
    names = {name for cell in ranked for name in (cell.model, cell.group) if name}
    named = sorted((_place(hypothesis, name), name) for name in names)
    subject = next((name for place, name in named if place >= 0), "")
    if not subject:
        return None
    best, second = ranked[0], ranked[1]
    other = next((cell for cell in ranked if subject not in (cell.model, cell.group)), second)
    wins = evidence.wins(best, other if subject in (best.model, best.group) else second)
    where = f"{at_level(evidence, evidence.start)} {best.model} leads with {number(best.mean)}"
    if wins is not None and wins[0] < len(best.scores):
        return Verdict(Outcome.UNDECIDED, f"The lead is not the same in every seed: {where}.")
    outcome = Outcome.SUPPORTED if subject in (best.model, best.group) else Outcome.REFUTED
    return Verdict(outcome, f"The lead holds in every seed: {where}.")


def _unreadable(evidence: Evidence) -> Verdict:
    what = "no paired contrast of the two sides it names" if evidence.contrasts else "no paired contrast"
    return Verdict(Outcome.UNDECIDED, f"The measurement holds {what}, so the findings stand on their own.")
