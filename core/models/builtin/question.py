"""What a question asks for, read from its own words: the factor, the sides, the data, the direction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.brief import DataCard
from core.models.builtin.families import GROUP_WORDS, families, members
from core.models.builtin.study import Group, Kind

_KINDS: tuple[tuple[Kind, str], ...] = (
    (
        Kind.LABEL_NOISE,
        r"labels?[ -]?(?:noise|errors?|corruption|flips?)"
        r"|(?:noisy|wrong|incorrect|corrupt\w*|flipped|bad) (?:labels?|annotations?|targets?)"
        r"|mis-?labell?\w*|(?:annotation|labell?ing|target) (?:noise|errors?)"
        r"|noise (?:in|on) (?:the )?(?:labels?|targets?|annotations?)"
        r"|(?:labels?|annotations?|targets?) (?:are|is|were|may be|might be|can be) (?:\w+ )?"
        r"(?:noisy|wrong|incorrect|corrupt\w*|flipped|bad|unreliable)",
    ),
    (
        Kind.FEATURE_NOISE,
        r"(?:features?|inputs?|measurements?|sensors?|pixels?|attributes?|covariates?|images?)"
        r" (?:noise|corruption|errors?)"
        r"|noisy (?:features?|inputs?|measurements?|sensors?|images?|pixels?|attributes?)"
        r"|noise (?:in|on) (?:the )?(?:features?|inputs?|measurements?|pixels?|images?)|\bnois[ey]\w*",
    ),
    (
        Kind.TRAINING_SIZE,
        r"(?:training|sample|data ?set)(?:[ -]set)?[ -]size|size of the training"
        r"|how (?:many|much) (?:training )?(?:data|rows|samples|examples)"
        r"|few(?:er)? (?:training )?(?:examples|samples|rows|labels|data)|small(?:er)? (?:data|samples?|training)"
        r"|(?:data|sample)[ -]efficien\w+|(?:less|little|scarce|limited|more) (?:training )?data"
        r"|amount of (?:training )?data|learning curves?|data[ -]hungry",
    ),
)
_DATA_WORDS: tuple[tuple[str, str], ...] = (
    ("digits", r"digits?|hand-?writ\w+|mnist"),
    ("breast_cancer", r"breast|tumou?rs?|cancer"),
    ("wine", r"wines?"),
    ("iris", r"iris|flowers?"),
    ("diabetes", r"diabet\w+"),
    ("linnerud", r"linnerud|exercises?|physiolog\w+|fitness"),
)
_FRAGILE = r"(?:sensitive|affected|fragile|vulnerable|susceptible|brittle|hurt|harmed)"
_ROBUST = r"(?:robust|tolerant|resilient|stable)"
_LOSE = r"(?:suffer|degrade|lose|drop|deteriorate)s?"
_HURT = r"(?:hurt|harm|affect|damage|degrade|impair)s?\b[^,.;?]{0,60}?"
_MORE_LOSS = rf"more {_FRAGILE}|less {_ROBUST}|{_LOSE} (?:more|faster)|{_HURT} more\b"
_LESS_LOSS = (
    rf"less {_FRAGILE}|more {_ROBUST}|{_LOSE} (?:less|slower)|{_HURT} less\b|\b(?:resist|withstand|tolerate|cope)"
)
_BETTER = r"better|outperform\w*|beat\w*|more accurate|higher|superior|win\b"
_WORSE = r"worse|less accurate|lower|inferior|lose to"


@dataclass(frozen=True, slots=True)
class Direction:
    """What the question supposes of its first side: a sign for losses and for scores, 0 where it supposes nothing."""

    loss: int
    score: int


def read_kind(question: str) -> Kind:
    """What the question wants varied; a bare `noise` means noise on the features."""
    return next((kind for kind, words in _KINDS if re.search(words, question, re.IGNORECASE)), Kind.COMPARISON)


def read_direction(question: str) -> Direction:
    """Which way the question leans."""
    loss = (1 if _says(_MORE_LOSS, question) else 0) - (1 if _says(_LESS_LOSS, question) else 0)
    score = (1 if _says(_BETTER, question) else 0) - (1 if _says(_WORSE, question) else 0)
    return Direction(loss, score)


def read_task(question: str) -> str:
    """`regression` when the question predicts a quantity, else `classification`."""
    words = (
        r"\bregress(?:ion|or|ors)\b(?<!logistic regression)"
        r"|predict\w* (?:the )?(?:price|amount|value|quantity|number)|\bR2\b|R²"
    )
    return "regression" if _says(words, question) else "classification"


def data_name(question: str) -> str:
    """The name of the bundled set that the question's words point to, empty when they point to none."""
    return next((name for name, words in _DATA_WORDS if _says(rf"\b(?:{words})\b", question)), "")


