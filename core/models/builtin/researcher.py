"""The built-in researcher: a model that needs no network and no key, because it is rules and not a language model."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

from core.brief import Brief, Job
from core.models.builtin import experimenting, judging, literature, planning, preparing
from core.models.builtin.interpret import interpretation_turn
from core.models.builtin.report import report_turn
from core.models.builtin.reviewing import draft_judgement, refinement_turn, review_turn
from core.models.model import FREE, Price, Request, Thought, Usage
from core.record import Agent, Phase

NAME = "built-in researcher"
LONGEST_REPLY = 32_000
"""Tokens."""
TOKEN = 4
"""Characters that count as one token."""
_PIECES = re.compile(r"\S+\s*|\s+")
_REVIEWERS = (Agent.REVIEWER_1, Agent.REVIEWER_2, Agent.REVIEWER_3)


class BuiltinResearcher:
    """Plays every role by rules, from the brief alone; the same brief and seeds give the same reply."""

    def __init__(self, seed: int = 0, *, pace: float = 0.0) -> None:
        """`pace` is the seconds between two words, for a person who wants to read along."""
        self._seed = seed
        self._pace = pace

    @property
    def name(self) -> str:
        """The name that says what it is."""
        return NAME

    @property
    def window(self) -> int:
        return 0

    @property
    def most_tokens(self) -> int:
        return LONGEST_REPLY

    @property
    def price(self) -> Price:
        return FREE

    async def ready(self) -> None:
        """Nothing is to be found out: there is no server."""

    async def stream(self, request: Request) -> AsyncIterator[str | Thought | Usage]:
        """Yield the reply word by word, then what it would have cost in tokens."""
        reply = await asyncio.to_thread(reply_to, request.brief, self._seed)
        for match in _PIECES.finditer(reply):
            yield match.group()
            await asyncio.sleep(self._pace)
        yield Usage(_tokens(request.system) + _tokens(request.user), _tokens(reply))


def reply_to(brief: Brief, seed: int = 0) -> str:
    """The whole reply to a brief."""
    if brief.asked:
        return _explained(brief)
    brief = replace(brief, seed=brief.seed + seed)
    match brief.phase:
        case Phase.LITERATURE:
            return literature.answer(brief).text
        case Phase.PLAN:
            return planning.answer(brief).text
        case Phase.DATA:
            return preparing.answer(brief).text
        case Phase.EXPERIMENTS:
            return judging.answer(brief).text if brief.job is Job.JUDGE else experimenting.answer(brief).text
        case Phase.INTERPRETATION:
            return interpretation_turn(brief)
        case Phase.REPORT:
            return draft_judgement(brief) if brief.job is Job.JUDGE else report_turn(brief)
        case Phase.REFINEMENT:
            return review_turn(brief) if brief.agent in _REVIEWERS else refinement_turn(brief)


def _explained(brief: Brief) -> str:
    """What rules can say to a question: the grounds that they gave, and that they understand no question."""
    grounds = " ".join(brief.said.partition("```")[0].split())
    return (
        "I am the built-in researcher: rules and not a language model, so I cannot answer a question. "
        f"What my rules went by: {grounds or 'nothing that I could put into words.'}"
    )


def _tokens(text: str) -> int:
    return -(-len(text) // TOKEN)
