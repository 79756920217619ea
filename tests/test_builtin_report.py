"""The built-in researcher's interpretation, report, judgement and reviews, on small studies really measured."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brief import Brief, Candidate, Column, DataCard, Entry, Job, Paper, Review, Reviewed
from core.commands import Dialogue, Edit, Finish, GoBack, Interpretation, Judgement, Malformed, ReviewForm
from core.commands import Replace as Whole
from core.edits import apply_edit
from core.latex.compile import compile_report
from core.latex.sections import SECTIONS, empty_sections, scaffold, section_text, with_section
from core.literature.library import bundled
from core.literature.references import cited_keys, thebibliography
from core.models.builtin.evidence import Contrast, Evidence, read_evidence
from core.models.builtin.facts import facts_of
from core.models.builtin.findings import findings
from core.models.builtin.interpret import doubts, interpretation_turn
from core.models.builtin.notes import person_said, read_notes
from core.models.builtin.numbers import unsupported
from core.models.builtin.plan import study_from_plan
from core.models.builtin.polish import edit_between
from core.models.builtin.report import report_turn
from core.models.builtin.reviewing import draft_judgement, refinement_turn, review_turn
from core.models.builtin.verdict import Outcome, decide
from core.models.builtin.wording import minus, ratio, words
from core.parsing import parse
from core.record import Agent, Phase, Status
from core.review.form import parse_review
from tests.measured_studies import PAPERS, QUESTIONS, STUDIES, brief_of, figure_pdf

STUDY_NAMES = tuple(QUESTIONS)


def said(reply: str, *allowed: type) -> Any:
    """The command of a reply, which must be well-formed."""
    command = parse(reply, allowed)
    assert not isinstance(command, Malformed), command
    return command


def drafted(name: str, **changes: Any) -> tuple[Brief, str]:
    """A brief and its first whole report, written section by section as the paper-solver asks for it."""
    return _draft(name) if not changes else _written(brief_of(name, **changes))


@cache
def _draft(name: str) -> tuple[Brief, str]:
    return _written(brief_of(name))


def _written(brief: Brief) -> tuple[Brief, str]:
    title = said(report_turn(replace(brief, job=Job.FIRST)), Whole).text
    report = scaffold(" ".join(title.split()), "labtop")
    while wanted := empty_sections(report):
        reply = report_turn(replace(brief, job=Job.SECTION, section=wanted[0], report=report))
        report = with_section(report, wanted[0], said(reply, Whole).text)
    return brief, report


@cache
def finished(name: str) -> tuple[Brief, tuple[tuple[str, float], ...]]:
    """A study's brief, and its report from the draft to the last improvement, each with its score."""
    brief, draft = drafted(name)
    return brief, tuple(improvements(brief, draft))


def judged(brief: Brief, report: str) -> Judgement:
    reply = draft_judgement(replace(brief, agent=Agent.PROFESSOR, job=Job.JUDGE, report=report))
    judgement: Judgement = said(reply, Judgement)
    return judgement


def improvements(brief: Brief, report: str) -> list[tuple[str, float]]:
    """The report after each improvement with its score, from the draft on, until the rules know of no more."""
    judgement = judged(brief, report)
    steps = [(report, judgement.score)]
    for _ in range(12):
        best = Candidate(1, report, judgement.score, {}, judgement.reflection)
        reply = report_turn(replace(brief, job=Job.IMPROVE, report=report, best=best))
        edit = said(reply, Edit)
        if "know of nothing" in reply:
            return steps
        report = apply_edit(report, edit)
        judgement = judged(brief, report)
        steps.append((report, judgement.score))
    raise AssertionError("the improvements never end")


def printed_decimals(report: str) -> list[str]:
    """The decimal numbers that a reader of the report sees, found without the code under test."""
    body = report.partition(r"\begin{document}")[2].replace("$-$", "-")
    body = re.sub(r"\\includegraphics\[[^\]]*\]|p\{0\.62\\linewidth\}|(?<!\\)%.*", "", body)
    return re.findall(r"(?<![\w.])-?\d+\.\d+", body)


def all_numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in all_numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in all_numbers(item)]
    return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


# the report


