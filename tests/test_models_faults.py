"""What goes wrong with a real model: each fault over real HTTP, and what becomes of it."""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
import time
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ModelError
from core.models.faults import Empty, Rejected, retry_after, too_long
from core.models.model import PromptTooLong, Unavailable
from core.models.secret import SHOWN_INSTEAD, Secret, Sieve, quoted
from tests.models_stage import KEY, SAID, Heard, client, everything_said, heard, request
from tests.servers import faults
from tests.servers.chat import ChatServer, Fault
from tests.servers.exchange import Exchange, Said


async def after(fault: Fault, key: str | None = None, **more: object) -> Heard:
    """What one stream hears from a server with one fault."""
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(fault)
        return await heard(client(server, key, **more))


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("2", 2.0), ("0.5", 0.5), ("86400", 86400.0), (None, None), ("soon", None), ("nan", None), ("-3", 0.0)],
)
async def test_a_limit_of_requests_is_a_wait_of_the_length_that_the_server_names(
    told: str | None, seconds: float | None
) -> None:
    found = await after(faults.rate_limited(told))
    assert isinstance(found.error, Unavailable)
    assert (found.error.retry_after, found.error.spent) == (seconds, None)
    assert "asked too often (429)" in found.error.message


def test_the_wait_may_be_named_as_a_date_or_in_milliseconds() -> None:
    now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert retry_after({"retry-after": "Mon, 23 Nov 2026 09:01:30 GMT"}, now) == 90
    assert retry_after({"retry-after": "Mon, 23 Nov 2026 08:00:00 GMT"}, now) == 0
    assert retry_after({"retry-after-ms": "1500", "retry-after": "9"}, now) == 1.5


@given(st.text())
def test_no_retry_after_header_breaks_anything(text: str) -> None:
    found = retry_after({"retry-after": text})
    assert found is None or found >= 0


@pytest.mark.parametrize("status", [408, 409, 425, 500, 502, 503, 504, 529])
async def test_a_server_with_trouble_is_unavailable(status: int) -> None:
    found = await after(faults.broken(status))
    assert isinstance(found.error, Unavailable)
    assert f"({status}): The server had an error." in found.error.message


async def test_a_server_that_loads_its_model_is_unavailable() -> None:
    assert isinstance((await after(faults.loading())).error, Unavailable)


async def test_an_account_without_credit_is_not_waited_for() -> None:
    found = await after(faults.out_of_money())
    assert not isinstance(found.error, Unavailable)
    assert "no credit" in str(found.error)


async def test_a_dropped_connection_may_have_cost_the_prompt() -> None:
    found = await after(faults.dropped())
    assert isinstance(found.error, Unavailable)
    assert found.error.spent
    assert (found.error.spent.estimated, found.error.spent.completion_tokens) == (True, 0)


async def test_a_silent_server_times_out() -> None:
    found = await after(faults.silent(), read_seconds=0.2)
    assert isinstance(found.error, Unavailable)
    assert "silent for too long" in found.error.message
    assert found.error.spent


async def test_a_server_that_never_accepts_times_out() -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # the queue of those that wait to be let in is full
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        server = ChatServer(lambda _: SAID, port=listener.getsockname()[1])
        found = await heard(client(server, connect_seconds=0.3))
    assert isinstance(found.error, Unavailable)
    assert "no connection in time" in found.error.message
    assert found.error.spent is None


@pytest.mark.parametrize("fault", [faults.slow(0.05), faults.trickling(0.05)])
async def test_a_server_that_trickles_meets_the_deadline(fault: Fault) -> None:
    began = time.monotonic()
    found = await after(fault, deadline_seconds=0.6)
    assert isinstance(found.error, Unavailable)
    assert "0.6" in found.error.message or "in 1 s" in found.error.message
    assert time.monotonic() - began < 5


async def test_a_reply_that_trickles_meets_the_deadline_and_is_paid() -> None:
    async def act(exchange: Exchange, said: Said) -> None:
        await exchange.begin()
        while True:
            await exchange.event(faults.chunk_of("word "))
            await asyncio.sleep(0.05)

    found = await after(Fault("a word at a time", act), deadline_seconds=0.5)
    assert isinstance(found.error, Unavailable)
    assert "no end of the reply" in found.error.message
    assert found.error.spent
    assert found.error.spent.completion_tokens > 1


