"""`labtop models`, `costs`, `new --model` and what `doctor` tells of models, as a person types them."""

from __future__ import annotations

import json
import socket
import stat
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from core.doctor import models as models_found
from core.doctor import reached
from core.errors import SettingsError
from core.models.adding import EXAMPLES, add_model
from core.models.named import config_path, read_named
from tests.served import QUESTION, user_at
from tests.servers import faults
from tests.servers.chat import ChatServer


@pytest.fixture(autouse=True)
def _own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_without_a_config_the_path_and_an_example_for_every_kind_of_server_are_shown(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    told = user.labtop("models")
    assert told.returncode == 0
    assert str(user.config / "config.toml") in told.stdout
    assert EXAMPLES in told.stdout
    assert "built-in researcher" in told.stdout


def test_every_example_is_a_config_that_is_understood() -> None:
    named = read_named(EXAMPLES, "config.toml")
    assert list(named) == ["openai", "vllm", "llamacpp", "ollama"]
    assert [one.free for one in named.values()] == [False, True, True, True]
    assert named["openai"].key_env == "OPENAI_API_KEY"


def test_a_model_is_added_tried_and_listed(tmp_path: Path) -> None:
    user = user_at(tmp_path, MY_KEY="sk-test-0123456789abcdef")
    with ChatServer(lambda request: "yes", key="sk-test-0123456789abcdef", window=32_768) as server:
        described = ("--base-url", server.url, "--model", server.model, "--key-env", "MY_KEY", "--free")
        added = user.labtop("models", "--add", "mine", *described)
        listed = user.labtop("models", "--json")
    assert added.returncode == 0, added.stdout + added.stderr
    assert f"Wrote [models.mine] into {user.config / 'config.toml'}" in added.stdout
    assert "✓ mine: scripted at" in added.stdout
    assert "costs nothing (free = true)" in added.stdout
    found = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [(one["name"], one["ok"], one["words"]) for one in found][1:] == [("mine", True, "answers")]
    assert found[1]["window"] == 32_768
    assert all(
        call.body["max_tokens" if "max_tokens" in call.body else "max_completion_tokens"] <= 16
        for call in server.completions
    )
    assert "0123456789abcdef" not in added.stdout + added.stderr + listed.stdout + listed.stderr


def test_a_model_that_does_not_answer_says_why_and_the_others_are_still_tried(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    with ChatServer(lambda request: "yes") as server, ChatServer(lambda request: "yes") as broken:
        broken.faults.append(faults.rate_limited("2"))
        user.knows(server, "good")
        user.knows(broken, "bad")
        user.knows(server, "keyless", key_env="NO_SUCH_KEY")
        told = user.labtop("models")
        only = user.labtop("models", "good")
        nobody = user.labtop("models", "ugly")
    assert told.returncode == 1
    assert "✓ good" in told.stdout
    assert "! bad" in told.stdout
    assert "429" in told.stdout
    assert "NO_SUCH_KEY" in told.stdout
    assert (only.returncode, "bad" in only.stdout) == (0, False)
    assert nobody.returncode == 1
    assert "Known: builtin, good, bad, keyless." in nobody.stderr


def test_adding_keeps_what_the_file_holds_and_lets_nobody_else_read_it() -> None:
    path = config_path()
    path.parent.mkdir(parents=True)
    path.write_text("# my models\n[models.one]  # the first\nmodel = 'm'\nbase_url = 'http://127.0.0.1:1/v1'\n")
    path.chmod(0o644)
    add_model("two", base_url="https://x.example/v1", model="n", key_env="X_KEY", window=None, free=False)
    text = path.read_text()
    assert text.startswith("# my models\n[models.one]  # the first\n")
    assert tomllib.loads(text)["models"]["two"] == {
        "base_url": "https://x.example/v1",
        "model": "n",
        "key_env": "X_KEY",
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("one", {"base_url": "http://127.0.0.1:1/v1", "model": "m"}, "has a model “one” already"),
        ("two", {"base_url": "ftp://x", "model": "m"}, "must begin with http"),
        ("two", {"base_url": "http://me:secretword@x/v1", "model": "m"}, "must hold no user"),
        ("two", {"base_url": "http://x/v1", "model": ""}, "model is missing"),
        (
            "two",
            {"base_url": "http://x/v1", "model": "m", "key_env": "sk-1234567890"},
            "name of an environment variable",
        ),
        ("builtin", {"base_url": "http://x/v1", "model": "m"}, "cannot be used"),
    ],
)
def test_what_would_make_a_bad_config_is_refused_and_nothing_is_written(
    name: str, values: dict[str, object], words: str
) -> None:
    path = add_model("one", base_url="http://127.0.0.1:1/v1", model="m", free=True)
    before = path.read_text()
    with pytest.raises(SettingsError, match=words) as refused:
        add_model(name, **values)
    assert path.read_text() == before
    assert "secretword" not in str(refused.value)
    assert "sk-1234567890" not in str(refused.value)


def test_a_new_project_takes_a_named_model_and_refuses_another_with_the_names_that_it_knows(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    with ChatServer(lambda request: "yes") as server:
        user.knows(server)
        made = user.labtop("new", "p", "--question", QUESTION, "--model", "mine")
        refused = user.labtop("new", "q", "--question", QUESTION, "--model", "gpt-9")
    assert made.returncode == 0, made.stderr
    assert 'model = "mine"' in (user.home / "p" / "lab.toml").read_text()
    assert refused.returncode == 1
    assert "There is no model “gpt-9”." in refused.stderr
    assert "Known: builtin, mine." in refused.stderr
    assert not (user.home / "q").exists()


def test_the_costs_of_a_project_are_told_in_words_and_as_json(tmp_path: Path) -> None:
    user = user_at(tmp_path)
    assert user.labtop("new", "p", "--question", QUESTION).returncode == 0
    told, as_json = user.labtop("costs", "p"), user.labtop("costs", "p", "--json")
    assert told.returncode == 0, told.stderr
    assert "budget.money: $0.00 of $10.00" in told.stdout
    assert json.loads(as_json.stdout)["project"] == "p"


# The doctor


def test_the_doctor_names_models_keys_and_servers_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")
    with ChatServer(lambda request: "yes") as server:
        port = int(server.url.rsplit(":", 1)[1].split("/")[0])
        unknown = list(models_found({port: "llama.cpp", free_port(): "Ollama"}))
        add_model("mine", base_url=server.url, model="scripted", free=True)
        known = list(models_found({port: "llama.cpp"}))
    assert [(one.what, one.good) for one in unknown] == [("your models", None), ("key", True), ("model server", True)]
    assert f"labtop models --add NAME --base-url {server.url} --model scripted --free" in unknown[2].advice
    assert (known[0].found, known[2].advice) == ("mine", "It is your “mine”.")
    assert not any("0123456789" in one.found + one.advice for one in unknown)


def test_a_broken_config_is_a_finding_and_not_the_end_of_the_doctor(tmp_path: Path) -> None:
    config_path().parent.mkdir(parents=True)
    config_path().write_text("[models.mine]\nmodle = 1\n")
    (finding,) = models_found({})
    assert (finding.good, finding.advice) == (False, "Did you mean model?")


def test_the_network_is_not_asked_unless_it_is_wished(tmp_path: Path) -> None:
    told = user_at(tmp_path).labtop("doctor").stdout
    assert "· arXiv: not checked" in told
    assert "· Hugging Face Hub: not checked" in told


def test_a_service_is_reached_refused_or_away() -> None:
    class Answers(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(int(self.path[1:]))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert [reached("x", f"{url}/{code}", "").good for code in (200, 404, 503)] == [True, True, False]
        server.shutdown()
    away = reached("x", f"http://127.0.0.1:{free_port()}", "The rest works.")
    assert (away.good, away.advice) == (False, "The rest works.")


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_the_readme_and_the_docs_show_the_examples_as_they_are() -> None:
    root = Path(__file__).resolve().parent.parent
    for name in ("README.md", "docs/models.md"):
        assert EXAMPLES in (root / name).read_text(encoding="utf-8"), name
