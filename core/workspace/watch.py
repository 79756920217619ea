"""Telling when somebody changes a project's files, so that one need not ask."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

QUIET_SECONDS = 0.1
_POLL_SECONDS = 1.0
_UNWATCHED = frozenset({".git", ".venv", "__pycache__", "node_modules", ".ipynb_checkpoints"})
_NETWORK = re.compile(r"nfs|cifs|smb|fuse\.|lustre|gpfs|9p|afs|ceph|glusterfs|beegfs")

OnChange = Callable[[frozenset[str]], None]


def watch(path: Path, on_change: OnChange) -> Callable[[], None]:
    """Call `on_change` with the changed paths, relative to `path`, once things have been quiet for 0.1 s.

    It is called on a thread of its own; the paths are a hint (a new folder stands for all in it), `git status` is the
    truth. Returns a function that stops the watch.
    """
    root = path.resolve()
    changes = _Changes(root, on_change)
    observer = _observer(on_network=bool(_NETWORK.match(filesystem(root))))
    try:
        _schedule_all(observer, changes, root)
        observer.start()
    except OSError:
        # inotify's instances or watches are used up (128 a user on many machines): look every second instead.
        observer = _observer(on_network=True)
        _schedule_all(observer, changes, root)
        observer.start()

    def stop() -> None:
        changes.stop()
        observer.stop()
        observer.join()

    return stop


def filesystem(path: Path) -> str:
    """The type of the file system that holds `path`, e.g. `ext4` or `nfs4`; empty where the system does not tell."""
    best, kind = "", ""
    with suppress(OSError), open("/proc/self/mountinfo") as mounts:
        for line in mounts:
            fields, _, rest = line.partition(" - ")
            point = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), fields.split(" ")[4])
            if path.is_relative_to(point) and len(point) >= len(best):
                best, kind = point, rest.split(" ")[0]
    return kind


class _Changes:
    """Gathers paths until they stop coming."""

    def __init__(self, root: Path, on_change: OnChange) -> None:
        self.root = root
        self._on_change = on_change
        self._paths: set[str] = set()
        self._timer: threading.Timer | None = None
        self._guard = threading.Lock()
        self._stopped = False

    def add(self, path: str) -> None:
        """Take in one changed path."""
        rel = os.path.relpath(path, self.root)
        parts = rel.split(os.sep)
        if rel == "." or parts[0] == ".." or not _UNWATCHED.isdisjoint(parts):
            return
        with self._guard:
            self._paths.add(rel)
            if self._timer is None and not self._stopped:
                self._timer = threading.Timer(QUIET_SECONDS, self._tell)
                self._timer.daemon = True
                self._timer.start()

    def stop(self) -> None:
        """Tell nothing any more."""
        with self._guard:
            self._stopped = True
            if self._timer is not None:
                self._timer.cancel()

    def _tell(self) -> None:
        with self._guard:
            paths, self._paths, self._timer = frozenset(self._paths), set(), None
            if self._stopped:
                return
        self._on_change(paths)


def _observer(*, on_network: bool) -> BaseObserver:
    from watchdog.observers import Observer
    from watchdog.observers.polling import PollingObserver

    return PollingObserver(timeout=_POLL_SECONDS) if on_network else Observer()


def _schedule_all(observer: BaseObserver, changes: _Changes, root: Path) -> None:
    """Watch the root itself and each of its folders but `.git`, whose hundreds of folders would all be watched too."""
    from watchdog import events

    kinds: list[type[FileSystemEvent]] = [
        events.FileCreatedEvent,
        events.FileModifiedEvent,
        events.FileMovedEvent,
        events.FileDeletedEvent,
        events.FileClosedEvent,
        events.DirCreatedEvent,
        events.DirMovedEvent,
        events.DirDeletedEvent,
    ]

    class Handler(events.FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            for name in (event.src_path, event.dest_path):
                if name:
                    changes.add(os.fsdecode(name))
            if event.is_directory and event.event_type in ("created", "moved"):
                follow(Path(os.fsdecode(event.dest_path or event.src_path)))

    handler = Handler()

    def follow(folder: Path) -> None:
        if folder.parent == root and folder.name not in _UNWATCHED and folder.is_dir() and not folder.is_symlink():
            with suppress(OSError):
                observer.schedule(handler, str(folder), recursive=True, event_filter=kinds)

    observer.schedule(handler, str(root), recursive=False, event_filter=kinds)
    for folder in root.iterdir():
        follow(folder)
