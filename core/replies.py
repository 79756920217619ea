"""Replies on disk before anything acts on them, so that a crash never pays for the same reply twice."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

from core.models.model import Request, Usage


class Replies:
    """The store under `.git/labtop/replies/`: replies by their content, and which the turn in flight has received."""

    def __init__(self, folder: Path) -> None:
        self._replies = folder / "kept"
        self._in_flight = folder / "in-flight"

    def received(self, model: str, head: str, call: int, request: Request) -> tuple[str, Usage] | None:
        """The reply that this very call got before a crash, if it did."""
        pointer = self._pointer(model, head, call, request)
        try:
            stored = json.loads(self._stored(pointer.read_text()).read_text())
            return stored["reply"], Usage(**stored["usage"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None  # nothing usable was stored: the call is made anew

    def keep(self, model: str, head: str, call: int, request: Request, reply: str, usage: Usage) -> None:
        """Make a reply durable, and note that the turn in flight on `head` has received it."""
        content = json.dumps({"model": model, "reply": reply, "usage": asdict(usage)}, ensure_ascii=False)
        digest = _digest(content)
        _write_durably(self._stored(digest), content)
        _write_durably(self._pointer(model, head, call, request), digest)

    def committed(self) -> None:
        """The turn in flight is in the history: the next call is a new one, even if it asks the same."""
        if self._in_flight.is_dir():
            for pointer in self._in_flight.iterdir():
                pointer.unlink()

    def _pointer(self, model: str, head: str, call: int, request: Request) -> Path:
        return self._in_flight / _digest("\0".join([model, head, str(call), request.system, request.user]))

    def _stored(self, digest: str) -> Path:
        return self._replies / digest[:2] / digest


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _write_durably(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    with open(temporary, "w", encoding="utf-8", errors="surrogatepass") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
