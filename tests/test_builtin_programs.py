"""The built-in researcher's programs, run for real: they measure what they say, improve, and are repaired."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.brief import Brief, Candidate, DataCard, Entry, Job
from core.commands import Edit, Judgement, Malformed, Replace
from core.data.cards import bundled_cards, describe_file
from core.edits import apply_edit
from core.models.builtin import design
from core.models.builtin.evidence import read_evidence
from core.models.builtin.experimenting import spec_for
from core.models.builtin.ground import Ground
from core.models.builtin.ideas import all_ideas
from core.models.builtin.learnt import learnt
from core.models.builtin.plan import plan_text
from core.models.builtin.prepare import look_code, prepare_code, table_for
from core.models.builtin.programs import split_for, write_program
from core.models.builtin.repair import repaired
from core.models.builtin.researcher import reply_to
from core.models.builtin.source import models
from core.parsing import label, parse
from core.record import Agent, Phase, Status

QUICK = ("use 2 seeds", "use 5 trees")
NOISE = "Are tree ensembles more sensitive to label noise than linear models on wine?"


WARM = """
import json, os, runpy, sys, traceback
import matplotlib.pyplot, numpy, pandas, scipy.stats, sklearn.compose, sklearn.ensemble, sklearn.impute
for line in sys.stdin:
    folder, name = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        sys.path.insert(0, folder)
        for number, stream in ((1, "out"), (2, "err")):
            os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        code = 0
        try:
            runpy.run_path(name, run_name="__main__")
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Warm:
    """A Python that has imported scikit-learn once and runs each program in a process forked from it."""

    def __init__(self) -> None:
        environment = {**os.environ, "MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", WARM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def run(self, folder: Path, name: str) -> subprocess.CompletedProcess[str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([str(folder), name]) + "\n")
        self.process.stdin.flush()
        code = int(self.process.stdout.readline())
        out, err = ((folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
        return subprocess.CompletedProcess([name], code, out, err)


@cache
def warm_python() -> Warm:
    return Warm()


class Lab:
    """A folder with data and the brief of the experiments on them."""

    def __init__(self, folder: Path, question: str, seed: int = 0, card: DataCard | None = None) -> None:
        self.folder = folder
        self.printed = ""
        self.environment = {**os.environ, "PYTHONPATH": str(folder), "MPLBACKEND": "Agg"}
        planning = Brief(
            Agent.POSTDOC, Phase.PLAN, Job.TALK, question, seed, notes=QUICK, datasets=bundled_cards(), data=card
        )
        study = design.study_for(planning).study
        self.card = card or design.card_for(planning, study)
        assert self.card is not None
        for name in ("data", "experiment"):
            (folder / name).mkdir(exist_ok=True)
        self.prepare(prepare_code(self.card, table_for(self.card)))
        self.brief = Brief(
            Agent.ML_ENGINEER,
            Phase.EXPERIMENTS,
            Job.FIRST,
            question,
            seed,
            notes=QUICK,
            data=self.card,
            plan=plan_text(study, planning, self.card),
            max_steps=6,
        )

    def prepare(self, code: str) -> None:
        (self.folder / "data/prepare.py").write_text(code, encoding="utf-8")

    def run(self, name: str = "experiment/main.py") -> subprocess.CompletedProcess[str]:
        return warm_python().run(self.folder, name)

    def measure(self, program: str) -> dict[str, Any]:
        (self.folder / "experiment/main.py").write_text(program, encoding="utf-8")
        result = self.run()
        assert result.returncode == 0, result.stderr[-2000:]
        assert result.stderr == ""
        self.printed = result.stdout
        metrics: dict[str, Any] = json.loads((self.folder / "results/metrics.json").read_text(encoding="utf-8"))
        return metrics

    def fails(self, program: str) -> str:
        (self.folder / "experiment/main.py").write_text(program, encoding="utf-8")
        result = self.run()
        assert result.returncode != 0
        return result.stderr[-3000:]

    def answer(self, program: str = "", **facts: Any) -> tuple[str, str]:
        """The program that the reply makes, and the reply's words."""
        text = reply_to(replace(self.brief, program=program, **facts))
        command = parse(text, (Edit, Replace))
        assert not isinstance(command, Malformed)
        words = text.partition("\n```")[0]
        assert isinstance(command, Edit | Replace)
        return (apply_edit(program, command) if isinstance(command, Edit) else command.text), words


def messy_table(rows: int = 160) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "row_id": np.arange(rows) + 1000,
            "age": rng.integers(18, 90, rows).astype(float),
            "city": rng.choice(["Ulm", "Bonn", "Köln", 'St. "Quote", \\n'], rows),
            "remark": [f"free text {i}" for i in range(rows)],
            "constant": 1,
            "since": pd.date_range("2020-01-01", periods=rows).astype(str),
            "member": rng.random(rows) < 0.5,
            "odd, 'name'": rng.normal(size=rows),
        }
    )
    signal = table["age"] / 30 + (table["city"] == "Ulm") * 2 + rng.normal(size=rows) / 2
    table["outcome"] = np.where(signal > 2.5, "high", "low")
    table.loc[:1, "outcome"] = "rare"
    table["price"] = signal * 10
    table.loc[rng.random(rows) < 0.1, "age"] = np.nan
    table.loc[rng.random(rows) < 0.15, "city"] = None
    table.loc[5:8, ["outcome", "price"]] = None
    return table


def messy_lab(folder: Path, question: str, target: str) -> Lab:
    other = "price" if target == "outcome" else "outcome"
    (folder / "data/raw").mkdir(parents=True)
    path = folder / "data/raw/people.csv"
    messy_table().drop(columns=other).to_csv(path, index=False)
    return Lab(folder, question, card=describe_file(path, target, "data/raw/people.csv"))


def test_a_first_program_measures_the_whole_plan_and_says_so_in_the_contracts_form(tmp_path: Path) -> None:
    lab = Lab(tmp_path, NOISE)
    program, _ = lab.answer()
    metrics = lab.measure(program)
    study = design.study_for(lab.brief).study
    evidence = read_evidence(metrics)
    assert evidence.models == study.models
    assert evidence.levels == study.levels
    assert evidence.seeds == 2
    assert [group.name for group in evidence.groups] == ["tree ensembles", "linear models"]
    assert len(evidence.cells) == len(study.models) * len(study.levels)
    assert all(len(cell.scores) == 2 for cell in evidence.cells)
    assert metrics["selection"] == "validation"
    means = [point["validation"] for point in metrics["validation"]]
    assert metrics["value"] == pytest.approx(np.mean(means), abs=1e-5)
    curve = evidence.curve(study.models[0])
    assert evidence.losses[0].mean == pytest.approx(curve[0].mean - curve[-1].mean, abs=1e-5)
    contrast = evidence.contrasts[0]
    losses = {loss.model: loss.mean for loss in evidence.losses}
    sides = [np.mean([losses[name] for name in group.models]) for group in study.groups]
    assert contrast.mean == pytest.approx(sides[0] - sides[1], abs=1e-5)
    assert contrast.low < contrast.mean < contrast.high
    assert metrics["settings"]["random forest"] == {"n_estimators": 5}
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"scores.pdf", "drops.pdf"}
    assert (tmp_path / "figures/scores.pdf").read_bytes().startswith(b"%PDF")
    fresh = subprocess.run([sys.executable, "experiment/main.py"], cwd=tmp_path, env=lab.environment, timeout=120)
    assert fresh.returncode == 0
    again = json.loads((tmp_path / "results/metrics.json").read_text(encoding="utf-8"))
    assert {**again, "seconds": 0} == {**metrics, "seconds": 0}


