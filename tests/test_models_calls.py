"""One whole reply, come what may: paid, waited for in view, gone on with."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.budget import OverBudget
from core.errors import ModelError
from core.models.calls import LONGEST_REPLY, LOOPED, Again, Delay, Patience, Reply, call
from core.models.joining import is_in_a_loop, joined, repeats_itself
from core.models.model import FREE, Model, Price, PromptTooLong, Request, Thought, Unavailable, Usage
from tests.models_stage import SAID, Book, Promise, client, request
from tests.servers import faults
from tests.servers.chat import ChatServer


@dataclass
class Clock:
    """A clock that goes on only when somebody waits, without waiting."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def patience(self, **more: Any) -> Patience:
        return replace(Patience(sleep=self.sleep, clock=lambda: self.now, jitter=lambda: 1.0), **more)


class Ear:
    """Hears a reply as a face does: what is void is dropped."""

    def __init__(self) -> None:
        self.shown = ""
        self.thoughts = ""
        self.delays: list[Delay] = []
        self.restarts: list[Again] = []

    def __call__(self, heard: str | Thought | Delay | Again) -> None:
        match heard:
            case str():
                self.shown += heard
            case Thought(text):
                self.thoughts += text
            case Delay():
                self.delays.append(heard)
            case Again():
                self.shown = ""
                self.restarts.append(heard)


class Scripted:
    """A model that plays what it is told: each call a list of pieces and errors."""

    name = "scripted"
    window = 0
    most_tokens = 100
    price: Price | None = FREE

    def __init__(self, *calls: list[object] | Callable[[Request], list[object]]) -> None:
        self._calls = list(calls)
        self.asked: list[Request] = []

    async def stream(self, asked: Request) -> AsyncIterator[str | Thought | Usage]:
        self.asked.append(asked)
        script = self._calls.pop(0)
        for piece in script(asked) if callable(script) else script:
            await asyncio.sleep(0)
            if isinstance(piece, Exception):
                raise piece
            yield piece  # type: ignore[misc]


STOP = Usage(10, 5)
CUT = Usage(10, 100, finish="length")


async def reply_of(
    model: Model, *, book: Book | None = None, ear: Ear | None = None, clock: Clock | None = None, **more: Any
) -> Reply:
    clock = clock or Clock()
    return await call(model, request(), book or Book(), ear or Ear(), patience=clock.patience(**more))


async def test_a_reply_is_promised_heard_and_settled() -> None:
    book, ear = Book(), Ear()
    async with ChatServer(lambda _: SAID) as server:
        reply = await reply_of(client(server), book=book, ear=ear)
    assert (reply.text, ear.shown, reply.calls, reply.note) == (SAID, SAID, 1, "")
    assert book.settled == [reply.usage]
    assert reply.money == reply.usage.prompt_tokens + reply.usage.completion_tokens


async def test_what_the_budget_does_not_allow_is_never_sent() -> None:
    class Empty(Book):
        def reserve(self, model: Model, asked: Request) -> Promise:
            raise OverBudget("The budget of $1 might be passed.")

    async with ChatServer(lambda _: SAID) as server:
        with pytest.raises(OverBudget):
            await reply_of(client(server), book=Empty())
        assert server.requests == []


async def test_the_meter_works_in_a_thread() -> None:
    threads = set()

    class Slow(Book):
        def reserve(self, model: Model, asked: Request) -> Promise:
            threads.add(threading.get_ident())
            return super().reserve(model, asked)

        def settle(self, booked: Promise, usage: Usage | None, seconds: float) -> float:
            threads.add(threading.get_ident())
            return super().settle(booked, usage, seconds)

    await reply_of(Scripted(["yes", STOP]), book=Slow())
    assert threading.get_ident() not in threads


async def test_a_wait_that_the_server_asks_for_is_kept_and_shown() -> None:
    clock, ear, book = Clock(), Ear(), Book()
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.rate_limited("7"))
        reply = await reply_of(client(server), clock=clock, ear=ear, book=book)
    assert reply.text == SAID
    assert clock.waits == [7.0]
    assert "asked too often (429)" in ear.delays[0].reason
    assert ear.restarts == []
    assert book.settled == [None, reply.usage]
    assert reply.calls == 1


async def test_an_absurd_wait_is_capped_and_told() -> None:
    clock, ear = Clock(), Ear()
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.rate_limited("86400"))
        await reply_of(client(server), clock=clock, ear=ear)
    assert clock.waits == [900.0]
    assert "asks for 24 hours" in ear.delays[0].reason


