"""`lab.toml` is read strictly, and what is wrong is named by file, line and key."""

from __future__ import annotations

import contextlib
import re
import tomllib
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clean import clean
from core.errors import SettingsError
from core.record import Phase
from core.settings import (
    LARGEST_FILE,
    MODEL_PLACES,
    Budget,
    Copilot,
    Limits,
    Settings,
    read_settings,
    settings_text,
)

HEAD = 'name = "noise"\nquestion = "Are trees better?"\n'


def error_of(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings(text, "lab.toml")
    assert caught.value.hint
    return str(caught.value)


def test_two_lines_are_enough() -> None:
    assert read_settings(HEAD, "lab.toml") == Settings("noise", "Are trees better?")


def test_every_key_is_read() -> None:
    text = HEAD + (
        'seed = 7\ndata_file = "data/raw/p.csv"\ntarget = "species"\nmodel = "gpt"\ncopilot = "turn"\npapers = 3\n'
        "dialogue_turns = 4\npreparation_turns = 5\nsolver_steps = 7\nreport_steps = 2\nrounds = 1\n"
        'language = "Deutsch"\nlibrary = "~/papers"\narxiv = false\nhub = false\nhub_mb = 50\n'
        "prompt_tokens = 8000\nstuck_turns = 9\nstuck_money = 1.5\n"
        "[limits]\nseconds = 30\nmemory_mb = 512\nprocesses = 64\ndisk_mb = 100\n"
        "[budget]\nmoney = 1\ntokens = 2\nhours = 3\nphase_money = 0.4\nphase_tokens = 5\nphase_hours = 0.6\n"
        "turn_money = 0.7\nturn_tokens = 8\nturn_hours = 0.9\n"
        '[models]\nrunning-experiments = "strong"\nreviewer = "cheap one"\n'
        '[copilot_phases]\nrunning-experiments = "notify"\n'
    )
    expected = Settings(
        name="noise",
        question="Are trees better?",
        seed=7,
        data_file="data/raw/p.csv",
        target="species",
        model="gpt",
        copilot=Copilot.TURN,
        language="Deutsch",
        library="~/papers",
        arxiv=False,
        hub=False,
        hub_mb=50,
        papers=3,
        dialogue_turns=4,
        preparation_turns=5,
        solver_steps=7,
        report_steps=2,
        rounds=1,
        prompt_tokens=8000,
        stuck_turns=9,
        stuck_money=1.5,
        limits=Limits(30.0, 512, 64, 100),
        budget=Budget(1.0, 2, 3.0, 0.4, 5, 0.6, 0.7, 8, 0.9),
        models={"running-experiments": "strong", "reviewer": "cheap one"},
        copilot_phases={Phase.EXPERIMENTS: Copilot.NOTIFY},
    )
    assert read_settings(text, "lab.toml") == expected
    default = Settings("noise", "Are trees better?")
    assert all(getattr(expected, one.name) != getattr(default, one.name) for one in fields(Settings)[2:])


def test_a_phase_may_ask_more_or_less_often_than_the_others() -> None:
    read = read_settings(HEAD + 'copilot = "off"\n[copilot_phases]\nplan-formulation = "turn"\n', "lab.toml")
    assert read.copilot_in(Phase.PLAN) is Copilot.TURN
    assert read.copilot_in(Phase.DATA) is Copilot.OFF


def test_money_is_capped_and_nothing_else_unless_the_person_says_otherwise() -> None:
    assert read_settings(HEAD, "lab.toml").budget == Budget(10.0, 0, 0.0, 0.0, 0, 0.0, 0.0, 0, 0.0)


def test_a_model_can_be_named_for_every_phase_and_role() -> None:
    text = HEAD + "[models]\n" + "".join(f'{place} = "m{number}"\n' for number, place in enumerate(MODEL_PLACES))
    assert list(read_settings(text, "lab.toml").models.values()) == [
        f"m{number}" for number in range(len(MODEL_PLACES))
    ]
    assert {"literature-review", "report-refinement", "judge", "ml-engineer", "reviewer"} <= set(MODEL_PLACES)
    assert not {"researcher", "labtop"} & set(MODEL_PLACES)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "papres = 3\n", ["line 3", "papres", "Did you mean papers?"]),
        (HEAD + "\n\n[limits]\n# a comment\nsecond = 3\n", ["line 7", "limits.second", "Did you mean limits.seconds?"]),
        (HEAD + "[limts]\nseconds = 3\n", ["line 3", "limts", "Did you mean limits?"]),
        (HEAD + "zzzzzz = 3\n", ["line 3", "zzzzzz", "Known keys"]),
        (HEAD + 'seed = "seven"\n', ["line 3", "seed", "whole number", "'seven'"]),
        (HEAD + "seed = true\n", ["line 3", "seed", "whole number"]),
        (HEAD + "papers = 2.5\n", ["line 3", "papers"]),
        (HEAD + "papers = 0\n", ["line 3", "papers", "from 1 to"]),
        (HEAD + "[copilot_phases]\nplan = 'off'\n", ["line 4", "copilot_phases.plan", "plan-formulation"]),
        (HEAD + "[copilot_phases]\nplan-formulation = 'often'\n", ["line 4", "off, notify, phase, turn"]),
        (HEAD + "[copilot_phases]\nplan-formulation = 3\n", ["line 4", "off, notify, phase, turn"]),
        (HEAD + "copilot_phases = 3\n", ["line 3", "copilot_phases", "table"]),
        (HEAD + "copilot = 'sometimes'\n", ["line 3", "copilot", "off, notify, phase, turn"]),
        (HEAD + "target = 3\n", ["line 3", "target", "text"]),
        (HEAD + "limits.seconds = -1\n", ["line 3", "limits.seconds"]),
        (HEAD + "[limits]\nmemory_mb = 'lots'\n", ["line 4", "limits.memory_mb"]),
        (HEAD + "[limits]\nprocesses = 0\n", ["line 4", "limits.processes"]),
        (HEAD + "[limits]\nseconds = 1e308\n", ["line 4", "limits.seconds"]),
        (HEAD + "[limits]\nseconds = inf\n", ["line 4", "limits.seconds"]),
        (HEAD + "[limits]\nseconds = nan\n", ["line 4", "limits.seconds"]),
        (HEAD + "seed = 0x" + "f" * 8000 + "\n", ["line 3", "seed", "far too large"]),
        (HEAD + "limits = 3\n", ["line 3", "limits", "table"]),
        (HEAD + 'data_file = "/etc/passwd"\n', ["line 3", "data_file", "inside the project"]),
        (HEAD + 'data_file = "data/../../x"\n', ["line 3", "data_file", "inside the project"]),
        (HEAD + 'target = "a\\u202eb"\n', ["line 3", "target", "cannot be shown"]),
        ('name = "x"\n', ["question", "missing"]),
        ('question = "x"\n', ["name", "missing"]),
        ('question = "  "\nname = "x"\n', ["line 1", "question", "empty"]),
        (HEAD + "seed = \n", ["line 3", "TOML"]),
        (HEAD + "seed = 1\nseed = 2\n", ["line 4", "TOML"]),
        (HEAD + 'sandbox = "off"\n', ["line 3", "sandbox"]),
        (HEAD + "arxiv = 1\n", ["line 3", "arxiv", "true or false"]),
        (HEAD + 'hub = "no"\n', ["line 3", "hub", "true or false"]),
        (HEAD + 'language = " "\n', ["line 3", "language", "empty"]),
        (HEAD + 'library = "a\\u202eb"\n', ["line 3", "library", "cannot be shown"]),
        (HEAD + "hub_mb = 0\n", ["line 3", "hub_mb", "from 1 to"]),
        (HEAD + "prompt_tokens = 100\n", ["line 3", "prompt_tokens", "from 2000 to"]),
        (HEAD + "stuck_turns = 2\n", ["line 3", "stuck_turns", "from 3 to"]),
        (HEAD + "stuck_money = -0.1\n", ["line 3", "stuck_money"]),
        (HEAD + "[budget]\nmoney = -1\n", ["line 4", "budget.money", "from 0 to"]),
        (HEAD + '[budget]\nmoney = "10"\n', ["line 4", "budget.money", "a number"]),
        (HEAD + "[budget]\nmoney = true\n", ["line 4", "budget.money"]),
        (HEAD + "[budget]\nphase_money = nan\n", ["line 4", "budget.phase_money"]),
        (HEAD + "[budget]\nturn_hours = inf\n", ["line 4", "budget.turn_hours"]),
        (HEAD + "[budget]\ntokens = 1.5\n", ["line 4", "budget.tokens", "whole number"]),
        (HEAD + "[budget]\nturn_mony = 1\n", ["line 4", "budget.turn_mony", "Did you mean budget.turn_money?"]),
        (HEAD + "budget = 10\n", ["line 3", "budget", "Write [budget]"]),
        (HEAD + '[models]\nexperiments = "x"\n', ["line 4", "models.experiments", "Did you mean running-experiments?"]),
        (HEAD + '[models]\nlabtop = "x"\n', ["line 4", "models.labtop", "neither a phase nor a role"]),
        (HEAD + "[models]\njudge = 3\n", ["line 4", "models.judge", "in quotes"]),
        (HEAD + '[models]\njudge = " "\n', ["line 4", "models.judge", "in quotes"]),
        (HEAD + 'models = "gpt"\n', ["line 3", "models", "table"]),
    ],
)
def test_an_error_names_the_file_the_line_and_the_key(text: str, words: list[str]) -> None:
    message = error_of(text)
    assert "lab.toml" in message
    for word in words:
        assert word in message


