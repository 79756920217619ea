"""How much a model can hold, as its server tells it: every kind of server says it at another place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from core.models.faults import SMALLEST_WINDOW, Rejected
from core.models.named import Named

_NAMES = ("n_ctx", "max_model_len", "context_length", "context_window", "loaded_context_length", "max_context_length")
"""llama.cpp, vLLM, OpenRouter and Ollama, Groq, LM Studio, Mistral."""


async def window_of(get: Callable[[str], Awaitable[Any]], named: Named) -> int:
    """Tokens that prompt and reply may have together, 0 when the server does not say; raises Broken.

    `get` fetches the JSON at an address of the server.
    """
    root = named.base_url.removesuffix("/v1")
    listed = _entry(await _asked(get, f"{named.base_url}/models"), "data", named.model)
    if found := _number(listed):
        return found
    owner = listed.get("owned_by")
    if owner == "llamacpp":
        props = await _asked(get, f"{root}/props")
        return _number(props) or _number(props.get("default_generation_settings"))
    if owner == "library":  # Ollama: the window that the loaded model has now, not the one it could have
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
