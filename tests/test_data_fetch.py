"""Data sets of the Hub: fetched in a process of their own, and read by programs that have no network."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.data.access import OFFLINE, access
from core.data.fetch import Patience, fetch
from core.data.hub import hub_at
from core.data.store import Fetched, Store
from core.data.uses import Use
from core.errors import DataError
from core.sandbox.outcome import Tier
from core.sandbox.programs import ProgramRun, run_program
from core.sandbox.tiers import why_not
from core.settings import Limits, Settings
from tests.servers.hub import HubServer, HubSet

QUICK = Patience(stalled=20, between=0.0, waiting=0.05)
IN_A_HURRY = Patience(stalled=2.5, between=0.0, waiting=0.05)


def parquet(rows: int, start: int = 0, **columns: list[Any]) -> bytes:
    import pandas

    at = range(start, start + rows)
    frame = pandas.DataFrame(columns or {"x": [float(one) for one in at], "label": [one % 2 for one in at]})
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def endless(rows: int) -> bytes:
    """A small file that becomes a huge table."""
    import pyarrow
    from pyarrow.parquet import write_table

    buffer = io.BytesIO()
    zeros = pyarrow.array([0], pyarrow.int64()).take(pyarrow.nulls(rows, pyarrow.int64()).fill_null(0))
    write_table(pyarrow.table({"x": zeros}), buffer, compression="zstd")
    return buffer.getvalue()


def png(colour: int) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("L", (8, 6), colour).save(buffer, "PNG")
    return buffer.getvalue()


TINY = {
    "data/train-00000-of-00001.parquet": parquet(100),
    "data/test-00000-of-00001.parquet": parquet(20, 1000),
}
CONFIGS = {
    "configs": [
        {"config_name": "small", "data_files": [{"split": "train", "path": "small/*.csv"}]},
        {"config_name": "large", "data_files": [{"split": "train", "path": "large/*.csv"}]},
    ]
}
PICTURES = {
    f"{split}/{kind}/{at}.png": png(colour + at)
    for split, count in (("train", 4), ("test", 2))
    for kind, colour in (("dark", 10), ("light", 200))
    for at in range(count)
}
SETS = (
    HubSet("org/tiny", TINY, {"license": "mit"}),
    HubSet("org/tables", {"train.csv": b"a,b\n1,2\n3,4\n", "test.csv": b"a,b\n5,6\n"}),
    HubSet("org/Many", {"small/a.csv": b"x,y\n1,1\n", "large/a.csv": b"x,y\n" + b"2,2\n" * 9}, CONFIGS),
    HubSet("org/pictures", PICTURES),
    HubSet(
        "org/thief",
        {
            "train/metadata.csv": b"file_name,label\na.png,1\n../../../../../../../../../../etc/passwd,2\n",
            "train/a.png": png(9),
        },
    ),
    HubSet("org/gated", TINY, gated="auto"),
    HubSet("org/hidden", TINY, private=True),
    HubSet("org/scripted", {"scripted.py": b"raise SystemExit", "data.bin": b"1"}),
    HubSet("org/enormous", TINY, told_size=10**10),
    HubSet("org/bomb", {"train.parquet": endless(40_000_000)}),
    HubSet("org/bombs", {f"{split}.parquet": endless(6_000_000) for split in ("train", "validation", "test")}),
    HubSet("org/broken", {"train.parquet": b"PAR1 and nothing else" * 100}),
    HubSet("org/cut", {"train.parquet": os.urandom(300_000)}, cut_after=100_000),
    HubSet("org/stuck", {"train.parquet": os.urandom(300_000)}, pause=30),
    HubSet("org/slow", {"train.csv": b"a,b\n" + b"1,2\n" * 50_000}, pause=0.08),
    HubSet("org/sounds", {"train.tar": b"no table"}),
    HubSet("org/pickled", {"train.pkl": b"cos\nsystem\n(S'touch /tmp/labtop-was-here'\ntR."}),
)


@pytest.fixture(scope="module")
def hub() -> Iterator[HubServer]:
    with HubServer(*SETS, token="hf_of_the_person") as server:
        yield server


@pytest.fixture(scope="module")
def store(hub: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("cache") / "hub", hub.url)


async def had(
    store: Store, repo: str, largest_mb: int = 5, patience: Patience = QUICK, **more: str
) -> tuple[Fetched, list[str]]:
    told: list[str] = []
    return await fetch(Use(repo, **more), store, largest_mb, told.append, patience), told


def working_in(folder: Path) -> list[int]:
    """The processes whose current folder lies below `folder`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(entry / "cwd").startswith(str(folder)):
                found.append(int(entry.name))
    return found


def wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def settings(**more: Any) -> Settings:
    return Settings("p", "Which?", model="mine", hub_mb=5, **more)


