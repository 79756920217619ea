"""The person's own library: PDFs and `.bib` files, read only, searched first."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from core.literature.hits import Hit
from core.literature.own import OwnLibrary
from core.literature.reading import read_files
from core.literature.texts import Read
from tests.servers.arxiv import pdf_of

ROOT = Path(__file__).resolve().parent.parent
BIB = r"""
@article{mine2020forests,
  author = {M{\"u}ller, Jos{\'e} and Doe, Jane},
  title = {Forests of {Decision} Trees under Noisy Labels},
  journal = {Journal of Trees}, year = 2020, volume = {3}, doi = {10.1000/TREES.3},
  abstract = {Forests vote and the noise is averaged away.},
  annotation = {my private thought},
  file = {:papers/muller.pdf:PDF},
}
@inproceedings{broken, title = {never closed
@misc{titled2021, title = {Linear models in the presence of heavy noise}, author = {Hopper, Grace}, date = {2021-05-01},
  journaltitle = {Lines}}
"""
LINES = [f"Line {number} says that the linear models fare worse than the others did before." for number in range(12)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    (folder / "deep").mkdir(parents=True)
    (folder / "mine.bib").write_text(BIB, encoding="utf-8")
    (folder / "deep" / "muller.pdf").write_bytes(pdf_of([["Quite another text about zebras.", *LINES]]))
    (folder / "scan0001.pdf").write_bytes(
        pdf_of([["Grace Hopper", *LINES]], large="Linear models in the presence of heavy noise")
    )
    (folder / "alone.pdf").write_bytes(
        pdf_of([["arXiv:1999.12345v2 [cs.LG] 3 Jan 2020", "Kim Li", *LINES]], large="A paper about gradient boosting")
    )
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 rubbish")
    return folder


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


async def search(library: OwnLibrary, query: str, limit: int = 20) -> tuple[list[Hit], list[str]]:
    return await library.search(query, limit, lambda *_: None)


async def test_entries_and_pdfs_are_found_and_belong_together(folder: Path, tmp_path: Path) -> None:
    library = OwnLibrary(folder, tmp_path / "cache")
    hits, warnings = await search(library, "forests zebras linear gradient")
    by_key = {hit.paper.id: hit for hit in hits}
    assert len(hits) == 3
    assert by_key["mine2020forests"].file == "deep/muller.pdf"  # by its name in the entry
    assert by_key["titled2021"].file == "scan0001.pdf"  # by the title on its first page
    [alone] = [hit for hit in hits if hit.file == "alone.pdf"]
    assert (alone.paper.title, alone.arxiv, alone.reference.kind) == (
        "A paper about gradient boosting",
        "1999.12345",
        "misc",
    )
    assert any("broken.pdf is left out: it is no readable PDF" in warning for warning in warnings)
    assert any("mine.bib: 1 broken entries (line 10)" in warning for warning in warnings)


async def test_an_entry_keeps_its_key_and_its_reference_but_no_private_words(folder: Path, tmp_path: Path) -> None:
    hits, _ = await search(OwnLibrary(folder, tmp_path / "cache"), "decision forests noisy lines")
    hit = hits[0]
    assert hit.paper.id == "mine2020forests"
    assert hit.paper.authors == ("José Müller", "Jane Doe")
    assert (hit.paper.venue, hit.doi) == ("Journal of Trees", "10.1000/trees.3")
    assert hit.reference.kind == "article"
    assert set(hit.reference.fields) == {"author", "title", "journal", "year", "volume", "doi"}
    [other] = [one for one in hits if one.paper.id == "titled2021"]
    assert other.reference.fields["journal"] == "Lines"
    assert other.reference.fields["year"] == other.paper.year == "2021"


async def test_the_text_of_a_pdf_is_searched_and_can_be_read(folder: Path, tmp_path: Path) -> None:
    library = OwnLibrary(folder, tmp_path / "cache")
    hits, _ = await search(library, "zebras")
    assert [hit.paper.id for hit in hits] == ["mine2020forests"]
    read = await library.full_text(hits[0].file)
    assert read is not None
    assert "zebras" in read.body
    assert await library.full_text("mine.bib") is None
    assert await library.full_text("../../etc/passwd") is None


async def test_the_folder_is_never_written_and_links_out_of_it_are_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "secret.bib").write_text("@misc{secret2020, title={A secret about quokkas}}")
    (folder / "out.bib").symlink_to(secret / "secret.bib")
    (folder / "out").symlink_to(secret)
    os.mkfifo(folder / "pipe.bib")
    for path in (folder, folder / "deep"):
        path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    before = names_in(folder)
    try:
        hits, warnings = await search(OwnLibrary(folder, tmp_path / "cache"), "quokkas")
    finally:
        for path in (folder, folder / "deep"):
            path.chmod(stat.S_IRWXU)
    assert hits == []
    assert any(warning == "2 left out: links and special files" for warning in warnings)
    assert names_in(folder) == before


async def test_only_what_changed_is_read_again_and_told_once(folder: Path, tmp_path: Path) -> None:
    library = OwnLibrary(folder, tmp_path / "cache")
    await search(library, "forests")
    assert (await search(library, "forests"))[1] == []
    (folder / "broken.pdf").write_bytes(pdf_of([["Pangolins", *LINES]], large="All about the pangolins of Asia"))
    (folder / "scan0001.pdf").unlink()
    hits, warnings = await search(library, "pangolins")
    assert [hit.file for hit in hits] == ["broken.pdf"]
    assert warnings == []
    assert (await search(library, "heavy noise"))[0][0].file == ""


async def test_a_broken_index_is_made_anew(folder: Path, tmp_path: Path) -> None:
    library = OwnLibrary(folder, tmp_path / "cache")
    first, _ = await search(library, "forests")
    [index] = (tmp_path / "cache").glob("*.sqlite")
    index.write_bytes(b"rubbish" * 1000)
    assert (await search(library, "forests"))[0] == first


async def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="there is no folder"):
        await search(OwnLibrary(tmp_path / "absent", tmp_path / "cache"), "forests")


async def test_a_monstrous_pdf_costs_only_itself(folder: Path, tmp_path: Path) -> None:
    for number in range(3):
        (folder / f"good{number}.pdf").write_bytes(
            pdf_of([[f"Wombats number {number}", *LINES]], large=f"Paper {number} about the wombats of Tasmania")
        )
    bomb = b"%PDF-1.4\n" + b"[" * 3_000_000  # nests deeper than a stack
    (folder / "good1a.pdf").write_bytes(bomb)
    hits, warnings = await search(OwnLibrary(folder, tmp_path / "cache"), "wombats")
    assert len(hits) == 3
    assert any("good1a.pdf" in warning for warning in warnings)


def test_the_reader_of_documents_has_little_memory_and_writes_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from core.literature.extract import main; path = sys.argv.pop(); sys.argv.append('pdf'); main()\n"
        "for work in (lambda: bytearray(3 << 30), lambda: open(path, 'w').write('x' * 9999)):\n"
        "    try: work(); print('done')\n"
        "    except (MemoryError, OSError) as error: print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "file")], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["MemoryError", "OSError"]


def kill_reader_of(path: Path) -> None:
    """Kill the process that reads `path`, once there is one."""
    while True:
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if os.fsencode(path) in (folder / "cmdline").read_bytes().split(b"\0"):
                    os.kill(int(folder.name), signal.SIGKILL)
                    return
        time.sleep(0.02)


async def test_a_reader_that_dies_takes_only_its_document_along(tmp_path: Path) -> None:
    stuck, good = tmp_path / "stuck.pdf", tmp_path / "good.pdf"
    os.mkfifo(stuck)  # reading it never ends
    good.write_bytes(pdf_of([LINES]))
    killing = asyncio.create_task(asyncio.to_thread(kill_reader_of, stuck))
    found = [(path, read) async for path, read in read_files("pdf", [stuck, good])]
    await killing
    assert [path for path, _ in found] == [stuck, good]
    assert isinstance(found[0][1], str)
    assert isinstance(found[1][1], Read)
