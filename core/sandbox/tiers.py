"""Which tiers work on this machine, found out by really running a program in each, and what each is worth."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import LabError
from core.sandbox import bubblewrap, launcher, linux, seccomp
from core.sandbox.outcome import Tier
from core.sandbox.surroundings import Job, environment, resources
from core.settings import Limits

_CHOICE = "LABTOP_SANDBOX"
_DESCRIPTIONS = {
    Tier.BUBBLEWRAP: "bubblewrap: programs see only the project and Python, have no network and end as a whole",
    Tier.LANDLOCK: "Landlock: programs read only the project, Python and the system, write only the project, and open "
    "no sockets; they share the machine's list of processes and /dev/shm",
    Tier.PLAIN: "no sandbox! Programs written by the model run as you: they can read and change your files "
    "and use the network; only time, memory, processes and disk are limited. Install bubblewrap",
}


class SandboxError(LabError):
    """The tier that was asked for does not work here."""

    title = "Sandbox"


def best_tier() -> Tier:
    """The strongest tier that works here, or the one that LABTOP_SANDBOX names; SandboxError when that one does not."""
    choice = os.environ.get(_CHOICE, "").strip().lower()
    if not choice:
        return next(tier for tier in Tier if not why_not(tier))
    if choice not in list(Tier):
        raise SandboxError(f"{_CHOICE} is {choice!r}.", f"Use one of {', '.join(Tier)}, or unset it.")
    if problem := why_not(Tier(choice)):
        raise SandboxError(f"{_CHOICE} asks for {choice}, which does not work here: {problem}.", "Unset it.")
    return Tier(choice)


def describe(tier: Tier) -> str:
    """What the tier keeps in, in one sentence for a person; a warning when that is little."""
    return _DESCRIPTIONS[tier]


@cache
def why_not(tier: Tier) -> str:
    """Why a tier does not work on this machine; empty when it does."""
    if tier is Tier.PLAIN:
        return ""
    if tier is Tier.LANDLOCK and not linux.landlock_abi():
        return "this kernel has no Landlock"
    if tier is Tier.LANDLOCK and not seccomp.known_machine():
        return "its system call filter is written for x86_64 and aarch64 only"
    with TemporaryDirectory(prefix="labtop-probe-") as name, ExitStack() as held:
        reading, status = os.pipe()
        held.callback(os.close, reading)
        held.callback(os.close, status)
        try:
            done = _probe(tier, Path(name).resolve(), status, held)
        except (OSError, subprocess.SubprocessError) as error:
            return str(error)
        return "" if done.returncode == 0 else (done.stderr.strip() or f"exit code {done.returncode}")


def _probe(tier: Tier, folder: Path, status: int, held: ExitStack) -> subprocess.CompletedProcess[str]:
    """Run a program that does nothing just as any other program is run."""
    limits = Limits(seconds=20)
    surroundings = environment(folder, folder, {}, "probe")
    job = Job(("/usr/bin/env", "true"), folder, folder, (), surroundings, resources(limits, 10_000), limits)
    if tier is Tier.BUBBLEWRAP:
        command, descriptors = bubblewrap.wrapped(job, status, held)
    else:
        command, descriptors = launcher.wrapped(job, status, landlock=True)
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        cwd="/",
        env=surroundings,
        pass_fds=descriptors,
        timeout=limits.seconds,
        check=False,
    )
