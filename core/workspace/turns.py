"""A turn as a commit's message, for people and for tools, and back from its trailers."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.record import Agent, Cost, Phase, Status, Turn

SUBJECT_LENGTH = 100

_MOST = 10**15
"""More turns, calls or tokens than this are no turn's of ours: somebody has written the trailers by hand."""

_TRAILER = re.compile(r"^Lab-(\w+): (.*)$", re.MULTILINE | re.ASCII)

LOG_FORMAT = "%H%x1f%P%x1f%aI%x1f%B"
"""What `git log -z` prints of each commit for `summaries_from`."""


@dataclass(frozen=True, slots=True)
class TurnSummary:
    """What a commit's message alone tells of its turn: enough for a list of thousands."""

    commit: str
    parent: str
    number: int
    phase: Phase
    agent: Agent
    command: str
    subject: str
    """Without the agent's name."""
    status: Status
    judge: float | None
    metric: str
    """The measured metric as text, e.g. `accuracy 0.934`; empty when nothing was measured."""
    kept: bool
    """Whether the turn's candidate became the best so far."""
    cost: Cost
    time: str
    """When the turn ended, ISO 8601 with offset."""
    foreign: bool = False
    """A commit that somebody made with git itself; number and phase are those of the turn before."""

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.cost.prompt_tokens + self.cost.completion_tokens


def one_line(text: str, length: int = SUBJECT_LENGTH) -> str:
    """Outside text as one short line that can be nothing but a line: no control, format or unassigned characters."""
    words = " ".join(text.split())
    line = "".join(char for char in words if not unicodedata.category(char).startswith("C"))
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def message(turn: Turn) -> str:
    """The commit's message: `<agent>: <subject>`, then one block of `Lab-` trailers."""
    subject = one_line(turn.subject or turn.command or f"turn {turn.number}")
    trailers = {
        "Turn": str(turn.number),
        "Phase": turn.phase.value,
        "Agent": turn.agent.value,
        "Command": one_line(turn.command),
        "Status": turn.status.value,
        **_score_trailers(turn),
        "Calls": str(turn.cost.calls),
        "Tokens": f"{turn.cost.prompt_tokens}+{turn.cost.completion_tokens}",
        "Cost": f"{turn.cost.money:.6f}",
        "Seconds": f"{turn.cost.seconds:.3f}",
    }
    block = "".join(f"Lab-{key}: {value}\n" for key, value in trailers.items() if value)
    return f"{turn.agent.value}: {subject}\n\n{block}"


def author(turn: Turn) -> str:
    """The commit's author, e.g. `ML engineer <ml-engineer@labtop>`."""
    return f"{turn.agent.title} <{turn.agent.value}@labtop>"


def summaries_from(output: bytes) -> list[TurnSummary]:
    """The summaries in the output of `git log -z --format=LOG_FORMAT`, in its order (newest first)."""
    found = [_summary(record) for record in output.decode(errors="replace").split("\0") if record]
    number, phase = 0, Phase.LITERATURE
    for place in range(len(found) - 1, -1, -1):
        if found[place].foreign:
            found[place] = replace(found[place], number=number, phase=phase)
        number, phase = found[place].number, found[place].phase
    return found


def total(costs: Iterator[Cost]) -> Cost:
    """The sum of costs, which may be none."""
    return sum(costs, Cost())


def _score_trailers(turn: Turn) -> dict[str, str]:
    if turn.score is None:
        return {}
    score = turn.score
    metric = one_line(score.metric, 40)
    return {
        "Score": f"{score.judge:.4g}",
        "Metric": f"{metric} {score.value:.6g}" if metric and score.value is not None else "",
        "Kept": "yes" if score.kept else "",
    }


def _summary(record: str) -> TurnSummary:
    commit, parents, time, body = record.split("\x1f", 3)
    subject, _, rest = body.partition("\n")
    trailers = _trailers(rest)
    parent = parents.split(" ")[0]
    try:
        return _own_summary(commit, parent, time, subject, trailers)
    except (KeyError, ValueError):
        nothing = TurnSummary(
            commit, parent, 0, Phase.LITERATURE, Agent.RESEARCHER, "", "", Status.OK, None, "", False, Cost(), time
        )
        return replace(nothing, subject=one_line(subject), foreign=True)


def _count(text: str) -> int:
    """A number of something; raises ValueError for one that no turn of ours could have."""
    number = int(text)
    if not 0 <= number < _MOST:
        raise ValueError(f"{text[:20]} is no number of a turn")
    return number


def _measure(text: str) -> float:
    """A finite number; raises ValueError for any other."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is no number")
    return number


def _own_summary(commit: str, parent: str, time: str, subject: str, trailers: dict[str, str]) -> TurnSummary:
    prompt, completion = trailers["Tokens"].split("+")
    return TurnSummary(
        commit=commit,
        parent=parent,
        number=_count(trailers["Turn"]),
        phase=Phase(trailers["Phase"]),
        agent=Agent(trailers["Agent"]),
        command=trailers.get("Command", ""),
        subject=subject.partition(": ")[2],
        status=Status(trailers["Status"]),
        judge=_measure(trailers["Score"]) if "Score" in trailers else None,
        metric=trailers.get("Metric", ""),
        kept="Kept" in trailers,
        cost=Cost(
            _count(trailers["Calls"]),
            _count(prompt),
            _count(completion),
            _measure(trailers["Cost"]),
            _measure(trailers["Seconds"]),
        ),
        time=time,
    )


def _trailers(body: str) -> dict[str, str]:
    """The `Lab-` lines of the last paragraph."""
    return dict(_TRAILER.findall(body.strip("\n").rsplit("\n\n", 1)[-1]))
