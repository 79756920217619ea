"""What becomes of an attempt: repaired, given up, put in place, or scored and perhaps kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.brief import Entry, Job
from core.briefing import candidate_path
from core.commands import Judgement, Malformed
from core.events import Scored
from core.progress import TRIED, Kept, Pending, Search, condensed
from core.record import Score, Status
from core.solver.craft import Check, Craft, Situation, score_words
from core.turn import Answer, Desk, Draft

REPAIRS = 3
"""How often a failed candidate is repaired before it is replaced (section 3.2: three attempts)."""
TOP = 2
"""How many of the best candidates are kept to go on from."""
_SHOWN = 1200
"""How many characters of a program's output a turn's outcome repeats."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One candidate: what it started from, the answer that proposed it, its text, its check, and its own commit.

    `situation.job` is JUDGE for what stands in the project without having been proposed.
    """

    situation: Situation
    answer: Answer
    text: str
    check: Check
    commit: str
    notes: tuple[str, ...] = ()
    """What was taken out of what the writer sent."""


def keep(desk: Desk, craft: Craft, answer: Answer, text: str, check: Check, parents: tuple[str, ...]) -> str:
    """Keep a candidate on a ref of its own, whatever becomes of it; returns its commit."""
    files: dict[str, str | bytes] = {craft.path: text, **check.files}
    if check.output:
        files["results/output.txt"] = check.output
    status = Status.FAILED if check.problem else Status.OK
    subject = f"candidate: {answer.label or craft.path}"
    turn = desk.record(answer.agent, answer.label, subject, answer.reply, status, check.problem)
    return desk.project.keep_candidate(turn, 1, files, parents)


def unchanged(desk: Desk, craft: Craft, situation: Situation, answer: Answer) -> Draft:
    """A proposal that is what it started from: not run again, and an improving step that gained nothing."""
    outcome = "This changes nothing: the text is the same as before. Propose something else."
    draft = desk.draft(answer, f"{answer.label} changes nothing", Status.FAILED, outcome)
    if situation.job is Job.REPAIR:  # whoever sees nothing to mend sees nothing the next time: it is written anew
        return useless(desk, craft, replace(situation, repairs=REPAIRS), draft)
    if situation.job is not Job.IMPROVE:
        return useless(desk, craft, situation, draft)
    search = _with_try(desk, step_without_gain(situation.search), answer, Status.FAILED, "changes nothing")
    return _over(desk, craft, draft, search)


def useless(desk: Desk, craft: Craft, situation: Situation, draft: Draft) -> Draft:
    """A reply that proposed nothing: it uses up a repair and, when it is not the first in a row, an improving step.

    So a search that has a result comes to its end also with a writer who can do no better.
    """
    search, history = situation.search, desk.progress.history
    if draft.status is Status.DECLINED:
        return draft
    if _out_of_tries(desk, craft, situation) and situation.job is Job.REPAIR:
        return _over(desk, craft, draft, step_without_gain(search))
    if situation.job is Job.REPAIR and search.pending is not None:
        search = replace(search, pending=replace(search.pending, repairs=situation.repairs))
        return replace(draft, progress=craft.with_search(draft.progress, search))
    again = bool(history) and history[-1].status in (Status.MALFORMED, Status.FAILED)
    if again and search.best is not None and situation.job in (Job.IMPROVE, Job.REPLACE):
        return _over(desk, craft, draft, step_without_gain(search))
    return draft


def _out_of_tries(desk: Desk, craft: Craft, situation: Situation) -> bool:
    """Whether a candidate is given up when this attempt fails: there is a best, and nothing is left to repair it by."""
    pending = situation.search.pending
    if situation.search.best is None:
        return False
    if situation.job is not Job.REPAIR or pending is None:
        return situation.job is Job.REPLACE
    return situation.repairs >= REPAIRS and craft.replacing(desk, pending, situation.text) is None


def failed(desk: Desk, craft: Craft, attempt: Attempt, lesson: str = "") -> Draft:
    """A candidate that failed its check: repaired next, or given up when even a new one failed and there is a best."""
    situation, answer, check = attempt.situation, attempt.answer, attempt.check
    error = "\n\n".join((check.error or check.problem, *attempt.notes))
    if lesson:
        error = f"{error}\n\nReflection: {lesson}"
    search = situation.search
    given_up = _out_of_tries(desk, craft, situation)
    if given_up:
        search = step_without_gain(search)
    else:
        repairs = 0 if situation.job is Job.REPLACE else situation.repairs
        pending = Pending(desk.turn, attempt.commit, error, repairs, situation.job.value, situation.section)
        search = replace(search, pending=pending)
    search = _with_try(desk, search, answer, Status.FAILED, f"{check.problem}. {condensed(lesson, 400)}".rstrip(". "))
    draft = desk.draft(
        answer, f"{answer.label or craft.path}: {check.problem}", Status.FAILED, error, reflection=lesson
    )
    if given_up:
        return _over(desk, craft, draft, search)
    text = {candidate_path(desk.turn, craft.suffix): attempt.text}
    return replace(
        draft,
        progress=craft.with_search(draft.progress, search),
        changes={**_swept(desk, craft, search), **text},
    )


def placed(desk: Desk, craft: Craft, attempt: Attempt) -> Draft:
    """A part of a whole that passed its check and is not judged alone: a scaffold, a section."""
    search = replace(attempt.situation.search, pending=None)
    what = attempt.situation.section or "the scaffold"
    outcome = "\n".join((f"{what} is in place and passes its check.", *attempt.notes))
    draft = desk.draft(attempt.answer, f"{attempt.answer.label} writes {what}", Status.OK, outcome)
    changes = {**craft.placed(desk, attempt.text, attempt.check), **_swept(desk, craft, search)}
    return replace(draft, progress=craft.with_search(draft.progress, search), changes=changes)


def scored(desk: Desk, craft: Craft, attempt: Attempt, judged: Judgement | Malformed) -> Draft:
    """A candidate that passed its check: the project's own when it is the best, or when a person put it there."""
    answer, check = attempt.answer, attempt.check
    search = _judged_steps(attempt.situation)
    if isinstance(judged, Malformed):
        outcome = f"It passes its check but was not kept: the judge's answer could not be read ({judged.problem})."
        draft = desk.draft(answer, f"{answer.label}: not judged", Status.FAILED, outcome)
        return _over(desk, craft, draft, replace(search, since_best=search.since_best + 1))
    kept = Kept(desk.turn, attempt.commit, judged.score, check.metrics, judged.reflection, answer.label)
    is_best = attempt.situation.job is Job.JUDGE or search.best is None or judged.score > search.best.judge
    search = _ranked(search, kept, is_best)
    leader = search.top[0]
    verdict = "the best so far" if is_best else f"not better than turn {leader.turn} ({score_words(leader)})"
    words = score_words(kept)
    search = _with_try(desk, search, answer, Status.OK, f"{words}; {verdict}. {condensed(judged.reflection, 400)}")
    score = _score(kept, is_best)
    desk.emit(Scored(desk.turn, score, judged.reflection))
    outcome = f"It passes its check: {words}; {verdict}.\n\n{condensed(check.output, _SHOWN)}".rstrip()
    outcome = "\n".join((outcome, *attempt.notes))
    draft = desk.draft(
        answer, f"{answer.label}, {words}", Status.OK, outcome, score=score, reflection=judged.reflection
    )
    changes: dict[str, str | bytes | None] = {}
    if kept in search.top:
        changes[candidate_path(desk.turn, craft.suffix)] = attempt.text
    if is_best:
        changes |= craft.placed(desk, attempt.text, check)
    return _over(desk, craft, replace(draft, changes=changes), search)


