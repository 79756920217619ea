"""A key stays where it is: a hostile server that says it, programs that look for it, and a search everywhere."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from core.commands import Dialogue, Interpretation, Plan, Python, Replace, ReviewForm, Summary
from core.events import Restarted, Thinking, Token, as_json
from core.laboratory import Laboratory
from core.models.calls import Patience
from core.models.named import Named
from core.models.server import Server
from core.parsing import write
from core.unattended import OpenGate
from tests.scripted import new_project
from tests.served import QUESTION, SMALL, User, set_in, user_at
from tests.servers import faults, script
from tests.servers.chat import ChatServer
from tests.servers.exchange import Received

KEY = "sk-proj-q7ZpX2vLm9RkT4wYb8NcD3hFs6Jg"
PLAIN = "Vn4tQe8zKd1uXw7rBy5mHc2p"
"""A key that looks like none, so that only knowing it can hide it."""
LOOKS = """\
import os
from pathlib import Path

print(dict(os.environ))
for path in [*Path("/proc").glob("[0-9]*/environ"), *Path("/proc").glob("[0-9]*/cmdline"), Path({env!r})]:
    try:
        print(path.read_bytes().decode(errors="replace"))
    except OSError as error:
        print(path, "cannot be read", error.errno)
"""


class Betrayer:
    """The scripted researcher of a server that says its keys, and whose programs look for them, wherever it can."""

    def __init__(self, key: str, user: User) -> None:
        self.key = key
        self.looks = LOOKS.format(env=str(user.config / ".env"))
        self.hidden = "\u200b".join(key)
        """The key as it looks once invisible characters are taken out."""

    def __call__(self, request: dict[str, Any]) -> str:
        system, user = (message["content"] for message in request["messages"][:2])
        match script.speaker_of(f"{system}\n{user}"):
            case "postdoc, plan formulation" if "PhD student" not in script.part(user, "The conversation"):
                return f"{self.key}\n\n" + write(
                    Dialogue(f"The key is {self.key}, and so that it is clear: {self.hidden}.")
                )
            case "postdoc, plan formulation":
                return write(Plan(f"{script.PLAN}\n## Key\n\n{self.key}\n{self.hidden}\n\x1b[1m{self.key[:9]}\x1b[0m"))
            case "ml engineer, data preparation" if "PYTHON" not in script.part(user, "The conversation"):
                return write(Python(f"{self.looks}\nprint({self.key!r})\nprint({self.key[::-1]!r}[::-1])\n"))
            case "ml engineer, running experiments" if "SEEDS = " not in user:
                return write(Replace(f"{self.looks}\n# {self.key}\n{script.PROGRAM}"))
            case "postdoc, results interpretation":
                return write(Interpretation(f"# Interpretation\n\n{self.key[:20]}\u00ad{self.key[20:]}"))
            case "reviewer, report refinement":
                form = json.loads(script.reviews(system, user).text)
                escaped = "".join(f"\\u{ord(character):04x}" for character in self.key)
                return write(ReviewForm(json.dumps(form | {"summary": "KEY"}).replace("KEY", escaped)))
            case _:
                return script.answer(request)


def forms_of(key: str) -> dict[str, bytes]:
    """The ways in which a key may lie somewhere."""
    return {
        "plain": key.encode(),
        "base64": base64.b64encode(key.encode()).rstrip(b"=")[:-2],
        "hex": key.encode().hex().encode(),
        "UTF-16": key.encode("utf-16-le"),
    }


def all_bytes(user: User) -> Iterator[tuple[str, bytes]]:
    """Every file of the user's and every git object, also as it is unpacked."""
    for path in user.home.rglob("*"):
        if path.is_file() and path != user.config / ".env":
            data = path.read_bytes()
            yield str(path), data
            yield f"{path}, unpacked", unpacked(data)
    for git in user.home.rglob(".git"):
        batch = ["git", "-C", str(git.parent), "cat-file", "--batch-all-objects", "--unordered", "--batch"]
        objects = subprocess.run(batch, capture_output=True, check=True).stdout
        assert objects
        yield f"the objects of {git}", objects


def unpacked(data: bytes) -> bytes:
    """What is packed inside: zlib, also in the streams of a PDF, and zip."""
    if data.startswith(b"PK"):
        archive = zipfile.ZipFile(io.BytesIO(data))
        return b"\0".join(archive.read(name) for name in archive.namelist())
    starts = [0, *(found.end() for found in re.finditer(rb"stream\r?\n", data))]
    parts = []
    for start in starts:
        try:
            parts.append(zlib.decompressobj().decompress(data[start:]))
        except zlib.error:
            continue  # not packed
    return b"\0".join(parts)


