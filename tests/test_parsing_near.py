"""Replies that nearly hold a command are understood where they can mean one thing only, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    Malformed,
    Plan,
    Python,
    Replace,
    ReviewForm,
    SearchHF,
    SubmitCode,
    Summary,
)
from core.edits import numbered
from core.parsing import blank, form, parse, write
from core.record import Phase
from tests.test_parsing import COMMANDS, EVERY

READ = (Summary, FullText, AddPaper)
TALK = (Dialogue, Plan)
LOOK = (Dialogue, Python, SearchHF)
PREPARE = (Dialogue, SubmitCode)
SOLVER = (Edit, Replace)
SETS = (READ, TALK, LOOK, PREPARE, SOLVER, (Replace,), (Plan,), (Interpretation,), (Judgement,), (ReviewForm,), EVERY)
PROGRAM = 'import json\n\njson.dump({}, open("results/metrics.json", "w"))\n'

UNDERSTOOD: list[tuple[str, tuple[type, ...], Command]] = [
    # the word in another case or decoration, on the fence
    ("```replace\nx = 1\n```", (Replace,), Replace("x = 1\n")),
    ("```Replace\nx = 1\n```", (Replace,), Replace("x = 1\n")),
    ("```full-text\nho1995random\n```", READ, FullText("ho1995random")),
    ("```Add Paper\nho1995random\nForests.\n```", READ, AddPaper("ho1995random", "Forests.")),
    ("```edit 12-18\nx\n```", SOLVER, Edit(12, 18, "x\n")),
    ("```REPLACE python\nx = 1\n```", SOLVER, Replace("x = 1\n")),
    ("```REPLACE experiment/main.py\nx = 1\n```", SOLVER, Replace("x = 1\n")),
    ("```ADD_PAPER.\nho1995random\nForests.\n```", READ, AddPaper("ho1995random", "Forests.")),
    ("```SUMMARY. label noise\n```", READ, Summary("label noise")),
    ("SUBMIT_CODE\nx = 1\n```\n", PREPARE, SubmitCode("x = 1\n")),
    ("# Plan\n\n## Question\nA?\n\n## Data\nB.", TALK, Plan("# Plan\n\n## Question\nA?\n\n## Data\nB.")),
    # the language in place of the word
    ("```python\nx = 1\n```", (Replace,), Replace("x = 1\n")),
    ("```py\nprint(1)\n```", LOOK, Python("print(1)\n")),
    ("```Python\nprint(1)\n```", PREPARE, SubmitCode("print(1)\n")),
    (f"Better:\n```python\n{PROGRAM}```", SOLVER, Replace(PROGRAM)),
    ('```json\n{"summary": ""}\n```', (ReviewForm,), ReviewForm('{"summary": ""}')),
    ("```markdown\n# Plan\n\nMeasure.\n```", TALK, Plan("# Plan\n\nMeasure.")),
    ("```md\n# Interpretation\n```", (Interpretation,), Interpretation("# Interpretation")),
    ("```\nx = 1\n```", (Replace,), Replace("x = 1\n")),
    # the word on the line after the fence, or before it
    ("```\nREPLACE\nx = 1\n```", SOLVER, Replace("x = 1\n")),
    ("```python\nREPLACE\nx = 1\n```", SOLVER, Replace("x = 1\n")),
    ("```python\n# EDIT 3 4\nx = 1\n```", SOLVER, Edit(3, 4, "x = 1\n")),
    ("REPLACE\n```python\nx = 1\n```", SOLVER, Replace("x = 1\n")),
    ("**Replace:**\n\n```python\nx = 1\n```", SOLVER, Replace("x = 1\n")),
    ("EDIT 12 18\n```python\nx = 1\n```", SOLVER, Edit(12, 18, "x = 1\n")),
    ("### Command: `PLAN`\n```\nMeasure.\n```", TALK, Plan("Measure.")),
    ("````markdown\n```REPLACE\nx = 1\n```\n````", SOLVER, Replace("x = 1\n")),
    ("```markdown\n```REPLACE\nx = 1\n```\n```", SOLVER, Replace("x = 1\n")),
    # the fence
    ("```REPLACE\nx = 1\n", SOLVER, Replace("x = 1\n")),
    ("```SUMMARY\nlabel noise\nturn 3: found", READ, Summary("label noise")),
    ("```REPLACE\nx = 1\n```\n```", SOLVER, Replace("x = 1\n")),
    ("~~~REPLACE\nx = 1\n~~~", SOLVER, Replace("x = 1\n")),
    ("~~~python\nx = 1\n~~~", (Replace,), Replace("x = 1\n")),
    # no fence at all
    ("SUMMARY label noise", READ, Summary("label noise")),
    ("I search first.\n\nSUMMARY: label noise\n\nThen I read.", READ, Summary("label noise")),
    ("SUMMARY\nlabel noise", READ, Summary("label noise")),
    ("FULL_TEXT: ho1995random", READ, FullText("ho1995random")),
    (
        "ADD_PAPER ho1995random\n\nForests of\nrandom trees.",
        READ,
        AddPaper("ho1995random", "Forests of\nrandom trees."),
    ),
    (
        "ADD_PAPER ho1995random — Random Decision Forests (Tin Kam Ho, 1995)\nGood.",
        READ,
        AddPaper("ho1995random", "Good."),
    ),
    ("ADD_PAPER ho1995random: says that forests help.", READ, AddPaper("ho1995random", "says that forests help.")),
    ("DIALOGUE: Ten seeds?", TALK, Dialogue("Ten seeds?")),
    ("Ten seeds?\n\nOr five?", TALK, Dialogue("Ten seeds?\n\nOr five?")),
    ("Look at\n```python\nprint(1)\n```", (Dialogue,), Dialogue("Look at\n```python\nprint(1)\n```")),
    ("Here it is.\n\n# Plan\n\n## Question\nWhy?", (Plan,), Plan("# Plan\n\n## Question\nWhy?")),
    ("# Plan\n\n```python\nx = 1\n```\n", (Plan,), Plan("# Plan\n\n```python\nx = 1\n```")),
    ('<think>{"a": 1}</think>My review: {"b": {}} Done.', (ReviewForm,), ReviewForm('{"b": {}}')),
    ("Score: 0.7\nReflection: sound.", (Judgement,), Judgement(0.7, "sound.")),
    (
        "It runs.\n\nThe score is 0.7, since it is sound.",
        (Judgement,),
        Judgement(0.7, "It runs.\n\nThe score is 0.7, since it is sound."),
    ),
    # what the bodies hold
    ("```EDIT 12, 18\nx\n```", SOLVER, Edit(12, 18, "x\n")),
    ("```EDIT lines 12 to 18\nx\n```", SOLVER, Edit(12, 18, "x\n")),
    ("```EDIT 12:18\nx\n```", SOLVER, Edit(12, 18, "x\n")),
    ("```EDIT [12, 18]\nx\n```", SOLVER, Edit(12, 18, "x\n")),
    ("```EDIT 12\nx\n```", SOLVER, Edit(12, 12, "x\n")),
    ("```EDIT\n12 18\nx\n```", SOLVER, Edit(12, 18, "x\n")),
    ("```EDIT 1 2\n  1| x = 1\n  2|\n  3|     y\n```", SOLVER, Edit(1, 2, "x = 1\n\n    y\n")),
    ("```ADD_PAPER\nid: ho1995random\nsummary: Forests.\n```", READ, AddPaper("ho1995random", "Forests.")),
    ("```ADD_PAPER\n**Paper ID:** `ho1995random`\nForests.\n```", READ, AddPaper("ho1995random", "Forests.")),
    ("```FULL_TEXT\nid: arXiv:2103.00020\n```", READ, FullText("arXiv:2103.00020")),
    ("```SCORE\nScore: 0.7\nGood.\n```", (Judgement,), Judgement(0.7, "Good.")),
    ("```SCORE\n7/10\nGood.\n```", (Judgement,), Judgement(0.7, "Good.")),
    ("```SCORE\n70 %\nGood.\n```", (Judgement,), Judgement(0.7, "Good.")),
    ("```SCORE\n**0.7** / 1.0\nGood.\n```", (Judgement,), Judgement(0.7, "Good.")),
    ("```SCORE\n0.7: good.\n```", (Judgement,), Judgement(0.7, "good.")),
    ("It is sound.\n```SCORE\n0.7\n```", (Judgement,), Judgement(0.7, "It is sound.")),
    ('```json\n{"score": 0.7, "reflection": "Good."}\n```', (Judgement,), Judgement(0.7, "Good.")),
    ("```FINISH\n```", (Finish, GoBack), Finish("No reason was given.")),
    ("All is well.\n```FINISH\n```", (Finish, GoBack), Finish("All is well.")),
    ("FINISH", (Finish,), Finish("No reason was given.")),
    ("```GO_BACK Running Experiments\nSeeds.\n```", (Finish, GoBack), GoBack(Phase.EXPERIMENTS, "Seeds.")),
    ("```GO_BACK\nrunning-experiments\nSeeds.\n```", (Finish, GoBack), GoBack(Phase.EXPERIMENTS, "Seeds.")),
    ("More seeds.\n```GO_BACK plan-formulation\n```", (Finish, GoBack), GoBack(Phase.PLAN, "More seeds.")),
    # what is said twice is said once
    ("```SUMMARY\na b\n```\n\n```SUMMARY\na b\n```", READ, Summary("a b")),
]

NOT_UNDERSTOOD: list[tuple[str, tuple[type, ...]]] = [
    ("```EDIT 1 1\na\n```\n```EDIT 3 3\nb\n```", SOLVER),  # two that differ
    ("```SUMMARY\na\n```\n```PLAN\nb\n```", READ),
    ("```SUMMARY\na\n```\n```SUMMARY\nb\n```", READ),
    ("```replace\nx\n```\n```edit 1 2\ny\n```", SOLVER),
    ("```python\nx = 1\n```\n```python\ny = 1\n```", (Replace,)),
    ("```python\nx = 1\n```", SOLVER),  # a few lines of a program: nobody knows where they belong
    ("```python\nx = 1\n```", TALK),
    ("```python\nx = 1\n```", (Python, SubmitCode)),
    ("```\nx = 1\n```", SOLVER),
    ("```plan\n# Plan\n```", (Dialogue,)),  # not allowed, in any case
    ("PLAN\n```\n# Plan\n```", (Replace,)),
    ("```PYTHON\nprint(1)\n```", PREPARE),
    ("```REPLACE\nx = 1\n```\n\n```python\ny", (Replace,)),  # a block begun behind it
    ('```REPLACE\nDOC = """\n```\n"""\n```', (Replace,)),
    ("REPLACE\nx\n\nEDIT 1 2\ny", SOLVER),
    ("EDIT the lines 3 and 4 as follows", SOLVER),
    ("# Notes", SOLVER),
    ("no heading", (Plan,)),
    ("```SCORE\n0.7 or 0.8\nwhy\n```", (Judgement,)),
    ("Score: 0.7\nScore: 0.8\nwhy", (Judgement,)),
    ("3 seeds were used.", (Judgement,)),
    ("<think>\nSUMMARY a b\n</think>", READ),  # thought, not said
    ("```quoted\nADD_PAPER ho1995random\nx\n```", READ),  # repeated material
]


