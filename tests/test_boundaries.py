"""The engine has no face: `core` and the commands without a screen run where Textual, Rich and plotext are absent."""

from __future__ import annotations

import json
import os
import pkgutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import core

ROOT = Path(__file__).resolve().parent.parent
WITHOUT_A_FACE = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"textual", "rich", "plotext", "textual_plotext"}:
            raise ModuleNotFoundError(f"{name} is absent in this test")

sys.meta_path.insert(0, Absent())
sys.path.insert(0, sys.argv.pop(1))
"""


def run_faceless(code: str, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_A_FACE + code, str(ROOT), *arguments],
        capture_output=True,
        text=True,
        cwd=home,
        env={**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home / "state")},
        timeout=240,
        check=False,
    )


def labtop(home: Path, *arguments: str) -> str:
    done = run_faceless("import labtop; labtop.main()", *arguments, home=home)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_of_core_imports_without_textual(tmp_path: Path) -> None:
    names = [module.name for module in pkgutil.walk_packages(core.__path__, "core.")]
    assert len(names) > 50
    names.remove("core.sandbox.launcher")  # a program of its own, started inside the sandbox
    done = run_faceless(f"import importlib\nfor name in {names!r}: importlib.import_module(name)", home=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_commands_without_a_screen_run_without_textual(tmp_path: Path) -> None:
    labtop(tmp_path, "new", "p", "--question", "Which model family is best on iris?")
    assert "turn limit of 2 reached" in labtop(tmp_path, "run", "p", "--turns", "2")
    assert json.loads(labtop(tmp_path, "status", "p", "--json"))["turns"] == 2
    assert "literature review" in labtop(tmp_path, "status", "p").lower()
    turns = [json.loads(line) for line in labtop(tmp_path, "log", "p", "--json").splitlines()]
    assert [turn["turn"] for turn in turns] == [0, 1, 2]
    labtop(tmp_path, "rollback", "p", "1")
    assert json.loads(labtop(tmp_path, "status", "p", "--json"))["turns"] == 1
    labtop(tmp_path, "undo", "p")
    labtop(tmp_path, "redo", "p")
    labtop(tmp_path, "branch", "p", "what-if")
    assert "turn" in labtop(tmp_path, "compare", "p", "main", "what-if")
    assert "git" in labtop(tmp_path, "doctor")
    labtop(tmp_path, "export", "p", "p.zip")
    names = zipfile.ZipFile(tmp_path / "p.zip").namelist()
    assert {"p/lab.toml", "p/turns.jsonl", "p/.lab/turn.json"} <= set(names)
    again = run_faceless("import labtop; labtop.main()", "export", "p", "p.zip", home=tmp_path)
    assert again.returncode == 1
    assert "there already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nowhere"], "nowhere"),
        (["status", "nowhere"], "nowhere"),
        (["new", "p", "--question", "q", "--data", "absent.csv", "--target", "y"], "absent.csv"),
        (["new", "p", "--question", ""], "question"),
    ],
)
def test_errors_are_told_in_words_with_exit_code_1_and_leave_nothing(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    done = run_faceless("import labtop; labtop.main()", *arguments, home=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "p").exists()


def test_starting_a_command_imports_nothing_heavy(tmp_path: Path) -> None:
    heavy = ["sklearn", "pandas", "matplotlib", "git", "pypdfium2", "pyarrow", "bibtexparser", "textual", "numpy"]
    code = f"import sys, core.headless, core.status, tui.cli; print([m for m in {heavy!r} if m in sys.modules])"
    done = run_faceless(code, home=tmp_path)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
