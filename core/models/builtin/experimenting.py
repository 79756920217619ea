"""Running experiments: the first program, improvements, and programs written anew."""

from __future__ import annotations

import random
import re
from dataclasses import replace

from core.brief import Brief, DataCard, Entry, Job
from core.commands import Replace
from core.models.builtin.design import card_for, stale, study_for
from core.models.builtin.families import family
from core.models.builtin.ground import Ground, Idea
from core.models.builtin.ideas import FROM_A_NOTE, PATIENCE, all_ideas
from core.models.builtin.learnt import Learnt, learnt
from core.models.builtin.notes import Reading, followed_words, unread_words
from core.models.builtin.plan import unknown_models
from core.models.builtin.programs import Entry as ProgramEntry
from core.models.builtin.programs import Spec, first_entry, needs_table, split_for, write_program
from core.models.builtin.repair import repaired
from core.models.builtin.reply import Reply
from core.models.builtin.source import command_for, literal, models, parsed, with_constant
from core.models.builtin.study import Study

FIRST_SEEDS = 3
MOST_ROWS = 5000
"""Rows of which a first program uses a random sample."""
MARK = "Next idea: "


def answer(brief: Brief) -> Reply:
    """The command for the job at hand."""
    reading = study_for(brief)
    match brief.job:
        case Job.REPAIR:
            return _repair(brief, reading)
        case Job.REPLACE:
            return _anew(brief, reading)
        case Job.IMPROVE:
            return _improve(brief, reading)
        case _:
            return _first(brief, reading)


def spec_for(brief: Brief, reading: Reading) -> Spec:
    """What the first program of a study is: its whole design, plain settings, few seeds."""
    study, card = reading.study, card_for(brief, reading.study)
    entries = []
    for name in study.models:
        known = family(name, study.task)
        if known:
            entry = first_entry(known)
            if reading.trees and "n_estimators" in entry.arguments:
                entry = replace(entry, arguments={**entry.arguments, "n_estimators": str(reading.trees)})
            entries.append(entry)
    rows = reading.rows or (MOST_ROWS if card and card.rows > MOST_ROWS else 0)
    return Spec(
        question=brief.question,
        study=study,
        entries=tuple(entries),
        seeds=min(FIRST_SEEDS, study.seeds),
        first_seed=100 * (abs(brief.seed) % 10_000),
        scaled=() if one_unit(card) and not reading.scale else _wanting_scale(study),
        table=needs_table(card),
        split=split_for(card, study.task),
        max_rows=rows,
        test_share=0.3,
    )


def next_idea(brief: Brief, reading: Reading, *, whatever_it_costs: bool = False) -> Idea | None:
    """The most promising improvement that has not been tried and that can be made in the program's text."""
    left = max(0, brief.max_steps - brief.step)
    card = card_for(brief, reading.study)
    ground = Ground(brief.program, reading, evidence_for(brief), left, not one_unit(card), card.rows if card else 0)
    draw = random.Random(f"ideas {brief.seed}")
    budget = min(PATIENCE, brief.limit_seconds / 3)
    ranked = []
    for idea in all_ideas(ground):
        promise = idea.promise + draw.uniform(-6, 6)
        affordable = ground.learnt.seconds * idea.costs <= budget or idea.promise >= 100
        if (affordable or whatever_it_costs) and not was_tried(brief, idea.key):
            ranked.append((promise, idea))
    for _, idea in sorted(ranked, key=lambda pair: -pair[0]):
        after = idea.change(brief.program)
        if after and after != brief.program and parsed(after):
            return idea
    return None


def evidence_for(brief: Brief) -> Learnt:
    """What is known of the very program at hand: of another one's only the time it takes is of use."""
    found = learnt(brief.metrics)
    if brief.job is Job.JUDGE or brief.best is None or brief.best.text == brief.program:
        return found
    return replace(learnt(None), seconds=found.seconds)


def was_tried(brief: Brief, key: str) -> bool:
    """Whether an earlier turn has proposed this idea, whatever came of it."""
    entries: tuple[Entry, ...] = (*brief.tried, *brief.history)
    return any(f"{MARK}{key}." in entry.text for entry in entries)


def _first(brief: Brief, reading: Reading) -> Reply:
    spec, study = spec_for(brief, reading), reading.study
    runs = len(spec.entries) * len(study.levels) * spec.seeds
    fits = (
        f"{len(spec.entries)} models, {len(study.levels)} level{'s' * (len(study.levels) != 1)} and "
        f"{spec.seeds} seeds, {runs} fits"
    )
    sample = f" It uses a random sample of {spec.max_rows:,} rows." if spec.max_rows else ""
    fewer = (
        f" The plan's {study.seeds} seeds come once the program is known to hold." if spec.seeds < study.seeds else ""
    )
    unknown = unknown_models(brief.plan, study.task)
    left_out = f" The plan names {', '.join(unknown)}, which I cannot write; left out." if unknown else ""
    behind = (
        " The plan's hypothesis was written for another design than its table now holds; whoever changed the table may "
        "want to change the hypothesis too, before anything is measured."
        if stale(study)
        else ""
    )
    words = (
        f"A plain first program: {fits}, settings close to scikit-learn's own."
        f"{fewer}{sample}{left_out}{behind} "
        f"{_notes(reading)}"
    )
    return Reply(words, Replace(write_program(spec)))


