"""The pool of improvements: what each would change in the program's text, and which measurement speaks for it."""

from __future__ import annotations

from collections.abc import Iterator

from core.models.builtin import figure_text, program_text
from core.models.builtin.changes import (
    Change,
    with_grid,
    with_longer_grid,
    with_setting,
    with_setting_everywhere,
    with_study_models,
)
from core.models.builtin.ground import Ground, Idea
from core.models.builtin.programs import quoted, score_of, tuple_text
from core.models.builtin.source import (
    chained,
    constant,
    function_before,
    has_function,
    literal,
    with_constant,
    with_function,
    with_imports,
    without_import,
)
from core.models.builtin.study import Kind

PATIENCE = 90.0
"""Seconds that an improved program may be expected to take, and never more than a third of its limit."""
FROM_A_NOTE = 105
"""Promise from which an idea brings what the plan or a note asks for."""
MEMORISING = 0.05
"""Lead of training over validation score from which a model is said to memorise."""
BALANCED = {
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "LogisticRegression",
    "RidgeClassifier",
    "LinearSVC",
    "SVC",
    "DecisionTreeClassifier",
}


def all_ideas(ground: Ground) -> Iterator[Idea]:
    """Every idea that the ground gives rise to, in no order."""
    for maker in (
        levels_of_the_plan, models_of_the_plan, metric_of_the_plan, wishes, seeds_of_the_plan, scaling, iterations,
        balance, settings, wider_grid, restraint, more_rows, more_trees, ranks, group_figure, more_seeds,
    ):  # fmt: skip
        yield from maker(ground)


def levels_of_the_plan(ground: Ground) -> Iterator[Idea]:
    """The levels that the plan or a note asks for."""
    levels, there = ground.study.levels, literal(ground.text, "LEVELS")
    if isinstance(there, tuple) and tuple(map(float, there)) != levels:
        shown = ", ".join(f"{level:g}" for level in levels)
        yield Idea(
            f"levels {shown}",
            f"The plan asks for the levels {shown}; the program measures {', '.join(f'{x:g}' for x in there)}.",
            120,
            lambda text: with_constant(
                text, "LEVELS", tuple_text(f"{level:g}" if level % 1 else f"{level:.1f}" for level in levels)
            ),
            len(levels) / max(1, len(there)),
        )


def models_of_the_plan(ground: Ground) -> Iterator[Idea]:
    """Models that the plan or a note asks for and the program lacks, or has and should not."""
    if not ground.entries or constant(ground.text, "GROUPS") is None:
        return
    wanted, there = set(ground.study.models), set(ground.entries)
    missing, surplus = wanted - there, there - wanted
    if missing or surplus:
        words = [f"add {name}" for name in sorted(missing)] + [f"drop {name}" for name in sorted(surplus)]
        yield Idea(
            "; ".join(words),
            f"The plan, with the researcher's notes, compares {', '.join(ground.study.models)}.",
            115,
            lambda text: with_study_models(text, ground.study),
            len(wanted) / max(1, len(there)),
        )


def metric_of_the_plan(ground: Ground) -> Iterator[Idea]:
    """The metric that the plan or a note asks for."""
    metric, there = ground.study.metric, literal(ground.text, "METRIC")
    if isinstance(there, str) and there != metric:
        name, source = score_of(metric)
        function = program_text.MEASURE.split("\n\n\n")[0].replace("<<SCORE>>", source)
        yield Idea(
            f"metric {metric}",
            f"The plan asks for {metric}, the program scores {there}.",
            118,
            lambda text: chained(
                text,
                lambda t: with_constant(t, "METRIC", quoted(metric)),
                lambda t: with_function(t, "score", function),
                lambda t: with_imports(t, {name: "metrics"}),
            ),
        )


def wishes(ground: Ground) -> Iterator[Idea]:
    """What a note asks for that is no part of the design: rows, trees."""
    rows, trees = ground.reading.rows, ground.reading.trees
    if rows and literal(ground.text, "MAX_ROWS") not in (rows, None):
        yield Idea(
            f"at most {rows} rows",
            "A note asks for it.",
            110,
            lambda text: with_constant(text, "MAX_ROWS", f"{rows:_}"),
        )
    if trees:
        yield Idea(
            f"{trees} trees",
            "A note asks for it.",
            105,
            lambda text: with_setting_everywhere(text, "n_estimators", str(trees)),
            2.0,
        )


