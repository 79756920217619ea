"""How the panes look at three sizes, dark and light: each by itself, and alone on the wall of the laboratory."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.widget import Widget

from core.events import ProgramUsage
from core.kept import KeptProgram
from core.record import Agent, Phase, Status
from tests.app_stage import app_on, frame_of, laboratory, opened, until
from tests.looks import looks_as_it_did
from tests.pane_stage import a_score, a_turn, staged
from tests.reading_stage import COSTS, PAPERS, PASSAGES, POINTS, ROUNDS
from tests.test_panes_diff import AFTER, BEFORE
from tests.test_wall import fill
from tui.panes.chat import ChatPane
from tui.panes.costs import CostsPane
from tui.panes.diff import DiffPane
from tui.panes.output import OutputPane
from tui.panes.papers import PapersPane
from tui.panes.program import ProgramPane
from tui.panes.report import ReportPane
from tui.panes.reviews import ReviewsPane
from tui.panes.scores import ScoresPane
from tui.screens.places import PANES

REPLY = """The forest still sees *clean* labels in the **bootstrap**; I draw the noise once:

1. with `default_rng(seed)`,
2. before the split, so that both families see the very same wrong labels.

```REPLACE
a = 1
b = 2
c = 3
d = 4
```
"""
OUTCOME = "It passes its check: accuracy 0.934.\n" + "\n".join(f"seed {n} 0.9{n}" for n in range(5))
PARAGRAPH = (
    r"The forest reaches 0.934 $\pm$ 0.006 over five seeds, the linear model 0.921; the gap grows with the share of "
    r"wrong labels, and at 40\,\% of them it is 0.08 \citep{frenay2014}."
)
SOURCE = f"\\section{{Results}}\n% what was measured\n{PARAGRAPH}\nLabels are \\wrong.\n\\cite{{frenay2014}}"
PAGE = f"""Are Trees Sensitive to Label Noise?
1 Results
{PARAGRAPH.replace(chr(92), "").replace("$", "")}
What we found:
• Forests lose less than linear models at every level.
• The best accuracy without noise is 0.973; see https://arxiv.org/abs/2501.04227 for how it was made."""


def unified(before: list[str], after: list[str]) -> str:
    return "\n".join(difflib.unified_diff(before, after, "a/experiment/main.py", "b/experiment/main.py", lineterm=""))


def fill_chat(pane: ChatPane) -> None:
    asked = ("reply-" + "0" * 64,)
    kept = a_turn(40, reply=REPLY, path="experiment/main.py", outcome=OUTCOME, score=a_score(0.934), takes=asked)
    failed = a_turn(
        41, reply="Vectorised.", status=Status.FAILED, outcome="It broke.\n 1\n 2\nIndexError: out of range"
    )
    talk = a_turn(39, agent=Agent.POSTDOC, phase=Phase.PLAN, reply="```DIALOGUE\nWhich *levels* of noise?\n```")
    pane.load([*(a_turn(n) for n in range(20, 39)), talk, kept, failed])
    pane.note("labtop saved nothing new", "warning")
    pane.begin(42, "PhD student · results interpretation")
    pane.think("Which is the honest gap?\nThe one at 40 %.")
    pane.stream("> Tree ensembles lose less\n\nbecause")


def fill_chat_opened(pane: ChatPane) -> None:
    asked = ("reply-" + "0" * 64,)
    kept = a_turn(40, reply=REPLY, path="experiment/main.py", outcome=OUTCOME, score=a_score(0.934), takes=asked)
    pane.load([replace(kept, reflection="The bootstrap was the leak.")])
    pane.action_fold()
    pane.action_head(1)
    pane.action_open()
    pane.told_prompt(40, "You are the ML engineer.\n\n## The plan\nFive levels of noise, five seeds.")


def fill_diff(pane: DiffPane) -> None:
    pane.show("EDIT 2-5 · turn 41", "experiment/main.py", unified(BEFORE, AFTER))


