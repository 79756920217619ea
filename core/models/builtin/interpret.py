"""Results interpretation: the postdoc reads the measurement, the PhD student doubts it, the postdoc writes it down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.brief import Brief
from core.commands import Dialogue, Interpretation
from core.models.builtin import measured
from core.models.builtin.facts import Facts, facts_of
from core.models.builtin.findings import effect_size, lead
from core.models.builtin.notes import read_notes
from core.models.builtin.reply import Reply
from core.models.builtin.verdict import Outcome
from core.models.builtin.wording import (
    at_level,
    count,
    interval,
    is_zero,
    metric_name,
    minus,
    number,
    sentence,
    short_level,
    spread,
    under_factor,
    verb,
)
from core.record import Agent, Status

_SIGNED = "This is the reading of the built-in researcher: rules that look at the numbers, not a language model."


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing to question: the word by which it is known in the talk, the question, and the answer in numbers."""

    word: str
    question: str
    answer: str


def interpretation_turn(brief: Brief) -> str:
    """The reply of the postdoc or the PhD student."""
    facts = facts_of(brief)
    speak = _student if brief.agent is Agent.PHD_STUDENT else _postdoc
    return speak(brief, facts, doubts(facts)).text


def _postdoc(brief: Brief, facts: Facts, raised: list[Doubt]) -> Reply:
    spoken = _spoken(brief, Agent.POSTDOC)
    asked = [doubt for doubt in raised if _asked(brief, doubt)]
    if brief.step >= brief.max_steps - 1 or (spoken > 1 and not _open(brief, raised)) or spoken > 2:
        return Reply(
            f"{count(len(asked), 'doubt')} of the PhD student answered with numbers; I write the interpretation down.",
            Interpretation(interpretation(facts, asked, brief.notes, brief.reason)),
        )
    if spoken == 0:
        return Reply("I open by reading the result.", Dialogue(_opening(facts)))
    answers = [doubt.answer for doubt in raised if doubt.word in _last(brief, Agent.PHD_STUDENT)]
    said = " ".join(answers) or "I have no number that would answer this; I will name it among the limits."
    return Reply("I answer with what was measured.", Dialogue(said))


def doubts(facts: Facts) -> list[Doubt]:
    """What may be questioned of this measurement, the most pressing first."""
    makers: tuple[Callable[[Facts], Doubt | None], ...] = (
        _effect,
        _baseline,
        _data_size,
        _seeds,
        _lead,
        _memory,
        _settings,
    )
    return [doubt for make in makers if (doubt := make(facts))]


def interpretation(facts: Facts, asked: list[Doubt], notes: tuple[str, ...] = (), sent_back: str = "") -> str:
    """The interpretation as Markdown: answer, evidence for and against, limits, what would change our mind.

    `sent_back` is why the work went back.
    """
    verdict = facts.verdict
    answer = f"{facts.said('contrast') or facts.said('ranking')} ".lstrip()
    if facts.gap:
        answer = f"{facts.gap} {answer}"
    if facts.hypothesis:
        answer += f"The hypothesis (“{facts.hypothesis}”) is **{verdict.outcome}**. {verdict.reason}"
    parts = ["# Interpretation", f"Question: {facts.question}", _SIGNED, "## Answer", answer.strip(), "## Evidence"]
    findings = [f.text for f in facts.findings if f.topic not in {"contrast", "memory"}]
    for heading, lines in (
        ("### What was measured", findings or ["The program measured nothing that could be read."]),
        ("### For the hypothesis", _evidence(facts, speaks_for=True)),
        ("### Against it, and what weakens it", _evidence(facts, speaks_for=False)),
        ("### Doubts raised, and their answers", [f"{doubt.question} {doubt.answer}" for doubt in asked]),
        ("## Explanation", _conjectures(facts)),
        ("## Limits", measured.limits(facts)),
        ("## What to look at next, and what would change our mind", _turning_points(facts)),
        ("## Why the work went back", [sent_back] if sent_back else []),
        ("## The researcher's notes, which rules cannot weigh", [f"“{note}”" for note in _unread(facts, notes)]),
    ):
        if lines:
            parts += [heading, "\n".join(f"- {line}" for line in lines)]
    return "\n\n".join(parts) + "\n"


