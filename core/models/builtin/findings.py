"""Findings: sentences chosen and filled by what was measured, in plain text for Markdown and LaTeX alike."""

from __future__ import annotations

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
    ratio,
    sentence,
    short_level,
    spread,
    under_factor,
    verb,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: what it is about (`ranking`, `losses`, `contrast`, ...) and the sentences."""

    topic: str
    text: str


def findings(evidence: Evidence) -> list[Finding]:
    """All that can be said of the measurement, most telling first; empty parts say nothing."""
    parts: tuple[tuple[str, Callable[[Evidence], Iterator[str]]], ...] = (
        ("contrast", contrasts),
        ("ranking", ranking),
        ("losses", losses),
        ("crossing", crossings),
        ("onset", onset),
        ("surprise", surprises),
        ("memory", memory),
        ("spread", scatter),
        ("selection", selection),
    )
    return [Finding(topic, text) for topic, part in parts if (text := " ".join(part(evidence)))]


def contrasts(evidence: Evidence) -> Iterator[str]:
    """One sentence for each paired contrast, with its interval and what the interval decides."""
    for contrast in evidence.contrasts:
        yield contrast_sentence(evidence, contrast)


def contrast_sentence(evidence: Evidence, contrast: Contrast) -> str:
    """What a paired contrast says, the side that is ahead named first."""
    c, metric = contrast.positive(), metric_name(evidence.metric)
    if c.about_loss:
        ends = f"from the undisturbed level to the strongest one ({short_level(evidence, evidence.end)})"
        what = f"{verb(c.a, 'loses', 'lose')} {number(c.mean)} more {metric} than {c.b} {ends}"
    else:
        what = f"{verb(c.a, 'scores', 'score')} {number(c.mean)} higher in {metric} than {c.b}"
    verdict = (
        "the interval excludes zero"
        if c.decided
        else f"the interval includes zero, so {count(c.pairs, 'seed')} do not settle the order"
    )
    return f"Over {count(c.pairs, 'paired seed')}, {what} (95 % interval {interval(c.low, c.high)}); {verdict}."


def ranking(evidence: Evidence) -> Iterator[str]:
    """Who leads at the undisturbed level and who at the strongest, and whether the lead is settled."""
    if not evidence.cells:
        if evidence.value is not None:
            yield f"The program reports {metric_name(evidence.metric)} = {number(evidence.value)} and no comparison."
        return
    yield _leader(evidence, evidence.start)
    if evidence.varied:
        yield _leader(evidence, evidence.end)
        first, last = (evidence.ranking(level)[0].model for level in (evidence.start, evidence.end))
        if first == last:
            yield f"{sentence(verb(first, 'leads', 'lead'))} at both ends of the range."
        else:
            yield f"The best model is thus not the same: {first} at the start of the range, {last} at its end."


def lead(evidence: Evidence, best: Cell, second: Cell) -> str:
    """How sure the order of two models is, counted over the seeds."""
    wins, seeds = evidence.wins(best, second), len(best.scores)
    if is_zero(best.mean - second.mean):
        return "the two are level in the digits shown"
    if wins is None:
        sure = abs(best.mean - second.mean) > max(best.std, second.std)
        return "a lead beyond the scatter over seeds" if sure else "a lead within the scatter over seeds"
    if wins == seeds:
        return f"a lead that holds in each of the {count(seeds, 'seed')}" if seeds > 1 else "a lead in the one seed run"
    return f"a lead that holds in only {wins} of the {count(seeds, 'seed')}, so the order is not settled"


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
        least, most = falls[0], falls[-1]
        yield f"{sentence(under_factor(evidence))}, {who} {metric_name(evidence.metric)}" + (
            f": least {least.model} ({_lost(least)}), most {most.model} ({_lost(most)})."
            if least is not most
            else f": {most.model} ({_lost(most)})."
        )


def crossings(evidence: Evidence) -> Iterator[str]:
    """Between which levels two groups, or the leading models, change places."""
    for i, a in enumerate(evidence.groups):
        for b in evidence.groups[i + 1 :]:
            yield from _group_crossings(evidence, a, b)
    leaders = [(level, ranked[0].model) for level in evidence.levels if (ranked := evidence.ranking(level))]
    changes = [(before, after) for before, after in zip(leaders, leaders[1:], strict=False) if before[1] != after[1]]
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
    for (low, before), (high, after) in zip(gaps, gaps[1:], strict=False):
        if before * after < 0:
            ahead, behind = (a.name, b.name) if before > 0 else (b.name, a.name)
            yield (
                f"The curves cross: averaged over the models of each group, {verb(ahead, 'is', 'are')} ahead at "
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
        for before, after in zip(curve[:-1], curve[1:], strict=True):
            rise = after.mean - before.mean if evidence.higher else before.mean - after.mean
            if evidence.varied and rise > max(before.std, after.std) and not is_zero(rise):
                yield (
                    f"{sentence(verb(model, 'improves', 'improve'))} from {short_level(evidence, before.level)} to "
                    f"{short_level(evidence, after.level)} ({minus(after.mean, before.mean)}), more than the scatter "
                    f"over seeds explains."
                )


def memory(evidence: Evidence) -> Iterator[str]:
    """Which models follow their own training rows most closely at the strongest level, and what that brings them."""
    fits = [fit for model in evidence.models if (fit := evidence.fit(model, evidence.end))]
    if len(fits) < 2:
        return
    order = sorted(fits, key=lambda fit: fit.fit - fit.validation)
    loose, close = order[0], order[-1]
    gap, metric = minus(close.fit, close.validation), metric_name(evidence.metric)
    yield (
        f"{sentence(at_level(evidence, evidence.end))}, {verb(close.model, 'follows', 'follow')} the training rows most "
        f"closely: {metric} {number(close.fit)} on the rows fitted to against {number(close.validation)} on validation "
        f"rows ({gap}); the gap is smallest for {loose.model} ({minus(loose.fit, loose.validation)})."
    )
    lost = {loss.model: loss.mean for loss in evidence.losses}
    if close.model in lost and loose.model in lost:
        fits_story = lost[close.model] > lost[loose.model]
        yield (
            f"The closer fit goes with the {'larger' if fits_story else 'smaller'} loss "
            f"({number(lost[close.model])} against {number(lost[loose.model])})"
            + (
                ", as one would expect if spoiled rows are learnt by heart."
                if fits_story
                else ", so learning training rows by heart does not explain who loses most."
            )
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
        f"Over the {count(evidence.seeds, 'seed')} the standard deviation is largest for {high.model} "
        f"{at_level(evidence, high.level)} ({number(high.std)})"
        + (f" and smallest for {low.model} {at_level(evidence, low.level)} ({number(low.std)})." if low.model else ".")
    )


def selection(evidence: Evidence) -> Iterator[str]:
    """What the search for a better program was guided by."""
    if evidence.cells and evidence.value is not None:
        yield (
            f"Programs were selected by the mean {metric_name(evidence.metric)} on validation rows, which is "
            f"{number(evidence.value)} for the one reported; the test rows were used for nothing but the numbers above."
        )


def effect_size(contrast: Contrast) -> str:
    """A contrast in units of its own standard deviation, the quotient in view; empty when that shows as zero."""
    c = contrast.positive()
    if is_zero(c.std) or is_zero(c.mean):
        return ""
    return (
        f"{ratio(c.mean, c.std)} standard deviations of the paired difference between {c.a} and {c.b}, "
        f"with {count(c.pairs, 'pair')}"
    )


def agreement(evidence: Evidence, a: Cell, b: Cell) -> str:
    """In how many seeds one model beats another, e.g. `SVM beats ridge in 5 of 5 seeds`."""
    wins = evidence.wins(a, b)
    return f"{verb(a.model, 'beats', 'beat')} {b.model} in {wins} of {count(len(a.scores), 'seed')}"


def model_list(evidence: Evidence) -> str:
    """The models by group, e.g. `tree ensembles (random forest and extra trees)`."""
    groups = [f"{g.name} ({listed(g.models)})" if g.models != (g.name,) else g.name for g in evidence.groups]
    return listed(groups) if groups else listed(evidence.models)


def _measured(cell: Cell) -> str:
    return spread(cell.mean, cell.std)


def _lost(loss: Loss) -> str:
    return spread(loss.mean, loss.std)