@pytest.mark.parametrize("name", [*STUDIES])
def test_every_section_of_every_study_is_written_with_substance(name: str) -> None:
    _, report = drafted(name)

    assert [section for section in SECTIONS if words(section_text(report, section)) < 60] == []
    assert 800 < sum(words(section_text(report, section)) for section in SECTIONS) < 3200
    assert "is not a language model" in section_text(report, "Discussion")


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_every_decimal_number_of_a_report_is_measured_or_computed_in_view(name: str) -> None:
    brief, steps = finished(name)
    report = steps[-1][0]
    known = all_numbers(brief.metrics)
    shown = re.sub(r"[{}$]|\\,", "", report.replace("$-$", "-"))
    computed = [result for a, op, b, result in re.findall(r"(-?[\d.]+) ([-/]) (-?[\d.]+) = (-?\d+\.\d+)", shown)]
    quoted = re.findall(r"\d+\.\d+", brief.question + brief.plan)

    strangers = []
    for token in printed_decimals(report):
        digits, value = len(token.split(".")[1]), abs(float(token))
        measured = any(abs(abs(x) - value) < 0.51 * 10**-digits or abs(100 * abs(x) - value) < 1e-9 for x in known)
        if not measured and token not in computed and token.lstrip("-") not in quoted:
            strangers.append(token)
    assert strangers == []


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_differences_and_quotients_in_view_come_out_as_printed(name: str) -> None:
    _, steps = finished(name)
    text = re.sub(r"[{}$]|\\,", "", steps[-1][0].replace("$-$", "-"))

    for a, operator, b, result in re.findall(r"(-?\d[\d.]*) ([-/]) (-?\d[\d.]*) = (-?\d+\.\d+)", text):
        value = float(a) - float(b) if operator == "-" else float(a) / float(b)
        assert value == pytest.approx(float(result), abs=0.51 * 10 ** -len(result.split(".")[1]))


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_a_report_cites_the_papers_of_the_review_and_no_others(name: str) -> None:
    _, report = drafted(name)

    assert set(cited_keys(report)) == set(PAPERS[name])


def test_a_paper_whose_id_cannot_be_a_key_is_not_cited() -> None:
    paper = Paper("x}\\input{/etc/passwd}", "Evil", ("A",), "2020", "", "Shows that labels lie.")
    brief, report = drafted("label noise", review=(Reviewed(paper, paper.abstract),))

    assert cited_keys(report) == []
    assert "passwd" not in report
    assert judged(brief, report).score > 0.6


def test_the_title_is_one_plain_line_that_names_what_was_compared() -> None:
    reply = report_turn(brief_of("label noise", job=Job.FIRST))

    title = said(reply, Whole).text
    assert title.strip() == "Tree Ensembles and Linear Models under Label Noise on Iris Flowers: A Paired Measurement"


def test_the_same_brief_gives_the_same_reply() -> None:
    brief, report = drafted("feature noise")

    assert _written(brief)[1] == report
    for turn in (report_turn, draft_judgement, review_turn, refinement_turn):
        again = [turn(replace(brief, job=Job.IMPROVE, report=report)) for _ in range(2)]
        assert again[0] == again[1]
    talk = replace(brief, agent=Agent.POSTDOC, phase=Phase.INTERPRETATION)
    assert interpretation_turn(talk) == interpretation_turn(talk)


def test_other_measurements_give_another_report() -> None:
    metrics = brief_of("label noise").metrics or {}
    other = json.loads(json.dumps(metrics))
    for contrast in other["contrasts"]:
        contrast["mean"], contrast["low"], contrast["high"] = 0.001, -0.03, 0.032
    _, report = drafted("label noise", metrics=other)

    assert "no difference in the loss of accuracy" in section_text(report, "Abstract")
    assert "undecided" in section_text(report, "Discussion")


def test_hostile_names_stay_text() -> None:
    evil = r"\input{/etc/passwd} 100% & _x_ ${"
    columns = (Column(evil, "number", 3, 5, "1"),)
    card = DataCard("data/raw/x.csv", evil, "classification", 150, columns, evil, ((evil, 90), ("b", 60)))
    brief, report = drafted("label noise", data=card, question=f"Is {evil} so?")

    body = report.partition(r"\begin{document}")[2]
    assert r"\input{/etc" not in body
    assert body.count("{") - body.count(r"\{") == body.count("}") - body.count(r"\}")
    assert judged(brief, report).score > 0.6


async def test_reports_compile_with_every_table_and_figure() -> None:
    for name, most in (("label noise", 7), ("many groups", 7)):
        brief, steps = finished(name)
        report = steps[-1][0]
        references = thebibliography(bundled().bibtex(PAPERS[name]), cited_keys(report))
        files = {"references.tex": references.encode(), **dict.fromkeys(brief.figures, figure_pdf())}

        compiled = await compile_report(report, files)

        assert [str(problem) for problem in compiled.problems if problem.severity == "error"] == []
        assert 3 <= len(compiled.pages) <= most
        assert "??" not in " ".join(compiled.pages)


