"""A model on any server that speaks OpenAI's chat completions: one `stream` is one answer to one prompt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from core.errors import ModelError
from core.models import faults
from core.models.faults import Broken, Empty, Rejected
from core.models.form import Form
from core.models.model import FREE, Price, PromptTooLong, Request, Thought, Unavailable, Usage
from core.models.named import Named
from core.models.reading import Reading
from core.models.secret import Secret, quoted
from core.models.tokens import Tokens
from core.models.window import OLLAMA, about

if TYPE_CHECKING:
    from core.models.wire import Wire

Key = str | None | Callable[[], str | None]
"""A key, or what looks it up when the first call is made."""
READY_SECONDS = 15.0
"""How long a server is asked what it is."""


class Server:
    """The named model on its server. It learns while it works: the window, what the server does not take, the tokens.

    A request that the server refuses for a part of its form is sent once more without that part; nothing else is
    asked twice here.
    """

    def __init__(self, named: Named, key: Key = None) -> None:
        self.named = named
        self._look_up: Callable[[], str | None] = key if callable(key) else lambda: None
        self._secret = Secret(key) if isinstance(key, str) and key else None
        self._form = Form(named)
        self._tokens = Tokens()
        self._window = named.window
        self._asked = False
        self._worked = False
        self._price: list[Price | None] = []
        self._wire: Wire | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def name(self) -> str:
        return self.named.name

    @property
    def window(self) -> int:
        return self._window

    @property
    def most_tokens(self) -> int:
        return self._form.most_tokens

    @property
    def price(self) -> Price | None:
        if self.named.price:
            return self.named.price
        if self.named.free:
            return FREE
        if not self._price:
            from core.models.prices import price_of

            self._price.append(price_of(self.named.model, self.named.base_url))
        return self._price[0]

    async def stream(self, request: Request) -> AsyncIterator[str | Thought | Usage]:
        """Yield reply and thoughts piece by piece, then one Usage; raises ModelError, with what was spent when it can.

        A Usage before an error is what that answer used.
        """
        deadline = asyncio.get_running_loop().time() + self.named.deadline_seconds
        events = await self._begin(request, deadline)
        reading = Reading(self._secret, self.most_tokens)
        problem: Exception | None = None
        async with aclosing(events):
            while not reading.cut:
                try:
                    async with asyncio.timeout_at(deadline):
                        event = await anext(events)
                    pieces = reading.take(event)
                except StopAsyncIteration:
                    break
                except (Broken, Rejected) as error:
                    problem = error
                    break
                except TimeoutError:
                    problem = Broken(f"no end of the reply in {self.named.deadline_seconds:.0f} s", sent=True)
                    break
                for piece in pieces:
                    yield piece
        for piece in reading.rest():
            yield piece
        usage = self._tokens.usage(self._form.prompt_characters(request), reading)
        wrong = self._interrupted(problem, usage) if problem else self._what_is_wrong(request, reading, usage)
        if not isinstance(wrong, Unavailable):
            yield usage
        if wrong:
            raise wrong
        self._worked = True

    async def ready(self) -> None:
        """Ask the server once what it is and can hold; one that is away is asked again by the next `ready`.

        Best awaited before a prompt is written for it, which may be no longer than its window. Raises ModelError or
        SettingsError for a key that is not there.
        """
        if self._asked:
            return
        wire = await self._connected()
        try:
            async with asyncio.timeout(READY_SECONDS):
                told = await about(wire.get, self.named)
        except (Broken, TimeoutError):
            return
        self._window = self._window or told.window
        self._asked = self._window > 0 or told.owner != OLLAMA  # which knows only once it has loaded the model
        self._form.owner = told.owner

    async def _begin(self, request: Request, deadline: float) -> AsyncGenerator[Any]:
        """Send the request, in a form that the server takes."""
        wire = await self._connected()
        while True:
            estimated = self._tokens.of(self._form.prompt_characters(request))
            body = self._form.body(request, estimated, self._window)
            problem: Exception
            try:
                async with asyncio.timeout_at(deadline):
                    return await wire.complete(body)
            except Rejected as rejected:
                if self._form.adapted(rejected, body):
                    continue
                problem = faults.meaning(rejected, self.named, self._secret, worked=self._worked)
            except Broken as broken:
                spent = Usage(estimated, 0, estimated=True) if broken.sent else None
                problem = Unavailable(faults.unreachable(broken, self.named), spent=spent)
            except TimeoutError:
                words = f"{self.name} has not begun to answer in {self.named.deadline_seconds:.0f} s"
                problem = Unavailable(words, spent=Usage(estimated, 0, estimated=True))
            if isinstance(problem, PromptTooLong) and problem.window:
                self._window = problem.window
            raise problem

    def _interrupted(self, problem: Exception, usage: Usage) -> ModelError:
        """A reply that broke off, as an error that says what it used."""
        if isinstance(problem, Broken):
            return Unavailable(f"The reply broke off. {faults.unreachable(problem, self.named)}", spent=usage)
        assert isinstance(problem, Rejected)
        error = faults.meaning(problem, self.named, self._secret, worked=True)
        if isinstance(error, Unavailable):
            error.spent = usage
        return error

    def _what_is_wrong(self, request: Request, reading: Reading, usage: Usage) -> ModelError | None:
        """Why a reply that came to its end is none, if it is none."""
        who = self.name
        if reading.finish is None and not reading.pieces:
            return Empty(f"{who} has sent no reply at all.", spent=usage)
        if reading.finish is None:
            return Unavailable(f"The reply of {who} broke off before its end.", spent=usage)
        if reading.refusal or reading.finish == "content_filter":
            return faults.declined(self.named, quoted(reading.refusal or "stopped by its content filter", self._secret))
        cuts = self._form.owner in ("", OLLAMA)
        if cuts and self._tokens.truncated(self._form.prompt_characters(request), usage):
            self._window = usage.prompt_tokens
            return PromptTooLong(
                f"{who} has read only the last {usage.prompt_tokens} tokens of the prompt.", self._window
            )
        if not reading.said:
            thinking = f": all of its {self.most_tokens} tokens went into thoughts" if reading.thought else ""
            return Empty(f"The reply of {who} is empty{thinking}.", spent=usage)
        return None

    async def _connected(self) -> Wire:
        """The client, which belongs to one event loop; made in a thread, since that takes a second."""
        loop = asyncio.get_running_loop()
        if self._wire is None or self._loop is not loop:
            self._wire, self._loop = await asyncio.to_thread(self._connect), loop
        return self._wire

    def _connect(self) -> Wire:
        from core.models.wire import Wire

        if self._secret is None:
            key = self._look_up()
            self._secret = Secret(key) if key else None
        if self._secret is None and self.named.key_env:
            raise faults.no_key(self.named)
        return Wire(self.named, self._secret)