async def test_a_server_that_always_says_at_once_is_not_hammered() -> None:
    clock = Clock()
    busy: list[list[object]] = [[Unavailable("busy", 0.0)] for _ in range(4)]
    await reply_of(Scripted(*busy, ["yes", STOP]), clock=clock)
    assert clock.waits == [0.0, 1.0, 1.0, 1.0]


async def test_waits_grow_to_a_minute() -> None:
    clock = Clock()
    away: list[list[object]] = [[Unavailable("away")] for _ in range(9)]
    await reply_of(Scripted(*away, ["yes", STOP]), clock=clock)
    assert clock.waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_waits_of_many_who_failed_together_are_spread() -> None:
    clock = Clock()
    away: list[list[object]] = [[Unavailable("away")] for _ in range(3)]
    await reply_of(Scripted(*away, ["yes", STOP]), clock=clock, jitter=lambda: 0.0)
    assert clock.waits == [0.5, 1, 2]


async def test_a_server_that_is_down_for_an_hour_is_waited_for_in_view() -> None:
    clock, ear, book = Clock(), Ear(), Book()
    async with ChatServer(lambda _: SAID) as server:
        server.go_down()

        async def sleep(seconds: float) -> None:
            await clock.sleep(seconds)
            if clock.now > 3600 and server._listener is None:
                server.come_back()

        reply = await reply_of(client(server), clock=clock, ear=ear, book=book, sleep=sleep)
    assert reply.text == SAID
    assert 3600 < clock.now < 3700
    assert max(clock.waits) == 60
    assert all("Connection refused" in delay.reason for delay in ear.delays)
    assert len(ear.delays) == len(clock.waits)
    assert reply.calls == 1
    assert set(book.settled[:-1]) == {None}


async def test_after_a_day_it_is_given_up_with_the_reason() -> None:
    clock = Clock()
    async with ChatServer(lambda _: SAID) as server:
        server.go_down()
        with pytest.raises(ModelError, match=r"Connection refused.* 24 hours") as caught:
            await reply_of(client(server), clock=clock, longest=7200.0)
    assert not isinstance(caught.value, Unavailable)
    assert clock.now <= 24 * 3600


async def test_a_wait_is_cancelled_at_once() -> None:
    ear, book = Ear(), Book()
    async with ChatServer(lambda _: SAID) as server:
        server.go_down()
        task = asyncio.ensure_future(call(client(server), request(), book, ear, patience=Patience(first=1000)))
        while not ear.delays:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 1)
    assert book.settled == [None]


async def test_what_was_shown_of_a_broken_reply_is_void_and_it_is_paid() -> None:
    ear, book = Ear(), Book()
    async with ChatServer(lambda _: SAID) as server:
        server.faults += [faults.cut(3), faults.broken(503), faults.stalled(4)]
        reply = await reply_of(client(server, read_seconds=0.3), ear=ear, book=book)
    assert (reply.text, ear.shown, reply.calls) == (SAID, SAID, 3)
    assert len(ear.restarts) == 2
    assert [usage is None for usage in book.settled] == [False, True, False, False]
    assert reply.usage.estimated
    assert reply.money == sum(usage.prompt_tokens + usage.completion_tokens for usage in book.settled if usage)


async def test_a_reply_that_always_breaks_off_is_given_up_before_it_ruins() -> None:
    book = Book()
    async with ChatServer(lambda _: SAID) as server:
        server.faults += [faults.cut(3)] * 9
        with pytest.raises(ModelError, match="6 times in a row"):
            await reply_of(client(server), book=book)
    assert len(book.settled) == 6


async def test_an_empty_reply_is_asked_for_again_twice() -> None:
    async with ChatServer(lambda _: SAID) as server:
        server.faults += [faults.empty()] * 2
        reply = await reply_of(client(server))
        assert (reply.text, reply.calls) == (SAID, 3)
        server.faults += [faults.empty()] * 3
        with pytest.raises(ModelError, match=r"is empty.* 3 times in a row"):
            await reply_of(client(server))


@pytest.mark.parametrize(
    "fault", [faults.declined(), faults.unauthorised(), faults.no_such_model(), faults.out_of_money()]
)
async def test_what_waiting_does_not_help_goes_up_at_once(fault: faults.Fault) -> None:
    clock = Clock()
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(fault)
        with pytest.raises(ModelError):
            await reply_of(client(server), clock=clock)
    assert clock.waits == []


