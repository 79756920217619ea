"""A person's own data in parts and in folders of pictures: described without its test part, brought into a project."""

from __future__ import annotations

import io
import json
import os
import subprocess
from pathlib import Path

import pytest
from PIL import Image

import core.data.own
from core.brief import DataCard
from core.create import create_project
from core.data.files import describe_file
from core.data.own import links, small_folder
from core.data.parts import parted
from core.data.pictures import describe_pictures
from core.errors import DataError
from core.sandbox.outcome import Tier
from core.sandbox.programs import run_program
from core.sandbox.tiers import why_not
from core.settings import Limits

COUNTED = """\
from pathlib import Path

from PIL import Image

found = sorted(Path("data/raw/shapes").glob("*/*.png"))
print(len(found), Image.open(found[0]).size)
try:
    Path("data/raw/shapes/new.txt").write_text("x")
except OSError:
    print("read-only")
"""


def picture(folder: Path, name: str, colour: int = 0, size: tuple[int, int] = (8, 6), mode: str = "L") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    folder = tmp_path / "own" / "shapes"
    for at in range(6):
        picture(folder, f"circle/{at}.png", at)
        picture(folder, f"square/{at}.png", 100 + at, (9, 9) if at else (8, 6), "RGB")
    return folder


def described(folder: Path, target: str = "") -> DataCard:
    return describe_pictures(folder, target, f"data/raw/{folder.name}")


def test_a_sub_folder_is_a_class(shapes: Path) -> None:
    card = described(shapes)
    assert (card.task, card.rows, card.target) == ("classification", 12, "label")
    assert card.classes == (("circle", 6), ("square", 6))
    assert (card.columns[0].name, card.columns[0].kind, card.columns[0].missing) == ("image", "image", 0)
    assert card.columns[0].example == "8×6 L PNG"
    assert "8×6 L PNG (6), 9×9 RGB PNG (5), 8×6 RGB PNG (1)" in card.note
    assert "Files are named like circle/0.png" in card.note
    assert "PIL.Image from data/raw/shapes/" in card.note


def test_broken_pictures_and_copies_are_counted(shapes: Path) -> None:
    (shapes / "circle" / "half.png").write_bytes((shapes / "circle" / "1.png").read_bytes()[:30])
    (shapes / "square" / "copy.png").write_bytes((shapes / "square" / "2.png").read_bytes())
    (shapes / "square" / "notes.txt").write_text("not a picture")
    (shapes / "square" / "stolen.png").symlink_to("/etc/passwd")
    card = described(shapes)
    assert (card.rows, card.columns[0].missing) == (14, 1)
    assert "1 cannot be opened: circle/half.png." in card.note
    assert "1 are the same, byte for byte" in card.note


def test_of_a_folder_in_parts_only_the_training_part_is_looked_at(tmp_path: Path) -> None:
    for at in range(3):
        picture(tmp_path / "p", f"train/a/{at}.png", at)
        picture(tmp_path / "p", f"train/b/{at}.png", 50 + at)
        picture(tmp_path / "p", f"test/secret/{at}.png", 99, (31, 31))
    card = described(tmp_path / "p")
    assert card.classes == (("a", 3), ("b", 3))
    assert "31" not in card.note
    assert "secret" not in str(card)
    assert "not test (3 rows)" in card.note


def test_a_metadata_csv_tells_what_the_folders_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    lines = ["file_name,age,split"]
    for at in range(40):
        picture(folder, f"{at}.png", at)
        lines.append(f"{at}.png,{20 + at}.5,{'train' if at < 30 else 'test'}")
    (folder / "metadata.csv").write_text("\n".join([*lines, "gone.png,99.5,train", "../../x.png,99.5,train"]))
    card = described(folder, "age")
    assert (card.task, card.rows, card.target) == ("regression", 30, "age")
    assert "2 of its rows name a picture that is not there" in card.note
    assert "not test (10 rows)" in card.note
    assert "39.png" not in str(card)


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ([], "no pictures"),
        (["a.png", "b.png"], "lie in no folder of a class"),
        (["one/a.png", "one/b.png"], "one value only"),
        (["train/one/a.png", "train/two/b.png", "test/c.png", "train/d.png"], "lie in no folder of a class"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path, names: list[str], problem: str) -> None:
    (tmp_path / "p").mkdir()
    for name in names:
        picture(tmp_path / "p", name)
    with pytest.raises(DataError, match=problem):
        described(tmp_path / "p")


