"""What the reading panes are shown in tests: papers, reviews, costs, candidates, a report."""

from __future__ import annotations

from core.brief import Paper, Review
from core.costs import CapLeft, Costs, Row
from core.literature.passages import Passage
from core.literature.shelf import Shelved, Standing
from core.record import Agent, Phase
from core.review.rounds import Round
from tui.rows import Point

ABSTRACT = (
    "Classification suffers when labels are wrong. This survey names the kinds of label noise, tells what each does to "
    "common classifiers, and sorts the remedies into robust models, data cleansing and noise-tolerant training."
)


def paper(key: str, title: str, *authors: str, year: str = "2014") -> Paper:
    return Paper(key, title, authors, year, "IEEE Transactions", ABSTRACT, f"https://doi.org/10.1/{key}")


PAPERS = (
    Shelved(
        paper("frenay2014", "Classification in the Presence of Label Noise: A Survey", "Benoît Frénay", "M. Verleysen"),
        Standing.ADDED,
        "It names the kinds of noise that the plan compares.",
        "arXiv",
        True,
    ),
    Shelved(paper("breiman2001", "Random Forests", "Leo Breiman", year="2001"), Standing.ADDED, "Bagging averages."),
    Shelved(
        paper("ghosh2017", "Robust Loss Functions under Label Noise", "A. Ghosh", "H. Kumar", "P. Sastry", year="2017"),
        Standing.READ,
        origin="own",
        has_text=True,
    ),
    Shelved(paper("rolnick2017", "Deep Learning is Robust to Massive Label Noise", "D. Rolnick"), Standing.FOUND),
)
PASSAGES = (
    Passage("frenay2014", 3, "2 Kinds of noise", "Noise completely at random strikes every class with the same rate."),
    Passage("frenay2014", 9, "4 Remedies", "Bagging copes with noise better than boosting does."),
)


def review(number: int, *, accept: bool = True) -> Review:
    return Review(
        f"reviewer-{number}",
        "The paper compares tree ensembles with linear models under label noise on one data set.",
        ("Differences are paired over seeds.", "Every number can be found in the program's output."),
        ("One data set carries the whole claim.",) if accept else ("The noise is artificial.", "No ablation is given."),
        ("How much of the gap is due to the settings?",),
        (),
        not accept,
        3, 4, 4, 2, 4, 4, 2, 6 if accept else 4, 4,
        "Accept" if accept else "Reject",
    )  # fmt: skip


ROUNDS = (
    Round(1, (review(1, accept=False), review(2, accept=False), review(3)), ("reviews/round-1/reviewer-4.json",)),
    Round(2, (review(1), review(2, accept=False), review(3))),
)

COSTS = Costs(
    "label-noise",
    "main",
    tuple(
        Row(phase.value, 4 * n, 41_000 * n, 2_300 * n, 30_000 * n, 0.21 * n, 62.0 * n, turns=3 * n, ok=2 * n)
        for n, phase in enumerate(Phase, 1)
    ),
    (
        Row(Agent.ML_ENGINEER.value, 30, 800_000, 41_000, 300_000, 3.1, 900.0, turns=20, ok=17),
        Row(Agent.JUDGE.value, 12, 120_000, 4_000, 0, 0.4, 60.0),
        Row("programs", seconds=1234.0),
    ),
    (Row("deepseek-reasoner-of-a-long-name", 112, 1_148_000, 64_400, 840_000, 5.88, 1736.0, turns=84, ok=56),),
    Row("other branches"),
    Row("rolled back", 9, 91_000, 6_000, 0, 0.74, 120.0),
    Row("total", 121, 1_239_000, 70_400, 840_000, 8.62, 1856.0, failed=1, unsettled=2),
    (
        CapLeft("money", "project", "money", 10.0, 8.62, 1.38),
        CapLeft("tokens", "project", "tokens", 5_000_000, 1_309_400, 3_690_600),
        CapLeft("phase_hours", "phase", "hours", 0.5, 0.61, -0.11),
    ),
)

POINTS = tuple(
    Point(
        30 + 2 * n,
        value,
        0.3 + 0.09 * n,
        n in (0, 3, 5),
        value is None,
        f"EDIT {n}-{n + 3}",
        "The forest still sees clean labels in the bootstrap; draw the noise once per seed and share it.",
    )
    for n, value in enumerate([0.90, 0.88, None, 0.912, 0.905, 0.934, 0.92])
)