async def test_a_refusal_is_paid_though_it_goes_up() -> None:
    book = Book()
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.declined())
        with pytest.raises(ModelError):
            await reply_of(client(server), book=book)
    assert book.settled[0]


async def test_a_prompt_that_is_too_long_goes_up_with_the_window_and_costs_nothing() -> None:
    book = Book()
    async with ChatServer(lambda _: SAID, window=300) as server:
        with pytest.raises(PromptTooLong) as caught:
            await reply_of(client(server), book=book)
    assert caught.value.window == 300
    assert book.settled == [None]


async def test_a_reply_that_is_cut_is_gone_on_with_and_counted_in_all() -> None:
    ear, book = Ear(), Book()
    async with ChatServer(lambda _: SAID) as server:
        server.faults += [faults.cut_at_length(100), faults.cut_at_length(80)]
        reply = await reply_of(client(server), ear=ear, book=book)
    assert (reply.text, ear.shown, reply.calls, reply.note) == (SAID, SAID, 3, "")
    assert reply.usage.finish == "stop"
    assert len(book.promised) == 3
    assert book.promised[1].begun == SAID[:100]


async def test_what_was_said_before_is_shown_again_when_going_on_breaks_off() -> None:
    ear = Ear()
    async with ChatServer(lambda _: SAID) as server:
        server.faults += [faults.cut_at_length(100), faults.cut(3)]
        reply = await reply_of(client(server), ear=ear)
    assert len(ear.restarts) == 1
    assert (reply.text, ear.shown) == (SAID, SAID)


async def test_a_reply_that_never_ends_is_cut_with_a_note() -> None:
    calls = [[f"part {number}. ", CUT] for number in range(3)]
    reply = await reply_of(Scripted(*calls))
    assert reply.text == "part 0. part 1. part 2. "
    assert reply.note == "The reply was cut at its limit of 100 tokens, 3 times."
    assert reply.usage.finish == "length"


async def test_a_reply_that_goes_round_in_circles_is_not_gone_on_with() -> None:
    reply = await reply_of(Scripted(["The model is good because it is good. " * 40, CUT]))
    assert reply.calls == 1
    assert "repeats itself" in reply.note


async def test_a_reply_in_a_loop_is_stopped_before_its_limit_and_paid() -> None:
    line = "- The set has 1797 rows and 64 columns of pixels.\n"
    book, ear = Book(), Ear()
    reply = await reply_of(Scripted([f"```PLAN\n{line}", *[line] * 400, Usage(10, 9000)]), book=book, ear=ear)
    assert reply.note == LOOPED
    assert reply.text == ear.shown
    assert 8 * 200 <= len(reply.text) < 4000
    assert reply.usage.estimated
    assert book.settled == [reply.usage]


@pytest.mark.parametrize(
    "error", [PromptTooLong("too long", 500), ModelError("declined"), OverBudget("The budget might be passed.")]
)
async def test_what_is_there_of_a_reply_is_kept_when_it_cannot_be_gone_on_with(error: Exception) -> None:
    reply = await reply_of(Scripted(["the beginning", CUT], [error]))
    assert reply.text == "the beginning"
    assert str(error).split(" Set")[0] in reply.note


async def test_a_budget_that_does_not_let_it_go_on_keeps_what_is_there() -> None:
    class Once(Book):
        def reserve(self, model: Model, asked: Request) -> Promise:
            if self.promised:
                raise OverBudget("The budget might be passed.")
            return super().reserve(model, asked)

    model = Scripted(["the beginning", CUT], ["never", STOP])
    reply = await reply_of(model, book=Once())
    assert (reply.text, len(model.asked)) == ("the beginning", 1)


async def test_a_reply_without_bounds_is_not_kept() -> None:
    pieces = (" ".join(map(str, range(start, start + 9000))) for start in range(0, 180_000, 9000))
    reply = await reply_of(Scripted([*pieces, STOP]))
    assert len(reply.text) < LONGEST_REPLY * 1.2
    assert "cut at" in reply.note


async def test_a_call_takes_no_longer_than_was_promised() -> None:
    book = Book(seconds=0.2)
    async with ChatServer(lambda _: SAID) as server:
        server.faults += [faults.trickling(0.02)]
        reply = await asyncio.wait_for(reply_of(client(server), book=book), 8)
    assert reply.text == SAID
    assert book.settled[0]
    assert book.settled[0].estimated