def _improve(brief: Brief, reading: Reading) -> Reply:
    there, brief = brief.program, _from_the_best(brief)
    if not models(brief.program):
        return _rewrite(brief, reading)
    idea = next_idea(brief, reading) or next_idea(brief, reading, whatever_it_costs=True) or _one_more_seed(brief)
    after = idea.change(brief.program) if idea else None
    if idea is None or after is None:
        return _rewrite(brief, reading)
    value = learnt(brief.metrics).value
    if brief.best and brief.program != there:
        idea = replace(idea, why=f"{idea.why} I go on from the best program, that of turn {brief.best.turn}.")
    now = f" The value to beat is {value:.4f}." if value is not None else ""
    if brief.changes:
        now += " The researcher's changes by hand stay as they are."
    notes = _notes(reading) if idea.promise >= FROM_A_NOTE or not brief.tried else ""
    return Reply(f"{MARK}{idea.key}. {idea.why}{now} {notes}", command_for(there, after))


def _from_the_best(brief: Brief) -> Brief:
    """The brief with the best program in place of an earlier candidate: what the best has gained is not given up."""
    best = brief.best
    if best is None or best.text == brief.program or not models(best.text):
        return brief
    return replace(brief, program=best.text, metrics=best.metrics)


def _one_more_seed(brief: Brief) -> Idea | None:
    there = literal(brief.program, "SEEDS")
    if not isinstance(there, int):
        return None
    more = next(n for n in range(there + 1, there + 1000) if not was_tried(brief, f"{n} seeds"))
    why = "Every idea that I have for these models has been tried; more seeds make the intervals a little tighter."
    return Idea(f"{more} seeds", why, 0, lambda text: with_constant(text, "SEEDS", str(more)))


def _rewrite(brief: Brief, reading: Reading) -> Reply:
    """A program of our own for the plan, when the one at hand offers no place that an idea could change."""
    spec = spec_for(brief, reading)
    there = literal(brief.program, "SEEDS")
    seeds = reading.study.seeds if not isinstance(there, int) else max(reading.study.seeds, min(50, there + 2))
    words = (
        f"{MARK}the plan's program anew, with {seeds} seeds. I find no place in this program where one of my "
        "ideas that "
        f"is left could be tried, so I write it anew from the plan. {_notes(reading)}"
    )
    return Reply(words, Replace(write_program(replace(spec, seeds=seeds))))


def _repair(brief: Brief, reading: Reading) -> Reply:
    fallback = guarded_spec(brief, reading)
    best = brief.best.text if brief.best else ""
    repair = repaired(brief.program, brief.error, reading.study, fallback, best)
    return Reply(repair.words, command_for(brief.program, repair.text))


def _anew(brief: Brief, reading: Reading) -> Reply:
    spec = small_spec(brief, reading)
    words = (
        f"Repairs did not help; the last error was: {_last_line(brief.error)}. I write the program anew, "
        "smaller and more "
        f"careful: {len(spec.entries)} models, {spec.seeds} seeds, gaps and categories expected anywhere, and "
        "models that "
        "cannot be fitted left out with a line that says so."
    )
    return Reply(words, Replace(write_program(spec)))


def guarded_spec(brief: Brief, reading: Reading) -> Spec:
    """A program that expects gaps, categories and classes too small to split by, with the settings found so far."""
    spec = spec_for(brief, reading)
    found = models(brief.program)
    entries = tuple(
        ProgramEntry(entry.name, found[entry.name].estimator, dict(found[entry.name].arguments), found[entry.name].loop)
        if entry.name in found and found[entry.name].estimator == entry.estimator
        else entry
        for entry in spec.entries
    )
    there = literal(brief.program, "SEEDS")
    seeds = min(there, 50) if isinstance(there, int) and there > 1 else spec.seeds
    split = "random" if spec.study.task == "regression" else "rare"
    return replace(spec, entries=entries, seeds=seeds, table=True, split=split, guarded=True)


def small_spec(brief: Brief, reading: Reading) -> Spec:
    """The most careful program: at most two models a group, few seeds, few rows, plain random splits."""
    spec = spec_for(brief, reading)
    groups = tuple(replace(group, models=group.models[:2]) for group in spec.study.groups)
    study = replace(spec.study, groups=groups)
    entries = tuple(entry for entry in spec.entries if entry.name in study.models)
    rows = min(spec.max_rows or 2000, 2000)
    return replace(
        spec, study=study, entries=entries, seeds=FIRST_SEEDS, table=True, split="random", guarded=True, max_rows=rows
    )


def one_unit(card: DataCard | None) -> bool:
    """Whether all features are measured in one unit, as pixels are."""
    features = [column for column in card.columns if column.name != card.target] if card else []
    return bool(features) and all(re.match(r"(?:pixel|px)[_\d]", column.name) for column in features)


def _wanting_scale(study: Study) -> tuple[str, ...]:
    return tuple(name for name in study.models if (known := family(name, study.task)) and known.scaled)


def _notes(reading: Reading) -> str:
    return " ".join(part for part in (followed_words(reading), unread_words(reading)) if part)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "none was given"
