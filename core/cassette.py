"""The cassette: all that turns learn from outside themselves, kept before anything acts on it, and played again.

A *take* is one such answer: a model's reply, what a program did, what a search found, a person's verdict, the clock.
Takes lie content-addressed under `.git/labtop/cassette/`; a turn's record names its takes in order, so that every turn
can be made again from its commit's parent without a model, a network or a cent.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from core.errors import LabError
from core.record import Turn, now
from core.threads import to_the_end

FOLDER = "cassette"
"""Under `.git/labtop/`."""
LARGEST_TAKE = 256 * 2**20
"""Bytes that a take may unpack to."""


class CassetteError(LabError):
    """A take is missing or damaged."""

    title = "Cassette"


class Diverged(LabError):
    """A turn that is played again asks something else than it asked when it was recorded."""

    title = "The replay differs"


@dataclass(frozen=True, slots=True)
class Take:
    """One answer from outside: what was asked and what came back, in values that JSON can hold."""

    kind: str
    asked: Mapping[str, Any]
    answer: Any


class Shelf:
    """The takes of a project, by name."""

    def __init__(self, folder: Path) -> None:
        self._kept = folder / "kept"
        self._in_flight = folder / "in-flight"

    def put(self, take: Take) -> str:
        """Make a take durable; returns its name, which says its kind and content."""
        content = _canonical({"kind": take.kind, "asked": take.asked, "answer": take.answer})
        name = f"{take.kind}-{hashlib.sha256(content).hexdigest()}"
        path = self._path(name)
        if not path.exists():
            _write(path, zlib.compress(content, 6), durably=True)
        return name

    def get(self, name: str) -> Take:
        """The take of this name; raises CassetteError when it is missing or damaged."""
        try:
            unpacked = zlib.decompressobj().decompress(self._path(name).read_bytes(), LARGEST_TAKE)
        except (OSError, ValueError, zlib.error) as error:
            raise CassetteError(
                f"The take {name[:24]}… is not there or cannot be read: {error}.",
                "Takes are not part of git's history: copy the project's whole folder, .git/labtop included.",
            ) from error
        if name.rpartition("-")[2] != hashlib.sha256(unpacked).hexdigest():
            raise CassetteError(f"The take {name[:24]}… is damaged.", "Restore .git/labtop/cassette from a copy.")
        return Take(**json.loads(unpacked))

    def note(self, question: str, name: str) -> None:
        """Note that the turn in flight has this answer to `question`; only a power cut may lose the note."""
        _write(self._in_flight / question, name.encode(), durably=False)

    def noted(self, question: str) -> Take | None:
        """The answer that this very question got before a crash, if it did."""
        try:
            return self.get((self._in_flight / question).read_text(encoding="utf-8"))
        except (OSError, ValueError, CassetteError):
            return None  # nothing usable was kept: it is asked anew

    def committed(self) -> None:
        """The turn in flight is in the history: the same questions are new ones from now on."""
        if self._in_flight.is_dir():
            for question in self._in_flight.iterdir():
                question.unlink()

    def _path(self, name: str) -> Path:
        digest = name.rpartition("-")[2]
        if not digest.isalnum():
            raise ValueError(f"{name!r} is no take's name")
        return self._kept / digest[:2] / digest


class Tape(Protocol):
    """One turn's way to the outside, the clock included."""

    @property
    def began(self) -> str:
        """When the turn began, as a turn records it."""
        ...

    def ended(self, seconds: float) -> tuple[str, float]:
        """When the turn ended, and the seconds it took."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the takes so far, in order."""
        ...

    def expected(self, kind: str) -> Mapping[str, Any] | None:
        """What is asked next by the recording, when that is of this kind; None when nothing is prescribed."""
        ...

    @property
    def recording(self) -> bool:
        """Whether the outside is really asked."""
        ...

    async def take(self, kind: str, asked: Mapping[str, Any], do: Callable[[], Awaitable[Any]]) -> Any:
        """The answer to `asked`: what `do` finds, or what it found when the turn was recorded."""
        ...


class Recording:
    """A tape of a turn that is made for the first time on the commit `head`; after a crash it goes on where it was."""

    recording = True

    def __init__(self, shelf: Shelf, head: str) -> None:
        self.began = now()
        self._shelf = shelf
        self._head = head
        self._names: list[str] = []

    def ended(self, seconds: float) -> tuple[str, float]:
        return now(), round(seconds, 3)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._names)

    def expected(self, kind: str) -> Mapping[str, Any] | None:
        return None

    async def take(self, kind: str, asked: Mapping[str, Any], do: Callable[[], Awaitable[Any]]) -> Any:
        asked_here = question(self._head, len(self._names), kind, asked)
        take = await to_the_end(self._shelf.noted, asked_here)
        if take is None:
            take = Take(kind, asked, await do())
            name = await to_the_end(self._shelf.put, take)
            await to_the_end(self._shelf.note, asked_here, name)
        else:
            name = await to_the_end(self._shelf.put, take)
        self._names.append(name)
        # What a replay will be given, to the order of the keys: nothing that is built from it may differ.
        return json.loads(_canonical(take.answer))


class Playing:
    """A tape of `turn`, which was recorded; nothing outside is asked.

    `anew` gets each take and the way to ask the outside for it again, to compare; what is found then is not used.
    """

    recording = False

    def __init__(
        self,
        shelf: Shelf,
        turn: Turn,
        anew: Callable[[Take, Callable[[], Awaitable[Any]]], Awaitable[None]] | None = None,
    ) -> None:
        self.began = turn.began
        self._shelf = shelf
        self._turn = turn
        self._left = list(turn.takes)
        self._names: list[str] = []
        self._anew = anew

    def ended(self, seconds: float) -> tuple[str, float]:
        return self._turn.time, self._turn.cost.seconds

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._names)

    def expected(self, kind: str) -> Mapping[str, Any] | None:
        if not self._left or not self._left[0].startswith(f"{kind}-"):
            return None
        return self._shelf.get(self._left[0]).asked

    async def take(self, kind: str, asked: Mapping[str, Any], do: Callable[[], Awaitable[Any]]) -> Any:
        if not self._left:
            raise Diverged(f"The turn asks for a {kind} that it did not ask for when it was recorded.")
        take = await to_the_end(self._shelf.get, self._left[0])
        if take.kind != kind or _canonical(take.asked) != _canonical(asked):
            raise Diverged(f"The turn asks for {_difference(kind, asked, take)}.")
        if self._anew is not None:
            await self._anew(take, do)
        self._names.append(self._left.pop(0))
        return take.answer


def question(head: str, place: int, kind: str, asked: Mapping[str, Any]) -> str:
    """The name of what the turn on `head` asks as its take number `place`, from 0."""
    return hashlib.sha256(_canonical([head, place, kind, asked])).hexdigest()


def _difference(kind: str, asked: Mapping[str, Any], take: Take) -> str:
    if take.kind != kind:
        return f"a {kind} where the recording has a {take.kind}"
    other = [key for key in {**take.asked, **asked} if take.asked.get(key) != asked.get(key)]
    return f"another {kind} than the recording: {', '.join(other)} differs"


def _canonical(value: Any) -> bytes:
    """The one way to write a value; lone surrogates, which a model may send, are kept as JSON's escapes."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()


def _write(path: Path, data: bytes, *, durably: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with open(temporary, "wb") as file:
        file.write(data)
        file.flush()
        if durably:
            os.fsync(file.fileno())
    os.replace(temporary, path)
