"""A wheel built from the repository carries all that labtop needs and works from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("labtop-*.whl")
    return path


def test_the_wheel_puts_no_generic_name_into_site_packages(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"labtop.py", "_labtop"}
    for part in ("prompts/literature-review.phd-student.md", "workspace_template/.gitignore", "core/py.typed"):
        assert f"_labtop/{part}" in names


def test_the_wheel_runs_a_project_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site), str(wheel)]
    subprocess.run(pip, check=True)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "core").mkdir(parents=True)
    (elsewhere / "core" / "__init__.py").write_text("raise RuntimeError('the wrong core')\n")
    environment = {**os.environ, "PYTHONPATH": str(site), "XDG_STATE_HOME": str(tmp_path)}

    def labtop(*arguments: str) -> str:
        command = [sys.executable, str(site / "bin" / "labtop"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=elsewhere, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    labtop("new", "p", "--question", "Which model family is best on iris?")
    assert "turn limit of 2 reached" in labtop("run", "p", "--turns", "2")
    assert "literature review" in labtop("log", "p").lower() or "PhD student" in labtop("log", "p")
