"""Replies of every kind become one command or an answer that shows the right form."""

from __future__ import annotations

import json
import time

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
from core.fences import fence_for, fenced_blocks
from core.parsing import LONGEST_LABEL, LONGEST_REPLY, form, label, parse, write
from core.record import Phase

EVERY = (
    Summary,
    FullText,
    AddPaper,
    Dialogue,
    Plan,
    Python,
    SearchHF,
    SubmitCode,
    Edit,
    Replace,
    Interpretation,
    Judgement,
    ReviewForm,
    Finish,
    GoBack,
)
SOLVER = (Edit, Replace)

# Text with all that could break a fence: runs of backticks, command words, tags of thinking, tildes.
PIECES = st.sampled_from(
    [
        "```",
        "````",
        "```EDIT 1 2",
        "~~~",
        "\n",
        "\n",
        " ",
        "    ",
        "<think>",
        "</think>",
        "PLAN",
        "x = 1",
        "`",
        "é",
        "…",
    ]
)
BODY = st.lists(PIECES | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=8)).map(
    "".join
)
PROSE = BODY.map(str.strip).filter(bool)
CODE = BODY.filter(str.strip).map(lambda text: text.removesuffix("\n") + "\n").filter(str.strip)
LINE = BODY.map(lambda text: " ".join(text.split())).filter(bool)
IDS = st.from_regex(r"[a-z]{3,12}(?:[0-9]{4}[a-z]{2,9}|:[0-9]{4}\.[0-9]{5}(?:v[0-9])?)", fullmatch=True)
RANGES = st.integers(1, 9_999_999).flatmap(lambda first: st.tuples(st.just(first), st.integers(first - 1, 9_999_999)))
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(Summary, LINE),
    st.builds(FullText, IDS),
    st.builds(SearchHF, LINE),
    st.builds(AddPaper, IDS, PROSE),
    *(st.builds(kind, PROSE) for kind in (Dialogue, Plan, Interpretation, ReviewForm, Finish)),
    *(st.builds(kind, CODE) for kind in (Python, SubmitCode, Replace)),
    st.builds(lambda lines, text: Edit(*lines, text), RANGES, CODE | st.sampled_from(["", "\n", "\n\n"])),
    st.builds(lambda score, text: Judgement(abs(score), text), st.floats(0, 1), PROSE),
    st.builds(GoBack, st.sampled_from(list(Phase)[:-1]), PROSE),
)


@settings(max_examples=400)
@given(COMMANDS)
def test_every_command_that_is_written_reads_back_as_itself(command: Command) -> None:
    assert parse(write(command), EVERY) == command


@given(COMMANDS)
def test_prose_and_thinking_around_a_command_change_nothing(command: Command) -> None:
    reply = (
        "<think>\nFirst I wanted\n```REPLACE\nx\n```\n```PLAN\nunfinished</think>\n\n"
        f"I looked at it:\n\n```python\nprint(1)\n```\n\n{write(command)}\n\nThat is all."
    )
    assert parse(reply, EVERY) == command


@settings(max_examples=400)
@given(st.lists(PIECES | st.text(max_size=20)).map("".join))
def test_no_text_makes_the_parser_raise(reply: str) -> None:
    answer = parse(reply, EVERY)
    if isinstance(answer, Malformed):
        assert answer.problem
        assert answer.form
    else:
        assert label(answer)
        write(answer).encode()
    for block in fenced_blocks(reply):
        assert not block.body or block.body.endswith("\n")


@given(st.lists(PIECES).map("".join))
def test_a_fence_made_for_a_text_is_not_ended_by_it(text: str) -> None:
    fence = fence_for(text)
    (block,) = fenced_blocks(f"{fence}WORD\n{text}\n{fence}")
    assert block.closed
    assert block.body == text + "\n"


@pytest.mark.parametrize("kind", EVERY)
def test_the_form_of_a_command_shows_an_example_that_parses_but_for_being_the_example(kind: type) -> None:
    answer = parse(form(kind), [kind])
    if kind in (Summary, FullText, SearchHF):
        assert isinstance(answer, kind)
    else:
        assert isinstance(answer, Malformed)
        assert "write your own" in answer.problem


