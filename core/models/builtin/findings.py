"""Findings: sentences chosen and filled by what was measured, in plain text for Markdown and LaTeX alike."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.models.builtin.evidence import Cell, Contrast, Evidence, Loss
from core.models.builtin.study import Group
from core.models.builtin.wording import (
    at_level,
    count,
    interval,
    is_zero,
    listed,
    metric_name,
    minus,
    number,
    plural,
    ratio,
    sentence,
    short_level,
    span,
    spread,
    under_factor,
    verb,
)

TOLD = 3
"""How many paired contrasts are told one by one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: what it is about (`ranking`, `losses`, `contrast`, ...) and the sentences."""

    topic: str
    text: str


def findings(evidence: Evidence) -> list[Finding]:
    """All that can be said of the measurement, most telling first; empty parts say nothing."""
    parts: tuple[tuple[str, Callable[[Evidence], Iterator[str]]], ...] = (
        ("contrast", contrasts),
        ("within", within),
        ("ranking", ranking),
        ("losses", losses),
        ("crossing", crossings),
        ("onset", onset),
        ("surprise", surprises),
        ("memory", memory),
        ("spread", scatter),
        ("baseline", baseline),
        ("selection", selection),
    )
    return [Finding(topic, text) for topic, part in parts if (text := " ".join(part(evidence)))]


def contrasts(evidence: Evidence) -> Iterator[str]:
    """The paired contrasts, each with its interval; of many the clearest ones, and how many are clear at all."""
    told = sorted(evidence.contrasts, key=_clearness)[:TOLD] if len(evidence.contrasts) > TOLD else evidence.contrasts
    for place, contrast in enumerate(told):
        yield contrast_sentence(evidence, contrast, brief=place > 0)
    if len(evidence.contrasts) > TOLD:
        clear = sum(contrast.decided for contrast in evidence.contrasts)
        yield f"Of all {len(evidence.contrasts)} paired differences, {clear} have an interval that excludes zero."


def contrast_sentence(evidence: Evidence, contrast: Contrast, *, brief: bool = False) -> str:
    """What a paired contrast says, the side that is ahead named first; one that includes zero is no difference.

    A brief one follows another, which has said over how many seeds and over which range.
    """
    c, metric = contrast.positive(), metric_name(evidence.metric)
    when = f" {span(evidence)}" if c.about_loss and not brief else ""
    start = "" if brief else f"Over {count(c.pairs, 'paired seed')}, "
    if not c.decided:
        what = f"in the loss of {metric}" if c.about_loss else f"in {metric}"
        return sentence(
            f"{start}no difference {what} between {c.a} and {c.b} can be told{when}: {number(c.mean)}, 95 % interval "
            f"{interval(c.low, c.high)}, which includes zero."
        )
    more = "more" if c.about_loss else "higher in"
    does = verb(c.a, "loses", "lose") if c.about_loss else verb(c.a, "scores", "score")
    return sentence(
        f"{start}{does} {number(c.mean)} {more} {metric} than {c.b}{when} (95 % interval "
        f"{interval(c.low, c.high)}, which excludes zero)."
    )


def within(evidence: Evidence) -> Iterator[str]:
    """Groups whose models differ more among themselves than the clear differences between groups."""
    gaps = {name: abs(c.mean) for c in evidence.contrasts if c.decided for name in (c.a, c.b)}
    for group in evidence.groups:
        cells = [cell for model in group.models if (cell := evidence.cell(model, evidence.start))]
        if evidence.varied or len(cells) < 2 or group.name not in gaps:
            continue
        low, *_, high = sorted(cells, key=lambda cell: cell.mean)
        if high.mean - low.mean > gaps[group.name]:
            yield (
                f"Within {group.name} the models differ by more than that: {high.model} has {number(high.mean)}, "
                f"{low.model} {number(low.mean)}, so the mean of the group speaks for neither."
            )


def baseline(evidence: Evidence) -> Iterator[str]:
    """What a rule that ignores the features scores, and which models do no better than it."""
    if evidence.chance is None or not evidence.fits:
        return
    means: dict[str, list[float]] = {}
    for fit in evidence.fits:
        means.setdefault(fit.model, []).append(fit.validation)
    sign = 1 if evidence.higher else -1
    worse = [name for name, values in means.items() if sign * (sum(values) / len(values) - evidence.chance) <= 0]
    yield (
        f"A rule that ignores the features has {metric_name(evidence.metric)} {number(evidence.chance)} on validation "
        f"rows."
    )
    if worse:
        who = "No model does" if len(worse) == len(means) else f"{sentence(verb(listed(worse), 'does', 'do'))} not do"
        yield f"{who} better than that there, so the order of such models means little."


def _clearness(contrast: Contrast) -> float:
    """How near the interval comes to zero, in units of its own width; the clearest are the most negative."""
    c = contrast.positive()
    return -c.low / (c.high - c.low) if c.high > c.low else 0.0


def ranking(evidence: Evidence) -> Iterator[str]:
    """Who leads at the undisturbed level and who at the strongest, and whether the lead is settled."""
    if not evidence.cells:
        if evidence.value is not None:
            yield f"The program reports {metric_name(evidence.metric)} = {number(evidence.value)} and no comparison."
        return
    yield _leader(evidence, evidence.start)
    if evidence.varied:
        yield _leader(evidence, evidence.end)
        ends = [evidence.ranking(level) for level in (evidence.start, evidence.end)]
        first, last = (ranked[0].model if ranked else "" for ranked in ends)
        if not first or not last:
            return
        if first == last:
            yield f"{sentence(verb(first, 'leads', 'lead'))} at both ends of the range."
        else:
            yield f"The best model is thus not the same: {first} at the start of the range, {last} at its end."


def leaders(evidence: Evidence) -> str:
    """The ranking in one short sentence: who leads at either end of the range, and with what."""
    best = [ranked[0] for level in (evidence.start, evidence.end) if (ranked := evidence.ranking(level))]
    if not best:
        return " ".join(ranking(evidence))
    first, last = best[0], best[-1]
    metric = metric_name(evidence.metric)
    text = f"The best {metric} {at_level(evidence, first.level)} is {_measured(first)} ({first.model})"
    if evidence.varied:
        same = "the same model" if first.model == last.model else last.model
        text += f"; {at_level(evidence, last.level)} it is {_measured(last)} ({same})"
    return text + "."


def lead(evidence: Evidence, best: Cell, second: Cell) -> str:
    """How sure the order of two models is, counted over the seeds."""
    if is_zero(best.mean - second.mean):
        return "the two are level in the digits shown"
    counts, seeds = evidence.wins(best, second), len(best.scores)
    if counts is None:
        sure = abs(best.mean - second.mean) > max(best.std, second.std)
        return "a lead beyond the scatter over seeds" if sure else "a lead within the scatter over seeds"
    wins, level = counts
    if wins == seeds:
        return f"a lead that holds in each of the {count(seeds, 'seed')}" if seeds > 1 else "a lead in the one seed run"
    ties = f", with {level} level" if level else ""
    return f"ahead in {wins} of the {count(seeds, 'seed')}{ties}, so the order is not settled"


def _leader(evidence: Evidence, level: float) -> str:
    metric, cells = metric_name(evidence.metric), evidence.ranking(level)
    if not cells:
        return f"Nothing was measured {at_level(evidence, level)}."
    best = cells[0]
    text = f"{sentence(at_level(evidence, level))}, {best.model} reached the best {metric}, {_measured(best)}"
    if len(cells) > 1:
        second, worst = cells[1], cells[-1]
        text += f", before {second.model} with {_measured(second)} ({lead(evidence, best, second)})"
        if worst is not second:
            text += f"; {verb(worst.model, 'is', 'are')} last with {_measured(worst)}"
    return text + "."


def losses(evidence: Evidence) -> Iterator[str]:
    """Who loses least and most between the ends of the range."""
    if not evidence.losses:
        return
    order = sorted(evidence.losses, key=lambda loss: loss.mean)
    falls = [loss for loss in order if loss.mean > 0]
    if not falls:
        yield f"No model loses {metric_name(evidence.metric)} {under_factor(evidence)}."
    elif len(order) == 1:
        yield f"{sentence(verb(order[0].model, 'loses', 'lose'))} {_lost(order[0])} over the whole range."
    else:
        who = "every model loses" if len(falls) == len(order) else f"{len(falls)} of {len(order)} models lose"
        clear = sum(loss.clear for loss in falls)
        least, most = falls[0], falls[-1]
        yield (
            f"{sentence(under_factor(evidence))}, {who} {metric_name(evidence.metric)}"
            + (
                f": least {least.model} ({_lost(least)}), most {most.model} ({_lost(most)})"
                if least is not most
                else f": {most.model} ({_lost(most)})"
            )
            + ("." if clear == len(falls) else f"; {_beyond(clear)} the scatter over seeds.")
        )


def crossings(evidence: Evidence) -> Iterator[str]:
    """Between which levels two groups, or the leading models, change places."""
    for i, a in enumerate(evidence.groups):
        for b in evidence.groups[i + 1 :]:
            yield from _group_crossings(evidence, a, b)
    leaders = [(level, ranked[0].model) for level in evidence.levels if (ranked := evidence.ranking(level))]
    changes = [(before, after) for before, after in itertools.pairwise(leaders) if before[1] != after[1]]
    for (low, old), (high, new) in changes[:2]:
        yield (
            f"The lead passes from {old} to {new} between {short_level(evidence, low)} and "
            f"{short_level(evidence, high)}."
        )


def _group_crossings(evidence: Evidence, a: Group, b: Group) -> Iterator[str]:
    gaps = []
    for level in evidence.levels:
        x, y = evidence.group_mean(a, level), evidence.group_mean(b, level)
        if x is not None and y is not None:
            gaps.append((level, x - y))
    for (low, before), (high, after) in itertools.pairwise(gaps):
        if before * after < 0:
            ahead, behind = (a.name, b.name) if before > 0 else (b.name, a.name)
            averaged = "averaged over the models of each group, " if a.models + b.models != (a.name, b.name) else ""
            yield (
                f"The curves cross: {averaged}{verb(ahead, 'is', 'are')} ahead at "
                f"{short_level(evidence, low)} and {behind} at {short_level(evidence, high)}."
            )


def onset(evidence: Evidence) -> Iterator[str]:
    """At which level the model that loses most has lost half of it."""
    falls = [loss for loss in evidence.losses if loss.mean > 0 and loss.clear]
    if not falls or len(evidence.levels) < 3:
        return
    most = max(falls, key=lambda loss: loss.mean)
    curve = evidence.curve(most.model)
    if len(curve) != len(evidence.levels):
        return
    half = next((cell for cell in curve if abs(curve[0].mean - cell.mean) >= abs(most.mean) / 2), None)
    if half is None:
        return
    when = "only at the strongest level" if half is curve[-1] else f"by {short_level(evidence, half.level)}"
    sign = (curve[0].mean, half.mean)
    yield (
        f"The loss of {most.model} is {'late' if half is curve[-1] else 'not all at the end'}: half of it is there "
        f"{when} ({minus(*sign)} of {number(most.mean)})."
    )


def surprises(evidence: Evidence) -> Iterator[str]:
    """Models that gain where they should lose, over the whole range or at one step."""
    gains = [loss for loss in evidence.losses if loss.mean < 0 and not is_zero(loss.mean)]
    for loss in gains:
        strength = "beyond" if loss.clear else "within"
        yield (
            f"Against expectation {verb(loss.model, 'does', 'do')} not lose: the change over the range is a gain of "
            f"{number(-loss.mean)} ± {number(loss.std)}, {strength} one standard deviation over the seeds."
        )
    for model in evidence.models:
        curve = evidence.curve(model)
        for before, after in itertools.pairwise(curve):
            rise = after.mean - before.mean if evidence.higher else before.mean - after.mean
            if evidence.varied and rise > max(before.std, after.std) and not is_zero(rise):
                yield (
                    f"{sentence(verb(model, 'improves', 'improve'))} from {short_level(evidence, before.level)} to "
                    f"{short_level(evidence, after.level)} ({minus(after.mean, before.mean)}), more than the scatter "
                    f"over seeds explains."
                )


def memory(evidence: Evidence) -> Iterator[str]:
    """Which models follow their own training rows most and least closely at the strongest level, and what it brings."""
    fits = [fit for model in evidence.models if (fit := evidence.fit(model, evidence.end))]
    if len(fits) < 2 or not evidence.higher:
        return
    order = sorted(fits, key=lambda fit: fit.fit)
    loose, close = order[0], order[-1]
    metric, noisy = metric_name(evidence.metric), evidence.factor == "label noise"
    rows = "their training rows as these were labelled, mistakes included" if noisy else "their own training rows"
    where = f" {at_level(evidence, evidence.end)}" if evidence.varied else ""
    yield (
        f"On {rows}, {close.model} and {loose.model} reach {metric} {number(close.fit)} and "
        f"{number(loose.fit)}{where}, the closest and the loosest fit; on validation rows they score "
        f"{number(close.validation)} and {number(loose.validation)}."
    )
    lost = {loss.model: loss for loss in evidence.losses}
    if close.model in lost and loose.model in lost:
        yield _fit_and_loss(lost[close.model], lost[loose.model])


def _fit_and_loss(close: Loss, loose: Loss) -> str:
    shown = f"{number(close.mean)} and {number(loose.mean)}"
    if abs(close.mean - loose.mean) <= max(close.std, loose.std):
        return (
            f"Their losses, {shown}, lie within their scatter of each other, so the closeness of fit explains "
            f"nothing here."
        )
    if close.mean > loose.mean:
        return (
            f"Their losses are {shown}: the closer fit goes with the larger loss, as it should if rows are learnt "
            f"by heart."
        )
    return (
        f"Their losses are {shown}: the closer fit goes with the smaller loss, so learning by heart is not what "
        f"costs most."
    )


def scatter(evidence: Evidence) -> Iterator[str]:
    """Which measurement varies most over the seeds."""
    if len(evidence.cells) < 2 or evidence.seeds < 2:
        return
    cells = sorted(evidence.cells, key=lambda cell: cell.std)
    low, high = cells[0], cells[-1]
    if is_zero(high.std):
        yield f"The {count(evidence.seeds, 'seed')} agree to three decimals in every cell."
        return
    yield (
        f"Over the {count(evidence.seeds, 'seed')} the standard deviation is largest for {_where(evidence, high)} "
        f"({number(high.std)}) and smallest for {_where(evidence, low)} ({number(low.std)})."
    )


def selection(evidence: Evidence) -> Iterator[str]:
    """What the search for a better program was guided by."""
    if evidence.cells and evidence.value is not None:
        yield (
            f"Programs were selected by how much of the plan they carry out and by the mean "
            f"{metric_name(evidence.metric)} on validation rows, {number(evidence.value)} for the one reported; "
            f"the test rows were used for nothing but the numbers above."
        )


def effect_size(contrast: Contrast) -> str:
    """A contrast in units of its own standard deviation, the quotient in view; empty when that shows as zero."""
    c = contrast.positive()
    if is_zero(c.std) or is_zero(c.mean):
        return ""
    return f"{ratio(c.mean, c.std)} standard deviations of the paired difference"


def agreement(evidence: Evidence, a: Cell, b: Cell) -> str:
    """In how many seeds one model beats another, e.g. `SVM beats ridge in 4 of 5 seeds`; empty without their scores."""
    counts = evidence.wins(a, b)
    if counts is None:
        return ""
    ties = f" and {'is' if not plural(a.model) else 'are'} level in {counts[1]}" if counts[1] else ""
    return f"{verb(a.model, 'beats', 'beat')} {b.model} in {counts[0]} of {count(len(a.scores), 'seed')}{ties}"


def model_list(evidence: Evidence) -> str:
    """The models by group, e.g. `tree ensembles (random forest and extra trees)`."""
    groups = [f"{g.name} ({listed(g.models)})" if g.models != (g.name,) else g.name for g in evidence.groups]
    return listed(groups) if groups else listed(evidence.models)


def _where(evidence: Evidence, cell: Cell) -> str:
    return f"{cell.model} {at_level(evidence, cell.level)}" if evidence.varied else cell.model


def _measured(cell: Cell) -> str:
    return spread(cell.mean, cell.std)


def _beyond(clear: int) -> str:
    return f"{clear} of these losses {'exceeds' if clear == 1 else 'exceed'}" if clear else "none of these exceeds"


def _lost(loss: Loss) -> str:
    return spread(loss.mean, loss.std)
