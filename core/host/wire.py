"""What goes over the socket: one JSON object a line, of limited length, from a peer whose user is known."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import EngineError
from core.events import Steered
from core.record import Cost
from core.values import NotUnderstood

PROTOCOL = 2
"""Raised with every change after which an older app or engine would misunderstand."""
LONGEST_ORDER = 2 * 2**20
"""Bytes of a line to the engine: a whole reply that a person has written fits."""
LONGEST_EVENT = 64 * 2**20
"""Bytes of a line to an app: a committed turn with all its text fits."""
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Hello:
    """The first line of an app: who it is, and whether it wants to steer."""

    protocol: int
    steer: bool = True


@dataclass(frozen=True, slots=True)
class Greeting:
    """The first line of an engine: where the project stands in the stream of events that follows.

    The history is to be read at `head`: what comes after that is in the stream, and nothing is told twice.
    """

    protocol: int
    project: str
    pid: int
    head: str
    steered: Steered
    steers: bool
    """Whether the app that is greeted steers."""
    watchers: int = 0
    """Other apps that are attached."""
    turn_seconds: float = 0.0
    """Since when the turn in flight is made."""
    program_seconds: float = 0.0
    """Since when its program runs."""
    paid: Cost = field(default_factory=Cost)
    """What its calls have cost so far."""
    runs: bool = True
    """Whether the laboratory is at work or held; False once it has ended."""


@dataclass(frozen=True, slots=True)
class Helm:
    """Who steers has changed, as the app that hears it is concerned."""

    steers: bool
    watchers: int
    """Other apps that are attached."""


@dataclass(frozen=True, slots=True)
class Done:
    """An order was obeyed: in words, and where the project stands then."""

    answer: int
    words: str = ""
    head: str = ""
    cuts: bool = False
    """Whether what was told before is of a history that is not the current one any more."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An order was not obeyed, and why."""

    answer: int
    title: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Bye:
    """The engine lets go of the app: `stopped` (it ends), `lag` (the app was too slow), or why it was refused."""

    why: str
    words: str = ""


def packed(told: Mapping[str, Any]) -> bytes:
    """One line; whatever the text holds, it is one line of ASCII."""
    return json.dumps(told).encode("ascii") + b"\n"


def unpacked(line: bytes) -> dict[str, Any]:
    """The object in a line; raises NotUnderstood."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise NotUnderstood("A line is no JSON.") from error
    if not isinstance(told, dict):
        raise NotUnderstood("A line is no JSON object.")
    return told


def peer(connection: Any) -> tuple[int, int]:
    """The process and the user at the other end, as the kernel knows them; raises EngineError where it cannot tell."""
    try:
        told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except (AttributeError, OSError) as error:
        raise EngineError("This system does not tell who is at the other end of a socket.") from error
    pid, uid, _ = _CREDENTIALS.unpack(told)
    return pid, uid
