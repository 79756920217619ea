"""The plan as `plan.md` holds it: prose for people, and a table of the design that is read back when they edit it."""

from __future__ import annotations

import re

from core.brief import Brief, DataCard
from core.models.builtin.families import named_family
from core.models.builtin.question import read_metric
from core.models.builtin.study import Group, Kind, Study

_ROW = re.compile(r"^\s*\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|\s*$")
METRICS = {"classification": ("accuracy", "balanced accuracy", "macro F1"), "regression": ("R2",)}


def design_table(study: Study) -> str:
    """The design as a Markdown table, one fact a row."""
    rows = [
        ("Varied", study.kind.value if study.kind is not Kind.COMPARISON else "nothing (a comparison)"),
        ("Data", study.source),
        ("Task", study.task),
        ("Target", study.target),
        *((f"Group: {group.name}", ", ".join(group.models)) for group in study.groups),
        ("Levels", ", ".join(f"{level:g}" for level in study.levels)),
        ("Seeds", str(study.seeds)),
        ("Metric", study.metric),
        ("Hypothesis", study.hypothesis),
    ]
    body = "\n".join(f"| {_cell(name)} | {_cell(value)} |" for name, value in rows)
    return f"| Design | |\n|---|---|\n{body}"


def study_from_plan(text: str) -> Study | None:
    """The design that a plan's table describes, None when there is none that can be read."""
    try:
        return read_design(text)
    except ValueError:
        return None


def read_design(text: str) -> Study:
    """Read the design back out of a plan; raises ValueError that names the row which is missing or unreadable.

    Rows may stand in any order and in either case; model names are understood as a question's are.
    """
    rows: dict[str, str] = {}
    groups: list[tuple[str, str]] = []
    for line in text.splitlines():
        if match := _ROW.match(line):
            name, value = (_plain(part) for part in match.groups())
            if name.lower().startswith("group"):
                groups.append((name.partition(":")[2].strip() or value, value))
            elif name:
                rows.setdefault(name.lower(), value)
    kind = _kind(rows.get("varied", ""))
    task = rows.get("task", "").lower()
    if task not in METRICS:
        raise ValueError("the plan's design has no row Task that says classification or regression")
    return Study(
        kind=kind,
        source=_wanted(rows, "data"),
        task=task,
        target=rows.get("target", ""),
        groups=_groups(groups, task),
        levels=_levels(rows.get("levels", ""), kind),
        seeds=_seeds(rows.get("seeds", "")),
        metric=_metric(rows.get("metric", ""), task),
        hypothesis=rows.get("hypothesis", ""),
    )


def unknown_models(text: str, task: str) -> tuple[str, ...]:
    """The models that a plan names and no rule can write, as the plan names them."""
    unknown = []
    for line in text.splitlines():
        match = _ROW.match(line)
        if match and _plain(match[1]).lower().startswith("group"):
            names = (name.strip() for name in _plain(match[2]).split(","))
            unknown += [name for name in names if name and named_family(name, task) is None]
    return tuple(unknown)


def plan_text(study: Study, brief: Brief, card: DataCard | None, words: str = "") -> str:
    """The plan under the headings that the postdoc's prompt asks for, the design as a table at its end.

    `words` are sentences about what cannot be studied of the question and what the researcher's notes changed.
    """
    question = " ".join(brief.question.split())
    sections = (
        ("Question", f"{question}\n\n{words}".rstrip()),
        ("Hypothesis", f"{study.hypothesis}\n\n{_refuted(study)}"),
        ("Data", _data(study, card)),
        ("Models", _models(study)),
        ("Procedure", _procedure(study)),
        ("Measurement", _measurement(study)),
        ("Risks", "\n".join(f"- {risk}" for risk in risks(study, card))),
        ("Steps", _STEPS),
        ("Design", f"What stands in this table is what will be run; change it here.\n\n{design_table(study)}"),
    )
    return "# Plan\n\n" + "\n\n".join(f"## {title}\n\n{body}" for title, body in sections) + "\n"


def risks(study: Study, card: DataCard | None) -> list[str]:
    """What could mislead in this study on these data, most serious first."""
    found = []
    features = [column for column in card.columns if column.name != card.target] if card else []
    gaps = [column for column in features if column.missing]
    if gaps:
        found.append(
            f"Leakage through repair: {len(gaps)} of {len(features)} columns "
            f"{'has' if len(gaps) == 1 else 'have'} gaps (most: "
            f"{max(gaps, key=lambda c: c.missing).name}, "
            f"{max(c.missing for c in gaps)} rows). Gaps are filled inside each training split only."
        )
    sizes = [rows for _, rows in card.classes] if card else []
    tiny = [(label, rows) for label, rows in card.classes if rows < 10] if card else []
    if tiny:
        shown = ", ".join(f"{label} ({rows})" for label, rows in tiny[:4])
        found.append(
            f"Tiny classes: {shown}. Their recall rests on a handful of test rows; splits cannot be stratified by them."
        )
    if sizes and max(sizes) > 2 * min(sizes):
        found.append(
            f"Uneven classes: {sizes[0]} rows of the largest, {sizes[-1]} of the smallest. Plain accuracy would reward "
            f"ignoring the small ones; {study.metric} is reported."
        )
    if card and (extreme := re.search(r"Extreme targets: (\d+) rows?", card.note)):
        found.append(
            f"Extreme targets: {extreme[1]} rows lie far from all others, and R² weighs squared errors, so these few "
            "rows can decide it; a split that puts them among the test rows looks worse for every model."
        )
    if card and card.rows < 400:
        test = round(card.rows * 0.3)
        found.append(
            f"Few rows: about {test} test rows a split, so one row moves the score by about {1 / max(1, test):.3f}."
        )
    found.append("Splits of the same rows overlap between seeds, so the intervals are somewhat too narrow.")
    if study.kind is Kind.LABEL_NOISE:
        found.append(
            "Validation rows keep their true labels, which helps every model's settings alike but is kinder "
            "than practice."
        )
    if study.task == "classification" and study.kind is Kind.LABEL_NOISE:
        found.append("Real label errors depend on the rows; uniform noise may be easier or harder than they are.")
    return found


