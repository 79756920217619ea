"""What came of running one program, and the one sentence that says why when it did not go well."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from enum import StrEnum


class Tier(StrEnum):
    """How well a program is shut in, the best first."""

    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    PLAIN = "plain"


class Ending(StrEnum):
    """How a run ended."""

    OK = "ok"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    TOO_MUCH_DISK = "too_much_disk"
    KILLED = "killed"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One finished run; `problem` is "" when it went well, else one sentence."""

    status: Ending
    exit_code: int | None
    """What the program returned, minus the signal's number when a signal ended it; None when it never started."""
    output: str
    """What it printed, stdout and stderr together, safe for a terminal; head and tail when there was too much."""
    problem: str
    seconds: float
    tier: Tier

    @property
    def ok(self) -> bool:
        """Whether the program ended by itself with exit code 0 and within its limits."""
        return self.status is Ending.OK


_ERROR = re.compile(
    r"^(?:[A-Za-z_]\w*\.)*_?([A-Z]\w*(?:Error|Exception|Exit|Interrupt|Iteration|Group|Warning))\b(?::.*)?$"
)
_MEMORY_ERRORS = {"MemoryError", "ArrayMemoryError"}
_LONGEST_PROBLEM = 500


def ended(exit_code: int, output: str) -> tuple[Ending, str]:
    """The ending and its problem for a program that ended by itself; `exit_code` is negative for a signal."""
    if exit_code == 0:
        return Ending.OK, ""
    if exit_code < 0:
        return Ending.KILLED, f"crashed by signal {-exit_code} ({_signal_name(-exit_code)})"
    line, kind = _last_error(output)
    if kind in _MEMORY_ERRORS:
        return Ending.OUT_OF_MEMORY, f"ran out of memory: {line}"
    return Ending.FAILED, line or f"ended with exit code {exit_code}"


def _last_error(output: str) -> tuple[str, str]:
    """The last line of the last Python traceback and the name of its exception, or two empty texts."""
    for line in reversed(output.splitlines()):
        match = _ERROR.match(line)
        if match:
            return line[:_LONGEST_PROBLEM], match[1]
    return "", ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
