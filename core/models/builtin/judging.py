"""The judge of programs: a rubric of measured things, and a reflection on what is weakest.

The score is a sum of parts: validity 0.16 (held-out selection 0.06, above chance 0.06, no model without a result 0.04),
coverage of the plan 0.3 (levels 0.08, models 0.1, seeds 0.08, differences with intervals 0.04), figures 0.04, precision
0.03 (rises with the number of seeds), and quality 0.45: how far the value lies between chance and perfection, so that
the score rises strictly with the value when all else is equal. But a program that carries out more of the plan, as the
researcher's notes have it, never scores below the best so far that carries out less, and the other way round.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from core.brief import Brief
from core.commands import Judgement
from core.models.builtin.design import card_for, study_for
from core.models.builtin.experimenting import next_idea
from core.models.builtin.learnt import Learnt, learnt, number
from core.models.builtin.notes import Reading
from core.models.builtin.reply import Reply
from core.models.builtin.study import Kind, Study

QUALITY = 0.45
STEP = 0.001
"""By how much a program that carries out more of the plan scores above one that carries out less, at least."""
_FIGURES = 2


def answer(brief: Brief) -> Reply:
    """Score what the program measured and say what to learn from it."""
    if brief.error:
        return Reply("The program failed its check, so it measured nothing.", Judgement(0.0, _what_broke(brief.error)))
    reading = study_for(brief)
    score = judge_score(brief, reading)
    found = learnt(brief.metrics)
    value = f"{found.metric} {found.value:.4f} on validation rows" if found.value is not None else "no usable value"
    compared = _compared(brief, found)
    return Reply(f"The program measured {value}.{compared}", Judgement(score, reflection(brief, reading)))


def _what_broke(error: str) -> str:
    """The cause of a failure in words: the message, and the last of the program's own lines on the way to it."""
    problem = error.strip().splitlines()[0]
    places = re.findall(r'File "experiment/main\.py", line (\d+)', error)
    where = f" It came from line {places[-1]} of experiment/main.py." if places else ""
    return f"It broke on {problem}.{where} Later programs must hold on these very data before anything is tuned."


def judge_score(brief: Brief, reading: Reading) -> float:
    """The rubric's score in 0-1, rounded to five decimals."""
    metrics = brief.metrics or {}
    found = learnt(metrics)
    if found.value is None:
        return 0.0
    covered = _coverage(metrics, found, reading.study)
    total = _validity(metrics, found, brief) + covered + _extras(brief, found) + QUALITY * quality(metrics, brief)
    best = brief.best
    if best and (more := covered - _coverage(best.metrics, learnt(best.metrics), reading.study)):
        total = max(total, best.judge + STEP) if more > 0 else min(total, best.judge - STEP)
    return round(min(1.0, max(0.0, total)), 5)


def quality(metrics: Mapping[str, Any], brief: Brief) -> float:
    """0-1: how far the value lies between chance (0.1) and perfection (0.9); beyond these it nears 0 and 1."""
    value = number(metrics.get("value")) or 0.0
    if metrics.get("higher_is_better") is False:
        way = -value
    else:
        chance = _chance(metrics, brief)
        way = (value - chance) / max(1e-6, 1 - chance)
    if way < 0:
        return 0.1 / (1 - way)
    return 0.1 + 0.8 * way if way <= 1 else 1 - 0.1 / way


def reflection(brief: Brief, reading: Reading) -> str:
    """What the measurement shows, what held it back, and what promises most."""
    found, study = learnt(brief.metrics), reading.study
    parts = [_weakness(found), _memory(found), _stuck(found), _missing(found, study)]
    idea = next_idea(brief, reading) if brief.program else None
    if idea:
        parts.append(f"What promises most: {idea.key}.")
    return " ".join(part for part in parts if part) or "Nothing was measured that a next step could build on."


