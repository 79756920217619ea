"""Fetches one data set of the Hub, in a process of its own: it reads data files, and runs no code that it fetched.

Told on standard input (one JSON line) what to fetch, it writes JSON lines: `size` (bytes to come), `have` (bytes on
disk), and at last `refused` with a `hint`, or `fetched`. It ends when its standard input is closed: its parent died.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn, TextIO

from core.data.store import ABOUT, DATA

READABLE = frozenset({"parquet", "csv", "json", "text", "arrow", "imagefolder"})
"""Formats of `datasets` that hold data and nothing that could be run."""
MOST_FILES = 20_000
UNPACKED = 4
"""How often its download a set may be on disk, together with what is made of it."""
_ROOM = 64 * 2**20
_ADDRESSES = 16 * 2**30
_LOOK = 0.25
_PIECE = 64 * 1024
"""Bytes that arrive before they are on disk, where progress is seen; the library waits for ten million."""


class Refused(Exception):
    """The set is not fetched: why, and what to do instead."""

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be fetched, into which empty folder, and how many bytes it may have."""

    folder: str
    endpoint: str
    largest: int
    repo: str
    config: str = ""
    files: str = ""
    data_dir: str = ""
    revision: str = ""

    @property
    def most_on_disk(self) -> int:
        """Bytes that the folder may grow to."""
        return UNPACKED * self.largest + _ROOM

    @property
    def most_in_a_file(self) -> int:
        """Bytes that one file may grow to, also between two looks at the folder."""
        return self.most_on_disk - _ROOM // 2

    @property
    def asked(self) -> dict[str, Any]:
        """What narrows the set down, as `load_dataset` takes it."""
        files = {"data_files": json.loads(self.files)} if self.files else {}
        return {**files, **({"data_dir": self.data_dir} if self.data_dir else {})}


