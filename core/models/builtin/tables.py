"""Tables and figures of the report, in LaTeX that compiles without any package beyond the template's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.models.builtin.evidence import Cell, Evidence
from core.models.builtin.facts import Facts
from core.models.builtin.wording import count, interval, metric_name, number, sentence, short_level, tex

COLUMNS = 5
"""Levels side by side in one block of the table; more go into further blocks below."""
LONG = 60
"""Characters of settings that need a column with line breaks."""
_DERIVED = re.compile(r"drop|loss|contrast|difference", re.IGNORECASE)
_FILE = re.compile(r"figures/[A-Za-z0-9][A-Za-z0-9._-]*\.(pdf|png|jpg)\Z")


def results_table(facts: Facts) -> str:
    """Mean ± standard deviation of every model at every level, the best of each column in bold."""
    evidence = facts.evidence
    levels = evidence.levels or (0.0,)
    blocks = [levels[i : i + COLUMNS] for i in range(0, len(levels), COLUMNS)]
    width = max(len(block) for block in blocks)
    body = "\n\\midrule\n".join(_block(evidence, block, width) for block in blocks)
    rows = f" on the {count(evidence.rows['test'], 'test row')}" if evidence.rows.get("test") else " on the test rows"
    caption = (
        f"{sentence(metric_name(evidence.metric))}{rows}: mean ± standard deviation over "
        f"{count(evidence.seeds, 'seed')}; "
        "the best mean of each column is bold."
    )
    return _table("results", tex(caption), "l" + "c" * width, body)


def loss_table(facts: Facts) -> str:
    """What each model loses between the ends of the range, least first."""
    evidence = facts.evidence
    grouped = any(loss.group != loss.model for loss in evidence.losses)
    rows = [
        f"{tex(loss.model)} & {f'{tex(loss.group)} & ' if grouped else ''}{_pm(loss.mean, loss.std)} \\\\"
        for loss in sorted(evidence.losses, key=lambda loss: loss.mean)
    ]
    head = rf"model & {'group & ' if grouped else ''}loss of {tex(metric_name(evidence.metric))} \\"
    body = "\n".join([head, r"\midrule", *rows])
    caption = (
        f"Loss of {metric_name(evidence.metric)} from {short_level(evidence, evidence.start)} to "
        f"{short_level(evidence, evidence.end)}: mean ± standard deviation over {count(evidence.seeds, 'seed')}."
    )
    return _table("losses", tex(caption), "llc" if grouped else "lc", body)


def contrast_table(facts: Facts) -> str:
    """Every paired contrast with its interval."""
    metric = metric_name(facts.evidence.metric)
    rows = [
        f"{tex(c.a)} & {tex(c.b)} & {_pm(c.mean, c.std)} & {tex(interval(c.low, c.high))} \\\\"
        for c in (contrast.positive() for contrast in facts.evidence.contrasts)
    ]
    what = "loss" if any(c.about_loss for c in facts.evidence.contrasts) else "score"
    body = "\n".join([r"more & less & difference & 95\,\% interval \\", r"\midrule", *rows])
    return _table("contrasts", tex(f"Paired differences in {what} ({metric}) between the sides."), "llcc", body)


def settings_table(facts: Facts) -> str:
    """The settings of every model; empty when the program wrote none."""
    settings = facts.evidence.settings
    if not settings:
        return ""
    rows = [
        f"{tex(model)} & {_settings(values)} \\\\"
        for model, values in settings.items()
        if not facts.evidence.models or model in facts.evidence.models
    ]
    body = "\n".join([r"model & settings \\", r"\midrule", *rows])
    caption = "Settings of the models; what is not listed is scikit-learn's default."
    long = max(len(str(values)) for values in settings.values()) > LONG
    return _table("settings", tex(caption), r"l>{\raggedright\arraybackslash}p{0.62\linewidth}" if long else "ll", body)


def figure(facts: Facts, path: str) -> str:
    """One figure with its caption and label; empty for a path that LaTeX could not take."""
    if not _FILE.match(path):
        return ""
    return "\n".join(
        [
            r"\begin{figure}[tb]",
            r"\centering",
            rf"\includegraphics[width=0.72\linewidth]{{{path}}}",
            rf"\caption{{{tex(_caption(facts, path))}}}",
            rf"\label{{{figure_label(path)}}}",
            r"\end{figure}",
        ]
    )


def figure_label(path: str) -> str:
    """The label of a figure, e.g. `fig:accuracy`."""
    return "fig:" + path.rsplit("/", 1)[-1].rsplit(".", 1)[0].replace("_", "-")


def usable(figures: Sequence[str]) -> list[str]:
    """The figures that the report can show, those of the measurements before those of differences."""
    return sorted(filter(_FILE.match, figures), key=lambda path: (bool(_DERIVED.search(path)), "scores" not in path))


def _caption(facts: Facts, path: str) -> str:
    evidence = facts.evidence
    metric, seeds = metric_name(evidence.metric), count(evidence.seeds, "seed")
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    if not facts.draws(path):
        return f"The figure {stem}, as the program drew it from its measurements."
    if stem == "drops":
        return (
            f"Left: loss of {metric} from {short_level(evidence, evidence.start)} to "
            f"{short_level(evidence, evidence.end)} by model, bars of one standard deviation over {seeds}. Right: "
            f"paired differences between the groups with 95 % intervals; zero is no difference."
        )
    if stem == "groups":
        return (
            f"Mean {metric} of each group on test rows over the levels of {evidence.factor}; bands are one standard "
            f"deviation over {seeds}."
        )
    if stem == "contrasts":
        return (
            f"Paired differences in {metric} between the groups, with 95 % intervals over {seeds}; zero is no "
            f"difference."
        )
    if evidence.varied:
        return (
            f"{sentence(metric)} on test rows over the levels of {evidence.factor}, a line a model and a colour a "
            f"group; bars are one standard deviation over {seeds}."
        )
    return f"{sentence(metric)} on test rows: every seed (dots), and mean with one standard deviation over {seeds}."


def _block(evidence: Evidence, levels: Sequence[float], width: int) -> str:
    blank = " &" * (width - len(levels))
    head = " & ".join(
        [
            "model",
            *(tex(short_level(evidence, x)) if evidence.varied else tex(metric_name(evidence.metric)) for x in levels),
        ]
    )
    lines = [f"{head}{blank} \\\\", r"\midrule"]
    best = {level: number(ranked[0].mean) for level in levels if (ranked := evidence.ranking(level))}
    for group, models in _grouped(evidence):
        if group:
            lines.append(rf"\multicolumn{{{width + 1}}}{{l}}{{\emph{{{tex(group)}}}}} \\")
        for model in models:
            cells = [_cell(evidence.cell(model, level), best.get(level, "")) for level in levels]
            lines.append(" & ".join([("\\quad " if group else "") + tex(model), *cells]) + f"{blank} \\\\")
    return "\n".join(lines)


def _grouped(evidence: Evidence) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The models by group; without headings where every group is one model of that name."""
    models = evidence.models
    groups = [(g.name, tuple(m for m in g.models if m in models)) for g in evidence.groups]
    shown = {model for _, names in groups for model in names}
    rest = tuple(model for model in models if model not in shown)
    if all(names in ((), (name,)) for name, names in groups):
        yield "", models
        return
    yield from ((name, names) for name, names in groups if names)
    if rest:
        yield "other", rest


def _cell(cell: Cell | None, best: str) -> str:
    if cell is None:
        return "--"
    shown = _pm(cell.mean, cell.std)
    return rf"\textbf{{{shown}}}" if number(cell.mean) == best else shown


def _pm(mean: float, std: float) -> str:
    return f"{tex(number(mean))}{{\\scriptsize\\,$\\pm$\\,{number(std)}}}"


def _settings(values: object) -> str:
    if not isinstance(values, dict) or not values:
        return "defaults"
    return ", ".join(rf"\texttt{{{tex(str(name))}\,=\,{tex(str(value))}}}" for name, value in values.items())


def _table(label: str, caption: str, columns: str, body: str) -> str:
    return "\n".join(
        [
            r"\begin{table}[tb]",
            r"\centering\small\setlength{\tabcolsep}{5pt}",
            rf"\caption{{{caption}}}",
            rf"\label{{tab:{label}}}",
            rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}",
            r"\toprule",
            body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )
