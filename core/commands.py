"""What may be said: the commands of the agents as typed values, and how each is written."""

from __future__ import annotations

from dataclasses import dataclass

from core.record import Phase


@dataclass(frozen=True, slots=True)
class Summary:
    """Search the literature; the answer is up to 20 papers with abstracts."""

    query: str


@dataclass(frozen=True, slots=True)
class FullText:
    """Ask for a paper's full text."""

    paper: str


@dataclass(frozen=True, slots=True)
class AddPaper:
    """Take a paper into the review, with a summary."""

    paper: str
    summary: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Speak to the other agent of the phase."""

    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """End plan formulation with this plan (Markdown)."""

    text: str


@dataclass(frozen=True, slots=True)
class Python:
    """Run a piece of Python after the prepared data code, to look at the data."""

    code: str


@dataclass(frozen=True, slots=True)
class SearchHF:
    """Search for data sets."""

    query: str


@dataclass(frozen=True, slots=True)
class SubmitCode:
    """End data preparation with this program."""

    code: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace lines `first` to `last` (1-based, inclusive, as numbered in the listing) by `text`.

    `last` may be `first - 1`, which inserts `text` before line `first`; an empty `text` deletes the lines.
    """

    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace the whole program, report or section."""

    text: str


@dataclass(frozen=True, slots=True)
class Interpretation:
    """End results interpretation with this text (Markdown)."""

    text: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judge's answer: a score in 0-1 and what to learn from the attempt."""

    score: float
    reflection: str


@dataclass(frozen=True, slots=True)
class ReviewForm:
    """A filled NeurIPS form, as the JSON object's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The report is done."""

    reason: str


@dataclass(frozen=True, slots=True)
class GoBack:
    """Send the work back to an earlier phase."""

    phase: Phase
    reason: str


Command = (
    Summary
    | FullText
    | AddPaper
    | Dialogue
    | Plan
    | Python
    | SearchHF
    | SubmitCode
    | Edit
    | Replace
    | Interpretation
    | Judgement
    | ReviewForm
    | Finish
    | GoBack
)


@dataclass(frozen=True, slots=True)
class Malformed:
    """A reply that holds no usable command: what is wrong, and the form that would be right."""

    problem: str
    form: str
    blank: str = ""
    """The form with places to fill in, when there is one: shorter, for who has missed the form before."""
