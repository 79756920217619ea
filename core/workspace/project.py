"""A project: one research question, a folder, a git repository whose tree is the whole state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.errors import ProjectError
from core.record import Cost, LoggedTurn, Turn
from core.settings import Settings, read_settings
from core.workspace import candidates, files, history, journal, lines, status
from core.workspace.candidates import KeptCandidate
from core.workspace.commits import Change, commit_turn, refresh_index
from core.workspace.files import LARGEST, Content, as_bytes
from core.workspace.founding import check_is_project, found
from core.workspace.git import Git, GitFailed
from core.workspace.history import RollbackPreview
from core.workspace.journal import ABSENT, SETTINGS_FILE, TURN_FILE, Writing
from core.workspace.lock import Lock
from core.workspace.status import TOO_LARGE, HandEdits, LeftOut
from core.workspace.turns import TurnSummary


class EditedMeanwhile(ProjectError):
    """The person changed files that a turn was about to write; nothing was written."""

    title = "Edited meanwhile"

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__(
            f"While the turn was made, somebody edited {', '.join(paths)}.",
            "Nothing was overwritten: the edits become a turn of their own, then the turn can be made again.",
        )
        self.paths = paths


class Project:
    """The face of the workspace. Synchronous, one call at a time; what changes the project takes its lock."""

    def __init__(self, root: Path) -> None:
        self.path = root
        self.git = Git(root)
        self.left_out: tuple[LeftOut, ...] = ()
        """What the last look at the tree kept out of the history, and why."""
        self._lock = Lock(self.git.folder / "labtop")

    @classmethod
    def create(cls, path: Path, settings_text: str, files: Mapping[str, bytes | str] | None = None) -> Project:
        """Start a project in a new or empty folder; raises ProjectError for any other."""
        return cls(found(Path(path), {SETTINGS_FILE: settings_text, **(files or {})}))

    @classmethod
    def open(cls, path: Path) -> Project:
        """Open a project; raises ProjectError when the folder is none that can be trusted."""
        root = Path(path).resolve()
        check_is_project(root)
        project = cls(root)
        project.git.private()
        if not project.git.text("rev-parse", "--verify", "--quiet", "HEAD^{commit}", accept=(0, 1, 128)):
            raise ProjectError(
                f"{root} has a repository without a readable commit.",
                "When its creation was cut off, delete the folder and start anew; else see `git fsck`.",
            )
        return project

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    def settings(self) -> Settings:
        """The project's settings as `lab.toml` stands; raises SettingsError."""
        return read_settings(self.read(SETTINGS_FILE), SETTINGS_FILE)

    @property
    def branch_name(self) -> str:
        """The current branch; raises HistoryError when there is none."""
        return history.branch_of(self.git)

    @property
    def head(self) -> str:
        """The commit that the project stands at."""
        return history.resolve(self.git, "HEAD")

    def private(self, rel: str) -> Path:
        """A path under `.git/labtop/`, where what is not part of the history is kept; its folder is there."""
        *above, name = files.split(rel)
        return self.git.private(*above) / name

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the project; raises ProjectLocked when another process does. Held already, it changes nothing."""
        if self._lock.held:
            yield
            return
        if self._lock.acquire():
            self._clear_up()
        try:
            yield
        finally:
            self._lock.release()

    def holder(self) -> int | None:
        """The process that holds the project now, None when nobody does."""
        found = self._lock.holder()
        return found.pid if found else None

    def recover(self) -> str:
        """Finish or take back what a crash cut off, and say in words what was done; empty when nothing was.

        Raises ProjectLocked when another process holds the project: what looks like a crash may be its work.
        """
        with self.lock():
            plan = journal.pending(self.git)
            if plan is None:
                return ""
            self._clear_up()
            if isinstance(plan, journal.Moving):
                journal.carry_out(self.git, plan)
                return "A roll-back or switch that had been cut off was finished."
            if journal.take_back(self.git, plan):
                return "The last turn was complete; nothing is lost."
            return "The turn that had been cut off was taken back; the project stands at the turn before it."

    def commit(self, turn: Turn, changes: Mapping[str, str | bytes | None]) -> str:
        """Write the changes (None deletes) and the turn's record, commit them, return the commit.

        Either all of it happens or nothing. Files that .gitignore names or that are too large are written, not
        committed. Raises ProjectError for a path that leads outside, EditedMeanwhile (nothing is written) when the
        person changed one of the files since the last commit, GitFailed when git cannot write.
        """
        with self._changing():
            writes = self._writes(turn, changes)
            inside = self._in_history(writes)
            self._refuse_overwriting(inside)
            return self._commit(turn, writes, inside)

    def hand_edits(self) -> HandEdits | None:
        """What the person changed since the last commit, None when nothing."""
        changed = status.look_at_tree(self.git)
        self.left_out = changed.left_out
        return status.hand_edits(self.git, changed)

    def commit_hand_edits(self, turn: Turn, changes: Mapping[str, str | bytes | None] | None = None) -> str:
        """Commit what the person changed, as it stands in the tree, as a turn of theirs; write `changes` with it."""
        with self._changing():
            changed = status.look_at_tree(self.git)
            self.left_out = changed.left_out
            writes = self._writes(turn, changes or {})
            written = {rel for rel, _ in writes}
            return self._commit(turn, writes, writes, [edit for edit in changed.edits if edit[0] not in written])

    def log(self, limit: int | None = None, rev: str = "HEAD", skip: int = 0) -> list[LoggedTurn]:
        """The turns of a line, newest first, whole."""
        return history.log(self.git, rev, limit, skip)

    def turn_at(self, rev: str = "HEAD") -> LoggedTurn:
        """The turn of one commit; raises HistoryError when `rev` is unknown."""
        return history.log(self.git, rev, limit=1)[0]

    def summaries(self, limit: int | None = None, skip: int = 0, rev: str = "HEAD") -> list[TurnSummary]:
        """The turns of a line, newest first, as far as their messages tell: quick for long histories."""
        return history.summaries(self.git, "--first-parent", history.resolve(self.git, rev), limit=limit, skip=skip)

    def read(self, rel: str, rev: str | None = None) -> str:
        """The text of a file now or at `rev`, empty when there is none."""
        return self.read_bytes(rel, rev).decode(errors="replace")

    def read_bytes(self, rel: str, rev: str | None = None) -> bytes:
        """The bytes of a file now or at `rev`, empty when there is none; links are not followed."""
        if rev is None:
            return files.read(self.path, rel) or b""
        files.split(rel)
        commit = history.resolve(self.git, rev)
        entry = journal.tree_entries(self.git, commit, [rel]).get(rel)
        return self.git.blob(entry[1]) or b"" if entry and entry[0] != "120000" else b""

    def preview_rollback(self, rev: str | int) -> RollbackPreview:
        """What `rollback` would do; raises HistoryError where it would."""
        return history.preview_rollback(self.git, str(rev))

    def rollback(self, rev: str | int) -> str:
        """Go back to a turn (its number on this line, its commit or a ref); what is left behind is kept for undo."""
        with self._changing():
            return lines.rollback(self.git, str(rev))

    def undo(self) -> str:
        """Bring back what the newest roll-back left behind; raises HistoryError when there is nothing."""
        with self._changing():
            return lines.undo(self.git)

    def redo(self) -> str:
        """Bring back what the newest undo set aside; raises HistoryError when there is nothing."""
        with self._changing():
            return lines.redo(self.git)

    def undo_steps(self) -> tuple[int, int]:
        """How many times one can undo, and redo, on this branch."""
        branch = self.branch_name
        return len(lines.left_behind(self.git, branch)), len(lines.set_aside(self.git, branch))

    def branch(self, name: str, rev: str | int = "HEAD") -> str:
        """Start a branch at `rev` and go there."""
        with self._changing():
            return lines.branch(self.git, name, str(rev))

    def switch(self, name: str) -> str:
        """Go to another branch."""
        with self._changing():
            return lines.switch(self.git, name)

    def branches(self) -> dict[str, str]:
        """The branches and the commits where they stand."""
        return lines.branches(self.git)

    def sunk_cost(self) -> Cost:
        """What was spent on turns that were rolled back."""
        return history.sunk_cost(self.git)

    def keep_candidate(self, turn: Turn, n: int, files: Mapping[str, str | bytes], parents: Sequence[str] = ()) -> str:
        """Keep a candidate on a ref of its own; neither index nor worktree is touched."""
        with self._changing():
            return candidates.keep_candidate(self.git, turn, n, files, parents)

    def candidates(self) -> list[KeptCandidate]:
        """Every candidate ever kept, oldest turn first."""
        return candidates.candidates(self.git)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self.lock():
            self.recover()
            yield

    def _clear_up(self) -> None:
        """Wait for git processes that outlived a killed labtop, then remove the locks that dead ones left."""
        with self.git.quiet():
            journal.sweep(self.git)

    def _writes(self, turn: Turn, changes: Mapping[str, str | bytes | None]) -> list[Change]:
        """The changes and the turn's record as what shall stand in the tree; a file's execute bit stays as it is."""
        wanted = {rel: None if data is None else as_bytes(data) for rel, data in changes.items()}
        wanted[TURN_FILE] = as_bytes(turn.to_json())
        files.check_writable(self.path, wanted)
        writes: list[Change] = []
        for rel, data in wanted.items():
            standing = files.look(self.path, rel)
            writes.append((rel, None if data is None else Content(data, standing.mode if standing else "100644")))
        return writes

    def _refuse_overwriting(self, changes: Sequence[Change]) -> None:
        paths = [rel for rel, _ in changes if rel != TURN_FILE]
        held = journal.tree_entries(self.git, "HEAD", paths) if paths else {}
        wanted = {rel: journal.entry_of(content) for rel, content in changes}
        standing = {rel: journal.entry_of(files.look(self.path, rel)) for rel in paths}
        edited = [rel for rel in paths if standing[rel] not in (held.get(rel, ABSENT), wanted[rel])]
        if edited:
            raise EditedMeanwhile(tuple(edited))

    def _commit(
        self, turn: Turn, writes: Sequence[Change], inside: Sequence[Change], edits: Sequence[Change] = ()
    ) -> str:
        """Write `writes`, then commit `inside` (those of them that belong there) and `edits` (in the tree already)."""
        ref = f"refs/heads/{self.branch_name}"
        names = {rel: content.sha if content else None for rel, content in inside}
        plan = Writing(names[TURN_FILE] or "", names)
        journal.note(self.git, plan)
        try:
            journal.put_all(self.git, writes)
            commit = commit_turn(self.git, ref, turn, [*inside, *edits])
        except (OSError, GitFailed):
            journal.take_back(self.git, plan)
            raise
        refresh_index(self.git, [rel for rel, _ in (*inside, *edits)])
        journal.drop(self.git)
        return commit

    def _in_history(self, changes: list[Change]) -> list[Change]:
        """Those changes that belong into a commit: not ignored, not too large."""
        ignored = journal.ignored(self.git, [rel for rel, _ in changes])
        large = {rel for rel, content in changes if content and len(content.data) > LARGEST}
        if large:
            self.left_out = tuple(LeftOut(rel, TOO_LARGE) for rel in sorted(large))
        return [(rel, content) for rel, content in changes if rel not in ignored | large]
