"""Writes `bundled.json`, the facts of scikit-learn's bundled sets: `python -m core.data.describe`.

The cards are stored because reading them from scikit-learn costs seconds; a test compares them with it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.brief import DataCard
from core.data.frames import frame_card

_Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bundled:
    """What scikit-learn does not say in a form that can be used: a title, words to find the set by, and a remark."""

    name: str
    title: str
    keywords: str
    note: str
    target: str = "target"


SETS = (
    Bundled(
        "digits",
        "Optical recognition of handwritten digits",
        "image images pixel handwriting mnist numbers character vision multiclass",
        "Gray images of 8 by 8 pixels, one column a pixel, values 0 to 16.",
    ),
    Bundled(
        "iris",
        "Iris flowers",
        "plant flower species petal sepal botany fisher small multiclass",
        "Lengths and widths of sepals and petals in centimetres.",
    ),
    Bundled(
        "wine",
        "Wine cultivars",
        "chemistry chemical analysis alcohol grape cultivar food small multiclass",
        "Thirteen chemical measurements of wines from three cultivars.",
    ),
    Bundled(
        "breast_cancer",
        "Breast cancer Wisconsin (diagnostic)",
        "medicine medical tumor tumour diagnosis cell nucleus malignant benign health binary",
        "Features computed from images of cell nuclei.",
    ),
    Bundled(
        "diabetes",
        "Diabetes progression",
        "medicine medical patients disease blood health regression",
        "Ten baseline variables, centred and scaled by scikit-learn; the target measures progression after one year.",
    ),
    Bundled(
        "linnerud",
        "Linnerud physical exercise",
        "sport fitness physiology exercise body weight regression tiny",
        "Three exercises of middle-aged men; of its three targets (Weight, Waist, Pulse) the first is taken.",
        target="Weight",
    ),
)


def describe(bundled: Bundled) -> DataCard:
    """The card of one bundled set, computed from scikit-learn."""
    from sklearn import datasets

    found = getattr(datasets, f"load_{bundled.name}")(as_frame=True)
    frame = found.frame
    if bundled.name == "linnerud":
        frame = frame.drop(columns=[name for name in found.target_names if name != bundled.target])
    elif "target_names" in found and len(found.target_names):
        names = [str(name) for name in found.target_names]
        frame = frame.assign(target=frame["target"].map(lambda label: names[int(label)]))
    return frame_card(frame, bundled.target, f"sklearn:{bundled.name}", bundled.title, note=bundled.note)


def entries() -> list[_Entry]:
    """The content of `bundled.json`."""
    return [{"keywords": bundled.keywords, "card": asdict(describe(bundled))} for bundled in SETS]


if __name__ == "__main__":
    text = json.dumps(entries(), indent=1, ensure_ascii=False) + "\n"
    Path(__file__).with_name("bundled.json").write_text(text, encoding="utf-8")
