"""The client of a real model, against a real server: what is sent, what is understood, what is learnt."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading

import pytest

from core.models.model import FREE, Price, PromptTooLong, Unavailable, Usage
from core.models.named import Named
from core.models.probe import probe
from core.models.server import Server
from core.review.form import REVIEW_JSON_SCHEMA
from tests.models_stage import KEY, SAID, client, heard, named, request
from tests.servers import faults
from tests.servers.chat import ChatServer

SCHEMA = {"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]}


async def test_a_reply_streams_in_and_ends_with_its_usage() -> None:
    async with ChatServer(lambda _: SAID) as server:
        found = await heard(client(server, most_tokens=500))
        asked = server.completions[0]
    assert found.text == SAID
    assert found.error is None
    assert found.usage
    assert (found.usage.completion_tokens, found.usage.finish, found.usage.estimated) == (70, "stop", False)
    assert asked.body["messages"] == [
        {"role": "system", "content": "You are a PhD student."},
        {"role": "user", "content": "Go on."},
    ]
    assert asked.body["max_tokens"] == 500
    assert asked.body["temperature"] == 1.0
    assert asked.body["stream_options"] == {"include_usage": True}


async def test_only_what_is_meant_for_the_server_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-of-somebody-else")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer gateway-secret\nX-Gateway: gateway-secret")
    async with ChatServer(lambda _: SAID) as server:
        await heard(client(server))
        await heard(client(server, KEY))
        without, with_key = (dict(one.headers) for one in server.completions)
    assert "authorization" not in without
    assert with_key["authorization"] == f"Bearer {KEY}"
    assert without["accept-encoding"] == "identity"
    told = json.dumps([without, with_key])
    assert "secret" not in told
    assert "somebody-else" not in told
    assert "stainless" not in told


async def test_a_proxy_of_the_environment_does_not_get_what_is_meant_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with ChatServer(lambda _: SAID) as server:
        assert (await heard(client(server))).text == SAID


async def test_a_reasoning_model_gets_no_temperature_and_its_thoughts_are_shown_and_counted() -> None:
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.thinks("Trees split. " * 4))
        found = await heard(client(server, reasoning=True, most_tokens=900))
        body = server.completions[0].body
    assert found.thoughts == "Trees split. " * 4
    assert found.text == SAID
    assert found.usage
    assert found.usage.reasoning_tokens == 14
    assert body["max_completion_tokens"] == 900
    assert not {"temperature", "max_tokens"} & set(body)


@pytest.mark.parametrize("part", ["temperature", "max_tokens", "stream_options", "response_format"])
async def test_a_part_that_the_server_does_not_take_is_left_out_and_that_is_remembered(part: str) -> None:
    async with ChatServer(lambda _: SAID, rejects=(part,)) as server:
        model = client(server)
        first = await heard(model, request(schema=SCHEMA))
        second = await heard(model, request(schema=SCHEMA))
        bodies = [one.body for one in server.completions]
    assert (first.text, second.text) == (SAID, SAID)
    assert [part in body for body in bodies] == [True, False, False]
    if part == "max_tokens":
        assert bodies[2]["max_completion_tokens"] == model.most_tokens


async def test_a_schema_is_sent_without_limits_to_a_server_that_refuses_them() -> None:
    async with ChatServer(lambda _: SAID, rejects=("maxLength", "maximum")) as server:
        model = client(server)
        await heard(model, request(schema={"type": "object", "properties": {"minimum": {"maxLength": 9}}}))
        await heard(model, request(schema=REVIEW_JSON_SCHEMA))
        sent = [one.body["response_format"]["json_schema"]["schema"] for one in server.completions]
    assert sent[:2] == [{"type": "object", "properties": {"minimum": kept}} for kept in ({"maxLength": 9}, {})]
    assert len(sent) == 3
    assert sent[2]["properties"]["overall"] == {"type": "integer"}
    assert sent[2]["required"] == REVIEW_JSON_SCHEMA["required"]


async def test_all_parts_may_be_refused_one_after_the_other() -> None:
    parts = ("temperature", "max_tokens", "stream_options", "response_format")
    async with ChatServer(lambda _: SAID, rejects=parts) as server:
        found = await heard(client(server), request(schema=SCHEMA))
        assert len(server.completions) == 5
    assert found.text == SAID


async def test_a_part_that_is_refused_whatever_is_sent_is_an_error_and_no_endless_loop() -> None:
    async with ChatServer(lambda _: SAID, rejects=("max_tokens", "max_completion_tokens")) as server:
        found = await heard(client(server))
        assert len(server.completions) == 2
    assert found.error
    assert "refuses the request (400)" in str(found.error)


async def test_a_lower_limit_that_the_server_names_is_kept_to() -> None:
    message = "max_tokens is too large: 8192. This model supports at most 1024 completion tokens."
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.answers(400, {"error": {"message": message, "param": "max_tokens"}}))
        model = client(server)
        assert (await heard(model)).text == SAID
        assert server.completions[1].body["max_tokens"] == 1024
    assert model.most_tokens == 1024


async def test_a_model_without_a_system_role_gets_its_role_from_the_user() -> None:
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.answers(500, {"error": {"message": "Jinja: System role not supported"}}))
        assert (await heard(client(server))).text == SAID
        assert server.completions[1].body["messages"] == [
            {"role": "user", "content": "You are a PhD student.\n\nGo on."}
        ]


async def test_a_schema_is_sent_where_json_is_wanted_unless_the_model_is_known_not_to_take_it() -> None:
    async with ChatServer(lambda _: '{"score": 1}') as server:
        await heard(client(server), request(schema=SCHEMA))
        await heard(client(server, schema=False), request(schema=SCHEMA))
        await heard(client(server), request())
        sent = [one.body.get("response_format") for one in server.completions]
    assert sent[0]["json_schema"]["schema"] == SCHEMA
    assert sent[1:] == [None, None]


async def test_a_reply_that_was_cut_is_gone_on_with() -> None:
    async with ChatServer(lambda _: SAID) as server:
        found = await heard(client(server), request(begun=SAID[:100]))
        messages = server.completions[0].body["messages"]
    assert found.text == SAID[100:]
    assert messages[2] == {"role": "assistant", "content": SAID[:100]}
    assert messages[3]["role"] == "user"


@pytest.mark.parametrize(
    ("owner", "more"),
    [("llamacpp", set()), ("library", set()), ("vllm", {"continue_final_message", "add_generation_prompt"})],
)
async def test_a_server_that_can_go_on_with_its_own_message_is_given_it_last(owner: str, more: set[str]) -> None:
    async with ChatServer(lambda _: SAID, owner=owner) as server:
        model = client(server)
        await model.ready()
        found = await heard(model, request(begun=SAID[:100]))
        await heard(model)
        gone_on, plain = (one.body for one in server.completions)
        assert gone_on["messages"][-1] == {"role": "assistant", "content": SAID[:100]}
        assert set(gone_on) - set(plain) == more
        server.faults.append(faults.answers(400, {"error": {"message": "prefill is incompatible with thinking"}}))
        await heard(model, request(begun=SAID[:100]))
        assert server.completions[-1].body["messages"][-1]["role"] == "user"
    assert found.text == SAID[100:]


async def test_usage_that_is_not_told_is_estimated_after_what_was_told_before() -> None:
    long = "word " * 2000
    async with ChatServer(lambda _: SAID, usage=False) as server:
        model = client(server)
        before = await heard(model, request(long))
        server.usage = True
        for _ in range(12):
            server.faults.append(faults.instead("two characters a token", *_dense(prompt_tokens=5000)))
            await heard(model, request(long))
        server.usage = False
        after = await heard(model, request(long))
    assert before.usage
    assert after.usage
    assert before.usage.estimated
    assert before.usage.prompt_tokens == pytest.approx(2507, abs=3)
    assert after.usage.prompt_tokens == pytest.approx(5000, rel=0.1)


def _dense(**usage: int) -> list[object]:
    told = {"choices": [], "usage": {"completion_tokens": 2, "total_tokens": 2 + usage["prompt_tokens"]} | usage}
    return [faults.chunk_of("yes"), faults.chunk_of("", "stop"), told, "[DONE]"]


@pytest.mark.parametrize(
    "told",
    [
        {"prompt_tokens": 10**15, "completion_tokens": 1},
        {"prompt_tokens": 10**8, "completion_tokens": 1},
        {"prompt_tokens": -4, "completion_tokens": 1},
        {"prompt_tokens": "12", "completion_tokens": None},
        {"prompt_tokens": 0, "completion_tokens": 0},
        "none",
    ],
)
async def test_usage_that_cannot_be_is_estimated(told: object) -> None:
    events = [faults.chunk_of("yes"), faults.chunk_of("", "stop"), {"choices": [], "usage": told}, "[DONE]"]
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.instead("odd usage", *events))
        found = await heard(client(server))
    assert found.usage
    assert found.usage.estimated
    assert 0 < found.usage.prompt_tokens < 20


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 8}}, Usage(10, 5, cached_tokens=8)),
        ({"prompt_cache_hit_tokens": 9}, Usage(10, 5, cached_tokens=9)),
        ({"prompt_tokens_details": {"cached_tokens": 80}}, Usage(10, 5, cached_tokens=10)),
        ({"completion_tokens_details": {"reasoning_tokens": 3}}, Usage(10, 5, reasoning_tokens=3)),
        ({"total_tokens": 45}, Usage(10, 35)),
    ],
)
async def test_cached_and_thought_tokens_are_read_as_the_providers_tell_them(told: dict, usage: Usage) -> None:
    last = {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5} | told}
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.instead("told", faults.chunk_of("yes"), faults.chunk_of("", "stop"), last))
        assert (await heard(client(server))).usage == usage


async def test_a_server_that_does_not_stream_is_understood() -> None:
    whole = {"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 7}}
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.answers(200, whole))
        found = await heard(client(server))
    assert (found.text, found.usage) == ("yes", Usage(7, 0))


@pytest.mark.parametrize(
    "odd",
    [
        [],
        "text",
        7,
        None,
        {"choices": "x"},
        {"choices": [3]},
        {"choices": [{"delta": [1]}]},
        {"choices": [{"delta": {"content": 7, "reasoning": {}}, "finish_reason": 3}]},
    ],
)
async def test_an_event_of_any_form_is_passed_over(odd: object) -> None:
    events = [faults.chunk_of("ye"), json.dumps(odd), faults.chunk_of("s", "stop"), "[DONE]"]
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.instead("odd", *events))
        assert (await heard(client(server))).text == "yes"


async def test_text_that_no_file_can_hold_is_made_writable() -> None:
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.instead("odd", faults.chunk_of("a\ud800b\x00c", "stop"), "[DONE]"))
        assert (await heard(client(server))).text == "a\ufffdb\ufffdc"


async def test_the_window_is_what_the_user_says_else_what_the_server_says() -> None:
    async with ChatServer(lambda _: SAID, window=4096) as server:
        model, told = client(server), client(server, window=9000)
        assert (model.window, told.window) == (0, 9000)
        await model.ready()
        await model.ready()
        assert [one.path for one in server.requests] == ["/v1/models"]
        await told.ready()
    assert (model.window, told.window) == (4096, 9000)


async def test_a_server_that_is_away_is_asked_for_its_window_later() -> None:
    async with ChatServer(lambda _: SAID, window=4096) as server:
        model = client(server)
        server.go_down()
        await model.ready()
        assert model.window == 0
        server.come_back()
        await model.ready()
    assert model.window == 4096


async def test_no_more_is_asked_for_than_the_window_leaves() -> None:
    async with ChatServer(lambda _: SAID, window=4096) as server:
        model = client(server, most_tokens=4000)
        await model.ready()
        assert (await heard(model, request("word " * 2000))).text == SAID
        assert server.completions[0].body["max_tokens"] < 1500


async def test_a_prompt_that_the_server_cut_without_a_word_is_told() -> None:
    async with ChatServer(lambda _: SAID) as server:
        server.faults.append(faults.instead("Ollama", *_dense(prompt_tokens=2048)))
        model = client(server)
        found = await heard(model, request("word " * 8000))
    assert isinstance(found.error, PromptTooLong)
    assert found.error.window == 2048
    assert found.usage == Usage(2048, 2)
    assert model.window == 2048


async def test_only_ollama_is_suspected_of_cutting_a_prompt() -> None:
    async with ChatServer(lambda _: SAID, owner="llamacpp") as server:
        server.faults.append(faults.instead("blank text has few tokens", *_dense(prompt_tokens=2048)))
        model = client(server)
        await model.ready()
        assert (await heard(model, request(" " * 40_000))).error is None
    assert model.window == 0


async def test_ollama_is_asked_again_for_the_window_of_a_model_that_it_has_yet_to_load() -> None:
    async with ChatServer(lambda _: SAID, owner="library") as server:
        model = client(server)
        await model.ready()
        assert model.window == 0
        server.window = 4096
        await model.ready()
    assert model.window == 4096


async def test_a_schema_that_the_user_insists_on_is_not_left_out() -> None:
    async with ChatServer(lambda _: SAID, rejects=("response_format",)) as server:
        found = await heard(client(server, schema=True), request(schema=SCHEMA))
        assert len(server.completions) == 1
    assert "response_format" in str(found.error)


def test_one_client_serves_several_event_loops() -> None:
    server = ChatServer(lambda _: SAID).start()
    model = client(server)
    texts = [asyncio.run(heard(model)).text for _ in range(3)]
    server.stop()
    assert texts == [SAID] * 3


def test_a_model_costs_what_the_user_says() -> None:
    base = ("m", "gpt-4o", "https://api.openai.com/v1")
    assert Server(Named(*base, free=True)).price == FREE
    assert Server(Named(*base, price=Price(1, 2, 3))).price == Price(1, 2, 3)
    known = Server(Named(*base)).price
    assert known
    assert known.prompt == 2.5


def test_nothing_heavy_is_imported_before_the_first_call() -> None:
    code = (
        "import sys; from core.models.choose import Models; from core.models.server import Server;"
        "from core.models.named import Named; Server(Named('a', 'b', 'http://127.0.0.1:1/v1'));"
        "import core.models.calls, core.models.probe;"
        "print(sorted({'openai', 'httpx2', 'pydantic', 'genai_prices', 'ssl'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() in ("[]", "['ssl']")


async def test_the_client_is_made_in_a_thread_where_a_keyring_may_take_its_time() -> None:
    threads: list[int] = []

    def look_up() -> str:
        threads.append(threading.get_ident())
        return KEY

    async with ChatServer(lambda _: SAID, key=KEY) as server:
        model = Server(named(server, key_env="LAB_TEST_KEY"), look_up)
        assert threads == []
        assert [(await heard(model)).text for _ in range(2)] == [SAID, SAID]
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_a_probe_says_what_a_model_can_do_or_why_it_cannot() -> None:
    async with ChatServer(lambda _: "yes", window=4096, key=KEY) as server:
        well = await probe(named(server), KEY)
        wrong = await probe(named(server, key_env="SOME_KEY"), "sk-wrong-key-000000")
        missing = await probe(named(server, key_env="SOME_KEY"), lambda: None)
        server.go_down()
        away = await probe(named(server), KEY)
    assert (well.ok, well.window, well.words) == (True, 4096, "answers")
    assert not wrong.ok
    assert "SOME_KEY" in wrong.words
    assert "sk-wrong" not in wrong.words
    assert "SOME_KEY" in missing.words
    assert "Connection refused" in away.words


async def test_a_probe_asks_for_next_to_nothing() -> None:
    async with ChatServer(lambda _: SAID * 100) as server:
        found = await probe(named(server), None)
        assert server.completions[0].body["max_tokens"] <= 16
    assert found.ok
    assert found.usage
    assert found.usage.completion_tokens <= 20


async def test_a_server_that_is_refused_is_unavailable_and_costs_nothing() -> None:
    async with ChatServer(lambda _: SAID) as server:
        server.go_down()
        found = await heard(client(server))
    assert isinstance(found.error, Unavailable)
    assert found.error.spent is None
    assert "Connection refused" in found.error.message
