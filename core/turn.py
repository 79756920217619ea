"""One turn: prompt → stream → command → verdict → effect → draft. The engine commits the draft."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from core import parsing, prompts
from core.brief import Brief, Entry
from core.commands import Command, Malformed
from core.errors import ModelError
from core.events import Event, Proposed, State, StateChanged, Token, TurnStarted
from core.gate import Approve, Decline, Gate, Proposal, TakeOver
from core.models.model import Model, Request, Usage
from core.progress import Progress
from core.record import Agent, Cost, Score, Status, Turn, now
from core.replies import Replies
from core.settings import Settings
from core.threads import to_the_end

if TYPE_CHECKING:
    from core.literature.library import Library
    from core.workspace.project import Project

Preview = Callable[[Command], tuple[str, str]]
"""From a command to the file it would change and the unified diff of the change."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The person said no to the command `what`; `reason` is what the agent reads."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a brief: who answered, the text, and what it asks for."""

    agent: Agent
    reply: str
    command: Command | Malformed | Declined

    @property
    def label(self) -> str:
        """The command as shown, e.g. `EDIT 12-18`; empty when there is none."""
        return "" if isinstance(self.command, Malformed | Declined) else parsing.label(self.command)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a step has made of its turn: the turn's record, the files to write, and where the work stands after it."""

    agent: Agent
    reply: str
    command: str
    subject: str
    status: Status
    outcome: str
    progress: Progress
    text: str = ""
    """What the agents remember of what was said; the reply when empty."""
    changes: Mapping[str, str | bytes | None] = field(default_factory=dict)
    score: Score | None = None
    reflection: str = ""
    diff: str = ""
    path: str = ""
    output: str = ""
    finished: str = ""
    """A few words about the phase's result, when this turn ends the phase."""

    def remembered(self, turn: int) -> Entry:
        """The turn as the agents of this phase remember it."""
        return Entry(turn, self.agent, self.command, self.text or self.reply, self.status, self.outcome)