def assert_nowhere(key: str, user: User, *said: str) -> None:
    """Fail when the key is in any file, any git object or anything that was said, and tell where."""
    places = [*all_bytes(user), *((f"said ({number})", text.encode()) for number, text in enumerate(said))]
    assert len(places) > 50
    told = {
        (where, name, data[max(0, at - 60) : at + 10])
        for where, data in places
        for name, form in forms_of(key).items()
        if (at := data.find(form)) >= 0
    }
    assert not told, "\n".join(map(str, sorted(told)))


@pytest.mark.slow
@pytest.mark.parametrize(("place", "until"), [("environment", []), (".env", ["--until", "data-preparation"])])
def test_the_key_is_nowhere_after_a_whole_run_on_a_server_that_tells_it(
    tmp_path: Path, place: str, until: list[str]
) -> None:
    key = KEY if place == "environment" else PLAIN
    user = user_at(tmp_path, **({"MINE_KEY": key} if place == "environment" else {}))
    if place == ".env":
        user.config.mkdir(parents=True)
        (user.config / ".env").write_text(f"MINE_KEY={key}\n")
        (user.config / ".env").chmod(0o600)
    said = []
    with ChatServer(Betrayer(key, user), key=key, piece=7) as server:
        user.knows(server, key_env="MINE_KEY", read_seconds=5)
        project = user.home / "study"
        told = user.labtop("new", project, "--question", QUESTION, "--model", "mine")
        said += [told.stdout, told.stderr]
        set_in(project, **SMALL)
        for fault in (faults.unauthorised(key), faults.answers(307, b"", {"Location": f"https://x.test/?key={key}"})):
            server.faults.append(fault)
            told = user.labtop("run", project, "--json")
            said += [told.stdout, told.stderr]
            assert told.returncode == 1, told.stdout + told.stderr
        server.faults += [
            faults.answers(429, {"error": {"message": f"Too many requests for {key}"}}, {"Retry-After": "0.01"}),
            faults.instead("error", {"error": {"message": f"{key[:-4]}… failed", "code": 503}}),
            faults.says("thoughts", thoughts=f"The key is {key}.").on(
                lambda one: script.speaker_of(one.prompt).startswith("postdoc")
            ),
            faults.cut_at_length(len(key) // 2).on(said_by("postdoc, plan formulation")),
        ]
        told = user.labtop("run", project, "--json", *until)
        assert told.returncode == 0, told.stdout[-3000:] + told.stderr
        said += [told.stdout, told.stderr]
        assert server.problems == []
        assert all(one.headers["authorization"] == f"Bearer {key}" for one in server.completions)
    for command in (["status"], ["status", "--json"], ["log", "--json"], ["export"]):
        more = [user.home / "out.zip"] if command == ["export"] else []
        told = user.labtop(command[0], project, *command[1:], *more)
        assert told.returncode == 0, told.stderr
        said += [told.stdout, told.stderr]
    assert_nowhere(key, user, *said)


def said_by(speaker: str) -> Callable[[Received], bool]:
    """Whether a request is for this agent."""
    return lambda received: script.speaker_of(received.prompt) == speaker


def test_the_search_finds_a_key_wherever_it_is_put(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    for number in range(60):
        (user.home / str(number)).write_text("nothing")
    assert_nowhere(KEY, user)
    packed = {"plain": KEY.encode(), "zlib": zlib.compress(KEY.encode()), "base64": base64.b64encode(KEY.encode())}
    for name, data in packed.items():
        (user.home / name).write_bytes(data)
        with pytest.raises(AssertionError, match=name if name != "zlib" else "unpacked"):
            assert_nowhere(KEY, user)
        (user.home / name).unlink()
    subprocess.run(["git", "init", "-q", user.home], check=True)
    written = subprocess.run(["git", "-C", user.home, "hash-object", "-w", "--stdin"], input=KEY.encode(), check=True)
    assert written.returncode == 0
    with pytest.raises(AssertionError, match="objects"):
        assert_nowhere(KEY, user)


async def test_no_event_holds_the_key_however_small_the_pieces_are(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", QUESTION, **SMALL)
    async with ChatServer(lambda request: f"I know {KEY}.\n\n{write(Summary(KEY))}", key=KEY, piece=3) as server:
        server.faults += [faults.cut(after=14), faults.says("thoughts", thoughts=f"The key is {KEY}, is it not?")]
        model = Server(Named("mine", server.model, server.url, key_env="MINE_KEY", free=True), KEY)
        laboratory = Laboratory(project, OpenGate(), model, patience=Patience(first=0.01))
        async with aclosing(laboratory.run(turns=1)) as events:
            heard = [event async for event in events]
    assert any(isinstance(event, Restarted) for event in heard)
    for kind in (Token, Thinking):
        assert "[key]" in "".join(event.text for event in heard if isinstance(event, kind))
        assert KEY not in "".join(event.text for event in heard if isinstance(event, kind))
    assert KEY not in json.dumps([as_json(event) for event in heard])
    assert KEY not in repr(model) + repr(vars(model))
