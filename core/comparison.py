"""Two or more lines of inquiry in one table: what each planned, measured, was judged, wrote, cost."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from textwrap import wrap
from typing import TYPE_CHECKING, Any, TypeGuard

from core.clean import clean
from core.edits import unified_diff
from core.errors import HistoryError
from core.lines import find_line
from core.progress import STATE, Progress
from core.record import Cost, Phase
from core.review.form import reviews_from_json
from core.sandbox.metrics import MetricsError, read_metrics
from core.workspace.git import Git
from core.workspace.turns import TurnSummary, one_line, total

if TYPE_CHECKING:
    from core.workspace.project import Project

METRICS = "results/metrics.json"
SHOWN = ("plan.md", "experiment/main.py")
"""The files whose differences are shown in full."""
_DIFF_LENGTH = 100_000
_SPREADS = ("std", "value_std", "stdev", "standard_deviation", "sd")
_SEEDS = ("values", "scores", "per_seed", "seed_values")
_ROW = re.compile(r"^\s*\|\s*Hypothesis\s*\|(.+?)\|\s*$", re.MULTILINE | re.IGNORECASE)
_NO_HEADLINE = re.compile(r"[\W_]*(plan|the plan|research plan)?[\W_]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Spread:
    """The standard deviation over seeds; `of` says of what, where it is not of the metric's own value."""

    std: float
    seeds: int
    of: str = ""


