"""A person's own folder of pictures, described: a sub-folder a class, or a metadata.csv that names each file."""

from __future__ import annotations

import hashlib
import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from core.brief import Column, DataCard
from core.clean import clean
from core.data.files import read_table
from core.data.frames import frame_card
from core.data.parts import learning, parted, sentence, training_rows
from core.errors import DataError

if TYPE_CHECKING:
    import pandas

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
METADATA = "metadata.csv"
LABEL = "label"
"""What the class is called when the sub-folders tell it and the person does not say."""
MOST_PICTURES = 200_000
LOOKED_AT = 3000
"""Pictures that are opened; of more, so many drawn by lot."""
_LARGEST = 64 * 2**20
_NAMED = 5


def describe_pictures(folder: Path, target: str, source: str) -> DataCard:
    """The card of a folder of pictures; `source` is its path inside the project.

    Opens up to LOOKED_AT pictures: seconds, so call it in a thread. Raises DataError when it cannot be used.
    """
    files = pictures(folder)
    if (folder / METADATA).is_file():
        frame, target, notes = _by_table(folder, target, {str(file) for file in files})
    else:
        target = target or LABEL
        frame, notes = _by_folder(folder, files, target)
    look = _look(folder, [str(name) for name in frame["file_name"]])
    note = " ".join([*notes, *look.sentences(len(frame)), f"Open them with PIL.Image from {clean(source)}/."])
    card = frame_card(frame, target, source, folder.name, note=note, data_name=folder.name)
    return replace(
        card, columns=(Column("image", "image", len(look.broken), len(look.looks), look.example), *card.columns)
    )


def pictures(folder: Path) -> list[PurePosixPath]:
    """The pictures below a folder, by their paths in it; no link is followed. Raises DataError for none or too many."""
    found: list[PurePosixPath] = []
    for above, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if not name.startswith("."))
        here = PurePosixPath(Path(above).relative_to(folder).as_posix())
        inside = (name for name in sorted(files) if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."))
        found += [here / name for name in inside if not os.path.islink(os.path.join(above, name))]
        if len(found) > MOST_PICTURES:
            raise DataError(f"{folder.name} holds more than {MOST_PICTURES:,} pictures.", "Give a part of them.")
    if not found:
        raise DataError(
            f"There are no pictures in {folder}.",
            f"Give a folder with a sub-folder for each class, or with a {METADATA}. "
            f"Pictures end in {', '.join(sorted(SUFFIXES))}.",
        )
    return found


def _by_folder(folder: Path, files: Sequence[PurePosixPath], target: str) -> tuple[pandas.DataFrame, list[str]]:
    """A row for each picture to learn from: its path, and its class by the name of its sub-folder."""
    import pandas

    notes = []
    depth = 0
    if parted({file.parts[0] for file in files}):
        left = Counter(file.parts[0] for file in files if not learning(file.parts[0]))
        files = [file for file in files if learning(file.parts[0])]
        notes.append(sentence("sub-folder", left))
        depth = 1
    loose = [file for file in files if len(file.parts) < depth + 2]
    if loose:
        raise DataError(
            f"{len(loose)} of the pictures in {folder.name} lie in no folder of a class, such as {_short(loose[0])}.",
            f"Put each class into a sub-folder of its own, or write a {METADATA} with the columns file_name and a"
            " target.",
        )
    where = "the sub-folder of the training part" if depth else "the sub-folder"
    notes.append(f"The class of a picture is the name of {where} that it lies in.")
    classes = [file.parts[depth] for file in files]
    return pandas.DataFrame({"file_name": [str(file) for file in files], target: classes}), notes


def _by_table(folder: Path, target: str, there: set[str]) -> tuple[pandas.DataFrame, str, list[str]]:
    """The rows of metadata.csv to learn from whose pictures are there."""
    frame, _ = read_table(folder / METADATA)
    if "file_name" not in frame.columns:
        raise DataError(f"{METADATA} has no column 'file_name'.", "It names each picture by its path in the folder.")
    others = [str(name) for name in frame.columns if name != "file_name"]
    if not target and len(others) == 1:
        target = others[0]
    frame, parts = training_rows(frame, target)
    known = frame["file_name"].astype(str).isin(there)
    if not known.any():
        raise DataError(f"None of the files that {METADATA} names is there.", "Write paths inside the folder.")
    missing = int((~known).sum())
    notes = [f"{METADATA} tells each picture's file_name and {clean(target)}.", parts]
    notes.append(f"{missing} of its rows name a picture that is not there." if missing else "")
    return frame[known].reset_index(drop=True), target, [note for note in notes if note]


@dataclass(slots=True)
class _Look:
    """What opening pictures has shown."""

    opened: int = 0
    looks: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    contents: Counter[bytes] = field(default_factory=Counter)
    names: list[str] = field(default_factory=list)

    @property
    def example(self) -> str:
        """The commonest size and mode."""
        return self.looks.most_common(1)[0][0] if self.looks else "none can be opened"

    def sentences(self, rows: int) -> list[str]:
        """What is worth knowing before they are used."""
        common = ", ".join(f"{look} ({count})" for look, count in self.looks.most_common(_NAMED))
        more = f" and {len(self.looks) - _NAMED} other kinds" if len(self.looks) > _NAMED else ""
        copies = sum(count - 1 for count in self.contents.values())
        said = [f"Sizes and modes: {common}{more}." if common else ""]
        said.append(f"{self.opened:,} of {rows:,} were opened." if self.opened < rows else "")
        if self.broken:
            said.append(f"{len(self.broken)} cannot be opened: {', '.join(map(_short, self.broken[:_NAMED]))}.")
        said.append(f"{copies} are the same, byte for byte, as an earlier one." if copies else "")
        said.append(f"Files are named like {', '.join(map(_short, self.names))}.")
        return [one for one in said if one]


def _look(folder: Path, names: list[str]) -> _Look:
    """Open the pictures, or some of them by lot."""
    look = _Look(names=names[:3])
    chosen = names if len(names) <= LOOKED_AT else sorted(random.Random(0).sample(names, LOOKED_AT))
    look.opened = len(chosen)
    for name in chosen:
        kind, content = _opened(folder / name)
        if kind:
            look.looks[kind] += 1
            look.contents[content] += 1
        else:
            look.broken.append(name)
    return look


def _opened(path: Path) -> tuple[str, bytes]:
    """Size, mode and format of one picture with the hash of its file; nothing when it cannot be opened."""
    import warnings
    from io import BytesIO

    from PIL import Image

    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data)) as picture:
                picture.verify()
                return f"{picture.width}×{picture.height} {picture.mode} {picture.format}", hashlib.sha1(data).digest()
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return "", b""


def _short(path: object) -> str:
    text = " ".join(clean(str(path)).split())
    return text if len(text) <= 60 else f"…{text[-59:]}"
