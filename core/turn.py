"""One turn: prompt → stream → command → verdict → effect → draft. The engine commits the draft."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from core import parsing
from core.brief import Brief, Entry
from core.cassette import Tape
from core.commands import Command, Edit, Malformed, Replace
from core.events import Event, Proposed, State, StateChanged, TurnStarted
from core.exchange import Exchange
from core.fences import fenced_blocks
from core.gate import Approve, Decline, Gate, Proposal, TakeOver, Verdict, new_key, verdict_from_json, verdict_json
from core.hunks import Change
from core.meter import Meter
from core.models.calls import INTERRUPTED
from core.progress import Progress
from core.record import Agent, Score, Status, Turn
from core.settings import Settings
from core.verdicts import Asked, rewritten, word_on

if TYPE_CHECKING:
    from core.literature.sources import Sources
    from core.workspace.project import Project

Preview = Callable[[Command], Change | None]
"""From a command to the change it would make; None when it changes no file."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The person said no to the command `what`; `reason` is what the agent reads."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a brief: who answered, the text, and what it asks for; `note` says when it was cut.

    `remark` is what the agent is to read about what the person changed in it.
    """

    agent: Agent
    reply: str
    command: Command | Malformed | Declined
    note: str = ""
    remark: str = ""

    @property
    def changed(self) -> str:
        """What the person changed in it, in a sentence or two; empty when nothing."""
        return self.remark.partition("\n\n")[0]

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
    remark: str = ""
    """What the next agent is to read about what the person changed in the reply."""

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
        self.gate.interrupted.clear()
        reply, note = await self.exchange.reply(brief, allowed, shown=True, stop=self.gate.interrupted)
        answer = Answer(brief.agent, reply, self._read(reply, note, brief, allowed), note)
        return await self._decided(answer, brief, allowed, preview)

    async def consult(self, brief: Brief, allowed: tuple[type, ...]) -> Command | Malformed:
        """Ask about the turn's own candidate (judge and reflect): part of this turn, without a verdict."""
        reply, note = await self.exchange.reply(brief, allowed, shown=False)
        return self._read(reply, note, brief, allowed)

    def _read(self, reply: str, note: str, brief: Brief, allowed: tuple[type, ...]) -> Command | Malformed:
        told, last = self.exchange.told, brief.history[-1:]
        again = any(entry.agent is brief.agent and entry.status is Status.MALFORMED for entry in last)
        command = parsing.parse(reply, allowed, phase=brief.phase, cut=bool(note), shown=told, again=again)
        blocks = fenced_blocks(reply)
        if note == INTERRUPTED and not (blocks and all(block.closed for block in blocks)):
            return Malformed("The reply was stopped before its command was whole.", parsing.form(allowed[-1]))
        return command

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
        if answer.remark:
            subject, outcome = f"{subject}, edited by you", f"{answer.changed}\n\n{outcome}"
        after = replace(progress or self.progress, feedback=outcome)
        more = {"remark": answer.remark, **more}
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
        asked = self._asked(answer, brief, allowed, preview)
        if asked is None:
            return answer
        what = asked.proposal.command or "a reply that was stopped in mid-stream"
        verdict = await self._verdict(asked, stopped=answer.note == INTERRUPTED)
        match verdict:
            case None | Approve(None):
                return answer
            case Approve(str(edited), rejected):
                remark = rejected or rewritten(answer.reply, edited)
                return Answer(answer.agent, edited, asked.read(edited), remark=remark)
            case Decline(reason):
                return replace(answer, command=Declined(what, reason))
            case TakeOver(reply):
                return Answer(Agent.RESEARCHER, reply, parsing.parse(reply, allowed, phase=brief.phase))
            case _:
                return replace(answer, command=Declined(what, "passed over without a reason"))

    def _asked(self, answer: Answer, brief: Brief, allowed: tuple[type, ...], preview: Preview | None) -> Asked | None:
        """What the person decides on, told as an event; None when there is nothing to decide."""
        command, stopped = answer.command, answer.note == INTERRUPTED
        if isinstance(command, Declined) or (isinstance(command, Malformed) and not stopped):
            return None

        def change_of(what: Command | Malformed) -> Change | None:
            return preview(what) if preview and not isinstance(what, Malformed) else None

        # A part of a REPLACE is an EDIT, whatever the agent itself may use now.
        may = (*allowed, Edit) if isinstance(command, Edit | Replace) else allowed
        label = "" if isinstance(command, Malformed) else parsing.label(command)
        change = change_of(command)
        path, diff = (change.path, change.diff) if change else ("", "")
        note, key = answer.note if stopped else "", new_key()
        self.emit(Proposed(self.turn, answer.agent, label, path, diff, note=note, key=key))
        return Asked(
            Proposal(self.turn, brief.phase, answer.agent, answer.reply, label, path, diff, note, key),
            command,
            lambda reply: parsing.parse(reply, may, phase=brief.phase),
            change_of,
            lambda question: self.exchange.explain(brief, answer.reply, question),
        )

    async def _verdict(self, asked: Asked, *, stopped: bool) -> Verdict | None:
        """What the person says, or said when the turn was recorded; None when they are not asked."""
        what = {"command": asked.proposal.command}
        if not self.tape.recording:
            expected = self.tape.expected("verdict") is not None
            return verdict_from_json(await self.once("verdict", what, _nobody)) if expected else None
        phase = asked.proposal.phase
        mode = self.gate.mode(phase, self.settings.copilot_in(phase))
        if not stopped and not self.gate.asks(mode):
            return None
        return verdict_from_json(await self.once("verdict", what, lambda: self._decision(asked)))

    async def _decision(self, asked: Asked) -> Any:
        wants = f"wants {asked.proposal.command}" if asked.proposal.command else "was stopped by you in mid-reply"
        if self.gate.attended:  # else the gate says that nobody is there to be waited for
            self.emit(StateChanged(State.WAITING, f"{asked.proposal.agent.title} {wants}"))
        waiting = Stopwatch()
        verdict = await word_on(asked, self.gate, self.emit)
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
