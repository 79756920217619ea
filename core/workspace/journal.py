"""Changes of the tree that are whole or not at all: what is intended is on disk before anything is touched."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import ProjectError
from core.workspace import files
from core.workspace.commits import Change, rebuild_index, refresh_index
from core.workspace.files import Content
from core.workspace.git import Git

TURN_FILE = ".lab/turn.json"
SETTINGS_FILE = "lab.toml"

Entry = tuple[str, str]
"""What stands at a path of a tree: git's mode and the blob."""

ABSENT: Entry = ("", "")
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Writing:
    """A turn's files on their way into a commit: for each path the blob that is meant to stand there, None for none.

    `turn` is the blob of the turn's own record: a commit that holds it is the one that was meant.
    """

    turn: str
    paths: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class RefMove:
    """A ref on its way from `old` to `new`; empty means that there is none."""

    name: str
    new: str
    old: str


@dataclass(frozen=True, slots=True)
class Moving:
    """The tree and refs on their way from one commit to another; `head` is the branch that is current afterwards."""

    start: str
    end: str
    head: str
    refs: tuple[RefMove, ...]


def note(git: Git, plan: Writing | Moving) -> None:
    """Have the plan on disk before it is carried out."""
    data = {"plan": type(plan).__name__, **asdict(plan)}
    files.write_durably(_path(git), json.dumps(data).encode("utf-8", "surrogateescape"))


def drop(git: Git) -> None:
    """The plan is carried out."""
    _path(git).unlink(missing_ok=True)


def pending(git: Git) -> Writing | Moving | None:
    """The plan that a crash left, None when there is none."""
    try:
        text = _path(git).read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    try:
        data = json.loads(text)
        kind = data.pop("plan")
        if kind == "Writing":
            return Writing(**data)
        return Moving(**{**data, "refs": tuple(RefMove(**ref) for ref in data["refs"])})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProjectError(
            f"{_path(git)}, which tells what an interrupted turn was writing, cannot be read.",
            "Look at `git status`, put the files right, then delete it.",
        ) from error


def put_all(git: Git, changes: Iterable[Change]) -> None:
    """Write the changes to the worktree, file by file, each whole and on disk."""
    scratch = git.private("scratch")
    due = files.deletions_first(change for change in changes if files.look(git.root, change[0]) != change[1])
    drafts = {rel: files.draft(git.root, rel, content, scratch) for rel, content in due if content}
    files.flush(list(drafts.values()))
    for rel, _ in due:
        if rel in drafts:
            files.place(git.root, rel, drafts[rel])
        else:
            files.remove(git.root, rel)
    files.flush(files.folders_of(git.root, [rel for rel, _ in due]) if due else [])


def carry_out(git: Git, plan: Moving) -> None:
    """Move the tree, then the refs, then HEAD; may be repeated from any point at which it was cut off.

    A file that is neither what it was nor what it shall be is the person's own and left alone; so is one that is not
    in the history there because .gitignore names it there: it came into the history only where that did not.
    """
    due = _due(git, plan)
    written = {rel: entry for rel, entry in due.items() if entry != ABSENT}
    gone = [rel for rel, entry in due.items() if entry == ABSENT]
    in_the_way = _in_the_way(gone, written)
    _step(git, [(rel, None) for rel in in_the_way])
    names = sorted(written)
    for place in range(0, len(names), _BATCH):
        _step(git, _contents(git, [(rel, written[rel]) for rel in names[place : place + _BATCH]]))
    left = in_the_way | ignored(git, gone, tracked=True)
    _step(git, [(rel, None) for rel in gone if rel not in left])
    files.flush_disk(git.root)
    move_refs(git, plan.refs)
    head = git.folder / "HEAD"
    if head.read_text().strip() != f"ref: {plan.head}":
        git.run("symbolic-ref", "HEAD", plan.head, writes=True)
    rebuild_index(git)
    drop(git)


def obstacles(git: Git, start: str, end: str) -> list[str]:
    """The paths where something stands that the history does not know and that going to `end` would overwrite."""
    return [
        rel for rel, old, new in _differences(git, start, end) if entry_of(files.look(git.root, rel)) not in (old, new)
    ]


def move_refs(git: Git, refs: Sequence[RefMove]) -> None:
    """Carry out those moves that are still to be done."""
    now = refs_under(git, "refs/")
    due = [ref for ref in refs if now.get(ref.name, "") == ref.old and ref.old != ref.new]
    commands = "".join(
        f"update {ref.name}\0{ref.new}\0{ref.old}\0" if ref.new else f"delete {ref.name}\0{ref.old}\0" for ref in due
    )
    if due:
        git.run("update-ref", "-z", "--stdin", "--create-reflog", stdin=commands.encode(), writes=True)


def refs_under(git: Git, prefix: str) -> dict[str, str]:
    """Refs and the commits that they name."""
    lines = git.text("for-each-ref", "--format=%(objectname) %(refname)", prefix).splitlines()
    return {name: sha for sha, _, name in (line.partition(" ") for line in lines)}