def fill_diff_of_prose(pane: DiffPane) -> None:
    before = SOURCE.split("\n")
    after = [line.replace("0.934", "0.936").replace("grows", "widens") for line in before]
    pane.show("EDIT 3-3 · turn 52", "report/report.tex", unified(before, [*after, "% done"]))


def fill_program(pane: ProgramPane) -> None:
    text = '"""Are forests\nmore sensitive?"""\n\n' + "\n".join(AFTER) + "\n"
    one = KeptProgram("experiment/main.py", text, 41, "EDIT 2-5", "accuracy", 0.934, 0.82)
    pane.show((one, KeptProgram(".lab/candidates/39.py", text, 39)))


def fill_output(pane: OutputPane) -> None:
    pane.begin("experiment/main.py · bubblewrap", 41)
    pane.append("1257 training rows, 540 test rows\n" + "".join(f"seed {n}/5: accuracy 0.9{n}\n" for n in range(1, 4)))
    pane.gauge(12.0, 600.0, ProgramUsage(41, 12.0, 196.0, 512.0, 4096, 37.0))


def fill_scores(pane: ScoresPane) -> None:
    pane.show(POINTS, "accuracy")
    pane.action_walk(-1)
    pane.action_walk(-1)


def fill_source(pane: ReportPane) -> None:
    pane.show(SOURCE, (), ("error, line 4: \\wrong is not defined.", "warning in references.tex, line 2: odd."))
    pane.action_number(1)


def fill_papers(pane: PapersPane) -> None:
    pane.show(PAPERS)
    pane.show_passages("frenay2014", PASSAGES)


def fill_costs(pane: CostsPane) -> None:
    pane.show(COSTS)
    pane.refuse("lab.toml, line 3: `copilott` is not known; did you mean `copilot`?")


FILLED: dict[str, tuple[type[Any], Callable[[Any], None]]] = {
    "chat": (ChatPane, fill_chat),
    "chat opened": (ChatPane, fill_chat_opened),
    "diff": (DiffPane, fill_diff),
    "diff of prose": (DiffPane, fill_diff_of_prose),
    "program": (ProgramPane, fill_program),
    "output": (OutputPane, fill_output),
    "scores": (ScoresPane, fill_scores),
    "report": (ReportPane, lambda pane: pane.show(SOURCE, (PAGE, "2"), ("warning, line 5: odd.",))),
    "report source": (ReportPane, fill_source),
    "papers": (PapersPane, fill_papers),
    "reviews": (ReviewsPane, lambda pane: pane.show(ROUNDS)),
    "costs": (CostsPane, fill_costs),
}


@pytest.mark.parametrize("name", FILLED)
async def test_a_pane_looks_as_it_did(snapshot: SnapshotAssertion, name: str) -> None:
    kind, fill_it = FILLED[name]
    pane: Widget = kind()
    async with staged(pane, 80, 24) as pilot:
        fill_it(pane)
        await pilot.app.workers.wait_for_complete()
        await looks_as_it_did(pilot, snapshot)


async def test_a_pane_alone_in_the_laboratory_looks_as_it_did(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 14), limit=3.0) as pilot:
        screen = laboratory(pilot)
        screen.board.clock = lambda: 0.0
        fill(screen.session.project.path)
        await pilot.press("8")
        await until(pilot, lambda: "● Frénay" in frame_of(pilot))
        await looks_as_it_did(pilot, snapshot, "papers beside others")
        screen.wall.zoom()
        for name in PANES:
            screen.wall.go_to(name)
            await pilot.app.workers.wait_for_complete()
            await looks_as_it_did(pilot, snapshot, name, dresses=["dark"])


def test_no_pane_names_a_colour() -> None:
    for path in [*Path("tui/panes").glob("*.py"), *Path("tui/widgets").glob("*.py")]:
        text = path.read_text()
        assert not any(word in text for word in ("rgb(", "hsl(", '"red', '"green', '"blue', '"#')), path
