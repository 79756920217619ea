"""A file of JSON lines that is only ever added to: durable, shared by processes, and aware of what a crash tore."""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.errors import ProjectError
from core.workspace.files import flush_folder


class LogbookDamaged(ProjectError):
    """A line in the middle of a logbook is not as it was written."""

    title = "The ledger is damaged"


class Logbook:
    """Lines as `<CRC-32 in hex> <JSON>`. What is torn at the end was never said to be on disk and is cut off.

    All work on it happens inside `locked()`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._read_to = 0
        self._lines = 0
        self._inode = 0

    @property
    def there(self) -> bool:
        """Whether there is a file."""
        return self._path.exists()

    @contextmanager
    def locked(self, *, writing: bool) -> Iterator[None]:
        """Hold the file alone (shared with other readers when not writing); a reader makes no file where none is."""
        flags = os.O_RDWR | os.O_CREAT if writing else os.O_RDONLY
        made = writing and not self.there
        try:
            self._fd = os.open(self._path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not writing:
                yield
                return
            raise self._unusable("opened", error) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX if writing else fcntl.LOCK_SH)
            if made:
                flush_folder(self._path.parent)
            yield
        finally:
            os.close(self._fd)
            self._fd = -1

    def begins_anew(self) -> bool:
        """Whether nothing that was read before counts: the file is another one now, or none of it was read yet."""
        found = os.fstat(self._fd) if self._fd >= 0 else None
        inode, size = (found.st_ino, found.st_size) if found else (0, 0)
        if inode != self._inode or size < self._read_to:
            self._inode, self._read_to, self._lines = inode, 0, 0
        return self.empty

    @property
    def empty(self) -> bool:
        """Whether no line has been read or added."""
        return self._lines == 0

    def news(self) -> Iterator[dict[str, Any]]:
        """The lines that were added since the last look; raises LogbookDamaged for one that cannot be trusted."""
        if self._fd < 0:
            return
        os.lseek(self._fd, self._read_to, os.SEEK_SET)
        with os.fdopen(self._fd, "rb", closefd=False) as file:
            for line in file:
                entry = _entry(line)
                if entry is None:
                    if file.read(1):
                        raise self.damaged()
                    return
                yield entry
                self._read_to += len(line)
                self._lines += 1

    def add(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Have more lines on disk before returning; all that stands in the file must have been read."""
        data = b"".join(map(_line, entries))
        try:
            os.ftruncate(self._fd, self._read_to)
            os.lseek(self._fd, self._read_to, os.SEEK_SET)
            left = memoryview(data)
            while left:
                left = left[os.write(self._fd, left) :]
            os.fsync(self._fd)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._fd, self._read_to)
            raise self._unusable("written", error) from error
        self._read_to += len(data)
        self._lines += len(entries)

    def damaged(self) -> LogbookDamaged:
        """The error about the line after the last good one; all is read anew the next time."""
        number = self._lines + 1
        self._inode, self._read_to, self._lines = 0, 0, 0
        return LogbookDamaged(
            f"Line {number} of {self._path} is not as labtop wrote it, so what was spent is not known.",
            "Nothing is spent until it is. Delete that line if you know what it said, or the file: it is then begun "
            "anew with what the history says was spent.",
        )

    def _unusable(self, how: str, error: OSError) -> ProjectError:
        return ProjectError(
            f"{self._path} cannot be {how}: {error.strerror}.",
            "Nothing may be spent without it. Make room or mend its rights, then run on.",
        )


def _line(entry: Mapping[str, Any]) -> bytes:
    text = json.dumps(entry, ensure_ascii=True, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _entry(line: bytes) -> dict[str, Any] | None:
    """The entry of a line, None when the line is not whole."""
    text = line[9:-1]
    if line[-1:] != b"\n" or line[:9] != b"%08x " % zlib.crc32(text):
        return None
    entry = json.loads(text)
    return entry if isinstance(entry, dict) else None