@pytest.mark.parametrize(
    ("table", "problem"),
    [("name,y\na.png,1\n", "no column 'file_name'"), ("file_name,y\nx.png,1\ny.png,2\n", "None of the files")],
)
def test_a_metadata_csv_that_cannot_be_used_is_refused(tmp_path: Path, table: str, problem: str) -> None:
    picture(tmp_path, "a.png")
    (tmp_path / "metadata.csv").write_text(table)
    with pytest.raises(DataError, match=problem):
        described(tmp_path, "y")


def test_of_a_table_in_parts_only_the_training_rows_are_looked_at(tmp_path: Path) -> None:
    rows = [f"{at}.25,{'ab'[at % 2]},{'Train' if at < 60 else 'test'}" for at in range(80)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y,split", *rows, "777.5,only-in-test,test"]))
    card = describe_file(tmp_path / "t.csv", "y", "data/raw/t.csv")
    assert (card.rows, card.classes) == (60, (("a", 30), ("b", 30)))
    assert [column.name for column in card.columns] == ["x", "y"]
    assert "not test (21 rows)" in card.note
    assert "only-in-test" not in str(card)


@pytest.mark.parametrize("values", [["train", "train"], ["train", "other", "test"], ["1", "2"], []])
def test_a_column_that_only_sounds_like_parts_hides_no_row(tmp_path: Path, values: list[str]) -> None:
    assert not parted(values)
    lines = [f"{at},{'ab'[at % 2]},{values[at % len(values)] if values else ''}" for at in range(30)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y,split", *lines]))
    assert describe_file(tmp_path / "t.csv", "y", "t.csv").rows == 30


def test_a_small_folder_goes_into_the_history(shapes: Path, tmp_path: Path, own_model: str) -> None:
    project = create_project(tmp_path / "p", "Circles or squares?", data=shapes, model=own_model)
    assert (tmp_path / "p/data/raw/shapes/circle/0.png").read_bytes() == (shapes / "circle/0.png").read_bytes()
    assert (project.settings().data_file, project.settings().target) == ("data/raw/shapes", "label")
    assert json.loads(project.read("data/card.json"))["rows"] == 12
    assert links(project) == {}
    left = subprocess.run(["git", "-C", project.path, "status", "--short"], capture_output=True, text=True, check=True)
    assert left.stdout == ""


@pytest.mark.parametrize("tier", list(Tier))
async def test_a_large_folder_stays_where_it_is_and_is_read_from_there(
    shapes: Path, tmp_path: Path, own_model: str, tier: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why_not(tier):
        pytest.skip(why_not(tier))
    (shapes / "circle" / "0.png").write_bytes((shapes / "circle" / "0.png").read_bytes() + bytes(11 * 2**20))
    assert small_folder(shapes, "x") == {}
    project = create_project(tmp_path / "p", "Circles or squares?", data=shapes, model=own_model)
    assert not (tmp_path / "p/data/raw/shapes").exists()
    found = links(project)
    done = await run_program(
        project.path,
        "main.py",
        overlay={"main.py": COUNTED},
        limits=Limits(seconds=60),
        tier=tier,
        readable=list(found.values()),
        linked=found,
    )
    assert done.outcome.ok, done.outcome
    assert done.outcome.output.splitlines()[0] == "12 (8, 6)"
    if tier is not Tier.PLAIN:
        assert "read-only" in done.outcome.output
        assert not (shapes / "new.txt").exists()
    os.rename(shapes, shapes.with_name("elsewhere"))
    with pytest.raises(DataError, match="no longer at"):
        links(project)


def test_the_built_in_researcher_says_that_it_reads_no_pictures(shapes: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="reads tables"):
        create_project(tmp_path / "p", "Circles or squares?", data=shapes)
    assert not (tmp_path / "p").exists()


def test_too_many_files_are_too_large_a_folder(shapes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(small_folder(shapes, "data/raw/shapes")) == 12
    for at in range(core.data.own.MOST_COPIED):
        (shapes / "circle" / f"x{at}.png").write_bytes(b"")
    assert small_folder(shapes, "data/raw/shapes") == {}


@pytest.fixture
def own_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a model in the person's own settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "labtop"
    folder.mkdir(parents=True)
    text = '[models.mine]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\nfree = true\n'
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return "mine"
