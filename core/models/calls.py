"""One reply from a model, come what may: paid from the budget, waited for in view, gone on with when it was cut."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from core.errors import ModelError
from core.gate import PersonNeeded
from core.models.faults import Empty
from core.models.joining import is_in_a_loop, joined, repeats_itself
from core.models.model import Model, Request, Thought, Unavailable, Usage
from core.models.secret import hidden
from core.models.tokens import CHARACTERS
from core.threads import to_the_end

LONGEST_REPLY = 400_000
"""Characters of a whole reply; what comes after is not read."""
INTERRUPTED = "The researcher stopped the reply here."
"""The note on a reply that is what had arrived by then."""
LOOPED = "The reply was stopped: it repeats itself."
"""The note on a reply that said the same again and again."""
_LOOKED = 1000
"""Characters after which it is looked at once more whether a reply is in a loop."""


@dataclass(frozen=True, slots=True)
class Delay:
    """The server cannot answer now; it is asked again in `seconds`."""

    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Again:
    """What was heard of this reply is void: it is asked for anew, and heard from its beginning."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply. `usage`, `calls` and `money` (US dollars) count every call it took; `note` says if it is cut."""

    text: str
    usage: Usage
    calls: int
    money: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a reply is waited for, in seconds, and how often it is asked for again."""

    total: float = 24 * 3600.0
    """From the first failure on."""
    first: float = 1.0
    longest: float = 60.0
    """The first wait and the longest; each is about twice the one before."""
    asked: float = 900.0
    """The longest wait that a server can ask for."""
    broken: int = 5
    """Replies in a row that break off; each is paid."""
    empty: int = 2
    continued: int = 2
    """How often a reply is gone on with that was cut at its limit."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random


class Booked(Protocol):
    """A promised call, and how many seconds it may take."""

    @property
    def seconds(self) -> float: ...


class Meter(Protocol):
    """What pays for a call. Both methods write to the disk and are called in a thread."""

    def reserve(self, model: Model, request: Request) -> Booked:
        """Promise the worst case of a call; raises PersonNeeded when the budget does not allow it."""
        ...

    def settle(self, booked: Any, usage: Usage | None, seconds: float) -> float:
        """Count what a call has used, None when the server did not take it up; returns the dollars."""
        ...


Hear = Callable[[str | Thought | Delay | Again], None]


async def call(
    model: Model,
    request: Request,
    meter: Meter,
    hear: Hear,
    *,
    patience: Patience | None = None,
    stop: asyncio.Event | None = None,
) -> Reply:
    """Get a whole reply, telling `hear` its pieces and its waits as they come; can be cancelled at any point.

    Once `stop` is set the reply is what had come by then, paid at its worst, with INTERRUPTED as its note. Raises
    PromptTooLong, PersonNeeded when the budget does not allow the call, and ModelError when there is no usable reply:
    declined, the key refused, or no answer for as long as `patience` lasts.
    """
    return await _Call(model, meter, hear, patience or Patience(), stop or asyncio.Event()).whole(request)


