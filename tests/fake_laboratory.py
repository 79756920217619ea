"""An engine with the real one's face that plays a written study: tests of the app need no model and no sandbox."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from core.events import (
    Answered,
    Event,
    PhaseFinished,
    PhaseStarted,
    ProgramFinished,
    ProgramOutput,
    ProgramStarted,
    Proposed,
    ReportCompiled,
    RunStarted,
    Scored,
    State,
    StateChanged,
    Token,
    TurnCommitted,
    TurnStarted,
    Waiting,
)
from core.gate import Approve, Decline, PersonGate, Pick, Proposal, Question, Skip, TakeOver
from core.progress import Progress, read_progress
from core.record import Agent, Cost, Phase, Score, Status, Turn
from core.settings import Copilot
from core.threads import to_the_end
from core.workspace.project import Project

MODEL = "built-in researcher"
STATE = ".lab/state.json"

DIFF = """--- a/experiment/main.py
+++ b/experiment/main.py
@@ -10,6 +10,8 @@
 X, y = load()
 models = {"forest": forest, "logistic": logistic}
-y_noisy = flip(y, rate)
+rng = np.random.default_rng(seed)
+y_noisy = flip(y, rate, rng)
 for name, model in models.items():
-    fit(model, X, y_noisy)
+    for seed in range(5):
+        fit(model.set_params(random_state=seed), X, y_noisy)
     scores[name] = accuracy(model)
