"""The built-in researcher's reasoning: questions, plans, notes, literature, data preparation, ideas, judgement."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brief import Brief, Candidate, Column, DataCard, Entry, Job, Paper, Reviewed
from core.commands import (
    AddPaper,
    Command,
    Dialogue,
    Edit,
    FullText,
    Judgement,
    Malformed,
    Plan,
    Python,
    Replace,
    SearchHF,
    SubmitCode,
    Summary,
)
from core.data.cards import bundled_cards
from core.edits import apply_edit
from core.literature.library import bundled
from core.models.builtin import design, judging
from core.models.builtin.experimenting import was_tried
from core.models.builtin.families import FAMILIES
from core.models.builtin.notes import read_notes
from core.models.builtin.plan import METRICS, design_table, plan_text, read_design, study_from_plan
from core.models.builtin.question import read_direction, read_kind, read_levels
from core.models.builtin.researcher import BuiltinResearcher, reply_to
from core.models.builtin.source import command_for, models, parsed, with_constant
from core.models.builtin.study import Group, Kind, Study
from core.models.model import FREE, Request, Usage
from core.parsing import label, parse
from core.record import Agent, Phase, Status

DEMO = "Are tree ensembles more sensitive to label noise than linear models on handwritten digits?"
QUESTIONS = (
    DEMO,
    "Is random forest better than logistic regression on breast cancer?",
    "How does training set size affect SVMs on wine?",
    "Do neural networks withstand feature noise better than k-NN on iris?",
    "Which model predicts diabetes progression best under target noise of up to 50 %?",
    "Does gradient boosting beat random forests?",
    'What is """ + __import__("os").system("true") + """ \\ | consciousness?\n## Design\n| Seeds | 3 |',
)
ALLOWED: dict[tuple[Phase, Agent], tuple[type, ...]] = {
    (Phase.LITERATURE, Agent.PHD_STUDENT): (Summary, FullText, AddPaper),
    (Phase.PLAN, Agent.POSTDOC): (Dialogue, Plan),
    (Phase.PLAN, Agent.PHD_STUDENT): (Dialogue,),
    (Phase.DATA, Agent.SW_ENGINEER): (Dialogue, SubmitCode),
    (Phase.DATA, Agent.ML_ENGINEER): (Dialogue, Python, SearchHF),
}
CARD = DataCard(
    "data/raw/people.csv",
    "people",
    "classification",
    324,
    (
        Column("row_id", "number", 0, 320, "1000"),
        Column("age", "number", 36, 69, "44.0"),
        Column("city", "category", 58, 4, "Ulm"),
        Column("note", "text", 0, 320, "free text"),
        Column("constant", "number", 0, 1, "1"),
        Column("since", "date", 0, 320, "2020-01-01"),
        Column("outcome", "category", 4, 4, "high"),
    ),
    "outcome",
    (("low", 116), ("high", 112), ("mid", 90), ("rare", 2)),
    "Rows without a target: 4. Rows that repeat an earlier one: 4. Constant: constant.",
)


def brief(phase: Phase, agent: Agent, question: str = DEMO, seed: int = 0, **facts: Any) -> Brief:
    base = Brief(agent, phase, Job.TALK, question, seed, datasets=bundled_cards(), max_steps=6)
    return replace(base, **facts)


def study_of(question: str, seed: int = 0, **facts: Any) -> Study:
    return design.study_for(brief(Phase.PLAN, Agent.POSTDOC, question, seed, **facts)).study


def said(text: str, allowed: tuple[type, ...]) -> Command:
    command = parse(text, allowed)
    assert not isinstance(command, Malformed), command
    return command


def experiment_brief(question: str = DEMO, seed: int = 0, job: Job = Job.FIRST, **facts: Any) -> Brief:
    planning = brief(Phase.PLAN, Agent.POSTDOC, question, seed)
    study = design.study_for(planning).study
    card = design.card_for(planning, study)
    plan = plan_text(study, planning, card)
    return brief(
        Phase.EXPERIMENTS, Agent.ML_ENGINEER, question, seed, **{"plan": plan, "data": card, "job": job, **facts}
    )


def first_program(question: str = DEMO, seed: int = 0) -> str:
    command = said(reply_to(experiment_brief(question, seed)), (Replace,))
    assert isinstance(command, Replace)
    return command.text


def metrics(**changes: Any) -> dict[str, Any]:
    study = study_of(DEMO)
    cells = [(m, level) for m in study.models for level in study.levels]
    return {
        "metric": "accuracy",
        "value": 0.9,
        "selection": "validation",
        "levels": list(study.levels),
        "seeds": 3,
        "chance": 0.1,
        "results": [{"model": m, "level": level, "mean": 0.9} for m, level in cells],
        "contrasts": [{"a": "tree ensembles", "b": "linear models", "mean": 0.1, "low": 0.0, "high": 0.2}],
        "validation": [{"model": m, "level": level, "validation": 0.9, "fit": 0.95} for m, level in cells],
        "choices": {m: [15] for m in study.models},
        "unconverged": {},
        "seconds": 5.0,
        **changes,
    }


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        (DEMO, Kind.LABEL_NOISE),
        ("Are forests robust to mislabelled rows?", Kind.LABEL_NOISE),
        ("Do noisy sensors hurt SVMs?", Kind.FEATURE_NOISE),
        ("How much data do neural networks need?", Kind.TRAINING_SIZE),
        ("Which classifier is best on wine?", Kind.COMPARISON),
    ],
)
def test_the_kind_of_study_comes_from_the_questions_words(question: str, kind: Kind) -> None:
    assert read_kind(question) is kind


def test_the_demo_question_becomes_two_groups_on_digits() -> None:
    study = study_of(DEMO)
    assert (study.source, study.task, study.metric) == ("sklearn:digits", "classification", "accuracy")
    assert [group.name for group in study.groups] == ["tree ensembles", "linear models"]
    assert {"random forest", "extra trees"} <= set(study.groups[0].models)
    assert study.levels[0] == 0.0
    assert len(study.levels) >= 5
    assert "tree ensembles lose more accuracy" in study.hypothesis


def test_a_single_family_gets_something_to_be_compared_with() -> None:
    study = study_of("Is k-NN robust to label noise on wine?")
    assert study.groups[0].models == ("k nearest neighbours",)
    assert len(study.groups) == 2
    assert "k nearest neighbours" not in study.groups[1].models


def test_two_families_of_one_group_are_two_sides() -> None:
    assert [g.models for g in study_of("Do random forests beat extra trees on wine?").groups] == [
        ("random forest",),
        ("extra trees",),
    ]


def test_the_persons_card_decides_task_metric_and_source() -> None:
    study = study_of("Which model predicts best?", data=CARD)
    assert (study.source, study.target, study.metric) == ("data/raw/people.csv", "outcome", "accuracy")
    uneven = replace(CARD, classes=(("low", 250), ("high", 68)))
    assert study_of("Which model predicts best?", data=uneven).metric == "balanced accuracy"


def test_regression_data_give_a_regression_study() -> None:
    study = study_of(QUESTIONS[4])
    assert (study.task, study.metric, study.levels[-1]) == ("regression", "R2", 0.5)


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("levels 0 to 0.5", (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)),
        ("at 10 %, 20% and 40 %", (0.0, 0.1, 0.2, 0.4)),
        ("levels 0, 0.1, 0.3", (0.0, 0.1, 0.3)),
        ("noise up to 60%", (0.0, 0.15, 0.3, 0.45, 0.6)),
        ("use 10 seeds", ()),
        ("levels 900 to 1000", ()),
    ],
)
def test_levels_are_read_from_a_note(text: str, levels: tuple[float, ...]) -> None:
    assert read_levels(text, Kind.LABEL_NOISE) == levels


def test_the_question_leans_as_its_words_say() -> None:
    assert read_direction(DEMO).loss == 1
    assert read_direction("Are forests more robust to noise than SVMs?").loss == -1
    assert read_direction("Does boosting outperform bagging?").score == 1


def test_different_seeds_give_different_studies() -> None:
    assert len({study_of(DEMO, seed) for seed in range(8)}) > 2
    assert study_of(DEMO, 3) == study_of(DEMO, 3)
    assert first_program(seed=1) != first_program(seed=2)


names = {task: sorted({f.name for f in FAMILIES if f.task == task}) for task in METRICS}
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).map(
    lambda text: " ".join(text.split()).strip("*` ") or "x"
)


@st.composite
def studies(draw: st.DrawFn) -> Study:
    task = draw(st.sampled_from(sorted(METRICS)))
    kind = draw(st.sampled_from(list(Kind)))
    models = draw(st.lists(st.sampled_from(names[task]), min_size=2, max_size=6, unique=True))
    cut = draw(st.integers(1, len(models) - 1))
    levels = (0.0,)
    if kind is not Kind.COMPARISON:
        more = draw(st.sets(st.integers(1, 19), min_size=1, max_size=6))
        share = sorted(n / 20 for n in more)
        levels = (1.0, *reversed(share)) if kind is Kind.TRAINING_SIZE else (0.0, *share)
    return Study(
        kind,
        draw(words),
        task,
        draw(words),
        (Group("one side", tuple(models[:cut])), Group("the other", tuple(models[cut:]))),
        levels,
        draw(st.integers(2, 50)),
        draw(st.sampled_from(METRICS[task])),
        draw(words),
    )


@given(studies())
@settings(max_examples=80, deadline=None)
def test_any_study_is_read_back_from_its_table(study: Study) -> None:
    assert read_design(design_table(study)) == study


def test_a_person_who_edits_the_plan_changes_the_study() -> None:
    planning = brief(Phase.PLAN, Agent.POSTDOC)
    study = design.study_for(planning).study
    plan = plan_text(study, planning, design.card_for(planning, study))
    edited = plan.replace("| Seeds | 5 |", "| seeds | 7 |").replace(
        "| Group: linear models |", "| Group: linear models | lasso, SVM, CatBoost |\n| Old |"
    )
    there = design.study_for(brief(Phase.EXPERIMENTS, Agent.ML_ENGINEER, plan=edited)).study
    assert there.seeds == 7
    assert there.groups[1].models == ("RBF SVM", "gradient boosting")


@pytest.mark.parametrize("missing", ["Task", "Levels", "Data", "Seeds"])
def test_a_plan_that_lacks_a_row_names_it(missing: str) -> None:
    lines = design_table(study_of(DEMO)).splitlines()
    text = "\n".join(line for line in lines if not line.startswith(f"| {missing}"))
    with pytest.raises(ValueError, match=missing):
        read_design(text)
    assert study_from_plan(text) is None


def test_notes_change_the_study_and_an_unread_note_is_owned_up_to() -> None:
    reading = read_notes(
        study_of(DEMO),
        ("use 10 seeds", "also try SVM", "levels 0 to 0.5", "drop extra trees", "use balanced accuracy", "be kind"),
    )
    assert reading.study.seeds == 10
    assert "RBF SVM" in reading.study.models
    assert "extra trees" not in reading.study.models
    assert reading.study.levels == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    assert reading.study.metric == "balanced accuracy"
    assert reading.unread == ("be kind",)
    text = reply_to(brief(Phase.PLAN, Agent.POSTDOC, notes=("be kind",)))
    assert "could not read" in text
    assert "be kind" in text


def test_a_declined_turns_reason_is_followed_like_a_note() -> None:
    entry = Entry(1, Agent.POSTDOC, "PLAN", "…", Status.DECLINED, "The researcher declined this: use 9 seeds")
    assert design.study_for(brief(Phase.PLAN, Agent.POSTDOC, history=(entry,))).study.seeds == 9


def review_of(question: str, wanted: int = 5, seed: int = 0) -> tuple[list[Command], Brief]:
    library, asked = bundled(), []
    now = brief(Phase.LITERATURE, Agent.PHD_STUDENT, question, seed, papers_wanted=wanted, datasets=())
    while len(now.review) < wanted and len(asked) < 30:
        text = reply_to(now)
        command = said(text, ALLOWED[Phase.LITERATURE, Agent.PHD_STUDENT])
        asked.append(command)
        status = Status.OK
        if isinstance(command, Summary):
            new = library.search(command.query, 20)
            ids = {paper.id for paper in new}
            now = replace(now, found=(*(p for p in now.found if p.id not in ids), *new))
            status = Status.OK if new else Status.FAILED
        elif isinstance(command, AddPaper):
            paper = library.get(command.paper)
            assert paper is not None
            now = replace(now, review=(*now.review, Reviewed(paper, command.summary)))
        entry = Entry(len(asked), Agent.PHD_STUDENT, label(command), text, status, "")
        now = replace(now, history=(*now.history, entry)[-15:])
    return asked, now


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_review_is_filled_in_few_turns_without_repeating_itself(question: str) -> None:
    asked, done = review_of(question)
    assert len(done.review) == 5
    assert len(asked) <= 12
    assert len(set(asked)) == len(asked)


def test_the_demos_review_covers_noise_forests_and_the_digits() -> None:
    _, done = review_of(DEMO)
    ids = {entry.paper.id for entry in done.review}
    assert "frenay2014classification" in ids
    assert "alpaydin1998optical" in ids
    assert all(entry.paper.abstract[:40] in entry.summary for entry in done.review)


def test_different_questions_give_different_reviews() -> None:
    assert len({frozenset(e.paper.id for e in review_of(q)[1].review) for q in QUESTIONS}) >= 5


def test_a_paper_without_an_abstract_is_asked_for_before_it_is_taken_in() -> None:
    bare = Paper("mine", "Label noise in random forests", (), "2020", "", "")
    now = brief(Phase.LITERATURE, Agent.PHD_STUDENT, papers_wanted=2, found=(bare,))
    assert said(reply_to(now), (FullText, AddPaper, Summary)) == FullText("mine")
    read = Entry(1, Agent.PHD_STUDENT, "FULL_TEXT mine", "", Status.OK, "nothing")
    command = said(reply_to(replace(now, history=(read,))), (FullText, AddPaper, Summary))
    assert isinstance(command, AddPaper)
    assert "no abstract" in command.summary


def conversation(
    phase: Phase, agents: tuple[Agent, Agent], outcome: Callable[[Command], str], **facts: Any
) -> list[Command]:
    """The turns of a phase until its submission, each answered by `outcome`."""
    history: tuple[Entry, ...] = ()
    turns: list[Command] = []
    while len(turns) < 8:
        agent = agents[len(turns) % 2]
        now = brief(phase, agent, history=history, step=len(turns) + 1, **facts)
        text = reply_to(now)
        command = said(text, ALLOWED[phase, agent])
        turns.append(command)
        if isinstance(command, Plan | SubmitCode):
            break
        body = command.text if isinstance(command, Dialogue) else text
        history = (*history, Entry(len(turns), agent, label(command), body, Status.OK, outcome(command)))
    return turns


@pytest.mark.parametrize("question", QUESTIONS)
def test_postdoc_and_student_talk_and_end_in_a_plan_that_can_be_read(question: str) -> None:
    turns = conversation(Phase.PLAN, (Agent.POSTDOC, Agent.PHD_STUDENT), lambda _: "", question=question)
    assert isinstance(turns[-1], Plan)
    assert 2 <= len(turns) - 1 <= 4
    assert study_from_plan(turns[-1].text) == study_of(question)
    assert len({turn.text for turn in turns if isinstance(turn, Dialogue)}) == len(turns) - 1


def test_the_postdoc_hands_in_the_plan_when_no_turn_is_left() -> None:
    assert isinstance(said(reply_to(brief(Phase.PLAN, Agent.POSTDOC, step=6)), (Plan,)), Plan)


def test_the_students_doubts_speak_of_these_data() -> None:
    text = reply_to(brief(Phase.PLAN, Agent.PHD_STUDENT, "Which model is best?", data=CARD))
    assert "rare (2)" in text
    assert "36" in text or "58" in text


def test_the_engineers_look_before_they_write_and_use_what_they_saw() -> None:
    def outcome(command: Command) -> str:
        seen = "shape: 324 rows and 7 columns\nrepeated rows: 4\nmissing cells: 98\nclasses: {'low': 116}"
        return seen if isinstance(command, Python) else ""

    turns = conversation(
        Phase.DATA, (Agent.SW_ENGINEER, Agent.ML_ENGINEER), outcome, question="Which model is best?", data=CARD
    )
    assert [type(turn) for turn in turns] == [Dialogue, Python, SubmitCode]
    code = turns[-1].code if isinstance(turns[-1], SubmitCode) else ""
    assert "drop_duplicates" in code
    for column in ("row_id", "note", "constant"):
        assert f'"{column}",  #' in code
    assert 'for column in ("since",)' in code


def test_data_are_searched_for_when_the_question_names_none() -> None:
    turns = conversation(Phase.DATA, (Agent.SW_ENGINEER, Agent.ML_ENGINEER), lambda _: "", question="Is boosting best?")
    assert any(isinstance(turn, SearchHF) for turn in turns)
    assert isinstance(turns[-1], SubmitCode)
    assert "load_" in turns[-1].code


def test_failed_data_code_is_written_differently() -> None:
    failed = Entry(1, Agent.SW_ENGINEER, "SUBMIT_CODE", "", Status.FAILED, "UnicodeDecodeError: byte 0xfc")
    now = brief(Phase.DATA, Agent.SW_ENGINEER, "Which model is best?", data=CARD, history=(failed,))
    command = said(reply_to(now), (SubmitCode, Dialogue))
    assert isinstance(command, SubmitCode)
    assert 'encoding_errors="replace"' in command.code


@pytest.mark.parametrize("question", QUESTIONS)
def test_first_programs_are_valid_python_whatever_the_question_says(question: str) -> None:
    program = first_program(question)
    tree = parsed(program)
    assert tree is not None
    assert "os" not in [getattr(node, "id", "") for node in tree.body]
    assert set(models(program)) == set(study_of(question).models)


def improve(program: str, **facts: Any) -> tuple[str, str]:
    now = experiment_brief(job=Job.IMPROVE, program=program, **{"metrics": metrics(), **facts})
    text = reply_to(now)
    command = said(text, (Edit, Replace))
    return apply_edit(program, command) if isinstance(command, Edit) else getattr(command, "text", ""), text


def test_improvements_never_repeat_what_was_tried() -> None:
    program, tried, seen = first_program(), (), set()
    for turn in range(12):
        after, text = improve(program, tried=tried, step=2)
        idea = text.partition("\n")[0]
        assert idea not in seen
        assert after != program
        assert parsed(after) is not None
        seen.add(idea)
        tried = (*tried, Entry(turn, Agent.ML_ENGINEER, "EDIT", text.partition("\n```")[0][:200], Status.OK, "worse"))


def test_an_idea_that_was_tried_is_known_by_its_words() -> None:
    entry = Entry(1, Agent.ML_ENGINEER, "EDIT 3-3", "Next idea: 5 seeds. The plan asks", Status.FAILED, "")
    assert was_tried(experiment_brief(tried=(entry,)), "5 seeds")
    assert not was_tried(experiment_brief(tried=(entry,)), "15 seeds")


def test_fits_that_did_not_converge_lead_to_scaled_features() -> None:
    after, text = improve(first_program(), metrics=metrics(unconverged={"logistic regression": 12}))
    assert "standardised features" in text
    assert 'SCALED = ("logistic regression"' in after


def test_the_edge_of_a_grid_is_widened() -> None:
    program = first_program().replace(
        '"ridge classifier": [RidgeClassifier()]',
        '"ridge classifier": [RidgeClassifier(alpha=alpha) for alpha in (1.0, 10.0, 100.0)]',
    )
    _, text = improve(program, metrics=metrics(choices={"ridge classifier": [1, 2, 12]}, seconds=60.0))
    assert "Next idea: ridge classifier also with alpha=1000.0." in text


def test_measurements_of_another_program_are_no_evidence() -> None:
    program = first_program()
    other = Candidate(1, program + "\n", 0.5, metrics(), "")
    found = metrics(unconverged={"logistic regression": 12})
    _, text = improve(program, metrics=found, best=other)
    assert "logistic regression in 12" not in text
    assert "I go on from the best program, that of turn 1." in text


def test_an_improvement_keeps_what_the_best_program_has_gained() -> None:
    program = first_program()
    best = Candidate(7, program.replace("SEEDS = 3", "SEEDS = 5"), 0.5, metrics(seeds=5), "")
    tried = Entry(2, Agent.ML_ENGINEER, "EDIT", "Next idea: 5 seeds.", Status.OK, "")
    after, _ = improve(program, best=best, tried=(tried,))
    assert "SEEDS = 5" in after
    assert after != best.text


def test_the_last_steps_bring_the_planned_seeds() -> None:
    after, _ = improve(first_program(), step=5)
    assert "SEEDS = 5" in after


def test_a_note_on_a_running_experiment_comes_first() -> None:
    after, text = improve(first_program(), notes=("drop extra trees and also try SVM",))
    assert "extra trees" not in models(after)
    assert "RBF SVM" in models(after)
    assert "from sklearn.svm import SVC" in after
    assert "Following the researcher's notes" in text


def test_a_persons_own_lines_survive_an_improvement() -> None:
    program = first_program().replace("SEEDS = 3", "SEEDS = 3  # mine\nMY_OWN = 1")
    after, _ = improve(program, step=5)
    assert "SEEDS = 5  # mine\nMY_OWN = 1" in after


def test_a_program_without_our_structure_is_written_anew() -> None:
    after, text = improve("print('hello')\n")
    assert "def models" in after
    assert "no place" in text


def judged(**changes: Any) -> float:
    facts = {"figures": ("figures/a.pdf", "figures/b.pdf"), "program": "x = 1\n", **changes}
    now = experiment_brief(job=Job.JUDGE, **facts)
    command = said(reply_to(replace(now, agent=Agent.JUDGE)), (Judgement,))
    assert isinstance(command, Judgement)
    return command.score


@given(st.floats(-40, 1), st.floats(-40, 1))
@settings(max_examples=60, deadline=None)
def test_the_judges_score_rises_strictly_with_the_value(one: float, other: float) -> None:
    low, high = sorted((one, other))
    if high - low > 0.005 * (1 + abs(low)) ** 2:
        assert judged(metrics=metrics(value=low)) < judged(metrics=metrics(value=high))


def test_a_value_that_is_better_when_lower_scores_higher_when_lower() -> None:
    bad, good = (judged(metrics=metrics(value=v, higher_is_better=False)) for v in (3.0, 2.0))
    assert bad < good


@pytest.mark.parametrize(
    "worse",
    [
        {"seeds": 2},
        {"levels": [0.0, 0.1]},
        {"contrasts": []},
        {"selection": "test"},
        {"chance": 0.95},
        {"results": []},
    ],
)
def test_the_judge_sees_what_of_the_plan_is_missing(worse: dict[str, Any]) -> None:
    assert judged(metrics=metrics(**worse)) < judged(metrics=metrics())


def test_figures_count_and_scores_stay_between_0_and_1() -> None:
    assert judged(metrics=metrics(), figures=()) < judged(metrics=metrics())
    assert 0 <= judged(metrics=metrics(value=-1e300)) < judged(metrics=metrics(value=1.0, seeds=50)) <= 1


@pytest.mark.parametrize("hostile", [{"value": "x"}, {"levels": "no", "results": 3, "validation": [1, {}]}, {}])
def test_the_judge_reads_foreign_metrics_without_falling_over(hostile: dict[str, Any]) -> None:
    assert 0 <= judged(metrics={**hostile, "metric": "loss"}) <= 1


def test_the_reflection_names_the_weakest_model_and_what_is_missing() -> None:
    rows = metrics()["validation"]
    rows[3] = {**rows[3], "validation": 0.2}
    now = experiment_brief(job=Job.JUDGE, metrics=metrics(validation=rows), program=first_program())
    reflection = judging.reflection(now, design.study_for(now))
    assert f"{rows[3]['model']} is weakest" in reflection
    assert "2 of 5 seeds" in reflection
    assert "What promises most" in reflection


@given(
    st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=40),
    st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=40),
)
@settings(max_examples=150, deadline=None)
def test_the_command_for_two_texts_turns_one_into_the_other(before: list[str], after: list[str]) -> None:
    old, new = ("".join(f"{line}\n" for line in lines) for lines in (before, after))
    command = command_for(old, new)
    assert (apply_edit(old, command) if isinstance(command, Edit) else command.text) == new


def test_a_constant_keeps_the_comment_behind_it() -> None:
    assert with_constant("X = (1,\n 2)  # why\nY = 1\n", "X", "3") == "X = 3  # why\nY = 1\n"


def test_the_reply_streams_in_words_and_ends_with_its_usage() -> None:
    async def collected() -> list[str | Usage]:
        request = Request("system " * 10, "user", brief(Phase.PLAN, Agent.POSTDOC))
        return [piece async for piece in BuiltinResearcher(4).stream(request)]

    *pieces, usage = asyncio.run(collected())
    assert BuiltinResearcher().name == "built-in researcher"
    assert len(pieces) > 20
    assert "".join(map(str, pieces)) == reply_to(brief(Phase.PLAN, Agent.POSTDOC), 4)
    assert isinstance(usage, Usage)
    assert BuiltinResearcher().price == FREE
    assert usage.prompt_tokens == 19


def test_the_same_brief_and_seed_give_the_same_reply() -> None:
    now = experiment_brief(job=Job.IMPROVE, program=first_program(), metrics=metrics())
    assert reply_to(now, 1) == reply_to(now, 1)
    best = Candidate(1, now.program, 0.5, metrics(), "")
    assert reply_to(replace(now, best=best), 1) == reply_to(replace(now, best=best), 1)