async def test_a_reply_that_is_stopped_by_the_person_is_paid() -> None:
    book, ear = Book(), Ear()
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.stalled(4))
        task = asyncio.ensure_future(call(client(server), request(), book, ear))
        while not ear.shown:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert book.settled[0]
    assert book.settled[0].completion_tokens > 0


async def test_a_prompt_that_was_sent_is_paid_though_the_reply_was_stopped_before_it_began() -> None:
    book = Book()
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.silent())
        task = asyncio.ensure_future(call(client(server), request(), book, Ear()))
        while not server.completions:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert book.settled == [Usage(7, 0, estimated=True)]


async def test_a_promise_is_taken_back_when_it_is_cancelled_while_it_is_made() -> None:
    making, go_on = threading.Event(), threading.Event()

    class Slow(Book):
        def reserve(self, model: Model, asked: Request) -> Promise:
            making.set()
            go_on.wait(5)
            return super().reserve(model, asked)

    book, model = Slow(), Scripted(["yes", STOP])
    task = asyncio.ensure_future(call(model, request(), book, Ear()))
    await asyncio.to_thread(making.wait)
    task.cancel()
    await asyncio.sleep(0.02)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (len(book.promised), book.settled, model.asked) == (1, [None], [])


async def test_a_defect_of_a_model_is_paid_and_goes_up() -> None:
    book = Book()
    with pytest.raises(ZeroDivisionError):
        await reply_of(Scripted(["half a re", ZeroDivisionError()]), book=book)
    assert book.settled[0]


async def test_thoughts_are_heard_and_are_no_part_of_the_reply() -> None:
    ear = Ear()
    reply = await reply_of(Scripted([Thought("Hm."), "yes", STOP]), ear=ear)
    assert (reply.text, ear.thoughts) == ("yes", "Hm.")


def test_pieces_are_joined_without_what_was_said_twice() -> None:
    assert (
        joined("def fit(model):\n    return model.f", "it(x, y)\n") == "def fit(model):\n    return model.fit(x, y)\n"
    )
    assert joined("x = 1\nscores = cross_val_score(", "scores = cross_val_score(model)") == (
        "x = 1\nscores = cross_val_score(model)"
    )
    assert joined("```REPLACE\nimport numpy", "```python\n as np\n```") == "```REPLACE\nimport numpy as np\n```"
    assert joined("```REPLACE\nprint(1)\n", "```\nDone.") == "```REPLACE\nprint(1)\n```\nDone."
    assert joined("    a\n                ", "                b") == "    a\n                                b"
    assert joined("So the method", "```python\nx\n```") == "So the method\n```python\nx\n```"
    begun = "".join(f"{number}. step\n" for number in range(20))
    assert joined(begun, f"{begun}20. step\n") == f"{begun}20. step\n"
    assert joined(begun, begun[:80]) == begun
    row = "forest & 0.91 & 0.90 \\\\\n"
    assert joined(row * 3, row * 2) == row * 5


@given(st.text(), st.text())
def test_joining_loses_nothing_that_was_not_said_twice(begun: str, more: str) -> None:
    whole = joined(begun, more)
    assert whole.startswith(begun)
    assert len(whole) <= len(begun) + len(more)


def test_a_loop_is_told_from_a_long_text() -> None:
    assert repeats_itself("good because it is good, " * 30)
    assert not repeats_itself("".join(f"line {number}: accuracy {number / 7:.3f}\n" for number in range(400)))
    assert not repeats_itself("short")
    lines = ("\\begin{figure}", "\\includegraphics{figures/7.png}", "\\caption{After 7 seeds}", "\\end{figure}\n")
    figures = ["\n".join(lines).replace("7", str(number)) for number in range(20)]
    assert repeats_itself("".join(figures))
    assert not repeats_itself("".join(figures[:4]))


@given(st.text(min_size=1, max_size=900), st.integers(min_value=12, max_value=100))
def test_what_is_said_again_and_again_is_a_loop_whatever_it_is(said: str, digits: int) -> None:
    assert is_in_a_loop("Begun. " + said * (1 + 4000 // len(said)))
    assert not is_in_a_loop("".join(f"{index:0{digits}}" for index in range(1000)))


@pytest.mark.parametrize("text", ["| 0.91 | 0.02 |\n" * 60, "    0,\n" * 150, "x" * 1500, "}\n" * 300])
def test_a_table_of_equal_rows_is_no_loop_yet(text: str) -> None:
    assert not is_in_a_loop(f"```REPLACE\n{text}")