class _Call:
    """The calls that one reply takes."""

    def __init__(self, model: Model, meter: Meter, hear: Hear, patience: Patience, stop: asyncio.Event) -> None:
        self._model = model
        self._meter = meter
        self._hear = hear
        self._patience = patience
        self._stop = stop
        self._pieces: list[str] = []
        self._usages: list[Usage] = []
        self._money = 0.0
        self._heard = False

    async def whole(self, request: Request) -> Reply:
        text, usage = await self._unless_stopped(request)
        note = ""
        for turn in range(self._patience.continued + 1):
            if usage.finish != "length":
                break
            note = self._why_cut(text, turn)
            if note:
                break
            try:
                more, usage = await self._unless_stopped(replace(request, begun=text))
            except (ModelError, PersonNeeded) as error:  # what is there is paid for, and better than nothing
                note = f"The reply was cut at its limit and could not be gone on with: {error.message}"
                break
            text = joined(text, more)
        note = {_STOPPED: INTERRUPTED, _IN_A_LOOP: LOOPED}.get(usage.finish, note)
        return Reply(hidden(text), self._summed(usage.finish), len(self._usages), self._money, note)

    def _why_cut(self, text: str, turn: int) -> str:
        limit = f"The reply was cut at its limit of {self._model.most_tokens} tokens"
        if repeats_itself(text):
            return f"{limit}: it repeats itself."
        if len(text) >= LONGEST_REPLY:
            return f"The reply was cut at {LONGEST_REPLY} characters."
        return f"{limit}, {turn + 1} times." if turn == self._patience.continued else ""

    async def _unless_stopped(self, request: Request) -> tuple[str, Usage]:
        """One answer, or what had come of it when the person stopped it."""
        part = asyncio.ensure_future(self._part(request))
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({part, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            part.cancel()
            await asyncio.wait({part})  # what it has used is counted before anything else happens
        if part.cancelled():
            return "".join(self._pieces), Usage(0, 0, estimated=True, finish=_STOPPED)
        return part.result()

    async def _part(self, request: Request) -> tuple[str, Usage]:
        """One answer, however often it has to be asked for."""
        waits = _Waits(self._patience)
        while True:
            self._heard = False
            try:
                return await self._attempt(request)
            except Unavailable as error:
                problem = error
            delay = waits.next(problem)
            self._hear(delay)
            self._pieces = []
            await self._patience.sleep(delay.seconds)
            if self._heard:
                self._hear(Again(problem.message))
                if request.begun:
                    self._hear(request.begun)

    async def _attempt(self, request: Request) -> tuple[str, Usage]:
        """One call to the model, paid whatever comes of it."""
        booked = await self._reserved(request)
        began = self._patience.clock()
        pieces = self._pieces = []
        spent: Usage | None = None
        try:
            async with asyncio.timeout(booked.seconds):
                spent = await self._stream(request, pieces)
        except TimeoutError as error:
            spent = _guess(request, pieces)
            minutes = f"{booked.seconds / 60:.0f} minutes"
            raise Unavailable(f"{self._model.name} took more than {minutes} for a reply.", spent=spent) from error
        except Unavailable as error:
            spent = error.spent
            raise
        except _Refused as refused:
            spent = refused.usage
            raise refused.error from refused
        except asyncio.CancelledError:
            spent = _guess(request, pieces)
            raise
        finally:
            if spent is None and pieces:
                spent = _guess(request, pieces)
            if spent:
                self._usages.append(spent)
            seconds = self._patience.clock() - began
            self._money += await to_the_end(self._meter.settle, booked, spent, seconds)
        return "".join(pieces), spent

    async def _stream(self, request: Request, pieces: list[str]) -> Usage:
        usage: Usage | None = None
        size = 0
        answer = cast("AsyncGenerator[str | Thought | Usage]", self._model.stream(request))
        async with aclosing(answer):
            try:
                async for piece in answer:
                    if isinstance(piece, Usage):
                        usage = piece
                        continue
                    self._heard = True
                    self._hear(piece)
                    if isinstance(piece, str):
                        pieces.append(piece)
                        size += len(piece)
                        if end := _early_end(pieces, size):
                            return replace(_guess(request, pieces), finish=end)
            except Unavailable:
                raise
            except ModelError as error:
                raise _Refused(error, usage) from error
        return usage or _guess(request, pieces)

    async def _reserved(self, request: Request) -> Booked:
        """The promise of the call; one that is cancelled while it is made is taken back."""
        task = asyncio.ensure_future(asyncio.to_thread(self._meter.reserve, self._model, request))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            while not task.done():
                await asyncio.wait({task})
            if not task.exception():
                await to_the_end(self._meter.settle, task.result(), None, 0.0)
            raise

    def _summed(self, finish: str) -> Usage:
        return Usage(
            sum(usage.prompt_tokens for usage in self._usages),
            sum(usage.completion_tokens for usage in self._usages),
            sum(usage.cached_tokens for usage in self._usages),
            sum(usage.reasoning_tokens for usage in self._usages),
            any(usage.estimated for usage in self._usages),
            finish,
        )


_STOPPED, _IN_A_LOOP = "stopped", "loop"


class _Refused(Exception):
    """A model's error for good, and what the answer used all the same."""

    def __init__(self, error: ModelError, usage: Usage | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.usage = usage


class _Waits:
    """How long to wait after each failure of one answer, and when to give up."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._since: float | None = None
        self._failures = 0
        self._broken = 0
        self._empty = 0

    def next(self, error: Unavailable) -> Delay:
        """The wait after this failure; raises ModelError when there were enough."""
        patience = self._patience
        now = patience.clock()
        self._since = now if self._since is None else self._since
        self._failures += 1
        if isinstance(error, Empty):
            self._empty += 1
        elif error.spent and error.spent.completion_tokens:
            self._broken += 1
        if self._empty > patience.empty or self._broken > patience.broken:
            raise ModelError(
                f"{error.message} That was so {self._failures} times in a row.",
                "Nothing was done with it. Run on to ask again, or use another model.",
            )
        seconds, told = self._seconds(error.retry_after)
        if now - self._since + seconds > patience.total:
            hours = f"{patience.total / 3600:.3g} hours"
            raise ModelError(f"{error.message} It was asked again for {hours}.", "Nothing is lost; run on to go on.")
        return Delay(f"{error.message}{told}", seconds)

    def _seconds(self, asked: float | None) -> tuple[float, str]:
        patience = self._patience
        if asked is None:
            full = min(patience.longest, patience.first * 2.0 ** min(self._failures - 1, 30))
            return full * (0.5 + 0.5 * patience.jitter()), ""
        if asked > patience.asked:
            return patience.asked, f" It asks for {asked / 3600:.3g} hours, and is asked again sooner."
        least = patience.first if self._failures > 1 else 0.0
        return max(asked, least), ""


def _early_end(pieces: list[str], size: int) -> str:
    """How a reply ends that is not heard to its end, too long or in a loop; empty when it goes on."""
    if size > LONGEST_REPLY:
        return "length"
    looked_at = size // _LOOKED > (size - len(pieces[-1])) // _LOOKED
    return _IN_A_LOOP if looked_at and is_in_a_loop("".join(pieces)) else ""


def _guess(request: Request, pieces: list[str]) -> Usage:
    """What a call used that did not live to say so: the prompt, and what came of the reply."""
    prompt = len(request.system) + len(request.user) + len(request.begun)
    reply = sum(map(len, pieces))
    return Usage(math.ceil(prompt / CHARACTERS), math.ceil(reply / CHARACTERS), estimated=True)
