"""Reading and writing inside a project's tree: never through a link, never half a file."""

from __future__ import annotations

import ctypes
import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import ProjectError

LARGEST = 10 * 1024 * 1024
"""Files above this many bytes are not put into the history."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Content:
    """What stands at a path: the bytes (for a link, where it points to) and git's mode for it."""

    data: bytes
    mode: str = "100644"

    @property
    def sha(self) -> str:
        """The name that git gives to these bytes."""
        return blob_sha(self.data)


def blob_sha(data: bytes) -> str:
    """The SHA-1 that git names a file's bytes by."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def split(rel: str) -> tuple[str, ...]:
    """The parts of a path inside the project; raises ProjectError for one that leads out of it or into `.git`."""
    parts = tuple(rel.split("/"))
    if not rel or rel.startswith("/") or "\0" in rel or any(part in ("", ".", "..") for part in parts):
        raise ProjectError(f"{rel!r} is not a path inside the project.", "Nothing was written.")
    if any(_is_git(part) for part in parts):
        raise ProjectError(f"{rel!r} lies in git's own folder, which nobody may write to.", "Nothing was written.")
    try:
        rel.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ProjectError(f"{rel!r} cannot be a file's name.", "Nothing was written.") from None
    return parts


def as_bytes(value: str | bytes) -> bytes:
    """Text as it is stored: UTF-8, with a question mark for what UTF-8 cannot hold."""
    return value.encode("utf-8", "replace") if isinstance(value, str) else value


def look(root: Path, rel: str) -> Content | None:
    """What stands at `rel`: a file or a link, None when there is nothing or something else (a folder, a pipe)."""
    parts = split(rel)
    try:
        with _parent(root, parts) as folder:
            return _look_at(folder, parts[-1])
    except OSError:
        return None


def read(root: Path, rel: str) -> bytes | None:
    """The bytes of the regular file at `rel`, None when there is none; links are not followed, on no part of it."""
    found = look(root, rel)
    return found.data if found and found.mode != "120000" else None


def size_of(root: Path, rel: str) -> int:
    """The size of what stands at `rel` in bytes, 0 when there is nothing."""
    try:
        return os.lstat(root / rel).st_size
    except OSError:
        return 0


def check_writable(root: Path, changes: Mapping[str, bytes | None]) -> None:
    """Raise ProjectError, before anything is touched, when one of `changes` could not be written as a plain file."""
    gone = {rel for rel, data in changes.items() if data is None}
    for rel in changes:
        parts = split(rel)
        for length in range(1, len(parts)):
            above = "/".join(parts[:length])
            if above not in gone and (changes.get(above) is not None or not _may_be_folder(root / above)):
                raise ProjectError(f"{rel!r} cannot be written: {above!r} is not a folder.", "Nothing was written.")
        if not _may_be_file(root / rel, rel in gone):
            raise ProjectError(f"{rel!r} is not a regular file, so it is not replaced.", "Nothing was written.")


def draft(root: Path, rel: str, content: Content, scratch: Path) -> Path:
    """Write what shall stand at `rel` beside the tree, in `scratch`, which is on the same disk."""
    path = scratch / f"draft-{os.getpid()}-{blob_sha(rel.encode(errors='surrogateescape'))[:12]}"
    path.unlink(missing_ok=True)
    if content.mode == "120000":
        os.symlink(content.data, path)
    else:
        _write_new(path, content.data, _mode_for(root / rel, content.mode))
    return path


def place(root: Path, rel: str, written: Path) -> None:
    """Put a draft at `rel` at one stroke."""
    parts = split(rel)
    with _parent(root, parts, create=True) as folder:
        with suppress(OSError):
            os.rmdir(parts[-1], dir_fd=folder)
        os.rename(written, parts[-1], dst_dir_fd=folder)


def remove(root: Path, rel: str) -> None:
    """Delete the file at `rel`, and the folders that it leaves empty."""
    parts = split(rel)
    try:
        with _parent(root, parts) as folder:
            os.unlink(parts[-1], dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    prune(root, rel)


def prune(root: Path, rel: str) -> None:
    """Remove the folders above `rel` that are empty, up to the project's root."""
    for length in range(len(split(rel)) - 1, 0, -1):
        try:
            os.rmdir(root.joinpath(*split(rel)[:length]))
        except OSError:
            return


