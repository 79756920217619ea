"""How chat, diff, program and output look, at three sizes, dark and light."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from core.events import ProgramUsage
from core.kept import KeptProgram
from core.record import Agent, Phase, Status
from tests.pane_stage import Stage, a_score, a_turn
from tests.test_panes_diff import AFTER, BEFORE
from tui.panes.chat import ChatPane
from tui.panes.diff import DiffPane
from tui.panes.output import OutputPane
from tui.panes.program import ProgramPane

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


def fill_diff(pane: DiffPane) -> None:
    diff = difflib.unified_diff(BEFORE, AFTER, "a/experiment/main.py", "b/experiment/main.py", lineterm="")
    pane.show("EDIT 2-5 · turn 41", "experiment/main.py", "\n".join(diff))


def fill_program(pane: ProgramPane) -> None:
    text = '"""Are forests\nmore sensitive?"""\n\n' + "\n".join(AFTER) + "\n"
    one = KeptProgram("experiment/main.py", text, 41, "EDIT 2-5", "accuracy", 0.934, 0.82)
    pane.show((one, KeptProgram(".lab/candidates/39.py", text, 39)))


def fill_output(pane: OutputPane) -> None:
    pane.begin("experiment/main.py · bubblewrap", 41)
    pane.append("1257 training rows, 540 test rows\n" + "".join(f"seed {n}/5: accuracy 0.9{n}\n" for n in range(1, 4)))
    pane.gauge(12.0, 600.0, ProgramUsage(41, 12.0, 196.0, 512.0, 4096, 37.0))


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"])
@pytest.mark.parametrize(
    ("pane", "fill"),
    [(ChatPane, fill_chat), (DiffPane, fill_diff), (ProgramPane, fill_program), (OutputPane, fill_output)],
    ids=["chat", "diff", "program", "output"],
)
def test_a_working_pane_looks_as_it_did(
    pane: type[Any], fill: Callable[[Any], None], size: tuple[int, int], theme: str, snap_compare: Any
) -> None:
    shown = pane()

    async def show(pilot: Pilot[None]) -> None:
        pilot.app.theme = theme
        fill(shown)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        shown.refresh(layout=True)
        await pilot.pause()

    assert snap_compare(Stage(shown), terminal_size=size, run_before=show)