@pytest.mark.parametrize(("reply", "allowed", "command"), UNDERSTOOD)
def test_a_reply_that_can_mean_one_thing_only_means_it(reply: str, allowed: tuple[type, ...], command: Command) -> None:
    assert parse(reply, allowed) == command
    assert parse(write(command), allowed) == command


@pytest.mark.parametrize(("reply", "allowed"), NOT_UNDERSTOOD)
def test_a_reply_that_can_mean_several_things_means_none(reply: str, allowed: tuple[type, ...]) -> None:
    answer = parse(reply, allowed)
    assert isinstance(answer, Malformed)
    assert answer.form


STEPS: list[tuple[str, Command]] = [
    ("```SUMMARY\na\n```\n```FULL_TEXT\nb\n```", Summary("a")),
    ("```ADD_PAPER\na\nb\n```\n\nThen:\n```SUMMARY\nc", AddPaper("a", "b")),
    ("SUMMARY a b\n\nADD_PAPER c\nd", Summary("a b")),
    ("ADD_PAPER a1999b\nc\n\nADD_PAPER d1999e\nf", AddPaper("a1999b", "c")),
]


@pytest.mark.parametrize(("reply", "command"), STEPS)
def test_of_several_steps_the_first_is_taken_from_who_was_told_once(reply: str, command: Command) -> None:
    assert isinstance(parse(reply, READ), Malformed)
    assert parse(reply, READ, again=True) == command


