"""The model families that the built-in researcher can write, with the settings that matter for each."""

from __future__ import annotations

import re
from dataclasses import dataclass

TREES = "tree ensembles"
LINEAR = "linear models"
KERNELS = "kernel methods"
NEIGHBOURS = "nearest neighbours"
NETWORKS = "neural networks"
SINGLE = "single trees"
BAYES = "naive Bayes"
BOOSTING = "boosting"


@dataclass(frozen=True, slots=True)
class Family:
    """One model family for one task; settings and knob values are Python source, as they stand in a program."""

    name: str
    group: str
    task: str
    module: str
    """The scikit-learn module, e.g. `ensemble`."""
    estimator: str
    settings: tuple[tuple[str, str], ...]
    knob: str
    """The setting that decides how closely the model follows its training rows."""
    values: tuple[str, ...]
    """Values of the knob, from the most flexible model to the most restrained."""
    words: str
    """Regular expression by which a person names the family."""
    scaled: bool = False
    """Whether the family expects features on one scale."""
    slow: bool = False
    """Whether many rows or classes make it slow."""
    usual: int = 0
    """Which of the knob's values is scikit-learn's own."""
    more: tuple[tuple[str, str], ...] = ()
    """Settings that cost time and may gain accuracy: (setting, larger value)."""

    @property
    def seeded(self) -> bool:
        """Whether the estimator draws random numbers."""
        return self.estimator not in _DETERMINISTIC


_DETERMINISTIC = {
    "RidgeClassifier",
    "LogisticRegression",
    "LinearDiscriminantAnalysis",
    "Ridge",
    "Lasso",
    "ElasticNet",
    "HuberRegressor",
    "SVC",
    "SVR",
    "KernelRidge",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "GaussianNB",
}
_LEAVES = ("1", "2", "4", "8", "16")
_STRONG_TO_WEAK = ("10.0", "1.0", "0.1", "0.01", "0.001")
_WEAK_TO_STRONG = ("0.1", "1.0", "10.0", "100.0", "1000.0")
_NEIGHBOURS = ("3", "5", "11", "21", "41")
_C = "classification"
_R = "regression"

