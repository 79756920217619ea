"""Plan formulation: postdoc and PhD student weigh the hypothesis, the data and the number of seeds."""

from __future__ import annotations

import math

from core.brief import Brief, DataCard
from core.commands import Dialogue, Plan
from core.models.builtin.design import card_for, study_for
from core.models.builtin.notes import followed_words, unread_words
from core.models.builtin.plan import plan_text, read_design, risks
from core.models.builtin.question import named_data
from core.models.builtin.reach import gap, instead
from core.models.builtin.reply import Reply
from core.models.builtin.study import Kind, Study
from core.models.builtin.wording import count
from core.record import Agent, Status

_T95 = {2: 12.71, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
"""97.5 % quantiles of Student's t for 2 to 10 seeds (one degree of freedom less)."""


def answer(brief: Brief) -> Reply:
    """The next utterance of the conversation, or the plan that ends it."""
    reading = study_for(brief)
    study, card = reading.study, card_for(brief, reading.study)
    spoken = [entry for entry in brief.history if entry.status is Status.OK]
    said = sum(entry.agent is brief.agent for entry in spoken)
    if brief.agent is not Agent.POSTDOC:
        words, text = _doubts(study, card) if said == 0 else _settled(study, brief)
        return Reply(words, Dialogue(text))
    notes = " ".join(part for part in (followed_words(reading), unread_words(reading)) if part)
    rounds = 2 if len(risks(study, card)) > 3 else 1
    if said >= rounds or brief.step + 1 >= brief.max_steps > 1:
        words = f"Nothing that matters is open, so this is the plan. {notes}"
        told = " ".join(part for part in (_beyond(brief, study, card), notes) if part)
        return Reply(words, Plan(plan_text(study, brief, card, told)))
    if said == 0:
        return Reply(_opening_words(brief, study, card, notes), Dialogue(_proposal(brief, study, card)))
    words, text = _decision(study, card)
    return Reply(words, Dialogue(text))


def interval_factor(seeds: int) -> float:
    """Half the width of a 95 % interval in standard deviations of a difference, for so many seeds."""
    return _T95.get(seeds, 2.1 if seeds < 30 else 2.02) / math.sqrt(seeds)


def _opening_words(brief: Brief, study: Study, card: DataCard | None, notes: str) -> str:
    varied = "compares model families as they are" if study.kind is Kind.COMPARISON else f"is about {study.kind.value}"
    sides = " against ".join(group.name for group in study.groups)
    why = ""
    if brief.data is None and card is not None:
        named = named_data(brief.question, brief.datasets) == card
        why = (
            f" The question names the data, {card.title}."
            if named
            else f" The question names no data set; of those that are here, {card.title} fits the task ({card.task})."
        )
    edited = _edited(brief)
    lead = _beyond(brief, study, card) or f"The question {varied}: {sides}."
    return f"{lead}{why} {notes} {edited}".strip()


def _beyond(brief: Brief, study: Study, card: DataCard | None) -> str:
    """What of the question cannot be studied, and what will be measured instead; empty mostly."""
    beyond = gap(brief.question, card)
    return f"{beyond} {instead(study, card.title if card else 'the data')}" if beyond else ""


def _edited(brief: Brief) -> str:
    """A sentence when an earlier plan is there and its table cannot be read."""
    if not brief.plan.strip():
        return ""
    try:
        read_design(brief.plan)
    except ValueError as error:
        return f"The plan that is there cannot be used as it stands: {error}; I begin from the question."
    return "I begin from the design table of the plan that is there."


def _proposal(brief: Brief, study: Study, card: DataCard | None) -> str:
    lead = f"My hypothesis: {study.hypothesis[:1].lower()}{study.hypothesis[1:]}" if study.hypothesis else ""
    rows = (
        f"{card.title} gives us {card.rows:,} rows and {len(card.columns) - 1} features"
        if card
        else "We need data first"
    )
    classes = f" in {len(card.classes)} classes" if card and card.classes else ""
    models = "; ".join(f"{group.name} ({', '.join(group.models)})" for group in study.groups)
    levels = ", ".join(f"{level:g}" for level in study.levels)
    over = "" if study.kind is Kind.COMPARISON else f" over the levels {levels}"
    read = _support(brief)
    same = "the same split" if study.kind is Kind.COMPARISON else "the same split and the same disturbance"
    return (
        f"{lead} {rows}{classes}. I would measure {study.metric} for {models}{over}, with {same} "
        f"for every model of a seed. {read} What in these data would make you distrust the "
        "outcome, and how "
        "many seeds do you want?"
    ).strip()


def _support(brief: Brief) -> str:
    if not brief.review:
        return "The review holds no paper that I could lean on."
    first = brief.review[0].paper
    return f"Of what you have read, {first.id} (“{first.title}”) is closest to it."


def _doubts(study: Study, card: DataCard | None) -> tuple[str, str]:
    found = risks(study, card)
    per_fit = len(study.models) * len(study.levels) * study.seeds
    words = f"I looked for what could mislead us in these data and found {count(len(found), 'thing')} worth saying."
    listed = " ".join(found[:3])
    text = (
        f"{listed} As to seeds: with {study.seeds} the 95 % interval of a paired difference is "
        f"± {interval_factor(study.seeds):.2f} of its standard deviation, with 3 it would be ± "
        f"{interval_factor(3):.2f}, with 10 "
        f"± {interval_factor(10):.2f}; {study.seeds} seeds mean {per_fit} fits, which we can afford. The "
        "majority answer "
        "should be scored as well, so that we know where chance lies."
    )
    return words, text


def _decision(study: Study, card: DataCard | None) -> tuple[str, str]:
    models = len(study.models)
    words = "The student's points change how we split and what we report, not what we compare."
    split = (
        "Classes too small to be split in shares are counted with the largest when rows are split, and kept "
        "in all else. "
        if card and any(rows < 10 for _, rows in card.classes)
        else ""
    )
    text = (
        f"Agreed. {split}Everything that learns from data sits in a pipeline fitted to training rows. "
        f"{study.metric} stays the "
        f"metric, {study.seeds} seeds for the final run; the first program may use three, to find out what "
        f"breaks. All {models} "
        "models get the same number of settings to choose from on validation rows, or we would compare our "
        "own diligence. "
        "Anything else before I write it down?"
    )
    return words, text


def _settled(study: Study, brief: Brief) -> tuple[str, str]:
    words = "My doubts are answered, apart from what the number of rows itself allows."
    smallest = f"a difference below {interval_factor(study.seeds):.2f} standard deviations will stay open"
    text = (
        f"One thing for the text: with {study.seeds} seeds {smallest}, and we should say “open”, not “no difference”. "
        "I have nothing else; please write the plan."
    )
    return words, text
