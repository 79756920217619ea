"""The sections that frame the study: title, Abstract, Introduction, Background, Related Work; and who writes which."""

from __future__ import annotations

import re
from collections.abc import Callable

from core.brief import Reviewed
from core.models.builtin import measured
from core.models.builtin.facts import Facts, cite, key, quoted
from core.models.builtin.findings import contrast_sentence, leaders, model_list
from core.models.builtin.literature import ASIDE
from core.models.builtin.lore import FAMILIES, METRICS, TOPICS, factor_definition
from core.models.builtin.reach import gap
from core.models.builtin.study import Kind
from core.models.builtin.verdict import Outcome
from core.models.builtin.wording import count, listed, metric_name, plural, sentence, short_level, tex, under_factor

NO_PAPERS = (
    "The literature review of this project holds no paper. So nothing is claimed here about earlier work: neither "
    "that the question is new nor that an answer to it is known."
)
SUMMARY_WORDS = 60
"""How much of a reviewed paper's summary Related Work tells."""
_VERB = re.compile(
    r"(?!This\b|Its\b|Thus\b|Various\b|Bayes\b)[A-Z][a-z]+(?:-[a-z]+)?s\b"
    r"(?! (?:is|are|was|were|have|can|may|do|of|in)\b)"
)
_THING = re.compile(
    r"(?!(?:The|This|These|We|It|A|An|In|On|Our|They)\b)[A-Z][\w-]*(?: (?!is\b|are\b|was\b|were\b|has\b|have\b|can\b)"
    r"[\w-]+){0,2} (?:that|of|to|on|reduced)\b"
)
_SMALL = {"a", "an", "and", "as", "at", "by", "for", "in", "of", "on", "or", "over", "the", "to", "under", "with"}
_STAKES = {
    Kind.LABEL_NOISE: "Labels are rarely free of mistakes, and whoever chooses a model for data that people or "
    "machines have labelled wants to know how much of its quality a given share of wrong labels will cost",
    Kind.FEATURE_NOISE: "Measurements carry errors, and a model that is chosen on clean features may not be the one "
    "that does best once they are noisy",
    Kind.TRAINING_SIZE: "Labelled rows cost time and money, and a model that is best with many of them need not be "
    "best with few",
    Kind.COMPARISON: "A choice among model families is made in every applied project, often by habit, while the "
    "honest ground for it is a measurement on the data at hand",
}


def title(facts: Facts) -> str:
    """The report's title, plain text on one line."""
    evidence = facts.evidence
    groups = [group.name for group in evidence.groups] or list(evidence.models)
    who = listed(groups) if len(groups) < 4 else f"{len(groups)} families of models"
    if not groups:
        return _titled(f"{metric_name(evidence.metric)} on {facts.dataset}")
    match evidence.factor:
        case Kind.LABEL_NOISE | Kind.FEATURE_NOISE:
            who += f" under {evidence.factor}"
        case Kind.TRAINING_SIZE:
            who += " with fewer training rows"
        case factor if evidence.varied and factor:
            who += f" as {factor} grows"
    kind = "a paired measurement" if evidence.contrasts else "a measurement"
    return _titled(f"{who} on {facts.dataset}: {kind}")


def section(facts: Facts, name: str) -> str:
    """The body of one of the eight sections, in LaTeX without heading or markers."""
    writers: dict[str, Callable[[Facts], str]] = {
        "Abstract": abstract,
        "Introduction": introduction,
        "Background": background,
        "Related Work": related_work,
        "Methods": measured.methods,
        "Experimental Setup": measured.setup,
        "Results": measured.results,
        "Discussion": measured.discussion,
    }
    return writers[name](facts)


def abstract(facts: Facts) -> str:
    """Question, what was done, the main numbers, the verdict."""
    evidence = facts.evidence
    beyond = gap(facts.question, facts.data)
    so = "What is measured instead is this: we" if beyond else "To answer it by measurement, we"
    parts = [f"We ask: {quoted(facts.question)}", tex(beyond), f"{so} {_design(facts)}."]
    if evidence.contrasts:
        told = enumerate(evidence.contrasts[:2])
        parts += [tex(contrast_sentence(evidence, contrast, brief=place > 0)) for place, contrast in told]
    parts.append(tex(leaders(evidence)))
    if not evidence.contrasts:
        parts += [tex(facts.said("losses")), tex(facts.said("spread"))]
    if facts.hypothesis:
        parts.append(f"The hypothesis that was written down before the measurement is {_fate(facts)}.")
    parts.append(
        "All of this holds for one data set and the settings given. Every number is read from the output of one "
        "program, which comes with this report."
    )
    return " ".join(part for part in parts if part)


