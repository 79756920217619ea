"""Where the work stands: `.lab/state.json`, all that the next step needs besides the files that people read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from core.brief import Entry
from core.errors import ProjectError
from core.record import Agent, Cost, Phase, Status
from core.workspace.files import blob_sha

if TYPE_CHECKING:
    from core.workspace.project import Project

STATE = ".lab/state.json"
REMEMBERED = 15
"""How many earlier turns of a phase the agents remember (Agent Laboratory: 15)."""
CONDENSED = 1500
"""How many characters of a turn's text and outcome are remembered."""
TRIED = 30
"""How many of the solver's attempts are remembered, one line each."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One of a solver's top candidates; its text lies in `.lab/candidates/`, its files in `commit`."""

    turn: int
    commit: str
    judge: float
    metrics: Mapping[str, Any]
    reflection: str
    command: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A candidate that failed its check and is being repaired; its text lies in `.lab/candidates/`."""

    turn: int
    commit: str
    error: str
    repairs: int
    job: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """A solver's search: finished steps, steps since the best rose, top candidates (best first), one under repair."""

    steps: int = 0
    since_best: int = 0
    top: tuple[Kept, ...] = ()
    pending: Pending | None = None
    tried: tuple[Entry, ...] = ()

    @property
    def best(self) -> Kept | None:
        """The best candidate so far."""
        return self.top[0] if self.top else None


@dataclass(frozen=True, slots=True)
class Progress:
    """The cursor and the counters of a project at one commit."""

    phase: Phase = Phase.LITERATURE
    finished: bool = False
    turn: int = 0
    """Number of the last committed turn."""
    round: int = 1
    round_reason: str = ""
    """Why the work went back: what the refinement found, or what the person changed."""
    phase_turns: int = 0
    """Turns since this phase began, or since a person was last asked about it."""
    done: Mapping[Phase, str] = field(default_factory=dict)
    """Finished phases, each with a few words about its result."""
    history: tuple[Entry, ...] = ()
    feedback: str = ""
    changes: str = ""
    """What the person changed by hand since the agents' last turn."""
    found: tuple[str, ...] = ()
    """Ids of the papers that searches found, newest search last."""
    queries: tuple[str, ...] = ()
    reviewed: tuple[str, ...] = ()
    """Ids of the papers in the review, in order."""
    programs: Search = field(default_factory=Search)
    reports: Search = field(default_factory=Search)
    cost: Cost = field(default_factory=Cost)
    step_turn: int = 0
    """The last turn that was a step forward, or at which a person was last asked; `step_money` what had been spent."""
    step_money: float = 0.0
    asked_turn: int = 0
    """The turn at which a person was last asked about work in circles: what was before is not held against it."""

    def to_json(self) -> str:
        """The text of `.lab/state.json`."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Progress:
        """Read `.lab/state.json`; raises ValueError, KeyError or TypeError when it is not one."""
        data = json.loads(text)
        return cls(
            **{
                **data,
                "phase": Phase(data["phase"]),
                "done": {Phase(name): words for name, words in data["done"].items()},
                "history": _entries(data["history"]),
                "found": tuple(data["found"]),
                "queries": tuple(data["queries"]),
                "reviewed": tuple(data["reviewed"]),
                "programs": _search(data["programs"]),
                "reports": _search(data["reports"]),
                "cost": Cost(**data["cost"]),
            }
        )

    def remembering(self, entry: Entry) -> Progress:
        """With one more turn in the agents' memory of this phase."""
        digest = blob_sha(entry.text.encode(errors="replace"))[:12] if len(entry.text) > CONDENSED else ""
        short = replace(entry, text=condensed(entry.text), outcome=condensed(entry.outcome), digest=digest)
        return replace(self, history=(*self.history, short)[-REMEMBERED:])

    def stepped(self) -> Progress:
        """With the last turn as a step forward."""
        return replace(self, step_turn=self.turn, step_money=self.cost.money)

    def asked(self) -> Progress:
        """With a person asked at the last turn: what goes in circles is counted anew."""
        return replace(self.stepped(), asked_turn=self.turn)

    def finishing(self, words: str) -> Progress:
        """With this phase done, `words` about its result, and the cursor on the next."""
        after = list(Phase)[self.phase.number :]
        done = {**self.done, self.phase: words}
        if not after:
            return replace(self, done=done, finished=True, history=(), feedback="", phase_turns=0)
        return replace(self, done=done, phase=after[0], history=(), feedback="", phase_turns=0, queries=())

    def sent_back(self, phase: Phase, reason: str) -> Progress:
        """With the cursor on an earlier phase for another round.

        Candidates stay, so that the solver goes on from its best; the report starts anew when its results may change.
        """
        return replace(
            self,
            phase=phase,
            finished=False,
            round=self.round + 1,
            round_reason=reason,
            done={done: words for done, words in self.done.items() if done.number < phase.number},
            history=(),
            feedback="",
            phase_turns=0,
            queries=(),
            programs=replace(self.programs, steps=0, since_best=0, pending=None),
            reports=replace(self.reports, steps=0, since_best=0, pending=None) if phase is Phase.REPORT else Search(),
        )

    def reopened(self, phase: Phase, reason: str) -> Progress:
        """With the cursor back on a solver's phase since the person changed its work: only that is checked and judged.

        Unlike `sent_back`, no new improving steps begin.
        """
        reports = replace(self.reports, pending=None) if phase is Phase.REPORT else Search()
        return replace(self.sent_back(phase, reason), programs=replace(self.programs, pending=None), reports=reports)


def read_progress(project: Project, rev: str | None = None) -> Progress:
    """Where the work stands, in the tree or at `rev`; the beginning for a new project. Raises ProjectError."""
    text = project.read(STATE, rev)
    if not text:
        return Progress()
    try:
        return Progress.from_json(text)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProjectError(
            f"{STATE} cannot be read: {error}.",
            f"Its last good version is in the history: git -C {project.path} checkout HEAD -- {STATE}",
        ) from error


def condensed(text: str, limit: int = CONDENSED) -> str:
    """The head and the tail of a long text, with a mark of what was left out."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"


def _entries(rows: list[Any]) -> tuple[Entry, ...]:
    return tuple(Entry(**{**row, "agent": Agent(row["agent"]), "status": Status(row["status"])}) for row in rows)


def _search(data: Mapping[str, Any]) -> Search:
    return Search(
        steps=data["steps"],
        since_best=data["since_best"],
        top=tuple(Kept(**kept) for kept in data["top"]),
        pending=Pending(**data["pending"]) if data["pending"] else None,
        tried=_entries(data["tried"]),
    )
