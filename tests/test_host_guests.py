"""Who may come to an engine's socket, and what becomes of those who misbehave there."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from core.errors import EngineError
from core.events import (
    Token,
)
from core.host import guest as guests
from core.host import server
from core.host.address import found, name_of, place_for
from core.host.client import Line, OtherVersion, reach_project
from core.host.wire import LONGEST_ORDER, PROTOCOL, Hello, packed
from core.orders import Step
from tests.host_stage import Stage, engine

ROOT = Path(__file__).resolve().parent.parent


# Who may come


def as_nobody(code: str) -> subprocess.CompletedProcess[str]:
    start = f"import os, socket, sys; os.setgid(65534); os.setuid(65534); sys.path.insert(0, {str(ROOT)!r})\n"
    return subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, timeout=30, check=False)


async def test_the_socket_is_the_user_s_alone(tmp_path: Path) -> None:
    async with engine(tmp_path) as stage:
        path = stage.socket
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        line = await reach_project(stage.project.path, folders=stage.folders)
        assert line is not None
        await line.close()
    assert not path.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
async def test_another_user_is_refused_by_the_kernel_s_word_even_where_the_folder_lets_them_in(tmp_path: Path) -> None:
    async with engine(tmp_path, running=True, pace=0.01) as stage:
        code = f"""