async def test_a_report_on_hostile_names_compiles() -> None:
    evil = r"\end{document}\input{x} 100% & _x_ ${^~# 数据"
    card = DataCard("x.csv", evil, "classification", 150, (), evil, ((evil, 90), (evil, 60)))
    metrics = json.loads(json.dumps(brief_of("label noise").metrics).replace("extra trees", "x_% & {"))
    _, report = drafted("label noise", data=card, question=evil, metrics=metrics, figures=(), review=())

    compiled = await compile_report(report, {"references.tex": b"% none\n"})

    assert [str(p) for p in compiled.problems if p.severity == "error"] == []


# improvements and repairs


@pytest.mark.parametrize("name", [*STUDIES])
def test_improvements_raise_the_judgement_step_by_step_and_end(name: str) -> None:
    _, steps = finished(name)

    scores = [score for _, score in steps]
    assert scores == sorted(set(scores))
    assert 1 <= len(steps) <= 5
    assert scores[-1] == 0.9


def test_the_professor_names_first_what_the_next_improvement_mends() -> None:
    brief, report = drafted("label noise")
    judgement = judged(brief, report)

    best = Candidate(1, report, judgement.score, {}, judgement.reflection)
    reply = report_turn(replace(brief, job=Job.IMPROVE, report=report, best=best))

    named = re.search(r"Next: “([^”]+)”", judgement.reflection)
    assert named
    assert f"“{named[1]}”" in reply


def test_an_improvement_that_failed_is_not_tried_again_first() -> None:
    brief, report = drafted("label noise")
    first = report_turn(replace(brief, job=Job.IMPROVE, report=report))
    words_ = first.partition("\n```")[0]
    failed = Entry(3, Agent.PHD_STUDENT, "EDIT 1-2", words_, Status.FAILED, "LaTeX error")

    second = report_turn(replace(brief, job=Job.IMPROVE, report=report, tried=(failed,)))

    assert second.partition("\n```")[0] != words_


def test_a_report_that_misses_nothing_is_changed_by_a_comment_alone() -> None:
    brief, steps = finished("comparison")
    report = steps[-1][0]

    for _ in range(2):
        better = apply_edit(report, said(report_turn(replace(brief, job=Job.IMPROVE, report=report)), Edit))
        assert better != report
        assert judged(brief, better).score == judged(brief, report).score
        report = better


@pytest.mark.parametrize(
    ("damage", "section"),
    [
        (lambda text: text.replace("0.", "7.", 3), "Results"),
        (lambda text: "Nothing.", "Methods"),
        (lambda text: re.sub(r"\\cite[pt]\{[^}]*\}", "", text), "Related Work"),
        (lambda text: text.replace(r"\item", ""), "Discussion"),
        (lambda text: re.sub(r"\\begin\{figure\}.*?\\end\{figure\}", "", text, flags=re.DOTALL), "Results"),
        (lambda text: text.replace("seeds", "runs"), "Experimental Setup"),
    ],
)
def test_what_damages_a_report_lowers_its_judgement_and_is_mended(damage: Any, section: str) -> None:
    brief, report = drafted("label noise")
    worse = with_section(report, section, damage(section_text(report, section)))

    steps = improvements(brief, worse)

    assert steps[0][1] < judged(brief, report).score
    assert steps[-1][1] == 0.9


def repaired(brief: Brief, report: str, problem: str) -> str:
    reply = report_turn(replace(brief, job=Job.REPAIR, report=report, error=problem))
    return apply_edit(report, said(reply, Edit))


def test_a_citation_that_the_review_does_not_hold_is_taken_out() -> None:
    brief, report = drafted("label noise")
    text = section_text(report, "Methods")
    broken = with_section(
        report, "Methods", text + r" As is known~\citep{nobody2020, breiman2001random}, \citet{nobody2020}."
    )

    mended = repaired(brief, broken, "\\cite of “nobody2020”, which is not in the literature review.")

    assert "nobody2020" not in mended
    assert r"As is known~\citep{breiman2001random}," in mended
    assert r"\def\cite{\citet}" in mended


