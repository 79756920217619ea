"""A project made again from its cassettes, offline and at no cost, and compared with its history turn by turn."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.cassette import FOLDER, Playing, Shelf, Take
from core.data.own import LINKS
from core.events import StateChanged
from core.handwork import commit_hand_edits
from core.laboratory import Laboratory
from core.models.played import Played
from core.record import Agent, LoggedTurn
from core.threads import to_the_end
from core.unattended import OpenGate
from core.workspace.copying import copy_history, take_files
from core.workspace.project import Project

Anew = Callable[[Take, Callable[[], Awaitable[Any]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Replayed:
    """One turn made again: whether its tree is the one in the history, else why not or which files differ.

    `programs` says what differs where its programs were really run again.
    """

    turn: LoggedTurn
    same: bool
    why: str = ""
    programs: tuple[str, ...] = ()


async def replay(project: Project, to: str = "HEAD", *, rerun: bool = False) -> AsyncIterator[Replayed]:
    """Make the turns from the first to `to` again in a folder that is thrown away; ends at the first that differs.

    With `rerun` every program runs anew, too: what it leaves is compared, and the recorded outcome is used. Raises
    HistoryError for an unknown `to`.
    """
    turns = project.log(rev=to)[::-1]
    shelf = Shelf(project.private(FOLDER))
    with TemporaryDirectory(prefix="labtop-replay-") as folder:
        copy = copy_history(project, Path(folder) / project.name, turns[0].commit, private=(LINKS,), data=rerun)
        for logged in turns[1:]:
            found: list[str] = []
            why = await make_again(copy, logged, shelf, _compared(found) if rerun else None)
            differ = why or _differences(copy, logged)
            yield Replayed(logged, not differ, differ, tuple(found))
            if differ:
                return


async def make_again(copy: Project, logged: LoggedTurn, shelf: Shelf, anew: Anew | None = None) -> str:
    """Make a recorded turn on top of `copy`, as the engine or the person made it; why it cannot be made, or nothing.

    `copy` holds the recorded commit's objects.
    """
    turn = logged.turn
    before = copy.head
    if turn.number == copy.turn_at().turn.number:
        copy.git.run("read-tree", "--reset", "-u", logged.commit, writes=True)  # a commit by git itself, not a turn
        copy.git.run("update-ref", "HEAD", logged.commit, writes=True)
        return ""
    if turn.agent is Agent.RESEARCHER and not turn.takes:
        await to_the_end(_edit_again, copy, logged)
        return ""
    stopped = ""
    laboratory = Laboratory(copy, OpenGate(), Played(), lambda _: Playing(shelf, turn, anew))
    async with aclosing(laboratory.run(turns=1)) as events:
        async for event in events:
            if isinstance(event, StateChanged):
                stopped = event.reason
    return "" if copy.head != before else stopped


def _edit_again(copy: Project, logged: LoggedTurn) -> None:
    """Change the files as the person changed them, and commit it as a turn of theirs."""
    take_files(copy, logged.commit, logged.parent)
    commit_hand_edits(copy, logged.turn.time)


def _differences(copy: Project, logged: LoggedTurn) -> str:
    names = copy.git.text("diff", "--name-only", "--no-renames", logged.commit, "HEAD")
    return f"{', '.join(names.splitlines()[:10])} differ" if names else ""


def _compared(found: list[str]) -> Anew:
    """Run each program anew and put into words what it does differently."""

    async def compare(take: Take, do: Callable[[], Awaitable[Any]]) -> None:
        if take.kind == "program":
            found.extend(_other(take.asked["program"], take.answer, await do()))

    return compare


def _other(program: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    was, became = then["outcome"]["problem"], now["outcome"]["problem"]
    if was != became:
        return [f"{program}: {became or 'ended well'} (recorded: {was or 'ended well'})"]
    words = [f"{program}: what it printed differs"] if then["outcome"]["output"] != now["outcome"]["output"] else []
    for path in sorted({*then["files"], *now["files"]}):
        if path not in now["files"] or path not in then["files"]:
            words.append(f"{program}: {path} {'is new' if path not in then['files'] else 'is no longer written'}")
        elif then["files"][path] != now["files"][path]:
            words.append(f"{program}: {path} differs{_values(path, then, now)}")
    return words


def _values(path: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The headline of two metrics files, where both have one."""
    if path != "results/metrics.json":
        return ""
    try:
        was, became = (json.loads(b64decode(told["files"][path]))["value"] for told in (then, now))
    except (ValueError, KeyError, TypeError):
        return ""
    return f": value {became} (recorded: {was})"
