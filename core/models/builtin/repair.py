"""Repairs: from what an error says to the change that meets its cause."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from core.models.builtin import rows_text
from core.models.builtin.families import families
from core.models.builtin.programs import Spec, pipeline_imports, pipeline_text, write_program
from core.models.builtin.source import (
    chained,
    constant,
    has_function,
    literal,
    models,
    parsed,
    with_constant,
    with_function,
    with_imports,
    with_lines,
    with_model,
)
from core.models.builtin.study import Study

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Repair:
    """The mended program and what was mended, in words."""

    text: str
    words: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of failure: how its error reads, what causes it, and the change that meets it."""

    pattern: str
    cause: str
    change: Callable[[str, Study], str | None]


def repaired(text: str, error: str, study: Study, careful: Spec, best: str = "") -> Repair:
    """Mend a program by its error; where no rule fits or has a place to act, write the careful program instead.

    `best` is a program that ran, empty when there is none: what was changed of it at the failing line is taken back.
    """
    for rule in _RULES:
        if match := re.search(rule.pattern, error, re.IGNORECASE):
            after = rule.change(text, study)
            if after and after != text and parsed(after):
                return Repair(after, f"The error says “{_line_of(error, match)}”. {rule.cause}")
    if before := _taken_back(text, error, best):
        return Repair(
            before,
            f"The error ends with “{_line_of(error, None)}”. The line that failed is not as it was in the best "
            "program, which ran; I take that change back and keep the others.",
        )
    program = write_program(careful)
    if program == text:
        program = write_program(replace(careful, seeds=2, max_rows=1000))
    last = _line_of(error, None)
    return Repair(
        program,
        f"The error ends with “{last}”, for which I know no small repair. I write the program more carefully: gaps and "
        "categories expected in every column, small classes not split by, models that cannot be fitted left out.",
    )


def _taken_back(text: str, error: str, best: str) -> str | None:
    """The program with the failing line's change to the best program undone; None when that line was not changed."""
    places = re.findall(r'File "[^"\n]*experiment/main\.py", line (\d+)', error)
    if not places or not best:
        return None
    line, now, then = int(places[-1]) - 1, text.split("\n"), best.split("\n")
    for kind, first, last, start, stop in difflib.SequenceMatcher(None, now, then, autojunk=False).get_opcodes():
        if kind != "equal" and first <= line < last:
            after = "\n".join([*now[:first], *then[start:stop], *now[last:]])
            whole = parsed(after) and not _functions(text).difference(_functions(after)) & set(_WORD.findall(after))
            return after if whole else best
    return None


def _functions(text: str) -> set[str]:
    """The functions that a program defines."""
    tree = parsed(text)
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)} if tree else set()


def _table(text: str, study: Study) -> str | None:
    if not has_function(text, "pipeline") or "ColumnTransformer" in text:
        return None
    return chained(
        text,
        lambda t: with_function(t, "pipeline", pipeline_text(study.task, table=True)),
        lambda t: with_imports(t, pipeline_imports(study.task, table=True)),
    )


def _finite(text: str, study: Study) -> str | None:
    line = "    X, y = load()\n"
    if line not in text or "np.inf" in text:
        return None
    added = "    X = pd.DataFrame(X).replace([np.inf, -np.inf], np.nan)\n"
    after = text.replace(line, line + added, 1)
    return after if "ColumnTransformer" in after else _table(after, study)


def _answered(text: str, study: Study) -> str | None:
    line = "    X, y = load()\n"
    if line not in text or "answered" in text:
        return None
    added = "    answered = np.asarray(pd.notna(y))\n    X, y = pd.DataFrame(X)[answered], np.asarray(y)[answered]\n"
    return text.replace(line, line + added, 1)


def _split(text: str, study: Study) -> str | None:
    if not has_function(text, "split"):
        return None
    rare = rows_text.SPLIT_RARE
    return with_function(text, "split", rows_text.SPLIT_RANDOM if "strata" in text else rare)


