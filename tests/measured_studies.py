"""Small studies that are really measured, in the shape of results/metrics.json, for the tests of what is written."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from functools import lru_cache
from itertools import combinations
from typing import Any

from core.brief import Brief, DataCard, Job, Reviewed
from core.data.cards import bundled_cards
from core.literature.library import bundled
from core.models.builtin.plan import design_table
from core.models.builtin.study import Group, Kind, Study
from core.record import Agent, Phase

PROGRAM = "VALIDATION_SHARE = 0.25  # of the training rows\nFIRST_SEED = 0  # each seed draws its own split\n"
QUESTIONS = {
    "label noise": "Are tree ensembles more sensitive to label noise than linear models on iris flowers?",
    "comparison": "Is naive Bayes better than logistic regression and k nearest neighbours on wine?",
    "training size": "How do tree ensembles do with less training data on breast cancer?",
    "feature noise": "Are nearest neighbours less robust to noisy features than linear models on diabetes?",
    "many groups": "Which family of models is most accurate on iris flowers?",
    "one model": "How well does a decision tree separate wine cultivars?",
    "one number": "How accurate can a program be on iris flowers?",
}
PAPERS = {
    "label noise": ("ghosh2017robustness", "frenay2014classification", "breiman2001random", "fisher1936use"),
    "comparison": ("cover1967nearest", "dietterich1998approximate"),
    "training size": ("breiman2001random", "street1993nuclear", "geurts2006extremely"),
    "feature noise": ("efron2004least", "tibshirani1996regression", "hendrycks2019benchmarking"),
    "many groups": ("hastie2009elements",),
    "one model": (),
    "one number": ("fisher1936use", "pedregosa2011scikit"),
}
HYPOTHESES = {
    "label noise": "From 0% to 40% label noise, tree ensembles lose more accuracy on average than linear models do.",
    "comparison": "Over the seeds, the mean accuracy of naive Bayes is higher than that of logistic regression.",
    "training size": "As training rows are taken away, tree ensembles lose accuracy.",
    "feature noise": "From noise of 0 to 1 standard deviations, nearest neighbours lose more R2 than linear models do.",
}
STUDIES: dict[str, tuple[str, Kind, tuple[Group, ...], tuple[float, ...]]] = {
    "label noise": (
        "iris",
        Kind.LABEL_NOISE,
        (
            Group("tree ensembles", ("random forest", "extra trees")),
            Group("linear models", ("logistic regression", "ridge classifier")),
        ),
        (0.0, 0.1, 0.2, 0.4),
    ),
    "comparison": (
        "wine",
        Kind.COMPARISON,
        tuple(Group(name, (name,)) for name in ("naive Bayes", "logistic regression", "k nearest neighbours")),
        (0.0,),
    ),
    "training size": (
        "breast_cancer",
        Kind.TRAINING_SIZE,
        (Group("tree ensembles", ("random forest", "extra trees")),),
        (1.0, 0.5, 0.25, 0.1, 0.08, 0.05, 0.04),
    ),
    "feature noise": (
        "diabetes",
        Kind.FEATURE_NOISE,
        (
            Group("nearest neighbours", ("k nearest neighbours",)),
            Group("linear models", ("ridge regression", "lasso")),
        ),
        (0.0, 0.5, 1.0),
    ),
    "many groups": (
        "iris",
        Kind.COMPARISON,
        (
            Group("tree ensembles", ("random forest", "extra trees")),
            Group("linear models", ("logistic regression", "ridge classifier")),
            Group("naive Bayes", ("naive Bayes",)),
            Group("single trees", ("decision tree",)),
        ),
        (0.0,),
    ),
    "one model": ("wine", Kind.COMPARISON, (Group("single trees", ("decision tree",)),), (0.0,)),
}
SEEDS = 5


def brief_of(name: str, **changes: Any) -> Brief:
    """The brief of one study as the report's phases see it."""
    library = bundled()
    reviewed = tuple(Reviewed(paper, paper.abstract) for key in PAPERS[name] if (paper := library.get(key)))
    facts: dict[str, Any] = {
        "agent": Agent.PHD_STUDENT,
        "phase": Phase.REPORT,
        "job": Job.TALK,
        "question": QUESTIONS[name],
        "seed": 0,
        "review": reviewed,
        "data": card_of(name),
        "plan": plan_of(name),
        "program": PROGRAM,
        "metrics": metrics_of(name),
        "figures": ("figures/drops.pdf", "figures/scores.pdf"),
        "max_steps": 6,
    }
    return Brief(**{**facts, **changes})


def card_of(name: str) -> DataCard:
    """The card of the study's data set."""
    source = f"sklearn:{STUDIES[name][0] if name in STUDIES else 'iris'}"
    return next(card for card in bundled_cards() if card.source == source)


def plan_of(name: str) -> str:
    """The study's plan."""
    if name not in STUDIES:
        return "Measure it."
    data, kind, groups, levels = STUDIES[name]
    card = card_of(name)
    metric = "R2" if card.task == "regression" else "accuracy"
    hypothesis = HYPOTHESES.get(name, "")
    return design_table(
        Study(kind, f"sklearn:{data}", card.task, card.target, groups, levels, SEEDS, metric, hypothesis)
    )


@lru_cache(maxsize=1)
def figure_pdf() -> bytes:
    """A vector figure, as a program draws one."""
    import matplotlib

    matplotlib.use("pdf")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(4, 2.5))
    axes.plot([0, 1], [0, 1])
    buffer = io.BytesIO()
    figure.savefig(buffer, format="pdf")
    pyplot.close(figure)
    return buffer.getvalue()