@pytest.mark.parametrize(
    "reply", ["EDIT 3 3\nx = 1\n\nEDIT 9 9\ny = 2", "```EDIT 3 3\nx = 1\n```\n\n```EDIT 9 9\ny = 2\n```"]
)
def test_of_several_edits_the_first_is_taken_from_who_was_told_once(reply: str) -> None:
    assert isinstance(parse(reply, SOLVER), Malformed)
    assert parse(reply, SOLVER, again=True) == Edit(3, 3, "x = 1\n")
    assert isinstance(parse(reply.replace("EDIT 9 9", "REPLACE"), SOLVER, again=True), Malformed)


def test_prose_is_the_section_that_is_wanted_from_who_was_told_once() -> None:
    prose = "In this study two models were compared on one data set. " * 6
    told_once = parse(prose, (Replace,), phase=Phase.REPORT, again=True)
    assert isinstance(told_once, Replace)
    assert told_once.text.strip() == prose.strip()
    assert isinstance(parse(prose, (Replace,), phase=Phase.REPORT), Malformed)
    assert isinstance(parse(prose, (Replace,), phase=Phase.EXPERIMENTS, again=True), Malformed)
    assert parse(f"Here is the section:\n\n{prose}", (Replace,), phase=Phase.REPORT, again=True) == told_once
    assert isinstance(parse(prose, SOLVER, phase=Phase.REPORT, again=True), Malformed)
    assert isinstance(parse(prose, (Replace,), phase=Phase.REPORT, again=True, cut=True), Malformed)
    assert isinstance(parse("I will write it now.", (Replace,), phase=Phase.REPORT, again=True), Malformed)


