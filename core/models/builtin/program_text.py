"""The pieces of text that programs.py puts together into an experiment; `<<NAME>>` marks what it fills in."""

from __future__ import annotations

HEAD = '''\
"""<<QUESTION>>

<<WHAT>>
Within a seed every model sees the same rows. Settings are chosen on validation rows, which are held out of the
training rows; what is reported is measured on test rows, on which nothing is chosen.
"""

from __future__ import annotations

import json
import os
import time
import warnings
from collections import Counter
from itertools import <<ITERTOOLS>>
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # on small matrices threads only wait

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats
<<IMPORTS>>
from data.prepare import load

<<QUIET>>LEVELS = <<LEVELS>>  # <<LEVELS_NOTE>>
SEEDS = <<SEEDS>>
FIRST_SEED = <<FIRST_SEED>>  # each seed draws its own split, its own disturbance and its own models
TEST_SHARE = <<TEST_SHARE>>
VALIDATION_SHARE = 0.25  # of the rows that are not test rows
<<MAX_ROWS>><<SCALED>>METRIC = "<<METRIC>>"
GROUPS = {
<<GROUPS>>}


def models(seed: int) -> dict[str, list]:
    """Every model, unfitted; where a list holds several settings, validation rows choose among them."""
    return {
<<MODELS>>    }


'''

QUIET = """\
# A small class may be absent from some part of the rows.
warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true")

"""

PLAIN_PIPELINE = '''\
def pipeline(name: str, model, X: pd.DataFrame):
    """The model, behind a scaler fitted to its own training rows if it wants one."""
    return make_pipeline(StandardScaler(), model) if name in SCALED else make_pipeline(model)
'''

PLAIN_PIPELINE_REGRESSION = '''\
def pipeline(name: str, model, X: pd.DataFrame):
    """The model, behind scalers of features and target fitted to its own training rows if it wants them."""
    if name not in SCALED:
        return make_pipeline(model)
    return TransformedTargetRegressor(make_pipeline(StandardScaler(), model), transformer=StandardScaler())
'''

TABLE_PIPELINE = '''\
def pipeline(name: str, model, X: pd.DataFrame):
    """The model behind what its columns need: gaps filled, categories as indicators, all learnt from training rows."""
    numbers = [column for column in X if pd.api.types.is_numeric_dtype(X[column]) and X[column].notna().any()]
    categories = [column for column in X if not pd.api.types.is_numeric_dtype(X[column])]
    filled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler() if name in SCALED else "passthrough")
    indicators = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=20, sparse_output=False),
    )
    return make_pipeline(ColumnTransformer([("n", filled, numbers), ("c", indicators, categories)]), model)
'''

TABLE_PIPELINE_REGRESSION = TABLE_PIPELINE.replace(
    "    return make_pipeline(ColumnTransformer", "    whole = make_pipeline(ColumnTransformer"
) + ("    return TransformedTargetRegressor(whole, transformer=StandardScaler()) if name in SCALED else whole\n")

MEASURE = '''\
def score(model, X: pd.DataFrame, y: np.ndarray) -> float:
    """The metric on some rows."""
    return float(<<SCORE>>)


def fitted(name: str, settings: list, X: pd.DataFrame, y: np.ndarray) -> tuple[list, int]:
    """The models of one list, fitted, and how many of them stopped before they had converged."""
    done, unconverged = [], 0
    for model in settings:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            done.append(pipeline(name, model, X).fit(X, y))
        unconverged += any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    return done, unconverged


'''