class Desk:
    """What a step has at hand: the project as it stands, the model, the person, and a way to say what happens.

    A desk lives for one turn. `spent` grows with every call, `waited` (seconds) with every wait for the person.
    """

    def __init__(
        self,
        project: Project,
        settings: Settings,
        progress: Progress,
        model: Model,
        gate: Gate,
        emit: Callable[[Event], None],
        library: Library,
        head: str,
    ) -> None:
        self.project = project
        self.settings = settings
        self.progress = progress
        self.model = model
        self.gate = gate
        self.emit = emit
        self.library = library
        self.head = head
        self.turn = progress.turn + 1
        self.spent = Cost()
        self.waited = 0.0
        self._calls = 0
        self._replies = Replies(project.private("replies"))

    async def ask(
        self, brief: Brief, allowed: tuple[type, ...], preview: Preview | None = None, *, task: str = ""
    ) -> Answer:
        """Let an agent answer, show the reply as it comes, and have the person's verdict when one is asked for."""
        progress = f"{brief.step}/{brief.max_steps}" if brief.max_steps > 1 else ""
        self.emit(TurnStarted(self.turn, brief.phase, brief.agent, self.model.name, task or brief.job, progress))
        reply = await self._reply(brief, allowed, lambda text: self.emit(Token(self.turn, text)))
        return await self._decided(
            Answer(brief.agent, reply, parsing.parse(reply, allowed, phase=brief.phase)), brief, allowed, preview
        )

    async def consult(self, brief: Brief, allowed: tuple[type, ...]) -> Command | Malformed:
        """Ask about the turn's own candidate (judge and reflect): part of this turn, without a verdict."""
        return parsing.parse(await self._reply(brief, allowed, lambda _: None), allowed)

    async def once(self, kind: str, asked: Mapping[str, Any], do: Callable[[], Awaitable[Any]]) -> Any:
        """What `do` finds outside of the project (a search, a download), kept so that a replay finds the same.

        `asked` says what is asked for, and the answer what was found, both in values that JSON can hold.
        """
        return await do()

    def record(self, agent: Agent, command: str, subject: str, reply: str, status: Status, outcome: str) -> Turn:
        """The bare record of this turn."""
        model = "" if agent in (Agent.RESEARCHER, Agent.LABTOP) else self.model.name
        return Turn(
            number=self.turn,
            phase=self.progress.phase,
            agent=agent,
            model=model,
            command=command,
            subject=subject,
            reply=reply,
            status=status,
            outcome=outcome,
            time=now(),
        )

    def draft(
        self, answer: Answer, subject: str, status: Status, outcome: str, progress: Progress | None = None, **more: Any
    ) -> Draft:
        """The draft of an answer that acted; the agents read `outcome` in their next prompt."""
        after = replace(progress or self.progress, feedback=outcome)
        return Draft(answer.agent, answer.reply, answer.label, subject, status, outcome, after, **more)

    def rejected(self, answer: Answer) -> Draft:
        """The draft of a reply that may not act: malformed, or declined by the person."""
        match answer.command:
            case Malformed(problem, form):
                status, subject = Status.MALFORMED, f"no usable command: {problem}"
                outcome = f"{problem}\n\n{form}{self._once_more()}"
            case Declined(what, reason):
                status, subject = Status.DECLINED, f"declined: {what}"
                outcome = f"The researcher declined {what}: {reason}"
            case command:
                raise TypeError(f"{command!r} was not rejected")
        return self.draft(answer, subject, status, outcome)

    def _once_more(self) -> str:
        """How many replies in a row were no use, so that no prompt is the same as the one before it."""
        acted = [entry.status is not Status.MALFORMED for entry in reversed(self.progress.history)]
        in_a_row = acted.index(True) if True in acted else len(acted)
        return f"\n\nThat was reply {in_a_row + 1} in a row without a usable command." if in_a_row else ""

    async def _reply(self, brief: Brief, allowed: tuple[type, ...], hear: Callable[[str], None]) -> str:
        system, user = await asyncio.to_thread(prompts.fill, brief.agent, brief, allowed, self.project.path / "prompts")
        request = Request(system, user, brief)
        self._calls += 1
        before = self._replies.received(self.model.name, self.head, self._calls, request)
        if before is not None:
            reply, usage = before
            hear(reply)
        else:
            reply, usage = await self._stream(request, hear)
            await to_the_end(self._replies.keep, self.model.name, self.head, self._calls, request, reply, usage)
        self.spent += Cost(1, usage.prompt_tokens, usage.completion_tokens, cached_tokens=usage.cached_tokens)
        return reply

    async def _stream(self, request: Request, hear: Callable[[str], None]) -> tuple[str, Usage]:
        pieces: list[str] = []
        usage = None
        async for piece in self.model.stream(request):
            if isinstance(piece, Usage):
                usage = piece
            elif isinstance(piece, str):
                pieces.append(piece)
                hear(piece)
        if usage is None:
            raise ModelError(
                f"{self.model.name} ended its reply without saying what it cost.",
                "Nothing was done with the reply; run on to ask again.",
            )
        return "".join(pieces), usage

    async def _decided(
        self, answer: Answer, brief: Brief, allowed: tuple[type, ...], preview: Preview | None
    ) -> Answer:
        if isinstance(answer.command, Malformed | Declined):
            return answer
        path, diff = preview(answer.command) if preview else ("", "")
        label = parsing.label(answer.command)
        self.emit(Proposed(self.turn, answer.agent, label, path, diff))
        if not self.gate.asks(self.settings.copilot):
            return answer
        self.emit(StateChanged(State.WAITING, f"{answer.agent.title} wants {label}"))
        proposal = Proposal(self.turn, brief.phase, answer.agent, answer.reply, label, path, diff)
        waiting = Stopwatch()
        verdict = await self.gate.verdict(proposal)
        self.waited += waiting.seconds
        self.emit(StateChanged(State.RUNNING))
        match verdict:
            case Approve(None):
                return answer
            case Approve(str(edited)):
                return Answer(answer.agent, edited, parsing.parse(edited, allowed, phase=brief.phase))
            case Decline(reason):
                return replace(answer, command=Declined(label, reason))
            case TakeOver(reply):
                return Answer(Agent.RESEARCHER, reply, parsing.parse(reply, allowed, phase=brief.phase))
            case _:
                return replace(answer, command=Declined(label, "passed over without a reason"))


class Stopwatch:
    """Seconds since it was made, on a clock that does not jump."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start