def test_the_line_is_right_where_a_long_text_holds_the_same_words() -> None:
    text = 'name = "x"\nquestion = """\nsede = 1\n[limits]\nsede = 2\n"""\nmodel = "builtin"\nsede = 3\n'
    assert "line 8" in error_of(text)


def test_a_key_that_is_set_over_several_lines_is_named_by_its_first() -> None:
    assert "line 3" in error_of(HEAD + "papers = [\n 1,\n 2,\n]\nseed = 1\n")


def test_a_file_that_is_far_too_long_or_deep_is_refused() -> None:
    assert str(LARGEST_FILE) in error_of(HEAD + "#" * LARGEST_FILE)
    assert "TOML" in error_of(HEAD + "seed = " + "[" * 10_000)


@given(
    st.lists(st.sampled_from(["seed", "=", '"', "[", "]", "limits", ".", "1", "\n", "'", "\\u", "#", " "])).map("".join)
)
def test_no_text_raises_anything_but_a_settings_error(text: str) -> None:
    with contextlib.suppress(SettingsError):
        assert read_settings(HEAD + text, "lab.toml").name == "noise"


WORDS = st.text(min_size=1, max_size=60).filter(lambda text: clean(text).strip())


@given(WORDS, WORDS, st.integers(0, 2**32 - 1), st.sampled_from(list(Copilot)))
def test_what_is_written_reads_back(question: str, name: str, seed: int, copilot: Copilot) -> None:
    text = settings_text(question, name=name, seed=seed, data_file="data/raw/a b.csv", target='"x"', copilot=copilot)
    settings = read_settings(text, "lab.toml")
    assert settings.question == clean(question).strip()
    assert settings.name == " ".join(clean(name).split())
    assert (settings.seed, settings.copilot) == (seed, copilot)
    assert (settings.data_file, settings.target) == ("data/raw/a b.csv", '"x"')
    assert (settings.limits, settings.budget, settings.models) == (Limits(), Budget(), {})


def test_every_key_of_the_written_file_is_explained() -> None:
    text = settings_text("Why?", name="x")
    for key in re.findall(r"^(\w+) = ", text.partition("[limits]")[0], re.MULTILINE):
        assert re.search(rf"^# .+\n{key} = ", text, re.MULTILINE)
    assert {one.name for one in fields(Settings)} == set(tomllib.loads(text))
    for table, kind in (("limits", Limits), ("budget", Budget)):
        body = text.partition(f"[{table}]")[2].partition("[")[0]
        assert re.findall(r"^(\w+) = [\d.]+  # .+$", body, re.MULTILINE) == [one.name for one in fields(kind)]


def test_settings_that_cannot_be_read_back_are_not_written() -> None:
    for facts in ({"data_file": "/etc/passwd"}, {"copilot": "sometimes"}, {"seed": -1}, {"target": "a\nb"}):
        with pytest.raises(SettingsError):
            settings_text("Why?", name="x", **facts)  # type: ignore[arg-type]
    with pytest.raises(SettingsError):
        settings_text(" ", name="x")