def main() -> NoReturn:
    """Fetch what standard input asks for and end."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # whatever the libraries print is no part of what is told
    order = Order(**json.loads(sys.stdin.readline()))
    os.chdir(order.folder)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit(resource.RLIMIT_FSIZE, order.most_in_a_file)
    _limit(resource.RLIMIT_AS, _ADDRESSES)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threading.Thread(target=_watch, args=(order, told), daemon=True).start()
    try:
        _fetch(order, told)
    except Exception as error:  # noqa: BLE001  (the end of a process: every failure is told to the parent)
        refused = error if isinstance(error, Refused) else _refused(order, error)
        _end(told, {"refused": str(refused), "hint": refused.hint})
    _end(told, {"fetched": order.repo})


def _end(told: TextIO, last: Mapping[str, Any]) -> NoReturn:
    told.write(json.dumps(last) + "\n")
    told.flush()
    os._exit(0)


def _limit(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _end_with_parent() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(1)


def _watch(order: Order, told: TextIO) -> None:
    """Tell what is on disk, and end when that is too much: what a server says of sizes need not be true."""
    before = -1
    while True:
        try:
            have = _check_disk(order)
        except Refused as refused:
            _end(told, {"refused": str(refused), "hint": refused.hint})
        if have != before:
            told.write(json.dumps({"have": have}) + "\n")
        before = have
        threading.Event().wait(_LOOK)


def _check_disk(order: Order) -> int:
    """Bytes on disk; raises Refused when they are too many."""
    have = _on_disk(Path(order.folder))
    if have > order.most_on_disk:
        raise _too_big(f"it was {have / 1e6:,.0f} MB on disk and not at its end")
    return have


def _too_big(how: str) -> Refused:
    return Refused(
        f"it is too big: {how}", "Use a smaller set or configuration; the researcher may raise hub_mb in lab.toml."
    )


def _on_disk(folder: Path) -> int:
    size = 0
    for above, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(os.path.join(above, name)).st_size
            except OSError:  # gone meanwhile
                continue
    return size


def _fetch(order: Order, told: TextIO) -> None:
    from huggingface_hub import HfApi, constants

    constants.DOWNLOAD_CHUNK_SIZE = _PIECE
    api = HfApi(endpoint=order.endpoint)
    about = api.dataset_info(order.repo, revision=order.revision or None, timeout=20)
    if about.gated:
        api.auth_check(order.repo, repo_type="dataset")
    if f"{order.repo.rsplit('/', 1)[-1]}.py" in [one.rfilename for one in about.siblings or ()]:
        raise Refused(
            "it is a script that would have to be run, and no code of a data set is run",
            "Look for a copy of it in Parquet or CSV, often under another owner's name.",
        )
    import datasets

    datasets.config.USE_PARQUET_EXPORT = False  # another server; what is fetched is what the set itself holds
    builder = datasets.load_dataset_builder(
        order.repo, order.config or None, revision=about.sha, cache_dir=str(Path(order.folder) / "made"), **order.asked
    )
    if builder.name not in READABLE:
        raise Refused(f"its files are of a kind that is not read here ({builder.name})", "Use a set of tables.")
    size = _size(api, order, builder, str(about.sha))
    told.write(json.dumps({"size": size}) + "\n")
    builder.download_and_prepare()
    _check_disk(order)
    _arrange(order, builder, str(about.sha), size)


def _size(api: Any, order: Order, builder: Any, revision: str) -> int:
    """Bytes of all files that are to be fetched, as the Hub tells them; refuses too many and too much."""
    start = f"@{revision}/"
    paths = [str(file).partition(start)[2] for files in (builder.config.data_files or {}).values() for file in files]
    paths = sorted({path for path in paths if path})
    if not paths:
        raise Refused("it has no data files", "Use another set.")
    if len(paths) > MOST_FILES:
        raise Refused(f"it consists of {len(paths):,} files, more than {MOST_FILES:,}", "Use a set in fewer files.")
    size = 0
    for at in range(0, len(paths), 500):
        found = api.get_paths_info(order.repo, paths[at : at + 500], revision=revision, repo_type="dataset")
        size += sum(getattr(one, "size", 0) or 0 for one in found)
    if size > order.largest:
        raise _too_big(f"{size / 1e6:,.0f} MB, more than the {order.largest / 1e6:,.0f} MB of hub_mb")
    return size


def _arrange(order: Order, builder: Any, revision: str, size: int) -> None:
    """Lay the set out as the store keeps it: data, and what is known of it; the downloads go."""
    from datasets import BuilderConfig
    from datasets.naming import camelcase_to_snakecase

    made, data = Path(builder.cache_dir), Path(order.folder) / DATA
    splits = {str(name): int(one.num_examples) for name, one in builder.info.splits.items()}
    if builder.name == "imagefolder":
        _take_images_in(builder, made, Path(order.folder))
    card = _card(order, builder, splits)
    made.rename(data)
    config = builder.config.name
    if order.asked:  # the name under which `datasets` looks for it when it is offline
        config = BuilderConfig(order.config or "default").create_config_id(config_kwargs=order.asked)
    owner, _, name = order.repo.rpartition("/")
    home = f"{owner}___{camelcase_to_snakecase(name)}" if owner else camelcase_to_snakecase(name)
    about = {
        "repo": order.repo,
        "config": builder.config.name,
        "revision": revision,
        "place": f"{home}/{config}/{builder.config.version}",
        "splits": splits,
        "size": size,
        "card": card,
    }
    (Path(order.folder) / ABOUT).write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")


def _card(order: Order, builder: Any, splits: Mapping[str, int]) -> dict[str, Any] | None:
    from core.data.samples import described

    try:
        card = described(builder.as_dataset(), splits, order.repo, order.config, order.asked)
    except Exception:  # noqa: BLE001  (whatever its tables hold: the set can be used without a card)
        return None
    return asdict(card) if card else None


def _take_images_in(builder: Any, made: Path, folder: Path) -> None:
    """Write the pictures themselves into the tables, which name files of the download until then."""
    from datasets.arrow_writer import ArrowWriter

    for split in builder.info.splits:
        table = builder.as_dataset(split=split).with_format("arrow")
        paths = sorted(made.glob(f"{builder.dataset_name}-{split}*.arrow"))
        new = made / "new.arrow"
        with ArrowWriter(features=table.features, path=str(new)) as writer:
            for piece in table.iter(batch_size=100):
                writer.write_table(_with_bytes(piece, folder))
            writer.finalize()
        for path in paths:
            path.unlink()
        new.rename(made / f"{builder.dataset_name}-{split}.arrow")
        builder.info.splits[split].shard_lengths = None
    builder.info.write_to_directory(str(made))


def _with_bytes(piece: Any, folder: Path) -> Any:
    """The piece of a table with each picture's bytes in place; a path that leads out of the download is refused."""
    import pyarrow

    pictures = piece.column("image").to_pylist()
    rows = [{"bytes": data, "path": name} for data, name in _read(pictures, folder)]
    column = pyarrow.array(rows, type=piece.schema.field("image").type)
    return piece.set_column(piece.column_names.index("image"), piece.schema.field("image"), column)