def _unread(facts: Facts, notes: tuple[str, ...]) -> tuple[str, ...]:
    """The person's own notes that no rule has read as a wish about the study."""
    return read_notes(facts.study, notes).unread if facts.study else notes


def _conjectures(facts: Facts) -> list[str]:
    """Possible causes that the numbers bear on; marked as conjecture, because rules understand no mechanism."""
    memory = facts.said("memory")
    if not memory:
        return ["The measurement holds nothing that would tell one cause from another, so none is offered."]
    return [
        f"A conjecture at most: {memory}",
        "A test of it: restrain the closest fitting model and measure its loss again.",
    ]


def _student(brief: Brief, facts: Facts, raised: list[Doubt]) -> Reply:
    open_ = _open(brief, raised)
    first = _spoken(brief, Agent.PHD_STUDENT) == 0
    if not open_:
        text = (
            f"That answers what I can ask of these numbers. I read the hypothesis as {facts.verdict.outcome}; "
            f"write it down."
        )
        return Reply("I have no further doubt that a number could answer.", Dialogue(text))
    chosen = open_[: 2 if first else 3]
    start = "Before we believe it:" if first else "One more thing:" if len(chosen) == 1 else "Then there is this:"
    return Reply(
        f"I question the reading: {', '.join(doubt.word for doubt in chosen)}.",
        Dialogue(f"{start} {' '.join(doubt.question for doubt in chosen)}"),
    )


def _opening(facts: Facts) -> str:
    if not facts.evidence.cells:
        return f"{facts.said('ranking') or 'metrics.json holds no measurement.'} There is no comparison to interpret."
    said = [facts.said(topic) for topic in ("contrast", "within", "ranking", "losses", "surprise")]
    hypothesis = (
        f"By this the hypothesis is {facts.verdict.outcome}: {facts.verdict.reason}" if facts.hypothesis else ""
    )
    return " ".join(text for text in (*said, hypothesis, "What speaks against this reading?") if text)


def _spoken(brief: Brief, agent: Agent) -> int:
    return sum(entry.agent is agent and entry.status is Status.OK for entry in brief.history)


def _last(brief: Brief, agent: Agent) -> str:
    return next((entry.text for entry in reversed(brief.history) if entry.agent is agent), "")


def _asked(brief: Brief, doubt: Doubt) -> bool:
    return any(entry.agent is Agent.PHD_STUDENT and doubt.word in entry.text for entry in brief.history)


def _open(brief: Brief, raised: list[Doubt]) -> list[Doubt]:
    """Doubts not yet voiced; after two rounds of questions what is left goes into the limits."""
    return [] if _spoken(brief, Agent.PHD_STUDENT) > 1 else [d for d in raised if not _asked(brief, d)]


def _effect(facts: Facts) -> Doubt | None:
    evidence = facts.evidence
    contrast = facts.verdict.contrast or next(iter(evidence.contrasts), None)
    if contrast is None:
        return None
    c = contrast.positive()
    size, same = effect_size(c), evidence.same_sign(c)
    answer = f"The paired difference is {number(c.mean)}, 95 % interval {interval(c.low, c.high)}"
    answer += f"; that is {size}." if size else "."
    if same:
        answer += f" It has the sign of its mean in {same[0]} of {count(same[1], 'seed')}."
    return Doubt(
        "effect size", f"What is the effect size of {c.a} against {c.b}, set against the scatter over seeds?", answer
    )


def _baseline(facts: Facts) -> Doubt | None:
    """Whether one side had more to lose because it started higher."""
    evidence = facts.evidence
    contrast = facts.verdict.contrast
    sides = [g for g in evidence.groups if contrast and g.name in (contrast.a, contrast.b)]
    if not evidence.varied or len(sides) != 2:
        return None
    cells = [[cell for model in side.models if (cell := evidence.cell(model, evidence.start))] for side in sides]
    if not all(cells):
        return None
    best = [max(side, key=lambda cell: cell.mean) for side in cells]
    a, b = sorted(best, key=lambda cell: -cell.mean)
    end = [evidence.cell(cell.model, evidence.end) for cell in (a, b)]
    answer = (
        f"{sentence(at_level(evidence, evidence.start))} the best of each side are {a.model} with "
        f"{spread(a.mean, a.std)} and {b.model} with {spread(b.mean, b.std)}: {minus(a.mean, b.mean)} apart."
    )
    if end[0] and end[1]:
        kept = "still ahead" if end[0].mean > end[1].mean else "behind"
        answer += (
            f" {sentence(at_level(evidence, evidence.end))} they reach {number(end[0].mean)} and "
            f"{number(end[1].mean)}, so "
            f"{verb(a.model, 'is', 'are')} {kept}; a loss has to be read together with where it starts."
        )
    return Doubt(
        "starting point", "Is the starting point a confound, one side having more to lose than the other?", answer
    )


