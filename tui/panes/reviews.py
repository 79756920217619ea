"""The reviews pane: the forms of one round side by side, or one under the other where it is narrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from core.brief import Review
from core.review.form import SCALES, review_score
from core.review.rounds import Round
from tui.keymap import keyed
from tui.keys import bound
from tui.widgets.frame import MUTED, entitle, frame, plain
from tui.widgets.sheet import EMPTY, Sheet, heading, padded, side_by_side, wrapped

NOTHING_YET = (
    "No review yet.\n\nWhen the report is written, three reviewers fill in the NeurIPS form; their forms stand here "
    "side by side.\n\n{run_pause} runs, {step} makes one step"
)
LEAST = 34
"""Cells that a form needs to stand beside others."""
_GAP = 3
_TEXTS = ("summary", "strengths", "weaknesses", "questions", "limitations")


class ReviewsPane(Sheet):
    """The reviewers' forms of the newest round; brackets go to other rounds."""

    DEFAULT_CSS = frame("ReviewsPane")
    BORDER_TITLE = "Reviews"
    BINDINGS: ClassVar[list[BindingType]] = bound("page", "round(-1)", "round(1)")

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id, classes=classes)
        self._rounds: tuple[Round, ...] = ()
        self._at = 0

    def show(self, rounds: Sequence[Round]) -> None:
        """Show rounds, oldest first; the newest is in view unless one looks at an earlier one."""
        if tuple(rounds) == self._rounds:
            return
        newest = self._at >= len(self._rounds) - 1
        self._rounds = tuple(rounds)
        self._at = len(self._rounds) - 1 if newest else min(self._at, len(self._rounds) - 1)
        self._turn_to(self._at)

    def action_round(self, step: int) -> None:
        """Go to the next (1) or previous (-1) round."""
        if 0 <= self._at + step < len(self._rounds):
            self._turn_to(self._at + step)
        else:
            self.notify("this is the newest round" if step > 0 else "there is no earlier round", markup=False)

    def _turn_to(self, at: int) -> None:
        self._at = max(0, at)
        if not self._rounds:
            entitle(self, "Reviews")
        else:
            shown = self._rounds[self._at]
            of = f"/{self._rounds[-1].number}" if len(self._rounds) > 1 else ""
            entitle(self, f"Reviews · round {shown.number}{of}", outcome(shown.reviews))
        self.set_anew()

    def lines_for(self, width: int) -> list[Content]:
        if not self._rounds:
            return wrapped(keyed(self.app, NOTHING_YET), width, MUTED)
        shown = self._rounds[self._at]
        lines = [
            line
            for name in shown.unreadable
            for line in wrapped(f"{name} is no form that can be read", width, "$text-warning", "! ")
        ]
        count = len(shown.reviews)
        column = (width - _GAP * (count - 1)) // count if count else width
        if count > 1 and column >= LEAST:
            return [*lines, *beside(shown.reviews, column)]
        return [*lines, *(line for review in shown.reviews for line in (*form(review, width), EMPTY))]


def outcome(reviews: Sequence[Review]) -> str:
    """What the reviewers have decided, e.g. `2 accept · 1 reject · 6.3/10`."""
    if not reviews:
        return ""
    accepted = sum(review.decision == "Accept" for review in reviews)
    parts = [
        f"{accepted} accept" if accepted else "",
        f"{len(reviews) - accepted} reject" if accepted < len(reviews) else "",
    ]
    overall = sum(review.overall for review in reviews) / len(reviews)
    return " · ".join([*filter(None, parts), f"{overall:.1f}/10"])


def beside(reviews: Sequence[Review], width: int) -> list[Content]:
    """The forms in columns of `width` cells, the same part of each at the same height."""
    parted = [list(parts(review, width)) for review in reviews]
    return [line for row in zip(*parted, strict=True) for line in (*side_by_side(row, width, _GAP), EMPTY)]


def form(review: Review, width: int) -> list[Content]:
    """One form in `width` cells."""
    return [line for part in parts(review, width) for line in (*part, EMPTY)]


def parts(review: Review, width: int) -> Iterator[list[Content]]:
    """The parts of a form, each set to `width` cells: who and what, the grades, then the texts."""
    yield head(review, width)
    yield grades(review, width)
    for name in _TEXTS:
        yield [heading(name.capitalize()), *text_lines(getattr(review, name), width)]


def head(review: Review, width: int) -> list[Content]:
    """Who reviewed, and the decision with the score that the form amounts to."""
    accepted = review.decision == "Accept"
    sign, style = ("✓", "bold $text-success") if accepted else ("✗", "bold $text-error")
    who = review.reviewer.replace("-", " ").capitalize()
    said = Content.assemble((f"{sign} {plain(review.decision).plain}", style), f"  overall {review.overall}/10")
    concern = wrapped("has ethical concerns", width, "$text-warning", "! ") if review.ethical_concerns else []
    name = wrapped(who, width, "bold")
    return [*name, padded(said, width), Content.styled(f"score {review_score(review):.2f}", MUTED), *concern]


def grades(review: Review, width: int) -> list[Content]:
    """Each grade with a bar."""
    longest = max(map(len, SCALES))
    lines = []
    for name, highest in SCALES.items():
        grade = int(getattr(review, name))
        bar = "■" * grade + "·" * (highest - grade)
        said = Content.assemble((name.ljust(longest + 1), MUTED), f"{grade:2}/{highest:<2} ", (bar, "$text-accent"))
        lines.append(padded(said, width))
    return lines


def text_lines(said: str | Sequence[str], width: int) -> list[Content]:
    """A text, or a list of them with a sign before each."""
    if isinstance(said, str):
        return wrapped(said, width)
    return [line for item in said for line in wrapped(item, width, before="· ")] or [Content.styled("–", MUTED)]