def test_the_phase_tells_what_a_language_stands_for() -> None:
    section, program = "```latex\nText.\n```", "```python\nx = 1\n```"
    assert parse(section, (Replace,), phase=Phase.REPORT) == Replace("Text.\n")
    assert isinstance(parse(section, (Replace,), phase=Phase.EXPERIMENTS), Malformed)
    assert isinstance(parse(program, (Replace,), phase=Phase.REPORT), Malformed)
    assert parse("REPLACE: On Forests", (Replace,), phase=Phase.REPORT) == Replace("On Forests\n")
    assert isinstance(parse("REPLACE the model with a forest", (Replace,), phase=Phase.EXPERIMENTS), Malformed)


@pytest.mark.parametrize("reply", ["```python\nx = 1", "Ten seeds", "SUMMARY a b", "~~~REPLACE\nx"])
def test_a_reply_that_was_cut_is_not_completed(reply: str) -> None:
    answer = parse(reply, (Replace, Summary, Dialogue), cut=True)
    assert isinstance(answer, Malformed)


def test_a_text_that_ran_on_and_on_is_taken_without_what_it_repeats() -> None:
    line = "The interval holds zero, so the data leave the question open."
    reply = f"# Interpretation\n\n## Answer\n{line}\n\n## Limits\nOne set.\n{line}\n{line}\n{line}\nThe inter"
    wanted = Interpretation(f"# Interpretation\n\n## Answer\n{line}\n\n## Limits\nOne set.")
    assert parse(reply, (Interpretation,), cut=True) == wanted
    assert isinstance(parse(reply, (Dialogue, Interpretation), cut=True), Malformed)
    assert isinstance(parse("# Interpretation\n\nThe int", (Interpretation,), cut=True), Malformed)


