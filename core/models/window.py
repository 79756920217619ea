"""How much a model can hold, as its server tells it: every kind of server says it at another place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from core.models.faults import SMALLEST_WINDOW, Rejected
from core.models.named import Named

_NAMES = ("n_ctx", "max_model_len", "context_length", "context_window", "loaded_context_length", "max_context_length")
"""llama.cpp, vLLM, OpenRouter and Ollama, Groq, LM Studio, Mistral."""

OLLAMA = "library"
"""Who owns a model by Ollama's word."""


@dataclass(frozen=True, slots=True)
class About:
    """What a server tells of a model: `window` in tokens for prompt and reply together (0: nothing), and its owner.

    The owner names the kind of server: `llamacpp`, `vllm`, `library` (Ollama).
    """

    window: int = 0
    owner: str = ""


async def about(get: Callable[[str], Awaitable[Any]], named: Named) -> About:
    """Ask a server about a model; raises Broken. `get` fetches the JSON at an address of the server."""
    listed = _entry(await _asked(get, f"{named.base_url}/models"), "data", named.model)
    told = listed.get("owned_by")
    owner = told if isinstance(told, str) else ""
    return About(_number(listed) or await _elsewhere(get, named, owner), owner)


async def _elsewhere(get: Callable[[str], Awaitable[Any]], named: Named, owner: str) -> int:
    root = named.base_url.removesuffix("/v1")
    if owner == "llamacpp":
        props = await _asked(get, f"{root}/props")
        return _number(props) or _number(props.get("default_generation_settings"))
    if owner == OLLAMA:  # the window that the loaded model has now, not the one it could have
        return _number(_entry(await _asked(get, f"{root}/api/ps"), "models", named.model))
    return 0


async def _asked(get: Callable[[str], Awaitable[Any]], url: str) -> dict[str, Any]:
    try:
        found = await get(url)
    except Rejected:
        return {}  # this server does not tell it there
    return found if isinstance(found, dict) else {}


def _entry(listing: dict[str, Any], key: str, model: str) -> dict[str, Any]:
    models = listing.get(key)
    entries = [one for one in models if isinstance(one, dict)] if isinstance(models, list) else []
    named = [one for one in entries if model in (one.get("id"), one.get("model"), one.get("name"))]
    return next(iter(named or (entries if len(entries) == 1 else [])), {})


def _number(values: Any) -> int:
    if not isinstance(values, dict):
        return 0
    places = [values, values.get("meta"), values.get("top_provider")]
    found = [place.get(name) for place in places if isinstance(place, dict) for name in _NAMES]
    believable = (one for one in found if isinstance(one, int) and SMALLEST_WINDOW <= one <= 10**8)
    return next(believable, 0)