def test_three_improvements_in_a_row_run_and_are_judged(tmp_path: Path) -> None:
    lab = Lab(tmp_path, NOISE, seed=1)
    program, _ = lab.answer()
    best = Candidate(1, program, 0.0, lab.measure(program), "")
    tried: tuple[Entry, ...] = ()
    ideas = set()
    for step in (2, 3, 4):
        after, words = lab.answer(best.text, job=Job.IMPROVE, best=best, tried=tried, step=step, metrics=best.metrics)
        metrics = lab.measure(after)
        judging = replace(lab.brief, agent=Agent.JUDGE, job=Job.JUDGE, program=after, metrics=metrics, best=best)
        verdict = parse(reply_to(judging), (Judgement,))
        assert isinstance(verdict, Judgement)
        ideas.add(words.partition(".")[0])
        tried = (*tried, Entry(step, Agent.ML_ENGINEER, "EDIT", words[:400], Status.OK, ""))
        if verdict.score > best.judge:
            best = Candidate(step, after, verdict.score, metrics, verdict.reflection)
    assert len(ideas) == 3
    assert best.turn > 1


@pytest.mark.parametrize(
    ("question", "target"),
    [
        ("Are tree ensembles less robust to mislabelled rows than linear models?", "outcome"),
        ("Do tree ensembles predict better than linear models under feature noise?", "price"),
    ],
)
def test_a_messy_table_is_prepared_and_measured(tmp_path: Path, question: str, target: str) -> None:
    lab = messy_lab(tmp_path, question, target)
    assert lab.card is not None
    (tmp_path / "look.py").write_text(look_code(lab.card), encoding="utf-8")
    look = lab.run("look.py")
    assert look.returncode == 0, look.stderr
    assert "repeated rows: 0" in look.stdout
    described = lab.run("data/prepare.py")
    assert described.returncode == 0, described.stderr
    assert "156 rows, 5 features: age, city, since, member, odd, 'name'" in described.stdout
    metrics = lab.measure(lab.answer()[0])
    assert metrics["value"] > metrics["chance"]


