"""The one place where git is run: through GitPython's command runner, hardened, each call on its own."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.errors import ProjectError
from core.workspace.hardening import ATTRIBUTES, environment, overrides

LOCKED = ".lock': File exists"
"""What git says when another one is at work on the same file."""
_RETRY_SECONDS = 3.0
_HARMLESS = ("GIT_PYTHON_", "GIT_SSL_", "GIT_SSH", "GIT_HTTP_", "GIT_PROXY_")


class GitFailed(ProjectError):
    """Git ended with an error; `status` is its exit status, `said` what it wrote."""

    def __init__(self, command: str, status: int, said: str) -> None:
        lines = (line for line in said.splitlines() if line.strip() and not line.startswith("hint:"))
        reason = next(lines, f"exit status {status}")
        hint = "Nothing was changed by the failed command; the history up to the last turn is intact."
        if "No space left" in said or "quota" in said:
            hint = f"Free some disk space and go on. {hint}"
        if LOCKED in said:
            hint = "Another git is at work here. If none is (one was killed), delete that .lock file and try again."
        super().__init__(f"git {command} failed: {reason[:300]}.", hint)
        self.status = status
        self.said = said


class Git:
    """Git on one repository, stateless: every call is a process of its own, so any thread may make it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".git"
        self.processes = 0
        self._program = _find_git(root)
        self._disarmed: tuple[tuple[int, ...], dict[str, str]] | None = None

    def private(self, *parts: str) -> Path:
        """A folder under `.git/labtop/`, made when it is not there; only its owner may look into it."""
        folder = self.folder / "labtop"
        for path in (folder, *(folder.joinpath(*parts[:length]) for length in range(1, len(parts) + 1))):
            path.mkdir(mode=0o700, exist_ok=True)
        return folder.joinpath(*parts)

    def run(self, *arguments: str, stdin: bytes = b"", writes: bool = False, accept: Sequence[int] = (0,)) -> bytes:
        """Run one git command and return its output; raises GitFailed for a status not in `accept`.

        `writes` marks commands that change the repository: they hold `.git/labtop/busy`, so that a recovery can wait
        for one that outlived a killed labtop, and they wait for somebody else's lock to go away.
        """
        deadline = time.monotonic() + (_RETRY_SECONDS if writes else 0)
        while True:
            status, out, said = self._once(arguments, stdin, writes)
            if status in accept:
                return out
            if LOCKED not in said or time.monotonic() > deadline:
                raise GitFailed(next(word for word in arguments if not word.startswith("-")), status, said)
            time.sleep(0.05)

    def text(self, *arguments: str, stdin: bytes = b"", accept: Sequence[int] = (0,)) -> str:
        """Run one git command and return its output as text, without the last line's end."""
        return self.run(*arguments, stdin=stdin, accept=accept).decode(errors="replace").rstrip("\n")

    def blobs(self, names: Sequence[str]) -> list[bytes | None]:
        """The contents of `names` (`sha` or `commit:path`), None for those that are no files; one process."""
        if not names:
            return []
        out = self.run("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode(*_FS))
        return list(_parse_batch(out, len(names)))

    def blob(self, name: str) -> bytes | None:
        """The content of one file (`commit:path`), None when there is none."""
        return self.blobs([name])[0]

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Wait until no git process that changes the repository is alive, and keep it so."""
        with self._busy(fcntl.LOCK_EX):
            yield

    @contextmanager
    def _busy(self, kind: int) -> Iterator[int]:
        fd = os.open(self.private() / "busy", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, kind)
            yield fd
        finally:
            os.close(fd)

    def _once(self, arguments: Sequence[str], stdin: bytes, writes: bool) -> tuple[int, bytes, str]:
        self._guard_attributes()
        if not writes:
            return self._execute(arguments, stdin, self._disarm(), ())
        with self._busy(fcntl.LOCK_SH) as fd:
            return self._execute(arguments, stdin, self._disarm(), (fd,))

    def _execute(
        self, arguments: Sequence[str], stdin: bytes, extra: dict[str, str], keep: tuple[int, ...]
    ) -> tuple[int, bytes, str]:
        self.processes += 1
        variables = environment(extra)
        variables |= {"GIT_DIR": str(self.folder), "GIT_WORK_TREE": str(self.root)}
        command = [*_without_strays(variables), self._program, "--no-pager", "-C", str(self.root), *arguments]
        with tempfile.TemporaryFile() as pipe:
            if stdin:
                pipe.write(stdin)
                pipe.seek(0)
            status, out, said = _runner().execute(
                command,
                istream=pipe,
                env=variables,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                start_new_session=True,
                pass_fds=keep,
            )
        return status, out, said

    def _guard_attributes(self) -> None:
        path = self.folder / "info" / "attributes"
        with suppress(OSError):
            if path.read_text() == ATTRIBUTES:
                return
        if self.folder.is_dir():
            path.parent.mkdir(exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_text(ATTRIBUTES)

    def _disarm(self) -> dict[str, str]:
        """Overrides for the programs that the repository's own config names; read again when the config changed."""
        signature = tuple(_signature(self.folder / name) for name in ("config", "config.worktree"))
        flat = tuple(number for part in signature for number in part)
        if self._disarmed is not None and self._disarmed[0] == flat:
            return self._disarmed[1]
        if not flat:
            return {}
        status, out, said = self._execute(["config", "--list", "-z", "--name-only", "--show-scope"], b"", {}, ())
        if status:
            raise GitFailed("config", status, said)
        items = out.decode(*_FS).split("\0")
        keys = [key for scope, key in zip(items[::2], items[1::2], strict=False) if scope in ("local", "worktree")]
        found = overrides(keys)
        # An included file may change without the config changing, so then every call looks again.
        included = any(key.startswith(("include.", "includeif.")) for key in keys)
        self._disarmed = None if included else (flat, found)
        return found


_FS = ("utf-8", "surrogateescape")


def _runner() -> Any:
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import git

    return git.Git()


def _find_git(root: Path) -> str:
    for folder in os.get_exec_path():
        found = shutil.which("git", path=folder) if os.path.isabs(folder) else None
        if found and not Path(found).resolve().is_relative_to(root):
            return found
    raise ProjectError("git was not found on this machine.", "Install git (Debian: apt install git) and try again.")


def _without_strays(variables: dict[str, str]) -> list[str]:
    """A prefix that takes away the caller's own GIT_* variables (as inside a git hook), which would misdirect us."""
    strays = [
        name
        for name in os.environ
        if name.startswith("GIT_") and not name.startswith(_HARMLESS) and name not in variables
    ]
    return ["/usr/bin/env", *(part for name in strays for part in ("-u", name))] if strays else []


def _signature(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _parse_batch(out: bytes, count: int) -> Iterator[bytes | None]:
    position = 0
    for _ in range(count):
        end = out.index(b"\n", position)
        header = out[position:end].rsplit(b" ", 2)
        position = end + 1
        if len(header) == 3 and header[2].isdigit():
            size = int(header[2])
            yield out[position : position + size] if header[1] == b"blob" else None
            position += size + 1
        else:
            yield None