def _validity(metrics: Mapping[str, Any], found: Learnt, brief: Brief) -> float:
    held_out = 0.06 if metrics.get("selection") == "validation" else 0.0
    chance = _chance(metrics, brief)
    higher = metrics.get("higher_is_better") is not False
    above = 0.06 if found.value is not None and (not higher or found.value > chance) else 0.0
    measured = {str(row.get("model")) for row in metrics.get("results") or () if isinstance(row, Mapping)}
    whole = 0.04 if measured and measured == set(found.models) else 0.0
    return held_out + above + whole


def _coverage(metrics: Mapping[str, Any], found: Learnt, study: Study) -> float:
    levels = 1.0
    if study.kind is not Kind.COMPARISON:
        there = {round(level, 6) for level in found.levels}
        levels = sum(round(level, 6) in there for level in study.levels) / len(study.levels)
    models = sum(name in found.models for name in study.models) / len(study.models)
    seeds = min(1.0, found.seeds / study.seeds)
    intervals = all(number(row.get("low")) is not None for row in _contrasts(metrics)) and bool(_contrasts(metrics))
    return 0.08 * levels + 0.1 * models + 0.08 * seeds + (0.04 if intervals or len(study.groups) < 2 else 0.0)


def _extras(brief: Brief, found: Learnt) -> float:
    figures = min(_FIGURES, len(brief.figures)) / _FIGURES
    more = 0.005 * min(3, max(0, len(brief.figures) - _FIGURES))
    precision = 1 - 1 / math.sqrt(max(1, found.seeds))
    return 0.03 * figures + min(0.01, more) + 0.03 * precision


def _contrasts(metrics: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = metrics.get("contrasts")
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _chance(metrics: Mapping[str, Any], brief: Brief) -> float:
    """What an answer without looking scores: as measured, else one over the number of classes, 0 for R2."""
    measured = number(metrics.get("chance"))
    if measured is not None:
        return min(measured, 0.999)
    card = card_for(brief)
    if metrics.get("metric") == "R2" or card is None or not card.classes:
        return 0.0
    return 1 / len(card.classes)


def _compared(brief: Brief, found: Learnt) -> str:
    best = number(brief.best.metrics.get("value")) if brief.best else None
    if best is None or found.value is None:
        return ""
    return f" The best so far has {best:.4f}, a difference of {found.value - best:+.4f}."


def _weakness(found: Learnt) -> str:
    name = found.weakest()
    mean = found.mean(name) if name else None
    if mean is None:
        return ""
    points = [point for point in found.points if point.model == name]
    worst = min(points, key=lambda point: point.validation)
    over = f", lowest at level {worst.level:g} ({worst.validation:.3f})" if len(points) > 1 else ""
    return f"{name} is weakest, with {mean:.3f} on validation rows{over}."


def _memory(found: Learnt) -> str:
    point = found.memorising()
    if point is None or point.fit - point.validation < 0.05:
        return ""
    return (
        f"The widest gap between the rows fitted to and validation rows is that of {point.model} at level "
        f"{point.level:g}: "
        f"{point.fit:.3f} against {point.validation:.3f}."
    )


def _stuck(found: Learnt) -> str:
    stuck = [f"{name} ({count})" for name, count in found.unconverged.items()]
    return f"Fits that stopped before they had converged: {', '.join(stuck)}." if stuck else ""


def _missing(found: Learnt, study: Study) -> str:
    lacking = [name for name in study.models if name not in found.models]
    parts = [f"the models {', '.join(lacking)}"] if lacking else []
    if found.seeds < study.seeds:
        parts.append(f"{study.seeds - found.seeds} of {study.seeds} seeds")
    levels = [f"{level:g}" for level in study.levels if study.kind is not Kind.COMPARISON and level not in found.levels]
    if levels:
        parts.append(f"the levels {', '.join(levels)}")
    return f"Of the plan it lacks {'; '.join(parts)}." if parts else ""