def test_regression_on_a_bundled_set_with_a_share_of_the_training_rows(tmp_path: Path) -> None:
    lab = Lab(tmp_path, "How does training set size affect SVMs and k-NN on diabetes?")
    metrics = lab.measure(lab.answer()[0])
    assert metrics["metric"] == "R2"
    assert metrics["levels"][0] == 1.0
    assert metrics["value"] > 0.1


def test_the_tiniest_set_with_several_targets_is_measured_too(tmp_path: Path) -> None:
    lab = Lab(tmp_path, "Do ridge regression and lasso differ on linnerud?")
    metrics = lab.measure(lab.answer()[0])
    assert [contrast["quantity"] for contrast in metrics["contrasts"]] == ["score"]
    assert "drops" not in metrics


def test_a_large_table_is_sampled_and_the_output_says_so(tmp_path: Path) -> None:
    lab = Lab(tmp_path, "Is naive Bayes better than a decision tree on iris?")
    lab.brief = replace(lab.brief, notes=(*QUICK, "use at most 90 rows"))
    metrics = lab.measure(lab.answer()[0])
    assert metrics["rows"]["train"] + metrics["rows"]["test"] == 90
    assert "random sample of 90 of 150 rows" in lab.printed


def test_gaps_that_no_card_told_of_are_repaired(tmp_path: Path) -> None:
    lab = Lab(tmp_path, "Are SVMs better than logistic regression on iris?")
    lab.prepare(
        "import numpy as np\nfrom sklearn.datasets import load_iris\n\n\ndef load():\n"
        "    X, y = load_iris(return_X_y=True, as_frame=True)\n"
        "    X.iloc[::7, 0] = np.nan\n    X['kind'] = 'a'\n    return X, y\n"
    )
    program, _ = lab.answer()
    error = lab.fails(program)
    mended, words = lab.answer(program, job=Job.REPAIR, error=error)
    assert "indicators" in words
    lab.measure(mended)


def test_a_class_too_small_to_split_by_is_repaired(tmp_path: Path) -> None:
    lab = Lab(tmp_path, "Are SVMs better than logistic regression on iris?")
    lab.prepare(
        "from sklearn.datasets import load_iris\n\n\ndef load():\n"
        "    X, y = load_iris(return_X_y=True, as_frame=True)\n    return X[:101], y[:101]\n"
    )
    program, _ = lab.answer()
    error = lab.fails(program)
    assert "least populated class" in error
    mended, words = lab.answer(program, job=Job.REPAIR, error=error)
    assert "too few rows" in words
    lab.measure(mended)


def test_what_no_rule_knows_is_met_with_a_careful_program(tmp_path: Path) -> None:
    lab = Lab(tmp_path, "Is naive Bayes better than a decision tree and random forests on iris?")
    program, _ = lab.answer()
    broken = program.replace("GaussianNB()", 'GaussianNB(priors="x")')
    error = lab.fails(broken)
    mended, words = lab.answer(broken, job=Job.REPAIR, error=error)
    assert "no small repair" in words
    metrics = lab.measure(mended)
    assert "cannot be fitted" in lab.printed
    assert "naive Bayes" not in {row["model"] for row in metrics["results"]}
    anew, words = lab.answer(mended, job=Job.REPLACE, error=error)
    assert "write the program anew" in words
    assert lab.measure(anew)["value"] > 0.8