def introduction(facts: Facts) -> str:
    """The question, why it matters, what was done, what was found."""
    evidence = facts.evidence
    factor = Kind(evidence.factor) if evidence.factor in list(Kind) else Kind.COMPARISON
    noisy = facts.about("noise", "noisy", "label error", "robust") if factor is Kind.LABEL_NOISE else []
    trees = facts.about("tabular", "forest", "boost", "statistical learning") if factor is not Kind.LABEL_NOISE else []
    general = f"{tex(facts.gap)} Even to that a general answer" if facts.gap else "A general answer"
    opening = (
        f"{_STAKES[factor]}{cite(noisy or trees, 3)}. The question of this report is: {quoted(facts.question)} "
        f"{general} would need many data sets; what can be had here, and is given, is a careful answer on one of them, "
        f"{tex(facts.dataset)}."
    )
    done = f"We {_design(facts)}."
    if evidence.contrasts:
        done += (
            " The seeds pair the measurements: within a seed every model meets the same rows"
            + (" and the same disturbance" if evidence.varied else "")
            + ", so that differences between models can be judged without the scatter that all of them share."
        )
    if facts.hypothesis:
        done += f" Before anything was measured, the plan stated this hypothesis: {quoted(facts.hypothesis)}"
    points = [facts.said("contrast"), leaders(evidence), facts.said("losses"), facts.said("surprise")]
    points = [point for point in points if point]
    if not evidence.cells:
        return f"{opening}\n\n{done}"
    items = "\n".join(rf"\item {tex(point)}" for point in points)
    end = r"Section~\ref{sec:results} gives the full table, Section~\ref{sec:discussion} what it can and cannot carry."
    return f"{opening}\n\n{done}\n\nWhat we found, in brief:\n\\begin{{itemize}}\n{items}\n\\end{{itemize}}\n{end}"


def background(facts: Facts) -> str:
    """The problem, the factor, the metric and the model families, each defined."""
    evidence = facts.evidence
    target = "a class $y\\in\\{1,\\dots,K\\}$" if evidence.task != "regression" else "a number $y$"
    problem = (
        rf"We are given training rows $(x_i,y_i)$ with features $x_i\in\mathbb{{R}}^p$ and {target}. A model family "
        rf"turns them "
        r"into a predictor $\hat f$, which is judged on rows that it has not seen. " + METRICS.get(evidence.metric, "")
    )
    definition = factor_definition(evidence)
    if definition:
        definition = (
            f"\\paragraph{{{sentence(tex(evidence.factor))}.}} {definition.rstrip('.')}{cite(_factor_papers(facts))}."
        )
    families = "\n".join(_family_item(facts, model) for model in evidence.models)
    listing = (
        "\\paragraph{Model families.} The study compares the following.\n"
        f"\\begin{{itemize}}\n{families}\n\\end{{itemize}}"
        if families
        else ""
    )
    return "\n\n".join(part for part in (problem.strip(), definition, listing) if part)


def related_work(facts: Facts) -> str:
    """What each reviewed paper did, by topic, and how this study differs."""
    topics: dict[str, list[Reviewed]] = {}
    for entry in facts.review:
        if key(entry):
            topics.setdefault(_topic(entry), []).append(entry)
    paragraphs = []
    for heading in [*(topic[0] for topic in TOPICS), "Further work"]:
        entries = topics.get(heading, [])
        if entries:
            told = " ".join(paper_sentence(entry, place) for place, entry in enumerate(entries))
            paragraphs.append(f"\\paragraph{{{heading}.}} {told}")
    if not paragraphs:
        paragraphs = [NO_PAPERS]
    return "\n\n".join([*paragraphs, _difference(facts)])


def paper_sentence(entry: Reviewed, place: int = 0) -> str:
    """What a reviewed paper did, told from its summary in the review, with its citation."""
    told = _sentences(entry.summary.partition(ASIDE)[0])
    citation = rf"\citet{{{key(entry)}}}"
    if not told:
        return f"{citation} is in the review without a summary."
    opening = ("The paper by", "The work of", "The study by")[place % 3]
    if not _VERB.match(told[0]) and _THING.match(told[0]):
        return f"{opening} {citation} presents {tex(_with_article(told[0]))} {tex(' '.join(told[1:]))}".rstrip()
    if not _VERB.match(told[0]):
        return f"{opening} {citation} can be summed up so: {tex(_lower(told[0]))} {tex(' '.join(told[1:]))}".rstrip()
    rest = [f"It {_lower(text)}" if _VERB.match(text) else text for text in told[1:]]
    return f"{opening} {citation} {tex(' '.join([_lower(told[0]), *rest]))}"