def test_a_block_that_ran_on_and_on_is_taken_without_what_it_repeats() -> None:
    line = "- The interval holds zero, so the data leave the question open."
    text = f"# Interpretation\n\n## Answer\nNo.\n\n## Evidence\n{line}"
    reply = f"```INTERPRETATION\n{text}\n" + f"{line}\n" * 20 + "- The inter"
    assert parse(reply, (Interpretation,), cut=True) == Interpretation(text)
    assert isinstance(parse(reply, (Dialogue, Interpretation), cut=True), Malformed)
    assert isinstance(parse("```INTERPRETATION\n# Interpretation\n\nThe int", (Interpretation,), cut=True), Malformed)


def test_a_section_that_ran_on_and_on_is_taken_from_who_was_told_once() -> None:
    line = "Two models were compared on one data set, with ten seeds and five levels of noise in the labels."
    reply = "```REPLACE\n" + "".join(f"Of {name}. {line}\n" for name in "abcd") + f"{line}\n" * 20 + "Two mod"
    wanted = "\n".join([*(f"Of {name}. {line}" for name in "abcd"), line]) + "\n"
    assert parse(reply, (Replace,), phase=Phase.REPORT, cut=True, again=True) == Replace(wanted)
    assert isinstance(parse(reply, (Replace,), phase=Phase.REPORT, cut=True), Malformed)
    assert isinstance(parse(reply, (Replace,), phase=Phase.EXPERIMENTS, cut=True, again=True), Malformed)
    assert isinstance(parse(reply, (Edit, Replace), phase=Phase.REPORT, cut=True, again=True), Malformed)


def test_a_program_that_was_copied_with_the_numbers_of_its_listing_is_read_without() -> None:
    program = "import json\n\n\nprint(json.dumps(1 | 2))\n"
    copied = numbered(numbered(program))
    assert parse(f"```REPLACE\n{copied}\n```", (Replace,)) == Replace(program)
    assert parse("```PYTHON\n1| 2\nx = 3\n```", (Python,)) == Python("1| 2\nx = 3\n")


def test_of_several_edits_in_one_block_the_first_acts() -> None:
    reply = "```EDIT 4 4\nx = 1\n\nEDIT 9 9\ny = 2\n```"
    assert parse(reply, (Edit,)) == Edit(4, 4, "x = 1\n")
    assert parse("```EDIT 4 4\nEDIT_HERE 1 2\n```", (Edit,)) == Edit(4, 4, "EDIT_HERE 1 2\n")


def test_a_text_before_its_empty_block_is_its_body() -> None:
    assert parse("# Plan\n\nMeasure.\n\n```PLAN\n```", TALK) == Plan("# Plan\n\nMeasure.")
    assert parse("Ten seeds?\n\n```DIALOGUE\n```", TALK) == Dialogue("Ten seeds?")
    assert isinstance(parse("Here is the plan:\n\n```PLAN\n```", TALK), Malformed)


def test_a_command_that_was_complete_when_the_reply_was_cut_counts() -> None:
    assert parse("```python\nx = 1\n```\n\nThis program", (Replace,), cut=True) == Replace("x = 1\n")


@pytest.mark.parametrize("kind", [one for one in EVERY if one not in (Summary, FullText, SearchHF)])
def test_the_worked_example_is_no_command(kind: type) -> None:
    example = form(kind).partition("\n\n")[2]
    answer = parse(example, [kind])
    assert isinstance(answer, Malformed)
    assert "example" in answer.problem


