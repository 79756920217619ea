"""What a person has asked of a run for later: how often to be asked in which phase, and where it is to hold."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from core.errors import LabError
from core.record import Phase
from core.settings import Copilot
from core.values import from_json

FILE = "steering.json"
"""Under `.git/labtop/`: outside the history, so that going back does not change what was asked for."""
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_MONEY = re.compile(r"\$? *([0-9]{1,7}(?:\.[0-9]{1,4})?) *\$?")


class SteeringError(LabError):
    """A stop that is none."""

    title = "Steering"


@dataclass(frozen=True, slots=True)
class Steering:
    """The modes that a person chose in place of the settings', and the stops to come.

    `money` is in US dollars, `time` a moment in ISO 8601 with offset, empty for none. `review` is the phase whose
    result waits for the person's word.
    """

    autonomy: Mapping[Phase, Copilot] = field(default_factory=dict)
    after: Phase | None = None
    money: float | None = None
    time: str = ""
    review: Phase | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        """The stops to come, each in words."""
        phase = [f"after {self.after.title.lower()}"] if self.after else []
        money = [f"at {_amount(self.money)}"] if self.money is not None else []
        time = [f"at {_on_the_clock(self.time)}"] if self.time else []
        return (*phase, *money, *time)

    def on_top_of(self, earlier: Steering) -> Steering:
        """What was asked for now, and of what was asked for earlier all that it leaves open."""
        return Steering(
            {**earlier.autonomy, **self.autonomy},
            self.after or earlier.after,
            earlier.money if self.money is None else self.money,
            self.time or earlier.time,
            self.review or earlier.review,
        )

    def reached(self, spent: float, now: datetime, phase: Phase) -> tuple[Steering, str]:
        """What is left once the stops that have come before a turn of `phase` are taken away; which those are."""
        left, words = self, list[str]()
        if self.after is not None and phase.number > self.after.number:
            left = replace(left, after=None)
            words.append(f"{self.after.title} is done: look at it, then run on")
        if self.money is not None and spent >= self.money:
            left = replace(left, money=None)
            words.append(f"paused at {_amount(self.money)}, as you asked: {_amount(spent)} are spent")
        if self.time and now >= datetime.fromisoformat(self.time):
            left = replace(left, time="")
            words.append(f"paused at {_on_the_clock(self.time)}, as you asked")
        return left, "; ".join(words)


class Remembered:
    """The steering of a run, written down with every change once it is known where."""

    def __init__(self) -> None:
        self.now = Steering()
        self._file: Path | None = None

    def recall(self, file: Path) -> None:
        """Take up what an earlier run was asked for; does nothing the second time.

        Raises SteeringError when it cannot be read or written: what is asked for anew is then kept in its place.
        """
        if self._file is None:
            self._file = file
            earlier = remembered(file)
            asked = self.now.on_top_of(earlier)
            if asked != earlier:
                remember(asked, file)
            self.now = asked

    def keep(self, steering: Steering) -> None:
        """From now on this is asked for; raises SteeringError, and changes nothing, when it cannot be written."""
        if self._file is not None:
            remember(steering, self._file)
        self.now = steering


def moment(clock: str, now: datetime) -> str:
    """When it is `clock` (HH:MM, on this machine's clock) for the next time; raises SteeringError for anything else."""
    found = _TIME.fullmatch(clock.strip())
    if not found:
        raise SteeringError(f"“{clock[:20]}” is no time of day.", "Write hours and minutes, e.g. 03:00.")
    there = now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0, tzinfo=None)
    # When the clocks are put back an hour comes twice: the second one is the next, once the first is past.
    coming = ((there + timedelta(days=days)).replace(fold=fold) for days in (0, 1) for fold in (0, 1))
    return next(at for one in coming if (at := one.astimezone()) > now).isoformat()


def _amount(money: float) -> str:
    """US dollars with two digits after the point, or as many as four where it takes them."""
    whole, _, parts = f"{money:.4f}".partition(".")
    return f"${whole}.{parts.rstrip('0'):0<2}"


def _on_the_clock(time: str) -> str:
    """The time of day on this machine's clock, whatever zone it was written down in."""
    return f"{datetime.fromisoformat(time).astimezone():%H:%M}"


def dollars(money: float) -> float:
    """An amount at which a run can stop; raises SteeringError for one that is none."""
    if not math.isfinite(money) or money <= 0:
        raise SteeringError(f"${money} is no amount to stop at.", "Name one above 0, e.g. $5.")
    return money


def stop_from_words(words: str) -> tuple[float | None, str | None]:
    """The amount or the time of day that a person wrote (`$5`, `0.50`, `03:00`); raises SteeringError for others."""
    text = words.strip().removeprefix("at ").strip()
    if found := _MONEY.fullmatch(text):
        return dollars(float(found[1])), None
    if _TIME.fullmatch(text):
        return None, text
    raise SteeringError(
        f"“{words[:20]}” is neither an amount nor a time.", "Write e.g. $5 for dollars spent, or 03:00 for a time."
    )


def remembered(path: Path) -> Steering:
    """What `remember` wrote; nothing without such a file. Raises SteeringError when it cannot be read."""
    try:
        steering = from_json(Steering, json.loads(path.read_text(encoding="utf-8")))
        if steering.time and datetime.fromisoformat(steering.time).tzinfo is None:
            raise ValueError(f"the time {steering.time} has no offset")
        if steering.money is not None:
            dollars(steering.money)
    except FileNotFoundError:
        return Steering()
    except (LabError, OSError, ValueError, RecursionError) as error:
        raise SteeringError(
            "What you had asked for (stops, how often you are asked) cannot be read.", f"Set it anew, or remove {path}."
        ) from error
    return steering


def remember(steering: Steering, path: Path) -> None:
    """Write what was asked for, so that an engine that died is resumed as it was steered; raises SteeringError."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(json.dumps(asdict(steering)), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise SteeringError(f"It cannot be written down: {error.strerror}.", f"Look at {path}.") from error
