"""The Hugging Face Hub searched: which data sets there are, how large, under which licence, with which columns."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from core.words import content_words

if TYPE_CHECKING:
    import httpx2

HUB = "https://huggingface.co"
ROWS = "https://datasets-server.huggingface.co"
"""Serves the first rows of sets of the one true Hub."""
PROBE = 2.0
"""Seconds in which the Hub must begin to answer."""
ANSWER = 20.0
REMEMBERED = 300.0
"""Seconds for which an unreachable Hub is not asked again."""
MOST_SETS = 10
_LARGEST_ANSWER = 8 * 2**20
_FACTS = ("cardData", "description", "disabled", "downloads", "gated", "likes", "mainSize", "private", "tags")
_EXPANDED = [("expand", one) for one in _FACTS]
_EXACT = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_MOST_WORDS = 3

Found = dict[str, Any]
"""What came of a search, in values that JSON can hold: `sets`, and a `problem` when the Hub could not be asked."""


def hub_of(environment: Mapping[str, str]) -> str:
    """The address of the Hub that an environment names, else of the one everybody uses."""
    return environment.get("HF_ENDPOINT", "").strip().rstrip("/") or HUB


@cache
def hub_at(endpoint: str) -> Hub:
    """The Hub at an address; all of this process remember together whether it can be reached."""
    return Hub(endpoint, rows=ROWS if endpoint == HUB else "")


class HubError(Exception):
    """The Hub was asked and gave no usable answer; the text says why."""

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status


class Hub:
    """One Hub, asked over HTTP without any library of its: no retries, nothing sent but the question."""

    def __init__(
        self, endpoint: str, *, rows: str = "", probe: float = PROBE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.endpoint = endpoint
        self._rows_at = rows
        self._probe = probe
        self._clock = clock
        self._away_until = float("-inf")
        self._away = ""

    async def unreachable(self) -> str:
        """Why the Hub cannot be asked now, found out within seconds and then remembered; empty when it can."""
        if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "on", "true", "yes"):
            return "HF_HUB_OFFLINE is set, so the Hugging Face Hub is not asked"
        if self._clock() < self._away_until:
            return f"{self._away}; it is not asked again for {self._away_until - self._clock():.0f} s"
        try:
            async with asyncio.timeout(self._probe):
                await self._get(f"{self.endpoint}/api/datasets", [("limit", "1")])
        except (TimeoutError, HubError) as error:
            if isinstance(error, HubError) and error.status:
                return ""  # it answers, if with an error
            why = str(error) or f"no answer within {self._probe:g} s"
            self._away = f"the Hugging Face Hub cannot be reached ({why})"
            self._away_until = self._clock() + REMEMBERED
            return self._away
        return ""

    async def search(self, query: str) -> Found:
        """The sets that fit; one that is named exactly comes with its files' size and first training rows."""
        if problem := await self.unreachable():
            return {"sets": [], "problem": problem}
        try:
            async with asyncio.timeout(ANSWER):
                exact = await self._one(query.strip()) if _EXACT.fullmatch(query.strip()) else None
                return {"sets": [exact] if exact else await self._several(query), "problem": ""}
        except TimeoutError:
            return {"sets": [], "problem": f"the Hugging Face Hub did not answer within {ANSWER:g} s"}
        except HubError as error:
            return {"sets": [], "problem": f"the Hugging Face Hub gave no answer ({error})"}

    async def _one(self, name: str) -> dict[str, Any] | None:
        address = f"{self.endpoint}/api/datasets/{name}"
        try:
            facts = await self._get(address, [("blobs", "true")])
        except HubError as error:
            if error.status in (401, 403, 404):
                return None
            if error.status != 200:
                raise
            facts = await self._get(address, _EXPANDED)  # it has too many files to list them
        if not isinstance(facts, dict):
            return None
        found = _facts(facts)
        found["rows"] = await self._first_rows(found)
        return found

    async def _first_rows(self, found: Mapping[str, Any]) -> list[Any]:
        """Rows of the training split only; none where nobody serves them."""
        if not self._rows_at:
            return []
        config = next(iter(found["configs"]), {"name": "default"})
        asked = [("dataset", found["id"]), ("config", config["name"]), ("split", "train")]
        try:
            answer = await self._get(f"{self._rows_at}/first-rows", asked)
            return [one["row"] for one in answer["rows"][:3]]
        except (HubError, KeyError, TypeError):
            return []

    async def _several(self, query: str) -> list[dict[str, Any]]:
        """Sets whose names hold the query, else its words: the Hub's search looks at names only."""
        found = await self._listed(query.strip())
        words = sorted(dict.fromkeys(content_words(query)), key=len, reverse=True)[:_MOST_WORDS]
        if found or words in ([], [query.strip().lower()]):
            return found
        lists = await asyncio.gather(*(self._listed(word) for word in words))
        hits: dict[str, int] = {}
        by_id = {one["id"]: one for sets in lists for one in sets}
        for sets in lists:
            for one in sets:
                hits[one["id"]] = hits.get(one["id"], 0) + 1
        best = sorted(by_id.values(), key=lambda one: (-hits[one["id"]], -one["downloads"]))
        return best[:MOST_SETS]

    async def _listed(self, words: str) -> list[dict[str, Any]]:
        asked = [("search", words[:200]), ("sort", "downloads"), ("limit", str(MOST_SETS))]
        answer = await self._get(f"{self.endpoint}/api/datasets", [*asked, *_EXPANDED])
        if not isinstance(answer, list):
            raise HubError("what it said is not a list of data sets")
        return [_facts(one) for one in answer[:MOST_SETS] if isinstance(one, dict) and isinstance(one.get("id"), str)]

    async def _get(self, address: str, asked: Sequence[tuple[str, str]]) -> Any:
        """The JSON at an address; raises HubError."""
        import httpx2

        try:
            async with (
                httpx2.AsyncClient(
                    timeout=httpx2.Timeout(ANSWER, connect=self._probe), follow_redirects=True
                ) as client,
                client.stream("GET", address, params=httpx2.QueryParams(list(asked))) as response,
            ):
                if response.status_code != 200:
                    raise HubError(f"status {response.status_code}", response.status_code)
                return json.loads(await _body(response))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise HubError(str(error) or type(error).__name__) from error
        except (ValueError, RecursionError) as error:
            raise HubError("what it said is not JSON", 200) from error