def _read(pictures: list[Any], folder: Path) -> Iterator[tuple[bytes | None, str | None]]:
    for picture in pictures:
        if picture is None or picture["bytes"] is not None or picture["path"] is None:
            yield (picture or {}).get("bytes"), None
            continue
        path = Path(picture["path"]).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise Refused("it names files outside of itself", "Do not use it.")
        yield path.read_bytes(), Path(picture["path"]).name


def _refused(order: Order, error: Exception) -> Refused:
    """What a failure of the libraries means, in words."""
    chain = [error]
    while (below := chain[-1].__cause__ or chain[-1].__context__) is not None and len(chain) < 20:
        chain.append(below)  # type: ignore[arg-type]
    kinds = {kind.__name__ for one in chain for kind in type(one).__mro__}
    text = " ".join(str(error).split())[:600]
    if "ModuleNotFoundError" in kinds:
        return Refused(
            f"labtop is not fully installed ({text})", "The researcher installs it with: pip install datasets"
        )
    if "GatedRepoError" in kinds or "gated dataset" in text:
        return Refused(
            "it is gated: its owner decides who may have it",
            f"Use another set. The researcher can ask for access at {order.endpoint}/datasets/{order.repo} and set"
            " HF_TOKEN.",
        )
    if "RevisionNotFoundError" in kinds:
        return Refused(f"it has no revision {order.revision!r}", "Leave the revision out.")
    if kinds & {"RepositoryNotFoundError", "HFValidationError"} or "doesn't exist on the Hub" in text:
        return Refused("the Hub has no such set, or it is private", "Find the exact name with SEARCH_HF.")
    if any(getattr(one, "errno", None) == 27 for one in chain):  # EFBIG: the limit on the size of files
        return _too_big("one file of it grew beyond what a file may have")
    return _refused_data(kinds, text, chain)


def _refused_data(kinds: set[str], text: str, chain: list[Exception]) -> Refused:
    if "Config name is missing" in text or "BuilderConfig" in text:
        return Refused(text, "Name one of these configurations as the second argument.")
    if "scripts are no longer supported" in text:
        return Refused("it is a script, and no code of a data set is run", "Use a copy of it in Parquet or CSV.")
    if kinds & {"EmptyDatasetError", "DataFilesNotFoundError"}:
        return Refused("it has no data files of a kind that is read here", "Use a set in Parquet, CSV or JSON.")
    if kinds & {"HTTPError", "ConnectionError", "TransportError", "LocalEntryNotFoundError"}:
        return Refused(f"the download failed ({text})", "Try once more later, or use a bundled set.")
    deepest = " ".join(str(chain[-1]).split())[:300]
    return Refused(f"its files cannot be read ({type(chain[-1]).__name__}: {deepest})", "Use another set.")
