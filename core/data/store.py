"""Where data sets of the Hub lie once they are fetched: a folder each in the user's cache, finished or not there."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.brief import DataCard
from core.data.cards import card_from_json
from core.data.uses import Use
from core.errors import DataError

ABOUT = "about.json"
DATA = "data"
_LARGEST_ABOUT = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Fetched:
    """A data set in the cache: its folder, the names `load_dataset` finds it by, what it holds.

    `place` is the path below a cache of `datasets` at which its files are to be found. `splits` holds rows by split.
    """

    folder: Path
    place: str
    splits: Mapping[str, int]
    size: int
    card: DataCard | None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files with the data, and the one that tells their types."""
        return tuple(sorted((self.folder / DATA).iterdir()))


class Store:
    """The data sets of one Hub below `root`."""

    def __init__(self, root: Path, endpoint: str) -> None:
        self.root = root
        self.endpoint = endpoint

    def key(self, use: Use) -> str:
        """The name of the folder for a use: the same for whoever asks for the same."""
        asked = [self.endpoint, use.repo, use.config, use.files, use.folder, use.revision]
        return f"{use.repo.replace('/', '--')[:80]}-{hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]}"

    def found(self, use: Use) -> Fetched | None:
        """The set, when it was fetched before; whatever is not complete is not there."""
        folder = self.root / self.key(use)
        try:
            about = folder / ABOUT
            if about.stat().st_size > _LARGEST_ABOUT:
                return None
            facts = json.loads(about.read_text(encoding="utf-8"))
            card = card_from_json(json.dumps(facts["card"])) if facts["card"] else None
            splits = {str(name): int(rows) for name, rows in facts["splits"].items()}
            return Fetched(folder, str(facts["place"]), splits, int(facts["size"]), card)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, DataError):
            return None

    @contextmanager
    def locked(self, use: Use) -> Iterator[bool]:
        """Hold the right to fetch a set; False, and nothing held, while another process does."""
        self.root.mkdir(parents=True, exist_ok=True)
        opened = os.open(self.root / f"{self.key(use)}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield _lock(opened)
        finally:
            os.close(opened)


def _lock(opened: int) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def default_root() -> Path:
    """The user's cache of data sets."""
    from platformdirs import user_cache_path

    return user_cache_path("labtop") / "hub"
