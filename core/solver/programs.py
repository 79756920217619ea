"""The mle-solver's craft: programs that run, measure, and write `results/metrics.json` (section 3.2)."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.brief import Job
from core.commands import Edit, Replace
from core.edits import EditError, apply_edit, indented
from core.progress import Pending, Progress, Search, condensed
from core.record import Agent
from core.running import run
from core.sandbox.metrics import MetricsError, read_metrics
from core.solver.craft import Applied, Check, Situation, score_words
from core.turn import Desk

METRICS = "results/metrics.json"
SHOWN = 4000
"""How many characters of a failed program's output the agent reads."""
_IMPORT = re.compile(r"^\s*(?:import|from)\s+\w", re.MULTILINE)
_INDENTED = "The new lines were indented like those that they replace."


class Programs:
    """Candidates are `experiment/main.py`; one passes when it exits with 0 and wrote usable metrics in this run."""

    path = "experiment/main.py"
    suffix = ".py"
    writer = Agent.ML_ENGINEER
    judge = Agent.JUDGE
    reflects_on_failure = True

    def steps(self, desk: Desk) -> int:
        """A later round mends what the reviews found wanting: half as many steps."""
        steps = desk.settings.solver_steps
        return steps if desk.progress.round == 1 else max(1, steps // 2)

    def search(self, progress: Progress) -> Search:
        return progress.programs

    def with_search(self, progress: Progress, search: Search) -> Progress:
        return replace(progress, programs=search)

    def opening(self, desk: Desk, error: str = "") -> Situation | None:
        search = desk.progress.programs
        if search.top or desk.project.read(self.path):
            return None
        return Situation(Job.FIRST, "", search, error=error)

    def replacing(self, desk: Desk, pending: Pending, text: str) -> Situation | None:
        return Situation(Job.REPLACE, text, desk.progress.programs, (pending.commit,), pending.error)

    def facts(self, text: str) -> Mapping[str, Any]:
        return {"program": text}

    def allowed(self, situation: Situation) -> tuple[type, ...]:
        return (Edit, Replace) if situation.job in (Job.IMPROVE, Job.REPAIR) else (Replace,)

    def applied(self, desk: Desk, situation: Situation, command: Edit | Replace) -> Applied:
        if isinstance(command, Edit):
            return _edited(situation.text, command)
        _is_program(command.text)
        return Applied(command.text.rstrip("\n") + "\n")

    def complete(self, text: str) -> bool:
        return True

    async def check(self, desk: Desk, text: str) -> Check:
        result = await run(desk, self.path, {self.path: text})
        output, files = result.outcome.output, dict(result.files)
        problem, metrics = result.outcome.problem, dict[str, Any]()
        if not problem:
            try:
                metrics = _metrics(files)
            except MetricsError as error:
                problem = error.message
        if problem:
            return Check(problem, f"{problem}\n\n{condensed(output, SHOWN)}".rstrip(), output, files=files)
        return Check("", "", output, metrics, files)

    def placed(self, desk: Desk, text: str, check: Check) -> dict[str, str | bytes | None]:
        root = desk.project.path
        old = [path for folder in ("results", "figures") for path in (root / folder).rglob("*") if path.is_file()]
        gone: dict[str, str | bytes | None] = {str(path.relative_to(root)): None for path in old}
        return {**gone, **check.files, self.path: text, "results/output.txt": check.output}

    def result(self, desk: Desk, search: Search) -> str:
        if search.best is None or search.steps < self.steps(desk):
            return ""
        return score_words(search.best)


def _edited(text: str, edit: Edit) -> Applied:
    """The program after the edit; its lines are indented like those they replace where that alone makes it Python.

    Small models leave the indentation away (measured on one of 1.5B).
    """
    edited = apply_edit(text, edit)
    if _is_python(edited) or not _is_python(text):
        return Applied(edited)
    moved = apply_edit(text, indented(text, edit))
    return Applied(moved, (_INDENTED,)) if _is_python(moved) else Applied(edited)


def _is_program(text: str) -> None:
    """Raise EditError for prose: small models hand in the plan where the program is wanted."""
    if not _IMPORT.search(text) and not _is_python(text):
        raise EditError(
            "This is no Python program: it imports nothing, and Python cannot read it.",
            "Write the whole of experiment/main.py, in Python.",
        )


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _metrics(files: Mapping[str, bytes]) -> dict[str, Any]:
    if METRICS not in files:
        raise MetricsError(f"The program ended well but did not write {METRICS}.")
    return read_metrics(files[METRICS])
