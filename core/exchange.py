"""From a brief to a reply: the prompt, the model that answers it, what it cost, all of it on the cassette."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from itertools import takewhile
from pathlib import Path
from typing import Any, Protocol

from core import prompts
from core.brief import Brief, Entry, Job
from core.cassette import Tape
from core.commands import ReviewForm
from core.events import CallMade, Event, Notice, Restarted, Thinking, Token, Waiting
from core.models.calls import Again, Delay, Hear, Meter, Patience, Reply, call
from core.models.model import Model, PromptTooLong, Request, Thought
from core.models.tokens import CHARACTERS
from core.progress import condensed
from core.record import Agent, Cost, Phase, Status
from core.review.form import REVIEW_JSON_SCHEMA
from core.settings import Settings

SMALLEST = 1200
"""Tokens below which no prompt of ours can be understood."""
_ROOMY = 1.5
"""How many times as large as a prompt the window must be for a useful reply to fit in, too."""
_TEMPERATURES = {Job.JUDGE: 0.2, Job.REPAIR: 0.3}
_TEMPERATURE = 0.5
_STEP = 0.25
_HIGHEST = 1.0
_LONGEST = 12_000
"""Characters of a reply that are repeated to the agent with a question about it."""


class Choice(Protocol):
    """Which model answers for whom."""

    def model_for(self, phase: Phase, agent: Agent) -> Model:
        """The model that answers for an agent in a phase."""
        ...


class Exchange:
    """The calls of one turn; `spent` grows with each."""

    def __init__(
        self,
        turn: int,
        settings: Settings,
        overrides: Path,
        models: Choice,
        meter: Meter,
        tape: Tape,
        emit: Callable[[Event], None],
        patience: Patience | None = None,
    ) -> None:
        self.spent = Cost()
        self.told = ""
        """The prompt of the last call."""
        self._system, self._user = "", ""
        self._turn = turn
        self._settings = settings
        self._overrides = overrides
        self._models = models
        self._meter = meter
        self._tape = tape
        self._emit = emit
        self._patience = patience

    def model_name(self, brief: Brief) -> str:
        """The name of the model that answers, or answered when the turn was recorded."""
        expected = self._tape.expected("reply")
        return str(expected["model"]) if expected else self._models.model_for(brief.phase, brief.agent).name

    async def reply(
        self, brief: Brief, allowed: Sequence[type], *, shown: bool, stop: asyncio.Event | None = None
    ) -> tuple[str, str]:
        """What the model answers, and a note on it (that it was cut); `shown` when a face is to see it being written.

        Once `stop` is set the answer is what had come by then, and the note says so. A prompt that the model cannot
        take in is condensed until it can. Raises ModelError when there is no answer.
        """
        expected = self._tape.expected("reply")
        name = self.model_name(brief)
        tokens = int(expected["tokens"]) if expected else await self._room(brief)
        whole = True
        while True:
            request = await self._request(brief, allowed, tokens)
            asked = {"model": name, "tokens": tokens, "system": request.system, "user": request.user}
            asked |= {"temperature": request.temperature, "schema": request.schema}
            heard: list[str] = []
            try:
                answer = await self._tape.take("reply", asked, lambda: self._call(request, shown, heard, stop))  # noqa: B023
                break
            except PromptTooLong as error:
                if whole and error.window > _ROOMY * _estimated(request):
                    whole = False  # prompt and the longest reply did not fit; now that the window is known, they will
                    continue
                tokens = self._less(error, request)
                self._emit(Notice("warning", f"{error.message} The prompt is condensed to {tokens} tokens."))
        self._system, self._user = request.system, request.user
        self.told = f"{request.system}\n{request.user}"
        if shown and not heard:
            self._emit(Token(self._turn, answer["text"]))
        self.spent += Cost(**answer["cost"])
        return str(answer["text"]), str(answer["note"])

    async def _request(self, brief: Brief, allowed: Sequence[type], tokens: int) -> Request:
        system, user = await asyncio.to_thread(
            prompts.fill, brief.agent, brief, allowed, self._overrides, tokens=tokens
        )
        schema = REVIEW_JSON_SCHEMA if tuple(allowed) == (ReviewForm,) else None
        return Request(system, user, brief, _temperature(brief), schema=schema)

    async def explain(self, brief: Brief, reply: str, question: str) -> str:
        """What the agent says to the person's question about its reply; raises LabError when there is no answer.

        It is paid like any call, but is no part of the turn: it is on no tape, and a replay does not ask it.
        """
        user = "\n\n".join(
            (
                self._user,
                f"## Your reply to this, which has not acted yet\n\n{condensed(reply, _LONGEST)}",
                f"## What the researcher asks you about it\n\n{question}",
                "Answer in a few sentences of plain text. Send no command: nothing that you say now acts.",
            )
        )
        asked = replace(brief, said=reply, asked=question)
        answer, _ = await self._paid(Request(self._system, user, asked, _TEMPERATURE), self._tell_waits, None)
        return answer.text.strip() or "(an empty answer)"

    def _tell_waits(self, piece: str | Thought | Delay | Again) -> None:
        if isinstance(piece, Delay):
            self._emit(Waiting(self._turn, piece.reason, piece.seconds))

    async def _call(
        self, request: Request, shown: bool, heard: list[str], stop: asyncio.Event | None
    ) -> dict[str, Any]:
        def hear(piece: str | Thought | Delay | Again) -> None:
            match piece:
                case Thought(text):
                    self._emit(Thinking(self._turn, text))
                case Delay(reason, seconds):
                    self._emit(Waiting(self._turn, reason, seconds))
                case Again(reason):
                    self._emit(Restarted(self._turn, reason))
                case str() if shown:
                    heard.append("")
                    self._emit(Token(self._turn, piece))

        reply, cost = await self._paid(request, hear, stop)
        return {"text": reply.text, "note": reply.note, "cost": asdict(cost)}

    async def _paid(self, request: Request, hear: Hear, stop: asyncio.Event | None) -> tuple[Reply, Cost]:
        """A reply of the model whose turn it is, and what it cost."""
        model = self._models.model_for(request.brief.phase, request.brief.agent)
        reply = await call(model, request, self._meter, hear, patience=self._patience, stop=stop)
        usage = reply.usage
        tokens = (usage.prompt_tokens, usage.completion_tokens)
        cost = Cost(reply.calls, *tokens, reply.money, cached_tokens=usage.cached_tokens)
        self._emit(CallMade(self._turn, model.name, cost))
        return reply, cost

    async def _room(self, brief: Brief) -> int:
        """The tokens that a prompt may have for the model that answers it."""
        model = self._models.model_for(brief.phase, brief.agent)
        await model.ready()
        most = self._settings.prompt_tokens
        if not model.window:
            return most
        return min(most, max(model.window - model.most_tokens, model.window // 2))

    def _less(self, error: PromptTooLong, request: Request) -> int:
        """Fewer tokens than the prompt that was too long had, as far as the server says how many it takes."""
        model = self._models.model_for(request.brief.phase, request.brief.agent)
        fewer = _estimated(request) * 3 // 4
        if error.window:
            fewer = min(fewer, max(error.window - model.most_tokens, error.window // 2))
        if fewer < SMALLEST:
            raise error
        return fewer


def _estimated(request: Request) -> int:
    """The tokens that a prompt has, by estimate."""
    return int((len(request.system) + len(request.user)) / CHARACTERS)


def _temperature(brief: Brief) -> float:
    """Low where care counts; higher with each useless reply in a row, so that the next one is another."""
    own = [entry for entry in brief.history if entry.agent is brief.agent]
    misses = len(list(takewhile(lambda entry: _is_useless(entry, own), reversed(own))))
    return min(_HIGHEST, _TEMPERATURES.get(brief.job, _TEMPERATURE) + _STEP * misses)


def _is_useless(entry: Entry, own: Sequence[Entry]) -> bool:
    """Whether a reply of an agent held no command, or failed in the same words as another reply of its."""
    said = (entry.command, entry.text, entry.digest)
    same = [one for one in own if (one.command, one.text, one.digest) == said and one.status is Status.FAILED]
    return entry.status is Status.MALFORMED or (entry.status is Status.FAILED and len(same) > 1)
