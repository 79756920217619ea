"""The Landlock and plain tiers: a small process of its own that shuts the program in, and clears up after it.

Run as `main` in a fresh interpreter, it restricts a child and becomes the program's only parent: it adopts every
process the program leaves behind, kills them all when the program ends, when it is told to (SIGTERM) or when labtop
dies, and reports as bubblewrap does. So labtop's own other children are never disturbed.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from core.sandbox import linux, seccomp
from core.sandbox.processes import descendants

if TYPE_CHECKING:
    from core.sandbox.surroundings import Job

_ROOT = Path(__file__).resolve().parents[2]
_START = "import sys; sys.path.insert(0, sys.argv[2]); from core.sandbox.launcher import main; main(sys.argv[1])"
_DEVICES_READ = ("/dev/zero", "/dev/random", "/dev/urandom")
_DEVICES = ("/dev/null", "/dev/full", "/dev/shm")
_KERNEL = (
    "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems", "/proc/mounts", "/proc/sys/kernel",
    "/proc/sys/vm", "/sys/devices/system", "/sys/fs/cgroup",
)  # fmt: skip
_NAMES = ("/etc/passwd", "/etc/group", "/etc/nsswitch.conf")


def wrapped(job: Job, status: int, *, landlock: bool) -> tuple[list[str], list[int]]:
    """The command that runs the job below a launcher, and the file descriptors it takes along."""
    from core.sandbox.surroundings import interpreter_paths, system_paths

    visible = [*system_paths(), *interpreter_paths(), *job.readable, *map(Path, (*_DEVICES_READ, *_KERNEL, *_NAMES))]
    order = {
        "argv": job.argv,
        "folder": str(job.folder),
        "environment": dict(job.environment),
        "resources": dict(job.resources),
        "landlock": landlock,
        "readable": [str(path) for path in visible],
        "writable": [str(job.folder), str(job.temporary), *_DEVICES],
        "status": status,
        "parent": os.getpid(),
    }
    return [sys.executable, "-I", "-S", "-c", _START, json.dumps(order), str(_ROOT)], [status]


def main(text: str) -> NoReturn:
    """Run the program that the order `text` (JSON) describes and end as it ended: its exit code, or 128 + signal."""
    order = json.loads(text)
    os.set_inheritable(order["status"], False)
    waited_for = {signal.SIGTERM, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, waited_for)
    linux.die_with_parent(signal.SIGTERM)
    if os.getppid() != order["parent"]:  # labtop died before it could be asked for
        sys.exit(1)
    linux.adopt_orphans()
    launcher = os.getpid()
    program = os.fork()
    if program == 0:
        _become(order, launcher)
    _report(order, {"child-pid": program})
    code = None
    while code is None and signal.sigwait(waited_for) != signal.SIGTERM:
        code = _reap(program)
    _kill_all()
    if code is not None:
        _report(order, {"exit-code": code})
    os._exit(1 if code is None else code)


def _become(order: dict[str, Any], launcher: int) -> NoReturn:
    """Shut this process in and turn it into the program."""
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these, and what it ignores is inherited
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        linux.die_with_parent()
        if os.getppid() != launcher:
            os._exit(127)
        os.chdir(order["folder"])
        for name, value in order["resources"].items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), (value, value))
        linux.give_up_privileges()
        if order["landlock"]:
            linux.restrict_files([*order["readable"], f"/proc/{os.getpid()}"], order["writable"])
            linux.install_filter(seccomp.filter_for(seccomp.Room.SHARED, linux.landlock_abi()))
        os.execve(order["argv"][0], order["argv"], order["environment"])
    except OSError as error:
        _report(order, {"problem": f"{order['argv'][0]} could not be started: {error}"})
    os._exit(127)


def _reap(program: int) -> int | None:
    """Collect whatever has ended; the program's exit code, or 128 + signal, once it is among them."""
    code = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == program:
                ended = os.waitstatus_to_exitcode(status)
                code = ended if ended >= 0 else 128 - ended
    return code


def _kill_all() -> None:
    """Kill every descendant, and those that they start meanwhile, until none is left."""
    while True:
        left = descendants(os.getpid())
        if not left:
            return
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        _reap(0)
        time.sleep(0.002)


def _report(order: dict[str, Any], facts: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        os.write(order["status"], json.dumps(facts).encode() + b"\n")
