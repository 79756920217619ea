"""A person's own table: CSV, Parquet or JSON lines, read once and described."""

from __future__ import annotations

import csv
import json
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.brief import DataCard
from core.data.frames import frame_card
from core.data.parts import training_rows
from core.errors import DataError

if TYPE_CHECKING:
    import pandas

LARGEST_FILE = 2**30
"""Bytes."""
MOST_COLUMNS = 10_000

_SEPARATED = frozenset({".csv", ".tsv", ".tab"})
_PARQUET = frozenset({".parquet", ".pq"})
_JSON_LINES = frozenset({".jsonl", ".ndjson"})


def describe_file(path: Path, target: str, source: str) -> DataCard:
    """The card of a person's file; `target` is the column to predict, `source` its path inside the project.

    Where a column parts the rows, only those to learn from are looked at. Reads the whole file: seconds for a large
    one, so call it in a thread. Raises DataError when the file cannot be
    used, and says why.
    """
    frame, note = read_table(path)
    frame, parts = training_rows(frame, target)
    note = " ".join(filter(None, (note, parts)))
    return frame_card(frame, target, source, path.stem, note=note, data_name=path.name)


def read_table(path: Path) -> tuple[pandas.DataFrame, str]:
    """The whole table, and how the file is written where that is unusual; raises DataError like `describe_file`."""
    _check_file(path)
    frame, note = _read(path)
    if frame.shape[1] > MOST_COLUMNS:
        raise DataError(f"{path.name} has {frame.shape[1]:,} columns; at most {MOST_COLUMNS:,} can be described.")
    frame.columns = [str(column) for column in frame.columns]
    return frame, note


def _check_file(path: Path) -> None:
    try:
        if not path.is_file():
            what = "is not a file" if path.exists() else "does not exist"
            raise DataError(f"{path} {what}.", "Give the path of a CSV, Parquet or JSON lines file.")
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {_reason(error)}.") from error
    if size == 0:
        raise DataError(f"{path.name} is empty.", "Give a file with data in it.")
    if size > LARGEST_FILE:
        raise DataError(
            f"{path.name} has {size / 2**30:.1f} GiB; at most {LARGEST_FILE / 2**30:.0f} GiB can be described.",
            "Give a sample of its rows.",
        )


def _read(path: Path) -> tuple[pandas.DataFrame, str]:
    kind = path.suffix.lower()
    try:
        if kind in _SEPARATED:
            return _separated(path)
        if kind in _PARQUET:
            return _parquet(path), ""
        if kind in _JSON_LINES:
            return _json_lines(path), ""
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name} is not UTF-8 text: byte {error.start + 1} of what was read cannot be decoded.",
            f"Convert it, e.g. `iconv -f latin1 -t utf-8 {path.name}`.",
        ) from error
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {_reason(error)}.") from error
    raise DataError(
        f"{path.name}: files that end in {kind or 'nothing'} are not understood.",
        "Give .csv, .tsv, .parquet or .jsonl, not compressed.",
    )


def _separated(path: Path) -> tuple[pandas.DataFrame, str]:
    import pandas

    separator = _separator(path)
    _check_rows(path, separator)
    decimal = _decimal(path, separator)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            frame = pandas.read_csv(
                path,
                sep=separator,
                decimal=decimal,
                encoding="utf-8-sig",
                index_col=False,
                low_memory=False,
                on_bad_lines="error",
            )
    except pandas.errors.EmptyDataError as error:
        raise DataError(f"{path.name} is empty.", "Give a file with data in it.") from error
    except (pandas.errors.ParserError, pandas.errors.ParserWarning) as error:
        raise DataError(
            f"The rows of {path.name} do not all have the same number of cells: {_reason(error)}.",
            "Mend those rows; text that holds the separator belongs in quotes.",
        ) from error
    note = "" if separator == "," else f"Its columns are separated by {separator!r}."
    return frame, note if decimal == "." else f"{note} Its numbers are written with decimal commas."


def _separator(path: Path) -> str:
    """The separator that splits the head of the file into the same number of cells, more than one; a comma if none."""
    if path.suffix.lower() in (".tsv", ".tab"):
        return "\t"
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.read(65_536).splitlines()[:20]
    if len(head) == 20:
        head = head[:-1]
    for separator in (",", ";", "\t", "|"):
        widths = {len(row) for row in csv.reader(head, delimiter=separator) if row}
        if len(widths) == 1 and max(widths) > 1:
            return separator
    return ","


def _decimal(path: Path, separator: str) -> str:
    """A comma when the head of the file writes its fractions with commas and none with points, else a point."""
    if separator == ",":
        return "."
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [
            cell.strip() for row in csv.reader(file.read(262_144).splitlines(), delimiter=separator) for cell in row
        ]
    commas, points = (sum(bool(re.fullmatch(rf"[+-]?\d*{mark}\d+", cell)) for cell in cells) for mark in (",", r"\."))
    return "," if commas and not points else "."


def _check_rows(path: Path, separator: str) -> None:
    """Raise DataError at the first row whose length is not the header's: pandas fills short rows in silence."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter=separator)
        try:
            width = len(next((row for row in rows if row), []))
            odd = next((row for row in rows if len(row) != width and row), None)
        except csv.Error:  # a cell above csv's limit of 128 KiB; pandas judges such a file
            return
    if odd is not None:
        raise DataError(
            f"The rows of {path.name} do not all have the same number of cells: line {rows.line_num} has {len(odd)},"
            f" the header {width}.",
            "Mend those rows; text that holds the separator belongs in quotes.",
        )


def _parquet(path: Path) -> pandas.DataFrame:
    import pandas

    try:
        return pandas.read_parquet(path)
    except (ValueError, OSError) as error:  # pyarrow's own errors are both
        raise DataError(f"{path.name} is not a Parquet file that can be read: {_reason(error)}.") from error


def _json_lines(path: Path) -> pandas.DataFrame:
    import pandas

    rows: list[dict[str, Any]] = []
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"Line {number} of {path.name} is not JSON: {_reason(error)}.") from error
            if not isinstance(row, dict):
                raise DataError(f"Line {number} of {path.name} is not a JSON object.", "Give one object a line.")
            rows.append(row)
    if not rows:
        raise DataError(f"{path.name} is empty.", "Give a file with data in it.")
    return pandas.DataFrame(rows)


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error).strip().splitlines()[0:1]
    return (text if isinstance(text, str) else text[0] if text else type(error).__name__).rstrip(".")