@pytest.mark.parametrize("steps", [12])
def test_a_program_that_is_too_slow_loses_work_until_little_is_left(tmp_path: Path, steps: int) -> None:
    lab = Lab(tmp_path, NOISE)
    lab.brief = replace(lab.brief, notes=("use 9 seeds",))
    program = write_program(replace(spec_for(lab.brief, design.study_for(lab.brief)), seeds=9))
    programs = [program]
    for _ in range(steps):
        program, _ = lab.answer(program, job=Job.REPAIR, error="stopped after 600 s (time limit)")
        assert program not in programs[-1:]
        programs.append(program)
    assert "SEEDS = 3" in programs[1]
    assert "n_estimators=40" in programs[2]
    assert "MAX_ROWS = 1_500" in programs[3]


def functions(program: str, *names: str) -> dict[str, Callable[..., Any]]:
    """Functions of a program, without running it."""
    space: dict[str, Any] = {"np": np, "pd": pd}
    for name in names:
        match = re.search(rf"^def {name}\(.*?(?=^\S)", program, re.MULTILINE | re.DOTALL)
        assert match
        exec(match[0], space)
    return space


def test_noise_strikes_just_the_share_of_training_labels_and_grows_by_inclusion(tmp_path: Path) -> None:
    program, _ = Lab(tmp_path, NOISE).answer()
    disturbed = functions(program, "disturbed")["disturbed"]
    y, train = np.arange(200) % 4, np.arange(20, 180)
    table = pd.DataFrame({"x": range(200)})
    wrong: list[set[int]] = []
    for level in (0.0, 0.1, 0.25, 0.5):
        seen, rows, labels = disturbed(table, y, train, level, seed=3)
        assert seen is table
        assert (rows == train).all()
        hit = set(np.flatnonzero(labels != y[train]))
        assert len(hit) == round(level * len(train))
        assert not wrong or wrong[-1] <= hit
        wrong.append(hit)
    assert (y == np.arange(200) % 4).all()
    assert (disturbed(table, y, train, 0.5, 3)[2] == disturbed(table, y, train, 0.5, 3)[2]).all()
    assert (disturbed(table, y, train, 0.5, 3)[2] != disturbed(table, y, train, 0.5, 4)[2]).any()


def test_smaller_shares_of_the_training_rows_are_nested_and_keep_every_class(tmp_path: Path) -> None:
    program, _ = Lab(tmp_path, "How does training set size affect SVMs on wine?").answer()
    disturbed = functions(program, "disturbed")["disturbed"]
    y, train = np.arange(200) % 4, np.arange(20, 180)
    kept = [set(disturbed(pd.DataFrame({"x": range(200)}), y, train, share, 0)[1]) for share in (1.0, 0.5, 0.1)]
    assert kept[0] == set(train)
    assert kept[2] < kept[1] < kept[0]
    assert len(kept[1]) == 80
    assert {y[row] for row in kept[2]} == {0, 1, 2, 3}


@pytest.mark.parametrize("level", [0.3])
def test_feature_noise_has_the_standard_deviation_that_it_says(tmp_path: Path, level: float) -> None:
    program, _ = Lab(tmp_path, "Is k-NN hurt by noisy features on wine?").answer()
    disturbed = functions(program, "disturbed")["disturbed"]
    table = pd.DataFrame({"x": np.random.default_rng(0).normal(5, 7, 4000), "text": "a"})
    seen, _, labels = disturbed(table, np.zeros(4000), np.arange(2000), level, 0)
    assert (seen["x"] - table["x"]).std() == pytest.approx(level * 7, rel=0.05)
    assert (seen["text"] == "a").all()
    assert len(labels) == 2000


def test_no_row_is_in_two_parts_of_a_split(tmp_path: Path) -> None:
    from sklearn.model_selection import train_test_split

    program, _ = Lab(tmp_path, NOISE).answer()
    space = functions(program, "split")
    space.update(train_test_split=train_test_split, TEST_SHARE=0.3, VALIDATION_SHARE=0.25)  # type: ignore[arg-type]
    parts = space["split"](np.arange(200) % 4, 0)
    assert sorted(np.concatenate(parts)) == list(range(200))
    assert [len(part) for part in parts] == [105, 35, 60]


