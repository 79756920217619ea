"""A data set of the Hub described from its training part alone: nothing of a test part is looked at."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.brief import Column, DataCard
from core.clean import clean
from core.data.frames import frame_card
from core.errors import DataError

if TYPE_CHECKING:
    import datasets

MOST_ROWS = 20_000
"""Rows that are looked at; more are drawn by lot."""
TARGETS = ("label", "labels", "target", "class", "y", "outcome", "category", "score", "rating", "price", "value")
"""Names of columns that are mostly what is to be predicted, the likeliest first."""
_HELD_OUT = ("test", "val", "dev", "eval")
_PICTURES = 200


def training_split(splits: Mapping[str, int]) -> str:
    """The split to learn from: `train`, or the largest that is not by its name held out, or the only one there is."""
    if "train" in splits or not splits:
        return "train" if splits else ""
    open_ones = [name for name in splits if not name.startswith(_HELD_OUT)]
    return max(open_ones or [name for name in splits if not name.startswith("test")] or splits, key=splits.__getitem__)


def target_of(columns: Mapping[str, str]) -> str:
    """The column that is likely to be predicted, from names and types; empty when none is plain."""
    classes = [name for name, kind in columns.items() if kind == "ClassLabel"]
    by_name = [name for wanted in TARGETS for name in columns if name.casefold() == wanted]
    return next((name for name in by_name if name in classes), next(iter([*classes, *by_name]), ""))


def described(
    sets: datasets.DatasetDict, splits: Mapping[str, int], repo: str, config: str, narrowed: Mapping[str, Any]
) -> DataCard | None:
    """The card of a set; None when it is not plain what is to be predicted from what."""
    split = training_split(splits)
    table = sets[split]
    target = target_of({name: type(feature).__name__ for name, feature in table.features.items()})
    if not target:
        return None
    chosen = range(len(table))
    if len(table) > MOST_ROWS:
        chosen = sorted(random.Random(0).sample(chosen, MOST_ROWS))  # type: ignore[assignment]
        table = table.select(chosen)
    pictures = [name for name, feature in table.features.items() if type(feature).__name__ == "Image"]
    opaque = [name for name, feature in table.features.items() if _is_opaque(feature)]
    frame = table.remove_columns([*pictures, *opaque]).to_pandas()
    names = getattr(table.features[target], "names", None)
    if names:
        frame[target] = [_class(value, names) for value in frame[target]]
    note = " ".join(_notes(repo, config, narrowed, splits, split, target, names, len(chosen)))
    title = repo + (f" ({config})" if config else "")
    try:
        card = frame_card(frame, target, f"hf:{repo}", title, note=note)
    except DataError:
        return None
    looked = [_picture(name, table) for name in pictures] + [Column(name, "text", 0, 0, "bytes") for name in opaque]
    return replace(card, rows=splits[split], columns=(*looked, *card.columns))


def _is_opaque(feature: Any) -> bool:
    """Whether the cells are bytes that say nothing in a table: sound, films, files."""
    return type(feature).__name__ in ("Audio", "Video", "Pdf") or "binary" in str(getattr(feature, "dtype", ""))


def _class(value: Any, names: list[str]) -> str | None:
    """The name of a class that is stored as its number; -1 is how a set says that there is none."""
    known = value is not None and value == value and 0 <= int(value) < len(names)
    return names[int(value)] if known else None


def _notes(
    repo: str,
    config: str,
    narrowed: Mapping[str, Any],
    splits: Mapping[str, int],
    split: str,
    target: str,
    names: list[str] | None,
    looked_at: int,
) -> list[str]:
    """How the set is loaded, what was looked at, and how its classes are stored, a sentence each."""
    asked = "".join(f", {name}={value!r}" for name, value in narrowed.items())
    call = f'load_dataset("{repo}"' + (f', "{config}"' if config else "") + f'{asked}, split="{split}")'
    others = [f"{clean(name)} ({rows:,} rows)" for name, rows in splits.items() if name != split]
    said = [f"Loaded with datasets.{call}."]
    if others:
        said.append(f"Only the split {clean(split)} was looked at for this card, not {' nor '.join(others[:8])}.")
    if looked_at < splits[split]:
        said.append(f"Counts are those of {looked_at:,} rows drawn from it.")
    if names:
        shown = ", ".join(f"{at} {clean(str(name))[:40]}" for at, name in enumerate(names[:20]))
        said.append(f"{clean(target)} is stored as numbers: {shown}{' …' if len(names) > 20 else ''}.")
    return said


def _picture(name: str, table: datasets.Dataset) -> Column:
    """A column of pictures: the commonest size and mode among the first, and how many cannot be read."""
    from collections import Counter
    from io import BytesIO

    from datasets import Image
    from PIL import Image as Pictures

    looks: Counter[str] = Counter()
    broken = 0
    stored = table.select(range(min(_PICTURES, len(table)))).cast_column(name, Image(decode=False))
    for row in stored.select_columns([name]):
        picture = row[name] or {}
        try:
            with Pictures.open(BytesIO(picture["bytes"])) as opened:
                looks[f"{opened.width}×{opened.height} {opened.mode}"] += 1
        except (OSError, ValueError, TypeError, KeyError, SyntaxError, Pictures.DecompressionBombError):
            broken += 1
    example = ", ".join(look for look, _ in looks.most_common(2)) or "none can be read"
    return Column(name, "image", broken, len(looks), example)