@dataclass(frozen=True, slots=True)
class Reviews:
    """The newest round of reviews: how many there are, and the mean of their overall grades (1-10)."""

    round: int
    count: int
    overall: float


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line as it stands at `commit`; `turns` and `cost` are those since the compared lines parted.

    `problem` says why there is no measurement.
    """

    name: str
    folder: Path
    commit: str
    turn: int
    phase: Phase
    finished: bool
    headline: str
    metric: str
    value: float | None
    higher_is_better: bool
    spread: Spread | None
    judge: float | None
    report_judge: float | None
    reviews: Reviews | None
    turns: tuple[TurnSummary, ...]
    cost: Cost
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """The lines side by side, and the last turn that they have in common."""

    lines: tuple[LineFacts, ...]
    parted: TurnSummary


def compare_lines(project: Project, named: Sequence[str]) -> Compared:
    """Compare lines, turns or folders; raises HistoryError for an unknown one, or where two have no turn in common."""
    held = [find_line(project, name) for name in named]
    chains = [home.summaries(rev=commit) for home, commit in held]
    common = set.intersection(*({turn.commit for turn in chain} for chain in chains))
    parted = next((turn for turn in chains[0] if turn.commit in common), None)
    if parted is None:
        raise HistoryError(f"{', '.join(named)} have no turn in common.", "Only lines of one study can be compared.")
    lines = []
    for name, (home, commit), chain in zip(named, held, chains, strict=True):
        since = tuple(turn for turn in chain if turn.commit not in common)
        lines.append(facts_of(home, name, commit, since))
    return Compared(tuple(lines), parted)


def facts_of(home: Project, name: str, commit: str, since: tuple[TurnSummary, ...]) -> LineFacts:
    """One line of `home` as it stands at `commit`, with the turns `since` it parted."""
    reviews = _review_files(home, commit)
    files = ("plan.md", METRICS, STATE, *reviews)
    plan, measured, state, *forms = home.git.blobs([f"{commit}:{path}" for path in files])
    progress = _progress(state)
    at = home.summaries(limit=1, rev=commit)[0]
    metrics, problem = _metrics(measured)
    best = progress.programs.best if progress else None
    report = progress.reports.best if progress else None
    value = metrics.get("value")
    return LineFacts(
        name=name,
        folder=home.path,
        commit=commit,
        turn=at.number,
        phase=progress.phase if progress else at.phase,
        finished=bool(progress and progress.finished),
        headline=headline(_text(plan)),
        metric=str(metrics.get("metric", "")),
        value=float(value) if value is not None else None,
        higher_is_better=metrics.get("higher_is_better") is not False,
        spread=spread_of(metrics),
        judge=best.judge if best else None,
        report_judge=report.judge if report else None,
        reviews=_reviews(reviews, forms),
        turns=since,
        cost=total(turn.cost for turn in since),
        problem=problem,
    )


def headline(plan: str) -> str:
    """A plan in one line: its hypothesis where a table has one, else its first words that are more than `Plan`."""
    if found := _ROW.search(plan):
        return one_line(clean(found[1]).replace("\\|", "|"), 160)
    lines = (re.sub(r"[*_`]{1,3}", "", line).strip(" #>-") for line in clean(plan).splitlines())
    return one_line(next((line for line in lines if not _NO_HEADLINE.fullmatch(line)), ""), 160)


def spread_of(metrics: Mapping[str, Any]) -> Spread | None:
    """How far the measurement scatters over seeds, as far as a program has written it down; never guessed."""
    told = next((float(metrics[key]) for key in _SPREADS if _is_number(metrics.get(key))), None)
    count = metrics.get("seeds")
    if told is not None:
        return Spread(abs(told), int(count) if _is_number(count) else 0)
    for key in _SEEDS:
        held = metrics.get(key)
        values = list(held.values()) if isinstance(held, Mapping) else held
        if isinstance(values, list) and len(values) > 1 and all(map(_is_number, values)):
            return Spread(stdev(values), len(values))
    rows = metrics.get("results")
    scores = [row.get("scores") for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    seeds = [held for held in scores if isinstance(held, list) and all(map(_is_number, held))]
    if not seeds or len(seeds) != len(scores) or len({len(held) for held in seeds}) != 1 or len(seeds[0]) < 2:
        return None
    return Spread(stdev([fmean(seed) for seed in zip(*seeds, strict=True)]), len(seeds[0]), "the test scores' mean")


def best_line(compared: Compared) -> LineFacts | None:
    """The line that measured best; None where they do not all measure the same, or not at all."""
    lines = compared.lines
    ways = {(line.metric, line.higher_is_better) for line in lines}
    if len(ways) != 1 or any(line.value is None for line in lines):
        return None
    sign = 1 if lines[0].higher_is_better else -1
    ranked = sorted(lines, key=lambda line: -sign * (line.value or 0.0))
    return None if ranked[0].value == ranked[1].value else ranked[0]


def lead_of(compared: Compared) -> str:
    """Which line measured best, and whether by more than its scatter over seeds; empty where none did."""
    best = best_line(compared)
    if best is None or best.value is None:
        return ""
    gaps = [abs(best.value - (line.value or 0.0)) for line in compared.lines if line is not best]
    spreads = [line.spread.std for line in compared.lines if line.spread]
    if len(spreads) < len(compared.lines):
        return f"{best.name} measured best; whether by more than chance is not known"
    return f"{best.name} measured best, {'beyond' if min(gaps) > max(spreads) else 'within'} the scatter over seeds"


def rows_of(compared: Compared) -> list[tuple[str, list[str]]]:
    """The table: for each fact its name and what each line has to say."""
    best = best_line(compared)
    measured = {line.metric for line in compared.lines if line.metric}
    names = [f"{line.name}{' ★' if line is best else ''}" for line in compared.lines]
    columns = [_column(line, len(measured) == 1) for line in compared.lines]
    metric = measured.pop() if len(measured) == 1 else "measured"
    heads = ("plan", metric, "judge", "report", "reviews", "stands at", "since then", "cost", "folder")
    rows = [(head, [column[place] for column in columns]) for place, head in enumerate(heads)]
    return [("line", names), *rows]


def compared_text(compared: Compared, width: int = 120) -> str:
    """The comparison as text: the table, then which files differ from the first line to the second, and how."""
    parted = compared.parted
    lines = [f"parted at turn {parted.number} ({parted.commit[:8]}): {parted.subject}", *_table(compared, width)]
    if lead := lead_of(compared):
        lines.append(f"{lead}.")
    elif len({line.metric for line in compared.lines if line.metric}) > 1:
        lines.append("They measure different things, so none of them is called the best.")
    if len(compared.lines) == 2:
        first, second = compared.lines
        lines += ["", f"files that differ from {first.name} to {second.name}: {_listed(differing(first, second))}"]
        lines += [text for path in SHOWN if (text := difference(first, second, path))]
    return "\n".join(lines)


def differing(first: LineFacts, second: LineFacts) -> list[str]:
    """The files that differ between two lines, the engine's own (`.lab/`) left out."""
    trees = [_tree(line) for line in (first, second)]
    paths = sorted({*trees[0], *trees[1]})
    return [path for path in paths if trees[0].get(path) != trees[1].get(path) and not path.startswith(".lab/")]