async def run_with(store: Store, tmp_path: Path, program: str, tier: Tier | None = None) -> ProgramRun:
    project = tmp_path / "project"
    project.mkdir(exist_ok=True)
    given = await access([program], settings(), lambda _: None, store=store)
    return await run_program(
        project,
        "main.py",
        overlay={"main.py": program},
        limits=Limits(seconds=60),
        tier=tier,
        readable=given.readable,
        linked=given.linked,
        environment=given.environment,
    )


async def test_a_set_is_fetched_once_and_nothing_but_its_data_is_kept(store: Store, hub: HubServer) -> None:
    fetched, told = await had(store, "org/tiny")
    assert dict(fetched.splits) == {"train": 100, "test": 20}
    assert {path.suffix for path in fetched.files} == {".arrow", ".json"}
    assert {path.name for path in fetched.folder.iterdir()} == {"about.json", "data"}
    assert all(path.stat().st_mode & 0o222 == 0 for path in fetched.folder.rglob("*"))
    assert [path.name for path in store.root.iterdir() if path.name.startswith(".")] == []
    assert told[0].startswith("fetching the data set org/tiny")
    assert "train 100, test 20" in told[-1]
    asked = len(hub.asked)
    again, silence = await had(store, "org/tiny")
    assert (again, silence, len(hub.asked)) == (fetched, [], asked)


async def test_its_card_is_made_from_the_training_part_alone(store: Store) -> None:
    fetched, _ = await had(store, "org/tiny")
    card = fetched.card
    assert card is not None
    assert (card.source, card.target, card.rows, card.classes) == ("hf:org/tiny", "label", 100, (("0", 50), ("1", 50)))
    assert {column.name: column.distinct for column in card.columns} == {"x": 100, "label": 2}
    assert 'load_dataset("org/tiny", split="train")' in card.note
    assert "not test (20 rows)" in card.note


@pytest.mark.parametrize("tier", list(Tier))
async def test_a_program_reads_it_offline_and_cannot_change_it(store: Store, tmp_path: Path, tier: Tier) -> None:
    if why_not(tier):
        pytest.skip(why_not(tier))
    program = (
        "from datasets import load_dataset\n"
        "import os\n"
        "sets = load_dataset('org/tiny')\n"
        "frame = sets['train'].to_pandas()\n"
        "print('rows', len(frame), frame['x'].sum(), sets['test'].num_rows)\n"
        "print('doubled', sets['train'].map(lambda row: {'y': 2 * row['x']})[3]['y'])\n"
        "print('part', load_dataset('org/tiny', split='train[:10]').num_rows)\n"
        "print('streamed', next(iter(load_dataset('org/tiny', split='test', streaming=True)))['x'])\n"
        "print('offline', os.environ['HF_HUB_OFFLINE'], os.environ['HF_DATASETS_OFFLINE'], 'HF_TOKEN' in os.environ)\n"
        "file = sets['train'].cache_files[0]['filename']\n"
        "try:\n"
        "    open(os.path.realpath(file), 'r+b')\n"
        "    print('written')\n"
        "except OSError:\n"
        "    print('read-only')\n"
    )
    done = await run_with(store, tmp_path, program, tier)
    assert done.outcome.ok, done.outcome
    lines = done.outcome.output.splitlines()
    expected = ["rows 100 4950.0 20", "doubled 6.0", "part 10", "streamed 1000.0", "offline 1 1 False"]
    assert [line for line in lines if line.split()[0] in ("rows", "doubled", "part", "streamed", "offline")] == expected
    if tier is not Tier.PLAIN or os.getuid():  # without a sandbox, root may write everywhere
        assert "read-only" in lines


async def test_configurations_files_and_pictures_are_found_offline(store: Store, tmp_path: Path) -> None:
    program = (
        "import datasets\n"
        "print('small', datasets.load_dataset('org/Many', 'small')['train'].num_rows)\n"
        "print('large', datasets.load_dataset('org/Many', name='large', split='train').num_rows)\n"
        "print('one file', datasets.load_dataset('org/tables', data_files='test.csv')['train'][0])\n"
        "print('again', datasets.load_dataset('org/Many', 'small', split='train')[0])\n"
        "print('all', datasets.load_dataset('org/tables').num_rows)\n"
        "pictures = datasets.load_dataset('org/pictures')\n"
        "print('picture', pictures['train'][0]['image'].size, pictures['train'].features['label'].names)\n"
        "print('last', pictures['test'][3]['image'].getpixel((0, 0)))\n"
    )
    done = await run_with(store, tmp_path, program)
    assert done.outcome.ok, done.outcome
    lines = [line for line in done.outcome.output.splitlines() if not line.startswith(("Using", "Found"))]
    assert lines == [
        "small 1",
        "large 9",
        "one file {'a': 5, 'b': 6}",
        "again {'x': 1, 'y': 1}",
        "all {'train': 2, 'test': 1}",
        "picture (8, 6) ['dark', 'light']",
        "last 201",
    ]


