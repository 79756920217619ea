"""A prompt keeps within the tokens that it may have, forgets the oldest first, and begins as the one before it did."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.brief import Brief, Entry, Job
from core.edits import numbered
from core.errors import SettingsError
from core.filters import FILTERS
from core.fitting import tokens_of
from core.prompts import SPLIT, fill
from core.record import Agent, Status
from tests.test_prompts import CASES, PROGRAMS, TALKS, Case, filled, full, minimal, named

PROGRAM = "".join(f"x{number} = compute({number})\n" for number in range(60))
REPORT = "\\documentclass{article}\n\\begin{document}\n" + "A line of the report.\n" * 60 + "\\end{document}\n"
ERROR = "Traceback (most recent call last):\n" + "  File main.py\n" * 10 + "KeyError: 'seven'"


def entry(turn: int, text: str = "We should measure that.", status: Status = Status.OK) -> Entry:
    speakers = (Agent.POSTDOC, Agent.PHD_STUDENT)
    return Entry(
        turn, speakers[turn % 2], "DIALOGUE", f"Turn {turn} begins. {text}", status, f"Turn {turn} ends. {text}"
    )


def alike(one: str, other: str) -> int:
    """Characters with which both begin."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def long(case: Case, words: int, turns: int = 14) -> Brief:
    text = "some words " * words
    past = tuple(entry(turn, text) for turn in range(1, turns + 1))
    facts = {"program": PROGRAM, "report": REPORT, "error": ERROR, "history": past, "tried": past, "feedback": text}
    return full(case, text, **facts)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(CASES), st.integers(2000, 20_000), st.integers(0, 4000), st.integers(0, 15))
def test_a_prompt_has_no_more_tokens_than_it_may_or_says_how_many_it_needs(
    case: Case, tokens: int, words: int, turns: int
) -> None:
    brief = long(case, words, turns)
    least = 2000
    try:
        system, user = fill(case[1], brief, case[3], tokens=tokens)
    except SettingsError as error:
        least = next(int(word) for word in error.message.split() if word.isdigit())
    if least > 2000:
        assert tokens < least < 6000
        return
    assert tokens_of(system + user) <= tokens
    ample = fill(case[1], brief, case[3])
    if tokens >= 6000:
        assert system == ample[0]
    assert brief.question in user
    assert user.partition("## Now")[2] == ample[1].partition("## Now")[2]
    for kept in (ERROR, numbered(PROGRAM), numbered(REPORT)):
        assert (kept in user) == (kept in ample[1])


@pytest.mark.parametrize("case", CASES, ids=named(CASES))
def test_a_small_window_is_enough_for_a_short_program(case: Case) -> None:
    brief = replace(long(case, 500), program="x = 1\n" * 20, report="y\n" * 20, error="KeyError")
    assert tokens_of("".join(fill(case[1], brief, case[3], tokens=3000))) <= 3000


def test_the_oldest_turns_are_put_into_a_line_then_dropped_and_the_newest_stay_whole() -> None:
    case = TALKS[1]
    brief = replace(minimal(case), history=tuple(entry(turn, "and so on " * 60) for turn in range(1, 13)), step=13)
    whole = "Turn {0} begins. " + ("and so on " * 60).strip()
    ample = filled(case, brief)[1]
    assert all(whole.format(turn) in ample for turn in range(1, 13))

    def told(tokens: int) -> str:
        return fill(case[1], brief, case[3], tokens=tokens)[1]

    some, few = told(tokens_of("".join(filled(case, brief))) - 500), told(1900)
    assert "Turn 1 begins." in some
    assert whole.format(1) not in some
    assert whole.format(12) in some
    assert "Turn 1 begins." not in few
    assert whole.format(12) in few
    assert "earlier turns are not shown" in few
    assert "not shown" not in ample


