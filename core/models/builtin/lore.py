"""What model families, metrics and factors are: definitions in LaTeX, and the words that find their papers."""

from __future__ import annotations

from core.models.builtin.evidence import Evidence
from core.models.builtin.study import Kind

FAMILIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "random forest": (
        r"averages $B$ trees, $\hat f(x)=\frac1B\sum_{b=1}^{B} T_b(x)$, each grown on a bootstrap sample of the "
        r"training "
        "rows with a random subset of the features tried at every split",
        ("random forest",),
    ),
    "extra trees": (
        "averages trees whose cut points are drawn at random instead of being searched for",
        ("extremely randomized", "extra-trees", "extra trees"),
    ),
    "bagged trees": ("averages trees that are each grown on a bootstrap sample of the training rows", ("bagging",)),
    "gradient boosting": (
        r"adds trees one after another, $F_m(x)=F_{m-1}(x)+\nu T_m(x)$, each fitted to the negative gradient of the "
        "loss at the rows it has so far predicted badly",
        ("boosting",),
    ),
    "AdaBoost": (
        "adds weak learners one after another and gives more weight to rows predicted badly so far",
        ("adaboost",),
    ),
    "logistic regression": (
        r"models $\Pr(y=k\mid x)\propto\exp(w_k^\top x+b_k)$ and fits the weights by penalised maximum likelihood",
        ("logistic",),
    ),
    "ridge classifier": (
        r"regresses coded class labels on the features with the penalty $\alpha\lVert w\rVert_2^2$ and predicts the "
        "class with the largest response",
        ("ridge",),
    ),
    "linear discriminant": (
        "assumes Gaussian classes with one shrunken covariance matrix, which makes its boundaries linear",
        ("taxonomic", "discriminant"),
    ),
    "linear SVM": (
        "separates each class from the rest by a hyperplane with a large soft margin",
        ("support-vector", "support vector"),
    ),
    "RBF SVM": (
        r"is a large-margin method with the Gaussian kernel $k(x,x')=\exp(-\gamma\lVert x-x'\rVert^2)$",
        ("support-vector", "support vector"),
    ),
    "polynomial SVM": (
        "is a large-margin classifier with a polynomial kernel",
        ("support-vector", "support vector"),
    ),
    "k nearest neighbours": ("predicts from the $k$ training rows that are closest to the query", ("nearest neighbo",)),
    "distance-weighted neighbours": (
        "predicts from the $k$ closest training rows, each weighted by the inverse of its distance",
        ("nearest neighbo",),
    ),
    "multilayer perceptron": (
        "is a network of fully connected layers trained by back-propagation",
        ("back-propagating", "backpropag"),
    ),
    "decision tree": ("splits the feature space greedily, one feature and one cut point at a time", ("decision tree",)),
    "naive Bayes": ("models each feature within a class as an independent Gaussian", ("bayes",)),
    "ridge regression": (
        r"minimises $\lVert y-Xw\rVert_2^2+\alpha\lVert w\rVert_2^2$",
        ("ridge",),
    ),
    "lasso": (r"minimises squared error plus $\alpha\lVert w\rVert_1$, which sets some weights to zero", ("lasso",)),
    "elastic net": (r"penalises $\lVert w\rVert_1$ and $\lVert w\rVert_2^2$ together", ("elastic net",)),
    "Huber regression": ("fits a linear model by a loss that grows only linearly for large residuals", ("huber",)),
    "kernel ridge": ("is ridge regression in the feature space of a Gaussian kernel", ("kernel ridge", "ridge")),
}
"""For each family: the end of a sentence that begins with its name, and words in the titles of its papers."""

DATA_PAPERS: dict[str, tuple[str, ...]] = {
    "sklearn:digits": ("optical recognition of handwritten",),
    "sklearn:iris": ("taxonomic",),
    "sklearn:wine": ("machine learning repository",),
    "sklearn:breast_cancer": ("nuclear feature",),
    "sklearn:diabetes": ("least angle",),
}
"""For a bundled data set, words in the titles of the papers that it comes from."""

