"""A scripted researcher for the chat server: carries a project through all seven phases by reading its prompts alone.

The first heading and the end of the prompt say role and phase; what is offered, the listings and the ids of papers are
read from the text as a model would. The same prompt always has the same answer. The study is a small one on iris: a
nearest centroid over some seeds, one figure, a report in eight sections, reviews that send the work back if they may.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from core.commands import (
    AddPaper,
    Command,
    Dialogue,
    Edit,
    Finish,
    FullText,
    GoBack,
    Interpretation,
    Judgement,
    Plan,
    Python,
    Replace,
    ReviewForm,
    SearchHF,
    SubmitCode,
    Summary,
)
from core.latex.sections import SECTIONS
from core.parsing import write
from core.record import Phase
from tests.servers.exchange import text_of

PREPARE = '''\
"""The iris flowers, from the table that scikit-learn carries: reading it takes less time than importing that."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np


def load():
    table = Path(find_spec("sklearn").origin).with_name("datasets") / "data" / "iris.csv"
    rows = np.loadtxt(table, delimiter=",", skiprows=1)
    return rows[:, :4], rows[:, 4].astype(int)


if __name__ == "__main__":
    X, y = load()
    print(X.shape, sorted(set(y.tolist())))
'''
PROGRAM = '''\
"""Nearest centroid on iris: accuracy on validation and test rows over seeds."""

import json
import os

import numpy as np

from data.prepare import load

SEEDS = 3


