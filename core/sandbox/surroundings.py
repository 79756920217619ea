"""What a sandboxed program is given: its environment, the paths it may read, and its resource limits."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.settings import Limits

MB = 1024 * 1024
RUN_MARK = "LABTOP_RUN"
"""The environment variable that tells one run's processes from all others."""

_MOST_THREADS = 16
_MOST_FILES = 4096
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SETTINGS = (
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime", "/etc/timezone",
    "/etc/fonts", "/etc/ssl/certs", "/etc/texmf", "/var/lib/texmf",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """One program as it is to be run: command, folder, private temporary folder, and all that it is given."""

    argv: tuple[str, ...]
    folder: Path
    temporary: Path
    readable: tuple[Path, ...]
    environment: Mapping[str, str]
    resources: Mapping[str, int]
    """Limits under the names that both `prlimit` and the `resource` module know: as, core, fsize, nofile, nproc."""
    limits: Limits


def system_paths() -> list[Path]:
    """Programs, libraries and the settings of the machine that hold no secrets; those that exist."""
    return [path for path in map(Path, (*_SYSTEM, *_SETTINGS)) if path.exists()]


def interpreter_paths() -> list[Path]:
    """Where this interpreter, its packages and their shared libraries lie, under each name they are known by."""
    found = [Path(prefix) for prefix in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)]
    found += _links(Path(sys.executable))
    if site.ENABLE_USER_SITE:
        found.append(Path(site.getusersitepackages()))
    found += [Path(folder) for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder.startswith("/")]
    too_much = {Path("/"), Path.home(), *Path.home().parents}
    both = {name for path in found for name in (path, path.resolve())}
    return sorted(path for path in both if path.exists() and path not in too_much)


def environment(folder: Path, temporary: Path, extra: Mapping[str, str], mark: str) -> dict[str, str]:
    """The whole environment of a program: nothing is inherited but the time zone and the library path."""
    threads = str(min(_MOST_THREADS, len(os.sched_getaffinity(0))))
    inherited = {name: os.environ[name] for name in ("TZ", "LD_LIBRARY_PATH") if name in os.environ}
    user_packages = {"PYTHONUSERBASE": site.getuserbase()} if site.ENABLE_USER_SITE else {"PYTHONNOUSERSITE": "1"}
    pools = ("OMP", "OPENBLAS", "MKL", "NUMEXPR")
    return {
        **inherited,
        **user_packages,
        **{f"{pool}_NUM_THREADS": threads for pool in pools},
        "LOKY_MAX_CPU_COUNT": threads,
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "USER": "researcher",
        "LOGNAME": "researcher",
        "LANG": "C.UTF-8",
        "TMPDIR": str(temporary),
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(temporary / "matplotlib"),
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(folder),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        RUN_MARK: mark,
        **extra,
    }


def resources(limits: Limits, tasks_now: int) -> dict[str, int]:
    """Resource limits for each process; `tasks_now` is what the user runs already, which the kernel counts too."""
    wanted = {
        "as": (4 * limits.memory_mb + 8192) * MB,  # libraries reserve far more addresses than they use
        "core": 0,
        "fsize": (limits.disk_mb + 1) * MB,
        "nofile": _MOST_FILES,
        "nproc": tasks_now + limits.processes + 4,
    }
    return {name: _within_hard_limit(name, value) for name, value in wanted.items()}


def within(path: Path, folders: Sequence[Path]) -> bool:
    """Whether `path` is one of the folders or lies below one."""
    return any(path == folder or folder in path.parents for folder in folders)


def _links(path: Path) -> list[Path]:
    """Every name on the chain of symbolic links from `path` to the real file."""
    chain = [path]
    while path.is_symlink() and len(chain) < 40:
        path = Path(os.path.normpath(path.parent / path.readlink()))
        chain.append(path)
    return chain


def _within_hard_limit(name: str, value: int) -> int:
    import resource

    hard = resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))[1]
    return value if hard == resource.RLIM_INFINITY else min(value, hard)
