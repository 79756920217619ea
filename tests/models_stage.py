"""What the tests of real models share: a request, a named model of a local server, a meter that keeps its book."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from core.brief import Brief, Job
from core.errors import LabError
from core.models.model import Model, Request, Thought, Usage
from core.models.named import Named
from core.models.server import Server
from core.record import Agent, Phase
from tests.servers.chat import ChatServer

KEY = "sk-test-4b1d9c2e7f60a8d35c"
BRIEF = Brief(agent=Agent.PHD_STUDENT, phase=Phase.PLAN, job=Job.TALK, question="Do trees win?", seed=0)
SAID = "Let me think about it. " * 12


def request(user: str = "Go on.", **more: Any) -> Request:
    """Ask a plain question."""
    return Request("You are a PhD student.", user, BRIEF, **more)


def named(server: ChatServer, **more: Any) -> Named:
    """Name the model of a server; it is quick to lose patience."""
    quick = {"connect_seconds": 1.0, "read_seconds": 5.0, "deadline_seconds": 20.0, "free": True}
    return Named("tested", server.model, server.url, **(quick | more))


def client(server: ChatServer, key: str | None = None, **more: Any) -> Server:
    """Make a client of a server."""
    return Server(named(server, **more), key)


@dataclass
class Heard:
    """What came of one stream."""

    text: str = ""
    thoughts: str = ""
    usage: Usage | None = None
    error: LabError | None = None


async def heard(model: Model, asked: Request | None = None) -> Heard:
    """Listen to one stream to its end, or to its error."""
    found = Heard()
    try:
        async with aclosing(model.stream(asked or request())) as stream:  # type: ignore[type-var]
            async for piece in stream:
                if isinstance(piece, Usage):
                    found.usage = piece
                elif isinstance(piece, Thought):
                    found.thoughts += piece.text
                else:
                    found.text += piece
    except LabError as error:
        found.error = error
    return found


@dataclass(frozen=True)
class Promise:
    """A promised call."""

    seconds: float = 60.0


@dataclass
class Book:
    """A meter that keeps its book: what was promised, and what was settled. A token costs a dollar."""

    promised: list[Request] = field(default_factory=list)
    settled: list[Usage | None] = field(default_factory=list)
    seconds: float = 60.0

    def reserve(self, model: Model, asked: Request) -> Promise:
        self.promised.append(asked)
        return Promise(self.seconds)

    def settle(self, booked: Promise, usage: Usage | None, seconds: float) -> float:
        self.settled.append(usage)
        return float(usage.prompt_tokens + usage.completion_tokens) if usage else 0.0


def everything_said(error: BaseException) -> str:
    """All that an exception and those behind it say, their attributes included."""
    said: list[str] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        said += [str(one), repr(one), repr(getattr(one, "__dict__", "")), *getattr(one, "__notes__", [])]
        waiting += [one.__cause__, one.__context__]
    return "\n".join(said)