"""
PLAN = """--- a/plan.md
+++ b/plan.md
@@ -0,0 +1,3 @@
+# Plan
+
+Five seeds each.
"""
OUTPUT = """1257 training rows, 540 test rows, 64 features
random forest   0.0 0.972  0.2 0.951  0.4 0.884
logistic        0.0 0.961  0.2 0.902  0.4 0.801
"""
REPORT = "\\section{Introduction}\nLabels are often wrong.\n\\section{Results}\nThe forest loses 8.8 points.\n"
PAGES = (
    "Are Tree Ensembles More Sensitive to Label Noise?\n\nAbstract\nWe compare tree ensembles and linear models.\n",
)


def turn(number: int, phase: Phase, agent: Agent, command: str, subject: str, reply: str, **more: object) -> Turn:
    """One written turn."""
    told = {"status": Status.OK, "outcome": "Done.", "cost": Cost(1, 410, 160, 0.0, 3.0), **more}
    time = f"2026-01-05T10:{number:02d}:00+00:00"
    return Turn(number, phase, agent, MODEL, command, subject, reply, time=time, **told)  # type: ignore[arg-type]


def study() -> list[Turn]:
    """Sixteen turns from the first search to a compiled report, with a failure and a candidate that is not kept."""
    lit, plan, data, run, means, write = list(Phase)[:6]
    phd, pd, ml, sw, prof = Agent.PHD_STUDENT, Agent.POSTDOC, Agent.ML_ENGINEER, Agent.SW_ENGINEER, Agent.PROFESSOR
    lines = [
        (lit, phd, "SUMMARY label noise", "search: label noise", "I look for work on **label noise** first."),
        (lit, phd, "ADD_PAPER frenay2014", "took in Frénay & Verleysen 2014", "This survey names the kinds of noise."),
        (lit, phd, "ADD_PAPER breiman2001", "took in Breiman 2001", "Bagging should average out some of the noise."),
        (plan, pd, "DIALOGUE", "which noise levels?", "Which levels do we measure? I would go to 40 %."),
        (
            plan,
            phd,
            "DIALOGUE",
            "0 to 40 %, five seeds",
            "Five seeds each, from 0 to 40 %, the *same* noisy labels for both.",
        ),
        (plan, pd, "PLAN", "plan submitted", "A fair comparison needs the same noisy labels for both sides."),
        (data, ml, "PYTHON", "looked at the data", "First a look at what `load_digits` yields."),
        (data, sw, "SUBMIT_CODE", "data/prepare.py runs", "The split is stratified and seeded."),
    ]
    turns = [turn(i, *line) for i, line in enumerate(lines, 1)]
    values: list[float | None] = [0.88, 0.912, None, 0.921, 0.917, 0.934]
    commands = ["REPLACE", "EDIT 4-9", "EDIT 20-22", "EDIT 30-31", "EDIT 12-18", "EDIT 12-14"]
    best = 0.0
    for number, (value, command) in enumerate(zip(values, commands, strict=True), 9):
        reply = (
            f"The noise has to be drawn once per seed and shared. So I {'re' if value is None else ''}write it anew."
        )
        more = {"diff": DIFF, "path": "experiment/main.py", "output": OUTPUT}
        if value is None:
            more |= {
                "status": Status.FAILED,
                "outcome": "IndexError",
                "output": "IndexError: index 64 is out of bounds\n",
            }
        else:
            more |= {
                "score": Score("accuracy", value, round(value - 0.12, 2), value > best),
                "reflection": "Share the noise.",
            }
        best = max(best, value or 0.0)
        subject = f"{command}, accuracy {value}" if value else f"{command}: IndexError"
        turns.append(turn(number, run, ml, command, subject, reply, **more))
    turns.append(
        turn(15, means, pd, "INTERPRETATION", "forests lose less", "The forest loses 8.8 points, the line 16.")
    )
    added = "".join(f"+{line}\n" for line in REPORT.splitlines())
    report = {"diff": f"--- /dev/null\n+++ b/report/report.tex\n@@ -0,0 +1,4 @@\n{added}", "path": "report/report.tex"}
    score = Score("", None, 0.62, True)
    turns.append(
        turn(
            16,
            write,
            prof,
            "REPLACE",
            "report written",
            "Here is the scaffold.",
            score=score,
            **report,
        )
    )
    return turns


class FakeLaboratory:
    """Plays `turns` into a real project, one at a time, behind a real gate."""

    def __init__(
        self,
        project: Project,
        gate: PersonGate,
        turns: Sequence[Turn],
        copilot: Copilot = Copilot.OFF,
        pace: float = 0.0,
        said: Mapping[int, Sequence[Event]] | None = None,
    ) -> None:
        """`said` is what the engine says in a turn before its reply, by the turn's number."""
        self.project = project
        self.gate = gate
        self.turns = turns
        self.copilot = copilot
        self.pace = pace
        self.said = said or {}
        self.verdicts: list[object] = []

    async def run(self, until: Phase | None = None, turns: int | None = None) -> AsyncIterator[Event]:
        with self.project.lock():
            project, progress = self.project, read_progress(self.project)
            yield RunStarted(project.name, project.branch_name, project.head, MODEL, "bubblewrap", progress.turn)
            announced = None
            while progress.turn < len(self.turns):
                if self.gate.held:
                    yield StateChanged(State.PAUSED, self.gate.held)
                await self.gate.opened()
                if announced is not progress.phase:
                    announced = progress.phase
                    yield PhaseStarted(announced)
                yield StateChanged(State.RUNNING)
                async for event in self._turn(self.turns[progress.turn], progress):
                    yield event
                self.gate.turn_done()
                if read_progress(project).phase is not progress.phase:
                    self.gate.phase_done(progress.phase, self.gate.mode(progress.phase, self.copilot))
                    async for event in self._result(progress.phase):
                        yield event
                progress = read_progress(project)
            yield StateChanged(State.FINISHED, "the report is done")

    async def _result(self, phase: Phase) -> AsyncIterator[Event]:
        """Ask about a phase's result; what the person says is remembered and changes nothing."""
        if self.gate.reviewing is None:
            return
        number = read_progress(self.project).turn
        yield Proposed(number, Agent.LABTOP, "", "plan.md", PLAN, phase)
        yield StateChanged(State.WAITING, f"{phase.title} is done: done")
        self.verdicts.append(await self.gate.verdict(Proposal(number, phase, Agent.LABTOP, "", "", "plan.md", PLAN)))
        self.gate.reviewed()

    async def _turn(self, turn: Turn, progress: Progress) -> AsyncIterator[Event]:
        n = turn.number
        yield TurnStarted(
            n, turn.phase, turn.agent, MODEL, "talk", f"{n - 8}/6" if turn.phase is Phase.EXPERIMENTS else ""
        )
        for event in self.said.get(n, ()):
            yield event
            if isinstance(event, Waiting):
                await asyncio.sleep(event.seconds)
        for word in turn.reply.split(" "):
            yield Token(n, word + " ")
            await asyncio.sleep(0)
        await asyncio.sleep(self.pace)
        yield Proposed(n, turn.agent, turn.command, turn.path, turn.diff)
        if self.gate.asks(self.gate.mode(turn.phase, self.copilot)):
            yield StateChanged(State.WAITING, f"{turn.agent.title} wants {turn.command}")
            proposal = Proposal(n, turn.phase, turn.agent, turn.reply, turn.command, turn.path, turn.diff)
            while isinstance(verdict := await self.gate.verdict(proposal), Question):
                yield Answered(n, verdict.text, "Because the noise is drawn twice.")
            self.verdicts.append(verdict)
            yield StateChanged(State.RUNNING)
            turn = decided(turn, verdict)
        if turn.output:
            yield ProgramStarted(n, turn.path, "bubblewrap", 600.0)
            yield ProgramOutput(n, turn.output)
            yield ProgramFinished(n, "IndexError" if turn.status is Status.FAILED else "", 2.5)
        if turn.score:
            yield Scored(n, turn.score, turn.reflection)
        if turn.path == "report/report.tex":
            yield ReportCompiled(n, PAGES, ())
        commit = await to_the_end(self._commit, turn, progress)
        yield TurnCommitted(turn, commit)
        if self._ends(turn):
            yield PhaseFinished(turn.phase, "done")

    def _ends(self, turn: Turn) -> bool:
        after = self.turns[turn.number :]
        return bool(after) and after[0].phase is not turn.phase

    def _commit(self, turn: Turn, progress: Progress) -> str:
        after = replace(progress, turn=turn.number, cost=progress.cost + turn.cost)
        if self._ends(turn):
            after = after.finishing("done")
        files = {turn.path: REPORT if turn.path.endswith(".tex") else f"# turn {turn.number}\n"} if turn.path else {}
        return self.project.commit(turn, {**files, STATE: after.to_json()})