async def test_the_card_of_pictures_tells_their_looks(store: Store) -> None:
    card = (await had(store, "org/pictures"))[0].card
    assert card is not None
    assert (card.columns[0].kind, card.columns[0].example) == ("image", "8×6 L")
    assert card.classes == (("dark", 4), ("light", 4))
    assert "label is stored as numbers: 0 dark, 1 light." in card.note


@pytest.mark.parametrize(
    ("repo", "reason", "hint"),
    [
        ("org/gated", "it is gated", "HF_TOKEN"),
        ("org/hidden", "no such set, or it is private", "SEARCH_HF"),
        ("org/missing", "no such set", "SEARCH_HF"),
        ("org/scripted", "it is a script", "Parquet"),
        ("org/enormous", "it is too big: 20,000 MB, more than the 5 MB of hub_mb", "hub_mb"),
        ("org/bomb", "it is too big: one file", "hub_mb"),
        ("org/bombs", "it is too big: it was", "hub_mb"),
        ("org/broken", "its files cannot be read", "another set"),
        ("org/sounds", "not read here (webdataset)", "tables"),
        ("org/thief", "traversal", "another set"),
        ("org/pickled", "no data files of a kind that is read here", "Parquet"),
    ],
)
async def test_what_cannot_be_had_is_refused_with_the_reason(
    store: Store, hub: HubServer, repo: str, reason: str, hint: str
) -> None:
    with pytest.raises(DataError) as caught:
        await had(store, repo)
    assert f"The data set {repo} cannot be had" in caught.value.message
    assert reason in caught.value.message
    assert hint in caught.value.hint
    assert store.found(Use(repo)) is None
    assert [path for path in store.root.iterdir() if path.name.startswith(".")] == []
    assert not os.path.exists("/tmp/labtop-was-here")  # noqa: ASYNC240
    if repo == "org/enormous":
        assert not [path for method, path in hub.asked if method == "GET" and "enormous" in path and "parquet" in path]


async def test_a_missing_configuration_is_answered_with_those_there_are(store: Store) -> None:
    with pytest.raises(DataError, match=r"small.*large|large.*small"):
        await had(store, "org/Many", config="medium")


async def test_a_download_that_does_not_get_on_is_ended(store: Store) -> None:
    both = (had(store, repo, patience=IN_A_HURRY) for repo in ("org/cut", "org/stuck"))
    async with asyncio.timeout(30):
        errors = await asyncio.gather(*both, return_exceptions=True)
    for error in errors:
        assert isinstance(error, DataError)
        assert "nothing more of it came" in str(error) or "the download failed" in str(error)


async def test_the_persons_own_token_opens_a_gated_set(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_person")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    fetched, _ = await had(Store(tmp_path / "hub", hub.url), "org/gated")
    assert dict(fetched.splits) == {"train": 100, "test": 20}
    kept = [path.read_bytes() for path in (tmp_path / "hub").rglob("*") if path.is_file()]
    assert not any(b"hf_of_the_person" in data or b"sk-secret" in data for data in kept)


def test_two_processes_that_want_the_same_set_fetch_it_once_and_tell_how_it_goes(
    hub: HubServer, tmp_path: Path
) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path; from core.data.fetch import fetch, Patience\n"
        "from core.data.store import Store; from core.data.uses import Use\n"
        "store = Store(Path(sys.argv[1]), sys.argv[2])\n"
        "patience = Patience(waiting=0.05, between=0)\n"
        "got = asyncio.run(fetch(Use('org/slow', split=sys.argv[3]), store, 5, print, patience))\n"
        "print(dict(got.splits))"
    )
    before = sum("org/slow" in path and "train.csv" in path and method == "GET" for method, path in hub.asked)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "hub"), hub.url, split], stdout=subprocess.PIPE, text=True
        )
        for split in ("", "train")
    ]
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert all("{'train': 50000}" in text for text in said)
    assert sum("another labtop is fetching org/slow" in text for text in said) == 1
    assert sum("MB on disk of" in text for text in said) == 1
    after = sum("org/slow" in path and "train.csv" in path and method == "GET" for method, path in hub.asked)
    assert after - before == 1


