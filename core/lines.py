"""Lines of inquiry that run at once: each in a folder of its own, a project with its own lock, ledger and cassette.

A folder beside shares the unchanging objects of the history with the one it came from, file by file: whatever git
does in one, the other keeps what it has. Which folders belong together is noted under `.git/labtop/` of each.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.cassette import FOLDER
from core.data.own import LINKS
from core.errors import HistoryError, LabError
from core.ledger import ledger_of
from core.workspace import lines as branching
from core.workspace.copying import copy_history
from core.workspace.files import write_durably
from core.workspace.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

FAMILY = "lines.json"
"""Under `.git/labtop/`: the folders of lines that parted from this one, and the one that this one parted from."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of inquiry: a branch, the folder that holds it, where it stands, and who works on it now.

    `current` tells that the folder's files are this line's; `process` is 0 when nobody holds the folder.
    """

    name: str
    folder: Path
    commit: str
    current: bool
    process: int = 0


def lines_of(project: Project) -> list[Line]:
    """The lines in this project's folder, the current one first, then those in folders beside it."""
    found = _lines_in(project)
    for other in relatives(project):
        found += [line for line in _lines_in(other) if line.current]
    return found


def branch_beside(project: Project, name: str, rev: str, into: Path) -> tuple[Project, str]:
    """Start line `name` at turn or commit `rev` in the new folder `into`; the project and what a person should know.

    This project is not touched and may run meanwhile. Raises HistoryError for a bad or taken name or an unknown turn,
    ProjectError for a folder that cannot be used.
    """
    branching.check_branch_name(project.git, name)
    for line in lines_of(project):
        if f"{line.name}/".startswith(f"{name}/") or f"{name}/".startswith(f"{line.name}/"):
            raise HistoryError(f"There is a line {line.name!r} already, in {line.folder}.", "Choose another name.")
    copy = copy_history(project, into, rev, (FOLDER, LINKS), branch=name)
    ledger_of(copy).begin()
    _note(copy, origin=str(project.path))
    _note(project, beside=str(copy.path))
    return copy, _told(project, copy, name)


def folder_for(project: Project, name: str) -> Path:
    """The folder that a line beside gets when nobody names one."""
    return project.path.with_name(f"{project.name}-{name.replace('/', '-')}")


def find_line(project: Project, named: str) -> tuple[Project, str]:
    """The project that holds what is named and its commit there: a branch, a line beside, a turn, commit or folder.

    Raises HistoryError when it is none of these.
    """
    here = project.branches().get(named)
    if here:
        return project, here
    beside = relatives(project)
    for other in beside:
        if named in (other.branch_name, other.name):
            return other, other.head
    try:
        return project, project.turn_at(named.removeprefix("turn ")).commit
    except HistoryError as error:
        for other in beside if re.fullmatch(r"[0-9a-f]{7,40}", named) else ():
            with suppress(HistoryError):
                return other, other.turn_at(named).commit
        apart = _opened(Path(named))
        if apart is None:
            known = ", ".join(line.name for line in lines_of(project))
            raise HistoryError(
                f"{named[:80]!r} is no line, turn or commit of this project, and no folder of another.",
                f"The lines are: {known}.",
            ) from error
        return apart, apart.head


def lines_text(lines: list[Line], here: Path) -> str:
    """The lines as text, one a line: where each stands, and in which folder where that is not `here`."""
    width = max(len(line.name) for line in lines)
    return "\n".join(_line_words(line, width, here) for line in lines)


def relatives(project: Project) -> list[Project]:
    """The projects in the folders beside that belong to the same study, near ones first."""
    found: dict[Path, Project] = {}
    seen, due = {project.path}, _noted(project)
    while due:
        folder = due.pop(0)
        if folder in seen:
            continue
        seen.add(folder)
        other = _opened(folder)
        if other is not None:
            found[folder] = other
            due += _noted(other)
    return list(found.values())


def _lines_in(project: Project) -> list[Line]:
    process, current = project.holder() or 0, project.branch_name
    found = [
        Line(name, project.path, commit, name == current, process if name == current else 0)
        for name, commit in project.branches().items()
    ]
    return sorted(found, key=lambda line: not line.current)


def _line_words(line: Line, width: int, here: Path) -> str:
    at = Project(line.folder).turn_at(line.commit)
    mark = "●" if line.current and line.folder == here else "○" if line.current else " "
    where = "" if line.folder == here else f"  in {line.folder}"
    works = f"  process {line.process} works on it" if line.process else ""
    turn = at.turn
    return f"{mark} {line.name:<{width}}  {at.commit[:8]}  turn {turn.number:>3}  {turn.phase.title}{where}{works}"


def _told(project: Project, copy: Project, name: str) -> str:
    at, spent = copy.turn_at().turn.number, _spent(copy)
    words = [
        f"Line {name} stands at turn {at} in {copy.path}, a project of its own: both can run at once.",
        f"Its ledger begins with the ${spent:.2f} of its turns so far.",
    ]
    if cap := project.settings().budget.money:
        left = [max(0.0, cap - _spent(held)) for held in (project, copy)]
        words.append(
            f"The cap of ${cap:.2f} holds for each line by itself: ${left[0]:.2f} are left here, ${left[1]:.2f} there."
        )
    edits = project.hand_edits() if project.holder() is None else None
    if edits:
        words.append(f"Your changes that no turn holds yet ({', '.join(edits.paths[:3])}) stay here.")
    return " ".join(words)


def _spent(project: Project) -> float:
    return sum(held.amount.money for held in ledger_of(project).accounts().values())


def _opened(folder: Path) -> Project | None:
    """The project in a folder, None where there is none any more that can be trusted."""
    try:
        project = Project.open(folder.expanduser())
        return project if project.branch_name else None
    except (LabError, OSError, ValueError, RuntimeError):  # no path at all; nobody's home
        return None


def _noted(project: Project) -> list[Path]:
    held = _family(project)
    return [Path(folder) for folder in _folders(held)]


def _folders(held: dict[str, object]) -> Iterator[str]:
    beside = held.get("beside")
    for folder in [held.get("origin"), *(beside if isinstance(beside, list) else [])]:
        if isinstance(folder, str) and folder:
            yield folder


def _family(project: Project) -> dict[str, object]:
    try:
        held = json.loads(project.private(FAMILY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def _note(project: Project, *, origin: str = "", beside: str = "") -> None:
    with project.git.quiet():  # another process may note a line of its own
        _note_alone(project, origin, beside)


def _note_alone(project: Project, origin: str, beside: str) -> None:
    held = _family(project)
    known = [folder for folder in _folders(held) if folder != held.get("origin")]
    told = {
        "origin": origin or held.get("origin", ""),
        "beside": list(dict.fromkeys([*known, *([beside] if beside else [])])),
    }
    write_durably(project.private(FAMILY), json.dumps(told, indent=1).encode())
