"""Whether a named model can be used: one call for a word."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from core.brief import Brief, Job
from core.errors import LabError
from core.models.faults import Empty
from core.models.model import Request, Unavailable, Usage
from core.models.named import Named
from core.models.server import Key, Server
from core.record import Agent, Phase

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from core.models.model import Thought

QUESTION = "Answer with the one word: yes"
LONGEST = 120.0
"""Seconds that a try may take; a server that is loading its model takes a while."""

_BRIEF = Brief(agent=Agent.PHD_STUDENT, phase=Phase.LITERATURE, job=Job.TALK, question=QUESTION, seed=0)


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of a try: `words` say it to a person, `window` is 0 when nobody knows, `usage` None when it failed."""

    name: str
    ok: bool
    words: str
    window: int
    seconds: float
    usage: Usage | None = None


async def probe(named: Named, key: Key) -> Probe:
    """Ask a model for a word (no more than 16 tokens); never raises for what the server or the key is about."""
    short = replace(named, most_tokens=16, deadline_seconds=min(LONGEST, named.deadline_seconds))
    server = Server(short, key)
    began = time.monotonic()
    usage: Usage | None = None
    words = "answers"
    try:
        await server.ready()
        request = Request("", QUESTION, _BRIEF, temperature=0.0)
        answer = cast("AsyncGenerator[str | Thought | Usage]", server.stream(request))
        async with aclosing(answer):
            async for piece in answer:
                if isinstance(piece, Usage):
                    usage = piece
    except Empty as empty:  # a token of a thought, or one that shows nothing: it works
        usage = empty.spent
    except Unavailable as error:
        return Probe(named.name, False, error.message, server.window, time.monotonic() - began, error.spent)
    except LabError as error:
        return Probe(named.name, False, str(error), server.window, time.monotonic() - began)
    if not named.local and named.base_url.startswith("http:") and named.key_env:
        words = "answers, but its key travels unencrypted: use https:// if it can"
    return Probe(named.name, True, words, server.window, time.monotonic() - began, usage)
