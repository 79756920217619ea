"""What the panes show, as plain state: events go in, values come out. Knows no Textual."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from core.events import (
    CallMade,
    Event,
    Notice,
    PhaseFinished,
    PhaseStarted,
    ProgramFinished,
    ProgramOutput,
    ProgramStarted,
    ProgramUsage,
    Proposed,
    ReportCompiled,
    Restarted,
    RunStarted,
    Scored,
    State,
    StateChanged,
    Thinking,
    Token,
    TurnCommitted,
    TurnStarted,
    Waiting,
)
from core.progress import Progress
from core.record import Agent, Cost, Phase, Score, Status, Turn
from tui.rows import HistoryRow, PhaseRow, Point, Stage, Wait, row_of

_SOLVED = (Phase.EXPERIMENTS, Phase.REPORT)
MOST = 500
"""Turns, and candidates of a solver, that are kept here; the history screen shows every one."""


@dataclass(slots=True)
class Board:
    """Everything in view. `apply` is the only way in while a run goes on; `restored` fills a new one."""

    clock: Callable[[], float] = time.monotonic
    project: str = ""
    branch: str = ""
    head: str = ""
    model: str = ""
    sandbox: str = ""
    state: State = State.PAUSED
    reason: str = ""
    cause: str = ""
    """What kind of decision the run waits for, in a word; empty when for none, or for one on a reply."""
    phase: Phase | None = None
    progress: str = ""
    """Where in the phase, e.g. `3/10`."""
    agent: Agent | None = None
    task: str = ""
    turn: int = 0
    """The turn in flight, or the last one committed."""
    turns: int = 0
    """How many turns the history holds."""
    phases: dict[Phase, PhaseRow] = field(default_factory=lambda: {p: PhaseRow(p, Stage.AHEAD) for p in Phase})
    history: list[HistoryRow] = field(default_factory=list)
    """Newest first."""
    candidates: dict[Phase, list[Point]] = field(default_factory=lambda: {p: [] for p in _SOLVED})
    """What the two solvers tried, oldest first."""
    metric: str = ""
    higher_is_better: bool = True
    best: float | None = None
    cost: Cost = field(default_factory=Cost)
    """Of the turns in the history."""
    paid: Cost = field(default_factory=Cost)
    """Of the calls made since the last turn was committed."""
    sunk: Cost = field(default_factory=Cost)
    """Of what was rolled back, and of calls whose turn was made anew."""
    cap: float = 0.0
    """US dollars that the project may cost; 0 when there is no cap."""
    wait: Wait | None = None
    thinking: bool = False
    """Whether the model lets its thoughts be seen, and has not begun to reply."""
    proposed: Proposed | None = None
    """What waits for the person's word, or is being carried out."""
    program: str = ""
    """The program that runs now; empty when none does."""
    began: float = 0.0
    """When it was started, by `clock`."""
    limit: float = 0.0
    """Seconds that it may take."""
    printed: str = ""
    """The last line that it has printed."""
    usage: ProgramUsage | None = None
    """What it took of the machine when it was looked at last."""
    pages: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    asked: float | None = None
    """When the turn in flight began, by `clock`."""
    reply: str = ""
    """What the agent has said so far in the turn in flight, or said in the last one."""
    counts: Counter[Phase] = field(default_factory=Counter)
    """Turns of each phase."""

    @property
    def rows(self) -> tuple[PhaseRow, ...]:
        """The phases in research order."""
        return tuple(self.phases.values())

    @property
    def points(self) -> list[Point]:
        """The candidates of the solver at work: reports while one is written, else programs."""
        reports = self.candidates[Phase.REPORT]
        return reports if self.phase is Phase.REPORT and reports else self.candidates[Phase.EXPERIMENTS]

    @property
    def charted(self) -> str:
        """The metric of `points`; empty when the judge's score is the only one."""
        return "" if self.points is self.candidates[Phase.REPORT] else self.metric

    @property
    def seconds(self) -> float:
        """Seconds of all turns so far, the one in flight included."""
        return self.cost.seconds + (self.clock() - self.asked if self.asked is not None else 0.0)

    @property
    def spent(self) -> Cost:
        """What models have cost so far: what the caps are held against."""
        return self.cost + self.sunk + self.paid

    def reckon(self, expenses: Cost) -> None:
        """Take over what the ledger tells of all expenses; while a turn is made, its calls are among those paid."""
        self.paid = self.paid if self.asked is not None else Cost()
        self.sunk = beyond(expenses, self.cost + self.paid)

    def apply(self, event: Event) -> None:
        """Take one event in."""
        if not isinstance(event, (Waiting, ProgramOutput, ProgramUsage, Notice)):
            self.wait = None
        match event:
            case RunStarted(project, branch, head, model, sandbox, turns):
                self.project, self.branch, self.head, self.model, self.sandbox = project, branch, head, model, sandbox
                self.turns = turns
            case StateChanged(state, reason, cause):
                self._state(state, reason, cause)
            case PhaseStarted(phase):
                self._enter(phase)
            case PhaseFinished(phase, summary):
                self.phases[phase] = PhaseRow(phase, Stage.DONE, summary)
            case TurnStarted():
                self._begin(event)
            case Proposed():
                self.proposed = event
            case ProgramStarted(_, path, _, limit):
                self.program, self.began, self.limit, self.printed = path, self.clock(), limit, ""
                self.usage = None
            case ProgramUsage():
                self.usage = event
            case ProgramFinished():
                self.program = ""
            case ReportCompiled(_, pages, problems):
                self.pages, self.problems = pages or self.pages, problems
            case TurnCommitted(turn, commit):
                self._commit(turn, commit)
            case Token(_, text):
                self.reply, self.thinking = self.reply + text, False
            case Thinking() | Restarted() if self.proposed:
                pass  # of a judge, about the reply that is carried out
            case Thinking():
                self.thinking = True
            case Restarted():
                self.reply, self.thinking = "", False
            case Waiting(_, reason, seconds):
                self._await(reason, seconds)
            case CallMade(_, _, cost):
                self.paid += cost
            case ProgramOutput(_, text):
                self.printed = next((line for line in reversed(text.splitlines()) if line.strip()), self.printed)
            case Scored() | Notice():
                pass

    def _await(self, reason: str, seconds: float) -> None:
        if seconds > 0:
            self.wait = Wait(reason, self.clock(), self.clock() + seconds)
        else:
            going_on = self.wait is not None and self.wait.until is None
            self.wait = Wait(reason, self.wait.since if self.wait and going_on else self.clock(), None)

    def _state(self, state: State, reason: str, cause: str) -> None:
        self.state, self.reason, self.cause = state, reason, cause
        if state is not State.RUNNING and (cause or state is not State.WAITING):
            self.asked, self.program, self.proposed, self.thinking = None, "", None, False

    def _enter(self, phase: Phase) -> None:
        if phase is not self.phase:
            self.progress = ""
        self.phase = phase
        for row in self.rows:
            # The refinement may send the work back: what comes after an entered phase is ahead again.
            if row.phase.number > phase.number and row.stage is not Stage.AHEAD:
                self.phases[row.phase] = replace(row, stage=Stage.AHEAD)
        self.phases[phase] = PhaseRow(phase, Stage.NOW, self.phases[phase].note)

    def _begin(self, event: TurnStarted) -> None:
        if self.phases[event.phase].stage is not Stage.NOW:
            self._enter(event.phase)
        self.phase, self.agent, self.task, self.progress = event.phase, event.agent, event.task, event.progress
        self.turn, self.model, self.asked = event.turn, event.model, self.clock()
        self.proposed, self.reply, self.thinking = None, "", False
        if event.progress:
            self.phases[event.phase] = replace(self.phases[event.phase], note=event.progress)

    def _commit(self, turn: Turn, commit: str) -> None:
        previous = self.best
        if turn.score and turn.score.metric:
            self._measure(turn.score)
        self._chart(turn)
        self.history.insert(0, row_of(turn, commit, previous))
        del self.history[MOST:]
        self.cost += turn.cost
        self.sunk, self.paid = self.sunk + beyond(self.paid, turn.cost), Cost()
        self.head, self.turn, self.phase = commit, turn.number, turn.phase
        self.turns = max(self.turns, turn.number)
        self.asked, self.proposed, self.thinking = None, None, False
        self.counts[turn.phase] += turn.agent is not Agent.LABTOP
        if not self.progress and self.counts[turn.phase]:
            count = self.counts[turn.phase]
            note = f"{count} turn{'s' if count != 1 else ''}"
            self.phases[turn.phase] = replace(self.phases[turn.phase], note=note)

    def _measure(self, score: Score) -> None:
        self.metric, self.higher_is_better = score.metric, score.higher_is_better
        if score.kept and score.value is not None:
            self.best = score.value

    def _chart(self, turn: Turn) -> None:
        points = self.candidates.get(turn.phase)
        if points is None or turn.agent in (Agent.RESEARCHER, Agent.LABTOP):
            return
        if score := turn.score:
            of = (turn.command, turn.reflection)
            points.append(Point(turn.number, score.value, score.judge, score.kept, False, *of))
        elif turn.status is Status.FAILED:
            points.append(Point(turn.number, None, 0.0, False, True, turn.command, turn.reflection or turn.outcome))
        if len(points) > MOST:  # what was the best for a time stays as long as anything does
            points.pop(next((place for place, point in enumerate(points) if not point.kept), 0))


def restored(turns: Iterable[tuple[str, Turn]], progress: Progress) -> Board:
    """A board as the project stands: (commit, turn) pairs, oldest first, and the project's own cursor and counters."""
    board = Board()
    for commit, turn in turns:
        board.apply(TurnCommitted(turn, commit))
    board.cost, board.turns, board.turn = progress.cost, progress.turn, progress.turn
    if not progress.finished:
        board.apply(PhaseStarted(progress.phase))
    for phase, words in progress.done.items():
        board.phases[phase] = PhaseRow(phase, Stage.DONE, words)
    board.state = State.FINISHED if progress.finished else State.PAUSED
    return board


def beyond(paid: Cost, committed: Cost) -> Cost:
    """What was paid for calls that are no part of any turn: attempts that were given up."""
    return Cost(
        max(0, paid.calls - committed.calls),
        max(0, paid.prompt_tokens - committed.prompt_tokens),
        max(0, paid.completion_tokens - committed.completion_tokens),
        max(0.0, paid.money - committed.money),
        cached_tokens=max(0, paid.cached_tokens - committed.cached_tokens),
    )
