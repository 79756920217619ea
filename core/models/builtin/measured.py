"""The sections about the study itself: Methods, Experimental Setup, Results, Discussion."""

from __future__ import annotations

from core.models.builtin.evidence import Evidence
from core.models.builtin.facts import Facts, cite, quoted
from core.models.builtin.findings import TOLD, model_list
from core.models.builtin.lore import DATA_PAPERS
from core.models.builtin.source import literal
from core.models.builtin.study import Kind
from core.models.builtin.tables import contrast_table, figure, figure_label, results_table, settings_table, usable
from core.models.builtin.verdict import Outcome
from core.models.builtin.wording import (
    count,
    is_zero,
    listed,
    metric_name,
    number,
    sentence,
    short_level,
    tex,
    under_factor,
)

FEW_ROWS = 30
FIGURES = 1
"""Figures in the first draft; improvements bring the others."""
SIGNATURE = (
    "\\paragraph{Who did this.} The study was planned, run and written up by labtop's built-in researcher, which "
    "works by "
    "rules and is not a language model. It chooses its sentences by what was measured and copies its numbers from the "
    "program's output; it does not understand the subject, and a person should read this report before relying on it."
)


def methods(facts: Facts) -> str:
    """Groups, disturbance, metric, statistics, and how programs were selected."""
    evidence = facts.evidence
    groups = tex(model_list(evidence)) or "the models that the program trains"
    parts = [
        rf"\paragraph{{Design.}} The models compared are {groups}. {_levels(evidence)} For every seed each model is "
        rf"trained"
        + (" at each level" if evidence.varied else "")
        + f" and its {tex(metric_name(evidence.metric))} is measured on test rows that no choice depends on.",
        _disturbance(facts),
        _statistics(facts),
    ]
    if evidence.value is not None:
        software = cite(facts.about("mle", "AIDE", "agent lab", "scientist"), 3)
        parts.append(
            r"\paragraph{Selection.} The program that produced the numbers was found by a search over programs: a "
            r"first version "
            "was changed step by step, and a change was kept when it raised a score that counts how much of the plan "
            f"is carried out and how high the mean {tex(metric_name(evidence.metric))} is, over all models, levels "
            f"and seeds, on validation rows held out of the training rows{software}. Models and their settings were "
            f"thus chosen without sight of the test rows{cite(facts.about('leakage', 'cross-validation'), 2)}."
        )
    return "\n\n".join(part for part in parts if part)


def setup(facts: Facts) -> str:
    """Data, split, levels, seeds, settings, software."""
    parts = [_data(facts), protocol(facts)]
    table = settings_table(facts)
    if table:
        parts.append(
            rf"\paragraph{{Settings.}} Table~\ref{{tab:settings}} lists the settings of every model.{chr(10)}{table}"
        )
    parts.append(software(facts))
    return "\n\n".join(part for part in parts if part)


def software(facts: Facts) -> str:
    """What the program is written with, where it lies, and how long it ran."""
    evidence, data = facts.evidence, facts.data
    papers = facts.about("scikit-learn", "array programming", "scipy", "matplotlib", "data structures for statistical")
    tools = "scikit-learn" if data is None or data.source.startswith("sklearn:") else "scikit-learn and pandas"
    time = f" One run took {evidence.seconds:.1f} seconds in all." if evidence.seconds is not None else ""
    return (
        rf"\paragraph{{Software.}} The program is written in Python with {tools}{cite(papers, 4)} and draws the "
        rf"figures with Matplotlib.{time} It is \texttt{{experiment/main.py}} in the project, its data step "
        rf"\texttt{{data/prepare.py}}, and "
        r"its output \texttt{results/metrics.json}."
    )


