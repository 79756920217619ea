"""The user's own models: what config.toml may say, and which model answers for whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingsError
from core.models.builtin.researcher import BuiltinResearcher
from core.models.choose import Models
from core.models.model import Price
from core.models.named import Named, config_path, known_models, read_named
from core.models.server import Server
from core.record import Agent, Phase
from core.settings import read_settings

WELL = """
[models.strong]
model = "gpt-5"
base_url = "https://api.openai.com/v1/"
key_env = "OPENAI_API_KEY"
window = 400000
reasoning = true
schema = "auto"
price = {prompt = 1.25, cached = 0.125, completion = 10}

[models.here]
model = "qwen15"
base_url = "http://127.0.0.1:8081/v1"
free = true
schema = true
most_tokens = 2048
read_seconds = 30
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of settings, empty."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "labtop").mkdir()
    return tmp_path / "labtop"


def test_models_are_read_as_they_are_written() -> None:
    found = read_named(WELL, "config.toml")
    assert found["strong"] == Named(
        "strong",
        "gpt-5",
        "https://api.openai.com/v1",
        key_env="OPENAI_API_KEY",
        window=400_000,
        most_tokens=32_768,
        reasoning=True,
        price=Price(1.25, 0.125, 10.0),
    )
    here = found["here"]
    assert (here.schema, here.free, here.most_tokens, here.local) == (True, True, 2048, True)
    assert (here.read_seconds, here.deadline_seconds) == (30.0, 3600.0)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('modle = "x"', "Did you mean model?"),
        ("model = 3", "must be the server's name"),
        ('base_url = "ftp://x"', "must begin with http"),
        ('base_url = "https://user:pw@x/v1"', "no user, query or fragment"),
        ('base_url = "https://x/v1?key=abc"', "no user, query or fragment"),
        ('base_url = "https://x:99999/v1"', "not an address"),
        ('key_env = "sk-abc"', "must be the name of an environment variable"),
        ("window = -1", "whole number from 0"),
        ("window = 1.5", "whole number from 0"),
        ("window = true", "whole number from 0"),
        ("read_seconds = inf", "a number from 1"),
        ("read_seconds = nan", "a number from 1"),
        ("reasoning = 1", "true or false"),
        ('schema = "yes"', 'true, false or "auto"'),
        ("price = 3", "price is not understood"),
        ("price = {prompt = 1}", "price is not understood"),
        ("price = {prompt = 1, completion = -1}", "numbers from 0"),
        ("price = {prompt = nan, completion = 1}", "numbers from 0"),
        ("free = true\nprice = {prompt = 1, completion = 1}", "free"),
    ],
)
def test_what_is_not_understood_is_an_error_that_names_the_key(line: str, words: str) -> None:
    key = line.split(" ")[0]
    base = {"model": 'model = "m"', "base_url": 'base_url = "https://x/v1"'}
    text = "\n".join(["[models.a]", line, *(value for name, value in base.items() if name != key)])
    with pytest.raises(SettingsError, match=r"config\.toml: models\.a") as caught:
        read_named(text, "config.toml")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "line", ['api_key = "sk-very-secret"', 'key_env = "sk-very-secret"', 'token = "sk-very-secret"']
)
def test_a_key_in_the_file_is_refused_and_not_repeated(line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_named(f'[models.a]\nmodel = "m"\nbase_url = "https://x/v1"\n{line}', "config.toml")
    assert "very-secret" not in str(caught.value)
    assert "key_env" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["models = 3", "[models]\na = 3", "[models.builtin]", "[models.a]\nmodel = 'x'", "[other]", "= 3", "#" * 70_000],
)
def test_a_file_of_another_form_is_an_error(text: str) -> None:
    with pytest.raises(SettingsError, match=r"config\.toml"):
        read_named(text, "config.toml")


def test_known_models_are_those_of_the_users_file_in_its_order(home: Path) -> None:
    assert known_models() == []
    config_path().write_text(WELL)
    assert [one.name for one in known_models()] == ["strong", "here"]
    config_path().write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="cannot be read"):
        known_models()


def _settings(more: str = "") -> str:
    return f'name = "n"\nquestion = "q"\n{more}'


def test_the_role_beats_the_phase_and_the_phase_beats_the_project(home: Path) -> None:
    config_path().write_text(
        "".join(f'[models.{name}]\nmodel = "{name}"\nbase_url = "http://127.0.0.1:1/v1"\n' for name in "abcd")
    )
    more = 'model = "a"\n[models]\nrunning-experiments = "b"\nreviewer = "c"\njudge = "d"\nreviewer-2 = "builtin"'
    models = Models(read_settings(_settings(more), "lab.toml"))

    def name(phase: Phase, agent: Agent) -> str:
        return models.model_for(phase, agent).name

    assert name(Phase.PLAN, Agent.POSTDOC) == "a"
    assert name(Phase.EXPERIMENTS, Agent.ML_ENGINEER) == "b"
    assert name(Phase.EXPERIMENTS, Agent.JUDGE) == "d"
    assert name(Phase.REFINEMENT, Agent.REVIEWER_1) == "c"
    assert name(Phase.EXPERIMENTS, Agent.REVIEWER_3) == "c"
    assert isinstance(models.model_for(Phase.REFINEMENT, Agent.REVIEWER_2), BuiltinResearcher)


def test_the_builtin_researcher_needs_no_file_and_does_not_read_it(home: Path) -> None:
    config_path().write_text("= broken")
    model = Models(read_settings(_settings(), "lab.toml")).model_for(Phase.PLAN, Agent.POSTDOC)
    assert isinstance(model, BuiltinResearcher)


def test_a_name_that_is_not_known_is_told_with_those_that_are(home: Path) -> None:
    config_path().write_text(WELL)
    with pytest.raises(SettingsError, match="“builtin”, “strong”, “here”"):
        Models(read_settings(_settings('model = "strnog"'), "lab.toml"))
    with pytest.raises(SettingsError, match="“other”, which is not known"):
        Models(read_settings(_settings('[models]\njudge = "other"'), "lab.toml"))


def test_a_named_model_has_one_client_until_the_file_changes(home: Path) -> None:
    settings = read_settings(_settings('model = "here"'), "lab.toml")
    config_path().write_text(WELL)
    first, second = (Models(settings).model_for(Phase.PLAN, Agent.POSTDOC) for _ in range(2))
    config_path().write_text(WELL.replace("2048", "1024"))
    third = Models(settings).model_for(Phase.PLAN, Agent.POSTDOC)
    assert isinstance(first, Server)
    assert first is second
    assert third is not first
    assert third.most_tokens == 1024


@pytest.mark.parametrize(
    "more", ['base_url = "http://evil/v1"', '[models.a]\nbase_url = "http://evil/v1"', 'key = "x"']
)
def test_a_project_can_neither_describe_a_model_nor_hold_a_key(more: str) -> None:
    with pytest.raises(SettingsError):
        read_settings(_settings(more), "lab.toml")
