"""What a person changed in the files by hand becomes a turn of theirs, and the agents are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from core.events import TurnCommitted
from core.progress import STATE, Progress, read_progress
from core.record import Agent, Phase, Status, Turn, now

if TYPE_CHECKING:
    from core.workspace.project import Project

REPORT = "report/report.tex"
DATA = "data/prepare.py"
FINDINGS = "findings/"
"""What was taken from other lines of inquiry: numbers with the commit that measured them."""
REOPENS = {DATA: Phase.EXPERIMENTS, "experiment/main.py": Phase.EXPERIMENTS, REPORT: Phase.REPORT}
"""Files that are checked and judged when the person changes them, also after their phase is done."""
DIFF = 20_000
"""How many characters of a person's changes the agents read."""


def commit_hand_edits(project: Project, time: str = "") -> TurnCommitted | None:
    """Commit what the person changed since the last turn, at `time` or now; None when nothing was changed."""
    edits = project.hand_edits()
    if edits is None:
        return None
    progress = read_progress(project)
    what = _what(edits.paths)
    diff = edits.diff[:DIFF]
    turn = Turn(
        number=progress.turn + 1,
        phase=progress.phase,
        agent=Agent.RESEARCHER,
        model="",
        command="",
        subject=what,
        reply="",
        status=Status.OK,
        outcome=f"The researcher {what}.",
        diff=diff,
        path=edits.paths[0] if len(edits.paths) == 1 else "",
        time=time or now(),
    )
    after = replace(progress, turn=turn.number, changes=f"{progress.changes}{diff}"[-DIFF:])
    after, changes = _reopened(after, edits.paths)
    return TurnCommitted(turn, project.commit_hand_edits(turn, {**changes, STATE: after.to_json()}))


def _what(paths: Sequence[str]) -> str:
    """What was done, in words; a finding that was taken from another line comes with its numbers in `findings/`."""
    named = [path for path in paths if not path.startswith(FINDINGS)]
    taken = [path.removeprefix(FINDINGS).removesuffix(".json") for path in paths if _is_finding(path)]
    if not taken:
        named = list(paths)
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    changed = f"changed {', '.join(named[:3])}{more}"
    return f"took the finding {', '.join(taken[:3])}: {changed}" if taken else changed


def _is_finding(path: str) -> bool:
    return path.startswith(FINDINGS) and path.endswith(".json")


def _reopened(progress: Progress, paths: Sequence[str]) -> tuple[Progress, dict[str, str | bytes | None]]:
    """The progress after a change of what a solver has made, and the files that it makes void."""
    if DATA in paths:
        # What was measured on other data is no measure for what comes now.
        progress = replace(progress, programs=replace(progress.programs, top=(), pending=None))
    for path, phase in REOPENS.items():
        if path in paths and (progress.finished or progress.phase.number > phase.number):
            # A report on results that are about to change is begun anew; the history keeps this one.
            void = phase is Phase.EXPERIMENTS and REPORT not in paths
            return progress.reopened(phase, f"the researcher changed {path}"), {REPORT: None} if void else {}
    return progress, {}
