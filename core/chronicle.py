"""Every turn of a project by its commit, in a small index under `.git/labtop/`: lists and searches need no git.

Commits never change, so the index only ever grows by those that are new; when it is lost or broken it is made again,
and where its file cannot be used (another process keeps it locked, the disk is full) one in memory takes its place.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from core.errors import HistoryError
from core.record import Agent, Cost, Phase, Status, Turn
from core.workspace.candidates import PREFIX as CANDIDATES
from core.workspace.journal import TURN_FILE, refs_under
from core.workspace.turns import LOG_FORMAT, TurnSummary, summaries_from

if TYPE_CHECKING:
    from pathlib import Path

    from core.workspace.project import Project

T = TypeVar("T")

FILE = "history.sqlite"
_VERSION = 1
_BATCH = 200
"""Replies that are read from git at once."""
_PATIENCE = 2.0
"""Seconds to wait for another process, whose transactions take milliseconds."""
_SAID = 200_000
"""How many characters of a reply can be searched."""
_SCHEMA = (
    """CREATE TABLE turns (id INTEGER PRIMARY KEY, commit_name TEXT UNIQUE, parent TEXT, number INTEGER, phase TEXT,
    agent TEXT, command TEXT, subject TEXT, status TEXT, judge REAL, metric TEXT, kept INTEGER, calls INTEGER,
    prompt INTEGER, completion INTEGER, money REAL, seconds REAL, time TEXT, is_foreign INTEGER,
    tried INTEGER, searched INTEGER DEFAULT 0)""",
    "CREATE INDEX unsearched ON turns (id) WHERE searched = 0",
    """CREATE VIRTUAL TABLE said USING fts5
    (subject, reply, content = '', tokenize = "porter unicode61 remove_diacritics 2")""",
)
_COLUMNS = (
    "commit_name, parent, number, phase, agent, command, subject, status, judge, metric, kept, calls, prompt, "
    "completion, money, seconds, time, is_foreign"
)
_PLACES = ", ".join("?" * (_COLUMNS.count(",") + 2))
_ENDS = "SELECT commit_name FROM turns WHERE tried = 0 AND commit_name NOT IN (SELECT parent FROM turns)"
"""The commits where known lines end: all that is older is known, too."""
_GAP = "SELECT 1 FROM turns WHERE tried = 0 AND parent != '' AND parent NOT IN (SELECT commit_name FROM turns) LIMIT 1"
"""A turn whose parent is not known: a power cut has torn the file, and what is older cannot be relied on."""
_BROKEN = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""What SQLite says of a file that will never be of use again; any other trouble may pass."""


class Chronicle:
    """The index of one project; every call may come from any thread, one at a time. All may take a while."""

    def __init__(self, project: Project) -> None:
        self._git = project.git
        self._path = project.private(FILE)
        self._alone = threading.Lock()
        self._held: sqlite3.Connection | None = None

    def close(self) -> None:
        """Let go of the file."""
        with self._alone:
            if self._held is not None:
                self._held.close()
                self._held = None

    def refresh(self) -> int:
        """Take in the turns and candidates that are new; returns how many. Their replies come by `read_replies`."""
        return self._asked(self._grow)

    def read_replies(self, most: int = _BATCH) -> int:
        """Make at most so many more replies searchable; returns how many are still to come."""
        return self._asked(lambda held: self._read(held, most))

    def turns(self) -> dict[str, TurnSummary]:
        """Every turn and candidate that is known, by its commit."""
        return self._asked(_turns)

    def search(self, words: Iterable[str]) -> set[str]:
        """The commits whose subject or reply holds all `words`, each as a word or as the beginning of one."""
        wanted = " AND ".join(_phrase(word) for word in words if re.search(r"\w", word))
        if not wanted:
            return set()
        sought = "SELECT commit_name FROM turns WHERE id IN (SELECT rowid FROM said WHERE said MATCH ?)"
        return self._asked(lambda held: {name for (name,) in held.execute(sought, (wanted,))})

    def _asked(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        """What the index answers; where its file fails, what one in memory does. Raises HistoryError where both do."""
        with self._alone:
            try:
                if self._held is None:
                    self._held = _opened(self._path)
                try:
                    return ask(self._held)
                except sqlite3.DatabaseError as error:
                    self._held.close()
                    if _is_broken(error):
                        with suppress(OSError):
                            self._path.unlink(missing_ok=True)
                self._held = _in_memory()
                self._grow(self._held)
                return ask(self._held)
            except (sqlite3.Error, OSError) as error:
                hint = "The turns themselves are in git and safe; `labtop log` lists them."
                raise HistoryError(f"The index of the history cannot be used: {error}.", hint) from error

    def _grow(self, held: sqlite3.Connection) -> int:
        refs = refs_under(self._git, "refs/")
        tips = {sha for name, sha in refs.items() if name.startswith(("refs/heads/", "refs/lab/"))}
        tried = {sha for name, sha in refs.items() if name.startswith(CANDIDATES)}
        if held.execute(_GAP).fetchone():
            with held:
                held.execute("DELETE FROM turns")
                held.execute("INSERT INTO said (said) VALUES ('delete-all')")
        known = {name for (name,) in held.execute("SELECT commit_name FROM turns")}
        ends = [name for (name,) in held.execute(_ENDS)]
        new_turns, new_tries = tips - tried - known, tried - known
        found = self._logged(new_turns, ends) if new_turns else []
        told = self._logged(new_tries, (), "--no-walk=unsorted") if new_tries else []
        rows = [*(_row(turn, False) for turn in found), *(_row(turn, True) for turn in told)]
        with held:
            held.executemany(f"INSERT OR IGNORE INTO turns ({_COLUMNS}, tried) VALUES ({_PLACES})", rows)
        return len(rows)

    def _read(self, held: sqlite3.Connection, most: int) -> int:
        unread = "SELECT id, commit_name, subject FROM turns WHERE searched = 0 ORDER BY id DESC LIMIT ?"
        rows = held.execute(unread, (most,)).fetchall()
        blobs = self._git.blobs([f"{commit}:{TURN_FILE}" for _, commit, _ in rows])
        mine = "UPDATE turns SET searched = 1 WHERE id = ? AND commit_name = ? AND searched = 0"
        with held:
            for (number, commit, subject), blob in zip(rows, blobs, strict=True):
                if held.execute(mine, (number, commit)).rowcount:  # else another process has read it meanwhile
                    said = (number, subject, _reply(blob))
                    held.execute("INSERT INTO said (rowid, subject, reply) VALUES (?, ?, ?)", said)
        return int(held.execute("SELECT count(*) FROM turns WHERE searched = 0").fetchone()[0])

    def _logged(self, tips: Iterable[str], known: Iterable[str], *how: str) -> list[TurnSummary]:
        """The turns that lead to `tips` and not to those `known` already, of which git may have forgotten some."""
        names = [*sorted(tips), *(f"^{name}" for name in sorted(known))]
        stdin = "".join(f"{name}\n" for name in names).encode()
        how = (*how, "--ignore-missing", f"--format={LOG_FORMAT}", "--stdin")
        return summaries_from(self._git.run("log", "-z", *how, stdin=stdin))


def _opened(path: Path) -> sqlite3.Connection:
    """The index in the file, a new one where it is another's or broken, one in memory where none can be written."""
    for _ in range(2):
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
            held = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False)
            held.execute("PRAGMA synchronous = OFF")
            if _is_ours(held):
                return held
            held.close()
        except sqlite3.DatabaseError as error:
            if not _is_broken(error):
                break
        except OSError:
            pass  # a link, a folder: taken away below where that can be done
        with suppress(OSError):
            path.unlink(missing_ok=True)
    return _in_memory()