def seeds_of_the_plan(ground: Ground) -> Iterator[Idea]:
    """As many seeds as the plan asks for: late, while programs are still cheap to run, but not too late."""
    planned, there = ground.study.seeds, literal(ground.text, "SEEDS")
    if isinstance(there, int) and there < planned:
        yield Idea(
            f"{planned} seeds",
            f"The plan asks for {planned} seeds, the program runs {there}; the intervals need them.",
            112 if f"{planned} seeds" in ground.reading.followed else 45 if ground.left > 2 else 100,
            lambda text: with_constant(text, "SEEDS", str(planned)),
            planned / max(1, there),
        )


def scaling(ground: Ground) -> Iterator[Idea]:
    """Standardised features for every model that expects them."""
    wanted = [name for name in ground.entries if (known := ground.known(name)) and known.scaled]
    missing = [name for name in wanted if name not in ground.scaled]
    if not missing:
        return
    stuck = [f"{name} in {ground.learnt.unconverged[name]}" for name in missing if name in ground.learnt.unconverged]
    why = (
        f"Some fits stopped before they had converged ({', '.join(stuck)} fits); features on one scale should "
        "mend that."
        if stuck
        else f"{', '.join(missing)} penalise or measure all features alike, which is only fair on one scale."
    )
    yield Idea(
        f"standardised features for {', '.join(missing)}",
        why,
        90 if stuck or ground.reading.scale else 60,
        lambda text: with_constant(text, "SCALED", tuple_text(quoted(name) for name in wanted)),
    )


def iterations(ground: Ground) -> Iterator[Idea]:
    """More iterations where fits did not converge although their features are scaled."""
    for name, count in ground.learnt.unconverged.items():
        entry = ground.entries.get(name)
        if entry and name in ground.scaled and entry.arguments.get("max_iter", "100").isdigit():
            more = str(3 * int(entry.arguments.get("max_iter", "100")))
            fits = max(1, ground.learnt.seeds * len(ground.learnt.levels) * len(entry.loop[1] if entry.loop else (0,)))
            yield Idea(
                f"{name} with max_iter={more}",
                f"{count} of {fits} fits of {name} stopped before they had converged.",
                58 if count < fits / 2 else 82,
                with_setting(name, "max_iter", more),
                1.3,
            )


def balance(ground: Ground) -> Iterator[Idea]:
    """Class weights, when the metric counts every class alike."""
    if ground.study.metric in ("balanced accuracy", "macro F1"):
        names = [n for n, e in ground.entries.items() if e.estimator in BALANCED and "class_weight" not in e.arguments]
        if names:
            yield Idea(
                "balanced class weights",
                f"{ground.study.metric} counts every class alike, but {', '.join(names)} are fitted to the "
                "rows as they come.",
                72,
                lambda text: chained(text, *[with_setting(name, "class_weight", '"balanced"') for name in names]),
            )


def settings(ground: Ground) -> Iterator[Idea]:
    """Three settings for every model, from which validation rows choose: the same chance for all."""
    plain = [name for name, entry in ground.entries.items() if entry.loop is None and ground.known(name)]
    if plain:
        point = ground.learnt.memorising()
        seen = (
            f" At level {point.level:g} {point.model} scores {point.fit:.3f} on its own training rows and "
            f"{point.validation:.3f} on validation rows."
            if point and point.fit - point.validation > MEMORISING
            else ""
        )
        yield Idea(
            f"three settings each for {', '.join(plain)}"
            if len(plain) < 4
            else f"three settings for each of {len(plain)} models",
            f"Every model gets the same number of settings to choose from on validation rows, for each level.{seen}",
            75,
            lambda text: chained(text, *[with_grid(name, ground.study.task) for name in plain]),
            1 + 2 * len(plain) / max(1, len(ground.entries)),
        )


def wider_grid(ground: Ground) -> Iterator[Idea]:
    """One more setting where the last of the list is the one that validation rows choose most."""
    for name, entry in ground.entries.items():
        known, counts = ground.known(name), ground.learnt.choices.get(name, ())
        if known is None or entry.loop is None or sum(counts) == 0:
            continue
        values = entry.loop[1]
        for edge, step in ((0, -1), (len(values) - 1, 1)):
            share = counts[edge] / sum(counts) if edge < len(counts) else 0.0
            beyond = known.values.index(values[edge]) + step if values[edge] in known.values else -1
            if share >= 0.4 and 0 <= beyond < len(known.values) and known.values[beyond] not in values:
                value = known.values[beyond]
                yield Idea(
                    f"{name} also with {known.knob}={value}",
                    f"Validation rows chose {known.knob}={values[edge]} in {share:.0%} of the fits of {name}, "
                    "the edge of its list.",
                    50 + 15 * share,
                    with_longer_grid(name, value, front=step < 0),
                    1 + 1 / (len(values) * max(1, len(ground.entries))),
                )


