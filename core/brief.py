"""What an agent is given to answer: the facts of the project as typed values.

A prompt is a template filled from one `Brief` (core/prompts.py). A language model reads the filled text; the built-in
researcher reads the same facts from the `Brief` that travels with the request. Neither knows more than the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.record import Agent, Phase, Status


class Job(StrEnum):
    """What is wanted of the agent in this turn, where a phase knows more than one thing."""

    TALK = "talk"  # the ordinary turn of a phase
    FIRST = "first"  # write the first program, or the report's scaffold
    SECTION = "section"  # write one section of the report
    IMPROVE = "improve"  # make a working program or report better
    REPAIR = "repair"  # mend one that failed its check
    REPLACE = "replace"  # repairs are used up: write it anew
    JUDGE = "judge"  # score a candidate and reflect on it


@dataclass(frozen=True, slots=True)
class Paper:
    """A record of the literature. `id` is what the agents and `\\cite` call it."""

    id: str
    title: str
    authors: tuple[str, ...]
    year: str
    venue: str
    abstract: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A paper that the literature review has taken in, with the reader's own summary."""

    paper: Paper
    summary: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `kind` is number, category, text, date or image; `missing` counts empty cells, broken pictures."""

    name: str
    kind: str
    missing: int
    distinct: int
    example: str


@dataclass(frozen=True, slots=True)
class DataCard:
    """What is known of a data set before anyone models it.

    `source` is `sklearn:NAME` for a bundled set, `hf:OWNER/NAME` for one of the Hugging Face Hub, else the path of the
    person's file or folder inside the project. `task` is `classification`
    or `regression`. `classes` holds (label, rows) pairs, most frequent first, and is empty for regression.
    """

    source: str
    title: str
    task: str
    rows: int
    columns: tuple[Column, ...]
    target: str
    classes: tuple[tuple[str, int], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One earlier turn of this phase, as the agents remember it."""

    turn: int
    agent: Agent
    command: str
    text: str
    """What was said or proposed, condensed."""
    status: Status
    outcome: str
    """What came of it, condensed."""
    digest: str = ""
    """A digest of the whole text, when it is condensed here."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program or report that passed its check, with its score: `judge` in 0-1, `metrics` as it measured them."""

    turn: int
    text: str
    judge: float
    metrics: Mapping[str, Any]
    reflection: str
    output: str = ""
    command: str = ""
    """The command that made it, e.g. `EDIT 12-18`."""


@dataclass(frozen=True, slots=True)
class Review:
    """One reviewer's NeurIPS form; ranges as in the form (1-4, Overall 1-10, Confidence 1-5)."""

    reviewer: str
    summary: str
    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]
    questions: tuple[str, ...]
    limitations: tuple[str, ...]
    ethical_concerns: bool
    originality: int
    quality: int
    clarity: int
    significance: int
    soundness: int
    presentation: int
    contribution: int
    overall: int
    confidence: int
    decision: str
    """`Accept` or `Reject`."""


@dataclass(frozen=True, slots=True)
class Brief:
    """Everything an agent may know in this turn. Fields that a phase does not use keep their defaults."""

    agent: Agent
    phase: Phase
    job: Job
    question: str
    seed: int
    language: str = "English"
    """What the agents speak, and the report is written in."""
    notes: tuple[str, ...] = ()
    """The person's words for this phase, oldest first."""
    changes: str = ""
    """What the person changed by hand since the last turn, as a diff."""
    history: tuple[Entry, ...] = ()
    """The phase so far, oldest first, at most 15 turns."""
    feedback: str = ""
    """What came of the agents' last command in this phase, in full; for a malformed one, the right form."""
    step: int = 1
    max_steps: int = 1
    round: int = 1
    """1, or more once the work has gone back to an earlier phase."""
    reason: str = ""
    """Why it went back, in the words of who sent it: the refinement, or the person."""

    papers_wanted: int = 0
    found: tuple[Paper, ...] = ()
    """What searches of this phase have found, newest search last."""
    passages: tuple[str, ...] = ()
    """Passages of full texts that bear on what is to be done, each with its paper's id, the best first."""
    review: tuple[Reviewed, ...] = ()

    data: DataCard | None = None
    """The data set that the person named, or that the agents chose."""
    datasets: tuple[DataCard, ...] = ()
    """The data sets that can be had without a network."""

    plan: str = ""
    prepare: str = ""
    """The text of data/prepare.py."""
    prepared: str = ""
    """What data/prepare.py printed when it ran."""

    program: str = ""
    """The program to be edited or judged: the very lines that the listing in the prompt numbers, from 1."""
    error: str = ""
    """Why `program` (or `report`) failed its check, when the job is to repair or replace it."""
    output: str = ""
    """What `program` printed, head and tail."""
    metrics: Mapping[str, Any] | None = None
    """The content of results/metrics.json for `program`, or of the best program in later phases."""
    figures: tuple[str, ...] = ()
    """Figures of the best program, as paths like `figures/accuracy.pdf`."""
    best: Candidate | None = None
    """The best candidate so far (of the solver at work)."""
    tried: tuple[Entry, ...] = ()
    """What the solver has tried, oldest first: command, judge's score, metric, reflection or error."""
    limit_seconds: float = 600.0
    """How long a program may run."""

    interpretation: str = ""
    report: str = ""
    section: str = ""
    """The section that is to be written, one of the eight."""
    problems: tuple[str, ...] = ()
    """What LaTeX or the checks found wrong with `report`, with the lines around it."""
    reviews: tuple[Review, ...] = ()
    persona: str = ""
    """A reviewer's bent of mind."""
    said: str = ""
    """The agent's own reply that `asked` is about."""
    asked: str = ""
    """What the person wants to know about it; the answer is no turn and holds no command."""
