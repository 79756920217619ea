"""Where a key is found, and where it is not looked for."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from core.errors import SettingsError
from core.models.keys import key_for
from core.models.named import Named
from core.models.secret import Secret

NAMED = Named("m", "m", "http://127.0.0.1:1/v1", key_env="LAB_TEST_KEY")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of settings, with the current folder beside it, and no key anywhere."""
    config, here = tmp_path / "config" / "labtop", tmp_path / "here"
    config.mkdir(parents=True)
    here.mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("LAB_TEST_KEY", raising=False)
    monkeypatch.chdir(here)
    monkeypatch.setitem(sys.modules, "keyring", None)
    return config


def write(folder: Path, text: str, mode: int = 0o600) -> None:
    path = folder / ".env"
    path.write_text(text)
    path.chmod(mode)


def test_a_server_without_a_key_has_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another")
    assert key_for(Named("m", "m", "http://127.0.0.1:1/v1")) is None
    assert key_for(NAMED) is None


def test_the_environment_comes_first_then_the_users_file_then_the_current_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(Path.cwd(), "LAB_TEST_KEY=of-here")
    assert key_for(NAMED) == "of-here"
    write(home, "OTHER=1\nLAB_TEST_KEY=of-home")
    assert key_for(NAMED) == "of-home"
    monkeypatch.setenv("LAB_TEST_KEY", " of-environment\n")
    assert key_for(NAMED) == "of-environment"


@pytest.mark.parametrize(
    "line", ["LAB_TEST_KEY=k1", "export LAB_TEST_KEY='k1'", ' LAB_TEST_KEY = "k1" ', "LAB_TEST_KEY=k1 # mine"]
)
def test_a_file_may_be_written_as_shells_read_it(home: Path, line: str) -> None:
    write(home, f"# keys\nLAB_TEST_KEY_2=other\n{line}\n")
    assert key_for(NAMED) == "k1"


@pytest.mark.parametrize("below", [".", "data/raw"])
def test_a_project_is_never_looked_into(home: Path, monkeypatch: pytest.MonkeyPatch, below: str) -> None:
    project = Path.cwd()
    (project / below).mkdir(parents=True, exist_ok=True)
    write(project / below, "LAB_TEST_KEY=of-a-project")
    monkeypatch.chdir(project / below)
    assert key_for(NAMED) == "of-a-project"
    (project / "lab.toml").write_text("")
    assert key_for(NAMED) is None


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_not_used_and_that_is_told(home: Path, mode: int) -> None:
    write(home, "LAB_TEST_KEY=of-home", mode)
    with pytest.raises(SettingsError, match="chmod 600") as caught:
        key_for(NAMED)
    assert "of-home" not in str(caught.value)


def test_an_open_file_without_the_key_is_nobodys_business(home: Path) -> None:
    write(home, "OTHER=1", 0o644)
    assert key_for(NAMED) is None


@pytest.mark.parametrize("value", ["two words", "k\u00e9y", "sk-a\r\nX-Evil: 1"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_repeated(
    home: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("LAB_TEST_KEY", value)
    with pytest.raises(SettingsError) as caught:
        key_for(NAMED)
    assert value not in str(caught.value)
    assert "LAB_TEST_KEY" in str(caught.value)


def test_the_keyring_is_asked_last_and_may_fail(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class KeyringError(Exception):
        pass

    keyring, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    kept = {("labtop", "LAB_TEST_KEY"): "of-keyring"}
    keyring.get_password = lambda service, name: kept[service, name]  # type: ignore[attr-defined]
    errors.KeyringError = KeyringError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    assert key_for(NAMED) == "of-keyring"

    def locked(service: str, name: str) -> str:
        raise KeyringError("locked")

    keyring.get_password = locked  # type: ignore[attr-defined]
    assert key_for(NAMED) is None
    write(home, "LAB_TEST_KEY=of-home")
    assert key_for(NAMED) == "of-home"


def test_a_secret_shows_itself_only_when_it_is_asked_to() -> None:
    secret = Secret("sk-123456789")
    assert "123" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "sk-123456789"