def step_without_gain(search: Search) -> Search:
    """One more step that did not raise the best; nothing is under repair any more."""
    return replace(search, pending=None, steps=search.steps + 1, since_best=search.since_best + 1)


def _judged_steps(situation: Situation) -> Search:
    """The search with this step counted: the first candidate and what a person made are no improving steps."""
    search = situation.search
    improving = search.best is not None and situation.job is not Job.JUDGE
    return replace(search, pending=None, steps=search.steps + improving)


def _ranked(search: Search, kept: Kept, is_best: bool) -> Search:
    if is_best:
        return replace(search, since_best=0, top=(kept, *search.top)[:TOP])
    top = sorted((*search.top, kept), key=lambda one: -one.judge)
    return replace(search, since_best=search.since_best + 1, top=tuple(top[:TOP]))


def _over(desk: Desk, craft: Craft, draft: Draft, search: Search) -> Draft:
    """The draft with the search after it, without the texts that are no longer needed, and perhaps with the result."""
    return replace(
        draft,
        progress=craft.with_search(draft.progress, search),
        changes={**_swept(desk, craft, search), **draft.changes},
        finished=craft.result(desk, search),
    )


def _score(kept: Kept, is_best: bool) -> Score:
    metrics: Mapping[str, Any] = kept.metrics
    higher = metrics.get("higher_is_better", True)
    return Score(metrics.get("metric", ""), metrics.get("value"), kept.judge, is_best, higher)


def _with_try(desk: Desk, search: Search, answer: Answer, status: Status, outcome: str) -> Search:
    """The search with this attempt remembered: what was proposed in words, what came of it."""
    words = answer.reply.partition("\n```")[0]
    if answer.remark:
        outcome = f"{answer.changed} {outcome}"
    entry = Entry(desk.turn, answer.agent, answer.label, condensed(words, 400), status, outcome)
    return replace(search, tried=(*search.tried, entry)[-TRIED:])


def _swept(desk: Desk, craft: Craft, search: Search) -> dict[str, str | bytes | None]:
    """The removal of this craft's candidate texts that are neither among the top nor under repair."""
    turns = {kept.turn for kept in search.top} | ({search.pending.turn} if search.pending else set())
    wanted = {candidate_path(turn, craft.suffix) for turn in turns}
    there = sorted((desk.project.path / ".lab/candidates").glob(f"*{craft.suffix}"))
    paths = (f".lab/candidates/{path.name}" for path in there)
    return {path: None for path in paths if path not in wanted}
