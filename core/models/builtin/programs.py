"""Writes the experiment: a scikit-learn program of its own, from the study and what is known of the data."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from core.brief import DataCard
from core.models.builtin import figure_text, rows_text
from core.models.builtin import program_text as text
from core.models.builtin.families import Family, family
from core.models.builtin.source import constant_text, entry_text, import_text
from core.models.builtin.study import Group, Kind, Study

_SCORES = {
    "accuracy": ("accuracy_score", "accuracy_score(y, model.predict(X))"),
    "balanced accuracy": ("balanced_accuracy_score", "balanced_accuracy_score(y, model.predict(X))"),
    "macro F1": ("f1_score", 'f1_score(y, model.predict(X), average="macro", zero_division=0)'),
    "R2": ("r2_score", "r2_score(y, model.predict(X))"),
}
_WHAT = {
    (
        Kind.LABEL_NOISE,
        "classification",
    ): "Every model is fitted to training labels of which a share is wrong, at every "
    "level of noise and with every seed; the labels of validation and test rows stay as they are.",
    (Kind.LABEL_NOISE, "regression"): "Every model is fitted to training targets under Gaussian noise, at every level "
    "and with every seed; the targets of validation and test rows stay as they are.",
    (Kind.FEATURE_NOISE, ""): "Every model is fitted to and measured on features under Gaussian noise, at every level "
    "and with every seed.",
    (Kind.TRAINING_SIZE, ""): "Every model is fitted to a share of the training rows, at every share and with every "
    "seed; validation and test rows stay the same.",
    (Kind.COMPARISON, ""): "Every model is fitted to the same training rows, with every seed.",
}
_LEVELS_NOTE = {
    (Kind.LABEL_NOISE, "classification"): "share of the training labels that are wrong",
    (Kind.LABEL_NOISE, "regression"): "noise on training targets, in their standard deviations",
    (Kind.FEATURE_NOISE, ""): "noise on the features, in their standard deviations",
    (Kind.TRAINING_SIZE, ""): "share of the training rows that are used",
    (Kind.COMPARISON, ""): "nothing is varied",
}
_DISTURBED = {
    (Kind.LABEL_NOISE, "classification"): rows_text.LABEL_NOISE_CLASSIFICATION,
    (Kind.LABEL_NOISE, "regression"): rows_text.LABEL_NOISE_REGRESSION,
    (Kind.FEATURE_NOISE, ""): rows_text.FEATURE_NOISE,
    (Kind.TRAINING_SIZE, "classification"): rows_text.TRAINING_SIZE_CLASSIFICATION,
    (Kind.TRAINING_SIZE, "regression"): rows_text.TRAINING_SIZE_REGRESSION,
}
_SPLITS = {"stratified": rows_text.SPLIT_STRATIFIED, "rare": rows_text.SPLIT_RARE, "random": rows_text.SPLIT_RANDOM}
TINY = 8
"""Rows that a class needs for its share in training, validation and test rows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of a program: its estimator's arguments as source, and perhaps a loop over one of them."""

    name: str
    estimator: str
    arguments: dict[str, str]
    loop: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """All that decides the text of a program."""

    question: str
    study: Study
    entries: tuple[Entry, ...]
    seeds: int
    first_seed: int = 0
    scaled: tuple[str, ...] = ()
    table: bool = False
    """Whether columns have gaps or categories."""
    split: str = "stratified"
    """`stratified`, `rare` (stratified, with classes too small for it) or `random`."""
    max_rows: int = 0
    """Rows of which a random sample is used when the data has more; 0 uses them all."""
    test_share: float = 0.3
    guarded: bool = False
    """Whether models that cannot be fitted are left out."""


def write_program(spec: Spec) -> str:
    """The text of the experiment."""
    study = spec.study
    parts = [
        _head(spec),
        pipeline_text(study.task, spec.table),
        _rows(spec),
        _SPLITS[spec.split],
        *([_of(_DISTURBED, study)] if study.kind is not Kind.COMPARISON else []),
        filled(text.MEASURE, SCORE=_SCORES[study.metric][1]).rstrip("\n") + "\n",
        _run(spec),
        *([text.WHOLE_GROUPS] if spec.guarded else []),
        text.SUMMARY.rstrip("\n") + "\n",
        (figure_text.COMPARISON_FIGURES if study.kind is Kind.COMPARISON else _figures(study)).rstrip("\n") + "\n",
        figure_text.FIGURE_PARTS.rstrip("\n") + "\n",
        _main(spec),
    ]
    return parts[0] + "\n\n".join(parts[1:])


def first_entry(known: Family) -> Entry:
    """A family's entry in a first program: scikit-learn's usual values but for what keeps it quick."""
    arguments = dict(known.settings)
    if known.seeded:
        arguments["random_state"] = "seed"
    return Entry(known.name, known.estimator, arguments)


def one_line(words: str, limit: int = 300) -> str:
    """Outside text as it may stand in a program's docstring: one line that cannot end the string."""
    plain = " ".join(words.split()).replace("\\", "/").replace('"', "'")
    shown = "".join(char for char in plain if char.isprintable())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def tuple_text(items: Iterable[str]) -> str:
    """A tuple of source pieces, e.g. `(0.0, 0.1)`."""
    parts = list(items)
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def quoted(words: str) -> str:
    """A string as source, in double quotes where that needs no escapes."""
    plain = words.isprintable() and '"' not in words and "\\" not in words
    return f'"{words}"' if plain else repr(words)


def groups_text(groups: Iterable[Group]) -> str:
    """The lines of the program's `GROUPS`."""
    rows = ((quoted(group.name), tuple_text(quoted(name) for name in group.models)) for group in groups)
    return "".join(f"    {name}: {names},\n" for name, names in rows)