@pytest.mark.parametrize("framing", ["chunked", "close"])
async def test_a_stream_that_dies_in_the_middle_is_no_reply_but_is_paid(framing: str) -> None:
    found = await after(faults.cut(3, framing))
    assert isinstance(found.error, Unavailable)
    assert found.text
    assert SAID.startswith(found.text)
    assert found.error.spent
    assert found.error.spent.completion_tokens > 0


async def test_a_stream_that_stalls_times_out_and_is_paid() -> None:
    found = await after(faults.stalled(3), read_seconds=0.3)
    assert isinstance(found.error, Unavailable)
    assert found.error.spent
    assert found.error.spent.completion_tokens > 0


async def test_a_reply_without_a_reason_to_end_has_broken_off() -> None:
    found = await after(faults.unfinished())
    assert isinstance(found.error, Unavailable)
    assert "broke off" in found.error.message


async def test_a_reply_with_its_reason_to_end_needs_no_done() -> None:
    found = await after(faults.undone())
    assert (found.text, found.error) == (SAID, None)


@pytest.mark.parametrize(
    "fault", [faults.empty(), faults.no_choices(), faults.answers(200, b"", {"Content-Type": "text/event-stream"})]
)
async def test_an_empty_reply_is_told_apart(fault: Fault) -> None:
    assert isinstance((await after(fault)).error, Empty)


async def test_a_reply_that_was_all_thought_says_so() -> None:
    async with ChatServer(lambda _: "") as server:
        server.faults.append(faults.says("all thought", text="", thoughts="Hm. " * 9, finish="length"))
        found = await heard(client(server))
    assert isinstance(found.error, Empty)
    assert "went into thoughts" in found.error.message


@pytest.mark.parametrize(
    ("fault", "words"), [(faults.declined(), "I can't help"), (faults.filtered(), "content filter")]
)
async def test_a_refusal_says_so_and_is_paid(fault: Fault, words: str) -> None:
    found = await after(fault)
    assert not isinstance(found.error, Unavailable)
    assert "declines to answer" in str(found.error)
    assert words in str(found.error)
    assert found.usage


async def test_a_reply_that_reaches_its_limit_says_so() -> None:
    found = await after(faults.cut_at_length(100))
    assert found.usage
    assert (found.text, found.usage.finish) == (SAID[:100], "length")


async def test_ten_megabytes_of_reply_are_cut() -> None:
    endless = faults.says("10 MB", text="lorem ipsum " * 870_000, piece=2**16, most=None)
    found = await after(endless, most_tokens=1000)
    assert found.error is None
    assert found.usage
    assert (found.usage.finish, found.usage.estimated) == ("length", True)
    assert len(found.text) < 100_000


async def test_a_server_that_does_not_keep_to_the_limit_is_cut_off() -> None:
    pieces = [faults.chunk_of("a ") for _ in range(400)]
    found = await after(faults.instead("endless", *pieces), most_tokens=50)
    assert found.usage
    assert found.usage.finish == "length"
    assert 50 <= len(found.text) // 2 <= 70


async def test_a_line_without_an_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.models import wire

    monkeypatch.setattr(wire, "LARGEST_ANSWER", 2**20)
    found = await after(faults.instead("endless line", b"data: " + b"a" * 3 * 2**20))
    assert isinstance(found.error, Unavailable)
    assert "more than 1 MB" in found.error.message


async def test_a_long_refusal_is_not_read_to_its_end() -> None:
    found = await after(faults.answers(400, b"x" * 5 * 2**20))
    assert isinstance(found.error, ModelError)
    assert not isinstance(found.error, Unavailable)
    assert "refuses the request (400)" in str(found.error)
    assert len(str(found.error)) < 1000


async def test_packed_replies_are_not_unpacked() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = await after(faults.bomb(64))
    assert isinstance(found.error, Unavailable)
    assert "packed (gzip)" in found.error.message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


