"""One step of the search over candidates; every attempt, repair and judgement of hand-made work is a turn."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from core.brief import Brief, Job
from core.briefing import brief_for, candidate_of, candidate_path
from core.commands import Command, Edit, Judgement, Malformed, Replace
from core.edits import unified_diff
from core.errors import LabError
from core.hunks import Change
from core.progress import Kept, Search
from core.record import Agent
from core.solver.craft import Applied, Check, Craft, Situation
from core.solver.outcome import (
    REPAIRS,
    Attempt,
    failed,
    keep,
    placed,
    scored,
    step_without_gain,
    unchanged,
    useless,
)
from core.threads import to_the_end
from core.turn import Answer, Desk, Draft, Preview

_LIKELIER = (3, 1)
"""How much likelier than the second of the top candidates the best is to be gone on from."""

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
    brief = _brief(desk, craft, craft.writer, situation)
    allowed = craft.allowed(situation)
    answer = await desk.ask(brief, allowed, _preview(desk, craft, situation), task=_task(situation))
    if not isinstance(answer.command, Edit | Replace):
        return useless(desk, craft, situation, desk.rejected(answer))
    try:
        proposed = craft.applied(desk, situation, answer.command)
    except LabError as error:
        refused = desk.rejected(replace(answer, command=Malformed(error.message, error.hint)))
        return useless(desk, craft, situation, refused)
    if proposed.text == situation.text:
        return unchanged(desk, craft, situation, answer)
    return await _try(desk, craft, situation, answer, proposed)


def _situation(desk: Desk, craft: Craft, search: Search) -> Situation:
    pending = search.pending
    if pending is not None:
        text = desk.project.read(candidate_path(pending.turn, craft.suffix))
        if pending.repairs < REPAIRS:
            repairs = pending.repairs + 1
            return Situation(Job.REPAIR, text, search, (pending.commit,), pending.error, pending.section, repairs)
        anew = craft.replacing(desk, pending, text)
        if anew is not None:
            return anew
        search = step_without_gain(search)
    opening = craft.opening(desk)
    if opening is not None:
        return opening
    parent = _sampled(desk, search)
    text = desk.project.read(candidate_path(parent.turn, craft.suffix))
    return Situation(Job.IMPROVE, text, search, (parent.commit,), parent=parent)


def _sampled(desk: Desk, search: Search) -> Kept:
    """The candidate to go on from: the best most of the time, the second now and then."""
    chance = random.Random(f"{desk.settings.seed}:{desk.turn}")
    return chance.choices(search.top, _LIKELIER[: len(search.top)])[0]


async def _try(desk: Desk, craft: Craft, situation: Situation, answer: Answer, proposed: Applied) -> Draft:
    text = proposed.text
    check = await craft.check(desk, text)
    commit = await to_the_end(keep, desk, craft, answer, text, check, situation.parents)
    attempt = Attempt(situation, answer, text, check, commit, proposed.notes)
    if check.problem:
        draft = failed(desk, craft, attempt, await _lesson(desk, craft, situation, check, text))
    elif not craft.complete(text):
        draft = placed(desk, craft, attempt)
    else:
        draft = scored(desk, craft, attempt, await _judgement(desk, craft, situation, check, text))
    if isinstance(answer.command, Replace) and situation.section:
        draft = replace(draft, command=f"{draft.command} {situation.section}")
    return replace(draft, diff=unified_diff(situation.text, text, craft.path), path=craft.path, output=check.output)


async def _assess(desk: Desk, craft: Craft, search: Search, text: str) -> Draft:
    """Check and judge what stands in the project and was not proposed here: the person's own, or the full draft."""
    check = await craft.check(desk, text)
    best, before = search.best, _best_text(desk, craft, search)
    situation = Situation(Job.JUDGE, text, search, (best.commit,) if best else ())
    nobody = Answer(Agent.LABTOP, "", Malformed(check.problem, ""))
    commit = await to_the_end(keep, desk, craft, nobody, text, check, situation.parents)
    shown: dict[str, Any] = {"path": craft.path, "output": check.output}
    if best is not None:
        shown["diff"] = unified_diff(before, text, craft.path)
    if check.problem:
        draft = failed(desk, craft, Attempt(situation, nobody, text, check, commit))
        # The best stays the project's own while the person's version, which the history keeps, is being repaired.
        back = {craft.path: before} if best is not None else {}
        return replace(draft, command="check", changes={**draft.changes, **back}, **shown)
    answer = await desk.ask(_brief(desk, craft, craft.judge, situation, check), (Judgement,), task="judges")
    if not isinstance(answer.command, Judgement):
        return desk.rejected(answer)
    draft = scored(desk, craft, Attempt(situation, answer, text, check, commit), answer.command)
    return replace(draft, **shown)


async def _lesson(desk: Desk, craft: Craft, situation: Situation, check: Check, text: str) -> str:
    """What the judge learns from a candidate that failed its check; empty when it has nothing readable to say."""
    if not craft.reflects_on_failure:
        return ""
    broken = replace(situation, job=Job.JUDGE, text=text, error=check.error, section="", parent=None)
    brief = _brief(desk, craft, craft.judge, broken, check)
    answer = await desk.consult(replace(brief, metrics=None, figures=()), (Judgement,))
    return answer.reflection if isinstance(answer, Judgement) else ""


async def _judgement(desk: Desk, craft: Craft, situation: Situation, check: Check, text: str) -> Judgement | Malformed:
    """The judge's score and reflection; asked once more when the first answer cannot be used."""
    judged = replace(situation, job=Job.JUDGE, text=text, error="", section="")
    brief = _brief(desk, craft, craft.judge, judged, check)
    answer = await desk.consult(brief, (Judgement,))
    if isinstance(answer, Malformed):
        answer = await desk.consult(replace(brief, feedback=f"{answer.problem}\n\n{answer.form}"), (Judgement,))
    return answer if isinstance(answer, Judgement | Malformed) else Malformed("The judge did not give a score.", "")


def _best_text(desk: Desk, craft: Craft, search: Search) -> str:
    best = candidate_of(desk.project, search.best, craft.suffix)
    return best.text if best else ""


def _brief(desk: Desk, craft: Craft, agent: Agent, situation: Situation, check: Check | None = None) -> Brief:
    search, parent = situation.search, situation.parent
    facts: dict[str, Any] = {**craft.facts(situation.text), "error": situation.error, "section": situation.section}
    if check is not None:
        facts["output"] = check.output
        if check.metrics:
            facts["metrics"] = check.metrics
            facts["figures"] = tuple(sorted(path for path in check.files if path.startswith("figures/")))
    elif parent is not None and parent is not search.best and parent.metrics:
        facts |= {"metrics": parent.metrics, "output": ""}
    best = candidate_of(desk.project, search.best, craft.suffix)
    place = {"step": search.steps + 1, "max_steps": craft.steps(desk)}
    return brief_for(desk, agent, situation.job, best=best, tried=search.tried, **place, **facts)


def _preview(desk: Desk, craft: Craft, situation: Situation) -> Preview:
    def preview(command: Command) -> Change | None:
        if not isinstance(command, Edit | Replace):
            return None
        try:
            after = craft.applied(desk, situation, command).text
        except LabError:
            after = situation.text
        return Change(craft.path, situation.text, after)

    return preview


def _task(situation: Situation) -> str:
    words = _TASKS[situation.job]
    if situation.section:
        words = f"writes {situation.section}" if situation.job is Job.SECTION else f"{words} in {situation.section}"
    if situation.job is Job.REPAIR:
        words = f"{words} ({situation.repairs}/{REPAIRS})"
    return words