FAMILIES: tuple[Family, ...] = (
    Family(
        "random forest", TREES, _C, "ensemble", "RandomForestClassifier",
        (("n_estimators", "60"),), "min_samples_leaf", _LEAVES, r"random[ -]forests?|\brf\b",
        more=(("n_estimators", "200"),),
    ),
    Family(
        "extra trees", TREES, _C, "ensemble", "ExtraTreesClassifier",
        (("n_estimators", "60"),), "min_samples_leaf", _LEAVES, r"extra[ -]?trees?|extremely randomi[sz]ed trees?",
        more=(("n_estimators", "200"),),
    ),
    Family(
        "bagged trees", TREES, _C, "ensemble", "BaggingClassifier",
        (("n_estimators", "20"),), "max_samples", ("1.0", "0.7", "0.4", "0.2", "0.1"),
        r"bagg(?:ed|ing)[ -]?trees?|\bbagging\b",
        more=(("n_estimators", "50"),),
    ),
    Family(
        "gradient boosting", BOOSTING, _C, "ensemble", "HistGradientBoostingClassifier",
        (("max_iter", "60"), ("early_stopping", "False")), "max_leaf_nodes", ("31", "15", "8", "4", "2"),
        r"gradient[ -]boost\w*|xgboost|lightgbm|catboost|\bgbms?\b", slow=True, more=(("max_iter", "120"),),
    ),
    Family(
        "AdaBoost", BOOSTING, _C, "ensemble", "AdaBoostClassifier",
        (("n_estimators", "50"),), "learning_rate", ("1.0", "0.5", "0.2", "0.1", "0.05"), r"ada[ -]?boost\w*",
        more=(("n_estimators", "150"),),
    ),
    Family(
        "logistic regression", LINEAR, _C, "linear_model", "LogisticRegression",
        (("max_iter", "300"),), "C", _STRONG_TO_WEAK, r"logistic[ -]regressions?|\blogit\b|logistic models?",
        scaled=True,
        usual=1,
    ),
    Family(
        "ridge classifier", LINEAR, _C, "linear_model", "RidgeClassifier",
        (), "alpha", _WEAK_TO_STRONG, r"ridge(?: classifiers?| regressions?)?", scaled=True,
        usual=1,
    ),
    Family(
        "linear discriminant", LINEAR, _C, "discriminant_analysis", "LinearDiscriminantAnalysis",
        (("solver", '"lsqr"'),), "shrinkage", ("0.01", "0.1", "0.3", "0.6", "0.9"),
        r"linear discriminants?(?: analysis)?|\blda\b", scaled=True,
    ),
    Family(
        "linear SVM", LINEAR, _C, "svm", "LinearSVC",
        (("dual", "False"),), "C", _STRONG_TO_WEAK, r"linear (?:svms?|svc|support[ -]vector\w*(?: machines?)?)",
        scaled=True,         usual=1,
    ),
    Family(
        "RBF SVM", KERNELS, _C, "svm", "SVC",
        (), "C", ("100.0", "10.0", "1.0", "0.3", "0.1"),
        r"(?:rbf[ -]|kernel )?(?:\bsvms?\b|\bsvc\b|support[ -]vector[ -]machines?)|\brbf\b", scaled=True,
        usual=2,
    ),
    Family(
        "polynomial SVM", KERNELS, _C, "svm", "SVC",
        (("kernel", '"poly"'), ("degree", "2"), ("coef0", "1.0")), "C", ("100.0", "10.0", "1.0", "0.3", "0.1"),
        r"poly(?:nomial)?[ -](?:kernel )?svms?", scaled=True,
        usual=2,
    ),
    Family(
        "k nearest neighbours", NEIGHBOURS, _C, "neighbors", "KNeighborsClassifier",
        (), "n_neighbors", _NEIGHBOURS, r"\bk[ -]?nn\b|k[ -]nearest[ -]neighbou?rs?", scaled=True,
        usual=1,
    ),
    Family(
        "distance-weighted neighbours", NEIGHBOURS, _C, "neighbors", "KNeighborsClassifier",
        (("weights", '"distance"'),), "n_neighbors", _NEIGHBOURS,
        r"(?:distance[ -])?weighted (?:k[ -]?nn|neighbou?rs?)",
        scaled=True,
        usual=1,
    ),
    Family(
        "multilayer perceptron", NETWORKS, _C, "neural_network", "MLPClassifier",
        (("hidden_layer_sizes", "(64,)"), ("max_iter", "100")), "alpha", ("0.0001", "0.01", "0.1", "1.0", "10.0"),
        r"\bmlps?\b|multi[ -]?layer perceptrons?|perceptrons?", scaled=True, slow=True,
        more=(("hidden_layer_sizes", "(128,)"), ("max_iter", "200")),
    ),
    Family(
        "decision tree", SINGLE, _C, "tree", "DecisionTreeClassifier",
        (), "min_samples_leaf", ("1", "3", "8", "20", "40"), r"(?:single )?decision trees?|\bcart\b",
    ),
    Family(
        "naive Bayes", BAYES, _C, "naive_bayes", "GaussianNB",
        (), "var_smoothing", ("1e-9", "1e-4", "1e-2", "0.1", "1.0"), r"na[iï]ve[ -]bayes", scaled=True,
    ),
    Family(
        "random forest", TREES, _R, "ensemble", "RandomForestRegressor",
        (("n_estimators", "60"),), "min_samples_leaf", _LEAVES, r"random[ -]forests?|\brf\b",
        more=(("n_estimators", "200"), ("max_features", "0.5")),
    ),
    Family(
        "extra trees", TREES, _R, "ensemble", "ExtraTreesRegressor",
        (("n_estimators", "60"),), "min_samples_leaf", _LEAVES, r"extra[ -]?trees?|extremely randomi[sz]ed trees?",
        more=(("n_estimators", "200"), ("max_features", "0.5")),
    ),
    Family(
        "bagged trees", TREES, _R, "ensemble", "BaggingRegressor",
        (("n_estimators", "20"),), "max_samples", ("1.0", "0.7", "0.4", "0.2", "0.1"),
        r"bagg(?:ed|ing)[ -]?trees?|\bbagging\b",
        more=(("n_estimators", "50"),),
    ),
    Family(
        "gradient boosting", BOOSTING, _R, "ensemble", "HistGradientBoostingRegressor",
        (("max_iter", "80"), ("early_stopping", "False")), "max_leaf_nodes", ("31", "15", "8", "4", "2"),
        r"gradient[ -]boost\w*|xgboost|lightgbm|catboost|\bgbms?\b", more=(("learning_rate", "0.05"),),
    ),
    Family(
        "AdaBoost", BOOSTING, _R, "ensemble", "AdaBoostRegressor",
        (("n_estimators", "50"),), "learning_rate", ("1.0", "0.5", "0.2", "0.1", "0.05"), r"ada[ -]?boost\w*",
        more=(("n_estimators", "150"),),
    ),
    Family(
        "ridge regression", LINEAR, _R, "linear_model", "Ridge",
        (), "alpha", _WEAK_TO_STRONG, r"ridge(?: regressions?)?|linear regressions?|least squares|\bols\b", scaled=True,
        usual=1,
    ),
    Family(
        "lasso", LINEAR, _R, "linear_model", "Lasso",
        (("max_iter", "5000"), ("alpha", "0.01")), "alpha", ("0.001", "0.01", "0.1", "1.0", "10.0"),
        r"lasso", scaled=True,
        usual=1,
    ),
    Family(
        "elastic net", LINEAR, _R, "linear_model", "ElasticNet",
        (("max_iter", "5000"), ("alpha", "0.01")), "alpha", ("0.001", "0.01", "0.1", "1.0", "10.0"),
        r"elastic[ -]nets?", scaled=True,
        usual=1,
    ),
    Family(
        "Huber regression", LINEAR, _R, "linear_model", "HuberRegressor",
        (("max_iter", "500"),), "alpha", ("0.0001", "0.01", "1.0", "10.0", "100.0"),
        r"huber(?: regressions?)?", scaled=True,
    ),
    Family(
        "RBF SVM", KERNELS, _R, "svm", "SVR",
        (), "C", ("100.0", "10.0", "1.0", "0.3", "0.1"),
        r"(?:rbf[ -]|kernel )?(?:\bsvms?\b|\bsvrs?\b|support[ -]vector[ -](?:machines?|regressions?))|\brbf\b",
        scaled=True,
        usual=2,
    ),
    Family(
        "kernel ridge", KERNELS, _R, "kernel_ridge", "KernelRidge",
        (("kernel", '"rbf"'),), "alpha", ("0.01", "0.1", "1.0", "3.0", "10.0"),
        r"kernel ridge(?: regressions?)?",
        scaled=True,
        usual=2,
    ),
    Family(
        "k nearest neighbours", NEIGHBOURS, _R, "neighbors", "KNeighborsRegressor",
        (), "n_neighbors", _NEIGHBOURS, r"\bk[ -]?nn\b|k[ -]nearest[ -]neighbou?rs?", scaled=True,
        usual=1,
    ),
    Family(
        "distance-weighted neighbours", NEIGHBOURS, _R, "neighbors", "KNeighborsRegressor",
        (("weights", '"distance"'),), "n_neighbors", _NEIGHBOURS,
        r"(?:distance[ -])?weighted (?:k[ -]?nn|neighbou?rs?)",
        scaled=True,
        usual=1,
    ),
    Family(
        "multilayer perceptron", NETWORKS, _R, "neural_network", "MLPRegressor",
        (("hidden_layer_sizes", "(64,)"), ("max_iter", "300")), "alpha", ("0.0001", "0.01", "0.1", "1.0", "10.0"),
        r"\bmlps?\b|multi[ -]?layer perceptrons?|perceptrons?", scaled=True, slow=True,
        more=(("max_iter", "600"),),
    ),
    Family(
        "decision tree", SINGLE, _R, "tree", "DecisionTreeRegressor",
        (), "min_samples_leaf", ("1", "3", "8", "20", "40"), r"(?:single )?(?:decision|regression) trees?|\bcart\b",
    ),
)  # fmt: skip