@pytest.mark.parametrize("fault", [faults.invalid_utf8(), faults.broken_json()])
async def test_what_cannot_be_read_has_broken_off_and_is_paid(fault: Fault) -> None:
    found = await after(fault)
    assert isinstance(found.error, Unavailable)
    assert "cannot be read" in found.error.message
    assert found.error.spent
    assert found.text == "Let me"


@pytest.mark.parametrize("code", [502, "server_error"])
async def test_an_error_within_the_stream_is_a_reply_that_broke_off(code: int | str) -> None:
    found = await after(faults.error_in_stream(code))
    assert isinstance(found.error, Unavailable)
    assert "Provider disconnected" in found.error.message
    assert found.error.spent


@pytest.mark.parametrize(("code", "waits"), [(503, True), ("model_not_found", True), (404, False)])
async def test_a_refusal_with_the_status_of_success_is_a_refusal(code: int | str, waits: bool) -> None:
    found = await after(faults.answers(200, {"error": {"message": "Provider returned error", "code": code}}))
    assert isinstance(found.error, Unavailable) is waits
    assert "Provider returned error" in str(found.error)


async def test_a_web_page_means_a_wrong_address_or_once_it_has_worked_a_wait() -> None:
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.web_page())
        model = client(server)
        first = await heard(model)
        await heard(model)
        server.faults.append(faults.web_page())
        later = await heard(model)
    assert not isinstance(first.error, Unavailable)
    assert "base_url" in str(first.error)
    assert isinstance(later.error, Unavailable)


async def test_a_server_that_sends_requests_elsewhere_is_not_followed() -> None:
    async with ChatServer(lambda _: SAID) as thief, ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.answers(307, b"", {"Location": f"{thief.url}/chat/completions"}))
        found = await heard(client(server, KEY))
        assert thief.requests == []
        assert thief.url in str(found.error)


@pytest.mark.parametrize(
    ("spelling", "window"),
    [("openai", 4096), ("llama.cpp", 4096), ("old llama.cpp", 0), ("vllm", 4096), ("gemini", 4096)],
)
async def test_a_prompt_that_is_too_long_is_told_with_the_window(spelling: str, window: int) -> None:
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.too_long(spelling))
        model = client(server)
        found = await heard(model)
    assert isinstance(found.error, PromptTooLong)
    assert (found.error.window, model.window) == (window, window)


@pytest.mark.parametrize(
    ("message", "window"),
    [
        ("prompt is too long: 208310 tokens > 200000 maximum", 200_000),
        ("The decoder prompt (length 9000) is longer than the maximum model length of 8192.", 8192),
        (
            "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
            32768,
        ),
        ("This endpoint's maximum context length is 131,072 tokens. However, you requested about 200000.", 131_072),
        ("Your input exceeds the context window of this model.", 0),
        ("prompt too long; exceeded max context length by 5 tokens", 0),
        ("`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000", 4096),
        ("the model is loaded with context length of only 4096 tokens", 4096),
        ("max_tokens is too large: 8192. This model supports at most 1024 completion tokens.", None),
        ("Invalid value for temperature.", None),
    ],
)
def test_servers_spell_a_full_context_in_many_ways(message: str, window: int | None) -> None:
    assert too_long(Rejected(400, {"error": {"message": message}}, {})) == window


async def test_a_request_that_is_too_large_for_the_server_is_a_prompt_that_is_too_long() -> None:
    found = await after(faults.answers(413, {"error": {"message": "Request too large: limit 6000, requested 8000"}}))
    assert isinstance(found.error, PromptTooLong)
    assert found.error.window == 0


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_not_taken_names_its_variable_and_never_the_key(status: int) -> None:
    fault = faults.answers(status, {"error": {"message": f"Incorrect API key provided: {KEY[:12]}****{KEY[-4:]}."}})
    found = await after(fault, KEY, key_env="LAB_TEST_KEY")
    assert "LAB_TEST_KEY" in str(found.error)
    assert KEY[:8] not in str(found.error)
    assert KEY[-4:] not in str(found.error)


async def test_what_looks_like_any_key_is_not_quoted() -> None:
    found = await after(faults.answers(403, {"error": {"message": "sk-proj-ab12********wxyz may not do this"}}))
    assert "may not do this" in str(found.error)
    assert "ab12" not in str(found.error)


