"""Runs one program that nobody has read, and always comes back with an `Outcome`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.clean import decode
from core.sandbox import bubblewrap, launcher, processes
from core.sandbox.outcome import Ending, Outcome, Tier, ended
from core.sandbox.output import Output
from core.sandbox.scratch import scratch
from core.sandbox.surroundings import RUN_MARK, Job, environment, resources
from core.sandbox.tiers import best_tier, describe
from core.sandbox.usage import Usage, tell_usage
from core.sandbox.watch import Watch

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from core.settings import Limits

__all__ = ["Ending", "Outcome", "Tier", "best_tier", "describe", "run"]

_GRACE = 2.0
_OWN_PROCESSES = {Tier.BUBBLEWRAP: 1, Tier.LANDLOCK: 0, Tier.PLAIN: 0}


async def run(
    argv: Sequence[str],
    folder: Path,
    limits: Limits,
    *,
    tier: Tier | None = None,
    on_output: Callable[[str], None] | None = None,
    readable: Sequence[Path] = (),
    settings: Mapping[str, str] | None = None,
    on_usage: Callable[[Usage], None] | None = None,
) -> Outcome:
    """Run `argv` in `folder`, the only place it can write to and keep; `readable` paths it can read besides.

    `settings` go into its environment. `on_output` gets what it prints, safe for a terminal, about ten times a second;
    `on_usage` what it takes, about once a second.
    When the task is cancelled every process of the program is dead before the cancellation goes on. Call it from the
    event loop of a thread that outlives the run: the kernel ends the program together with the thread that started it.
    """
    chosen = await asyncio.to_thread(best_tier) if tier is None else tier
    folder = await asyncio.to_thread(folder.resolve)
    async with AsyncExitStack() as held:
        temporary = Path("/tmp") if chosen is Tier.BUBBLEWRAP else await held.enter_async_context(scratch())
        mark = secrets.token_hex(16)
        surroundings = environment(folder, temporary, settings or {}, mark)
        name = str(folder / argv[0]) if "/" in argv[0] else argv[0]
        program = shutil.which(name, path=surroundings["PATH"])
        if program is None or not folder.is_dir():
            missing = f"program {argv[0]}" if program is None else f"folder {folder}"
            return Outcome(Ending.NOT_STARTED, None, "", f"there is no {missing}", 0.0, chosen)
        known = tuple(path.absolute() for path in readable if path.exists())
        tasks = processes.tasks_of_user()
        job = Job((program, *argv[1:]), folder, temporary, known, surroundings, resources(limits, tasks), limits)
        return await _Run(job, chosen, mark).outcome(on_output, on_usage)


@dataclass(frozen=True, slots=True)
class _Run:
    """One program from its start to the death of its last process."""

    job: Job
    tier: Tier
    mark: str

    async def outcome(
        self, on_output: Callable[[str], None] | None, on_usage: Callable[[Usage], None] | None = None
    ) -> Outcome:
        began = time.monotonic()
        with ExitStack() as held:
            printed, report = os.pipe(), os.pipe()
            held.callback(os.close, report[0])
            output = Output(printed[0], self._shown, on_output)
            held.callback(output.close)
            try:
                process = await self._started(printed[1], report[1])
            except OSError as error:
                return Outcome(
                    Ending.NOT_STARTED, None, "", f"the sandbox could not be started: {error}", 0.0, self.tier
                )
            watch = Watch(process.pid, _OWN_PROCESSES[self.tier], self._own_folders(), self.job.limits)
            told = (
                asyncio.create_task(tell_usage(process.pid, self.job.limits.memory_mb, on_usage)) if on_usage else None
            )
            try:
                stopped = await self._until_end(process, watch)
            finally:
                if told:
                    told.cancel()
                await self._kill(process)
                facts = _facts(report[0])
                await self._until_nothing_is_left(facts)
            output.close()
            text = output.text()
            code = _exit_code(facts)
            status, problem = stopped or _ended(code, process.returncode or 0, facts, text)
            too_much = await asyncio.to_thread(watch.disk)
            if too_much and status in (Ending.OK, Ending.FAILED):
                status, problem = too_much
            if code is None and status is not Ending.NOT_STARTED:
                code = -signal.SIGKILL
            return Outcome(status, code, text, problem, time.monotonic() - began, self.tier)

    def _shown(self, data: bytes) -> str:
        """What was printed, with the program's files named as the project knows them."""
        return decode(data).replace(f"{self.job.folder}/", "")

    def _own_folders(self) -> list[Path]:
        inside = [] if self.tier is Tier.BUBBLEWRAP else [self.job.temporary]
        return [self.job.folder, *inside]

    async def _started(self, printed: int, report: int) -> Process:
        """Start the program; the two writing ends are the program's alone from then on."""
        with ExitStack() as held:
            held.callback(os.close, printed)
            held.callback(os.close, report)
            if self.tier is Tier.BUBBLEWRAP:
                command, descriptors = bubblewrap.wrapped(self.job, report, held)
            else:
                command, descriptors = launcher.wrapped(self.job, report, landlock=self.tier is Tier.LANDLOCK)
            return await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                cwd="/",
                env=self.job.environment,
                pass_fds=descriptors,
                start_new_session=True,
            )

    async def _until_end(self, process: Process, watch: Watch) -> tuple[Ending, str] | None:
        """Wait for the end of the program; why it was stopped, or None when it ended by itself."""
        over = asyncio.create_task(process.wait())
        too_much = asyncio.create_task(watch.until_too_much())
        try:
            await asyncio.wait({over, too_much}, timeout=self.job.limits.seconds, return_when=asyncio.FIRST_COMPLETED)
            if over.done():
                return None
            if too_much.done():
                return too_much.result()
            _signal_all(processes.descendants(process.pid), signal.SIGTERM)
            await asyncio.wait({over}, timeout=_GRACE)
            return Ending.TIMED_OUT, f"stopped after {self.job.limits.seconds:g} s (time limit)"
        finally:
            over.cancel()
            too_much.cancel()

    async def _kill(self, process: Process) -> None:
        """End every process of the program: with bubblewrap its namespace dies, the launcher kills those it adopted."""
        if process.returncode is not None:
            return
        process.send_signal(signal.SIGKILL if self.tier is Tier.BUBBLEWRAP else signal.SIGTERM)
        over = asyncio.create_task(process.wait())
        await asyncio.wait({over}, timeout=_GRACE)
        while not over.done():
            _signal_all([*processes.descendants(process.pid), process.pid], signal.SIGKILL)
            await asyncio.wait({over}, timeout=0.1)

    async def _until_nothing_is_left(self, facts: Mapping[str, Any]) -> None:
        """Wait for the death of the namespace; where there is none, kill the orphans of a launcher that was killed."""
        deadline = time.monotonic() + _GRACE
        if self.tier is Tier.BUBBLEWRAP:
            # The first process of a namespace ends after all others, and bubblewrap itself may end before it.
            first = facts.get("child-pid", 0)
            while processes.alive(first) and time.monotonic() < deadline:  # noqa: ASYNC110  (no event tells of it)
                await asyncio.sleep(0.002)
        elif "exit-code" not in facts:
            while (left := processes.marked(f"{RUN_MARK}={self.mark}")) and time.monotonic() < deadline:
                _signal_all(left, signal.SIGKILL)
                await asyncio.sleep(0.005)


def _signal_all(pids: Sequence[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def _facts(report: int) -> dict[str, Any]:
    """What the sandbox reported about itself: `child-pid`, `exit-code` once the program ended, or a `problem`."""
    os.set_blocking(report, False)
    facts: dict[str, Any] = {}
    with contextlib.suppress(BlockingIOError):
        for line in os.read(report, 64 * 1024).splitlines():
            facts.update(json.loads(line))
    return facts


def _exit_code(facts: Mapping[str, Any]) -> int | None:
    """The program's exit code, negative for a signal; bubblewrap and the launcher report those as 128 + number."""
    code: int | None = None if "problem" in facts else facts.get("exit-code")
    return 128 - code if code is not None and 128 < code <= 128 + signal.NSIG else code


def _ended(code: int | None, returned: int, facts: Mapping[str, Any], text: str) -> tuple[Ending, str]:
    first_line = text.partition("\n")[0]
    if code is None and returned < 0:
        return Ending.KILLED, f"its sandbox was killed by signal {-returned}"
    if code is None:
        return Ending.NOT_STARTED, facts.get("problem") or first_line or "the sandbox could not be started"
    if code in (126, 127) and first_line.startswith("prlimit: "):
        return Ending.NOT_STARTED, first_line
    return ended(code, text)