def test_an_empty_section_is_written() -> None:
    brief, report = drafted("label noise")
    start = report.index("% labtop: section Results\n") + len("% labtop: section Results\n")
    broken = report[:start] + report[report.index("% labtop: end Results") :]
    assert empty_sections(broken) == ["Results"]

    mended = repaired(brief, broken, "The section Results is empty.")

    assert empty_sections(mended) == []
    assert section_text(mended, "Results") == section_text(report, "Results")


def test_a_figure_that_is_not_there_goes_with_what_refers_to_it() -> None:
    brief, report = drafted("label noise")

    mended = repaired(brief, report, "line 130: File `figures/scores.pdf' not found.")

    assert "figures/scores.pdf" not in mended
    assert "fig:scores" not in mended
    assert r"\label{tab:results}" in mended


def test_a_broken_line_is_mended_by_writing_its_section_anew() -> None:
    brief, report = drafted("label noise")
    broken = report.replace(r"\paragraph{Statistics.}", r"\undefinedcommand{Statistics.")
    line = broken[: broken.index(r"\undefinedcommand")].count("\n") + 1

    assert repaired(brief, broken, f"error, line {line}: Undefined control sequence \\undefinedcommand") == report


def test_a_line_that_the_rules_would_write_again_is_taken_out_with_its_float() -> None:
    brief, report = drafted("label noise")
    line = report[: report.index(r"\label{tab:results}")].count("\n") + 1

    mended = repaired(brief, report, f"error, line {line}: Misplaced \\noalign.")

    assert r"\label{tab:results}" not in mended
    assert mended.count(r"\begin{table}") == report.count(r"\begin{table}") - 1
    assert mended.count(r"\end{table}") == mended.count(r"\begin{table}")


def test_a_problem_outside_of_all_sections_still_gets_an_edit_that_applies() -> None:
    brief, report = drafted("label noise")

    mended = repaired(brief, report, "error, line 3: something in the preamble")

    assert mended != report
    assert mended.replace("% The rules could not mend what the check reported.\n", "") == report


@given(st.lists(st.sampled_from("abc%"), max_size=8), st.lists(st.sampled_from("abc%"), max_size=8))
def test_the_smallest_edit_between_two_texts_makes_the_second_of_the_first(old: list[str], new: list[str]) -> None:
    before, after = ("".join(f"{line}\n" for line in lines) for lines in (old, new))

    assert apply_edit(before, edit_between(before, after)) == after


# numbers


def test_a_number_from_nowhere_is_found() -> None:
    report = r"\begin{document}We measured 0.912 and 0.555. Also 0.912 $-$ 0.300 = 0.612, and 12.5\,\%.\end{document}"

    assert unsupported(report, {"a": [0.9123, 0.3001, 0.125]}) == ["0.555"]


def test_a_sum_that_does_not_come_out_is_found() -> None:
    assert unsupported("0.900 − 0.300 = 0.700", [0.9, 0.3]) == ["0.700"]


def test_lengths_comments_and_keys_are_no_numbers_of_the_report() -> None:
    text = "\\includegraphics[width=0.77\\linewidth]{a.pdf} % 0.66\n\\citep{1706.0376}\\label{tab:0.55} 0.44\\linewidth"

    assert unsupported(text, []) == []


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_difference_in_view_is_supported_by_its_own_parts(a: float, b: float) -> None:
    shown = minus(a, b)
    left, right = (float(part.replace("−", "-")) for part in re.split(r" − | = ", shown)[:2])

    assert unsupported(shown, [left, right]) == []


@given(st.floats(0.001, 1e6), st.floats(0.001, 1e6))
def test_a_quotient_in_view_comes_out_as_printed(a: float, b: float) -> None:
    left, right, result = (float(part) for part in re.split(r" / | = ", ratio(a, b)))

    assert left / right == pytest.approx(result, abs=0.0501)


# the verdict


def contrast(low: float, high: float, quantity: str = "drop") -> Contrast:
    return Contrast("tree ensembles", "linear models", quantity, (low + high) / 2, 0.01, low, high, 5)


