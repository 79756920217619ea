"""What of a question the built-in researcher cannot study, said in plain words instead of passed over."""

from __future__ import annotations

import re

from core.brief import DataCard
from core.models.builtin.question import named_sides, read_kind, read_metric
from core.models.builtin.study import Kind, Study
from core.models.builtin.wording import listed, metric_name

_BEYOND = (
    r"prompt(?:s|ing)?(?: engineering)?|(?:large )?language models?|llms?|gpt\S*|chat ?bots?|gpus?|tpus?|cuda"
    r"|transformer (?:models?|networks?|architectures?)|speed(?:s|ed)?[ -]?ups?|(?:training|inference) (?:times?|speed)"
    r"|how fast|(?:train|fit|run|comput)\w* (?:faster|quicker|slower)|(?:faster|quicker|slower) to (?:train|fit|run)"
    r"|reinforcement learning|diffusion models?|generative (?:ai|models?)|gans?|self[ -]supervised \w+"
    r"|pre-?train(?:ed|ing)|transfer learning|federated learning|machine translation|speech recognition|time series"
    r"|forecast(?:s|ing)?|clustering|adversarial (?:examples?|attacks?|training)|fairness|privacy|interpretability"
    r"|active learning|graph neural networks?"
)
"""Subjects of machine learning that no experiment of ours can touch."""
_NOT_VARIED = (
    r"outliers?|missing (?:values?|data|cells)|(?:class )?imbalance\w*|(?:feature|variable) selection|normali[sz]ation"
    r"|standardi[sz]ation|(?:feature )?scaling|hyper-?parameters?(?: tuning)?|tuning|dimension\w* reduction|\bpca\b"
    r"|regulari[sz]ation|data augmentation|distribution shift|concept drift|over-?fitting|early stopping"
)
"""What could be varied in a study of tables, and is not by our rules."""
_COLUMNS = (
    r"what (?:\w+ )?(?:predicts?|determines?|drives?|explains?|causes?|influences?|affects?)\b"
    r"|(?:which|what) (?:\w+ )?(?:features?|variables?|columns?|factors?|attributes?|predictors?|measurements?)\b"
    r"|(?:feature|variable) importances?|risk factors?|\bcauses?\b|\bcausal\w*|correlat\w+"
)
_COMPARES = (
    r"compar\w+|outperform\w*|versus|\bvs\b|accura\w+"
    r"|(?:which|what) (?:kind of |type of |family of )?(?:models?|algorithms?|classifiers?|methods?|learners?|famil\w+)"
    r"|predict\w*|classif\w+|detect\w*|recogni[sz]\w+|diagnos\w+|distinguish\w*|identif\w+|estimat\w+|\btells?\b|model\w*"
)


def gap(question: str, card: DataCard | None = None) -> str:
    """What in the question lies outside of what can be measured here, in sentences; empty when nothing is seen."""
    said = []
    if read_kind(question) is Kind.FEATURE_NOISE and without_numbers(card):
        said.append("The question is about noise on features, which can be added to numbers only; the table has none.")
    if beyond := _found(_BEYOND, question):
        said.append(
            f"The question speaks of {beyond}, which the built-in researcher cannot study: "
            "it trains scikit-learn models on one table."
        )
    if unvaried := _found(_NOT_VARIED, question):
        said.append(f"The question speaks of {unvaried}, which no rule varies here: the data are used as they are.")
    if re.search(_COLUMNS, question, re.IGNORECASE):
        said.append(
            "The question asks what matters for the target; how well whole models predict is what can be measured "
            "here, and that tells nothing of single columns or of causes."
        )
    if not said and not _read(question):
        said.append(
            "No rule finds a model, a disturbance, or a comparison in the question; the rules read English and know "
            "the families of scikit-learn's models."
        )
    return " ".join(said)


def without_numbers(card: DataCard | None) -> bool:
    """Whether no feature of a table is a number."""
    return card is not None and all(c.kind != "number" for c in card.columns if c.name != card.target)


def instead(study: Study, data: str) -> str:
    """What is measured in place of what the question asks, in one sentence."""
    over = "" if study.kind is Kind.COMPARISON else f" under {study.kind.value}"
    if study.kind is Kind.TRAINING_SIZE:
        over = " with fewer training rows"
    sides = listed([group.name for group in study.groups])
    return f"What is measured instead is the {metric_name(study.metric)} of {sides}{over} on {data}."


def _read(question: str) -> bool:
    return bool(
        read_kind(question) is not Kind.COMPARISON
        or any(named_sides(question, task) for task in ("classification", "regression"))
        or read_metric(question, "classification")
        or re.search(_COMPARES, question, re.IGNORECASE)
    )


def _found(words: str, question: str) -> str:
    hits = (match.group() for match in re.finditer(rf"\b(?:{words})\b", question, re.IGNORECASE))
    return listed([f"“{hit}”" for hit in dict.fromkeys(hits)])
