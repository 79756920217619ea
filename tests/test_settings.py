"""`lab.toml` is read strictly, and what is wrong is named by file, line and key."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clean import clean
from core.errors import SettingsError
from core.settings import LARGEST_FILE, Copilot, Limits, Settings, read_settings, settings_text

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
        "dialogue_turns = 4\npreparation_turns = 5\nsolver_steps = 6\nreport_steps = 2\nrounds = 1\n"
        "[limits]\nseconds = 30\nmemory_mb = 512\nprocesses = 64\ndisk_mb = 100\n"
    )
    limits = Limits(30.0, 512, 64, 100)
    name, question = "noise", "Are trees better?"
    expected = Settings(name, question, 7, "data/raw/p.csv", "species", "gpt", Copilot.TURN, 3, 4, 5, 6, 2, 1, limits)
    assert read_settings(text, "lab.toml") == expected


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
        (HEAD + "copilot = 'sometimes'\n", ["line 3", "copilot", "off, phase, turn"]),
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
    assert settings.limits == Limits()


def test_every_key_of_the_written_file_is_explained() -> None:
    text = settings_text("Why?", name="x")
    for key in re.findall(r"^(\w+) = ", text.partition("[limits]")[0], re.MULTILINE):
        assert re.search(rf"^# .+\n{key} = ", text, re.MULTILINE)


def test_settings_that_cannot_be_read_back_are_not_written() -> None:
    for facts in ({"data_file": "/etc/passwd"}, {"copilot": "sometimes"}, {"seed": -1}, {"target": "a\nb"}):
        with pytest.raises(SettingsError):
            settings_text("Why?", name="x", **facts)  # type: ignore[arg-type]
    with pytest.raises(SettingsError):
        settings_text(" ", name="x")