def test_what_a_conversation_has_said_is_the_beginning_of_the_next_prompt() -> None:
    case = TALKS[1]
    past = tuple(entry(turn) for turn in range(1, 41))
    prompts = [filled(case, replace(minimal(case), history=past[max(0, end - 15) : end]))[1] for end in range(1, 41)]
    repeated = [alike(*pair) / pair[0].index("## Now") for pair in pairwise(prompts)]
    assert all(share > 0.9 for share in repeated[1:13])
    assert sum(share > 0.9 for share in repeated[13:]) >= 0.7 * len(repeated[13:])


def test_an_attempt_that_failed_leaves_the_prompt_as_it_was_up_to_what_has_been_tried() -> None:
    case = PROGRAMS[1]
    tried = tuple(entry(turn) for turn in range(1, 6))
    before, after = (filled(case, full(case, program=PROGRAM, error="", tried=tried[:end]))[1] for end in (4, 5))
    assert alike(before, after) > before.index("Turn 4 ends.")
    assert before.index(numbered(PROGRAM)) < before.index("Turn 4 ends.")


def test_the_agents_of_a_conversation_share_all_that_comes_before_their_own_part() -> None:
    brief = full(TALKS[1])
    postdoc, student = ("".join(fill(case[1], brief, case[3])) for case in TALKS[1:3])
    assert alike(postdoc, student) > student.index("The conversation so far")


def test_a_prompt_of_a_persons_own_is_held_to_the_tokens_too(tmp_path: Path) -> None:
    case = TALKS[1]
    (tmp_path / "plan-formulation.postdoc.md").write_text(
        f"Be kind.\n{SPLIT}\n[[ brief.question ]] [% for one in brief.history %][[ one.text ]][% endfor %]"
        "[[ brief.plan | cut(90000) ]]\n"
    )
    brief = long(case, 2000)
    assert tokens_of("".join(fill(case[1], brief, case[3], tmp_path, tokens=2000))) <= 2000
    (tmp_path / "plan-formulation.postdoc.md").write_text(f"Be kind.\n{SPLIT}\n[[ brief.plan ]]\n")
    with pytest.raises(SettingsError, match="may have 2000"):
        fill(case[1], brief, case[3], tmp_path, tokens=2000)


def test_measurements_are_told_in_few_characters_and_lose_no_mean() -> None:
    rows = [{"model": f"m{number}", "mean": 0.1234567, "scores": [0.5] * 10} for number in range(3)]
    table = FILTERS["table"]({"value": 0.98765432, "low": -0.00012345, "results": rows, "seeds": list(range(20))})
    assert table.splitlines() == [
        "value: 0.9877",
        "low: -0.000123",
        "results:",
        "  model, mean, (scores left out)",
        "  m0, 0.1235",
        "  m1, 0.1235",
        "  m2, 0.1235",
        "seeds: 20 numbers from 0 to 19",
    ]
    bare = FILTERS["table"]({"results": [{"model": "m", "scores": [0.5, 0.25, 0.75]}]})
    assert "0.25" in bare


def test_the_judge_of_a_change_reads_the_change_and_not_the_program_again() -> None:
    case = TALKS[5]
    brief = full(case, program=PROGRAM.replace("compute(7)", "measure(7)"))
    assert brief.best
    user = filled(case, replace(brief, best=replace(brief.best, text=PROGRAM)))[1]
    assert "+x7 = measure(7)" in user
    assert "x30 = compute(30)" not in user
    anew = filled(case, replace(brief, best=replace(brief.best, text="nothing alike\n")))[1]
    assert "x30 = compute(30)" in anew


@pytest.mark.parametrize("case", CASES, ids=named(CASES))
def test_another_language_is_asked_for_in_the_rules_and_at_the_end(case: Case) -> None:
    english, italian = (filled(case, replace(minimal(case), language=name)) for name in ("English", "Italian"))
    assert "English" not in english[0] + english[1]
    assert "Write in Italian." in italian[0]
    assert "in this form, in Italian" in italian[1]


def test_passages_that_were_read_are_shown_as_quotations() -> None:
    for case in (TALKS[0], TALKS[1], TALKS[6], CASES[-3]):
        user = filled(case, replace(minimal(case), job=Job.SECTION, passages=("a2001: noise hurts.",)))[1]
        assert "```quoted\na2001: noise hurts.\n```" in user