def results(facts: Facts) -> str:
    """The table, the figure, and what they show, in sentences chosen by the measurement."""
    evidence = facts.evidence
    if not evidence.cells:
        return tex(facts.said("ranking")) or "The program wrote no measurement that could be reported."
    figures = usable(facts.figures)[:FIGURES]
    shown = [r"Table~\ref{tab:results} holds every measurement"]
    if figures:
        shown.append("Figure~" + rf"\ref{{{figure_label(figures[0])}}} shows them")
    parts = [f"{' and '.join(shown)}. {tex(facts.said('ranking'))}", results_table(facts)]
    parts += [figure(facts, path) for path in figures]
    for heading, topics in (
        ("Who loses more", ("losses", "onset")),
        ("Crossings", ("crossing",)),
        ("Unexpected", ("surprise",)),
        ("Paired differences", ("contrast", "within")),
        ("Fit", ("memory",)),
        ("Scatter", ("spread",)),
        ("Baseline and selection", ("baseline", "selection")),
    ):
        text = " ".join(facts.said(topic) for topic in topics if facts.said(topic))
        if text:
            parts.append(rf"\paragraph{{{heading}.}} {tex(text)}")
        if "contrast" in topics and len(evidence.contrasts) > TOLD:
            parts.append(rf"Table~\ref{{tab:contrasts}} lists all of them.{chr(10)}{contrast_table(facts)}")
    return "\n\n".join(parts)


def discussion(facts: Facts) -> str:
    """The hypothesis and its fate, the limits, what to do next, and who wrote this."""
    parts = [fate(facts), limitations(facts), _next(facts), SIGNATURE]
    return "\n\n".join(part for part in parts if part)


def limits(facts: Facts) -> list[str]:
    """What the study cannot carry, each as a plain sentence with the number that shows it."""
    evidence = facts.evidence
    said = [facts.gap] if facts.gap else []
    said += [f"One data set was used, {facts.dataset}; nothing here says how far the findings carry over to others."]
    if evidence.seeds:
        few = "few" if evidence.seeds < 10 else "a fair number"
        few = f"{sentence(count(evidence.seeds, 'seed'))} {'is' if evidence.seeds == 1 else 'are'} {few}"
        paired = ": the interval rests on them, and on the assumption that paired differences are roughly normal."
        said.append(few + (paired if evidence.contrasts else ": the spread that is given rests on them."))
    test = evidence.rows.get("test")
    if test and evidence.metric == "accuracy" and not is_zero(1 / test):
        said.append(
            f"With {count(test, 'test row')} a single row weighs 1 / {test} = {number(1 / test)} of accuracy, so "
            f"smaller differences between two models mean little."
        )
    if test and test < FEW_ROWS:
        said.append(f"{sentence(count(test, 'test row'))} a split are few; a single one of them can turn the outcome.")
    if sample := _sampled(facts):
        said.append(f"Only a random sample of {sample} rows was used; with all of them models may rank otherwise.")
    if evidence.factor in {Kind.LABEL_NOISE, Kind.FEATURE_NOISE}:
        said.append(
            "The noise is drawn at random and independently of the rows; mistakes made by people or instruments follow "
            "patterns that this does not imitate."
        )
    if evidence.varied:
        fixed = [model for model in evidence.models if model not in evidence.tuned]
        if fixed:
            who = "Every model has" if len(fixed) == len(evidence.models) else f"{sentence(listed(fixed))} each have"
            said.append(f"{who} one setting for all levels; tuned anew at every level they might lose less.")
    if evidence.unconverged:
        stopped = [f"{model} in {count(n, 'fit')}" for model, n in evidence.unconverged.items()]
        said.append(f"Some fits stopped before they had converged: {listed(stopped)}.")
    if len(evidence.contrasts) > 1:
        said.append(
            f"The {len(evidence.contrasts)} intervals are not corrected for being several, so one of them may "
            f"exclude zero by chance."
        )
    named = [group for group in evidence.groups if group.models != (group.name,)]
    if named and max(len(group.models) for group in named) < 3:
        said.append(
            "A group is represented by at most two models, and the word for the group promises more than these."
        )
    return said