RUN = '''\
def run(X: pd.DataFrame, y: np.ndarray, seed: int) -> list[dict]:
    """One seed: every model at every level, scored on validation rows and on test rows."""
    train, valid, test = split(y, seed)
    chance = score(<<DUMMY>>().fit(X.iloc[train], y[train]), X.iloc[valid], y[valid])
    records = []
    for level in LEVELS:
        <<CONDITION>>
        for name, settings in models(seed).items():
            done, unconverged = fitted(name, settings, seen.iloc[kept], labels)
            scores = [score(model, seen.iloc[valid], y[valid]) for model in done]
            choice = int(np.argmax(scores))
            records.append(
                {
                    "seed": seed,
                    "model": name,
                    "level": level,
                    "validation": scores[choice],
                    "test": score(done[choice], seen.iloc[test], y[test]),
                    "fit": score(done[choice], seen.iloc[kept], labels),
                    "choice": choice,
                    "unconverged": unconverged,
                    "chance": chance,
                }
            )
        shown = ", ".join(f"{r['model']} {r['validation']:.3f}" for r in records if r["level"] == level)
        print(f"seed {seed}, level {level:g}, validation {METRIC}: {shown}", flush=True)
    return records
'''

GUARDED_RUN = '''\
def run(X: pd.DataFrame, y: np.ndarray, seed: int) -> list[dict]:
    """One seed: every model at every level, scored on validation and test rows; what cannot be fitted is left out."""
    train, valid, test = split(y, seed)
    chance = score(<<DUMMY>>().fit(X.iloc[train], y[train]), X.iloc[valid], y[valid])
    records = []
    for level in LEVELS:
        <<CONDITION>>
        for name, settings in models(seed).items():
            try:
                done, unconverged = fitted(name, settings, seen.iloc[kept], labels)
                scores = [score(model, seen.iloc[valid], y[valid]) for model in done]
                choice = int(np.argmax(scores))
                on_test = score(done[choice], seen.iloc[test], y[test])
                on_train = score(done[choice], seen.iloc[kept], labels)
            except (ValueError, TypeError, ArithmeticError, MemoryError) as problem:
                print(f"seed {seed}, level {level:g}: {name} cannot be fitted: {problem}", flush=True)
                continue
            records.append(
                {
                    "seed": seed,
                    "model": name,
                    "level": level,
                    "validation": scores[choice],
                    "test": on_test,
                    "fit": on_train,
                    "choice": choice,
                    "unconverged": unconverged,
                    "chance": chance,
                }
            )
        shown = ", ".join(f"{r['model']} {r['validation']:.3f}" for r in records if r["level"] == level)
        print(f"seed {seed}, level {level:g}, validation {METRIC}: {shown}", flush=True)
    return records
'''

WHOLE_GROUPS = '''\
def measured(records: list[dict]) -> dict[str, list[str]]:
    """The groups with those of their models that could be fitted at every level with every seed."""
    counts = Counter(record["model"] for record in records)
    whole = {name for name, count in counts.items() if count == SEEDS * len(LEVELS)}
    if not whole:
        raise SystemExit("no model could be fitted at every level with every seed")
    groups = {group: [name for name in names if name in whole] for group, names in GROUPS.items()}
    return {group: names for group, names in groups.items() if names}
'''

SUMMARY = '''\
def spread(values) -> dict[str, float]:
    """Mean and standard deviation over the seeds."""
    values = np.asarray(values, dtype=float)
    return {"mean": round(values.mean(), 6), "std": round(values.std(ddof=1), 6) if len(values) > 1 else 0.0}


def results_of(table: pd.DataFrame, groups: dict[str, list[str]]) -> list[dict]:
    """Test scores of every model at every level."""
    rows = []
    for group, names in groups.items():
        for name in names:
            for level in LEVELS:
                scores = table.loc[name, level]["test"]
                row = {"model": name, "group": group, "level": level, **spread(scores), "scores": rounded(scores)}
                rows.append(row)
    return rows


def contrasts_of(per_seed: dict[str, np.ndarray], groups: dict[str, list[str]], quantity: str) -> list[dict]:
    """Differences between groups, paired over the seeds, with their 95 % t intervals."""
    rows = []
    for a, b in combinations(groups, 2):
        means = [np.mean([per_seed[name] for name in groups[group]], axis=0) for group in (a, b)]
        difference = means[0] - means[1]
        half = stats.t.ppf(0.975, SEEDS - 1) * stats.sem(difference) if SEEDS > 1 else 0.0
        low, high = rounded(difference.mean() + np.array([-half, half]))
        row = {"a": a, "b": b, "quantity": quantity, **spread(difference), "low": low, "high": high, "pairs": SEEDS}
        rows.append(row)
    return rows


def settings_of(table: pd.DataFrame, name: str) -> dict:
    """The settings that validation rows chose most often, without those that scikit-learn has by itself."""
    alternatives = [model.get_params(deep=False) for model in models(FIRST_SEED)[name]]
    usual = type(models(FIRST_SEED)[name][0])().get_params(deep=False)
    named = {key for settings in alternatives for key in settings if settings[key] != usual[key]}
    chosen = alternatives[Counter(table.loc[name]["choice"]).most_common(1)[0][0]]
    return {key: chosen[key] for key in sorted(named - {"random_state"})}


def rounded(values) -> list[float]:
    """Numbers short enough to read."""
    return [round(float(value), 6) for value in values]


'''

