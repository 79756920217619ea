"""The form of a request: what one server takes, learnt from what it refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.models import faults
from core.models.faults import Rejected
from core.models.model import Request
from core.models.named import Named

GO_ON = (
    "Your reply was cut off at its limit. Go on exactly where it stopped, in the middle of a line if need be: repeat "
    "nothing, explain nothing, and open no block again that is open."
)
GOES_ON: Mapping[str, Mapping[str, bool]] = {
    "llamacpp": {},
    "library": {},
    "vllm": {"continue_final_message": True, "add_generation_prompt": False},
}
"""Servers, by the owner of their models, that go on with a last message of the assistant, and what they want for it.

Small models that are only asked to go on begin anew instead.
"""
LIMITS = ("maxLength", "maxItems", "minimum", "maximum")
"""Words of a JSON schema that bound values; some servers take a schema only without them."""
LEAST_REPLY = 256
"""Tokens that are always asked for, however little room the window seems to leave."""

_PREFILL = re.compile("prefill|continue_final_message|add_generation_prompt|last message|role")


class Form:
    """Builds the JSON of a request, and remembers which parts the server does not take."""

    def __init__(self, named: Named) -> None:
        self._named = named
        self.most_tokens = named.most_tokens
        self.owner = ""
        """Whose models the server says it has: what kind of server it is."""
        self._limit = "max_completion_tokens" if named.reasoning else "max_tokens"
        self._tried = {self._limit}
        self._temperature = not named.reasoning
        self._usage = True
        self._system = True
        self._schema = named.schema is not False
        self._limits = True

    def prompt_characters(self, request: Request) -> int:
        """Characters of all that the model reads."""
        return sum(len(message["content"]) for message in self._messages(request))

    def body(self, request: Request, prompt_tokens: int, window: int) -> dict[str, Any]:
        """The request's JSON; `prompt_tokens` is an estimate, `window` 0 when nobody knows it."""
        room = max(LEAST_REPLY, window - int(1.1 * prompt_tokens)) if window else self.most_tokens
        body: dict[str, Any] = {
            "model": self._named.model,
            "messages": self._messages(request),
            "stream": True,
            self._limit: min(self.most_tokens, room),
        }
        if request.begun:
            body |= GOES_ON.get(self.owner, {})
        if self._usage:
            body["stream_options"] = {"include_usage": True}
        if self._temperature:
            body["temperature"] = request.temperature
        if self._schema and request.schema and not request.begun:
            answer = request.schema if self._limits else _without_limits(request.schema)
            schema = {"name": "answer", "schema": answer, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def adapted(self, rejected: Rejected, body: dict[str, Any]) -> bool:
        """Whether a refused request can be sent again in another form; each part is given up only once."""
        text = rejected.text
        if self.owner in GOES_ON and body["messages"][-1]["role"] == "assistant" and _PREFILL.search(text):
            self.owner = ""
            return True
        if self._system and "system" in text and "role" in text and "support" in text and rejected.status in (400, 500):
            self._system = False
            return True
        if rejected.status not in (400, 422) or faults.too_long(rejected) is not None:
            return False
        if "stream_options" in body and ("stream_options" in text or "include_usage" in text):
            self._usage = False
        elif "temperature" in body and "temperature" in text:
            self._temperature = False
        elif self._limits and "response_format" in body and "schema" in text and _names_a_limit(text):
            self._limits = False
        elif (
            self._named.schema is None
            and "response_format" in body
            and any(word in text for word in ("response_format", "schema", "grammar"))
        ):
            self._schema = False
        elif self._limit in text or "max_tokens" in text:
            return self._other_limit(rejected, body)
        else:
            return False
        return True

    def _other_limit(self, rejected: Rejected, body: dict[str, Any]) -> bool:
        allowed = faults.most_allowed(rejected)
        if 0 < allowed < body[self._limit]:
            self.most_tokens = allowed
            return True
        other = "max_tokens" if self._limit == "max_completion_tokens" else "max_completion_tokens"
        if other in self._tried:
            return False
        self._limit = other
        self._tried.add(other)
        return True

    def _messages(self, request: Request) -> list[dict[str, str]]:
        system, user = request.system, request.user
        if not self._system and system:
            system, user = "", f"{system}\n\n{user}"
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": user})
        if request.begun:
            messages.append({"role": "assistant", "content": request.begun})
            if self.owner not in GOES_ON:
                messages.append({"role": "user", "content": GO_ON})
        return messages


def _names_a_limit(text: str) -> bool:
    return any(word.lower() in text for word in LIMITS)


def _without_limits(schema: Any) -> Any:
    """A JSON schema without the words that bound values; its properties may be named as these words are."""
    if isinstance(schema, list):
        return [_without_limits(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        word: {name: _without_limits(part) for name, part in value.items()}
        if word == "properties"
        else _without_limits(value)
        for word, value in schema.items()
        if word not in LIMITS
    }
