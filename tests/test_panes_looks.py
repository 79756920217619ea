"""How the panes look: a few pictures, kept as SVG."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from core.record import Status
from tests.pane_stage import Stage, a_score, a_turn
from tui.panes.chat import ChatPane
from tui.panes.diff import DiffPane
from tui.panes.report import ReportPane
from tui.panes.scores import ScoresPane
from tui.rows import Point

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
BEFORE = ["def flip(y, rate):", "    # at random", "    return np.where(np.random.rand(len(y)) < rate, 0, y)"]
AFTER = ["def flip(y, rate, rng):", "    # at random", "    return np.where(rng.random(len(y)) < rate, 0, y)"]


def fill_chat(pane: ChatPane) -> None:
    kept = a_turn(40, reply=REPLY, path="experiment/main.py", outcome="It ran for 12.3 s.", score=a_score(0.934))
    pane.load([kept, a_turn(41, reply="Vectorised.", status=Status.FAILED, outcome="IndexError: out of range")])
    pane.begin(42, "PhD student · results interpretation")
    pane.stream("> Tree ensembles lose less\n\nbecause")


def fill_diff(pane: DiffPane) -> None:
    diff = difflib.unified_diff(BEFORE, AFTER, "a/experiment/main.py", "b/experiment/main.py", lineterm="")
    pane.show("EDIT 1-3", "experiment/main.py", "\n".join(diff))


def fill_scores(pane: ScoresPane) -> None:
    values = [0.90, 0.88, None, 0.912, 0.905, 0.934, 0.92]
    kept = {0, 3, 5}
    pane.show([Point(30 + n, v, 0.1 * n, n in kept, v is None) for n, v in enumerate(values)], "accuracy")


def fill_report(pane: ReportPane) -> None:
    source = "\\section{Introduction}\n% why\nLabels are $\\alpha$ \\wrong.\n\\cite{frenay2014}"
    pane.show(source, (), ("error, line 3: \\wrong is not defined.",))


@pytest.mark.parametrize(
    ("pane", "fill", "size"),
    [
        (ChatPane, fill_chat, (62, 26)),
        (DiffPane, fill_diff, (62, 10)),
        (ScoresPane, fill_scores, (36, 12)),
        (ReportPane, fill_report, (44, 12)),
    ],
    ids=["chat", "diff", "scores", "report"],
)
def test_a_pane_looks_as_it_did(pane: Any, fill: Any, size: tuple[int, int], snap_compare: Any) -> None:
    shown = pane()

    async def show(pilot: Pilot[None]) -> None:
        fill(shown)
        await pilot.pause()

    assert snap_compare(Stage(shown), terminal_size=size, run_before=show)


def test_no_pane_names_a_colour() -> None:
    for path in [*Path("tui/panes").glob("*.py"), *Path("tui/widgets").glob("*.py")]:
        text = path.read_text()
        assert not any(word in text for word in ("rgb(", "hsl(", '"red', '"green', '"blue', '"#')), path