def _with_article(text: str) -> str:
    """A thing's name and what it does with the article before it, e.g. `a survey that sorts label noise`."""
    head = re.split(r" (?:that|of|to|on|reduced)\b", text, maxsplit=1)[0]
    article = "" if head.endswith("s") else "an " if head[0] in "AEIOUaeiou" else "a "
    return article + _lower(text)


def _fate(facts: Facts) -> str:
    outcome = facts.verdict.outcome
    return f"left {outcome}" if outcome is Outcome.UNDECIDED else str(outcome)


def _design(facts: Facts) -> str:
    """What was done, as the end of a sentence that begins with `we`."""
    evidence = facts.evidence
    if not evidence.cells:
        return f"run one program on {tex(facts.dataset)}"
    rows = evidence.rows
    size = (
        f" ({count(rows['train'], 'training row')}, {count(rows['test'], 'test row')})"
        if {"train", "test"} <= set(rows)
        else ""
    )
    models = f"train {count(len(evidence.models), 'model')}, {tex(model_list(evidence))}, on {tex(facts.dataset)}{size}"
    seeds = f"{count(evidence.seeds, 'seed')}" + (" each" if evidence.seeds != 1 else "")
    if not evidence.varied:
        return f"{models} with {seeds}"
    span = f"from {short_level(evidence, evidence.start)} to {short_level(evidence, evidence.end)}"
    return (
        f"{models} at {count(len(evidence.levels), 'level')} of {tex(evidence.factor or 'the factor')} "
        f"({tex(span)}), with {seeds}"
    )


def _factor_papers(facts: Facts) -> list[str]:
    words = {Kind.LABEL_NOISE: ("noise", "noisy", "label error"), Kind.FEATURE_NOISE: ("corruption", "perturbation")}
    return facts.about(*words.get(Kind(facts.evidence.factor), ())) if facts.evidence.factor in list(Kind) else []


def _family_item(facts: Facts, model: str) -> str:
    told, words = FAMILIES.get(model, ("is used as scikit-learn implements it", (model,)))
    name = f"\\textbf{{{sentence(tex(model))}}}"
    if plural(model):
        told = re.sub(r"^\w+s\b", lambda found: "are" if found[0] == "is" else found[0][:-1], told)
    return rf"\item {name} {told}{cite(facts.about(*words))}."


def _topic(entry: Reviewed) -> str:
    name = entry.paper.title.lower()
    return next((heading for heading, words in TOPICS if any(word in name for word in words)), "Further work")


def _difference(facts: Facts) -> str:
    evidence = facts.evidence
    side = "sides" if len(evidence.groups) > 1 else "models"
    what = f"the {side} of one question"
    how = f", {tex(under_factor(evidence))}," if evidence.varied else ""
    return (
        f"Against this background the present study is narrow on purpose: it puts {what} next to each other{how} on "
        f"one data set under one protocol, with the same rows and seeds for all, and reports what was measured with "
        f"its uncertainty. It proposes no new method."
    )


def _sentences(summary: str) -> list[str]:
    """The first sentences of a summary, whole, up to SUMMARY_WORDS words; at least one."""
    text = " ".join(summary.split())
    parts = re.split(r"(?<=[a-z0-9)\]”\"][.!?])\s+(?=[A-Z])", text) if text else []
    kept: list[str] = []
    for part in parts:
        if kept and sum(len(done.split()) for done in kept) + len(part.split()) > SUMMARY_WORDS:
            break
        kept.append(part if part.endswith((".", "!", "?")) else part + ".")
    return kept


def _lower(text: str) -> str:
    """The text with a small first letter, unless its first word is a name or an abbreviation."""
    first = text.split(" ", 1)[0]
    return text if any(ch.isupper() for ch in first[1:]) else text[:1].lower() + text[1:]


def _titled(text: str) -> str:
    words = text.replace("“", "").replace("”", "").split()
    shown = []
    for place, word in enumerate(words):
        small = place and word in _SMALL and not words[place - 1].endswith(":")
        shown.append(word if small or any(ch.isupper() for ch in word) else word[:1].upper() + word[1:])
    return " ".join(shown)