def _is_ours(held: sqlite3.Connection) -> bool:
    """Whether the file holds an index of this version; an empty one gets its tables, from one process alone."""
    version = "PRAGMA user_version"
    if held.execute(version).fetchone()[0] == _VERSION:
        return True
    with held:
        held.execute("BEGIN IMMEDIATE")
        if held.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return bool(held.execute(version).fetchone()[0] == _VERSION)
        for statement in (*_SCHEMA, f"{version} = {_VERSION}"):
            held.execute(statement)
    return True


def _in_memory() -> sqlite3.Connection:
    held = sqlite3.connect(":memory:", check_same_thread=False)
    _is_ours(held)
    return held


def _is_broken(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in _BROKEN


def _turns(held: sqlite3.Connection) -> dict[str, TurnSummary]:
    try:
        return {row[0]: _summary(row) for row in held.execute(f"SELECT {_COLUMNS} FROM turns")}
    except (KeyError, ValueError, TypeError) as error:
        raise sqlite3.DatabaseError(f"{error} is none of this version's") from error


def _phrase(word: str) -> str:
    """A word as FTS5 takes it, whatever it holds: quoted, and as a beginning."""
    quoted = _storable(word).replace("\0", " ").replace('"', '""')
    return f'"{quoted}"*'


def _reply(blob: bytes | None) -> str:
    try:
        return _storable(Turn.from_json((blob or b"").decode(errors="replace")).reply[:_SAID])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""


def _storable(text: str) -> str:
    """Text as a database can hold it: half a surrogate pair, which JSON may name, becomes a question mark."""
    return text.encode(errors="replace").decode()


def _row(turn: TurnSummary, tried: bool) -> tuple[object, ...]:
    cost = turn.cost
    spent = (cost.calls, cost.prompt_tokens, cost.completion_tokens, cost.money, cost.seconds)
    told = (turn.commit, turn.parent, turn.number, turn.phase.value, turn.agent.value, turn.command, turn.subject)
    return (*told, turn.status.value, turn.judge, turn.metric, turn.kept, *spent, turn.time, turn.foreign, tried)


def _summary(row: tuple[object, ...]) -> TurnSummary:
    values = iter(row)
    commit, parent, number, phase, agent, command, subject, status, judge, metric, kept = islice(values, 11)
    calls, prompt, completion, money, seconds, time, is_foreign = values
    return TurnSummary(
        commit=str(commit),
        parent=str(parent),
        number=number,  # type: ignore[arg-type]
        phase=_PHASES[str(phase)],
        agent=_AGENTS[str(agent)],
        command=str(command),
        subject=str(subject),
        status=_STATUSES[str(status)],
        judge=judge,  # type: ignore[arg-type]
        metric=str(metric),
        kept=bool(kept),
        cost=Cost(calls, prompt, completion, money, seconds),  # type: ignore[arg-type]
        time=str(time),
        foreign=bool(is_foreign),
    )


_PHASES = {phase.value: phase for phase in Phase}
_AGENTS = {agent.value: agent for agent in Agent}
_STATUSES = {status.value: status for status in Status}