async def test_a_cancelled_fetch_leaves_no_process_and_no_file(hub: HubServer, tmp_path: Path) -> None:
    store = Store(tmp_path / "hub", hub.url)
    task = asyncio.create_task(fetch(Use("org/stuck"), store, 5, print, QUICK))
    await asyncio.to_thread(wait_until, lambda: bool(working_in(store.root)))
    task.cancel()
    await asyncio.wait({task}, timeout=10)
    assert task.cancelled()
    assert [path.suffix for path in store.root.iterdir()] == [".lock"]
    assert not working_in(store.root)


def test_a_fetch_ends_with_the_labtop_that_wanted_it(hub: HubServer, tmp_path: Path) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path; from core.data.fetch import fetch\n"
        "from core.data.store import Store; from core.data.uses import Use\n"
        "asyncio.run(fetch(Use('org/stuck'), Store(Path(sys.argv[1]), sys.argv[2]), 5, print))"
    )
    hub.asked.clear()
    labtop = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "hub"), hub.url])
    wait_until(lambda: any(method == "GET" and "train.parquet" in path for method, path in hub.asked))
    labtop.kill()
    labtop.wait()
    wait_until(lambda: not working_in(tmp_path / "hub"), seconds=5)


async def test_what_a_killed_labtop_left_is_swept_and_never_taken_for_a_set(hub: HubServer, tmp_path: Path) -> None:
    store = Store(tmp_path / "hub", hub.url)
    key = store.key(Use("org/tables"))
    for left in (store.root / key / "data", store.root / f".{key}.x1" / "made"):
        left.mkdir(parents=True)
        (left / "half.arrow").write_bytes(b"half")
    assert store.found(Use("org/tables")) is None
    fetched, _ = await had(store, "org/tables")
    assert dict(fetched.splits) == {"train": 2, "test": 1}
    assert not (store.root / f".{key}.x1").exists()


async def test_a_project_without_the_hub_gets_what_is_in_the_cache_and_nothing_more(
    store: Store, hub: HubServer
) -> None:
    await had(store, "org/tiny")
    asked = len(hub.asked)
    for without in (settings(hub=False), Settings("p", "Which?")):
        given = await access(['import datasets; datasets.load_dataset("org/tiny")'], without, print, store=store)
        assert given.readable
        with pytest.raises(DataError, match="without the Hugging Face Hub"):
            await access(['import datasets; datasets.load_dataset("org/new")'], without, print, store=store)
    assert len(hub.asked) == asked


async def test_without_a_network_a_set_is_refused_within_seconds(tmp_path: Path) -> None:
    nowhere = Store(tmp_path / "hub", "http://127.0.0.1:9")
    with pytest.raises(DataError, match="cannot be reached") as caught:
        await access(['import datasets; datasets.load_dataset("org/tiny")'], settings(), print, store=nowhere)
    assert "sklearn" in caught.value.hint
    assert await hub_at(nowhere.endpoint).unreachable()


async def test_a_cache_that_cannot_be_written_is_a_refusal(hub: HubServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DataError, match="cannot be written"):
        await had(Store(tmp_path / "file" / "hub", hub.url), "org/tiny")


async def test_a_program_that_names_no_set_is_told_to_stay_offline_and_needs_no_cache(tmp_path: Path) -> None:
    store = Store(tmp_path / "hub", "http://127.0.0.1:9")
    given = await access(["from sklearn.datasets import load_iris"], settings(), print, store=store)
    assert (given.readable, dict(given.linked), given.environment) == ((), {}, OFFLINE)
    assert not store.root.exists()


def test_the_engine_never_imports_the_library() -> None:
    code = (
        "import sys; import core.running, core.phases.data, core.data.access, core.data.fetch, core.data.hub;"
        "print({'datasets', 'huggingface_hub', 'pandas', 'pyarrow', 'httpx2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_picture_is_read_from_the_download_and_from_nowhere_else(tmp_path: Path) -> None:
    from core.data.fetching import Refused, _read

    (tmp_path / "a.png").write_bytes(b"picture")
    (tmp_path / "b.png").symlink_to("/etc/passwd")
    assert list(_read([{"bytes": None, "path": str(tmp_path / "a.png")}, None], tmp_path)) == [
        (b"picture", "a.png"),
        (None, None),
    ]
    for path in ("/etc/passwd", str(tmp_path / "b.png"), f"{tmp_path}/../../etc/passwd"):
        with pytest.raises(Refused, match="outside of itself"):
            list(_read([{"bytes": None, "path": path}], tmp_path))


def test_the_about_file_of_a_set_is_checked(store: Store, tmp_path: Path) -> None:
    odd = Store(tmp_path, "x")
    folder = tmp_path / odd.key(Use("a/b"))
    folder.mkdir()
    for text in ("", "[]", "{}", json.dumps({"place": 1, "splits": [], "size": "x", "card": None})):
        (folder / "about.json").write_text(text)
        assert odd.found(Use("a/b")) is None
