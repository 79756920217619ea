"""One step of the search over candidates; every attempt, repair and judgement of hand-made work is a turn."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.brief import Brief, Entry, Job
from core.briefing import brief_for, candidate_of, candidate_path
from core.commands import Command, Edit, Judgement, Malformed, Replace
from core.edits import unified_diff
from core.errors import LabError
from core.events import Scored
from core.progress import TRIED, Kept, Pending, Search, condensed
from core.record import Agent, Score, Status
from core.solver.craft import Check, Craft, Situation, score_words
from core.threads import to_the_end
from core.turn import Answer, Desk, Draft

REPAIRS = 3
"""How often a failed candidate is repaired before it is replaced (section 3.2: three attempts)."""
TOP = 2
"""How many of the best candidates are kept to sample from."""
SHOWN = 1200
"""How many characters of a program's output a turn's outcome repeats."""

_TASKS = {
    Job.FIRST: "begins",
    Job.SECTION: "writes a section",
    Job.IMPROVE: "improves the best so far",
    Job.REPAIR: "repairs what failed",
    Job.REPLACE: "writes it anew",
}


async def step(desk: Desk, craft: Craft) -> Draft:
    """One attempt: the writer proposes, the candidate is checked, judged and reflected on, and kept if it is good."""
    search = craft.search(desk.progress)
    text = desk.project.read(craft.path)
    if search.pending is None and craft.opening(desk) is None and text != _best_text(desk, craft, search):
        return await _assess(desk, craft, search, text)
    situation = _situation(desk, craft, search)
    brief = _brief(desk, craft, craft.writer, situation.job, situation.text, search, error=situation.error)
    brief = replace(brief, section=situation.section)
    answer = await desk.ask(
        brief, craft.allowed(situation.job), _preview(desk, craft, situation), task=_task(situation)
    )
    if not isinstance(answer.command, Edit | Replace):
        return desk.rejected(answer)
    try:
        proposed = craft.applied(situation, answer.command, desk.settings.question)
    except LabError as error:
        return desk.draft(answer, f"{answer.label}: {error.message}", Status.MALFORMED, str(error))
    if proposed == situation.text:
        outcome = "This changes nothing: the text is the same as before. Propose something else."
        return desk.draft(answer, f"{answer.label} changes nothing", Status.FAILED, outcome)
    return await _try(desk, craft, situation, answer, proposed)


def _situation(desk: Desk, craft: Craft, search: Search) -> Situation:
    pending = search.pending
    if pending is not None:
        text = desk.project.read(candidate_path(pending.turn, craft.suffix))
        if pending.repairs < REPAIRS:
            return Situation(
                Job.REPAIR, text, search, (pending.commit,), pending.error, pending.section, pending.repairs + 1
            )
        anew = craft.replacing(desk, pending, text)
        if anew is not None:
            return anew
        search = replace(search, pending=None, steps=search.steps + 1, since_best=search.since_best + 1)
    opening = craft.opening(desk)
    if opening is not None:
        return opening
    parent = _sampled(desk, search)
    return Situation(
        Job.IMPROVE, desk.project.read(candidate_path(parent.turn, craft.suffix)), search, (parent.commit,)
    )


def _sampled(desk: Desk, search: Search) -> Kept:
    """The candidate to go on from: the best most of the time, another of the top ones now and then."""
    chance = random.Random(f"{desk.settings.seed}:{desk.turn}")
    weights = [0.75 ** (3 * place) for place in range(len(search.top))]
    return chance.choices(search.top, weights)[0]


async def _try(desk: Desk, craft: Craft, situation: Situation, answer: Answer, text: str) -> Draft:
    check = await craft.check(desk, text)
    commit = await to_the_end(_keep, desk, craft, answer, text, check, situation.parents)
    diff = unified_diff(situation.text, text, craft.path)
    if check.problem:
        draft = _failed(desk, craft, situation, answer, check, commit, text)
    elif not craft.complete(text):
        search = replace(situation.search, pending=None)
        changes = {**craft.placed(desk, text, check), **_swept(desk, craft, search)}
        what = situation.section or "the scaffold"
        draft = desk.draft(
            answer, f"{answer.label} writes {what}", Status.OK, f"{what} is in place and passes its check."
        )
        draft = replace(draft, progress=craft.with_search(draft.progress, search), changes=changes)
    else:
        judged = await _judgement(desk, craft, situation.search, text, check)
        draft = _scored(
            desk, craft, situation.search, answer, text, check, commit, judged, improving=situation.job is Job.IMPROVE
        )
    return replace(draft, diff=diff, path=craft.path, output=check.output)


async def _assess(desk: Desk, craft: Craft, search: Search, text: str) -> Draft:
    """Check and judge what stands in the project and was not proposed here: the person's own, or the full draft."""
    check = await craft.check(desk, text)
    best = search.best
    checked = Answer(Agent.LABTOP, "", Malformed(check.problem, ""))
    parents = (best.commit,) if best else ()
    commit = await to_the_end(_keep, desk, craft, checked, text, check, parents)
    before = _best_text(desk, craft, search)
    shown: dict[str, Any] = {"path": craft.path, "output": check.output}
    if best is not None:
        shown["diff"] = unified_diff(before, text, craft.path)
    if check.problem:
        draft = _failed(desk, craft, Situation(Job.REPAIR, text, search), checked, check, commit, text)
        # The best stays the project's own while the person's version, which the history keeps, is being repaired.
        back = {craft.path: before} if best is not None else {}
        return replace(draft, command="check", changes={**draft.changes, **back}, **shown)
    brief = _brief(desk, craft, craft.judge, Job.JUDGE, text, search, check=check)
    answer = await desk.ask(brief, (Judgement,), task="judges")
    if not isinstance(answer.command, Judgement):
        return desk.rejected(answer)
    draft = _scored(desk, craft, search, answer, text, check, commit, answer.command, improving=False, by_hand=True)
    return replace(draft, **shown)