def pipeline_text(task: str, table: bool) -> str:
    """The program's function `pipeline`, for a task and for columns with or without gaps and categories."""
    if task == "regression":
        return text.TABLE_PIPELINE_REGRESSION if table else text.PLAIN_PIPELINE_REGRESSION
    return text.TABLE_PIPELINE if table else text.PLAIN_PIPELINE


def pipeline_imports(task: str, table: bool) -> dict[str, str]:
    """The scikit-learn names that `pipeline` uses, each with its module."""
    names = {"make_pipeline": "pipeline", "StandardScaler": "preprocessing"}
    if task == "regression":
        names["TransformedTargetRegressor"] = "compose"
    if table:
        names |= {"ColumnTransformer": "compose", "SimpleImputer": "impute", "OneHotEncoder": "preprocessing"}
    return names


def score_of(metric: str) -> tuple[str, str]:
    """The function of sklearn.metrics for a metric, and the call that a program makes."""
    return _SCORES[metric]


def needs_table(card: DataCard | None) -> bool:
    """Whether the columns have gaps or categories, as far as the card tells."""
    if card is None:
        return True
    features = [column for column in card.columns if column.name != card.target]
    return any(column.missing or column.kind != "number" for column in features)


def split_for(card: DataCard | None, task: str) -> str:
    """How rows can be split: by the classes where they are large enough."""
    if task == "regression":
        return "random"
    return "rare" if card is None or any(rows < TINY for _, rows in card.classes) else "stratified"


def _head(spec: Spec) -> str:
    study = spec.study
    return filled(
        text.HEAD,
        QUESTION="\n".join(textwrap.wrap(one_line(spec.question), 112)),
        WHAT="\n".join(textwrap.wrap(_of(_WHAT, study), 118)),
        QUIET=text.QUIET if study.metric == "balanced accuracy" else "",
        IMPORTS="".join(import_text(module, names) for module, names in _imports(spec).items()),
        ITERTOOLS="combinations" if study.kind is Kind.COMPARISON else "combinations, cycle",
        LEVELS=tuple_text(f"{level:g}" if level % 1 else f"{level:.1f}" for level in study.levels),
        LEVELS_NOTE=_of(_LEVELS_NOTE, study),
        SEEDS=str(spec.seeds),
        FIRST_SEED=str(spec.first_seed),
        TEST_SHARE=f"{spec.test_share:g}",
        MAX_ROWS=f"MAX_ROWS = {spec.max_rows:_}  # of more rows a random sample is used\n" if spec.max_rows else "",
        SCALED=constant_text(
            "SCALED",
            tuple_text(quoted(name) for name in spec.scaled) if spec.scaled else "()",
            "  # models that see standardised features",
        ),
        METRIC=study.metric,
        GROUPS=groups_text(study.groups),
        MODELS="".join(entry_text(e.name, e.estimator, e.arguments, e.loop) for e in spec.entries),
    )


def _imports(spec: Spec) -> dict[str, list[str]]:
    classes = spec.study.task == "classification"
    wanted: dict[str, set[str]] = {
        "dummy": {"DummyClassifier" if classes else "DummyRegressor"},
        "exceptions": {"ConvergenceWarning"},
        "metrics": {_SCORES[spec.study.metric][0]},
        "model_selection": {"train_test_split"},
    }
    for name, module in pipeline_imports(spec.study.task, spec.table).items():
        wanted.setdefault(module, set()).add(name)
    for entry in spec.entries:
        known = family(entry.name, spec.study.task)
        if known:
            wanted.setdefault(known.module, set()).add(entry.estimator)
    return {module: sorted(names) for module, names in sorted(wanted.items())}


def _rows(spec: Spec) -> str:
    classes = spec.study.task == "classification"
    sample = rows_text.SAMPLE_CLASSIFICATION if classes else rows_text.SAMPLE_REGRESSION
    rows = rows_text.ROWS_CLASSIFICATION if classes else rows_text.ROWS_REGRESSION
    return filled(rows, SAMPLE=sample if spec.max_rows else "")


def _run(spec: Spec) -> str:
    disturbs = spec.study.kind is not Kind.COMPARISON
    return filled(
        text.GUARDED_RUN if spec.guarded else text.RUN,
        DUMMY="DummyRegressor" if spec.study.task == "regression" else "DummyClassifier",
        CONDITION=f"seen, kept, labels = {'disturbed(X, y, train, level, seed)' if disturbs else 'X, train, y[train]'}",
    )


def _figures(study: Study) -> str:
    return filled(figure_text.FIGURES, AXIS=_of(_LEVELS_NOTE, study))


def _main(spec: Spec) -> str:
    study = spec.study
    comparison = study.kind is Kind.COMPARISON
    return filled(
        text.MAIN,
        REPORTED=text.COMPARISON_REPORTED if comparison else text.FACTOR_REPORTED,
        METRICS=text.COMPARISON_METRICS if comparison else text.FACTOR_METRICS,
        PRINT=filled(text.PRINT_CONTRASTS, QUANTITY=study.metric if comparison else f"loss of {study.metric}"),
        MEASURED="measured(records)" if spec.guarded else "GROUPS",
        TASK=study.task,
        FACTOR=study.kind.value,
    )


def _of(table: dict[tuple[Kind, str], str], study: Study) -> str:
    return table.get((study.kind, study.task)) or table[study.kind, ""]


def filled(template: str, **values: str) -> str:
    """The template with its marks filled in one pass, so that no value is searched for marks."""
    parts = template.split("<<")
    filled = [parts[0]]
    for part in parts[1:]:
        name, mark, rest = part.partition(">>")
        filled.append(values[name] + rest if mark and name in values else f"<<{part}")
    return "".join(filled)
