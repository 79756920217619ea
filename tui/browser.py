"""The app in a browser: textual-serve, behind an address that only its owner knows.

textual-serve itself asks nobody who they are, and whoever steers the app can open an editor: on a machine with other
users, or from any web page that is open beside it, that would be a way in. Therefore the address carries a secret,
which becomes a cookie, and a socket is opened for labtop's own page only.
"""

from __future__ import annotations

import hmac
import secrets
import shlex
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""The page asks nothing of any other machine (its font is the browser's own), and no other page may frame it."""


class BrowserServer(Server):
    """Serves the app to those who know the secret; each page that is open is an app of its own."""

    def __init__(self, folder: Path | None, host: str, port: int, public_url: str = "") -> None:
        words = [sys.executable, "-m", "labtop", *(["open", str(folder)] if folder else [])]
        super().__init__(shlex.join(words), host, port, "labtop", public_url or f"http://{_bracketed(host)}:{port}")
        self.secret = secrets.token_urlsafe(24)
        self._cookie = f"labtop-{port}"

    @property
    def address(self) -> str:
        """Where a browser finds it, the secret included."""
        return f"{self.public_url}/?key={self.secret}"

    def serve(self, debug: bool = False) -> None:
        """Serve until a signal ends it; raises OSError where nothing can listen."""
        web.run_app(self._make_app(), host=self.host, port=self.port, print=self._announce)

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing yet: nobody listens before the port is open."""

    def _announce(self, *_: object) -> None:
        print(f"labtop in your browser: {self.address}\nKeep this address to yourself. ctrl+c ends it.", flush=True)

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        own = urlsplit(self.public_url)
        if request.host != own.netloc:
            raise web.HTTPForbidden(text=f"labtop answers at {self.public_url} only.")
        if self._knows(request.query.get("key", "")):
            answer = web.HTTPFound("/")
            secure = own.scheme == "https"
            answer.set_cookie(self._cookie, self.secret, httponly=True, samesite="Strict", secure=secure)
            raise answer
        if not self._knows(request.cookies.get(self._cookie, "")):
            raise web.HTTPForbidden(text="Open the whole address that `labtop serve` has printed.")
        if request.path == "/ws" and request.headers.get("Origin") != f"{own.scheme}://{own.netloc}":
            raise web.HTTPForbidden(text="Another page may not open this socket.")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    def _knows(self, told: str) -> bool:
        return hmac.compare_digest(told.encode(), self.secret.encode())


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
