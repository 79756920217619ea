"""What a shell completes: commands, projects, turns, models, by what click's own script asks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from core.known import remember
from tests.fake_laboratory import played_project
from tui.cli import main

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def offered(*words: str) -> list[str]:
    complete = ShellComplete(main, {}, "labtop", "_LABTOP_COMPLETE")
    return [item.value for item in complete.get_completions(list(words[:-1]), words[-1])]


def test_commands_are_offered() -> None:
    assert {"completion", "serve", "keys", "open"} <= set(offered(""))
    assert offered("comple") == ["completion"]
    assert offered("completion", "z") == ["zsh"]


def test_projects_are_offered_as_one_would_write_them(tmp_path: Path) -> None:
    remember(played_project(tmp_path / "elsewhere", 0).path)
    played_project(tmp_path / "here" / "noise", 0)
    assert offered("open", "") == ["noise", str(tmp_path / "elsewhere")]
    assert offered("open", "no") == ["noise"]


def test_turns_of_the_project_are_offered(tmp_path: Path) -> None:
    played_project(tmp_path / "here" / "noise", 3)
    assert offered("rollback", "noise", "") == ["3", "2", "1", "0"]
    assert offered("rollback", "nowhere", "") == []


def test_models_are_offered(tmp_path: Path) -> None:
    (tmp_path / "config" / "labtop").mkdir(parents=True)
    config = tmp_path / "config" / "labtop" / "config.toml"
    config.write_text('[models.mine]\nmodel = "q"\nbase_url = "http://127.0.0.1:9/v1"\nfree = true\n')
    assert offered("new", "p", "--model", "") == ["builtin", "mine"]
    config.write_text("broken [")
    assert offered("new", "p", "--model", "m") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_reads(shell: str, tmp_path: Path) -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "labtop", "completion", shell],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert "_LABTOP_COMPLETE" in asked.stdout
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(asked.stdout)
    subprocess.run([shell, "-n", str(script)], check=True)


def test_fish_offers_turns_with_all_that_is_said_of_them(tmp_path: Path) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    played_project(tmp_path / "here" / "noise", 9)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "labtop"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path[:0] = [{str(ROOT)!r}]\nimport labtop\nlabtop.main()\n"
    )
    program.chmod(0o700)
    done = subprocess.run(
        ["fish", "-c", "labtop completion fish | source; complete -C 'labtop rollback noise '"],
        env={**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == [str(number) for number in range(10)]
    assert lines[5][1] == "PhD student: 0 to 40 %, five seeds"
