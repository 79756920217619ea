"""A table looked at before anyone models it: the kinds of its columns, its task, and what is odd about it."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from core.brief import Column, DataCard
from core.clean import clean
from core.errors import DataError

if TYPE_CHECKING:
    import pandas

MOST_WHOLE_NUMBER_CLASSES = 20
MOST_CATEGORIES = 50
MOST_CLASSES_SHOWN = 100
SMALLEST_CLASS = 5
"""Rows below which a class can hardly be split into training and test rows."""

EXTREME = 5.0

_EXAMPLE = 40
_SHOWN = 5
_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?"


def frame_card(
    frame: pandas.DataFrame, target: str, source: str, title: str, *, note: str = "", data_name: str = ""
) -> DataCard:
    """The card of a table whose column `target` is to be predicted.

    `note` comes first in the card's note; `data_name` is what error messages call the table. Raises DataError when
    the target cannot be predicted.
    """
    name = data_name or title
    _check_target(frame, target, name)
    frame = _hashable(frame)
    columns = tuple(_column(str(column), frame[column]) for column in frame.columns)
    answers = frame[target].dropna()
    task = _task(answers)
    classes = _classes(answers) if task == "classification" else ()
    _check_classes(target, task, len(answers), answers.nunique(), name)
    remarks = [note, *_remarks(frame, target, task, columns, answers.nunique()), *_class_remarks(answers, task)]
    return DataCard(
        source=source,
        title=title,
        task=task,
        rows=len(frame),
        columns=columns,
        target=target,
        classes=classes,
        note=" ".join(remark for remark in remarks if remark),
    )


def _check_target(frame: pandas.DataFrame, target: str, name: str) -> None:
    names = [str(column) for column in frame.columns]
    if not target:
        raise DataError(f"It is not said which column of {name} is to be predicted.", f"{_listed(names)}")
    if target not in names:
        folded = {column.strip().casefold(): column for column in names}
        near = difflib.get_close_matches(target.strip().casefold(), folded, n=3, cutoff=0.6)
        hint = f"Did you mean {' or '.join(repr(folded[one]) for one in near)}?" if near else _listed(names)
        raise DataError(f"{name} has no column {target!r}.", hint)
    if not len(frame):
        raise DataError(f"{name} has a header and no rows.", "Give a file with data in it.")
    if frame[target].isna().all():
        raise DataError(f"The column {target!r} of {name} is empty.", "Name a column that holds values.")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return f"Its columns are: {', '.join(map(_shown, names[:20]))}{more}."


def _check_classes(target: str, task: str, rows: int, distinct: int, name: str) -> None:
    if distinct < 2:
        raise DataError(
            f"The column {target!r} of {name} holds one value only, so there is nothing to predict.",
            "Name another column.",
        )
    if task == "classification" and distinct > max(MOST_WHOLE_NUMBER_CLASSES, rows / 2):
        raise DataError(
            f"The column {target!r} of {name} holds {distinct} different texts in {rows} rows: too many to be classes.",
            "Name a column with few different values, or one of numbers.",
        )


def _hashable(frame: pandas.DataFrame) -> pandas.DataFrame:
    """The frame with lists and objects inside cells (JSON, Parquet) as text, so that values can be compared."""
    nested = [column for column in frame.columns if frame[column].map(_is_nested).any()]
    return frame.assign(**{column: frame[column].map(_as_text) for column in nested}) if nested else frame


def _is_nested(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str | bytes)


def _as_text(value: Any) -> Any:
    return str(value) if _is_nested(value) else value


def _column(name: str, values: pandas.Series[Any]) -> Column:
    present = values.dropna()
    distinct = int(present.nunique())
    example = _shown(present.iloc[0]) if len(present) else ""
    return Column(name, _kind(present, distinct), int(values.isna().sum()), distinct, example)


def _kind(present: pandas.Series[Any], distinct: int) -> str:
    from pandas.api import types

    if types.is_bool_dtype(present) or isinstance(present.dtype, _categorical()):
        return "category"
    if types.is_numeric_dtype(present):
        return "number"
    if types.is_datetime64_any_dtype(present):
        return "date"
    words = present.astype(str)
    if len(words) and words.head(200).str.fullmatch(_DATE).all():
        return "date"
    return "category" if distinct <= min(MOST_CATEGORIES, max(2, len(present) / 2)) else "text"


def _categorical() -> type:
    import pandas

    return pandas.CategoricalDtype


def _task(answers: pandas.Series[Any]) -> str:
    """Classes for text, truth values and few whole numbers; regression for all other numbers."""
    from pandas.api import types

    if types.is_bool_dtype(answers) or not types.is_numeric_dtype(answers):
        return "classification"
    few = answers.nunique() <= min(MOST_WHOLE_NUMBER_CLASSES, max(2, len(answers) / 5))
    return "classification" if few and bool((answers % 1 == 0).all()) else "regression"


def _classes(answers: pandas.Series[Any]) -> tuple[tuple[str, int], ...]:
    counts = answers.value_counts()
    pairs = sorted(
        ((_label(label), int(rows)) for label, rows in counts.items() if rows), key=lambda pair: (-pair[1], pair[0])
    )
    return tuple(pairs[:MOST_CLASSES_SHOWN])


def _label(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return _shown(int(value) if whole else value)


def _shown(value: Any) -> str:
    """A cell or a name as one short line, safe to show."""
    text = " ".join(clean(str(value)).split())
    return text if len(text) <= _EXAMPLE else text[: _EXAMPLE - 1] + "…"


def _remarks(
    frame: pandas.DataFrame, target: str, task: str, columns: tuple[Column, ...], distinct_answers: int
) -> list[str]:
    """What is odd about the table, a sentence each."""
    rows, features = len(frame), [column for column in columns if column.name != target]
    missing = next(column.missing for column in columns if column.name == target)
    repeated = int(frame.duplicated().sum())
    constant = [column.name for column in features if column.distinct <= 1]
    sparse = [column.name for column in features if column.missing > rows / 2 and column.distinct > 1]
    ids = [column.name for column in features if _like_an_id(column, frame[column.name])]
    copies = [column.name for column in features if frame[column.name].equals(frame[target])]
    almost = [
        column.name
        for column in features
        if column.kind in ("text", "category") and _almost_numbers(frame[column.name])
    ]
    endless = [column.name for column in columns if column.kind == "number" and _infinite(frame[column.name])]
    return [
        f"Rows without a target: {missing}." if missing else "",
        f"Rows that repeat an earlier one: {repeated}." if repeated else "",
        _names("Constant:", constant),
        _names("Mostly missing:", sparse),
        _names("Different in every row, like an identifier:", ids),
        _names("The same as the target:", copies),
        _names("Numbers but for a few cells:", almost),
        _names("With infinite values:", endless),
        _extreme(frame[target]) if task == "regression" else "",
        f"Only {rows} rows." if rows < 50 else "",
    ]


def _class_remarks(answers: pandas.Series[Any], task: str) -> list[str]:
    from pandas.api import types

    if task != "classification":
        return []
    counts = answers.value_counts()
    tiny = sorted(_label(label) for label, rows in counts.items() if 0 < rows < SMALLEST_CLASS)
    numbers = types.is_numeric_dtype(answers) and not types.is_bool_dtype(answers) and len(counts) > 2
    return [
        _names(f"Classes with fewer than {SMALLEST_CLASS} rows:", tiny),
        f"The target's {len(counts)} whole numbers are taken as classes." if numbers else "",
    ]


def _extreme(answers: pandas.Series[Any]) -> str:
    """How many targets lie far from all others: by more than EXTREME times the middle half's width."""
    low, high = answers.quantile(0.25), answers.quantile(0.75)
    far = int(((answers < low - EXTREME * (high - low)) | (answers > high + EXTREME * (high - low))).sum())
    return f"Extreme targets: {far} row{'s' * (far != 1)}." if 0 < far < 0.05 * len(answers) and high > low else ""


def _names(lead: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{lead} {', '.join(map(_shown, names[:_SHOWN]))}{more}."


def _like_an_id(column: Column, values: pandas.Series[Any]) -> bool:
    """Whether the column names rows: all different, and text or whole numbers in a row or with a telling name."""
    if column.distinct < len(values) or len(values) < 20:
        return False
    if column.kind == "number":
        whole = bool((values % 1 == 0).all())
        telling = re.search(r"(?:^|_|\b)(?:id|index|key|no|nr|number|unnamed)(?:$|_|\b)", column.name, re.IGNORECASE)
        return whole and (bool(telling) or bool((values.diff().dropna() == 1).all()))
    return column.kind == "text" and bool(values.astype(str).str.len().max() <= _EXAMPLE)


def _almost_numbers(values: pandas.Series[Any]) -> bool:
    import pandas

    present = values.dropna()
    good = int(pandas.to_numeric(present.astype(str), errors="coerce").notna().sum())
    return len(present) >= 20 and good >= 0.8 * len(present)


def _infinite(values: pandas.Series[Any]) -> bool:
    return bool(values.isin([float("inf"), float("-inf")]).any())