def test_the_example_with_another_paper_is_no_summary_of_it() -> None:
    example = form(AddPaper).partition("\n\n")[2].replace("breiman2001random", "ho1995random")
    assert isinstance(parse(example, READ), Malformed)


def test_an_example_of_the_prompt_is_no_command_but_another_text_in_its_form_is() -> None:
    shown = "SUMMARY: search.\n\n```SUMMARY\nsugar dissolution\n```\n"
    assert isinstance(parse("```SUMMARY\nsugar  dissolution\n```", READ, shown=shown), Malformed)
    assert parse("```SUMMARY\nlabel noise\n```", READ, shown=shown) == Summary("label noise")


@pytest.mark.parametrize("kind", EVERY)
def test_a_blank_form_is_in_the_right_form_and_no_command(kind: type) -> None:
    answer = parse(blank(kind), [kind])
    assert isinstance(answer, Malformed)
    assert "example" in answer.problem or kind in (Edit, Judgement, GoBack)
    assert answer.blank == blank(kind)


def test_a_paper_without_a_summary_is_answered_with_the_form_filled_in() -> None:
    for reply in ("ADD_PAPER ho1995random", "```ADD_PAPER\nho1995random: Random Decision Forests (Ho, 1995)\n```"):
        answer = parse(reply, READ)
        assert isinstance(answer, Malformed)
        assert "```ADD_PAPER\nho1995random\n(here, in three" in answer.form
        assert isinstance(parse(answer.form, READ), Malformed)


def test_an_example_with_a_few_lines_of_ones_own_is_still_the_example() -> None:
    shown = "```PLAN\n# Plan\n\n## Question\nHow fast?\n\n## Data\nTen cups.\n\n## Risks\nIt warms up.\n```"
    copied = "```PLAN\n# Plan\n\n## Question\nIs A better?\n\n## Data\nTen cups.\n\n## Risks\nIt warms up.\n```"
    own = "```PLAN\n# Plan\n\n## Question\nIs A better?\n\n## Data\nIris.\n\n## Risks\nIt warms up.\n```"
    assert isinstance(parse(copied, TALK, shown=shown), Malformed)
    assert isinstance(parse(own, TALK, shown=shown), Plan)


def test_an_answer_to_a_near_miss_shows_the_one_form_that_was_tried() -> None:
    answer = parse("I would like to ADD_PAPER the one by Ho.", READ)
    assert isinstance(answer, Malformed)
    assert answer.form == form(AddPaper)


FENCES = ["```", "````", "~~~", "python", "json", "\n", "\n", " ", "<think>", "</think>"]
WORDS = ["PLAN", "plan", "EDIT 1 2", "edit", "REPLACE", "SUMMARY a b", "ADD_PAPER", "GO_BACK", "FINISH"]
BODIES = ["7/10", "Score: 0.7", "1| x", "{", "}", '"score": 1', "# P", "x", "**", ":"]
PIECES = st.sampled_from([*FENCES, *WORDS, *BODIES])


@settings(max_examples=600, deadline=None)
@given(st.lists(PIECES | st.text(max_size=4), max_size=24).map("".join), st.sampled_from(SETS), st.booleans())
def test_whatever_is_understood_can_be_written_and_is_allowed(reply: str, allowed: tuple[type, ...], cut: bool) -> None:
    answer = parse(reply, allowed, cut=cut, again=not cut)
    if isinstance(answer, Malformed):
        assert answer.problem
    else:
        assert isinstance(answer, allowed)
        assert parse(write(answer), allowed) == answer


@settings(max_examples=200)
@given(COMMANDS, st.sampled_from(list(Phase)), st.booleans())
def test_what_is_in_the_right_form_is_read_as_it_stands(command: Command, phase: Phase, cut: bool) -> None:
    assert parse(write(command), EVERY, phase=phase, cut=cut) == command