def _data_size(facts: Facts) -> Doubt | None:
    test = facts.evidence.rows.get("test")
    if not test:
        return None
    train = facts.evidence.rows.get("train")
    answer = f"There are {count(test, 'test row')}" + (f" and {train} for training" if train else "")
    if facts.evidence.metric == "accuracy" and not is_zero(1 / test):
        answer += f"; one test row weighs 1 / {test} = {number(1 / test)}, and differences below that are none"
    return Doubt("test rows", "Are there enough test rows to tell differences of this size apart?", answer + ".")


def _seeds(facts: Facts) -> Doubt | None:
    evidence = facts.evidence
    if not evidence.seeds:
        return None
    scatter = facts.said("spread")
    return Doubt(
        "number of seeds",
        f"Is the number of seeds, {evidence.seeds}, enough?",
        f"{scatter} The paired interval takes their number into account.".strip(),
    )


def _lead(facts: Facts) -> Doubt | None:
    evidence = facts.evidence
    ranked = evidence.ranking(evidence.end)
    if len(ranked) < 2 or not ranked[0].scores:
        return None
    best, second = ranked[:2]
    where = f" {at_level(evidence, evidence.end)}" if evidence.varied else ""
    return Doubt(
        "order at the top",
        f"Is the order at the top settled{where}?",
        f"{sentence(best.model)} before {second.model}, {minus(best.mean, second.mean)}: "
        f"{lead(evidence, best, second)}.",
    )


def _memory(facts: Facts) -> Doubt | None:
    told = facts.said("memory")
    question = "Do the models that lose most learn their training rows by heart?"
    return Doubt("by heart", question, told) if told and facts.evidence.varied else None


def _settings(facts: Facts) -> Doubt | None:
    evidence = facts.evidence
    if not evidence.tuned:
        return None
    answer = (
        f"For {', '.join(evidence.tuned)} validation rows chose among several settings; the others have one setting."
    )
    if len(evidence.tuned) == len(evidence.models):
        answer = "For every model validation rows chose among several settings, anew for each seed and level."
    return Doubt("settings", "Did every model get the same care in choosing its settings?", answer)


def _evidence(facts: Facts, *, speaks_for: bool) -> list[str]:
    """What speaks for the hypothesis, or against it and for caution."""
    outcome, contrast = facts.verdict.outcome, facts.verdict.contrast
    lines = []
    if contrast and (outcome is not Outcome.UNDECIDED) and (outcome is Outcome.SUPPORTED) == speaks_for:
        same = facts.evidence.same_sign(contrast)
        lines.append(facts.said("contrast"))
        if same:
            lines.append(f"The difference has the sign of its mean in {same[0]} of {count(same[1], 'seed')}.")
    if not speaks_for:
        if outcome is Outcome.UNDECIDED:
            lines.append(facts.verdict.reason)
        lines += [text] if (text := facts.said("surprise")) else []
    return lines


def _turning_points(facts: Facts) -> list[str]:
    evidence, contrast = facts.evidence, facts.verdict.contrast
    lines = []
    if contrast and contrast.decided:
        lines.append(
            f"A repetition with other seeds or another split in which the interval "
            f"{interval(contrast.low, contrast.high)} moves to include zero."
        )
    elif contrast:
        lines.append(
            f"More seeds, after which the interval {interval(contrast.low, contrast.high)} no longer includes zero."
        )
    lines.append("The opposite order on a second data set.")
    if evidence.varied:
        lines.append(
            f"A run in which settings are chosen anew at each level and the differences {under_factor(evidence)} "
            f"vanish, or one beyond {short_level(evidence, evidence.end)} in which {metric_name(evidence.metric)} "
            f"falls in another order."
        )
    return lines