async def _judgement(desk: Desk, craft: Craft, search: Search, text: str, check: Check) -> Judgement | Malformed:
    """The judge's score and reflection; asked once more when the first answer cannot be used."""
    brief = _brief(desk, craft, craft.judge, Job.JUDGE, text, search, check=check)
    answer = await desk.consult(brief, (Judgement,))
    if isinstance(answer, Malformed):
        answer = await desk.consult(replace(brief, feedback=f"{answer.problem}\n\n{answer.form}"), (Judgement,))
    return answer if isinstance(answer, Judgement | Malformed) else Malformed("The judge did not give a score.", "")


def _failed(
    desk: Desk, craft: Craft, situation: Situation, answer: Answer, check: Check, commit: str, text: str
) -> Draft:
    error = check.error or check.problem
    repairs = 0 if situation.job is Job.REPLACE else situation.repairs
    pending = Pending(desk.turn, commit, error, repairs, situation.job.value, situation.section)
    search = situation.search
    if situation.job is Job.REPLACE and search.best is not None:
        search = replace(search, pending=None, steps=search.steps + 1, since_best=search.since_best + 1)
    else:
        search = replace(search, pending=pending)
    search = _with_try(desk, search, answer, Status.FAILED, check.problem)
    draft = desk.draft(answer, f"{answer.label or craft.path}: {check.problem}", Status.FAILED, error)
    changes = {candidate_path(desk.turn, craft.suffix): text} if search.pending else {}
    return replace(
        draft,
        progress=craft.with_search(draft.progress, search),
        changes={**_swept(desk, craft, search), **changes},
    )


def _scored(
    desk: Desk,
    craft: Craft,
    search: Search,
    answer: Answer,
    text: str,
    check: Check,
    commit: str,
    judged: Judgement | Malformed,
    *,
    improving: bool,
    by_hand: bool = False,
) -> Draft:
    steps = search.steps + improving
    if isinstance(judged, Malformed):
        search = replace(search, pending=None, steps=steps, since_best=search.since_best + 1)
        outcome = (
            f"It passes its check, but the judge's answer could not be read ({judged.problem}), so it was not kept."
        )
        draft = desk.draft(answer, f"{answer.label}: not judged", Status.FAILED, outcome)
        return replace(draft, progress=craft.with_search(draft.progress, search), changes=_swept(desk, craft, search))
    kept = Kept(desk.turn, commit, judged.score, check.metrics, judged.reflection, answer.label)
    best = search.best
    is_best = best is None or by_hand or judged.score > best.judge
    top = (kept, *search.top) if is_best else tuple(sorted((*search.top, kept), key=lambda one: -one.judge))
    search = replace(
        search, pending=None, steps=steps, since_best=0 if is_best else search.since_best + 1, top=top[:TOP]
    )
    score = _score(kept, is_best)
    desk.emit(Scored(desk.turn, score, judged.reflection))
    words = score_words(kept)
    verdict = (
        "the best so far" if is_best else f"not better than turn {search.top[0].turn} ({score_words(search.top[0])})"
    )
    search = _with_try(desk, search, answer, Status.OK, f"{words}; {verdict}. {condensed(judged.reflection, 400)}")
    outcome = f"It passes its check: {words}; {verdict}.\n\n{condensed(check.output, SHOWN)}".rstrip()
    draft = desk.draft(answer, f"{answer.label}, {words}", Status.OK, outcome)
    changes: dict[str, str | bytes | None] = {}
    if kept in search.top:
        changes[candidate_path(desk.turn, craft.suffix)] = text
    if is_best:
        changes |= craft.placed(desk, text, check)
    return replace(
        draft,
        progress=craft.with_search(draft.progress, search),
        changes={**_swept(desk, craft, search), **changes},
        score=score,
        reflection=judged.reflection,
        finished=craft.result(desk, search),
    )


