"""Every turn of a project by its commit, in a small index under `.git/labtop/`: lists and searches need no git.

Commits never change, so the index only ever grows by those that are new; when it is lost or broken it is made again.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING

from core.record import Agent, Cost, Phase, Status, Turn
from core.workspace.candidates import PREFIX as CANDIDATES
from core.workspace.journal import TURN_FILE, refs_under
from core.workspace.turns import LOG_FORMAT, TurnSummary, summaries_from

if TYPE_CHECKING:
    from pathlib import Path

    from core.workspace.project import Project

FILE = "history.sqlite"
_VERSION = 1
_BATCH = 200
"""Replies that are read from git at once."""
_SAID = 200_000
"""How many characters of a reply can be searched."""
_SCHEMA = """
CREATE TABLE turns (id INTEGER PRIMARY KEY, commit_name TEXT UNIQUE, parent TEXT, number INTEGER, phase TEXT,
    agent TEXT, command TEXT, subject TEXT, status TEXT, judge REAL, metric TEXT, kept INTEGER, calls INTEGER,
    prompt INTEGER, completion INTEGER, money REAL, seconds REAL, time TEXT, is_foreign INTEGER,
    tried INTEGER, searched INTEGER DEFAULT 0);
CREATE INDEX unsearched ON turns (id) WHERE searched = 0;
CREATE VIRTUAL TABLE said USING fts5 (subject, reply, content = '', tokenize = "porter unicode61 remove_diacritics 2");
"""
_COLUMNS = (
    "commit_name, parent, number, phase, agent, command, subject, status, judge, metric, kept, calls, prompt, "
    "completion, money, seconds, time, is_foreign"
)
_PLACES = ", ".join("?" * (_COLUMNS.count(",") + 2))
_ENDS = "SELECT commit_name FROM turns WHERE tried = 0 AND commit_name NOT IN (SELECT parent FROM turns)"
"""The commits where known lines end: all that is older is known, too."""


class Chronicle:
    """The index of one project; every call may come from any thread, one at a time."""

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
        refs = refs_under(self._git, "refs/")
        tips = {sha for name, sha in refs.items() if name.startswith(("refs/heads/", "refs/lab/"))}
        tried = {sha for name, sha in refs.items() if name.startswith(CANDIDATES)}
        with self._open() as held:
            known = {name for (name,) in held.execute("SELECT commit_name FROM turns")}
            ends = [name for (name,) in held.execute(_ENDS)]
        new_turns, new_tries = tips - tried - known, tried - known
        found = self._logged(new_turns, ends) if new_turns else []
        told = self._logged(new_tries, (), "--no-walk=unsorted") if new_tries else []
        rows = [*(_row(turn, False) for turn in found), *(_row(turn, True) for turn in told)]
        with self._open() as held, held:
            held.executemany(f"INSERT OR IGNORE INTO turns ({_COLUMNS}, tried) VALUES ({_PLACES})", rows)
        return len(rows)

    def read_replies(self, most: int = _BATCH) -> int:
        """Make at most so many more replies searchable; returns how many are still to come."""
        with self._open() as held:
            rows = held.execute(
                "SELECT id, commit_name, subject FROM turns WHERE searched = 0 ORDER BY id DESC LIMIT ?", (most,)
            ).fetchall()
        blobs = self._git.blobs([f"{commit}:{TURN_FILE}" for _, commit, _ in rows])
        said = [(number, subject, _reply(blob)) for (number, _, subject), blob in zip(rows, blobs, strict=True)]
        with self._open() as held, held:
            held.executemany("INSERT INTO said (rowid, subject, reply) VALUES (?, ?, ?)", said)
            held.executemany("UPDATE turns SET searched = 1 WHERE id = ?", [(number,) for number, *_ in said])
            return int(held.execute("SELECT count(*) FROM turns WHERE searched = 0").fetchone()[0])

    def turns(self) -> dict[str, TurnSummary]:
        """Every turn and candidate that is known, by its commit."""
        with self._open() as held:
            return {row[0]: _summary(row) for row in held.execute(f"SELECT {_COLUMNS} FROM turns")}

    def search(self, words: Iterable[str]) -> set[str]:
        """The commits whose subject or reply holds all `words`, each as a word or as the beginning of one."""
        wanted = " AND ".join(_phrase(word) for word in words if re.search(r"\w", word))
        if not wanted:
            return set()
        sought = "SELECT commit_name FROM turns WHERE id IN (SELECT rowid FROM said WHERE said MATCH ?)"
        with self._open() as held:
            return {name for (name,) in held.execute(sought, (wanted,))}

    def _logged(self, tips: Iterable[str], known: Iterable[str], *how: str) -> list[TurnSummary]:
        """The turns that lead to `tips` and not to those `known` already."""
        names = [*sorted(tips), *(f"^{name}" for name in sorted(known))]
        stdin = "".join(f"{name}\n" for name in names).encode()
        return summaries_from(self._git.run("log", "-z", *how, f"--format={LOG_FORMAT}", "--stdin", stdin=stdin))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._alone:
            if self._held is None:
                self._held = _usable(self._path)
            try:
                yield self._held
            except sqlite3.DatabaseError:
                # Broken, or the disk is full: from here on in memory, made anew by the next `refresh`.
                with suppress(sqlite3.Error):
                    self._held.close()
                with suppress(OSError):
                    self._path.unlink(missing_ok=True)
                self._held = _made(sqlite3.connect(":memory:", check_same_thread=False))
                raise


def _usable(path: Path) -> sqlite3.Connection:
    """The index in the file, a new one where it is another's or broken, one in memory where none can be written."""
    for _ in range(2):
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
            held = sqlite3.connect(path, timeout=5, check_same_thread=False)
            held.execute("PRAGMA synchronous = OFF")
            if held.execute("PRAGMA user_version").fetchone()[0] == _VERSION:
                return held
            if not held.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return _made(held)
            held.close()
        except (OSError, sqlite3.DatabaseError):
            pass
        with suppress(OSError):
            path.unlink(missing_ok=True)
    return _made(sqlite3.connect(":memory:", check_same_thread=False))


def _made(held: sqlite3.Connection) -> sqlite3.Connection:
    held.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
    return held


def _phrase(word: str) -> str:
    """A word as FTS5 takes it, whatever it holds: quoted, and as a beginning."""
    quoted = word.replace('"', '""')
    return f'"{quoted}"*'


def _reply(blob: bytes | None) -> str:
    try:
        return Turn.from_json((blob or b"").decode(errors="replace")).reply[:_SAID]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""


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