@pytest.mark.parametrize(
    ("hypothesis", "low", "high", "outcome"),
    [
        ("Tree ensembles lose more accuracy than linear models.", 0.01, 0.03, Outcome.SUPPORTED),
        ("Tree ensembles lose more accuracy than linear models.", -0.03, -0.01, Outcome.REFUTED),
        ("Tree ensembles lose more accuracy than linear models.", -0.01, 0.03, Outcome.UNDECIDED),
        ("Linear models lose more accuracy than tree ensembles.", 0.01, 0.03, Outcome.REFUTED),
        ("Tree ensembles lose less accuracy than linear models.", -0.03, -0.01, Outcome.SUPPORTED),
        ("Tree ensembles are more robust than linear models.", -0.03, -0.01, Outcome.SUPPORTED),
        ("Tree ensembles lose as much accuracy as linear models do.", 0.01, 0.03, Outcome.REFUTED),
        ("Tree ensembles lose as much accuracy as linear models do.", -0.01, 0.03, Outcome.UNDECIDED),
        ("Tree ensembles and linear models are sensitive to noise.", 0.01, 0.03, Outcome.UNDECIDED),
    ],
)
def test_a_paired_interval_decides_the_hypothesis(hypothesis: str, low: float, high: float, outcome: Outcome) -> None:
    evidence = replace(read_evidence(brief_of("label noise").metrics), contrasts=(contrast(low, high),))

    assert decide(hypothesis, evidence).outcome is outcome


def test_a_contrast_of_losses_does_not_decide_a_hypothesis_about_scores() -> None:
    evidence = replace(read_evidence(brief_of("label noise").metrics), contrasts=(contrast(0.01, 0.03),), losses=())

    verdict = decide("The mean accuracy of tree ensembles is higher than that of linear models.", evidence)

    assert verdict.contrast is None


def test_an_interval_that_holds_zero_is_called_no_difference() -> None:
    evidence = replace(read_evidence(brief_of("label noise").metrics), contrasts=(contrast(-0.01, 0.03),))

    told = {finding.topic: finding.text for finding in findings(evidence)}["contrast"]

    assert "no difference" in told
    assert "lose" not in told.replace("loss", "")


def test_a_model_that_gains_under_the_disturbance_is_a_surprise() -> None:
    metrics = json.loads(json.dumps(brief_of("label noise").metrics))
    metrics["drops"][0] |= {"mean": -0.05, "std": 0.01}

    told = {finding.topic: finding.text for finding in findings(read_evidence(metrics))}

    assert "Against expectation random forest does not lose" in told["surprise"]
    assert "3 of 4 models lose" in told["losses"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("metric", "value", "levels", "results", "drops", "contrasts", "groups", "rows", "settings", "seeds", "choices")
CELL = st.fixed_dictionaries(
    {"model": st.text(max_size=3), "mean": st.floats(-1e300, 1e300), "level": st.sampled_from([0.0, 1.0])},
    optional={"std": st.floats(0, 10), "scores": st.lists(st.floats(), max_size=3), "group": st.text(max_size=3)},
)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(KEYS), JSON), st.lists(CELL, max_size=4))
def test_no_metrics_file_breaks_the_writer(junk: dict[str, Any], cells: list[dict[str, Any]]) -> None:
    metrics = {**junk, "results": cells} if cells else junk
    brief = brief_of("one number", metrics=metrics)

    facts = facts_of(brief)
    assert isinstance(facts.evidence, Evidence)
    for name in SECTIONS:
        assert said(report_turn(replace(brief, job=Job.SECTION, section=name)), Whole).text.strip()
    said(interpretation_turn(replace(brief, agent=Agent.POSTDOC, step=6)), Interpretation)


# the talk


def talk(brief: Brief) -> tuple[list[str], str]:
    """The utterances and the interpretation that they end with."""
    history: tuple[Entry, ...] = ()
    spoken: list[str] = []
    for step in range(1, brief.max_steps + 1):
        agent = Agent.POSTDOC if step % 2 else Agent.PHD_STUDENT
        reply = interpretation_turn(replace(brief, agent=agent, phase=Phase.INTERPRETATION, history=history, step=step))
        command = said(reply, Dialogue, Interpretation)
        if isinstance(command, Interpretation):
            return spoken, command.text
        spoken.append(command.text)
        history += (Entry(step, agent, "DIALOGUE", command.text, Status.OK, command.text),)
    raise AssertionError("the talk never ends")


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_the_talk_ends_with_an_interpretation_whose_numbers_are_measured(name: str) -> None:
    brief = brief_of(name)

    spoken, text = talk(brief)

    assert 2 <= len(spoken) <= 5
    assert text.startswith("# Interpretation")
    assert "## Limits" in text
    assert unsupported("\n".join([*spoken, text]), brief.metrics, brief.question + brief.plan) == []