def _levels(evidence: Evidence) -> str:
    if not evidence.varied:
        return "Nothing is varied but the model."
    shown = listed([short_level(evidence, level) for level in evidence.levels])
    return f"The factor is {tex(evidence.factor)} at the levels {tex(shown)}."


def _disturbance(facts: Facts) -> str:
    evidence = facts.evidence
    if evidence.varied and "def disturbed(" not in facts.program:
        return r"\paragraph{Disturbance.} How each level is brought about stands in \texttt{experiment/main.py}."
    match evidence.factor:
        case Kind.LABEL_NOISE if evidence.task == "regression":
            what = (
                "For each seed the errors of the training targets are drawn once and scaled to every level, and all "
                "models get the same noisy targets. The test targets are never touched."
            )
        case Kind.LABEL_NOISE:
            what = (
                "For each seed the training rows are put in random order, and the wanted share of them, from the "
                "first on, gets a wrong label, every other class being as likely. Rows that are spoiled at a low "
                "level are thus spoiled in the same way at a higher one, and all models get the same labels. The "
                "test labels are never touched."
            )
        case Kind.FEATURE_NOISE:
            what = (
                "For each seed the errors are drawn once and scaled to every level, and all models get the same "
                "noisy features, in training and in testing."
            )
        case Kind.TRAINING_SIZE:
            what = (
                "For each seed the rows of a smaller share are among those of a larger one, and all models get "
                "the same rows."
            )
        case _:
            return ""
    return rf"\paragraph{{Disturbance.}} {what}"


def _statistics(facts: Facts) -> str:
    evidence = facts.evidence
    metric = tex(metric_name(evidence.metric))
    about_loss = any(contrast.about_loss for contrast in evidence.contrasts)
    text = r"\paragraph{Statistics.} Tables give mean and standard deviation over the seeds. "
    if evidence.losses:
        text += (
            rf"With $M_{{m,\ell,s}}$ the {metric} of model $m$ at level $\ell$ with seed $s$, the loss of a model is "
            r"$d_{m,s}=M_{m,\ell_0,s}-M_{m,\ell_1,s}$ between the undisturbed level $\ell_0$ and the strongest level "
            r"$\ell_1$. "
        )
    if evidence.contrasts:
        quantity = "losses" if about_loss else "scores"
        symbol = "d" if about_loss else "M"
        text += (
            rf"The {quantity} of a group are averaged over its models, and two sides $A$ and $B$ are compared by the "
            rf"paired differences $\Delta_s=\bar {symbol}_{{A,s}}-\bar {symbol}_{{B,s}}$ with the two-sided 95\,\% "
            rf"$t$ interval"
            "\n"
            r"\[ \bar\Delta \pm t_{n-1}\, \hat\sigma_\Delta/\sqrt{n}, \]"
            "\n"
            rf"where $n={evidence.contrasts[0].pairs}$ is the number of seeds, $\hat\sigma_\Delta$ the standard "
            rf"deviation of the "
            r"$\Delta_s$, and $t_{n-1}$ the quantile of Student's distribution. An interval that excludes zero "
            r"decides the order of the two sides on this data set"
            f"{cite(facts.about('statistical comp', 'statistical test', 'for variance'), 3)}."
        )
    return text.strip()


def _data(facts: Facts) -> str:
    evidence, data = facts.evidence, facts.data
    if data is None:
        return ""
    sources = facts.about(*DATA_PAPERS.get(data.source, ()))
    text = rf"\paragraph{{Data.}} The data set is {tex(data.title)}{cite(sources, 2)}, {count(data.rows, 'row')}"
    features = evidence.rows.get("features")
    text += f" with {count(features, 'feature')}" if features else ""
    text += f" and the target \\texttt{{{tex(data.target)}}}" if data.target else ""
    if data.classes:
        (most, largest), (least, smallest) = data.classes[0], data.classes[-1]
        text += (
            f". There are {len(data.classes)} classes; the most frequent, {quoted(most)}, has "
            f"{count(largest, 'row')}, the rarest, {quoted(least)}, {smallest}"
        )
    missing = sum(column.missing for column in data.columns)
    text += f". {missing} cells are empty." if missing else "."
    return text