QUESTIONS = [
    "Are tree ensembles more sensitive to label noise than linear models on handwritten digits?",
    "Are SVMs and k-NN hurt by noisy features on wine?",
    "How does training set size affect neural networks on breast cancer?",
    "Which model is best on iris?",
    "Which model predicts diabetes best under target noise?",
    "Is boosting hurt by feature noise on diabetes?",
    "How much data do SVMs need on diabetes?",
    "Is gradient boosting better than linear regression on linnerud?",
]


def test_programs_of_every_kind_are_clean_and_formatted(tmp_path: Path) -> None:
    for number, question in enumerate(QUESTIONS):
        for table in (False, True):
            lab = Lab(tmp_path, question, seed=number)
            spec = spec_for(lab.brief, design.study_for(lab.brief))
            program = write_program(replace(spec, table=table, guarded=table, max_rows=5000 if table else 0))
            (tmp_path / f"program_{number}_{table}.py").write_text(program, encoding="utf-8")
            (tmp_path / f"prepare_{number}.py").write_text((tmp_path / "data/prepare.py").read_text())
            assert len(program.splitlines()) < 340
    rules = ["--isolated", "--line-length", "120", str(tmp_path)]
    first_party = ["--config", 'lint.isort.known-first-party=["data"]']
    check = [sys.executable, "-m", "ruff", "check", "--select", "E,F,W,I", "--ignore", "E402", *first_party, *rules]
    for command in (check, [sys.executable, "-m", "ruff", "format", "--diff", *rules]):
        result = subprocess.run(command, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr


def test_every_model_of_every_program_is_read_back(tmp_path: Path) -> None:
    for number, question in enumerate(QUESTIONS):
        lab = Lab(tmp_path, question, seed=number)
        assert tuple(models(lab.answer()[0])) == design.study_for(lab.brief).study.models


def test_the_demo_card_allows_stratified_splits_and_a_tiny_class_does_not() -> None:
    digits = bundled_cards()[0]
    assert split_for(digits, "classification") == "stratified"
    assert split_for(replace(digits, classes=(("a", 90), ("b", 3))), "classification") == "rare"
    assert split_for(digits, "regression") == "random"


def test_an_edit_is_labelled_with_the_lines_it_changes(tmp_path: Path) -> None:
    lab = Lab(tmp_path, NOISE)
    lab.brief = replace(lab.brief, notes=("use 5 seeds",))
    lab.brief = replace(lab.brief, plan=lab.brief.plan.replace("| Seeds | 2 |", "| Seeds | 5 |"))
    program, _ = lab.answer()
    text = reply_to(replace(lab.brief, job=Job.IMPROVE, program=program, step=6, metrics={}))
    command = parse(text, (Edit, Replace))
    assert isinstance(command, Edit)
    line = program.splitlines()[command.first - 1]
    assert line == "SEEDS = 3"
    assert label(command) == f"EDIT {command.first}-{command.last}"


@pytest.mark.parametrize(
    "question", [NOISE, "Do linear models need more training data than kernel methods on diabetes?"]
)
def test_every_idea_makes_a_program_that_runs(tmp_path: Path, question: str) -> None:
    lab = Lab(tmp_path, question)
    first, _ = lab.answer()
    metrics = lab.measure(first)
    reading = design.study_for(lab.brief)
    ideas = list(all_ideas(Ground(first, reading, learnt(metrics), 5)))
    assert {"a figure of the groups' means"} < {idea.key for idea in ideas}
    for idea in ideas:
        after = idea.change(first)
        if after and after != first:
            assert lab.measure(after)["value"] is not None, idea.key


def test_a_change_that_leaves_its_calls_behind_is_taken_back_whole(tmp_path: Path) -> None:
    best, _ = Lab(tmp_path, NOISE).answer()
    main = "def main() -> None:\n"
    added = "def report() -> None:\n    raise KeyError('a')\n\n\n"
    text = best.replace(main, f"{added}{main}    report()\n")
    line = text.split("\n").index("    raise KeyError('a')") + 1
    error = f"  File \"experiment/main.py\", line {line}, in report\nKeyError: 'a'"
    brief = Lab(tmp_path, NOISE).brief
    study = design.study_for(brief)
    assert repaired(text, error, study.study, spec_for(brief, study), best).text == best
