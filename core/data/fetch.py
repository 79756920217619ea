"""Has a data set of the Hub fetched into the user's cache, by a process of its own that is watched and can be ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.clean import clean, decode
from core.data.store import ABOUT, Fetched, Store
from core.data.uses import Use
from core.errors import DataError

_ROOT = Path(__file__).resolve().parents[2]
_START = "import sys; sys.path.insert(0, sys.argv[1]); from core.data.fetching import main; main()"
_LONGEST_LINE = 2**16
_INHERITED = (
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "LD_LIBRARY_PATH", "HF_TOKEN",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: without anything new on disk until a fetch is ended, for all of it, and between two words on it."""

    stalled: float = 90.0
    longest: float = 3600.0
    between: float = 5.0
    waiting: float = 0.5


async def fetch(
    use: Use, store: Store, largest_mb: int, tell: Callable[[str], None], patience: Patience = Patience()
) -> Fetched:
    """The set from the cache, fetched into it first when it is not there.

    `tell` hears how it goes. Raises DataError with the reason when the set cannot be had: gated, private, missing,
    a script, larger than `largest_mb` (10^6 bytes), broken, or the Hub does not answer. Cancelled, it leaves nothing.
    """
    try:
        return await _once(use, store, largest_mb, tell, patience)
    except OSError as error:
        raise DataError(
            f"The data set {use.words} cannot be had: {store.root} cannot be written ({error.strerror or error}).",
            "Use a set of sklearn.datasets; the researcher makes room there.",
        ) from error


async def _once(use: Use, store: Store, largest_mb: int, tell: Callable[[str], None], patience: Patience) -> Fetched:
    """Fetch the set, or wait for the process that is fetching it."""
    told_of_other = False
    while True:
        if found := await asyncio.to_thread(store.found, use):
            return found
        with store.locked(use) as ours:
            if ours:
                return await _fetched(use, store, largest_mb, tell, patience)
        if not told_of_other:
            tell(f"another labtop is fetching {use.words}; waiting for it")
        told_of_other = True
        await asyncio.sleep(patience.waiting)


async def _fetched(use: Use, store: Store, largest_mb: int, tell: Callable[[str], None], patience: Patience) -> Fetched:
    if found := store.found(use):  # another process was just done with it
        return found
    key = store.key(use)
    await asyncio.to_thread(_sweep, store.root, key)
    folder = Path(tempfile.mkdtemp(prefix=f".{key}.", dir=store.root))
    try:
        tell(f"fetching the data set {use.words} from the Hugging Face Hub")
        worker = _Worker(use, folder, store.endpoint, largest_mb * 10**6, tell, patience)
        last = await worker.run()
        if "fetched" not in last:
            why = clean(str(last.get("refused", "the fetch ended without a word")))[:1000]
            hint = clean(str(last.get("hint", "Use another set.")))[:500]
            raise DataError(f"The data set {use.words} cannot be had: {why}.", hint)
        await asyncio.to_thread(_settle, folder, store.root / key)
    finally:
        await asyncio.to_thread(_remove, folder)
    found = store.found(use)
    if found is None:
        raise DataError(f"The data set {use.words} was fetched, but cannot be found in the cache.", "Try once more.")
    rows = ", ".join(f"{clean(name)} {count:,}" for name, count in found.splits.items())
    tell(f"the data set {use.words} is in the cache: {rows} rows")
    return found


@dataclass(slots=True)
class _Worker:
    """The process that fetches, from its start to its end."""

    use: Use
    folder: Path
    endpoint: str
    largest: int
    tell: Callable[[str], None]
    patience: Patience
    last: dict[str, Any] = field(default_factory=dict)
    size: int = 0
    news: float = 0.0
    said: float = 0.0

    async def run(self) -> dict[str, Any]:
        """Run it to its end; the last it told, which says whether it fetched or why not."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-c", _START, str(_ROOT), stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd="/",
            env=_environment(self.folder, self.endpoint), start_new_session=True, limit=_LONGEST_LINE,
        )  # fmt: skip
        assert process.stdin
        assert process.stderr
        errors = asyncio.create_task(_tail(process.stderr))
        try:
            process.stdin.write(self._order())
            with contextlib.suppress(ConnectionError):
                await process.stdin.drain()
            return await self._heard(process, errors)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            errors.cancel()

    def _order(self) -> bytes:
        use = self.use
        order = {"repo": use.repo, "config": use.config, "files": use.files, "data_dir": use.folder}
        order |= {"revision": use.revision, "folder": str(self.folder), "endpoint": self.endpoint}
        return json.dumps({**order, "largest": self.largest}).encode() + b"\n"

    async def _heard(self, process: Process, errors: asyncio.Task[str]) -> dict[str, Any]:
        assert process.stdout
        self.news = start = time.monotonic()
        while "fetched" not in self.last and "refused" not in self.last:
            left = min(self.news + self.patience.stalled, start + self.patience.longest) - time.monotonic()
            try:
                async with asyncio.timeout(max(0.0, left)):
                    line = await process.stdout.readline()
            except TimeoutError:
                return {"refused": "nothing more of it came", "hint": "Try once more later, or use a bundled set."}
            except ValueError:  # a line without an end
                return {"refused": "the fetch told nonsense", "hint": "Use another set."}
            if not line:
                return {"refused": f"the fetch broke off ({(await errors) or 'without a word'})"}
            self._take(line)
        return self.last

    def _take(self, line: bytes) -> None:
        try:
            told = json.loads(line)
        except ValueError:
            return
        if not isinstance(told, dict):
            return
        self.last, now = told, time.monotonic()
        self.news = now
        self.size = told.get("size", self.size)
        if "have" in told and self.size and now - self.said >= self.patience.between:
            self.said = now
            self.tell(f"fetching {self.use.words}: {told['have'] / 1e6:,.0f} MB on disk of {self.size / 1e6:,.0f} MB")


def _environment(folder: Path, endpoint: str) -> dict[str, str]:
    """Nothing secret but the person's own token for the Hub; everything that is written goes below `folder`."""
    inherited = {name: os.environ[name] for name in _INHERITED if os.environ.get(name)}
    return {
        **inherited,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(folder / "home"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_HUB_DISABLE_XET": "1",  # one plain protocol, whose bytes arrive on disk and can be counted
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "USE_TORCH": "0",
        "USE_TF": "0",
        "USE_JAX": "0",
        "OMP_NUM_THREADS": "1",
    }


async def _tail(stream: asyncio.StreamReader) -> str:
    """The last line that was printed to `stream`."""
    last = b""
    while piece := await stream.read(4096):
        last = (last + piece)[-2000:]
    lines = decode(last).strip().splitlines()
    return lines[-1][:300] if lines else ""


def _sweep(root: Path, key: str) -> None:
    """Remove what a killed fetch of the set left; its lock is held."""
    for left in root.glob(f".{key}.*"):
        _remove(left)
    _remove(root / key)  # not complete, or it would have been found


def _settle(folder: Path, final: Path) -> None:
    """Make a finished set unchangeable and give it its name, in this order: what has its name is complete."""
    for entry in folder.iterdir():
        if entry.name not in (ABOUT, "data"):
            _remove(entry)
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.rename(final)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        for above, _, _ in os.walk(path):
            with contextlib.suppress(OSError):
                os.chmod(above, 0o700)
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