def write_durably(path: Path, data: bytes) -> None:
    """Replace a private file at one stroke and have it on disk, name and all, before returning."""
    beside = path.with_name(path.name + ".draft")
    beside.unlink(missing_ok=True)
    _write_new(beside, data, 0o600)
    _flush(beside)
    os.rename(beside, path)
    flush_folder(path.parent)


def flush(paths: Sequence[Path]) -> None:
    """Have files and folders on disk before returning, all at once: the disk takes as long for ten as for one."""
    if paths:
        with ThreadPoolExecutor(min(8, len(paths))) as pool:
            list(pool.map(_flush, paths))


def folders_of(root: Path, paths: Iterable[str]) -> list[Path]:
    """The folders above `paths`, up to the root, as far as they are there."""
    above = {rel.rsplit("/", count)[0] for rel in paths for count in range(1, rel.count("/") + 1)}
    return [root, *(root / rel for rel in sorted(above) if (root / rel).is_dir())]


def flush_folder(path: Path) -> None:
    """Have a folder's entries on disk before returning."""
    _flush(path)


def flush_disk(path: Path) -> None:
    """Have everything written to the disk that holds `path` before returning."""
    fd = os.open(path, _FOLDER)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(libc, "syncfs") or libc.syncfs(fd) != 0:
            os.sync()
    finally:
        os.close(fd)


def deletions_first(changes: Iterable[tuple[str, Content | None]]) -> list[tuple[str, Content | None]]:
    """The changes in an order in which a file can give way to a folder of its name."""
    return sorted(changes, key=lambda change: (change[1] is not None, change[0]))


@contextmanager
def _parent(root: Path, parts: tuple[str, ...], *, create: bool = False) -> Iterator[int]:
    """The folder that holds the last of `parts`, reached without following a link; raises OSError otherwise."""
    fd = os.open(root, _FOLDER)
    try:
        for part in parts[:-1]:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=fd)
            inner = os.open(part, _FOLDER, dir_fd=fd)
            os.close(fd)
            fd = inner
        yield fd
    finally:
        os.close(fd)


def _look_at(folder: int, name: str) -> Content | None:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(found.st_mode):
        return Content(os.fsencode(os.readlink(name, dir_fd=folder)), "120000")
    if not stat.S_ISREG(found.st_mode):
        return None
    fd = os.open(name, _READ, dir_fd=folder)
    with os.fdopen(fd, "rb") as stream:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        return Content(stream.read(), "100755" if found.st_mode & 0o100 else "100644")


def _flush(path: Path) -> None:
    if path.is_symlink():
        return
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _write_new(path: Path, data: bytes, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with os.fdopen(fd, "wb") as stream:
        stream.write(data)
        os.fchmod(fd, mode)


def _mode_for(path: Path, mode: str) -> int:
    """The rights of the file that is replaced, but for the execute bits, which `mode` (git's) tells."""
    execute = 0o100 if mode == "100755" else 0
    try:
        found = os.lstat(path).st_mode
    except OSError:
        return 0o600 | execute
    return (found & 0o666) | execute if stat.S_ISREG(found) else 0o600 | execute


def _may_be_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return True
    except NotADirectoryError:
        return True  # the part above is the one to complain of, or is about to go


def _may_be_file(path: Path, deleted: bool) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return True
    return stat.S_ISREG(mode) or (deleted and stat.S_ISLNK(mode))


def _is_git(part: str) -> bool:
    """Whether some file system takes `part` for `.git` (as git itself guards: case, ignorable marks, 8.3 names)."""
    plain = "".join(char for char in part if unicodedata.category(char) != "Cf").casefold().split(":")[0].rstrip(". ")
    return plain in (".git", "git~1")
