"""Literature review: what to search for, and which of the papers found belong in the review."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.brief import Brief, Paper
from core.commands import AddPaper, FullText, Summary
from core.models.builtin.design import proposed_study
from core.models.builtin.notes import person_said, read_notes
from core.models.builtin.question import data_name
from core.models.builtin.reach import gap
from core.models.builtin.reply import Reply
from core.models.builtin.study import Kind, Study
from core.record import Status
from core.words import content_words

_ASKING = frozenset(
    re.findall(
        r"\w+",
        "about add also article articles cite find include look make more note only paper papers please read review"
        " search see should some something take try use want work works",
    )
)
"""Words by which a note asks for something, and which say nothing of what."""
SHORTEST_ABSTRACT = 60
"""Characters below which an abstract says too little, so that the paper itself is asked for."""

ASIDE = "For this question:"
"""What begins the part of a summary that is about the study at hand and not about the paper."""

PLAIN = 6
"""The fit from which a paper found by another search will do: a word of the facet stands in its title."""

_KIND_QUERIES = {
    Kind.LABEL_NOISE: (
        "label noise robustness",
        ("label noise", "noisy label", "label error", "random label", "mislabel"),
    ),
    Kind.FEATURE_NOISE: (
        "feature noise corruption robustness",
        ("corruption", "perturbation", "feature noise", "robustness"),
    ),
    Kind.TRAINING_SIZE: (
        "training set size small data",
        ("training set size", "sample complexity", "small data", "small tabular"),
    ),
    Kind.COMPARISON: (
        "model comparison benchmark",
        ("comparisons of classifiers", "outperform", "comparing", "compares"),
    ),
}
_MODEL_WORDS: dict[str, tuple[str, ...]] = {
    "random forest": ("random forest",),
    "extra trees": ("randomized trees",),
    "bagged trees": ("bagging",),
    "gradient boosting": ("gradient boosting",),
    "AdaBoost": ("boosting",),
    "logistic regression": ("logistic",),
    "ridge classifier": ("ridge",),
    "ridge regression": ("ridge",),
    "lasso": ("lasso",),
    "elastic net": ("elastic net",),
    "RBF SVM": ("support vector",),
    "polynomial SVM": ("support vector",),
    "linear SVM": ("support vector",),
    "k nearest neighbours": ("nearest neighbor",),
    "distance-weighted neighbours": ("nearest neighbor",),
    "multilayer perceptron": ("back propagat", "neural net"),
    "decision tree": ("decision tree",),
    "linear discriminant": ("taxonomic", "discriminant"),
}
_GROUP_WORDS: dict[str, tuple[str, ...]] = {
    "tree ensembles": ("random forest", "bagging", "extra trees", "randomized trees", "tree ensembles", "forest"),
    "linear models": ("ridge", "lasso", "elastic net", "linear model", "shrinkage", "least angle"),
    "boosting": ("boosting", "xgboost", "lightgbm", "catboost"),
    "kernel methods": ("support vector", "kernel", "svm"),
    "nearest neighbours": ("nearest neighbor", "nearest neighbour"),
    "neural networks": ("neural", "deep learning", "back propagat"),
    "single trees": ("decision tree",),
    "naive Bayes": ("bayes",),
}
_DATA_WORDS = {
    "digits": ("handwritten digits", ("digits", "handwrit")),
    "iris": ("iris flowers taxonomy", ("iris", "taxonomic")),
    "breast_cancer": ("breast cancer diagnosis", ("breast",)),
    "diabetes": ("diabetes dataset regression", ("diabetes",)),
    "wine": ("UCI dataset repository", ("uci", "repository")),
}


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing that the review should cover: its query, the words of papers about it, and why it matters."""

    name: str
    query: str
    words: tuple[str, ...]
    why: str
    near: tuple[str, ...] = ()
    """Words that are about the facet in a wider sense."""
    wanted: int = 1
    least: int = 1
    """How many of the words a paper must hold."""
    away: tuple[str, ...] = ()
    """Words in the titles of papers that are about something else as well, and fit half as plainly."""

    def fits(self, paper: Paper) -> int:
        """How plainly a paper is about this facet: words count more in the title, and more if not merely near."""
        title, abstract = (text.lower().replace("-", " ") for text in (paper.title, paper.abstract))
        if sum(word in title or word in abstract for word in (*self.words, *self.near)) < self.least:
            return 0
        weights = [(word, 2 + (place == 0)) for place, word in enumerate(self.words)] + [
            (word, 1) for word in self.near if word not in self.words
        ]
        fit = sum(weight * (3 * (word in title) + (word in abstract)) for word, weight in weights)
        return -(-fit // 2) if any(word in title for word in self.away) else fit

    def covered(self, brief: Brief) -> bool:
        """Whether the review holds enough papers that were taken in for this facet."""
        return sum(self.why in entry.summary for entry in brief.review) >= self.wanted


def answer(brief: Brief) -> Reply:
    """The next search, or the next paper for the review."""
    facets = facets_of(brief)
    taken = {entry.paper.id for entry in brief.review} | _refused(brief)
    papers = [paper for paper in brief.found if paper.id not in taken]
    asked = _asked(brief)
    for facet in facets:
        if facet.covered(brief):
            continue
        best = _best(facet, papers, brief.question)
        if best and (facet.fits(best) >= PLAIN or _normal(facet.query) in asked):
            return _take(brief, best, facet)
        if _normal(facet.query) not in asked:
            return _search(brief, facet)
    return _fill(brief, papers, asked, facets)


def facets_of(brief: Brief) -> list[Facet]:
    """What the review of this question should cover, most central first."""
    study = proposed_study(brief)
    query, words = _KIND_QUERIES[study.kind]
    asks = "will be measured" if gap(brief.question, brief.data) else "the question asks"
    subject = study.kind.value if study.kind is not Kind.COMPARISON else "comparing model families"
    away = tuple(word for kind, (_, other) in _KIND_QUERIES.items() if kind is not study.kind for word in other)
    facets = [
        Facet(
            "question",
            query,
            words,
            f"It is about {subject}, which is what {asks}.",
            wanted=1 + (brief.papers_wanted > 5),
        ),
        *(replace(_group_facet(group.name, group.models), away=away) for group in study.groups),
    ]
    source = study.source.removeprefix("sklearn:") or data_name(brief.question)
    if source in _DATA_WORDS:
        query, words = _DATA_WORDS[source]
        facets.append(Facet("data", query, words, "It is where the data of this study come from."))
    facets.append(_evaluation(study))
    note = _note(brief, study)
    if note:
        facets.insert(1, note)
    return facets


def _note(brief: Brief, study: Study) -> Facet | None:
    """What the person's notes ask for besides the design of the study."""
    asked = read_notes(study, person_said(brief)).unread
    words = [word for note in asked for word in content_words(note) if word not in _ASKING][:6]
    if not words:
        return None
    why = f"It has to do with the researcher's note: “{_short(' '.join(asked))}”"
    return Facet("note", " ".join(words), tuple(words), why, least=min(2, len(words)))


def _group_facet(name: str, models: Sequence[str]) -> Facet:
    words = tuple(dict.fromkeys(word for model in models for word in _MODEL_WORDS.get(model, (model,))))
    query = " ".join(dict.fromkeys(f"{' '.join(words[:2])} {name}".split()))
    why = f"It bears on {name}" + (f", here: {', '.join(models)}." if models != (name,) else ".")
    return Facet(name, query, words, why, near=_GROUP_WORDS.get(name, ()))


def _evaluation(study: Study) -> Facet:
    return Facet(
        "evaluation",
        "variance seeds model comparison statistical tests",
        ("variance in", "seeds"),
        f"It bears on how far {study.seeds} seeds and paired differences can carry a comparison.",
        near=("statistical tests", "statistical comparisons", "cross validation", "leakage"),
    )


def _search(brief: Brief, facet: Facet) -> Reply:
    lead = _missed(brief)
    held = f"The review holds {len(brief.review)} of {brief.papers_wanted} papers. " if brief.review else ""
    what = {
        "question": _beginning(brief),
        "data": "Nothing found so far says where the data come from.",
        "evaluation": "A comparison over seeds needs a paper on how such comparisons mislead.",
        "note": "The researcher's note names something that the searches have not covered.",
    }.get(facet.name, f"Nothing found so far is plainly about {facet.name}.")
    return Reply(f"{lead}{held}{what}", Summary(facet.query))


def _beginning(brief: Brief) -> str:
    beyond = gap(brief.question, brief.data)
    if not beyond:
        return f"I begin with what the question is about: “{_short(brief.question)}”"
    return f"{beyond} I begin with what can be measured."


def _take(brief: Brief, paper: Paper, facet: Facet) -> Reply:
    if len(paper.abstract) < SHORTEST_ABSTRACT and not _read(brief, paper):
        return Reply(
            f"The record of {paper.id} says too little to judge it by, so I ask for the paper.", FullText(paper.id)
        )
    among = len(brief.found)
    words = f"{_missed(brief)}Of {among} papers found, {paper.id} ({paper.year}) fits best. {facet.why}"
    return Reply(words, AddPaper(paper.id, _summary(paper, facet)))


def _fill(brief: Brief, papers: Sequence[Paper], asked: set[str], facets: Sequence[Facet]) -> Reply:
    """Once everything is covered: the nearest papers that are left, then searches with the question's own words."""
    ranked = sorted(papers, key=lambda paper: -_nearness(paper, brief.question, facets))
    if ranked and _nearness(ranked[0], brief.question, facets) > 0:
        near = max(facets, key=lambda facet: facet.fits(ranked[0]))
        why = near.why if near.fits(ranked[0]) else "It shares words with the question; nothing nearer was found."
        return _take(brief, ranked[0], Facet("the rest", "", (), why))
    words = content_words(brief.question)
    queries = [" ".join(words), *words, "machine learning evaluation", "dataset", "tabular data", "learning"]
    for query in queries:
        if query and _normal(query) not in asked:
            return Reply(f"{_missed(brief)}The papers found so far are used up; I search more widely.", Summary(query))
    if ranked:
        return _take(brief, ranked[0], Facet("the rest", "", (), "Nothing nearer to the question can be found here."))
    return Reply("Every search that I can think of has been made.", Summary(f"{_short(brief.question)} {brief.step}"))


def _summary(paper: Paper, facet: Facet) -> str:
    said = paper.abstract.strip() or f"The record holds no abstract; the title is “{paper.title}”."
    return f"{said}\n\n{ASIDE} {facet.why}"


def _best(facet: Facet, papers: Sequence[Paper], question: str) -> Paper | None:
    fitting = [paper for paper in papers if facet.fits(paper) > 0]
    return max(fitting, key=lambda paper: facet.fits(paper) + _overlap(paper, question), default=None)


def _nearness(paper: Paper, question: str, facets: Sequence[Facet]) -> float:
    return sum(facet.fits(paper) for facet in facets) + _overlap(paper, question)


def _overlap(paper: Paper, question: str) -> float:
    words = set(content_words(question))
    title, abstract = set(content_words(paper.title)), set(content_words(paper.abstract))
    return len(words & title) + 0.4 * len(words & abstract)


def _asked(brief: Brief) -> set[str]:
    return {
        _normal(entry.command.removeprefix("SUMMARY")) for entry in brief.history if entry.command.startswith("SUMMARY")
    }


def _refused(brief: Brief) -> set[str]:
    """Papers whose ADD_PAPER did not work or was declined."""
    bad = [entry for entry in brief.history if entry.status is not Status.OK and entry.command.startswith("ADD_PAPER")]
    declined = [entry.text for entry in brief.history if entry.status is Status.DECLINED]
    ids = {entry.command.removeprefix("ADD_PAPER").strip() for entry in bad}
    return ids | {paper.id for paper in brief.found if any(paper.id in text for text in declined)}


def _read(brief: Brief, paper: Paper) -> bool:
    return any(entry.command == f"FULL_TEXT {paper.id}" for entry in brief.history)


def _missed(brief: Brief) -> str:
    """A word on the last turn when it did not work."""
    last = brief.history[-1] if brief.history else None
    if last is None or last.status is Status.OK:
        return ""
    if last.status is Status.DECLINED:
        return "The last one was declined, so I take another way. "
    return "That did not work, so I take another way. "


def _normal(query: str) -> str:
    return " ".join(re.sub(r"\W+", " ", query.lower()).split())[:40]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:119]}…"
