"""The parts of a data set: which is there to learn from, and which is not looked at before the last test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas

LEARNING = frozenset({"train", "training"})
HELD_OUT = frozenset(
    {"dev", "development", "eval", "evaluation", "holdout", "test", "testing", "val", "valid", "validation"}
)
COLUMNS = frozenset({"fold", "partition", "set", "split", "subset"})
"""Names of columns that may say to which part a row belongs."""


def parted(names: Iterable[str]) -> bool:
    """Whether these are the names of parts, one to learn from and one held out among them, and nothing else."""
    found = {name.strip().casefold() for name in names}
    return found <= LEARNING | HELD_OUT and bool(found & LEARNING) and bool(found & HELD_OUT)


def learning(name: str) -> bool:
    """Whether this names the part to learn from."""
    return name.strip().casefold() in LEARNING


def training_rows(frame: pandas.DataFrame, target: str) -> tuple[pandas.DataFrame, str]:
    """The rows to learn from, without the column that parts them, and a sentence on it; else all rows and no words."""
    for column in frame.columns:
        if str(column).strip().casefold() not in COLUMNS or column == target:
            continue
        parts = frame[column].dropna().astype(str)
        if parted(parts.unique()):
            chosen = frame[column].astype(str).map(learning)
            left = {str(name): int(rows) for name, rows in parts.value_counts().items() if not learning(str(name))}
            return frame[chosen].drop(columns=[column]).reset_index(drop=True), sentence(str(column), left)
    return frame, ""


def sentence(by: str, left: Mapping[str, int]) -> str:
    """What the card says of the parts that were not looked at."""
    others = ", ".join(f"{name} ({rows:,} rows)" for name, rows in sorted(left.items()))
    return f"Only the training part was looked at for this card (by {by!r}), not {others}: keep that for the test."
