"""The bubblewrap tier: namespaces of its own for everything, and a root that holds only what is allowed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from core.sandbox import seccomp
from core.sandbox.surroundings import MB, Job, interpreter_paths, system_paths, within

_TEMPORARY_MB = 1024
_ALWAYS = (
    "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--unshare-net",
    "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "sandbox",
)  # fmt: skip
_FOLDERS_THAT_MAY_BE_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")


def wrapped(job: Job, status: int, held: ExitStack) -> tuple[list[str], list[int]]:
    """The command that runs the job under bubblewrap, and the file descriptors it takes along.

    bubblewrap writes to the descriptor `status`, as JSON lines, that the program has started and how it ended. What
    is open for the command is closed by `held`. Raises FileNotFoundError without bubblewrap or prlimit.
    """
    bwrap, prlimit = _found("bwrap"), _found("prlimit")
    user, group = os.getuid(), os.getgid()
    files = {
        "/etc/passwd": f"researcher:x:{user}:{group}::{job.folder}:/bin/sh\n".encode(),
        "/etc/group": f"researcher:x:{group}:\n".encode(),
        "/etc/hosts": b"127.0.0.1 localhost\n::1 localhost\n",
    }
    argv = [bwrap, *_ALWAYS, *(["--disable-userns"] if _version(bwrap) >= (0, 8) else [])]
    for path in system_paths():
        argv += _system_path(path)
    argv += ["--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu", "--proc", "/proc", "--dev", "/dev"]
    argv += ["--size", str(job.limits.memory_mb * MB), "--tmpfs", "/dev/shm"]
    argv += ["--size", str(min(_TEMPORARY_MB, job.limits.disk_mb) * MB), "--tmpfs", "/tmp"]
    readable = {*interpreter_paths(), *job.readable}
    for path in sorted(path for path in readable if not within(path.parent, [Path("/usr"), *readable])):
        argv += ["--ro-bind", str(path), str(path)]
    argv += ["--bind", str(job.folder), str(job.folder), "--chdir", str(job.folder)]
    descriptors = [status]
    for name, data in files.items():
        descriptors.append(_descriptor(name, data, held))
        argv += ["--ro-bind-data", str(descriptors[-1]), name]
    # Both are memory without a limit of their own, which no process would be charged for.
    argv += ["--remount-ro", "/", "--remount-ro", "/dev", "--json-status-fd", str(status)]
    if seccomp.known_machine():
        descriptors.append(_descriptor("filter", seccomp.filter_for(seccomp.Room.NAMESPACES), held))
        argv += ["--seccomp", str(descriptors[-1])]
    limits = [f"--{name}={value}" for name, value in job.resources.items()]
    return [*argv, "--", prlimit, *limits, "--", *job.argv], descriptors


def _system_path(path: Path) -> list[str]:
    if str(path) in _FOLDERS_THAT_MAY_BE_LINKS and path.is_symlink():
        return ["--symlink", str(path.readlink()), str(path)]
    return ["--ro-bind", str(path), str(path)]


def _found(name: str) -> str:
    path = shutil.which(name, path="/usr/local/bin:/usr/bin:/bin") or shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"there is no {name} on this machine")
    return path


@cache
def _version(bwrap: str) -> tuple[int, ...]:
    said = subprocess.run([bwrap, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    return tuple(map(int, re.findall(r"\d+", said)))


def _descriptor(name: str, data: bytes, held: ExitStack) -> int:
    """A file in memory that holds `data`, open at its beginning."""
    descriptor = os.memfd_create(Path(name).name)
    held.callback(os.close, descriptor)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
