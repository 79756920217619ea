# ruff: noqa: E501, ASYNC221  (a test may block its own loop)

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.sandbox.copy import collect, copy_workspace, remove_tree
from core.sandbox.programs import run_program
from core.settings import Limits


def _project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    for name in (".git/config", ".lab/state.json", "report/report.tex", "literature/review.md", "notes/plan.md",
                 "reviews/1.json", "results/metrics.json", "figures/a.pdf", ".env", "data/.secret", "plan.md",
                 "data/prepare.py", "experiment/main.py", "experiment/__pycache__/x.pyc", "experiment/notes/kept.py"):  # fmt: skip
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(name)
    return project


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_a_copy_holds_what_a_program_may_see_and_fresh_folders_for_results(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copied = copy_workspace(_project(tmp_path), copy)
    assert _files(copy) == {"plan.md", "data/prepare.py", "experiment/main.py", "experiment/notes/kept.py"}
    assert list((copy / "results").iterdir()) == list((copy / "figures").iterdir()) == []
    assert (copied.readable, copied.skipped) == ((), ())


def test_links_and_pipes_are_not_copied(tmp_path: Path) -> None:
    project = _project(tmp_path)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    (project / "data" / "link").symlink_to(tmp_path / "outside" / "secret")
    (project / "data" / "folder").symlink_to(tmp_path / "outside")
    os.mkfifo(project / "data" / "pipe")
    copied = copy_workspace(project, tmp_path / "copy")
    assert not {"data/link", "data/folder/secret", "data/pipe"} & _files(tmp_path / "copy")
    assert {line.partition(":")[0] for line in copied.skipped} == {"data/link", "data/folder", "data/pipe"}


async def test_a_large_file_is_read_where_it_is(tmp_path: Path) -> None:
    project = _project(tmp_path)
    large = project / "data" / "large.csv"
    with large.open("wb") as file:
        file.write(b"first\n")
        file.truncate(60 * 1024 * 1024)
    program = {"main.py": "file = open('data/large.csv'); print(file.readline()); open('data/large.csv', 'a')"}
    result = await run_program(project, "main.py", overlay=program, limits=Limits(seconds=20, disk_mb=20))
    assert result.outcome.output.startswith("first\n")
    assert "Error" in result.outcome.problem, "it cannot be written"
    assert large.stat().st_size == 60 * 1024 * 1024


async def test_an_overlay_replaces_a_link_and_not_what_it_points_to(tmp_path: Path) -> None:
    project = _project(tmp_path)
    large = project / "data" / "large.csv"
    with large.open("wb") as file:
        file.truncate(60 * 1024 * 1024)
    overlay = {"data/large.csv": "small", "main.py": "print(open('data/large.csv').read())"}
    result = await run_program(project, "main.py", overlay=overlay, limits=Limits(seconds=20))
    assert result.outcome.output == "small\n"
    assert large.stat().st_size == 60 * 1024 * 1024


@pytest.mark.parametrize("name", ["../escaped.py", "/tmp/escaped.py", "a/../../escaped.py"])
async def test_an_overlay_stays_in_the_copy(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="outside the project"):
        await run_program(_project(tmp_path), "main.py", overlay={name: ""}, limits=Limits(seconds=5))


async def test_nothing_of_a_run_is_left_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    text = (
        "import os\nos.makedirs('locked/x'); os.chmod('locked', 0)\nfor _ in range(1500): os.mkdir('d'); os.chdir('d')"
    )
    result = await run_program(_project(tmp_path), "main.py", overlay={"main.py": text}, limits=Limits(seconds=20))
    assert result.outcome.ok, result.outcome
    assert list(temporary.iterdir()) == []


async def test_another_interpreter_sees_its_own_files(tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(other)], check=True)
    overlay = {"main.py": "import sys; print(sys.prefix)"}
    result = await run_program(
        _project(tmp_path), "main.py", overlay=overlay, limits=Limits(seconds=20), interpreter=str(other / "bin/python")
    )
    assert result.outcome.output == f"{other}\n"


def test_regular_files_are_read_back_and_nothing_else(tmp_path: Path) -> None:
    results = tmp_path / "results"
    (results / "inner").mkdir(parents=True)
    (results / "metrics.json").write_text("{}")
    (results / "inner" / "b").write_bytes(b"\x00")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "other.txt").write_text("not asked for")
    (results / "link").symlink_to(tmp_path / "secret")
    os.link(tmp_path / "secret", results / "second-name")
    os.mkfifo(results / "pipe")
    (results / b"\x1b]0;x\x07\xff".decode(errors="surrogateescape")).write_text("x")
    found = collect(tmp_path)
    assert found.files == {"results/metrics.json": b"{}", "results/inner/b": b"\x00"}
    reasons = dict(line.split(": ", 1) for line in found.skipped)
    assert reasons["results/link"] == "a link"
    assert reasons["results/second-name"] == "has a second name (hard link)"
    assert reasons["results/pipe"] == "not a regular file"
    assert reasons["results/\\x1b]0;x\\x07\\udcff"] == "its name is not plain text"
    assert len(reasons) == 4


def test_a_results_folder_that_is_a_link_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "metrics.json").write_text("{}")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "results").symlink_to(tmp_path / "outside")
    found = collect(folder, ("results/", "results/metrics.json", "absent.txt"))
    assert found.files == {}
    assert found.skipped == ["results: a link", "results: a link"]


def test_one_file_can_be_asked_for(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.pdf").write_bytes(b"%PDF")
    (tmp_path / "report" / "report.log").write_bytes(b"log")
    assert collect(tmp_path, ("report/report.pdf",)).files == {"report/report.pdf": b"%PDF"}


def test_reading_back_is_bounded(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    for number in range(6):
        (results / f"{number}").write_bytes(b"x" * 10)
    (results / "big").write_bytes(b"x" * 11)
    found = collect(tmp_path, ("results/",), largest=10, most=4, together=30)
    assert list(found.files) == ["results/0", "results/1", "results/2"]
    assert len(found.skipped) == 4
    assert len(collect(tmp_path, ("results/",), largest=10, most=2).files) == 2
    deep = results
    for _ in range(20):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "x").write_text("x")
    assert any("too deep" in line for line in collect(tmp_path).skipped)


def test_a_folder_deeper_than_any_path_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    script = "import os\nos.chdir(__import__('sys').argv[1])\nfor _ in range(3000): os.mkdir('dddd'); os.chdir('dddd')"
    subprocess.run([sys.executable, "-c", script, str(folder)], check=True)
    remove_tree(folder)
    assert not folder.exists()
