"""Writes `data/prepare.py`: the bundled set or the person's table, cleaned of what no study could use."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

from core.brief import Column, DataCard
from core.models.builtin.programs import filled, one_line, quoted, tuple_text

_SKLEARN = re.compile(r"sklearn:([a-z_]+)\Z")
_ID_NAME = re.compile(r"(?:^|_|\b)(?:id|index|key|no|nr|number|uuid|unnamed)(?:$|_|\b)", re.IGNORECASE)
MOST_CATEGORIES = 200
"""Different texts beyond which a column is left out as free text."""

MOST_REPEATED = 0.05
"""Share of repeated rows from which they are no longer taken for copies."""

_DESCRIBE = """\
if __name__ == "__main__":
    X, y = load()
    print(f"{X.shape[0]:,} rows, {X.shape[1]} features: {', '.join(map(str, X.columns[:8]))}{' …' * (X.shape[1] > 8)}")
    print(f"missing cells: {int(X.isna().sum().sum())}, columns with gaps: {int(X.isna().any().sum())}")
"""
_DESCRIBE_CLASSES = """\
    print(f"rows of each class of {y.name}: {y.value_counts().to_dict()}")
"""
_DESCRIBE_NUMBERS = """\
    print(f"{y.name} from {y.min():g} to {y.max():g}, mean {y.mean():.4g}, standard deviation {y.std():.4g}")
"""

_BUNDLED = '''\
"""<<ABOUT>>"""

from __future__ import annotations

import pandas as pd
from sklearn.datasets import load_<<NAME>>


def load() -> tuple[pd.DataFrame, pd.Series]:
    """Features and target, one row an example."""
    bunch = load_<<NAME>>(as_frame=True)
    return bunch.data, <<TARGET>>


'''

_TABLE = '''\
"""<<ABOUT>>"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

TABLE = Path(__file__).resolve().parent.parent / <<PATH>>
TARGET = <<TARGET>>
<<DROP>>

def load() -> tuple[pd.DataFrame, pd.Series]:
    """Features and target, rows without a target left out; gaps and categories are left to the models' pipelines."""
    table = <<READ>>
    table.columns = [str(column) for column in table.columns]
<<CLEAN>>    X, y = table.drop(columns=[TARGET<<DROPPED>>]), table[TARGET]<<CONVERT>>
    return X, y


