"""From a question and a data card to a study; and the study as the researcher's notes change it."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from core.brief import Brief, DataCard
from core.models.builtin.families import (
    BAYES,
    BOOSTING,
    KERNELS,
    LINEAR,
    NEIGHBOURS,
    NETWORKS,
    SINGLE,
    TREES,
    family,
    members,
)
from core.models.builtin.notes import Reading, person_said, read_notes
from core.models.builtin.plan import study_from_plan
from core.models.builtin.programs import TINY
from core.models.builtin.question import (
    named_data,
    named_sides,
    read_direction,
    read_kind,
    read_levels,
    read_metric,
    read_seeds,
    read_task,
)
from core.models.builtin.reach import without_numbers
from core.models.builtin.study import Group, Kind, Study
from core.models.builtin.wording import metric_name, plural

SEEDS = 5
_FIRST = {
    TREES: ("random forest", "extra trees"),
    LINEAR: ("logistic regression", "ridge classifier", "ridge regression", "lasso"),
}
_OPPOSITE = {TREES: LINEAR, LINEAR: TREES, KERNELS: LINEAR, NEIGHBOURS: LINEAR, NETWORKS: LINEAR, SINGLE: TREES}
_OPPOSITE |= {BAYES: LINEAR, BOOSTING: LINEAR}
_LEVELS: dict[tuple[Kind, str], tuple[tuple[float, ...], ...]] = {
    (Kind.LABEL_NOISE, "classification"): ((0.0, 0.1, 0.2, 0.3, 0.4), (0.0, 0.05, 0.1, 0.2, 0.4)),
    (Kind.LABEL_NOISE, "regression"): ((0.0, 0.25, 0.5, 1.0), (0.0, 0.5, 1.0, 1.5)),
    (Kind.FEATURE_NOISE, ""): ((0.0, 0.25, 0.5, 1.0), (0.0, 0.3, 0.6, 0.9, 1.2)),
    (Kind.TRAINING_SIZE, ""): ((1.0, 0.5, 0.25, 0.1), (1.0, 0.6, 0.3, 0.15)),
    (Kind.COMPARISON, ""): ((0.0,),),
}


def study_for(brief: Brief) -> Reading:
    """The study that the plan describes (or, without a readable one, that the question suggests), notes applied.

    A hypothesis in our own words follows what the notes change; one that a person has written stays.
    """
    study = study_from_plan(brief.plan) or proposed_study(brief)
    reading = read_notes(study, person_said(brief))
    if study.hypothesis != hypothesis(study, brief.question):
        return reading
    return replace(reading, study=replace(reading.study, hypothesis=hypothesis(reading.study, brief.question)))


def card_for(brief: Brief, study: Study | None = None) -> DataCard | None:
    """What is known of the study's data: the person's card, else the bundled card of that name."""
    if brief.data and (study is None or study.source in ("", brief.data.source) or not brief.datasets):
        return brief.data
    return next((card for card in brief.datasets if study and card.source == study.source), brief.data)


def proposed_study(brief: Brief) -> Study:
    """The study that answers the question on the data at hand; the seed decides what the question leaves open."""
    draw = random.Random(f"study {brief.seed}")
    kind = read_kind(brief.question)
    card = brief.data or chosen_data(brief)
    if kind is Kind.FEATURE_NOISE and without_numbers(card):
        kind = Kind.COMPARISON
    task = card.task if card else read_task(brief.question)
    groups = _groups(brief.question, task, card, draw)
    study = Study(
        kind=kind,
        source=card.source if card else "",
        task=task,
        target=card.target if card else "",
        groups=groups,
        levels=read_levels(brief.question, kind) or _levels(kind, task, card, draw),
        seeds=read_seeds(brief.question) or SEEDS,
        metric=_metric(brief.question, task, card),
        hypothesis="",
    )
    return replace(study, hypothesis=hypothesis(study, brief.question))


def chosen_data(brief: Brief) -> DataCard | None:
    """The bundled set that the question names, else one that fits its task; the seed chooses among several."""
    named = named_data(brief.question, brief.datasets)
    if named:
        return named
    task = read_task(brief.question)
    fitting = [card for card in brief.datasets if card.task == task and card.rows >= 400] or [
        card for card in brief.datasets if card.task == task
    ]
    return (
        random.Random(f"data {brief.seed}").choice(sorted(fitting, key=lambda card: card.source)) if fitting else None
    )


def hypothesis(study: Study, question: str) -> str:
    """One sentence that the measurement can refute, leaning as the question leans."""
    direction = read_direction(question)
    if study.kind is Kind.COMPARISON:
        return _hypothesis(study, direction.score or 1)
    return _hypothesis(study, direction.loss or -direction.score)


def stale(study: Study) -> bool:
    """Whether the hypothesis is one of our sentences, but of another design: the design was changed and it was not."""
    ours = re.match(r"From .+ loses? .+ on average |Over the seeds, the mean .+ than that of ", study.hypothesis)
    return bool(ours) and study.hypothesis not in [_hypothesis(study, sign) for sign in (1, 0, -1)]


def _hypothesis(study: Study, sign: int) -> str:
    a = study.groups[0].name
    b = study.groups[1].name if len(study.groups) > 1 else "the rest"
    if study.kind is Kind.COMPARISON:
        place = "higher" if sign > 0 else "lower"
        return f"Over the seeds, the mean {metric_name(study.metric)} of {a} is {place} than that of {b}."
    amount = "more" if sign > 0 else "less" if sign < 0 else "as much"
    than = "as" if sign == 0 else "than"
    lose, do = ("lose" if plural(a) else "loses"), ("do" if plural(b) else "does")
    return f"From {_span(study)}, {a} {lose} {amount} {metric_name(study.metric)} on average {than} {b} {do}."


def _span(study: Study) -> str:
    first, last = study.levels[0], study.levels[-1]
    if study.kind is Kind.TRAINING_SIZE:
        return f"{first:.0%} to {last:.0%} of the training rows"
    if study.kind is Kind.LABEL_NOISE and study.task == "classification":
        return f"{first:.0%} to {last:.0%} label noise"
    return f"noise of {first:g} to {last:g} standard deviations"


def _levels(kind: Kind, task: str, card: DataCard | None, draw: random.Random) -> tuple[float, ...]:
    levels = draw.choice(_LEVELS.get((kind, task)) or _LEVELS[kind, ""])
    small = card is not None and card.rows < 300
    return tuple(level for level in levels if level >= 0.2) if kind is Kind.TRAINING_SIZE and small else levels


def _metric(question: str, task: str, card: DataCard | None) -> str:
    if named := read_metric(question, task):
        return named
    if task == "regression":
        return "R2"
    sizes = [rows for _, rows in card.classes if rows >= TINY] if card else []
    return "balanced accuracy" if sizes and max(sizes) > 2 * min(sizes) else "accuracy"


def _groups(question: str, task: str, card: DataCard | None, draw: random.Random) -> tuple[Group, ...]:
    sides = list(named_sides(question, task))
    if not sides:
        sides = [_whole(name, task) for name in (TREES, LINEAR, draw.choice((NEIGHBOURS, KERNELS)))]
    if len(sides) == 1:
        mine = set(sides[0].models)
        group = next((f.group for f in members(sides[0].name, task)), "") or _group_of(sides[0].models[0], task)
        other = _whole(_OPPOSITE.get(group, LINEAR), task)
        sides.append(Group(other.name, tuple(name for name in other.models if name not in mine)))
    taken: set[str] = set()
    groups = []
    for side in sides[:4]:
        models = _chosen([name for name in side.models if name not in taken], task, card, draw)
        taken.update(models)
        if models:
            groups.append(Group(side.name, models))
    return tuple(groups)


def _whole(group: str, task: str) -> Group:
    return Group(group, tuple(known.name for known in members(group, task)))


def _group_of(name: str, task: str) -> str:
    known = family(name, task)
    return known.group if known else LINEAR


def _chosen(names: Sequence[str], task: str, card: DataCard | None, draw: random.Random) -> tuple[str, ...]:
    """Up to three models of a group: the usual two, and one that the seed draws from those that are quick enough."""
    if len(names) <= 2:
        return tuple(names)
    work = (card.rows * max(1, len(card.classes))) if card else 10_000
    quick = [name for name in names if not _is_slow(name, task) or work <= 6_000]
    quick = quick if len(quick) >= 2 else list(names)
    usual = [name for first in _FIRST.values() for name in first if name in quick][:2] or quick[:2]
    rest = [name for name in quick if name not in usual]
    return (*usual, draw.choice(rest)) if rest else tuple(usual)


def _is_slow(name: str, task: str) -> bool:
    known = family(name, task)
    return bool(known and known.slow)
