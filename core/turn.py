"""One turn: prompt → stream → command → verdict → effect → draft. The engine commits the draft."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from core import parsing
from core.brief import Brief, Entry
from core.cassette import Tape
from core.commands import Command, Malformed
from core.events import Event, Proposed, State, StateChanged, TurnStarted
from core.exchange import Exchange
from core.gate import Approve, Decline, Gate, Proposal, TakeOver, Verdict, verdict_from_json, verdict_json
from core.meter import Meter
from core.progress import Progress
from core.record import Agent, Score, Status, Turn
from core.settings import Settings

if TYPE_CHECKING:
    from core.literature.sources import Sources
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
    """What came back for a brief: who answered, the text, and what it asks for; `note` says when it was cut."""

    agent: Agent
    reply: str
    command: Command | Malformed | Declined
    note: str = ""

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
    """What a step has at hand: the project as it stands, the models, the person, and a way to say what happens.

    A desk lives for one turn. `waited` (seconds) grows with every wait for the person; `passages` are those of the full
    texts that bear on what is to be done.
    """

    def __init__(
        self,
        project: Project,
        settings: Settings,
        progress: Progress,
        gate: Gate,
        emit: Callable[[Event], None],
        library: Sources,
        tape: Tape,
        exchange: Exchange,
        meter: Meter,
        passages: tuple[str, ...] = (),
    ) -> None:
        self.project = project
        self.settings = settings
        self.progress = progress
        self.gate = gate
        self.emit = emit
        self.library = library
        self.tape = tape
        self.exchange = exchange
        self.meter = meter
        self.passages = passages
        self.turn = progress.turn + 1
        self.waited = 0.0
        self._model = ""

    async def ask(
        self, brief: Brief, allowed: tuple[type, ...], preview: Preview | None = None, *, task: str = ""
    ) -> Answer:
        """Let an agent answer, show the reply as it comes, and have the person's verdict when one is asked for."""
        progress = f"{brief.step}/{brief.max_steps}" if brief.max_steps > 1 else ""
        self._model = self.exchange.model_name(brief)
        self.emit(TurnStarted(self.turn, brief.phase, brief.agent, self._model, task or brief.job, progress))
        reply, note = await self.exchange.reply(brief, allowed, shown=True)
        answer = Answer(brief.agent, reply, self._read(reply, note, brief, allowed), note)
        return await self._decided(answer, brief, allowed, preview)

    async def consult(self, brief: Brief, allowed: tuple[type, ...]) -> Command | Malformed:
        """Ask about the turn's own candidate (judge and reflect): part of this turn, without a verdict."""
        reply, note = await self.exchange.reply(brief, allowed, shown=False)
        return self._read(reply, note, brief, allowed)

    def _read(self, reply: str, note: str, brief: Brief, allowed: tuple[type, ...]) -> Command | Malformed:
        told, last = self.exchange.told, brief.history[-1:]
        again = any(entry.agent is brief.agent and entry.status is Status.MALFORMED for entry in last)
        return parsing.parse(reply, allowed, phase=brief.phase, cut=bool(note), shown=told, again=again)

    async def once(self, kind: str, asked: Mapping[str, Any], do: Callable[[], Awaitable[Any]]) -> Any:
        """What `do` finds outside of the project (a search, a download), kept so that a replay finds the same.

        `asked` says what is asked for, and the answer what was found, both in values that JSON can hold.
        """
        return await self.tape.take(kind, asked, do)

    def record(self, agent: Agent, command: str, subject: str, reply: str, status: Status, outcome: str) -> Turn:
        """The bare record of this turn."""
        return Turn(
            number=self.turn,
            phase=self.progress.phase,
            agent=agent,
            model=self._model if agent.speaks else "",
            command=command,
            subject=subject,
            reply=reply,
            status=status,
            outcome=outcome,
            time=self.tape.began,
            began=self.tape.began,
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
            case Malformed(problem, form, blank):
                status, subject = Status.MALFORMED, f"no usable command: {problem}"
                cut = f"{answer.note}\n\n" if answer.note else ""
                outcome = f"{cut}{problem}\n\n{self._once_more(blank or form) or form}"
            case Declined(what, reason):
                status, subject = Status.DECLINED, f"declined: {what}"
                outcome = f"The researcher declined {what}: {reason}"
            case command:
                raise TypeError(f"{command!r} was not rejected")
        return self.draft(answer, subject, status, outcome)

    def _once_more(self, form: str) -> str:
        """The shorter answer to another miss; it says which one it is, so that no prompt is like the one before it."""
        acted = [entry.status is not Status.MALFORMED for entry in reversed(self.progress.history)]
        in_a_row = acted.index(True) if True in acted else len(acted)
        if not in_a_row:
            return ""
        said = f"That was reply {in_a_row + 1} in a row without a usable command."
        return f"{said} Reply with this block, filled in, and nothing after it:\n\n{form}"

    async def _decided(
        self, answer: Answer, brief: Brief, allowed: tuple[type, ...], preview: Preview | None
    ) -> Answer:
        if isinstance(answer.command, Malformed | Declined):
            return answer
        path, diff = preview(answer.command) if preview else ("", "")
        label = parsing.label(answer.command)
        self.emit(Proposed(self.turn, answer.agent, label, path, diff))
        verdict = await self._verdict(Proposal(self.turn, brief.phase, answer.agent, answer.reply, label, path, diff))
        match verdict:
            case None | Approve(None):
                return answer
            case Approve(str(edited)):
                return Answer(answer.agent, edited, parsing.parse(edited, allowed, phase=brief.phase))
            case Decline(reason):
                return replace(answer, command=Declined(label, reason))
            case TakeOver(reply):
                return Answer(Agent.RESEARCHER, reply, parsing.parse(reply, allowed, phase=brief.phase))
            case _:
                return replace(answer, command=Declined(label, "passed over without a reason"))

    async def _verdict(self, proposal: Proposal) -> Verdict | None:
        """What the person says, or said when the turn was recorded; None when they are not asked."""
        asked = {"command": proposal.command}
        if not self.tape.recording:
            expected = self.tape.expected("verdict") is not None
            return verdict_from_json(await self.once("verdict", asked, _nobody)) if expected else None
        if not self.gate.asks(self.settings.copilot):
            return None
        return verdict_from_json(await self.once("verdict", asked, lambda: self._decision(proposal)))

    async def _decision(self, proposal: Proposal) -> Any:
        self.emit(StateChanged(State.WAITING, f"{proposal.agent.title} wants {proposal.command}"))
        waiting = Stopwatch()
        verdict = await self.gate.verdict(proposal)
        self.waited += waiting.seconds
        self.emit(StateChanged(State.RUNNING))
        return verdict_json(verdict)


async def _nobody() -> None:
    """Nobody is asked while a turn is played again."""


class Stopwatch:
    """Seconds since it was made, on a clock that does not jump."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start