def decided(turn: Turn, verdict: object) -> Turn:
    """The turn after the person's verdict."""
    match verdict:
        case Approve(None) | Pick():
            return turn
        case Approve(str(reply)) | TakeOver(reply):
            return replace(turn, reply=reply)
        case Decline(reason):
            return replace(turn, status=Status.DECLINED, outcome=reason, score=None, output="")
        case Skip() | _:
            return replace(turn, status=Status.DECLINED, outcome="passed over", score=None, output="")


def new_project(folder: Path) -> Project:
    """A project in `folder` with nothing done yet."""
    from core.settings import settings_text

    return Project.create(folder, settings_text("Are forests more sensitive to label noise?", name="label-noise"), {})


def played_project(folder: Path, done: int) -> Project:
    """A project in `folder` in which the first `done` turns of the study have been made."""
    shutil.copytree(_template(done), folder, symlinks=True)
    return Project.open(folder)


@cache
def _template(done: int) -> Path:
    folder = Path(_templates.name) / str(done)
    project = new_project(folder)
    player = FakeLaboratory(project, PersonGate(running=True), study())
    with project.lock():
        for turn in study()[:done]:
            player._commit(turn, read_progress(project))
    return folder


_templates = tempfile.TemporaryDirectory(prefix="labtop-studies-")