def take_back(git: Git, plan: Writing) -> bool:
    """Finish a turn that a crash cut off: True when its commit is there, False when its files were taken back."""
    head = tree_entries(git, "HEAD", [*plan.paths, TURN_FILE])
    if head.get(TURN_FILE, ABSENT)[1] == plan.turn:
        refresh_index(git, plan.paths)
        drop(git)
        return True
    ours = [rel for rel, sha in plan.paths.items() if entry_of(files.look(git.root, rel))[1] == (sha or "")]
    put_all(git, _contents(git, [(rel, head.get(rel, ABSENT)) for rel in ours]))
    for rel in plan.paths:
        files.prune(git.root, rel)
    drop(git)
    return False


def sweep(git: Git) -> int:
    """Remove the locks and drafts of killed git processes, while holding the project; returns how many."""
    shutil.rmtree(git.folder / "labtop" / "scratch", ignore_errors=True)
    gone = 0
    for path in _litter(git.folder):
        with suppress(OSError):
            path.unlink()
            gone += 1
    return gone


def tree_entries(git: Git, commit: str, paths: Sequence[str]) -> dict[str, Entry]:
    """Mode and blob of those `paths` that are in a commit."""
    out = git.run("--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", *paths)
    found = {}
    for line in os.fsdecode(out).split("\0")[:-1]:
        facts, _, path = line.partition("\t")
        mode, _, sha = facts.split(" ")
        found[path] = (mode, sha)
    return found


def entry_of(content: Content | None) -> Entry:
    """What a tree would hold for this content."""
    return (content.mode, content.sha) if content else ABSENT


def ignored(git: Git, paths: Sequence[str], *, tracked: bool = False) -> set[str]:
    """Those of `paths` that .gitignore keeps out of the history; with `tracked`, also of those that are in it."""
    names = b"".join(os.fsencode(rel) + b"\0" for rel in paths)
    how, accept = (("--no-index",), (0, 1, 128)) if tracked else ((), (0, 1))  # 128: one lies in a repository in here
    out = git.run("check-ignore", *how, "-z", "--stdin", stdin=names, accept=accept) if paths else b""
    return set(os.fsdecode(out).split("\0")) - {""}


def _due(git: Git, plan: Moving) -> dict[str, Entry]:
    """What is still to be done to the tree: those files that are as they were at the start, and what they shall be."""
    return {
        rel: new
        for rel, old, new in _differences(git, plan.start, plan.end)
        if old != new and entry_of(files.look(git.root, rel)) == old
    }


def _in_the_way(gone: Iterable[str], written: Mapping[str, Entry]) -> set[str]:
    """Those of `gone` that must go first: files where a folder is to be, and files in a folder where a file is."""
    folders = {above for rel in written for above in _above(rel)}
    return {rel for rel in gone if rel in folders or any(above in written for above in _above(rel))}


def _above(rel: str) -> Iterator[str]:
    """The folders that a path lies in."""
    return (rel[:place] for place, char in enumerate(rel) if char == "/")


def _step(git: Git, changes: Sequence[Change]) -> None:
    """Write or remove some files."""
    scratch = git.private("scratch")
    for rel, content in changes:
        # What stands in the way here came after the plan was checked: left alone, it shows as an edit by hand.
        with suppress(IsADirectoryError, NotADirectoryError, FileExistsError):
            if content is None:
                files.remove(git.root, rel)
            else:
                files.place(git.root, rel, files.draft(git.root, rel, content, scratch))


def _differences(git: Git, start: str, end: str) -> list[tuple[str, Entry, Entry]]:
    """Paths that differ between two commits, with what stands there in each; nested repositories are passed over."""
    fields = os.fsdecode(git.run("diff-tree", "-r", "-z", "--no-renames", start, end)).split("\0")
    found = []
    for facts, path in zip(fields[::2], fields[1::2], strict=False):
        old_mode, new_mode, old, new, _ = facts.removeprefix(":").split(" ")
        if "160000" not in (old_mode, new_mode):
            found.append((path, _present(old_mode, old), _present(new_mode, new)))
    return found


def _contents(git: Git, entries: Sequence[tuple[str, Entry]]) -> list[Change]:
    there = [entry for _, entry in entries if entry != ABSENT]
    datas = iter(git.blobs([sha for _, sha in there]))
    return [(rel, Content(next(datas) or b"", entry[0]) if entry != ABSENT else None) for rel, entry in entries]


def _present(mode: str, sha: str) -> Entry:
    return ABSENT if set(sha) == {"0"} else (mode, sha)


def _path(git: Git) -> Path:
    return git.folder / "labtop" / "pending.json"


def _litter(folder: Path) -> Iterator[Path]:
    yield from folder.glob("*.lock")
    yield from folder.glob("fast_import_crash_*")
    yield from (folder / "refs").rglob("*.lock")
    yield from (folder / "objects").glob("*/tmp_*")
    yield from (folder / "objects" / "info").glob("*.lock")
    yield from (folder / "labtop").glob("*.draft")
