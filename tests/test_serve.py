"""The app in a browser, over real HTTP and a real socket."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import end_engines
from tests.fake_laboratory import played_project

aiohttp = pytest.importorskip("aiohttp")
pytest.importorskip("textual_serve")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """A server on a project; the address that it prints."""
    played_project(tmp_path / "p", 13)
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    words = [sys.executable, "-m", "labtop", "serve", str(tmp_path / "p"), "--port", str(_free_port())]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if found := re.search(r"(http://127\.0\.0\.1:\d+/)\?key=(\S+)", printed):
                yield found[0]
                break
        process.terminate()
        process.wait(20)
    end_engines(tmp_path)


async def test_the_app_is_drawn_in_the_browser_for_who_has_the_address_only(served: str) -> None:
    root = served.partition("?")[0]
    origin = root.rstrip("/")
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession() as stranger, aiohttp.ClientSession(cookie_jar=jar) as owner:
        for path in ("", "ws", "static/js/textual.js", "?key=guessed"):
            async with stranger.get(root + path, headers={"Origin": origin}) as refused:
                assert refused.status == 403, path
        async with owner.get(served, headers={"Host": "bad.example"}) as refused:
            assert refused.status == 403
        async with owner.get(served) as page:
            assert page.status == 200
            assert "key=" not in str(page.url)
            assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await owner.ws_connect(f"{root}ws", headers={"Origin": "http://bad.example"})
        async with owner.ws_connect(f"{root}ws?width=100&height=30", headers={"Origin": origin}) as line:
            await _until(line, "it begins when you say so")
            await line.send_json(["stdin", "?"])
            await _until(line, "Agents work through seven phases")


async def _until(line: aiohttp.ClientWebSocketResponse, words: str) -> None:
    """Read what the app draws until the words were in it."""
    drawn = ""
    async with asyncio.timeout(60):
        while words not in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn):
            message = await line.receive()
            assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message
            drawn += message.data.decode("utf-8", "replace") if isinstance(message.data, bytes) else message.data


def test_other_machines_are_let_in_on_a_persons_word_only() -> None:
    words = [sys.executable, "-m", "labtop", "serve", "--host", "0.0.0.0"]
    refused = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 1
    assert "--beyond-this-machine" in refused.stderr