async def test_a_model_that_is_not_there_says_what_to_look_at() -> None:
    found = await after(faults.no_such_model())
    assert not isinstance(found.error, Unavailable)
    assert "base_url" in str(found.error)
    assert "does not exist" in str(found.error)


async def test_a_key_that_is_missing_is_told_before_anything_is_sent() -> None:
    async with ChatServer(lambda _: SAID) as server:
        found = await heard(client(server, key_env="LAB_TEST_KEY"))
        assert server.requests == []
    assert "LAB_TEST_KEY" in str(found.error)


def _echoes() -> list[Fault]:
    """Servers that send the key back, in every place they have."""
    told = {"error": {"message": f"your key {KEY} is odd", "code": KEY, "type": KEY, "param": KEY}}
    halves = [
        faults.chunk_of(f"the key is {KEY[:9]}"),
        faults.chunk_of(f"{KEY[9:]}, is it not?"),
        faults.chunk_of(KEY, "stop"),
    ]
    thoughts = {"choices": [{"delta": {"reasoning_content": f"a key: {KEY}!", "content": "x"}}]}
    return [
        *(
            faults.answers(status, told, {"X-Key": KEY, "Retry-After": KEY})
            for status in (400, 401, 403, 404, 429, 500)
        ),
        faults.answers(302, told, {"Location": f"http://127.0.0.1/?key={KEY}"}),
        faults.answers(502, KEY.encode()),
        faults.instead("in the reply", *halves, "[DONE]"),
        faults.instead("in thoughts", thoughts, faults.chunk_of("", "stop"), "[DONE]"),
        faults.instead("in an error of the stream", faults.chunk_of("x"), told),
        faults.instead("in no JSON", faults.chunk_of("x"), f"{{{KEY}"),
        faults.says("in a refusal", text="", refusal=f"not with {KEY}"),
        faults.dropped(),
        faults.unauthorised(KEY),
    ]


@pytest.mark.parametrize("number", range(len(_echoes())))
async def test_nothing_ever_tells_the_key(number: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(_echoes()[number])
        model = client(server, KEY, key_env="LAB_TEST_KEY")
        found = await heard(model)
        assert server.completions[0].headers["authorization"] == f"Bearer {KEY}"
    told = [found.text, found.thoughts, caplog.text, repr(model), repr(vars(model))]
    if found.error:
        told.append(everything_said(found.error))
    for one in told:
        assert KEY not in one
        assert KEY[4:16] not in one


async def test_a_reply_is_whole_where_it_only_looks_like_the_key() -> None:
    text = f"{KEY[:10]}! and {KEY[:5]}{KEY[:7]} end {KEY[:6]}"
    async with ChatServer(lambda _: text, piece=3) as server:
        assert (await heard(client(server, KEY))).text == text


@given(st.lists(st.text(alphabet="abX-", max_size=6)), st.text(alphabet="ab-", min_size=1, max_size=5))
def test_the_sieve_finds_the_key_however_the_text_is_cut(pieces: list[str], key: str) -> None:
    sieve = Sieve(Secret(key))
    passed = "".join([*(sieve.feed(piece) for piece in pieces), sieve.rest()])
    assert key not in passed.replace(SHOWN_INSTEAD, "\0")
    if key not in "".join(pieces):
        assert passed == "".join(pieces)


@given(st.text(max_size=200))
def test_quoting_a_server_never_tells_the_key_and_never_grows(text: str) -> None:
    said = quoted(f"{text}{KEY}{text}", Secret(KEY))
    assert KEY not in said
    assert len(said) <= 300
    assert "\x1b" not in said


async def test_escape_codes_of_a_server_do_not_reach_the_person() -> None:
    found = await after(faults.answers(400, {"error": {"message": "\x1b]0;owned\x07\x1b[31mred\nnext"}}))
    assert "\x1b" not in str(found.error)
    assert "red next" in str(found.error)


async def test_a_cancelled_reply_lets_the_connection_go_at_once() -> None:
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.stalled(3))
        model = client(server)
        task = asyncio.ensure_future(heard(model, request()))
        await asyncio.sleep(0.3)
        assert server.completions
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < 0.5
        assert (await heard(model)).text == SAID
