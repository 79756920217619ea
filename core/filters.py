"""What a prompt's template may do with a value: quote it, cut it, lay it out in few characters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from core.brief import DataCard
from core.clean import clean
from core.edits import numbered, unified_diff
from core.fences import fence_for
from core.latex.sections import SECTIONS, empty_sections, missing_sections, section_text
from core.progress import condensed

SMALLEST = 160
"""Characters below which a cut quotation says nothing any more."""
_ROW_NUMBERS = 6
"""Numbers in a list that are still shown one by one."""
_SAFE = re.compile(r"[\w./-]{1,120}")


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
            lines = [" | ".join(map(str, rows[0])), *(" | ".join(_cell(cell) for cell in row.values()) for row in rows)]
            fields.append(f"{key}: {len(rows)} rows\n" + "\n".join(f"  {line}" for line in lines))
        elif rows and isinstance(rows[0], dict):
            fields.append(f"{key}:\n" + "\n".join(f"  {_cell(row)}" for row in rows))
        else:
            fields.append(f"{key}: {_cell(field)}")
    return "\n".join(fields)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and len(value) > _ROW_NUMBERS and all(map(_is_number, value)):
        return f"{len(value)} numbers from {_cell(min(value))} to {_cell(max(value))}"
    return json.dumps(_short(value), ensure_ascii=False)


def _short(value: Any) -> Any:
    """The value with its numbers at the four digits that a text about them needs."""
    if isinstance(value, float):
        return round(value, 4) if abs(value) >= 0.01 else float(f"{value:.3g}")
    if isinstance(value, list):
        return [_short(item) for item in value]
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _loading(card: DataCard | None) -> str:
    """Lines of Python that load the data set as `table`; empty when nobody knows how."""
    source = card.source if card else ""
    kind, _, name = source.partition(":")
    if kind == "sklearn" and name.isidentifier():
        return f"from sklearn.datasets import load_{name}\n\ntable = load_{name}(as_frame=True).frame\n"
    readers = {".csv": "read_csv(%s)", ".parquet": "read_parquet(%s)", ".jsonl": "read_json(%s, lines=True)"}
    for ending, reader in readers.items():
        if source.endswith(ending) and _SAFE.fullmatch(source):
            return f"import pandas as pd\n\ntable = pd.{reader % json.dumps(source)}\n"
    return ""


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