async def _body(response: httpx2.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > _LARGEST_ANSWER:
            raise HubError("its answer has no end", 200)
        parts.append(part)
    return b"".join(parts)


def _facts(told: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of what the Hub tells of a set; every value is checked, whatever was sent."""
    card = told.get("cardData") if isinstance(told.get("cardData"), dict) else {}
    assert isinstance(card, dict)
    tags = [tag for tag in _list(told.get("tags")) if isinstance(tag, str)]
    files = [one for one in _list(told.get("siblings")) if isinstance(one, dict)]
    sizes = [one["size"] for one in files if isinstance(one.get("size"), int)]
    infos = card.get("dataset_info")
    configs = [
        _config(one) for one in ([infos] if isinstance(infos, dict) else _list(infos))[:20] if isinstance(one, dict)
    ]
    stored = [one["bytes"] for one in configs if one["bytes"]]
    name = str(told.get("id", ""))
    return {
        "id": name[:200],
        "downloads": _number(told.get("downloads")),
        "likes": _number(told.get("likes")),
        "licence": _tagged(tags, "license:") or _words(card.get("license")),
        "gated": bool(told.get("gated")),
        "closed": bool(told.get("private") or told.get("disabled")),
        "script": any(one.get("rfilename") == f"{name.rpartition('/')[2]}.py" for one in files),
        "bytes": sum(sizes) or sum(stored) or _number(told.get("mainSize")),
        "size": _tagged(tags, "size_categories:") or _words(card.get("size_categories")),
        "tasks": [tag.partition(":")[2][:60] for tag in tags if tag.startswith("task_categories:")][:5],
        "about": _words(told.get("description"))[:300],
        "configs": configs,
        "rows": [],
    }


def _config(info: Mapping[str, Any]) -> dict[str, Any]:
    splits = [one for one in _list(info.get("splits")) if isinstance(one, dict)]
    features = [one for one in _list(info.get("features")) if isinstance(one, dict)]
    return {
        "name": _words(info.get("config_name")) or "default",
        "splits": [[_words(one.get("name")), _number(one.get("num_examples"))] for one in splits[:20]],
        "columns": [[_words(one.get("name")), _kind(one)] for one in features[:60]],
        "bytes": _number(info.get("download_size")),
    }


def _kind(feature: Mapping[str, Any]) -> str:
    """The type of a column as the card writes it, e.g. `string`, `class of 3`, `list of int32`."""
    for name in ("sequence", "list"):
        if name in feature:
            inner = feature[name]
            return f"list of {inner}"[:60] if isinstance(inner, str) else "list"
    kind = feature.get("dtype", "struct")
    if isinstance(kind, dict) and isinstance(kind.get("class_label"), dict):
        names = kind["class_label"].get("names")
        return f"class of {len(names)}" if isinstance(names, dict | list) else "class"
    return _words(kind)[:60] if isinstance(kind, str) else "struct"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62 else 0


def _words(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(one for one in value if isinstance(one, str))
    return " ".join(value.split())[:300] if isinstance(value, str) else ""


def _tagged(tags: list[str], start: str) -> str:
    return ", ".join(tag.removeprefix(start) for tag in tags if tag.startswith(start))[:100]
