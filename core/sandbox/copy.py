"""A private copy of a project for one program, and its results read back as plain bytes."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

FRESH = ("results", "figures")
"""Folders that every program starts with empty, so that only what this run wrote can be found in them."""

RESULTS = tuple(f"{name}/" for name in FRESH)
_UNSEEN = {".git", ".lab", "report", "literature", "reviews", "notes", *FRESH}
_COPIED_UP_TO = 50 * 1024 * 1024
_DEEPEST = 8
_READ = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Copied:
    """What `copy_workspace` did not copy: large files a program reads where they are, and what it will not see."""

    readable: tuple[Path, ...]
    skipped: tuple[str, ...]


@dataclass(slots=True)
class Collected:
    """Files that a program left, by path below its folder, and what was not taken, each with the reason."""

    files: dict[str, bytes] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)


def copy_workspace(project: Path, into: Path) -> Copied:
    """Copy what a program may see into the empty folder `into`, with fresh, empty folders for its results.

    Hidden files, links and special files are left out. A file above 50 MiB is not copied: the copy holds a link to it,
    which works where the file is among the `readable` paths.
    """
    readable: list[Path] = []
    skipped: list[str] = []
    left = [project]
    while left:
        folder = left.pop()
        target = into / folder.relative_to(project)
        target.mkdir(parents=True, exist_ok=True)
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            path = folder / entry.name
            if (
                entry.name.startswith(".")
                or entry.name == "__pycache__"
                or (folder == project and entry.name in _UNSEEN)
            ):
                continue
            if entry.is_dir(follow_symlinks=False):
                left.append(path)
            elif not entry.is_file(follow_symlinks=False):
                skipped.append(f"{path.relative_to(project)}: not a regular file")
            elif entry.stat(follow_symlinks=False).st_size > _COPIED_UP_TO:
                (target / entry.name).symlink_to(path.resolve())
                readable.append(path.resolve())
            else:
                shutil.copyfile(path, target / entry.name, follow_symlinks=False)
    for name in FRESH:
        (into / name).mkdir()
    return Copied(tuple(readable), tuple(skipped))


def collect(
    folder: Path,
    patterns: Sequence[str] = RESULTS,
    *,
    largest: int = 10 * 1024 * 1024,
    most: int = 200,
    together: int = 50 * 1024 * 1024,
) -> Collected:
    """Read back files that a program left in `folder`: `name/` is all below a folder, `a/b.txt` one file.

    Only regular files with one name are taken, up to `largest` bytes each, `most` files and `together` bytes in all.
    No link is followed anywhere on the way and no pipe or device is waited for.
    """
    reader = _Reader(Collected(), largest, most, together)
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for pattern in patterns:
            reader.take(top, "", pattern.rstrip("/"), _DEEPEST)
    finally:
        os.close(top)
    return reader.found


@dataclass(slots=True)
class _Reader:
    """Takes files into `found` until the limits are reached."""

    found: Collected
    largest: int
    most: int
    together: int

    def take(self, folder: int, path: str, rest: str, depth: int) -> None:
        """Take `rest`, a path or name below the open folder `folder`, which is at `path`."""
        name, _, below = rest.partition("/")
        here = f"{path}/{name}" if path else name
        try:
            opened = os.open(
                name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=folder
            )
        except FileNotFoundError:
            return
        except OSError as error:
            is_link = name in os.listdir(folder) and stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode)
            self._skip(here, "a link" if is_link else error.strerror or "unreadable")
            return
        try:
            if not stat.S_ISDIR(os.fstat(opened).st_mode):
                self._take_file(opened, here)
            elif below:
                self.take(opened, here, below, depth - 1)
            elif depth:
                for inner in sorted(os.listdir(opened)):
                    self.take(opened, here, inner, depth - 1)
            else:
                self._skip(here, "too deep")
        finally:
            os.close(opened)

    def _take_file(self, opened: int, path: str) -> None:
        about = os.fstat(opened)
        taken = sum(map(len, self.found.files.values()))
        if not stat.S_ISREG(about.st_mode):
            self._skip(path, "not a regular file")
        elif about.st_nlink != 1:
            self._skip(path, "has a second name (hard link)")
        elif not path.isprintable():
            self._skip(path, "its name is not plain text")
        elif about.st_size > self.largest:
            self._skip(path, f"{about.st_size} bytes, more than {self.largest}")
        elif len(self.found.files) >= self.most:
            self._skip(path, f"more than {self.most} files")
        elif taken + about.st_size > self.together:
            self._skip(path, f"more than {self.together} bytes in all")
        else:
            self.found.files[path] = _read(opened, about.st_size)

    def _skip(self, path: str, reason: str) -> None:
        if len(self.found.skipped) < self.most:
            self.found.skipped.append(f"{ascii(path)[1:-1]}: {reason}")


def remove_tree(path: Path) -> None:
    """Delete a folder, however deep it is and whatever a program locked in it; quietly leaves what cannot go."""
    try:
        shutil.rmtree(path)
    except (OSError, RecursionError):
        for command in (["chmod", "-R", "u+rwX", "--", str(path)], ["rm", "-rf", "--", str(path)]):
            subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)


def _read(opened: int, size: int) -> bytes:
    parts: list[bytes] = []
    while size > 0 and (part := os.read(opened, min(size, _READ))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