def protocol(facts: Facts) -> str:
    """The split, the seeds, and how many models were trained."""
    evidence = facts.evidence
    if not evidence.cells:
        return ""
    rows = evidence.rows
    text = r"\paragraph{Protocol.} "
    if sample := _sampled(facts):
        text += f"Of the {facts.data.rows if facts.data else sample} rows a random sample of {sample} is used. "
    if {"train", "test"} <= set(rows):
        share = facts.validation_share
        held = f", {100 * share:g}\\,\\% of which are held out for validation" if share else ""
        text += (
            f"A split leaves {count(rows['train'], 'row')} for training{held}, and {count(rows['test'], 'row')} "
            f"for testing. "
        )
    text += f"Everything is repeated with {count(evidence.seeds, 'seed')}"
    if "each seed draws its own split" in facts.program:
        disturbance = ", its own disturbance" if evidence.varied else ""
        text += f", each of which draws its own split{disturbance} and its own random models"
    cells = len(evidence.cells)
    levels = f" and {count(len(evidence.levels), 'level')}" if evidence.varied else ""
    text += (
        f"; with {count(len(evidence.models), 'model')}{levels} this makes {cells * max(evidence.seeds, 1)} trained "
        f"and tested models."
    )
    return text


def _sampled(facts: Facts) -> int:
    """How many rows the program drew from more, 0 when it used them all as far as can be told."""
    limit, rows = literal(facts.program, "MAX_ROWS"), facts.evidence.rows
    used = rows.get("train", 0) + rows.get("test", 0)
    sampled = facts.data is not None and isinstance(limit, int) and used == limit < facts.data.rows
    return used if sampled else 0


def fate(facts: Facts) -> str:
    """The hypothesis, as it was stated, and what the measurement makes of it."""
    verdict = facts.verdict
    if not facts.hypothesis:
        return tex(facts.said("contrast") or facts.said("ranking") or verdict.reason)
    after = {
        Outcome.SUPPORTED: "On this data set it is \\textbf{supported}",
        Outcome.REFUTED: "On this data set it is \\textbf{refuted}",
        Outcome.UNDECIDED: "The measurement leaves it \\textbf{undecided}",
    }[verdict.outcome]
    return (
        rf"\paragraph{{The hypothesis.}} Stated before the measurement, it was: {quoted(facts.hypothesis)} {after}. "
        f"{tex(verdict.reason)}"
    )


def limitations(facts: Facts) -> str:
    """The limits of the study as a list."""
    items = "\n".join(rf"\item {tex(text)}" for text in limits(facts))
    return f"\\paragraph{{Limitations.}} What this study cannot carry:\n\\begin{{itemize}}\n{items}\n\\end{{itemize}}"


def _next(facts: Facts) -> str:
    evidence = facts.evidence
    steps = []
    if facts.verdict.outcome is Outcome.UNDECIDED and evidence.contrasts:
        steps.append(
            "more seeds, until the interval is narrow enough to exclude zero or to show that nothing of interest is "
            "left"
        )
    steps.append("a second data set of another size and kind")
    if evidence.varied:
        steps.append(
            f"a run in which every model is tuned at each level, to see whether the losses {under_factor(evidence)} "
            f"shrink"
        )
        steps.append(
            f"levels between {short_level(evidence, evidence.levels[-2])} and {short_level(evidence, evidence.end)}"
        )
    else:
        steps.append("a factor to vary, such as the number of training rows, to see how stable the order is")
    return rf"\paragraph{{Next steps.}} The most useful continuations are {tex(listed(steps))}."
