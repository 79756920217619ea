"""The rounds of reviews that a project has been through, as its files tell them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.brief import Review
from core.review.form import parse_review

if TYPE_CHECKING:
    from core.workspace.project import Project


@dataclass(frozen=True, slots=True)
class Round:
    """One round: the forms that can be read, and the names of the files that cannot."""

    number: int
    reviews: tuple[Review, ...]
    unreadable: tuple[str, ...] = ()


def rounds(project: Project) -> tuple[Round, ...]:
    """All rounds, oldest first; one without a file is none."""
    folders = (project.path / "reviews").glob("round-*")
    numbers = sorted(int(found[1]) for folder in folders if (found := re.fullmatch(r"round-(\d{1,4})", folder.name)))
    return tuple(one for number in numbers if (one := _round(project, number)) is not None)


def _round(project: Project, number: int) -> Round | None:
    folder = f"reviews/round-{number}"
    names = sorted(path.name for path in (project.path / folder).glob("*.json"))
    reviews, unreadable = [], []
    for name in names:
        form = parse_review(project.read(f"{folder}/{name}"), name.removesuffix(".json"))
        if isinstance(form, Review):
            reviews.append(form)
        else:
            unreadable.append(f"{folder}/{name}")
    return Round(number, tuple(reviews), tuple(unreadable)) if names else None