METRICS: dict[str, str] = {
    "accuracy": r"Accuracy is the share of the $n$ test rows whose class is predicted right, "
    r"$\frac1n\sum_{i=1}^{n}\mathbf{1}[\hat y_i=y_i]$.",
    "balanced accuracy": r"Balanced accuracy is the mean of the recalls of the $K$ classes, "
    r"$\frac1K\sum_{k=1}^{K}\Pr(\hat y=k\mid y=k)$, so that a rare class counts as much as a frequent one.",
    "macro F1": r"Macro $F_1$ is the unweighted mean over the classes of the harmonic mean of precision and recall.",
    "R2": r"$R^2=1-\sum_i(y_i-\hat y_i)^2/\sum_i(y_i-\bar y)^2$ is the share of the target's variance that is "
    "explained; it is one for a perfect model, zero for predicting the mean, and may be negative.",
}

TOPICS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Noise and robustness",
        ("noise", "noisy", "label error", "robust", "corrupt", "confident learning", "requires rethinking"),
    ),
    (
        "Model families",
        (
            "forest", "tree", "boost", "bagging", "support", "nearest", "ridge", "lasso", "elastic", "regression",
            "back-propagating", "tabular", "statistical learning",
        ),
    ),
    (
        "Data sets and software",
        ("scikit", "api design", "array programming", "scipy", "matplotlib", "data structures", "datasets",
         "repository", "recognition of handwritten", "taxonomic", "nuclear", "least angle"),
    ),
    (
        "Measuring and comparing",
        ("cross-validation", "statistical", "comparisons", "variance", "hyper-parameter", "optimization", "leakage",
         "reproducib"),
    ),
    (
        "Automated research",
        ("agent", "scientist", "ideas", "mle", "autonomous", "automated"),
    ),
)  # fmt: skip
"""Headings, and words in the titles of their papers; a paper goes to the first heading that fits."""


def factor_definition(evidence: Evidence) -> str:
    """The factor in a sentence or two of LaTeX; empty for a comparison."""
    match evidence.factor:
        case Kind.LABEL_NOISE if evidence.task == "regression":
            return (
                r"On targets that are numbers, label noise of level $\lambda$ adds a Gaussian error in units of the "
                r"targets' standard deviation $s$, $\tilde y_i=y_i+\lambda s\varepsilon_i$ with "
                r"$\varepsilon_i\sim\mathcal{N}(0,1)$, to "
                "the training rows; the targets of the test rows stay as they are."
            )
        case Kind.LABEL_NOISE:
            return (
                r"Under symmetric label noise of level $\eta$ the observed label $\tilde y$ of a training row "
                r"differs from its true label $y$ among $K$ classes with"
                "\n"
                r"\[ \Pr(\tilde y=j\mid y=i)=\begin{cases}1-\eta & j=i,\\ \eta/(K-1) & j\neq i,\end{cases} \]"
                "\n"
                "independently of the features. The labels of the test rows are left untouched, so a model is asked to "
                "recover the clean rule from spoiled examples."
            )
        case Kind.FEATURE_NOISE:
            return (
                r"Feature noise of level $\lambda$ adds a Gaussian error to each feature $j$ in units of its standard "
                r"deviation $s_j$ in the training rows, $\tilde x_{ij}=x_{ij}+\lambda s_j\varepsilon_{ij}$ with "
                r"$\varepsilon_{ij}\sim\mathcal{N}(0,1)$. Training rows and test rows are measured with the same noise."
            )
        case Kind.TRAINING_SIZE:
            return (
                r"At a training share $\rho$ a model sees about $\rho n$ of the $n$ training rows; the test rows "
                r"stay the same. "
                "Plotted over $\\rho$, the metric is the learning curve of the model."
            )
        case _:
            return ""