GROUP_WORDS: tuple[tuple[str, str], ...] = (
    (
        TREES,
        r"(?:tree|forest)[ -](?:based )?ensembles?|ensembles? of trees|tree[ -]based (?:models?|methods?|learners?)"
        r"|\bforests\b",
    ),
    (LINEAR, r"linear (?:models?|classifiers?|methods?|predictors?|learners?|regressions?)"),
    (KERNELS, r"kernel (?:methods?|machines?|models?)|kernels"),
    (NEIGHBOURS, r"nearest[ -]neighbou?rs?(?: (?:methods?|models?|classifiers?))?|neighbou?rs?[ -]based \w+"),
    (NETWORKS, r"neural[ -](?:networks?|nets?)|deep (?:learning|nets?|networks?|models?)"),
    (SINGLE, r"single trees?|(?:single |individual )decision trees?"),
    (BAYES, r"bayesian classifiers?"),
    (BOOSTING, r"boost(?:ing|ed)(?: (?:trees?|methods?|models?|ensembles?))?"),
)


def families(task: str) -> tuple[Family, ...]:
    """All families for a task."""
    return tuple(family for family in FAMILIES if family.task == task)


def family(name: str, task: str) -> Family | None:
    """The family of that name for that task, if it can be written."""
    return next((known for known in families(task) if known.name == name), None)


def members(group: str, task: str) -> tuple[Family, ...]:
    """The families of a group; gradient boosting counts as a tree ensemble as well."""
    wanted = (group,) if group != TREES else (TREES, BOOSTING)
    return tuple(
        known
        for known in families(task)
        if known.group == group or (known.group in wanted and known.name != "AdaBoost")
    )


def named_family(text: str, task: str) -> Family | None:
    """The family that a few words name, e.g. `SVM` or `random forests`; the longest match wins."""
    best: tuple[int, Family] | None = None
    for known in families(task):
        match = re.search(rf"{re.escape(known.name)}|{known.words}", text, re.IGNORECASE)
        if match and (best is None or len(match.group()) > best[0]):
            best = (len(match.group()), known)
    return best[1] if best else None
