"""What the history costs: a durable commit, resuming, the log and a roll-back, in short and long histories."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from core.progress import Progress
from core.record import Agent, Cost, Phase, Score, Status, Turn
from core.settings import settings_text
from core.workspace.project import Project
from core.workspace.turns import author, message

LENGTHS = (10, 1_000, 10_000)
REPEATS = 15


def run() -> list[tuple[str, str]]:
    """The medians as (name, value) rows; takes about half a minute."""
    rows: list[tuple[str, str]] = []
    for length in LENGTHS:
        with tempfile.TemporaryDirectory(prefix="labtop-bench-") as folder:
            project = lengthened(Path(folder) / "project", length)
            rows += [(f"{name}, {length:,} turns", f"{value:.1f} ms") for name, value in measured(project, length)]
    return rows


def lengthened(path: Path, length: int) -> Project:
    """A project with `length` turns, each of which changed the program, the metrics and the engine's state."""
    project = Project.create(path, settings_text("how long does it take?", name="benchmark"))
    git = project.git
    git.run("fast-import", "--quiet", "--done", "--date-format=raw", stdin=b"".join(_stream(length)), writes=True)
    git.run("reset", "--quiet", "--hard", writes=True)
    return project


def measured(project: Project, length: int) -> Iterator[tuple[str, float]]:
    """Each operation's median in milliseconds."""
    number = length

    def commit() -> None:
        nonlocal number
        number += 1
        project.commit(turn(number), changes(number))

    def resume() -> None:
        again = Project.open(project.path)
        again.recover()
        again.read(".lab/state.json")
        again.turn_at()

    def roll_back() -> None:
        project.rollback(f"HEAD~{min(5, length)}")

    with project.lock():
        yield "commit", median(commit)
        yield "hand edits, none", median(lambda: project.hand_edits())
        yield "log of the last 100", median(lambda: project.log(100))
        yield "summaries of all", median(lambda: project.summaries(), 3)
        yield "roll back by 5", median(roll_back, 1 + min(length, REPEATS) // 6)
        yield "undo", median(lambda: project.undo(), 1)
    yield "resume", median(resume)


def median(operation: Callable[[], object], repeats: int = REPEATS) -> float:
    """The median time of an operation in milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        operation()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def turn(number: int) -> Turn:
    """A turn like those of the experiments phase, with a reply of 2 kB."""
    return Turn(
        number=number,
        phase=Phase.EXPERIMENTS,
        agent=Agent.ML_ENGINEER,
        model="benchmark",
        command="EDIT 12-18",
        subject=f"EDIT 12-18, accuracy {number % 100 / 100}",
        reply="a line of the reply\n" * 100,
        status=Status.OK,
        outcome="The program ran.",
        score=Score("accuracy", number % 100 / 100, 0.5, kept=number % 7 == 0),
        cost=Cost(1, 4000, 600, 0.01, 12.0),
        time="2026-01-01T12:00:00+00:00",
    )


def changes(number: int) -> dict[str, str | bytes | None]:
    """What such a turn writes."""
    return {
        "experiment/main.py": f"SEED = {number}\n" + "print('one line of a program')\n" * 200,
        "results/metrics.json": f'{{"metric": "accuracy", "value": {number % 100 / 100}}}\n',
        ".lab/state.json": Progress(turn=number).to_json(),
    }


def _stream(length: int) -> Iterator[bytes]:
    for number in range(1, length + 1):
        made = turn(number)
        text = message(made).encode()
        yield b"commit refs/heads/main\n"
        yield f"author {author(made)} {1_760_000_000 + number} +0000\n".encode()
        yield f"committer labtop <labtop@labtop> {1_760_000_000 + number} +0000\n".encode()
        yield b"data %d\n%s" % (len(text), text)
        if number == 1:
            yield b"from refs/heads/main^0\n"
        for path, content in {**changes(number), ".lab/turn.json": made.to_json()}.items():
            data = str(content).encode()
            yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data)
    yield b"done\n"


if __name__ == "__main__":
    for name, value in run():
        print(f"{name:40} {value:>12}")
