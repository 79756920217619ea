"""Report refinement (section 3.3): three reviewers fill the NeurIPS form; the PhD student finishes or goes back."""

from __future__ import annotations

from dataclasses import replace

from core.brief import Review
from core.briefing import brief_for, reviews_of
from core.commands import Finish, GoBack, Malformed, ReviewForm
from core.record import Agent, Phase, Score, Status
from core.review.form import parse_review, review_json, review_score
from core.turn import Desk, Draft

PERSONAS = {
    Agent.REVIEWER_1: "You look hardest at the experiments: are they sound and enough, do they answer the question?",
    Agent.REVIEWER_2: "You ask for impact: who in the field would do anything differently after reading this?",
    Agent.REVIEWER_3: "You are open-minded and look for what is new: which idea or finding is not in the cited work?",
}
"""The bents of the three reviewers (section 3.3)."""
REPORT = "report/report.tex"


async def step(desk: Desk) -> Draft:
    """One review; after the third, the decision."""
    reviews = reviews_of(desk.project, desk.progress.round)
    waiting = [agent for agent in PERSONAS if agent not in {review.reviewer for review in reviews}]
    return await (_review(desk, waiting[0]) if waiting else _decide(desk, reviews))


async def _review(desk: Desk, agent: Agent) -> Draft:
    brief = brief_for(
        desk, agent, persona=PERSONAS[agent], step=list(PERSONAS).index(agent) + 1, max_steps=4, reviews=()
    )
    answer = await desk.ask(brief, (ReviewForm,), task="reviews the report")
    if not isinstance(answer.command, ReviewForm):
        return desk.rejected(answer)
    review = parse_review(answer.command.text, agent)
    if not isinstance(review, Review):
        return desk.rejected(replace(answer, command=review))
    score = review_score(review)
    path = f"reviews/round-{desk.progress.round}/{agent}.json"
    words = f"{review.decision}, overall {review.overall}/10"
    draft = desk.draft(answer, f"REVIEW: {words}", Status.OK, f"The review is in {path}: {words}.", text=review.summary)
    return replace(draft, changes={path: review_json(review)}, score=Score("", None, score, kept=False), path=path)


async def _decide(desk: Desk, reviews: tuple[Review, ...]) -> Draft:
    rounds = desk.settings.rounds
    allowed: tuple[type, ...] = (GoBack, Finish) if desk.progress.round < rounds else (Finish,)
    brief = brief_for(desk, Agent.PHD_STUDENT, reviews=reviews, step=desk.progress.round, max_steps=rounds)
    answer = await desk.ask(brief, allowed, task="decides")
    overall = sum(review.overall for review in reviews) / len(reviews)
    match answer.command:
        case Finish(reason):
            draft = desk.draft(answer, f"FINISH, reviews {overall:.1f}/10", Status.OK, reason)
            return replace(draft, finished=f"reviews {overall:.1f}/10")
        case GoBack(phase, reason):
            if phase is Phase.REFINEMENT:
                problem = Malformed(f"You are in {phase.title.lower()} already.", "GO_BACK names an earlier phase.")
                return desk.rejected(replace(answer, command=problem))
            draft = desk.draft(answer, f"GO_BACK to {phase.title.lower()}, reviews {overall:.1f}/10", Status.OK, reason)
            # A report on results that are about to change is begun anew; the history keeps this one.
            changes = {} if phase is Phase.REPORT else {REPORT: None}
            return replace(draft, progress=desk.progress.sent_back(phase, reason), changes=changes)
        case _:
            return desk.rejected(answer)