def test_the_student_doubts_and_the_postdoc_answers_with_numbers() -> None:
    brief = brief_of("label noise")
    spoken, text = talk(brief)
    raised = doubts(facts_of(brief))

    asked = [doubt for doubt in raised if doubt.question in spoken[1]]
    assert len(asked) == 2
    assert all(doubt.answer in spoken[2] for doubt in asked)
    assert all(doubt.answer in text for doubt in asked)
    assert re.search(r"\d\.\d{3}", spoken[2])


def test_the_last_turn_of_the_talk_is_the_interpretation_whatever_was_said() -> None:
    brief = brief_of("label noise", agent=Agent.POSTDOC, step=6)

    assert isinstance(said(interpretation_turn(brief), Interpretation), Interpretation)


def test_a_note_of_the_person_is_kept_in_the_interpretation_word_for_word() -> None:
    brief = brief_of("label noise", agent=Agent.POSTDOC, step=6, notes=("Mind the petals.",))

    assert "“Mind the petals.”" in said(interpretation_turn(brief), Interpretation).text


# reviews and the decision


def reviews_of(brief: Brief, report: str) -> list[Review]:
    bents = (
        (Agent.REVIEWER_1, "You look hardest at the experiments: are they sound?"),
        (Agent.REVIEWER_2, "You ask for impact: who would do anything differently?"),
        (Agent.REVIEWER_3, "You look for what is new."),
    )
    reviews = []
    for agent, bent in bents:
        reply = review_turn(replace(brief, agent=agent, persona=bent, report=report, phase=Phase.REFINEMENT))
        review = parse_review(said(reply, ReviewForm).text, agent)
        assert isinstance(review, Review), review
        reviews.append(review)
    return reviews


def decision(brief: Brief, report: str, **changes: Any) -> Finish | GoBack:
    reviews = tuple(reviews_of(brief, report))
    asked = replace(brief, phase=Phase.REFINEMENT, report=report, reviews=reviews, **changes)
    command: Finish | GoBack = said(refinement_turn(asked), Finish, GoBack)
    return command


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_three_reviewers_fill_the_form_about_this_very_study(name: str) -> None:
    brief, report = drafted(name)

    reviews = reviews_of(brief, report)

    assert len({review.weaknesses for review in reviews}) > 1
    assert all(brief.data and brief.data.title in review.weaknesses[0] for review in reviews)
    assert all((review.decision == "Accept") == (review.overall >= 6) for review in reviews)


def test_a_number_from_nowhere_caps_the_grades() -> None:
    brief, report = drafted("label noise")
    false = with_section(report, "Results", section_text(report, "Results") + " We also reached 0.7777.")

    assert all(review.overall > 2 for review in reviews_of(brief, report))
    assert all(review.overall <= 2 and review.soundness <= 2 for review in reviews_of(brief, false))
    assert "0.7777" in reviews_of(brief, false)[0].weaknesses[0]


def undecided(**changes: Any) -> tuple[Brief, str]:
    metrics = json.loads(json.dumps(brief_of("label noise").metrics))
    metrics["contrasts"][0] |= {"mean": 0.001, "low": -0.03, "high": 0.032}
    return drafted("label noise", metrics=metrics, **changes)


def test_an_undecided_study_goes_back_once_for_more_seeds() -> None:
    brief, report = undecided()

    back = decision(brief, report)

    assert isinstance(back, GoBack)
    assert back.phase is Phase.EXPERIMENTS
    study = study_from_plan(brief.plan)
    assert study
    again = replace(brief, round=2, reason=back.reason)
    assert read_notes(study, person_said(again)).study == replace(study, seeds=10)
    assert isinstance(decision(brief, report, round=2), Finish)


def test_more_seeds_are_not_asked_for_where_there_is_no_time_for_them() -> None:
    brief, report = undecided(limit_seconds=0.01)

    assert isinstance(decision(brief, report), Finish)


def test_a_refused_return_becomes_a_finish() -> None:
    brief, report = undecided()
    refused = Entry(9, Agent.PHD_STUDENT, "", "…", Status.MALFORMED, "GO_BACK cannot be used now.")

    assert isinstance(decision(brief, report, history=(refused,)), Finish)


def test_a_decided_study_is_finished_and_says_what_stays_open() -> None:
    end = decision(*drafted("label noise"))

    assert isinstance(end, Finish)
    assert "one data set" in end.reason


def test_a_thin_section_goes_back_to_report_writing() -> None:
    brief, report = drafted("label noise")

    back = decision(brief, with_section(report, "Methods", "We did it."))

    assert isinstance(back, GoBack)
    assert back.phase is Phase.REPORT
    assert "Methods" in back.reason
