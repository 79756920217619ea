"""The parts of one turn as the history shows them: what was said, what changed, what was measured, what it rests on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content
from textual.dom import DOMNode
from textual.widgets import Static

from core.clean import clean
from core.looking import METRICS, PLAN, PROGRAM, REPORT, Look, file_at, values
from core.record import Status, Turn
from tui.keymap import keyed
from tui.panes.chat import ChatPane
from tui.panes.diff import DiffPane
from tui.panes.output import OutputPane
from tui.panes.text import TextPane
from tui.screens.wall import diff_title
from tui.widgets.frame import MUTED
from tui.widgets.statusline import counted

if TYPE_CHECKING:
    from core.workspace.project import Project

PARTS = ("reply", "diff", "code", "plan", "report", "metrics", "figures", "output", "evidence")
FILES: Mapping[str, str] = {"code": PROGRAM, "plan": PLAN, "report": REPORT, "metrics": METRICS}
"""The parts that are a file of the project."""
_COPIES = "look"
"""Under `.git/labtop/`: copies for the person's editor."""


class PartsLine(Static):
    """The row above a turn that says which of its parts is shown, as wide as there is room."""

    _shown: tuple[Turn, str] | None = None

    def show(self, turn: Turn, part: str) -> None:
        """Say which part of which turn is shown."""
        self._shown = turn, part
        self._fit()

    def on_resize(self) -> None:
        """Another width has room for other names."""
        self._fit()

    def _fit(self) -> None:
        if self._shown and self.size.width:
            self.update(parts_line(*self._shown, self.size.width), layout=False)


def fill(screen: DOMNode, found: Look, part: str, *, whole: bool) -> str:
    """Put a part of a turn into the pane that can show it; returns the pane's id."""
    turn = found.turn
    match part:
        case "reply":
            chat = screen.query_one(ChatPane)
            chat.load([turn])
            chat.call_after_refresh(chat.action_scroll_home)
            return "chat"
        case "diff":
            diff = screen.query_one(DiffPane)
            diff.show(diff_title(turn), turn.path, turn.diff, "This turn has no diff to show.")
            return "diff"
        case "output":
            _print(screen.query_one(OutputPane), turn)
            return "output"
        case "code" | "plan" | "report":
            return _file(screen, found, FILES[part], whole)
        case _:
            lines = {"metrics": _metrics, "figures": _figures, "evidence": _evidence}[part](found)
            screen.query_one(TextPane).show_lines(part.capitalize(), list(lines))
            return "text"


def parts_line(turn: Turn, part: str, width: int) -> Content:
    """Which part of which turn is shown, and what the turn cost, as far as there is room."""
    names = [Content.styled(f" {name} ", "bold reverse $accent" if name == part else MUTED) for name in PARTS]
    tokens = turn.cost.prompt_tokens + turn.cost.completion_tokens
    spent = f" {counted(tokens)} tok · ${turn.cost.money:.2f} · {turn.cost.seconds:.0f} s"
    title = Content.styled(f" turn {turn.number} ", "bold")
    at = PARTS.index(part)
    first, last = 0, len(names)
    # Where not all names fit, those about the one that is shown do, with a mark that there are more.
    while title.cell_length + sum(name.cell_length for name in names[first:last]) + 4 > width and last - first > 1:
        first, last = (first + 1, last) if at - first > last - 1 - at else (first, last - 1)
    shown = ("‹ " if first else "", *names[first:last], " ›" if last < len(names) else "")
    line = Content.assemble(title, *shown)
    return Content.assemble(line, (spent, MUTED)) if line.cell_length + len(spent) <= width else line


def copy_of(project: Project, found: Look, path: str) -> Path:
    """A copy of a file as it was after the turn, for an editor; it cannot be written, and goes with the next one."""
    folder = project.private(_COPIES)
    shutil.rmtree(folder, ignore_errors=True)
    copy = folder / f"turn-{found.turn.number}-{found.commit[:8]}" / Path(path).name
    copy.parent.mkdir(parents=True, mode=0o700)
    copy.write_bytes(file_at(project, found.commit, path))
    copy.chmod(0o400)
    return copy


def _file(screen: DOMNode, found: Look, path: str, whole: bool) -> str:
    """A file's change in this turn, or the file where it was not changed or is wanted whole."""
    version = found.files[path]
    changed = version.before != version.after
    if changed and not whole:
        screen.query_one(DiffPane).show(keyed(screen.app, "{turn_view} shows all of it"), path, version.diff, "")
        return "diff"
    text = screen.query_one(TextPane)
    if version.after:
        way = keyed(screen.app, "{turn_view} shows the change") if changed else "not changed by this turn"
        text.show_file(path, version.after, way)
    else:
        words = f"There is no {path} at turn {found.turn.number} yet."
        text.show_lines(path, [Content.styled(words, MUTED)])
    return "text"


def _print(pane: OutputPane, turn: Turn) -> None:
    if not turn.output:
        pane.say("This turn ran no program.")
        return
    pane.begin(f"turn {turn.number}")
    pane.append(turn.output)
    pane.finish("failed" if turn.status is Status.FAILED else "")


def _metrics(found: Look) -> Iterator[Content]:
    """What was measured, before and after."""
    rows = values(found.files[METRICS])
    if not rows:
        yield Content.styled(f"Nothing was measured up to turn {found.turn.number}.", MUTED)
        return
    width = min(40, max(len(name) for name, *_ in rows))
    for name, before, after in rows:
        said = Content(f"{clean(name)[:width]:<{width}}  ")
        if before == after:
            yield Content.assemble(said, (clean(after), MUTED))
        else:
            yield Content.assemble(said, (clean(before) or "—", MUTED), " → ", (clean(after) or "—", "bold"))


def _figures(found: Look) -> Iterator[Content]:
    if not found.figures:
        yield Content.styled(f"There is no figure at turn {found.turn.number}.", MUTED)
    for figure in found.figures:
        size = f"{figure.size / 1000:>8.1f} kB" if figure.size else " " * 11
        style = MUTED if figure.state == "as before" else "bold"
        yield Content.assemble((f"{figure.state:<10}", style), f"{size}  ", clean(figure.path))


def _evidence(found: Look) -> Iterator[Content]:
    """What the turn rests on: where it is, who spoke, what came of it, what was asked of the outside."""
    turn, score = found.turn, found.turn.score
    facts = [
        ("commit", found.commit),
        ("parent", found.parent or "none"),
        ("ended", turn.time),
        ("phase", turn.phase.title),
        ("agent", turn.agent.title + (f", {turn.model}" if turn.model else "")),
        ("command", turn.command or "none"),
        ("came of it", f"{turn.status.value}: {turn.outcome}" if turn.outcome else turn.status.value),
    ]
    if score is not None:
        value = f"{score.metric} {score.value:.6g}, " if score.metric and score.value is not None else ""
        facts.append(("score", f"{value}judge {score.judge:.2f}, {'kept' if score.kept else 'not kept'}"))
    facts += [("reflection", turn.reflection or "none"), ("on tape", ", ".join(turn.takes) or "nothing from outside")]
    facts.append(("candidates", ", ".join(found.candidates) or "none"))
    for name, said in facts:
        lines = clean(said).splitlines() or [""]
        for place, line in enumerate(lines[:200]):
            yield Content.assemble((f"{'' if place else name:<12}", "bold"), line)
