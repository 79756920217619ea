"""A small Hugging Face Hub on 127.0.0.1: search, facts, listings and files of data sets, and how it may misbehave."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PIECE = 16 * 1024
"""Bytes that are sent at once."""


@dataclass(frozen=True, slots=True)
class HubSet:
    """A data set of the Hub, and what is wrong with it.

    `gated` is `auto` or `manual` as the Hub says it. `told_size` is the size that is told of each data file (0: the
    true one). Every download waits `pause` seconds after a piece, and is dropped after `cut_after` bytes of the file.
    """

    id: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    """The metadata at the head of the README."""
    tags: tuple[str, ...] = ()
    downloads: int = 100
    gated: str = ""
    private: bool = False
    told_size: int = 0
    pause: float = 0.0
    cut_after: int | None = None
    rows: tuple[Mapping[str, Any], ...] = ()
    """The first rows of the split `train`, as the data sets server shows them."""

    @property
    def revision(self) -> str:
        """The commit of the set's only version."""
        return hashlib.sha1(self.id.encode()).hexdigest()

    @property
    def all_files(self) -> dict[str, bytes]:
        """The files with the README that carries the card."""
        readme = f"---\n{json.dumps(self.card)}\n---\n# {self.id}\n" if self.card else f"# {self.id}\n"
        return {"README.md": readme.encode(), **self.files}

    def size(self, path: str) -> int:
        """Bytes that are told of a file."""
        return self.told_size if self.told_size and path in self.files else len(self.all_files[path])