'''


@dataclass(frozen=True, slots=True)
class Table:
    """What is done to a person's table; each dropped column with its reason."""

    dropped: tuple[tuple[str, str], ...] = ()
    dates: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    """Columns of numbers that hold a few other cells."""
    infinite: bool = False
    repeated: bool = False
    """Whether rows that repeat an earlier one are left out."""
    careful: bool = False
    """Whether the file is read in the most forgiving way, after an attempt that failed."""


def table_for(card: DataCard, *, repeated: int = 0, error: str = "") -> Table:
    """Decide by the card what to do with a person's table; a bundled set is taken as it is.

    `repeated` is the number of rows that a look found to repeat an earlier one, `error` why earlier code did not run.
    """
    if _SKLEARN.match(card.source):
        return Table()
    features = [column for column in card.columns if column.name != card.target]
    copies = _noted(card, "The same as the target:")
    reasons = {c.name: "a copy of the target" if c.name in copies else _useless(c, card) for c in features}
    dropped = tuple((name, why) for name, why in reasons.items() if why)
    gone = {name for name, _ in dropped}
    if len(gone) == len(features):
        dropped, gone = (), set()
    kept = [column for column in features if column.name not in gone]
    almost = _noted(card, "Numbers but for a few cells:")
    return Table(
        dropped=dropped,
        dates=tuple(column.name for column in kept if column.kind == "date"),
        gaps=tuple(column.name for column in kept if column.missing),
        categories=tuple(c.name for c in kept if c.kind in ("category", "text") and c.name not in almost),
        numbers=tuple(column.name for column in kept if column.name in almost),
        infinite="With infinite values:" in card.note,
        repeated=0 < repeated < MOST_REPEATED * card.rows,
        careful=bool(error),
    )


def prepare_code(card: DataCard, table: Table) -> str:
    """The text of `data/prepare.py`."""
    match = _SKLEARN.match(card.source)
    describe = _DESCRIBE + (_DESCRIBE_CLASSES if card.task == "classification" else _DESCRIBE_NUMBERS)
    return (_bundled(card, match[1]) if match else _table(card, table)) + describe


def look_code(card: DataCard) -> str:
    """A short piece of Python that prints what the card does not say."""
    match = _SKLEARN.match(card.source)
    if match:
        load = (
            f"import pandas as pd\nfrom sklearn.datasets import load_{match[1]}\n\ntable = "
            f"load_{match[1]}(as_frame=True).frame\n"
        )
    else:
        load = (
            "from pathlib import Path\n\nimport pandas as pd\n\ntable = "
            f"{_read(card, f'Path({quoted(card.source)})', False)}\n"
        )
    return load + _LOOK.replace("<<TARGET>>", quoted(card.target))


_LOOK = """\
numbers = table.drop(columns=<<TARGET>>, errors="ignore").select_dtypes("number")
spread = numbers.std()[lambda s: s > 0]
answers = table[<<TARGET>>]
print(f"shape: {table.shape[0]:,} rows and {table.shape[1]} columns")
print(f"repeated rows: {int(table.duplicated().sum())}")
print(f"missing cells: {int(table.isna().sum().sum())}")
print(f"columns with one value: {int((table.nunique() <= 1).sum())}")
if len(spread):
    print(f"largest over smallest spread: {spread.max() / spread.min():.3g}")
if answers.nunique() <= 20:
    print(f"classes: {answers.value_counts().to_dict()}")
else:
    close = numbers.corrwith(pd.to_numeric(answers, errors="coerce")).abs()
    print(f"columns that alone tell the target: {', '.join(map(str, close[close > 0.99].index))}")
"""


def _noted(card: DataCard, lead: str) -> set[str]:
    """The columns that the card's note names after a lead."""
    listed = card.note.partition(lead)[2].partition(". ")[0].rstrip(".")
    names = {name.strip() for name in listed.split(",")}
    return {column.name for column in card.columns if column.name != card.target and column.name in names}


def _useless(column: Column, card: DataCard) -> str:
    """Why no model can learn from a column, empty when one can."""
    present = card.rows - column.missing
    if column.distinct <= 1:
        return "the same everywhere" if column.distinct else "empty"
    if column.kind == "text" and column.distinct > 0.9 * present:
        return "different in every row"
    if column.kind == "text" and column.distinct > MOST_CATEGORIES:
        return "free text"
    if (
        column.kind == "number"
        and column.distinct > 0.95 * card.rows
        and _ID_NAME.search(column.name)
        and _whole(column.example)
    ):
        return "an identifier"
    return ""


def _whole(example: str) -> bool:
    return re.fullmatch(r"-?\d+(?:\.0*)?", example) is not None


def _bundled(card: DataCard, name: str) -> str:
    target = "bunch.target" if card.target == "target" else f"bunch.target[{quoted(card.target)}]"
    about = one_line(
        f"{card.title}: {card.rows:,} rows, {len(card.columns) - 1} features, as scikit-learn carries them."
    )
    return filled(_BUNDLED, ABOUT="\n".join(textwrap.wrap(about, 112)), NAME=name, TARGET=target)


def _table(card: DataCard, table: Table) -> str:
    drop = "".join(f"    {quoted(name)},  # {why}\n" for name, why in table.dropped)
    clean = "".join(
        (
            '    table[TARGET] = pd.to_numeric(table[TARGET], errors="coerce")\n' if card.task == "regression" else "",
            '    table = table.replace([float("inf"), float("-inf")], float("nan"))\n' if table.infinite else "",
            "    table = table.drop_duplicates()\n" if table.repeated else "",
            "    table = table.dropna(subset=[TARGET]).reset_index(drop=True)\n",
        )
    )
    about = one_line(f"{card.title}: the researcher's table, {card.rows:,} rows, to predict {card.target}.")
    return filled(
        _TABLE,
        ABOUT="\n".join(textwrap.wrap(about, 112)),
        PATH=quoted(card.source),
        TARGET=quoted(card.target),
        DROP=f"DROPPED = [\n{drop}]\n" if drop else "",
        DROPPED=", *DROPPED" if drop else "",
        READ=_read(card, "TABLE", table.careful),
        CLEAN=clean,
        CONVERT=_convert(table),
    )


def _convert(table: Table) -> str:
    lines = []
    if table.dates:
        lines.append(f"    for column in {tuple_text(map(quoted, table.dates))}:  # dates as days\n")
        lines.append('        dates = pd.to_datetime(X[column], errors="coerce")\n')
        lines.append('        X[column] = (dates - pd.Timestamp(0)) / pd.Timedelta("1D")\n')
    if table.numbers:
        lines.append(f"    for column in {tuple_text(map(quoted, table.numbers))}:  # numbers but for a few cells\n")
        lines.append('        X[column] = pd.to_numeric(X[column], errors="coerce")\n')
    if table.categories:
        lines.append(f"    for column in {tuple_text(map(quoted, table.categories))}:  # categories as text\n")
        lines.append("        X[column] = X[column].astype(object).where(X[column].notna(), None)\n")
        lines.append('        X[column] = X[column].map(str, na_action="ignore")\n')
    return "\n" + "".join(lines).rstrip("\n") if lines else ""


def _read(card: DataCard, path: str, careful: bool) -> str:
    suffix = card.source.lower().rsplit(".", 1)[-1]
    if suffix in ("parquet", "pq"):
        return f"pd.read_parquet({path})"
    if suffix in ("jsonl", "ndjson"):
        return f"pd.read_json({path}, lines=True, dtype=False)"
    decimal = ', decimal=","' if "decimal commas" in card.note else ""
    if careful:
        forgiving = 'sep=None, engine="python", encoding="utf-8-sig", encoding_errors="replace", on_bad_lines="skip"'
        return f"pd.read_csv({path}{decimal}, {forgiving})"
    match = re.search(r"separated by '(.{1,2})'", card.note)
    separator = match[1] if match else "\\t" if suffix in ("tsv", "tab") else ","
    extra = decimal if separator == "," else f', sep="{separator}"{decimal}'
    return f'pd.read_csv({path}{extra}, encoding="utf-8-sig", index_col=False, low_memory=False)'