def accuracy(train, rows, X, y):
    centres = np.stack([X[train][y[train] == label].mean(axis=0) for label in np.unique(y)])
    nearest = ((X[rows][:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    return float((nearest == y[rows]).mean())


def figure(values):
    """A vector drawing of a bar for each seed, as a PDF of one page."""
    bars = "".join(f"{20 + 25 * i} 20 15 {round(100 * value)} re f " for i, value in enumerate(values))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 140]/Contents 4 0 R/Resources<<>>>>",
        f"<</Length {len(bars)}>>stream\\n{bars}\\nendstream",
    ]
    text, places = "%PDF-1.4\\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(text))
        text += f"{number} 0 obj{content}endobj\\n"
    table = "".join(f"{place:010} 00000 n \\n" for place in places)
    start = len(text)
    text += f"xref\\n0 5\\n0000000000 65535 f \\n{table}trailer<</Size 5/Root 1 0 R>>\\nstartxref\\n{start}\\n%%EOF\\n"
    with open("figures/accuracy.pdf", "w") as file:
        file.write(text)


X, y = (np.asarray(part) for part in load())
validation, test = [], []
for seed in range(SEEDS):
    order = np.random.default_rng(seed).permutation(len(y))
    train, held, last = order[:90], order[90:120], order[120:]
    validation.append(accuracy(train, held, X, y))
    test.append(accuracy(train, last, X, y))
os.makedirs("results", exist_ok=True)
os.makedirs("figures", exist_ok=True)
figure(test)
with open("results/metrics.json", "w") as file:
    json.dump(
        {
            "metric": "accuracy",
            "value": round(sum(validation) / SEEDS, 4),
            "higher_is_better": True,
            "selection": "validation",
            "seeds": SEEDS,
            "test_accuracy": [round(value, 4) for value in test],
        },
        file,
    )
print("measured", SEEDS, "seeds")
'''
PLAN = """\
# Plan

## Question
Does the nearest centroid tell the three kinds of iris apart?

## Procedure
Random splits of 90, 30 and 30 rows; the mean accuracy over seeds, on validation rows for choosing and on test rows.

## Steps
1. Measure. 2. Draw one bar a seed. 3. Report.
"""
PROSE = (
    "The nearest centroid was measured on the iris flowers over several random splits. Each split held ninety rows for "
    "training, and the rest was parted into rows for choosing and rows for the report. "
)
IMPROVED = "Every split was drawn anew from its own seed."

Speaker = Callable[[str, str], Command]
_FENCE = re.compile(r"`{3,}([A-Z_]+)")
_KEY = re.compile(r"\b[a-z]{2,}[0-9]{4}[a-z]+\b")
_LINE = re.compile(r"^ *([0-9]+)\| (.*)$", re.MULTILINE)


def answer(request: Mapping[str, Any]) -> str:
    """Give the whole reply to a request for a completion; raises ValueError when the prompt is of no known agent."""
    messages = request["messages"]
    system = "\n".join(text_of(one) for one in messages if one["role"] in ("system", "developer"))
    user = "\n".join(text_of(one) for one in messages if one["role"] == "user")
    speak = SPEAKERS.get(speaker_of(f"{system}\n{user}"))
    if speak is None:
        raise ValueError(f"nobody answers {(system or user)[:100]!r}")
    return f"I take the next step.\n\n{write(speak(system, user))}\n"


def offered(system: str, user: str) -> set[str]:
    """The commands that may be used now: the end of the prompt names them, or else all that it shows."""
    return set(_FENCE.findall(part(user, "Now")) or _FENCE.findall(f"{system}\n{user}"))


def part(text: str, heading: str) -> str:
    """What stands under the last heading that begins so, up to the next one; empty when there is none."""
    found = re.findall(rf"^##+ {re.escape(heading)}.*?(?=^##+ |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[-1] if found else ""


def reads(system: str, user: str) -> Command:
    """Search, read one paper in full, then take papers in."""
    now = part(user, "Now")
    keys = [key for key in dict.fromkeys(_KEY.findall(part(user, "Papers that searches found"))) if key not in now]
    if not keys:
        return Summary("nearest neighbors" if "nothing was found" in user.lower() else "random forests")
    if "full text" not in part(user, "This phase so far"):
        return FullText(keys[0])
    return AddPaper(keys[0], "It compares classifiers on small tables, as this study does on one table.")


def plans(system: str, user: str) -> Command:
    """Speak once with the student, then hand the plan in."""
    if "DIALOGUE" in offered(system, user) and "PhD student" not in part(user, "The conversation"):
        return Dialogue("I would measure the nearest centroid on iris over a few seeds. What do the papers say?")
    return Plan(PLAN)


def interprets(system: str, user: str) -> Command:
    """Speak once with the student, then hand the interpretation in."""
    if "DIALOGUE" in offered(system, user) and "PhD student" not in part(user, "The conversation"):
        return Dialogue("The accuracy is high for so plain a model. What speaks against that?")
    return Interpretation("# Interpretation\n\nThe nearest centroid tells most flowers apart; three seeds are few.")


def agrees(system: str, user: str) -> Command:
    """Say something of use."""
    return Dialogue("A simple baseline is right; hold the splits equal, and say that the seeds are few.")


def looks(system: str, user: str) -> Command:
    """Look at the data, search once, then tell what was seen."""
    talk = part(user, "The conversation")
    if "PYTHON" not in talk:
        return Python("from sklearn.datasets import load_iris\nprint(load_iris().data.shape)\n")
    if "SEARCH_HF" not in talk:
        return SearchHF("iris")
    return Dialogue("The table has 150 rows and no missing values; load it with load_iris.")


def prepares(system: str, user: str) -> Command:
    """Ask for a look and for a search, then hand the code in."""
    asked = part(user, "The conversation").count("SW engineer")
    return Dialogue(f"Question {asked + 1}: what is in the iris table?") if asked < 2 else SubmitCode(PREPARE)


def experiments(system: str, user: str) -> Command:
    """Write the program, then measure one seed more by an edit."""
    for number, line in _LINE.findall(user):
        if found := re.fullmatch(r"SEEDS = ([0-9]+)", line):
            return Edit(int(number), int(number), f"SEEDS = {int(found[1]) + 1}\n")
    return Replace(PROGRAM)


def judges(system: str, user: str) -> Command:
    """Score more seeds higher."""
    seeds = re.findall(r"SEEDS = ([0-9]+)", user)
    return Judgement(min(0.9, 0.5 + 0.02 * int(seeds[-1]) if seeds else 0.1), "More seeds would narrow the interval.")


def grades(system: str, user: str) -> Command:
    """Score a longer report higher."""
    return Judgement(min(0.9, 0.6 + 0.02 * user.count(IMPROVED)), "Results could say how the splits were drawn.")


def writes(system: str, user: str) -> Command:
    """Give the title, then each section; then make it longer by an edit."""
    now = part(user, "Now")
    listing = [(int(number), line) for number, line in _LINE.findall(user)]
    wanted = re.search(rf"\*\*({'|'.join(SECTIONS)})\*\*", now)
    if wanted:
        return Replace(section(wanted[1], user))
    for number, line in listing:
        if line.startswith(PROSE[:30]):
            return Edit(number, number, f"{line} {IMPROVED}\n")
    return Replace("Nearest centroids on iris")


def section(name: str, user: str) -> str:
    """The text of a section, with a citation, a figure and a number where they belong."""
    text = f"{PROSE}So much for the {name.lower()}. "
    keys = _KEY.findall(part(user, "The literature"))
    if name in ("Introduction", "Related Work") and keys:
        text += f"Small tables were studied before \\citep{{{keys[0]}}}. "
    figure = re.search(r"figures/[\w-]+\.pdf", part(user, "The figures"))
    if name == "Results" and figure:
        text += (
            "Figure~\\ref{fig:one} shows them.\n\n\\begin{figure}[htbp]\n\\centering\n"
            f"\\includegraphics[width=0.8\\linewidth]{{{figure[0]}}}\n"
            "\\caption{Accuracy on test rows, one bar a seed.}\\label{fig:one}\n\\end{figure}\n"
        )
    return text


def reviews(system: str, user: str) -> Command:
    """Fill in the form."""
    grades = dict.fromkeys(("originality", "quality", "clarity", "significance"), 2)
    grades |= dict.fromkeys(("soundness", "presentation", "contribution"), 3)
    words = {"summary": "It measures the nearest centroid on iris.", "strengths": ["It is plain."]}
    words |= {"weaknesses": ["Few seeds."], "questions": ["How were the splits drawn?"], "limitations": ["One table."]}
    form = words | {"ethical_concerns": False} | grades | {"overall": 5, "confidence": 3, "decision": "Accept"}
    return ReviewForm(json.dumps(form))


def decides(system: str, user: str) -> Command:
    """Send the work back where that is offered, else finish."""
    if "GO_BACK" in offered(system, user):
        return GoBack(Phase.REPORT, "Say in the results how the splits were drawn.")
    return Finish("What is left lies outside of the question.")


SPEAKERS: Mapping[str, Speaker] = {
    "phd student, literature review": reads,
    "postdoc, plan formulation": plans,
    "phd student, plan formulation": agrees,
    "sw engineer, data preparation": prepares,
    "ml engineer, data preparation": looks,
    "ml engineer, running experiments": experiments,
    "judge, running experiments": judges,
    "postdoc, results interpretation": interprets,
    "phd student, results interpretation": agrees,
    "phd student, report writing": writes,
    "professor, report writing": grades,
    "reviewer, report refinement": reviews,
    "phd student, report refinement": decides,
}
"""Who answers, by role and phase."""


def speaker_of(prompt: str) -> str:
    """Whose prompt a text is, as in SPEAKERS; empty when it is none.

    A heading names role and phase, or the phase and two roles; then the end of the prompt says which of them it is.
    """
    heading = next((line.removeprefix("# ").lower() for line in prompt.splitlines() if line.startswith("# ")), "")
    phase, colon, _ = heading.partition(": ")
    if colon and (role := re.search(r"You are the \*\*(.+?)\*\*", prompt)):
        heading = f"{role[1].lower()}, {phase}"
    heading = {"judge of experiments": "judge, running experiments", "reviewer": "reviewer, report refinement"}.get(
        heading, heading
    )
    return heading if heading in SPEAKERS else ""


def phase_of(prompt: str) -> Phase | None:
    """The phase that a prompt belongs to."""
    named = speaker_of(prompt).rpartition(", ")[2]
    return next((phase for phase in Phase if phase.title.lower() == named), None)