_STEPS = """\
1. Prepare the data: `load()` and what it yields (SW engineer, after the ML engineer has looked at the data).
2. A plain first program with few seeds, to see that the pipeline holds (ML engineer).
3. Improve the models on validation rows, then measure with all the seeds of the plan.
4. Read the contrasts with their intervals, and write down what they do and do not show."""


def _refuted(study: Study) -> str:
    if len(study.groups) < 2:
        return "It is refuted when the measured curve shows the opposite."
    a, b = study.groups[0].name, study.groups[1].name
    quantity = study.metric if study.kind is Kind.COMPARISON else f"loss of {study.metric}"
    return (
        f"It is refuted when the 95 % interval of the difference in {quantity} between {a} and {b}, paired "
        "over the seeds, "
        "lies on the other side of zero, and left open when the interval holds zero."
    )


def _data(study: Study, card: DataCard | None) -> str:
    if card is None:
        return f"`{study.source}`, target `{study.target}`."
    classes = f", {len(card.classes)} classes" if card.classes else ""
    return (
        f"{card.title} (`{card.source}`): {card.rows:,} rows, {len(card.columns) - 1} features, target "
        f"`{card.target}`{classes}. "
        "For each seed 30 % of the rows are test rows; a quarter of the rest are validation rows, on which "
        "settings are chosen."
    )


def _models(study: Study) -> str:
    return "\n".join(f"- {group.name}: {', '.join(group.models)}" for group in study.groups)


def _procedure(study: Study) -> str:
    levels = ", ".join(f"{level:g}" for level in study.levels)
    what = {
        Kind.LABEL_NOISE: "A share of the training labels is replaced by wrong ones, every other class as likely"
        if study.task == "classification"
        else "Gaussian noise is added to the training targets, in their standard deviations",
        Kind.FEATURE_NOISE: "Gaussian noise is added to all numeric features, in their standard deviations",
        Kind.TRAINING_SIZE: "A share of the training rows is used, nested from share to share",
        Kind.COMPARISON: "Nothing is varied; every model is fitted to the same training rows",
    }[study.kind]
    over = "" if study.kind is Kind.COMPARISON else f" Levels: {levels}."
    same = "the same split" if study.kind is Kind.COMPARISON else "the same split and the same disturbance"
    return f"{what}.{over} {study.seeds} seeds. Within a seed all models see {same}, so that differences are paired."


def _measurement(study: Study) -> str:
    figure = "test scores over the levels" if study.kind is not Kind.COMPARISON else "test scores of every seed"
    drops = "" if study.kind is Kind.COMPARISON else "what each model loses from the first level to the last; "
    return (
        f"{study.metric} on test rows: mean and standard deviation over the seeds for every model; {drops}"
        f"differences between the groups with 95 % intervals. Figures: {figure}, and the differences."
    )


def _kind(words: str) -> Kind:
    for kind in Kind:
        if kind.value in words.lower():
            return kind
    if not words or "nothing" in words.lower():
        return Kind.COMPARISON
    known = ", ".join(kind.value for kind in Kind)
    raise ValueError(f"the plan's row Varied says “{words}”, which is none of: {known}")


def _wanted(rows: dict[str, str], name: str) -> str:
    if not rows.get(name):
        raise ValueError(f"the plan's design has no row {name.capitalize()}")
    return rows[name]


def _groups(rows: list[tuple[str, str]], task: str) -> tuple[Group, ...]:
    groups = []
    for name, models in rows:
        known = (named_family(model, task) for model in models.split(","))
        names = tuple(dict.fromkeys(family.name for family in known if family))
        if names:
            groups.append(Group(name, names))
    if not groups:
        raise ValueError("the plan's design has no row Group that names models which can be written")
    return tuple(groups)


def _levels(words: str, kind: Kind) -> tuple[float, ...]:
    if kind is Kind.COMPARISON:
        return (0.0,)
    found = re.findall(r"(\d+(?:\.\d+)?)\s*(%?)", words)
    levels = {float(number) / (100 if percent else 1) for number, percent in found}
    levels.add(1.0 if kind is Kind.TRAINING_SIZE else 0.0)
    if len(levels) < 2:
        raise ValueError("the plan's row Levels names no level besides the undisturbed one")
    return tuple(sorted(levels, reverse=kind is Kind.TRAINING_SIZE))


def _seeds(words: str) -> int:
    match = re.search(r"\d+", words)
    if not match:
        raise ValueError("the plan's row Seeds holds no number")
    return min(50, max(2, int(match[0])))


def _metric(words: str, task: str) -> str:
    return read_metric(words, task) or METRICS[task][0]


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("\\", "\\\\").replace("|", "\\|")


def _plain(cell: str) -> str:
    return re.sub(r"\\(.)", r"\1", cell.strip()).strip("*` ")