@pytest.mark.parametrize("written", ["EDIT 12 18", "EDIT 12-18", "EDIT 12 - 18", "EDIT 12–18", "EDIT   12   18"])
def test_edit_takes_its_lines_in_either_form(written: str) -> None:
    assert parse(f"```{written}\nx = 1\n```", SOLVER) == Edit(12, 18, "x = 1\n")


@pytest.mark.parametrize("lines", ["-5 0", "0 3", "9 4", "", "a b", "1 2 3", "1.0 2.0", "١ ٢", "99999999 99999999"])
def test_edit_refuses_what_is_no_range(lines: str) -> None:
    answer = parse(f"```EDIT {lines}\nx\n```", SOLVER)
    assert isinstance(answer, Malformed)
    assert answer.form == form(Edit)


def test_an_edit_without_a_body_deletes_and_a_blank_line_is_kept() -> None:
    assert parse("```EDIT 3 4\n```", SOLVER) == Edit(3, 4, "")
    assert parse("```EDIT 3 4\n\n```", SOLVER) == Edit(3, 4, "\n")
    assert parse("```EDIT 3 2\n    pass\n```", SOLVER) == Edit(3, 2, "    pass\n")


def test_code_that_holds_a_fence_is_whole_in_a_longer_one() -> None:
    code = 'DOC = """\n```PLAN\nx\n```\n"""\n'
    assert parse(f"````REPLACE\n{code}````", SOLVER) == Replace(code)


def test_code_that_holds_a_fence_in_an_equal_one_is_refused_with_the_remedy() -> None:
    answer = parse('```REPLACE\nDOC = """\n```\n"""\n```', SOLVER)
    assert isinstance(answer, Malformed)
    assert "not closed" in answer.problem
    assert "four backticks" in answer.problem


def test_a_reply_that_was_cut_off_is_malformed() -> None:
    answer = parse("```REPLACE\nimport os\n", SOLVER, cut=True)
    assert isinstance(answer, Malformed)
    assert "REPLACE is not closed" in answer.problem
    assert "limit of its length" in answer.problem


def test_two_commands_are_refused_and_neither_is_chosen() -> None:
    for reply in ("```EDIT 1 1\nx\n```\n```EDIT 2 2\ny\n```", "```SUMMARY\na\n```\n```ADD_PAPER\nb\nc\n```"):
        answer = parse(reply, EVERY)
        assert isinstance(answer, Malformed)
        assert "2 commands" in answer.problem


def test_a_command_that_is_not_allowed_is_refused_with_those_that_are() -> None:
    answer = parse("```PLAN\nx\n```", SOLVER)
    assert isinstance(answer, Malformed)
    assert "PLAN cannot be used now" in answer.problem
    assert "EDIT, REPLACE" in answer.problem
    assert form(Edit) in answer.form
    assert form(Replace) in answer.form


def test_a_smuggled_command_beside_an_allowed_one_is_refused() -> None:
    assert isinstance(parse("```PYTHON\nprint(1)\n```\n```PLAN\nx\n```", [Python]), Malformed)


def test_prose_is_malformed_and_other_words_are_prose() -> None:
    for reply in ("", "I'm sorry, but I can't help with that.", "```bash\na=1\n```", "```LOAD_STATE ../x```"):
        assert isinstance(parse(reply, (Plan, Python)), Malformed)
    answer = parse("```LOAD_STATE\nx\n```", [Plan])
    assert isinstance(answer, Malformed)
    assert "LOAD_STATE is not one" in answer.problem


@pytest.mark.parametrize("kind", [one for one in EVERY if one not in (Edit, Finish, GoBack)])
def test_an_empty_body_is_malformed(kind: type) -> None:
    word = form(kind).partition(":")[0]
    answer = parse(f"```{word}\n \n```", EVERY)
    assert isinstance(answer, Malformed)
    assert answer.form == form(kind)