def _quicker(text: str, study: Study) -> str | None:
    """Fewer settings, then fewer seeds, smaller ensembles, then a sample of the rows: the dearest first."""
    result: str | None = text
    entries = models(text)
    looped = [entry for entry in entries.values() if entry.loop and len(entry.loop[1]) > 2]
    seeds = literal(text, "SEEDS")
    if looped:
        for entry in looped:
            variable, values = entry.loop or ("", ())
            now = models(result or "").get(entry.name)
            if result and now:
                result = with_model(result, replace(now, loop=(variable, values[:: len(values) - 1])))
        return result
    if isinstance(seeds, int) and seeds > 3:
        return with_constant(text, "SEEDS", "3")
    return _smaller(text) or _sampled(text, 0.5) or _without_slow(text, study)


def _smaller(text: str) -> str | None:
    result: str | None = text
    for name, entry in models(text).items():
        count = entry.arguments.get("n_estimators", "")
        if result and count.isdigit() and int(count) > 40:
            now = models(result)[name]
            result = with_model(result, replace(now, arguments={**now.arguments, "n_estimators": "40"}))
    return result if result != text else None


def _sampled(text: str, share: float) -> str | None:
    rows = literal(text, "MAX_ROWS")
    if isinstance(rows, int):
        return with_constant(text, "MAX_ROWS", f"{max(300, int(rows * share)):_}") if rows > 300 else None
    line, seeds = "    return X, y\n", constant(text, "SEEDS")
    if not has_function(text, "rows") or seeds is None or line not in text:
        return None
    classes = "np.unique(y, return_inverse=True)[1]" in text
    sample = rows_text.SAMPLE_CLASSIFICATION if classes else rows_text.SAMPLE_REGRESSION
    return chained(
        text.replace(line, sample + line, 1),
        lambda t: with_constant(t, "SEEDS", f"{seeds}\nMAX_ROWS = 1_500  # of more rows a random sample is used"),
    )


def _less_memory(text: str, study: Study) -> str | None:
    return _sampled(text, 0.5) or _smaller(text)


def _without_slow(text: str, study: Study) -> str | None:
    slow = [known.name for known in families(study.task) if known.slow and known.name in models(text)]
    return _without(text, slow[0]) if slow else None


def _without(text: str, name: str) -> str | None:
    """The program without one model; None when its group would be left empty."""
    entry, groups = models(text).get(name), literal(text, "GROUPS")
    if entry is None or not isinstance(groups, dict):
        return None
    for members in groups.values():
        if name in members and len(members) == 1:
            return None
    after = with_lines(text, entry.first, entry.last, "")
    return after.replace(f'"{name}", ', "", 1) if f'"{name}", ' in after else after.replace(f', "{name}"', "", 1)


_RULES: tuple[Rule, ...] = (
    Rule(
        r"y contains NaN|Input y contains|unknown label type: .?unknown",
        "Some rows have no target; they cannot be learnt from or measured on, so they go.",
        _answered,
    ),
    Rule(
        r"contains infinity|value too large for dtype",
        "Some cells hold infinite values, which no model can weigh; they are gaps, to be filled like the others.",
        _finite,
    ),
    Rule(
        r"contains NaN|does not accept missing values|Found array with.*NaN|bool dtype"
        r"|could not convert string to float"
        r"|invalid literal for (?:int|float)|Cannot cast object|unsupported operand type.*str",
        "Columns hold gaps or text that the models cannot take: gaps are filled and categories become "
        "indicators, learnt "
        "from training rows.",
        _table,
    ),
    Rule(
        r"least populated class|should be greater or equal to the number of classes|n_splits=.* cannot be greater",
        "A class has too few rows for its share of every part, so the rows are split without regard to it.",
        _split,
    ),
    Rule(
        r"time limit|timed? ?out|stopped after \d|too long",
        "The program is too slow for its limit; I take away work, the dearest first.",
        _quicker,
    ),
    Rule(
        r"out of memory|MemoryError|Unable to allocate|Cannot allocate",
        "The program needs more memory than it has; it gets fewer rows at a time.",
        _less_memory,
    ),
)


def _line_of(error: str, match: re.Match[str] | None) -> str:
    """The line of the error that matched, else its last line, short enough for a sentence."""
    if match:
        start = error.rfind("\n", 0, match.start()) + 1
        line = error[start : (error.find("\n", match.end()) + 1 or len(error) + 1) - 1]
    else:
        lines = [line for line in error.splitlines() if line.strip()]
        line = lines[-1] if lines else "nothing"
    return " ".join(line.replace("`", "'").split())[:200]