@lru_cache(maxsize=16)
def _measured(name: str) -> str:
    import numpy as np
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    started = time.monotonic()
    if name not in STUDIES:
        return json.dumps({"metric": "accuracy", "value": 0.91234, "seconds": 0.1})
    data, kind, groups, levels = STUDIES[name]
    features, y = getattr(datasets, f"load_{data}")(return_X_y=True)
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    regression = data == "diabetes"
    scores: dict[tuple[str, float], list[float]] = {}
    fits: dict[tuple[str, float], list[tuple[float, float]]] = {}
    for seed in range(SEEDS):
        strata = None if regression else y
        train, test = train_test_split(np.arange(len(y)), test_size=0.3, random_state=seed, stratify=strata)
        train, valid = train[len(train) // 4 :], train[: len(train) // 4]
        for level in levels:
            seen, rows, labels = _disturbed(kind, features, y, train, level, seed)
            for model in (model for group in groups for model in group.models):
                fitted = _models(regression)[model](seed).fit(seen[rows], labels)
                scores.setdefault((model, level), []).append(fitted.score(seen[test], y[test]))
                fit = fitted.score(seen[valid], y[valid]), fitted.score(seen[rows], labels)
                fits.setdefault((model, level), []).append(fit)
    metrics = _summary(kind, groups, levels, scores, "R2" if regression else "accuracy")
    metrics |= {
        "task": "regression" if regression else "classification",
        "rows": {"train": len(y) - round(0.3 * len(y)), "test": round(0.3 * len(y)), "features": features.shape[1]},
        "value": float(np.mean([valid for pairs in fits.values() for valid, _ in pairs])),
        "validation": [
            {"model": model, "level": level, "validation": float(np.mean(v)), "fit": float(np.mean(f))}
            for (model, level), pairs in fits.items()
            for v, f in [tuple(zip(*pairs, strict=True))]
        ],
        "settings": {model: {"n_estimators": 8, "random_state": 0} for group in groups for model in group.models},
        "seconds": round(time.monotonic() - started, 1),
    }
    return json.dumps(metrics)


def metrics_of(name: str) -> dict[str, Any]:
    """The study's measurements, a fresh copy of them."""
    content: dict[str, Any] = json.loads(_measured(name))
    return content


def _summary(kind: Kind, groups: Any, levels: Any, scores: Any, metric: str) -> dict[str, Any]:
    import numpy as np
    from scipy import stats

    lost = kind is not Kind.COMPARISON
    per_seed = {
        model: np.subtract(scores[model, levels[0]], scores[model, levels[-1]] if lost else 0)
        for group in groups
        for model in group.models
    }
    of = {model: group.name for group in groups for model in group.models}

    def spread(values: Any) -> dict[str, float]:
        return {"mean": round(float(np.mean(values)), 6), "std": round(float(np.std(values, ddof=1)), 6)}

    contrasts = []
    for a, b in combinations(groups, 2):
        gap = np.mean([per_seed[m] for m in a.models], axis=0) - np.mean([per_seed[m] for m in b.models], axis=0)
        half = float(stats.t.ppf(0.975, SEEDS - 1) * stats.sem(gap))
        bounds = {"low": round(float(gap.mean()) - half, 6), "high": round(float(gap.mean()) + half, 6)}
        contrasts.append(
            {"a": a.name, "b": b.name, "quantity": "drop" if lost else "score", **spread(gap), **bounds, "pairs": SEEDS}
        )
    results = [
        {"model": m, "group": of[m], "level": level, **spread(values), "scores": [round(v, 6) for v in values]}
        for (m, level), values in scores.items()
    ]
    drops = [{"model": m, "group": of[m], **spread(values)} for m, values in per_seed.items()]
    return {
        "metric": metric,
        "higher_is_better": True,
        "selection": "validation",
        "factor": kind.value if lost else "",
        "levels": list(levels),
        "seeds": SEEDS,
        "groups": {group.name: list(group.models) for group in groups},
        "results": results,
        **({"drops": drops} if lost else {}),
        "contrasts": contrasts,
    }


def _disturbed(kind: Kind, features: Any, y: Any, train: Any, level: float, seed: int) -> tuple[Any, Any, Any]:
    import numpy as np

    rng = np.random.default_rng(seed)
    if kind is Kind.LABEL_NOISE:
        labels, hit = y[train].copy(), rng.permutation(len(train))[: round(level * len(train))]
        labels[hit] = (labels[hit] + 1) % (y.max() + 1)
        return features, train, labels
    if kind is Kind.FEATURE_NOISE:
        return features + level * features.std(axis=0) * rng.normal(size=features.shape), train, y[train]
    kept = train[: max(10, round(level * len(train)))] if kind is Kind.TRAINING_SIZE else train
    return features, kept, y[kept]


def _models(regression: bool) -> dict[str, Callable[[int], Any]]:
    from sklearn import ensemble, linear_model, naive_bayes, neighbors, tree

    if regression:
        return {
            "ridge regression": lambda seed: linear_model.Ridge(alpha=0.1),
            "lasso": lambda seed: linear_model.Lasso(alpha=0.1),
            "k nearest neighbours": lambda seed: neighbors.KNeighborsRegressor(),
        }
    return {
        "random forest": lambda seed: ensemble.RandomForestClassifier(8, random_state=seed),
        "extra trees": lambda seed: ensemble.ExtraTreesClassifier(8, random_state=seed),
        "logistic regression": lambda seed: linear_model.LogisticRegression(max_iter=300),
        "ridge classifier": lambda seed: linear_model.RidgeClassifier(),
        "naive Bayes": lambda seed: naive_bayes.GaussianNB(),
        "k nearest neighbours": lambda seed: neighbors.KNeighborsClassifier(),
        "decision tree": lambda seed: tree.DecisionTreeClassifier(random_state=seed),
    }