MAIN = """\
def main() -> None:
    started = time.monotonic()
    X, y = rows()
    records = [record for seed in range(FIRST_SEED, FIRST_SEED + SEEDS) for record in run(X, y, seed)]
    groups = <<MEASURED>>
    table = pd.DataFrame(records).set_index(["model", "level", "seed"]).sort_index()
    names = [name for members in groups.values() for name in members]
    table = table.loc[names].sort_index()
    results = results_of(table, groups)
<<REPORTED>>
    held_out = round(TEST_SHARE * len(y))
    metrics = {
        "metric": METRIC,
        "value": round(float(table["validation"].mean()), 6),
        "higher_is_better": True,
        "selection": "validation",
        "task": "<<TASK>>",
        "rows": {"train": len(y) - held_out, "test": held_out, "features": X.shape[1]},
        "factor": "<<FACTOR>>",
        "levels": list(LEVELS),
        "seeds": SEEDS,
        "groups": groups,
        "results": results,
<<METRICS>>
        "validation": [
            {"model": name, "level": level, **table.loc[name, level][["validation", "fit"]].mean().round(6)}
            for name in names
            for level in LEVELS
        ],
        "chance": round(float(table["chance"].mean()), 6),
        "settings": {name: settings_of(table, name) for name in names},
        "choices": {name: np.bincount(table.loc[name]["choice"]).tolist() for name in names},
        "unconverged": {name: int(table.loc[name]["unconverged"].sum()) for name in names},
        "seconds": round(time.monotonic() - started, 1),
    }
    Path("results").mkdir(exist_ok=True)
    Path("results/metrics.json").write_text(json.dumps(metrics, indent=1, ensure_ascii=False) + "\\n")
    print(f"{len(names)} models, {len(LEVELS)} levels, {SEEDS} seeds: mean validation {METRIC} {metrics['value']:.4f}")
<<PRINT>>


if __name__ == "__main__":
    main()
"""

FACTOR_REPORTED = """\
    losses = {n: np.subtract(table.loc[n, LEVELS[0]]["test"], table.loc[n, LEVELS[-1]]["test"]) for n in names}
    drops = [{"model": n, "group": g, **spread(losses[n])} for g, members in groups.items() for n in members]
    contrasts = contrasts_of(losses, groups, "drop")
    draw_scores(results, groups)
    draw_drops(drops, contrasts, groups)"""

COMPARISON_REPORTED = """\
    scores = {name: table.loc[name, LEVELS[0]]["test"].to_numpy() for name in names}
    contrasts = contrasts_of(scores, groups, "score")
    draw_scores(results, groups)
    draw_differences(contrasts)"""

FACTOR_METRICS = """\
        "drops": drops,
        "contrasts": contrasts,"""
COMPARISON_METRICS = """\
        "contrasts": contrasts,"""

PRINT_CONTRASTS = """\
    for row in contrasts:
        difference = f"{row['mean']:+.4f}, 95 % from {row['low']:+.4f} to {row['high']:+.4f}"
        print(f"<<QUANTITY>>, {row['a']} − {row['b']}: {difference}")"""
