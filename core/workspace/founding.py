"""Starting a project in an empty folder, and telling whether a folder is one."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from core.errors import ProjectError
from core.record import Agent, Phase, Status, Turn
from core.workspace import files, journal
from core.workspace.commits import commit_turn, refresh_index
from core.workspace.files import LARGEST, Content, as_bytes
from core.workspace.git import Git
from core.workspace.journal import SETTINGS_FILE, TURN_FILE

TEMPLATE = Path(__file__).resolve().parents[2] / "workspace_template"


def found(path: Path, contents: Mapping[str, bytes | str]) -> Path:
    """Start a project in a new or empty folder with the template and `contents`; returns its real path.

    Raises ProjectError for any other folder. When it fails, nothing stays behind.
    """
    root = _empty_folder(path)
    try:
        _fill(Git(root), contents)
    except BaseException:
        # An unfinished project is of no use to anybody, and would block the next attempt.
        for item in root.iterdir():
            shutil.rmtree(item) if item.is_dir() and not item.is_symlink() else item.unlink()
        raise
    return root


def check_is_project(root: Path) -> None:
    """Raise ProjectError unless the folder is a project of ours that can be trusted."""
    folder = root / ".git"
    try:
        found = os.lstat(folder)
    except OSError:
        raise ProjectError(f"{root} is not a labtop project.", "Start one with `labtop new`.") from None
    if not stat.S_ISDIR(found.st_mode):
        raise ProjectError(
            f"{folder} is not a folder but points elsewhere, so its history cannot be trusted.",
            "A project's .git must be a real folder; somebody replaced it.",
        )
    if found.st_uid != os.geteuid() or os.lstat(root).st_uid != os.geteuid():
        raise ProjectError(f"{root} belongs to another user.", "Copy it, or ask its owner to hand it over.")
    if not stat.S_ISREG(_mode_or_zero(root / SETTINGS_FILE)):
        raise ProjectError(f"{root} is a git repository without {SETTINGS_FILE}.", "It is not a labtop project.")


def _fill(git: Git, contents: Mapping[str, bytes | str]) -> None:
    turn = _first_turn()
    template = {str(path.relative_to(TEMPLATE)): path for path in TEMPLATE.rglob("*") if path.is_file()}
    wanted = {rel: path.read_bytes() for rel, path in template.items()}
    wanted |= {rel: as_bytes(data) for rel, data in contents.items()}
    wanted[TURN_FILE] = as_bytes(turn.to_json())
    files.check_writable(git.root, wanted)
    git.run("init", "-q", "-b", "main", "--template=", "--object-format=sha1")
    changes = [(rel, Content(data)) for rel, data in wanted.items()]
    journal.put_all(git, changes)
    ignored = journal.ignored(git, list(wanted))
    inside = [(rel, content) for rel, content in changes if rel not in ignored and len(content.data) <= LARGEST]
    commit_turn(git, "refs/heads/main", turn, inside, first=True)
    refresh_index(git, [rel for rel, _ in inside])
    # git init flushes nothing: without this a power cut soon after leaves no repository at all.
    files.flush_disk(git.root)
    files.flush_folder(git.root.parent)


def _first_turn() -> Turn:
    return Turn(
        number=0,
        phase=Phase.LITERATURE,
        agent=Agent.LABTOP,
        model="",
        command="",
        subject="new project",
        reply="",
        status=Status.OK,
        outcome="The project was created.",
        time=datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
    )


def _empty_folder(path: Path) -> Path:
    root = path.resolve()
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(root.iterdir()):
            raise ProjectError(f"{root} is not empty.", "Choose a new folder, or open what is there.")
        root.chmod(0o700)
    except OSError as error:
        raise ProjectError(f"{root} cannot be made a project: {error.strerror}.", "Choose another folder.") from error
    return root


def _mode_or_zero(path: Path) -> int:
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0
