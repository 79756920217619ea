"""What a face can order an engine to do: frozen values, each of which can be written as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, get_args

from core.gate import Verdict
from core.record import Phase
from core.settings import Copilot
from core.values import NotUnderstood, tagged_from_json


class Way(StrEnum):
    """How a history is travelled."""

    ROLLBACK = "rollback"
    UNDO = "undo"
    REDO = "redo"
    BRANCH = "branch"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class Go:
    """Run on until told otherwise."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold before the next turn."""

    reason: str = "paused by you"


@dataclass(frozen=True, slots=True)
class Step:
    """Make one turn, then hold."""


@dataclass(frozen=True, slots=True)
class StopAfter:
    """Run on, and hold when `phase` has its result."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class StopAt:
    """Hold once so much money in US dollars is spent, or at a time of day (`03:00`); both empty: at neither."""

    money: float | None = None
    clock: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The person's word on the proposal `key`, or without a key on whatever waits."""

    verdict: Verdict
    key: str = ""


@dataclass(frozen=True, slots=True)
class Autonomy:
    """How often the person is asked in `phase` from now on."""

    phase: Phase
    mode: Copilot


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Stop the reply that streams, and keep what came of it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to the agent about the proposal `key`, or whatever waits; it is no turn."""

    text: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Hold at once, in the middle of a turn, which is made anew later."""


@dataclass(frozen=True, slots=True)
class Travel:
    """Go elsewhere in the history and hold there: to turn or commit `rev`, or to the line of inquiry `name`.

    A roll-back needs `rev`, a branch `name` (and starts at `rev` or here), a switch `name`; undo and redo need neither.
    `reason` says why the run is held afterwards.
    """

    kind: Way
    rev: str = ""
    name: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Lend:
    """Stop, and let go of the project so that whoever orders this may change it; the next order takes it back."""


@dataclass(frozen=True, slots=True)
class TakeHelm:
    """Steer from here on; whoever steered until now only watches."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the engine: at once, or, with `after_turn`, when the turn in flight is committed."""

    after_turn: bool = False


Order = (
    Go
    | Pause
    | Step
    | StopAfter
    | StopAt
    | Answer
    | Autonomy
    | Interrupt
    | Ask
    | GiveUp
    | Travel
    | Lend
    | TakeHelm
    | Stop
)
_ORDERS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in get_args(Order)}
_VERDICTS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in get_args(Verdict)}


def order_json(order: Order) -> dict[str, Any]:
    """The order as a JSON object, its kind under `order`."""
    told = asdict(order)
    if isinstance(order, Answer):
        told["verdict"] |= {"verdict": type(order.verdict).__name__}
    return {"order": type(order).__name__, **told}


def order_from_json(told: object) -> Order:
    """The order that `order_json` told of; raises NotUnderstood for anything else, also for what no file can hold."""
    try:
        json.dumps(told, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise NotUnderstood("An order is JSON, and its text is text.") from error
    if isinstance(told, Mapping) and told.get("order") == Answer.__name__:
        key = told.get("key", "")
        if not {"order", "verdict"} <= set(told) <= {"order", "verdict", "key"} or not isinstance(key, str):
            raise NotUnderstood("Answer has a 'verdict', and a text as its 'key'.")
        return Answer(tagged_from_json(_VERDICTS, "verdict", told["verdict"]), key)
    order: Order = tagged_from_json(_ORDERS, "order", told)
    return order
