"""The search of the Hub, asked over HTTP: what it tells, what it cannot, and what happens without a network."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from core.data.hub import HUB, Hub, HubError, hub_at, hub_of
from core.data.listing import listing
from tests.servers.hub import HubServer, HubSet

INFO = {
    "license": "cc-by-4.0",
    "dataset_info": {
        "features": [
            {"name": "text", "dtype": "string"},
            {"name": "label", "dtype": {"class_label": {"names": {"0": "neg", "1": "pos"}}}},
            {"name": "tokens", "sequence": "int32"},
        ],
        "splits": [{"name": "train", "num_examples": 900}, {"name": "test", "num_examples": 100}],
        "download_size": 2_000_000,
    },
}
SETS = (
    HubSet(
        "org/reviews-small",
        {"train.csv": b"x" * 1000},
        INFO,
        tags=("license:cc-by-4.0", "size_categories:n<1K", "task_categories:text-classification"),
        downloads=500,
        rows=({"text": "good \x1b[31mfilm", "label": 1}, {"text": "bad", "label": 0}),
    ),
    HubSet("big/reviews", downloads=9000, told_size=1, card={"dataset_info": {"download_size": 9 * 10**10}}),
    HubSet("shy/reviews", downloads=10, gated="manual"),
    HubSet("old/digits", {"digits.py": b"", "a.bin": b"1"}, downloads=70),
    HubSet("odd/card", card={"dataset_info": [1, {"features": "no", "splits": [{"name": 3}]}], "license": ["a", 2]}),
)


@pytest.fixture(scope="module")
def server() -> Iterator[HubServer]:
    with HubServer(*SETS) as running:
        yield running


@pytest.fixture
def hub(server: HubServer) -> Hub:
    return Hub(server.url, rows=server.url)


async def test_a_search_lists_what_fits_and_what_is_known_of_it(hub: Hub) -> None:
    found = await hub.search("reviews")
    assert [one["id"] for one in found["sets"]] == ["big/reviews", "org/reviews-small", "shy/reviews"]
    text = listing(found, 1000)
    assert "**org/reviews-small**: 2.0 MB; n<1K rows; licence cc-by-4.0; 500 downloads; text-classification" in text
    assert "rows: train 900, test 100" in text
    assert "text (string), label (class of 2), tokens (list of int32)" in text
    assert "larger than the 1,000 MB of hub_mb" in text
    assert "gated: can be had only with the owner's leave" in text


async def test_one_exact_name_shows_its_files_size_and_training_rows(hub: Hub, server: HubServer) -> None:
    found = await hub.search("org/reviews-small")
    assert len(found["sets"]) == 1
    text = listing(found, 1000)
    assert '"label": 1' in text
    assert "\x1b" not in text
    asked = [path for _, path in server.asked if path.startswith("/first-rows")]
    assert asked
    assert all("split=train" in path for path in asked)


async def test_a_script_is_seen_before_it_is_tried(hub: Hub) -> None:
    assert "no code of a data set is run" in listing(await hub.search("old/digits"), 1000)


async def test_a_question_in_words_is_searched_by_its_words(hub: Hub) -> None:
    found = await hub.search("How noisy are the labels of digits and of reviews?")
    assert {"old/digits", "big/reviews"} <= {one["id"] for one in found["sets"]}


async def test_nothing_that_fits_is_said_plainly(hub: Hub) -> None:
    for query in ("zebra", "no/such-set"):
        found = await hub.search(query)
        assert found == {"sets": [], "problem": ""}
        assert "Nothing on the Hugging Face Hub fits" in listing(found, 1000)


async def test_whatever_a_card_holds_is_taken_or_left(hub: Hub) -> None:
    found = await hub.search("odd/card")
    assert found["sets"][0]["configs"] == [{"name": "default", "splits": [["", 0]], "columns": [], "bytes": 0}]
    assert "licence a" in listing(found, 1000)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_hub_in_trouble_is_no_hub_without_sets(server: HubServer, hub: Hub, status: int) -> None:
    server.status = status
    try:
        found = await hub.search("reviews")
    finally:
        server.status = 0
    assert found["sets"] == []
    assert f"status {status}" in found["problem"]
    assert "was not searched" in listing(found, 1000)
    assert (await hub.search("reviews"))["sets"]  # and it is asked again


async def test_without_a_network_it_is_said_at_once_and_remembered_for_minutes() -> None:
    now = [1000.0]
    hub = Hub("http://127.0.0.1:9", clock=lambda: now[0])
    found = await hub.search("reviews")
    assert "cannot be reached" in found["problem"]
    assert "not asked again for 300 s" in (await hub.search("reviews"))["problem"]
    now[0] += 301
    assert "not asked again" not in (await hub.search("reviews"))["problem"]


async def test_a_host_that_says_nothing_is_given_up_after_the_probe() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hub = Hub(f"http://127.0.0.1:{silent.getsockname()[1]}", probe=0.2)
        assert "no answer within 0.2 s" in await hub.unreachable()


async def test_an_answer_without_an_end_or_without_sense_is_refused() -> None:
    huge = HubSet("org/huge", card={"description": "x" * (9 * 2**20)})
    with HubServer(huge) as server:
        assert "has no end" in (await Hub(server.url).search("org/huge"))["problem"]
    assert str(HubError("why")) == "why"


async def test_a_person_who_is_offline_on_purpose_is_left_alone(
    server: HubServer, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    asked = len(server.asked)
    assert "HF_HUB_OFFLINE is set" in (await hub.search("reviews"))["problem"]
    assert len(server.asked) == asked


async def test_a_set_of_very_many_files_is_told_without_them() -> None:
    many = HubSet("org/many", {f"{'a' * 9000}/{at}.png": b"" for at in range(1000)}, {"license": "mit"})
    with HubServer(many) as server:
        (found,) = (await Hub(server.url).search("org/many"))["sets"]
    assert found["licence"] == "mit"


def test_the_address_of_the_hub_is_the_environments_or_everybodys() -> None:
    assert hub_of({}) == HUB
    assert hub_of({"HF_ENDPOINT": "http://127.0.0.1:1/"}) == "http://127.0.0.1:1"
    assert hub_at("http://a") is hub_at("http://a")