def restraint(ground: Ground) -> Iterator[Idea]:
    """A more restrained setting for a model that memorises its training rows, while it has no list to choose from."""
    for name, entry in ground.entries.items():
        known = ground.known(name)
        levels = ground.learnt.levels or (0.0,)
        point = ground.learnt.at(name, levels[-1])
        if known and entry.loop is None and point and point.fit - point.validation > MEMORISING:
            there = entry.arguments.get(known.knob, known.values[known.usual])
            place = known.values.index(there) + 1 if there in known.values else known.usual + 1
            if place < len(known.values):
                value = known.values[place]
                yield Idea(
                    f"{name} with {known.knob}={value}",
                    f"At level {point.level:g} {name} scores {point.fit:.3f} on its own training rows and "
                    f"{point.validation:.3f} "
                    "on validation rows: it learns the disturbance by heart.",
                    40 + 20 * min(1.0, point.fit - point.validation),
                    with_setting(name, known.knob, value),
                )


def more_rows(ground: Ground) -> Iterator[Idea]:
    """A larger sample, where the program takes one of a larger table and no note has asked for that."""
    rows, there = ground.rows, literal(ground.text, "MAX_ROWS")
    if isinstance(there, int) and there < rows and not ground.reading.rows:
        more = min(rows, 2 * there)
        yield Idea(
            f"a sample of {more} rows",
            f"The table has {rows:,} rows and the program takes {there:,}; more of them make every score surer.",
            65,
            lambda text: with_constant(text, "MAX_ROWS", f"{more:_}"),
            2.5,
        )


def more_trees(ground: Ground) -> Iterator[Idea]:
    """Larger models of one group: more trees, more iterations, more units."""
    for group in ground.study.groups:
        changes: list[Change] = []
        for name in group.models:
            entry, known = ground.entries.get(name), ground.known(name)
            if entry and known:
                larger = [(k, v) for k, v in known.more if k not in entry.arguments or _smaller(entry.arguments[k], v)]
                changes += [with_setting(name, key, value) for key, value in larger[:1]]
        if changes:
            weakest = ground.learnt.weakest()
            yield Idea(
                f"larger models: {group.name}",
                f"More trees or iterations lower the variance of {group.name}; their scores still scatter over "
                "the seeds.",
                34 if weakest in group.models else 30,
                lambda text, changes=tuple(changes): chained(text, *changes),  # type: ignore[misc]
                2.0,
            )


def ranks(ground: Ground) -> Iterator[Idea]:
    """Ranks in place of standardised numbers, where features of different units may be skewed."""
    if (
        ground.mixed
        and ground.scaled
        and "StandardScaler()" in ground.text
        and "QuantileTransformer" not in ground.text
    ):
        scaler = "QuantileTransformer(n_quantiles=50)"
        yield Idea(
            "features by rank instead of standardised",
            "A few extreme values can dominate a standardised feature; ranks they cannot.",
            24,
            lambda text: chained(
                text.replace("StandardScaler()", scaler),
                lambda t: with_imports(t, {"QuantileTransformer": "preprocessing"}),
                lambda t: without_import(t, "StandardScaler"),
            ),
        )


def group_figure(ground: Ground) -> Iterator[Idea]:
    """A figure of the groups' means."""
    single = all(len(group.models) == 1 for group in ground.study.groups)
    if single or ground.study.kind is Kind.COMPARISON or has_function(ground.text, "draw_groups"):
        return
    call = "    draw_scores(results, groups)\n"
    if call in ground.text and has_function(ground.text, "draw_scores"):
        yield Idea(
            "a figure of the groups' means",
            "The question is about groups, and no figure shows them as such.",
            28,
            lambda text: function_before(
                text.replace(call, f"{call}    draw_groups(table, groups)\n", 1),
                "draw_scores",
                figure_text.GROUP_FIGURE,
            ),
        )


def more_seeds(ground: Ground) -> Iterator[Idea]:
    """More seeds than planned, for tighter intervals, once nothing better is left."""
    there = literal(ground.text, "SEEDS")
    if isinstance(there, int) and 0 < there < 40 and there >= ground.study.seeds:
        more = there + max(2, there // 2)
        yield Idea(
            f"{more} seeds",
            f"Nothing better is left to try; {more} seeds instead of {there} make the intervals about "
            f"{1 - (there / more) ** 0.5:.0%} tighter.",
            5,
            lambda text: with_constant(text, "SEEDS", str(more)),
            more / there,
        )


def _smaller(there: str, larger: str) -> bool:
    try:
        return float(there) < float(larger)
    except ValueError:
        return there != larger