line = socket.socket(socket.AF_UNIX); line.settimeout(5)
line.connect({str(stage.socket)!r})
print(line.makefile().read())
"""
        assert "PermissionError" in (await asyncio.to_thread(as_nobody, code)).stderr
        path = stage.socket
        for above in [path, *path.parents[: len(path.parents) - 2]]:
            above.chmod(0o777)
        told = await asyncio.to_thread(as_nobody, code)
        assert json.loads(told.stdout)["words"] == "this engine belongs to another user", told.stderr
        assert not stage.host._guests
        path.parent.chmod(0o700)


async def test_an_app_does_not_talk_to_a_socket_of_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(tmp_path) as stage:
        path = stage.socket
        monkeypatch.setattr("core.host.client.peer", lambda connection: (1, os.getuid() + 1))
        with pytest.raises(EngineError, match="belongs to another user"):
            await Line.reach(path)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="labtop-") as folder:
        yield Path(folder)


@pytest.mark.parametrize("how", ["open to others", "a link", "a file"])
def test_a_folder_that_is_not_the_user_s_alone_is_neither_used_nor_looked_into(
    tmp_path: Path, short: Path, how: str
) -> None:
    good, bad = short / "good", short / "bad"
    match how:
        case "open to others":
            bad.mkdir(mode=0o755)
            bad.chmod(0o755)
        case "a link":
            (short / "else").mkdir(mode=0o700)
            bad.symlink_to(short / "else")
        case "a file":
            bad.write_text("")
    assert place_for(tmp_path / "p", [bad, good]) == good / name_of(tmp_path / "p")
    if bad.is_dir():
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(bad / name_of(tmp_path / "p")))
        listening.close()
    assert found(tmp_path / "p", [bad, good]) == []
    with pytest.raises(EngineError, match="No private folder"):
        place_for(tmp_path / "p", [bad])


def test_a_dead_engine_s_socket_is_cleared_away_and_anything_else_is_not(tmp_path: Path, short: Path) -> None:
    folder = short / "run"
    path = place_for(tmp_path / "p", [folder])
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    assert place_for(tmp_path / "p", [folder]) == path
    assert not path.exists()
    path.write_text("mine")
    with pytest.raises(EngineError, match="is in the way"):
        place_for(tmp_path / "p", [folder])
    assert path.read_text() == "mine"


# Apps that misbehave


async def talk(stage: Stage, *lines: bytes) -> list[dict[str, object]]:
    """Say lines to the engine and hear what it says until it hangs up."""
    reader, writer = await asyncio.open_unix_connection(stage.socket, limit=2**22)
    try:
        for line in lines:
            writer.write(line)
        async with asyncio.timeout(10):
            told = await reader.read()
    except ConnectionError:
        return []
    finally:
        writer.close()
    return [json.loads(line) for line in told.splitlines()]


HELLO = packed({"protocol": PROTOCOL, "steer": True})


@pytest.mark.parametrize(
    "lines",
    [
        (b"GET / HTTP/1.1\r\n",),
        (b"\xff\xfe\x00\n",),
        (b"[" * 100_000 + b"\n",),
        (packed({"protocol": "1"}),),
        (HELLO, b"{}\n"),
        (HELLO, b'{"id": 1, "order": 5, "more": 1}\n'),
        (HELLO, b'{"id": true, "order": {"order": "Go"}}\n'),
        (HELLO, b'{"id": ' + b"9" * 5000 + b"}\n"),
        (b"x" * (LONGEST_ORDER + 10) + b"\n",),
        (HELLO, b"x" * (LONGEST_ORDER + 10) + b"\n"),
    ],
)
async def test_nonsense_is_hung_up_on_and_the_engine_goes_on(tmp_path: Path, lines: tuple[bytes, ...]) -> None:
    async with engine(tmp_path) as stage:
        told = await talk(stage, *lines)
        assert not told or told[-1]["bye"] == "refused"
        app = await stage.app()
        await app.line.order(Step())
        await app.until(lambda: app.turns == [1])
        assert len(stage.host._guests) == 1


async def test_an_order_that_is_none_is_refused_in_words_and_the_line_stays(tmp_path: Path) -> None:
    async with engine(tmp_path) as stage:
        reader, writer = await asyncio.open_unix_connection(stage.socket)
        writer.write(HELLO + b'{"id": 7, "order": {"order": "Fly"}}\n')
        async with asyncio.timeout(10):
            while b"refused" not in (line := await reader.readline()):
                pass
        assert json.loads(line)["refused"]["answer"] == 7
        assert "There is no order 'Fly'" in json.loads(line)["refused"]["message"]
        writer.close()


async def test_an_app_of_another_version_is_told_so(tmp_path: Path) -> None:
    async with engine(tmp_path) as stage:
        told = await talk(stage, packed({"protocol": 99, "steer": True, "what only that version knows": 1}))
        assert told[0]["bye"] == "version"


async def test_an_engine_of_another_version_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with engine(tmp_path) as stage:
        monkeypatch.setattr(server, "PROTOCOL", 99)
        with pytest.raises(OtherVersion, match="another version") as caught:
            await stage.app()
        assert caught.value.pid == os.getpid()


async def test_whoever_says_nothing_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HELLO_SECONDS", 0.1)
    async with engine(tmp_path) as stage:
        assert (await talk(stage))[0]["bye"] == "refused"


async def test_a_flood_of_orders_is_taken_slowly_and_others_are_heard(tmp_path: Path) -> None:
    async with engine(tmp_path) as stage:
        calm = await stage.app()
        reader, writer = await asyncio.open_unix_connection(stage.socket, limit=2**20)
        writer.write(HELLO + packed({"id": 1, "order": {"order": "StopAt"}}) * 5000)
        await asyncio.sleep(0.5)
        told = (await reader.read(2**20)).count(b"refused")
        assert 5 < told <= 0.5 / server.BREATH + 10
        began = asyncio.get_running_loop().time()
        await calm.line.order(Step())
        assert asyncio.get_running_loop().time() - began < 2
        await calm.until(lambda: calm.turns == [1])
        writer.close()


async def test_an_app_that_does_not_read_is_let_go_with_little_kept_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guests, "MOST_WAITING", 50_000)
    monkeypatch.setattr(guests, "LAST_WORDS", 0.2)
    async with engine(tmp_path, 0) as stage:
        watcher = await stage.app()
        deaf = socket.socket(socket.AF_UNIX)
        deaf.connect(str(stage.socket))
        deaf.sendall(HELLO)
        await watcher.until(lambda: len(stage.host._guests) == 2)
        for _ in range(200):
            stage.host._say(Token(1, "x" * 5000))
            assert all(guest._size <= 56_000 for guest in stage.host._guests)
            await asyncio.sleep(0)
        await watcher.until(lambda: len(stage.host._guests) == 1)
        assert watcher.bye is None
        await watcher.until(lambda: len(watcher.text) == 1_000_000)
        deaf.close()


async def test_no_more_apps_than_a_handful_are_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_GUESTS", 2)
    async with engine(tmp_path) as stage:
        await stage.app()
        await stage.app()
        with pytest.raises(EngineError, match="2 apps are attached already"):
            await stage.app()


def test_hello_is_what_an_app_says_first() -> None:
    assert json.loads(HELLO) == asdict(Hello(PROTOCOL))