def difference(first: LineFacts, second: LineFacts, path: str) -> str:
    """The unified diff of one file from line to line."""
    before, after = (_text(Git(line.folder).blob(f"{line.commit}:{path}")) for line in (first, second))
    return unified_diff(before, after, path)[:_DIFF_LENGTH]


def _tree(line: LineFacts) -> dict[str, str]:
    out = Git(line.folder).run("ls-tree", "-r", "-z", "--full-tree", line.commit)
    rows = (row.partition("\t") for row in os.fsdecode(out).split("\0") if row)
    return {path: facts for facts, _, path in rows}


def _table(compared: Compared, width: int) -> list[str]:
    """The table, its cells folded so that it fits `width` columns."""
    rows = [*rows_of(compared), ("commit", [line.commit[:12] for line in compared.lines])]
    head = max(len(name) for name, _ in rows) + 2
    room = max(16, (width - head) // len(compared.lines) - 2)
    lines = []
    for name, cells in rows:
        folded = [wrap(cell, room) or [""] for cell in cells]
        for place in range(max(map(len, folded))):
            shown = (part[place] if place < len(part) else "" for part in folded)
            cells_shown = "  ".join(f"{cell:<{room}}" for cell in shown)
            lines.append(f"{'' if place else name:<{head}}{cells_shown}".rstrip())
    return lines


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 8} more" if len(paths) > 8 else ""
    return ", ".join(paths[:8]) + more if paths else "none"


def _column(line: LineFacts, one_metric: bool) -> list[str]:
    cost, tokens = line.cost, line.cost.prompt_tokens + line.cost.completion_tokens
    return [
        line.headline or "no plan yet",
        _measured(line, one_metric),
        _short(line.judge),
        _short(line.report_judge),
        f"{line.reviews.overall:.1f} of 10 ({line.reviews.count}, round {line.reviews.round})" if line.reviews else "—",
        f"turn {line.turn}, {'finished' if line.finished else line.phase.title.lower()}",
        f"{len(line.turns)} turn{'' if len(line.turns) == 1 else 's'}",
        f"${cost.money:.2f}, {tokens:,} tokens, {cost.seconds:.0f} s",
        line.folder.name,
    ]


def _measured(line: LineFacts, one_metric: bool) -> str:
    if line.value is None:
        return line.problem or "not measured yet"
    spread, name = line.spread, "" if one_metric else f"{line.metric} "
    if spread is None:
        return f"{name}{line.value:.4g} (no spread was written down)"
    what = f", {spread.of}" if spread.of else ""
    return f"{name}{line.value:.4g} ± {spread.std:.2g} ({spread.seeds or 'some'} seeds{what})"


def _short(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"


def _metrics(data: bytes | None) -> tuple[dict[str, Any], str]:
    if not data:
        return {}, ""
    try:
        return read_metrics(data), ""
    except MetricsError as error:
        return {}, str(error)


def _progress(data: bytes | None) -> Progress | None:
    try:
        return Progress.from_json(_text(data)) if data else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _review_files(home: Project, commit: str) -> list[str]:
    """The forms of the newest round of reviews at a commit."""
    listed = home.git.text("ls-tree", "-r", "--name-only", "-z", commit, "--", "reviews/")
    rounds: dict[int, list[str]] = {}
    for path in listed.split("\0"):
        if found := re.fullmatch(r"reviews/round-(\d{1,6})/[^/\n]+\.json", path):
            rounds.setdefault(int(found[1]), []).append(path)
    return rounds[max(rounds)] if rounds else []


def _reviews(paths: Sequence[str], forms: Sequence[bytes | None]) -> Reviews | None:
    filled = reviews_from_json(_text(form) for form in forms)
    if not filled:
        return None
    round_ = int(paths[0].split("/")[1].removeprefix("round-"))
    return Reviews(round_, len(filled), fmean(form.overall for form in filled))


def _text(data: bytes | None) -> str:
    return (data or b"").decode(errors="replace")


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