def named_data(question: str, cards: Sequence[DataCard]) -> DataCard | None:
    """The card of a data set that the question names."""
    name = data_name(question)
    return next((card for card in cards if name and card.source == f"sklearn:{name}"), None)


def named_sides(question: str, task: str) -> tuple[Group, ...]:
    """The sides that the question names, in its order: whole groups, or single families as groups of their own.

    A group's models are all that are known for it; the plan chooses among them.
    """
    hits: list[tuple[int, int, Group]] = []
    for group, words in GROUP_WORDS:
        known = members(group, task)
        hits += [
            (m.start(), m.end(), Group(group, tuple(f.name for f in known))) for m in _find(words, question) if known
        ]
    for family in families(task):
        words = rf"{re.escape(family.name)}|{family.words}"
        hits += [(m.start(), m.end(), Group(family.name, (family.name,))) for m in _find(words, question)]
    sides: list[Group] = []
    end = 0
    for start, stop, side in sorted(hits, key=lambda hit: (hit[0], -hit[1])):
        if start >= end and side.name not in [known.name for known in sides]:
            sides.append(side)
            end = stop
    return tuple(sides)


def read_metric(text: str, task: str) -> str:
    """The metric that a text names, empty when it names none that fits the task."""
    if task == "regression":
        return "R2" if _says(r"\bR2\b|R²|r[ -]squared", text) else ""
    for metric, words in (
        ("balanced accuracy", r"balanced[ -]accuracy"),
        ("macro F1", r"(?:macro[ -])?\bF1\b(?:[ -]score)?"),
        ("accuracy", r"\baccuracy\b"),
    ):
        if _says(words, text):
            return metric
    return ""


def read_seeds(text: str) -> int:
    """How many seeds a text asks for, 0 when it does not say; between 2 and 50."""
    match = re.search(
        r"(\d{1,3})\s+(?:random |different )?seeds?\b|\bseeds?\s*(?:[:=]|to)\s*(\d{1,3})", text, re.IGNORECASE
    )
    return min(50, max(2, int(match[1] or match[2]))) if match else 0


def read_levels(text: str, kind: Kind) -> tuple[float, ...]:
    """The levels that a text asks for, the undisturbed one added; empty when it names none.

    Understands lists (`levels 0, 0.1, 0.3`, `at 10 %, 20 % and 40 %`), ranges (`0 to 0.5`) and bounds (`up to 60 %`).
    """
    if kind is Kind.COMPARISON:
        return ()
    number = r"(\d+(?:\.\d+)?)\s*(%|percent)?"
    if match := re.search(rf"(?:\bfrom\s+|levels?\D{{0,12}}){number}\s*(?:to|[-–])\s*{number}", text, re.IGNORECASE):
        low, high = _value(match[1], match[2] or match[4]), _value(match[3], match[4] or match[2])
        return _spread(low, high, kind)
    if match := re.search(rf"(?:up|down) to\s+{number}", text, re.IGNORECASE):
        return _spread(1.0 if kind is Kind.TRAINING_SIZE else 0.0, _value(match[1], match[2]), kind)
    listed = re.search(rf"\blevels?\b[^\d]{{0,12}}((?:{number}[,;\s]*(?:and\s+)?)+)", text, re.IGNORECASE)
    percents = re.findall(r"(\d+(?:\.\d+)?)\s*(%|percent)", listed[1] if listed else text)
    if percents:
        return _ordered((_value(*pair) for pair in percents), kind)
    plain = re.findall(r"\d+(?:\.\d+)?", listed[1]) if listed else []
    return _ordered((float(value) for value in plain), kind) if len(plain) > 1 else ()


def _value(number: str, percent: str | None) -> float:
    return float(number) / 100 if percent else float(number)


def _spread(low: float, high: float, kind: Kind) -> tuple[float, ...]:
    """Levels from low to high in round steps, five or six of them where that works out."""
    span = abs(high - low)
    steps = next((n for n in (5, 4, 6, 3) if span and (round(span / n, 6) * 20) % 1 == 0), 4)
    return _ordered((round(low + (high - low) * i / steps, 4) for i in range(steps + 1)), kind)


def _ordered(values: Iterable[float], kind: Kind) -> tuple[float, ...]:
    rising = kind is not Kind.TRAINING_SIZE
    top = {Kind.LABEL_NOISE: 2.0, Kind.FEATURE_NOISE: 10.0, Kind.TRAINING_SIZE: 1.0}[kind]
    kept = {value for value in values if (0 if rising else 0.01) <= value <= top} | {0.0 if rising else 1.0}
    return tuple(sorted(kept, reverse=not rising))[:9] if len(kept) > 1 else ()


def _says(words: str, text: str) -> bool:
    return re.search(words, text, re.IGNORECASE) is not None


def _find(words: str, text: str) -> list[re.Match[str]]:
    return list(re.finditer(words, text, re.IGNORECASE))