def _score(kept: Kept, is_best: bool) -> Score:
    metrics: Mapping[str, Any] = kept.metrics
    return Score(
        metrics.get("metric", ""), metrics.get("value"), kept.judge, is_best, metrics.get("higher_is_better", True)
    )


def _with_try(desk: Desk, search: Search, answer: Answer, status: Status, outcome: str) -> Search:
    """The search with this attempt remembered: what was proposed in words, what came of it."""
    words = answer.reply.partition("\n```")[0]
    entry = Entry(desk.turn, answer.agent, answer.label, condensed(words, 400), status, outcome)
    return replace(search, tried=(*search.tried, entry)[-TRIED:])


def _keep(desk: Desk, craft: Craft, answer: Answer, text: str, check: Check, parents: tuple[str, ...]) -> str:
    files: dict[str, str | bytes] = {craft.path: text, **check.files}
    if check.output:
        files["results/output.txt"] = check.output
    status = Status.FAILED if check.problem else Status.OK
    subject = f"candidate: {answer.label or craft.path}"
    turn = desk.record(answer.agent, answer.label, subject, answer.reply, status, check.problem)
    return desk.project.keep_candidate(turn, 1, files, parents)


def _swept(desk: Desk, craft: Craft, search: Search) -> dict[str, str | bytes | None]:
    """The removal of this craft's candidate texts that are neither among the top nor under repair."""
    turns = {kept.turn for kept in search.top} | ({search.pending.turn} if search.pending else set())
    wanted = {candidate_path(turn, craft.suffix) for turn in turns}
    there = sorted((desk.project.path / ".lab/candidates").glob(f"*{craft.suffix}"))
    paths = (f".lab/candidates/{path.name}" for path in there)
    return {path: None for path in paths if path not in wanted}


def _best_text(desk: Desk, craft: Craft, search: Search) -> str:
    best = candidate_of(desk.project, search.best, craft.suffix)
    return best.text if best else ""


def _brief(
    desk: Desk,
    craft: Craft,
    agent: Agent,
    job: Job,
    text: str,
    search: Search,
    *,
    error: str = "",
    check: Check | None = None,
) -> Brief:
    facts: dict[str, Any] = dict(craft.facts(text))
    if check is not None:
        facts["output"] = check.output
        if check.metrics:
            facts["metrics"] = check.metrics
            facts["figures"] = tuple(sorted(path for path in check.files if path.startswith("figures/")))
    return brief_for(
        desk,
        agent,
        job,
        error=error,
        best=candidate_of(desk.project, search.best, craft.suffix),
        tried=search.tried,
        step=search.steps + 1,
        max_steps=craft.steps(desk),
        **facts,
    )


def _preview(desk: Desk, craft: Craft, situation: Situation) -> Any:
    def preview(command: Command) -> tuple[str, str]:
        if not isinstance(command, Edit | Replace):
            return "", ""
        try:
            after = craft.applied(situation, command, desk.settings.question)
        except LabError:
            return craft.path, ""
        return craft.path, unified_diff(situation.text, after, craft.path)

    return preview


def _task(situation: Situation) -> str:
    words = _TASKS[situation.job]
    if situation.section:
        words = f"writes {situation.section}" if situation.job is Job.SECTION else f"{words} in {situation.section}"
    if situation.job is Job.REPAIR:
        words = f"{words} ({situation.repairs}/{REPAIRS})"
    return words
