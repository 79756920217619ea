"""The built-in researcher on odd questions, tables and rounds: what it owns up to, and what it must not claim."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.brief import Brief, Candidate, Column, DataCard, Entry, Job, Paper, Reviewed
from core.commands import Replace
from core.data.cards import bundled_cards, search_cards
from core.data.files import describe_file
from core.latex.sections import SECTIONS
from core.models.builtin import design, judging, literature
from core.models.builtin.evidence import Contrast, read_evidence
from core.models.builtin.families import family
from core.models.builtin.findings import contrasts, findings
from core.models.builtin.ground import Ground
from core.models.builtin.ideas import more_rows
from core.models.builtin.learnt import learnt
from core.models.builtin.plan import plan_text, risks
from core.models.builtin.prepare import prepare_code, table_for
from core.models.builtin.question import read_direction, read_kind
from core.models.builtin.reach import gap
from core.models.builtin.researcher import reply_to
from core.models.builtin.sections import paper_sentence
from core.models.builtin.study import Kind
from core.models.builtin.wording import interval
from core.parsing import parse
from core.record import Agent, Phase, Status

PROMPTS = "Does prompt engineering help language models reason?"
DEMO = "Are tree ensembles more sensitive to label noise than linear models on handwritten digits?"


def brief(phase: Phase, agent: Agent, question: str = DEMO, **facts: Any) -> Brief:
    base = Brief(agent, phase, Job.TALK, question, 0, datasets=bundled_cards(), max_steps=6)
    return replace(base, **facts)


def plan_for(question: str) -> str:
    now = brief(Phase.PLAN, Agent.POSTDOC, question)
    study = design.study_for(now).study
    return plan_text(study, now, design.card_for(now, study))


@pytest.mark.parametrize(
    ("question", "named"),
    [
        (PROMPTS, "“prompt engineering” and “language models”"),
        ("Do GPUs speed up models of exercise?", "“GPUs”"),
        ("Does boosting help when there are outliers?", "“outliers”, which no rule varies"),
        ("what predicts diabetes?", "tells nothing of single columns"),
        ("Was sagt voraus, ob jemand krank ist?", "the rules read English"),
        ("What?", "No rule finds"),
        ("What is the best color?", "No rule finds"),
        ("How fast are neural networks?", "“How fast”"),
    ],
)
def test_what_cannot_be_studied_is_said(question: str, named: str) -> None:
    assert named in gap(question)


@pytest.mark.parametrize(
    "question",
    [
        DEMO,
        "Is boosting better than bagging?",
        "Can fraud be detected when labels are wrong?",
        "Which model predicts the speed of cars best?",
        "Are linear models good enough?",
        "How does sample size affect random forest and lasso?",
    ],
)
def test_a_question_that_can_be_studied_gets_no_excuse(question: str) -> None:
    assert gap(question) == ""


def test_the_plan_says_what_is_measured_instead_of_what_was_asked() -> None:
    said = Entry(1, Agent.POSTDOC, "DIALOGUE", "…", Status.OK, "")
    opening = reply_to(brief(Phase.PLAN, Agent.POSTDOC, PROMPTS))
    written = reply_to(brief(Phase.PLAN, Agent.POSTDOC, PROMPTS, history=(said,) * 3))
    for text in (opening, written):
        assert "cannot study" in text
        assert "What is measured instead is" in text
    assert "```PLAN" in written


def test_the_first_search_does_not_claim_to_be_what_the_question_asks() -> None:
    text = reply_to(brief(Phase.LITERATURE, Agent.PHD_STUDENT, PROMPTS, papers_wanted=5))
    assert "I begin with what can be measured." in text


@pytest.mark.parametrize("section", ["Abstract", "Introduction", "Discussion"])
def test_the_report_owns_up_to_a_question_it_does_not_answer(section: str) -> None:
    now = brief(
        Phase.REPORT,
        Agent.PHD_STUDENT,
        PROMPTS,
        job=Job.SECTION,
        section=section,
        plan=plan_for(PROMPTS),
        metrics=measured(),
    )
    assert "cannot study" in reply_to(now)
    assert "cannot study" not in reply_to(replace(now, question=DEMO, plan=plan_for(DEMO)))


def test_labels_that_are_wrong_are_label_noise() -> None:
    assert read_kind("Can fraud be detected when labels are wrong?") is Kind.LABEL_NOISE


def test_hurt_less_and_hurt_more_lean_the_right_way() -> None:
    assert read_direction("Does noise hurt neural networks less than nearest neighbours?").loss == -1
    assert read_direction("Does noise harm trees more than linear models?").loss == 1


def measured(**changes: Any) -> dict[str, Any]:
    models = {"random forest": 0.9, "AdaBoost": 0.4, "ridge classifier": 0.88}
    groups = {"trees": ["random forest", "AdaBoost"], "linear models": ["ridge classifier"]}
    base = {
        "metric": "accuracy",
        "value": 0.7,
        "task": "classification",
        "levels": [0.0],
        "seeds": 3,
        "rows": {"train": 70, "test": 30},
        "groups": groups,
        "results": [
            {"model": m, "group": next(g for g in groups if m in groups[g]), "level": 0.0, "mean": v, "std": 0.01}
            for m, v in models.items()
        ],
        "contrasts": [contrast("linear models", "trees", 0.23)],
        "validation": [{"model": m, "level": 0.0, "validation": v, "fit": v} for m, v in models.items()],
        "chance": 0.5,
        "selection": "validation",
    }
    return {**base, **changes}


def contrast(a: str, b: str, mean: float, low: float = 0.1, high: float = 0.3) -> dict[str, Any]:
    return {"a": a, "b": b, "quantity": "score", "mean": mean, "std": 0.05, "low": low, "high": high, "pairs": 3}


def told(**changes: Any) -> dict[str, str]:
    return {finding.topic: finding.text for finding in findings(read_evidence(measured(**changes)))}


def test_a_model_no_better_than_chance_is_named() -> None:
    text = told()["baseline"]
    assert "accuracy 0.500 on validation rows" in text
    assert "AdaBoost does not do better than that" in text
    assert "No model does better" in told(chance=0.95)["baseline"]


def test_a_group_whose_models_differ_more_than_the_groups_is_named() -> None:
    assert "random forest has 0.900, AdaBoost 0.400" in told()["within"]
    assert "within" not in told(contrasts=[contrast("linear models", "trees", 0.6)])


def test_an_interval_shows_on_which_side_of_zero_it_lies() -> None:
    assert interval(0.0003, 0.024) == "0.0003 to 0.024"
    assert interval(-0.0004, 0.0) == "−0.0004 to 0.000"
    assert interval(-0.012, 0.5) == "−0.012 to 0.500"


def test_only_the_first_of_several_contrasts_says_over_how_many_seeds() -> None:
    rows = [contrast("linear models", "trees", 0.23), contrast("trees", "linear models", 0.2)]
    first, second = contrasts(read_evidence(measured(contrasts=rows)))
    assert first.startswith("Over 3 paired seeds, linear models score")
    assert second.startswith("Trees score")
    assert Contrast("a", "b", "score", 0.1, 0.1, 0.0, 0.2, 3).positive().a == "a"


def judged(covering: int, best: int, value: float) -> float:
    study = design.study_for(brief(Phase.PLAN, Agent.POSTDOC)).study
    plan = plan_for(DEMO)
    rows = [{"model": m, "level": level, "mean": 0.9} for m in study.models for level in study.levels]
    metrics = {"metric": "accuracy", "value": value, "results": rows, "levels": list(study.levels)}
    now = brief(Phase.EXPERIMENTS, Agent.ML_ENGINEER, plan=plan, job=Job.JUDGE, metrics={**metrics, "seeds": covering})
    kept = Candidate(3, "", 0.8, {**metrics, "value": 0.9, "seeds": best}, "")
    return judging.judge_score(replace(now, best=kept), design.study_for(now))


def test_a_program_that_does_more_of_the_plan_goes_before_one_that_scores_higher() -> None:
    assert judged(covering=5, best=3, value=0.5) > 0.8
    assert judged(covering=3, best=5, value=0.99) < 0.8


def test_a_draft_goes_on_from_the_best_one() -> None:
    start = "\\begin{document}\n\\section{Results}\n% labtop: section Results\nNothing.\n% labtop: end Results\n"
    better = f"% A remark of the best draft.\n{start}"
    now = brief(
        Phase.REPORT,
        Agent.PHD_STUDENT,
        job=Job.IMPROVE,
        plan=plan_for(DEMO),
        metrics=measured(),
        report=start + "\\end{document}\n",
        best=Candidate(9, better + "\\end{document}\n", 0.7, {}, ""),
    )
    text = reply_to(now)
    assert "I go on from the best draft, that of turn 9." in text
    assert "A remark of the best draft." in text


@pytest.mark.parametrize(
    ("summary", "begins"),
    [
        ("Survey that sorts label noise.", "presents a survey that sorts label noise."),
        ("End-to-end system that proposes ideas.", "presents an end-to-end system that proposes ideas."),
        ("Handwritten digits reduced to 8 by 8 grids.", "presents handwritten digits reduced to"),
        ("Defines the random forest.", "defines the random forest."),
        ("Extends classification to data that overlap.", "extends classification to data that overlap."),
        ("Trees are robust to noise.", "can be summed up so: trees are robust to noise."),
    ],
)
def test_related_work_tells_a_paper_in_a_whole_sentence(summary: str, begins: str) -> None:
    paper = Paper("smith2020", "A Title", ("A. Smith",), "2020", "", summary)
    text = paper_sentence(Reviewed(paper, f"{summary}\n\nFor this question: It bears on trees."))
    assert begins in text
    assert "For this question" not in text


SEMICOLONS = "size;weight;town;ill\n" + "".join(
    f"{170 + at},5;{60 + at % 7},25;{'Köln' if at % 2 else 'Ulm'};{at % 3 == 0}\n" for at in range(60)
)


@pytest.mark.parametrize("name", ["raw.csv", "raw.tsv"])
def test_decimal_commas_are_numbers(tmp_path: Path, name: str) -> None:
    text = SEMICOLONS.replace(";", "\t") if name.endswith("tsv") else SEMICOLONS
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_text(text, encoding="utf-8")
    card = describe_file(tmp_path / "data" / name, "ill", f"data/{name}")
    assert [column.kind for column in card.columns] == ["number", "number", "category", "category"]
    (tmp_path / "data/prepare.py").write_text(prepare_code(card, table_for(card)), encoding="utf-8")
    ran = subprocess.run([sys.executable, "data/prepare.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "60 rows, 3 features: size, weight, town" in ran.stdout
    check = "from data.prepare import load; print(load()[0]['weight'].max())"
    ran = subprocess.run([sys.executable, "-c", check], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "66.25"


def test_points_beside_commas_are_no_decimal_commas(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a;b;y\n" + "1,5;2.5;u\n2,5;3.5;v\n" * 10, encoding="utf-8")
    assert "decimal commas" not in describe_file(tmp_path / "t.csv", "y", "t.csv").note


def test_a_few_extreme_targets_are_a_risk(tmp_path: Path) -> None:
    rows = "".join(f"{at},{at % 17 + 0.5 if at != 30 else 9000.5}\n" for at in range(100))
    (tmp_path / "t.csv").write_text(f"x,y\n{rows}", encoding="utf-8")
    card = describe_file(tmp_path / "t.csv", "y", "t.csv")
    assert "Extreme targets: 1 row." in card.note
    now = brief(Phase.PLAN, Agent.POSTDOC, "Is a random forest better?", data=card)
    assert any("Extreme targets" in risk for risk in risks(design.study_for(now).study, card))


def test_json_lines_are_read_as_they_are_written() -> None:
    card = DataCard("data/raw/t.jsonl", "t", "classification", 9, (Column("y", "category", 0, 2, "a"),), "y")
    assert "read_json(TABLE, lines=True, dtype=False)" in prepare_code(card, table_for(card))


def test_the_polynomial_kernel_has_its_lower_terms() -> None:
    known = family("polynomial SVM", "classification")
    assert known is not None
    assert ("coef0", "1.0") in known.settings


def test_rows_are_looked_at_even_after_a_search_for_data() -> None:
    question = "Is boosting better than bagging?"
    searched = Entry(2, Agent.ML_ENGINEER, "SEARCH_HF boosting bagging", "…", Status.OK, "nothing")
    asked = Entry(1, Agent.SW_ENGINEER, "DIALOGUE", "…", Status.OK, "")
    now = brief(Phase.DATA, Agent.SW_ENGINEER, question, history=(asked, searched), step=3, max_steps=12)
    assert "Please look at its rows." in reply_to(now)
    assert "```PYTHON" in reply_to(replace(now, agent=Agent.ML_ENGINEER))


def test_the_search_for_data_finds_something() -> None:
    now = brief(Phase.DATA, Agent.ML_ENGINEER, "Is boosting better than bagging?", step=2, max_steps=12)
    assert "```SEARCH_HF\nclassification\n" in reply_to(now)
    assert search_cards("classification")


def test_the_interpretation_tells_the_refinements_wish_from_the_persons_notes() -> None:
    notes = ("use 8 seeds", "colourless green ideas sleep")
    spoken = tuple(Entry(at, Agent.POSTDOC, "DIALOGUE", "…", Status.OK, "") for at in range(3))
    now = brief(
        Phase.INTERPRETATION, Agent.POSTDOC, plan=plan_for(DEMO), metrics=measured(), notes=notes, history=spoken
    )
    text = reply_to(replace(now, step=6, round=2, reason="More seeds."))
    assert "## Why the work went back\n\n- More seeds." in text
    cannot = text.partition("which rules cannot weigh")[2]
    assert "colourless" in cannot
    assert "8 seeds" not in cannot


def test_a_note_about_the_design_is_no_wish_for_papers() -> None:
    notes = ("use 8 seeds and also try SVM", "please read about conformal prediction")
    now = brief(Phase.LITERATURE, Agent.PHD_STUDENT, papers_wanted=5, notes=notes)
    asked = next(facet for facet in literature.facets_of(now) if facet.name == "note")
    assert asked.query == "conformal prediction"
    assert asked.fits(Paper("a", "The Use of Prediction", (), "1936", "", "")) == 0
    assert asked.fits(Paper("b", "Conformal Prediction", (), "2005", "", "")) > 0
    assert all(facet.name != "note" for facet in literature.facets_of(replace(now, notes=notes[:1])))


def big_table(rows: int = 30_000) -> DataCard:
    columns = (Column("x", "number", 0, rows, "0.5"), Column("y", "category", 0, 2, "a"))
    return DataCard("data/raw/t.csv", "t", "classification", rows, columns, "y", (("a", rows // 2), ("b", rows // 2)))


def test_a_sample_of_a_larger_table_is_owned_up_to_and_grows() -> None:
    question = "Do tree ensembles beat linear models?"
    first = brief(Phase.EXPERIMENTS, Agent.ML_ENGINEER, question, job=Job.FIRST, data=big_table(), datasets=())
    program = parse(reply_to(first), (Replace,))
    assert isinstance(program, Replace)
    ground = Ground(program.text, design.study_for(first), learnt(None), 3, rows=30_000)
    assert [idea.key for idea in more_rows(ground)] == ["a sample of 10000 rows"]
    metrics = measured(rows={"train": 3500, "test": 1500})
    now = replace(
        first, phase=Phase.REPORT, job=Job.SECTION, program=program.text, metrics=metrics, plan=plan_for(DEMO)
    )
    setup = reply_to(replace(now, section="Experimental Setup", agent=Agent.PHD_STUDENT))
    assert "Of the 30000 rows a random sample of 5000 is used." in setup
    discussion = reply_to(replace(now, section="Discussion", agent=Agent.PHD_STUDENT))
    assert "Only a random sample of 5000 rows was used" in discussion


def test_a_hypothesis_of_another_design_is_pointed_out() -> None:
    now = brief(Phase.EXPERIMENTS, Agent.ML_ENGINEER, job=Job.FIRST, plan=plan_for(DEMO))
    assert "written for another design" not in reply_to(now)
    edited = now.plan.replace("| Group: tree ensembles |", "| Group: forests |")
    assert "written for another design" in reply_to(replace(now, plan=edited))
    own = edited.replace("| Hypothesis | From", "| Hypothesis | I think that from")
    assert "written for another design" not in reply_to(replace(now, plan=own))


def test_judging_and_improving_a_report_takes_little_time() -> None:
    report = "".join(f"\\section{{{name}}}\n" + "A word and 0.123 of it. " * 200 for name in SECTIONS[1:])
    now = brief(Phase.REPORT, Agent.PROFESSOR, job=Job.JUDGE, plan=plan_for(DEMO), metrics=measured(), report=report)
    reply_to(now)
    started = time.process_time()
    for _ in range(5):
        reply_to(now)
    assert (time.process_time() - started) / 5 < 0.1


def test_a_change_by_hand_that_broke_the_program_is_taken_back_alone() -> None:
    first = brief(Phase.EXPERIMENTS, Agent.ML_ENGINEER, job=Job.FIRST)
    command = parse(reply_to(first), (Replace,))
    assert isinstance(command, Replace)
    ran = command.text
    broken = ran.replace("from data.prepare import load\n", "from data.prepare import loadd\n").replace(
        "SEEDS = 3", "SEEDS = 4"
    )
    line = broken.split("\n").index("from data.prepare import loadd") + 1
    error = f"  File \"experiment/main.py\", line {line}, in <module>\nImportError: cannot import name 'loadd'"
    now = replace(first, job=Job.REPAIR, program=broken, error=error, best=Candidate(1, ran, 0.5, {}, ""))
    text = reply_to(now)
    assert "I take that change back and keep the others." in text
    assert f"```EDIT {line} {line}\nfrom data.prepare import load\n```" in text


def test_a_paper_that_only_shares_words_is_not_said_to_be_about_the_question() -> None:
    paper = Paper("odd2000", "Iris Recognition in Biometrics", (), "2000", "", "Recognises people by their eyes. " * 3)
    asked = tuple(
        Entry(at, Agent.PHD_STUDENT, f"SUMMARY {facet.query}", "", Status.OK, "")
        for at, facet in enumerate(
            literature.facets_of(brief(Phase.LITERATURE, Agent.PHD_STUDENT, "Is recognition easy?"))
        )
    )
    now = brief(
        Phase.LITERATURE, Agent.PHD_STUDENT, "Is recognition easy?", papers_wanted=5, found=(paper,), history=asked
    )
    assert "It shares words with the question" in reply_to(now)


def test_noise_is_not_claimed_for_a_table_without_numbers() -> None:
    columns = tuple(Column(name, "category", 0, 3, "x") for name in ("colour", "odour", "edible"))
    card = DataCard("data/raw/t.csv", "t", "classification", 90, columns, "edible", (("e", 50), ("p", 40)))
    question = "Are tree ensembles more robust to noisy features than linear models?"
    now = brief(Phase.PLAN, Agent.POSTDOC, question, data=card)
    assert design.study_for(now).study.kind is Kind.COMPARISON
    assert "numbers only; the table has none" in reply_to(now)
    assert gap(question, bundled_cards()[0]) == ""


def test_a_paper_on_label_noise_does_not_stand_for_networks_in_another_study() -> None:
    noisy = Paper("a", "Making Deep Neural Networks Robust to Label Noise", (), "2017", "", "Neural networks.")
    plain = Paper("b", "Learning Representations by Back-Propagating Errors", (), "1986", "", "Back-propagation.")

    def fits(question: str) -> list[int]:
        facets = literature.facets_of(brief(Phase.LITERATURE, Agent.PHD_STUDENT, question))
        networks = next(facet for facet in facets if facet.name == "neural networks")
        return [networks.fits(paper) for paper in (noisy, plain)]

    on_noise, other = fits("Does feature noise hurt neural networks on digits?")
    assert on_noise < other
    assert fits("Does label noise hurt neural networks on digits?")[0] > on_noise


def test_a_note_that_begins_with_a_capital_is_read_whole() -> None:
    notes = ("Report macro F1. Use at most 400 rows and 30 trees.",)
    reading = design.study_for(brief(Phase.PLAN, Agent.POSTDOC, notes=notes))
    assert (reading.study.metric, reading.rows, reading.trees) == ("macro F1", 400, 30)
