"""Answers kept on disk, content under its checksum: what is broken or too old is simply asked for again."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LARGEST = 8 << 20
"""Bytes of one answer that are kept."""
MOST = 400 << 20
"""Bytes that all answers together may have; beyond, the oldest go."""
_DIGEST = 64


class Cache:
    """Bytes by name in a folder. A folder that cannot be written only makes things slower."""

    def __init__(self, folder: Path, most: int = MOST, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._most = most
        self._clock = clock

    def get(self, name: str, most_age: float = float("inf")) -> bytes | None:
        """What was kept under `name` at most `most_age` seconds ago, if it is whole; else None."""
        path = self._path(name)
        try:
            if self._clock() - path.stat().st_mtime > most_age or path.stat().st_size > LARGEST + _DIGEST:
                return None
            kept = path.read_bytes()
        except OSError:
            return None
        body = kept[_DIGEST:]
        return body if kept[:_DIGEST] == _checksum(name, body) else None

    def put(self, name: str, body: bytes) -> None:
        """Keep `body` under `name`, all of it or nothing."""
        if len(body) > LARGEST:
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            number, temporary = tempfile.mkstemp(dir=self._folder, suffix=".tmp")
            try:
                with open(number, "wb") as file:
                    file.write(_checksum(name, body) + body)
                now = self._clock()
                os.utime(temporary, (now, now))
                os.replace(temporary, self._path(name))
            except OSError:
                os.unlink(temporary)
                raise
            self._make_room()

    def _path(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode()).hexdigest()

    def _make_room(self) -> None:
        entries = sorted(
            (entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in os.scandir(self._folder)
        )
        total = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if total <= self._most:
                return
            with suppress(FileNotFoundError):
                os.unlink(path)
            total -= size


def _checksum(name: str, body: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\0" + body).hexdigest().encode()
