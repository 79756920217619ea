"""What a newcomer has to be told: where the run stands, and the turn in flight, gathered from the events."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from core.events import (
    CallMade,
    Event,
    Notice,
    PhaseStarted,
    ProgramFinished,
    ProgramOutput,
    ProgramStarted,
    ProgramUsage,
    Proposed,
    Restarted,
    RunStarted,
    State,
    StateChanged,
    Steered,
    Thinking,
    Token,
    TurnCommitted,
    TurnStarted,
    Waiting,
)
from core.record import Cost

LONGEST = 400_000
"""Characters kept of one stretch of text; of a longer one the end is kept."""
REMEMBERED_NOTICES = 20
_CUT = "[… what was printed before is left out …]\n"


class Standing:
    """Takes every event in; `events` is what brings a newcomer's board to the same state."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started: RunStarted | None = None
        self._phase: PhaseStarted | None = None
        self._state: StateChanged | None = None
        self._notices: deque[Notice] = deque(maxlen=REMEMBERED_NOTICES)
        self._turn: list[Event] = []
        self._turn_began: float | None = None
        self._program_began: float | None = None
        self.head = ""
        self.paid = Cost()
        """What the calls of the turn in flight have cost."""

    @property
    def turn_seconds(self) -> float:
        """Since when the turn in flight is made; 0 when none is."""
        return self._clock() - self._turn_began if self._turn_began is not None else 0.0

    @property
    def program_seconds(self) -> float:
        """Since when its program runs; 0 when none does."""
        return self._clock() - self._program_began if self._program_began is not None else 0.0

    @property
    def state(self) -> State | None:
        """What the run is doing, as it was told last."""
        return self._state.state if self._state else None

    @property
    def in_flight(self) -> bool:
        """Whether a turn is being made."""
        return self._turn_began is not None

    def take(self, event: Event) -> None:
        """Take in what the engine has said."""
        match event:
            case RunStarted():
                self._started, self.head, self._phase = event, event.head, None
                self._forget_turn()
            case PhaseStarted():
                self._phase = event
            case StateChanged(state, _, cause):
                self._state = event
                if state is not State.RUNNING and (cause or state is not State.WAITING):
                    self._forget_turn()
            case TurnCommitted(turn, commit):
                self.head = commit
                if self._started:
                    self._started = replace(self._started, head=commit, turns=turn.number)
                self._forget_turn()
            case Notice():
                self._notices.append(event)
            case Steered() | ProgramUsage():
                pass  # told in the greeting; told anew within a second
            case _:
                self._add(event)

    def events(self) -> list[Event]:
        """What was said of where the run stands, the turn in flight with its text joined."""
        said = [self._started, *self._notices, self._phase, *self._turn, self._state]
        return [event for event in said if event is not None]

    def _add(self, event: Event) -> None:
        match event:
            case TurnStarted():
                self._forget_turn()
                self._turn_began = self._clock()
            case ProgramStarted():
                self._program_began = self._clock()
            case ProgramFinished():
                self._program_began = None
            case CallMade(_, _, cost):
                self.paid += cost
            case Restarted() if not any(isinstance(one, Proposed) for one in self._turn):
                self._turn = [one for one in self._turn if not isinstance(one, Token | Thinking | Waiting | Restarted)]
        last = self._turn[-1] if self._turn else None
        if joined := last and _joined(last, event):
            self._turn[-1] = joined
        else:
            self._turn.append(event)

    def _forget_turn(self) -> None:
        self._turn, self._turn_began, self._program_began, self.paid = [], None, None, Cost()


def joined(events: list[Event]) -> list[Event]:
    """The same with neighbouring pieces of text in one."""
    told: list[Event] = []
    for event in events:
        both = _joined(told[-1], event) if told else None
        if both:
            told[-1] = both
        else:
            told.append(event)
    return told


def _joined(before: Event, event: Event) -> Event | None:
    """Two neighbours as one event; None where they stay two."""
    match before, event:
        case (Token(turn, text), Token(same, more)) if turn == same:
            return Token(turn, _end_of(text + more))
        case (Thinking(turn, text), Thinking(same, more)) if turn == same:
            return Thinking(turn, _end_of(text + more))
        case (ProgramOutput(turn, text), ProgramOutput(same, more)) if turn == same:
            return ProgramOutput(turn, _end_of(text + more))
        case Waiting(), Waiting():
            return event
        case _:
            return None


def _end_of(text: str) -> str:
    return text if len(text) <= LONGEST else _CUT + text[-LONGEST // 2 :]