class HubServer:
    """Serves data sets until it is closed; `asked` holds the requests as (method, path), `status` makes it fail."""

    def __init__(self, *sets: HubSet, status: int = 0, token: str = "") -> None:
        self.sets = {one.id: one for one in sets}
        self.status = status
        self.token = token
        self.asked: list[tuple[str, str]] = []
        self.tokens: set[str] = set()
        server = self
        handler = type("Handler", (_Handler,), {"hub": server})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def change(self, name: str, **facts: Any) -> None:
        """Serve the set `name` otherwise from now on."""
        self.sets[name] = replace(self.sets[name], **facts)

    def close(self) -> None:
        """Stop listening."""
        self._http.shutdown()
        self._http.server_close()

    def __enter__(self) -> HubServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        url = urlsplit(self.path)
        self.hub.asked.append((self.command, self.path))
        self.hub.tokens.add(self.headers.get("Authorization", ""))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        query = parse_qs(url.query)
        if self.hub.status:
            self._send(self.hub.status, b"the hub has trouble")
        elif parts == ["api", "datasets"]:
            self._json([self._facts(one) for one in self._found(query)][: int(query.get("limit", ["30"])[0])])
        elif parts[:2] == ["api", "datasets"]:
            self._about(parts[2:], body, query)
        elif parts == ["first-rows"]:
            self._rows(query)
        elif parts[0] == "datasets" and "resolve" in parts:
            at = parts.index("resolve")
            self._file("/".join(parts[1:at]), "/".join(parts[at + 2 :]))
        else:  # api/agent-harnesses among others
            self._send(404, b"")

    def _found(self, query: Mapping[str, list[str]]) -> list[HubSet]:
        words = query.get("search", [""])[0].lower()
        found = [one for one in self.hub.sets.values() if words in one.id.lower() and not one.private]
        return sorted(found, key=lambda one: -one.downloads)

    def _facts(self, one: HubSet) -> dict[str, Any]:
        facts: dict[str, Any] = {"id": one.id, "sha": one.revision, "private": one.private, "gated": one.gated or False}
        facts |= {"disabled": False, "downloads": one.downloads, "likes": 3, "tags": list(one.tags)}
        return {**facts, "cardData": dict(one.card), "description": f"About {one.id}.", "author": one.id.split("/")[0]}

    def _about(self, parts: list[str], body: bytes, query: Mapping[str, list[str]]) -> None:
        words = [at for at, part in enumerate(parts) if part in ("tree", "paths-info", "revision", "auth-check")]
        cut = words[0] if words else len(parts)
        one = self._open_to_all("/".join(parts[:cut]), files=bool(words) and parts[cut] != "revision")
        if one is None:
            return
        what = parts[cut] if words else ""
        if what == "tree":
            self._json(_tree(one, "/".join(parts[cut + 2 :]), "recursive=true" in self.path.lower()))
        elif what == "paths-info":
            wanted = parse_qs(body.decode()).get("paths", []) or json.loads(body or b"{}").get("paths", [])
            self._json([_entry(one, path) for path in wanted if path in one.all_files])
        else:
            told = [
                {"rfilename": path, **({"size": one.size(path)} if "blobs" in query else {})} for path in one.all_files
            ]
            self._json({**self._facts(one), **({} if "expand" in query else {"siblings": told})})

    def _open_to_all(self, name: str, *, files: bool = True) -> HubSet | None:
        """The set, when whoever asks may have it; else the refusal is sent. `files`: whether its files are wanted."""
        one = self.hub.sets.get(name)
        known = bool(self.hub.token) and self.headers.get("Authorization") == f"Bearer {self.hub.token}"
        if one is None or (one.private and not known):
            self._send(404 if known else 401, b"", {"X-Error-Code": "RepoNotFound"})
            return None
        if one.gated and files and not known:
            self._send(401, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."})
            return None
        return one

    def _rows(self, query: Mapping[str, list[str]]) -> None:
        one = self.hub.sets.get(query.get("dataset", [""])[0])
        if one is None or not one.rows or query.get("split") != ["train"]:
            self._send(404, b'{"error": "Not found."}')
            return
        self._json({"rows": [{"row_idx": at, "row": dict(row)} for at, row in enumerate(one.rows)]})

    def _file(self, name: str, path: str) -> None:
        one = self._open_to_all(name)
        if one is None:
            return
        if path not in one.all_files:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        data = one.all_files[path]
        about = {
            "ETag": f'"{hashlib.sha1(data).hexdigest()}"',
            "X-Repo-Commit": one.revision,
            "Accept-Ranges": "bytes",
        }
        if self.command == "HEAD":
            self._head(200, one.size(path), about)
            return
        start, end = _range(self.headers.get("Range", ""), len(data))
        partial = {"Content-Range": f"bytes {start}-{end - 1}/{len(data)}"} if "Range" in self.headers else {}
        self._head(206 if partial else 200, end - start, {**about, **partial})
        self._pieces(one if path in one.files else replace(one, pause=0, cut_after=None), data, start, end)

    def _pieces(self, one: HubSet, data: bytes, start: int, end: int) -> None:
        for at in range(start, end, PIECE):
            if one.cut_after is not None and at >= one.cut_after:
                self.close_connection = True
                self.connection.close()
                return
            try:
                self.wfile.write(data[at : min(at + PIECE, end)])
            except OSError:  # whoever asked has gone
                self.close_connection = True
                return
            time.sleep(one.pause)

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self._head(status, len(body), headers or {})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, length: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()


def _entry(one: HubSet, path: str) -> dict[str, Any]:
    oid = hashlib.sha1(one.all_files[path]).hexdigest()
    return {"type": "file", "path": path, "size": one.size(path), "oid": oid}


def _tree(one: HubSet, folder: str, recursive: bool) -> list[dict[str, Any]]:
    start = f"{folder}/" if folder else ""
    inside = [path for path in one.all_files if path.startswith(start)]
    files = [path for path in inside if recursive or "/" not in path[len(start) :]]
    folders = {path[: path.index("/", len(start))] for path in inside if "/" in path[len(start) :]}
    listed = [{"type": "directory", "path": path, "size": 0, "oid": "0" * 40} for path in sorted(folders)]
    return [*listed, *(_entry(one, path) for path in files)]


def _range(asked: str, size: int) -> tuple[int, int]:
    if not asked.startswith("bytes="):
        return 0, size
    first, _, last = asked.removeprefix("bytes=").partition("-")
    return int(first or 0), min(int(last) + 1, size) if last else size