@pytest.mark.parametrize("number", ["95", "1.01", "-0.1", "nan", "inf", "9/8", "Score: 8", "1_0", "0.5 0.6", "٠"])
def test_a_score_outside_0_to_1_is_malformed(number: str) -> None:
    answer = parse(f"```SCORE\n{number}\nwhy\n```", [Judgement])
    assert isinstance(answer, Malformed)
    assert "0 to 1" in answer.problem


@pytest.mark.parametrize("number", ["0", "1", "0.85", ".85", "1.0", "8.5e-1"])
def test_a_score_from_0_to_1_is_a_judgement(number: str) -> None:
    assert parse(f"```SCORE\n{number}\nTwo\nlines\n```", [Judgement]) == Judgement(float(number), "Two\nlines")


def test_a_score_without_a_reflection_is_malformed() -> None:
    assert isinstance(parse("```SCORE\n0.5\n```", [Judgement]), Malformed)


def test_the_first_line_may_stand_behind_the_word() -> None:
    assert parse("```SUMMARY label noise\n```", EVERY) == Summary("label noise")
    assert parse("```ADD_PAPER b2001\nsays much\n```", EVERY) == AddPaper("b2001", "says much")
    assert isinstance(parse("```PLAN for us\nx\n```", EVERY), Malformed)


def test_only_an_earlier_phase_can_be_gone_back_to() -> None:
    assert parse("```GO_BACK running-experiments\nmore seeds\n```", [GoBack]) == GoBack(Phase.EXPERIMENTS, "more seeds")
    for phase in ("report-refinement", "experiments", ""):
        answer = parse(f"```GO_BACK {phase}\nx\n```", [GoBack])
        assert isinstance(answer, Malformed)
        assert "running-experiments" in answer.problem


def test_thinking_whose_beginning_was_swallowed_is_no_command() -> None:
    assert parse("```PLAN\na\n```\n</think>\n```PLAN\nb\n```", [Plan]) == Plan("b")


def test_thinking_that_never_ends_holds_no_command() -> None:
    assert isinstance(parse("<think>\n```PLAN\na\n```", [Plan]), Malformed)


def test_tags_of_thinking_inside_a_program_are_program() -> None:
    code = "<think>\nx\n</think>\n"
    assert parse(f"```REPLACE\n{code}```", SOLVER) == Replace(code)


def test_windows_line_ends_are_read() -> None:
    assert parse("```EDIT 1 2\r\na\r\nb\r\n```\r\n", SOLVER) == Edit(1, 2, "a\nb\n")


def test_lone_surrogates_leave_the_reply_writable() -> None:
    answer = parse("```PLAN\nbad: \ud800 end\n```", [Plan])
    assert isinstance(answer, Plan)
    answer.text.encode()


def test_a_reply_beyond_the_cap_is_malformed_and_any_below_it_is_read_quickly() -> None:
    answer = parse(write(Plan("x" * LONGEST_REPLY)), EVERY)
    assert isinstance(answer, Malformed)
    assert f"at most {LONGEST_REPLY}" in answer.problem
    started = time.process_time()
    for unit in ("```\n", "`", "<think>", "```EDIT 1 1\n", "</think>\n", " ", "*", "SUMMARY a\n", "Score: 1 "):
        parse(unit * (LONGEST_REPLY // len(unit)), EVERY)
    assert time.process_time() - started < 10


def test_labels_are_short_and_safe_to_show() -> None:
    assert label(Edit(12, 18, "x")) == "EDIT 12-18"
    assert label(Summary("label noise")) == "SUMMARY label noise"
    assert label(GoBack(Phase.PLAN, "x")) == "GO_BACK plan-formulation"
    assert label(Judgement(0.824, "x")) == "SCORE 0.82"
    assert label(Plan("x")) == "PLAN"
    shown = label(Summary("\x1b]0;x\x07a\u202e\n" + "b" * 500))
    assert shown.startswith("SUMMARY a bbb")
    assert len(shown) == LONGEST_LABEL


def test_json_in_a_review_stays_as_it_is() -> None:
    text = json.dumps({"summary": "a ``` b", "overall": 7}, indent=1)
    assert parse(write(ReviewForm(text)), [ReviewForm]) == ReviewForm(text)
