"""What a prompt's template may do with a value: quote it, cut it, lay it out in few characters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import groupby, takewhile
from typing import Any, NamedTuple

from jinja2 import pass_context
from jinja2.runtime import Context

from core.brief import Brief, DataCard
from core.clean import clean
from core.edits import numbered, unified_diff
from core.fences import fence_for
from core.latex.sections import SECTIONS, empty_sections, missing_sections, section_text
from core.progress import condensed

SMALLEST = 160
"""Characters below which a cut quotation says nothing any more."""
_NUMBERS, _FEW = 8, 2
"""Numbers in a list that are still shown one by one, and in a list within a row."""
_SAFE = re.compile(r"[\w.:/-]{1,120}")
_COLUMN = re.compile(r"[\w .()/-]{1,80}")
_READERS = {".csv": 'read_csv("%s")', ".parquet": 'read_parquet("%s")', ".jsonl": 'read_json("%s", lines=True)'}


def quote(text: str) -> str:
    """Material that somebody else wrote, in a fence longer than any inside it and without invisible characters."""
    return _fenced(clean(text), "quoted")


def _fenced(text: str, word: str) -> str:
    body = text.strip("\n")
    fence = fence_for(body)
    return f"{fence}{word}\n{body}\n{fence}"


@pass_context
def _cut(context: Context, text: str, limit: int, least: int = SMALLEST) -> str:
    """The head and the tail of a long text: `limit` characters, fewer (but `least`) when the prompt must be small."""
    return condensed(text, _share(context, limit, least))


@pass_context
def _line(context: Context, text: str, limit: int) -> str:
    """A text as one line of at most `limit` characters, fewer when the prompt must be small."""
    limit = _share(context, limit, SMALLEST)
    shown = " ".join(clean(text[: 8 * limit]).split())
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


@pass_context
def _few(context: Context, items: Sequence[Any], limit: int) -> Sequence[Any]:
    """The first `limit` items, fewer when the prompt must be small."""
    return items[: _share(context, limit, 1)]


@pass_context
def _newest(context: Context, items: Sequence[Any], limit: int) -> Sequence[Any]:
    """The last `limit` items, fewer when the prompt must be small."""
    return items[-_share(context, limit, 1) :]


def _share(context: Context, limit: int, least: int) -> int:
    return max(min(limit, least), int(limit * context["fit"].share))


def _diff(before: str, after: str) -> str:
    """What changed from one text to the other, as a unified diff without its two headings."""
    return unified_diff(before, after, "x").partition("\n")[2].partition("\n")[2]


def _table(value: Mapping[str, Any]) -> str:
    """A JSON object in few characters: a field a line, lists of like objects as tables, long lists as their range."""
    fields = []
    for key, field in value.items():
        rows = field if isinstance(field, list) else []
        if rows and all(isinstance(row, dict) and list(row) == list(rows[0]) for row in rows):
            fields.append(f"{key}:\n{_rows(rows)}")
        else:
            fields.append(f"{key}: {_cell(field)}")
    return "\n".join(fields)


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """Objects with the same keys, a line each under the names they share; lists beside a mean are left out."""
    lists = {key for row in rows for key, cell in row.items() if isinstance(cell, list) and len(cell) > _FEW}
    left_out = lists if any(isinstance(cell, float) for cell in rows[0].values()) else set()
    keys = [key for key in rows[0] if key not in left_out]
    names = list(takewhile(lambda key: all(isinstance(row[key], str) for row in rows), keys))
    groups = [(name, list(group)) for name, group in groupby(rows, key=lambda row: _joined(row, names))]
    nested = len(groups) <= len(rows) // 2
    lines = [", ".join([*keys, *(f"({key} left out)" for key in rows[0] if key in left_out)])]
    for name, group in groups:
        if nested:
            lines += [f"{name}:" if name else "", *(f"  {_joined(row, keys[len(names) :])}" for row in group)]
        else:
            lines += [_joined(row, keys) for row in group]
    return "\n".join(f"  {line}" for line in lines if line)


def _joined(row: Mapping[str, Any], keys: Sequence[str]) -> str:
    return ", ".join(_cell(row[key]) for key in keys)


def _cell(value: Any) -> str:
    """A value in few characters, its numbers at the four digits that a text about them needs."""
    match value:
        case str():
            return " ".join(value.split())
        case float():
            return f"{value:.3g}" if abs(value) < 0.01 else f"{value:.4f}".rstrip("0").rstrip(".")
        case dict():
            return "{" + ", ".join(f"{key}: {_cell(item)}" for key, item in value.items()) + "}"
        case list() if len(value) > _NUMBERS and all(map(_is_number, value)):
            return f"{len(value)} numbers from {_cell(min(value))} to {_cell(max(value))}"
        case list():
            return "[" + ", ".join(map(_cell, value)) + "]"
        case _:
            return json.dumps(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Loading(NamedTuple):
    """Python that loads a table: the line that imports, the expression, and the target's column."""

    imports: str
    table: str
    target: str


def _loading(brief: Brief) -> Loading:
    """How the data set of the brief, or of its plan, is loaded; another table when nobody knows."""
    planned = (card for card in brief.datasets if card.source in brief.plan)
    card = brief.data or next(planned, None) or _spoken_of(brief)
    kind, _, name = card.source.partition(":") if card else ("", "", "")
    if card and _SAFE.fullmatch(card.source) and _COLUMN.fullmatch(card.target):
        if kind == "sklearn" and name.isidentifier():
            return Loading(
                f"from sklearn.datasets import load_{name}", f"load_{name}(as_frame=True).frame", card.target
            )
        for ending, reader in _READERS.items():
            if card.source.endswith(ending):
                return Loading("import pandas as pd", f"pd.{reader % card.source}", card.target)
    return Loading("import pandas as pd", 'pd.read_csv("data/raw/cups.csv")', "seconds")


def _spoken_of(brief: Brief) -> DataCard | None:
    """The only bundled data set that the plan calls by its name, or else the question."""
    for text in (brief.plan, brief.question):
        said = [
            card
            for card in brief.datasets
            if re.search(rf"\b{re.escape(card.source.partition(':')[2])}\b", text, re.IGNORECASE)
        ]
        if len(said) == 1:
            return said[0]
    return None


def _sections(report: str) -> list[tuple[str, str]]:
    """The report's sections that hold text, by name, in order."""
    empty = {*missing_sections(report), *empty_sections(report)}
    return [(name, section_text(report, name)) for name in SECTIONS if name not in empty]


FILTERS = {
    "quote": quote,
    "fenced": _fenced,
    "numbered": numbered,
    "cut": _cut,
    "line": _line,
    "few": _few,
    "newest": _newest,
    "diff": _diff,
    "table": _table,
    "loading": _loading,
    "sections": _sections,
}
