"""Changes of a program's text that improvements are made of; each gives None when it finds no place to act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from core.models.builtin.families import family
from core.models.builtin.programs import first_entry, groups_text, quoted, tuple_text
from core.models.builtin.source import (
    chained,
    entry_text,
    literal,
    models,
    with_constant,
    with_imports,
    with_lines,
    with_model,
)
from core.models.builtin.study import Study

Change = Callable[[str], str | None]


def with_setting(name: str, key: str, value: str) -> Change:
    """Gives one model another value of a setting; a setting that its list varies stays."""

    def change(text: str) -> str | None:
        entry = models(text).get(name)
        if entry is None or (entry.loop and key == entry.loop[0]):
            return text if entry else None
        arguments = {k: v for k, v in entry.arguments.items() if k != "random_state"} | {key: value}
        if "random_state" in entry.arguments:
            arguments["random_state"] = entry.arguments["random_state"]
        return with_model(text, replace(entry, arguments=arguments))

    return change


def with_grid(name: str, task: str) -> Change:
    """Gives one model three settings of its family's knob, from the present one towards the more restrained."""

    def change(text: str) -> str | None:
        entry, known = models(text).get(name), family(name, task)
        if entry is None or known is None:
            return None
        there = entry.arguments.get(known.knob, known.values[known.usual])
        place = known.values.index(there) if there in known.values else known.usual
        first = min(place, len(known.values) - 3)
        values = known.values[first : first + 3]
        arguments = {key: value for key, value in entry.arguments.items() if key not in (known.knob, "random_state")}
        arguments[known.knob] = known.knob
        if "random_state" in entry.arguments:
            arguments["random_state"] = entry.arguments["random_state"]
        return with_model(text, replace(entry, arguments=arguments, loop=(known.knob, values)))

    return change


def with_longer_grid(name: str, value: str, *, front: bool) -> Change:
    """Lengthens the list of one model's settings at one end."""

    def change(text: str) -> str | None:
        entry = models(text).get(name)
        if entry is None or entry.loop is None or value in entry.loop[1]:
            return None
        variable, values = entry.loop
        return with_model(text, replace(entry, loop=(variable, (value, *values) if front else (*values, value))))

    return change


def with_setting_everywhere(text: str, key: str, value: str) -> str | None:
    """The program with a setting changed in every model that names it."""
    result: str | None = text
    for name, entry in models(text).items():
        if key in entry.arguments and result is not None:
            result = with_setting(name, key, value)(result)
    return result


def with_study_models(text: str, study: Study) -> str | None:
    """The program with just the study's models, those that it has already as they are."""
    there = models(text)
    first, last = min(e.first for e in there.values()), max(e.last for e in there.values())
    lines, imports, scaled = [], {}, list(literal(text, "SCALED") or ())  # type: ignore[call-overload]
    for name in study.models:
        entry, known = there.get(name), family(name, study.task)
        if entry:
            lines.append(entry_text(name, entry.estimator, entry.arguments, entry.loop))
        elif known:
            new = first_entry(known)
            lines.append(entry_text(name, new.estimator, new.arguments))
            imports[new.estimator] = known.module
            if known.scaled and scaled:
                scaled.append(name)
    kept = [quoted(name) for name in scaled if name in study.models]
    return chained(
        with_lines(text, first, last, "".join(lines)),
        lambda t: with_constant(t, "GROUPS", f"{{\n{groups_text(study.groups)}}}"),
        lambda t: with_constant(t, "SCALED", tuple_text(kept) if kept else "()"),
        lambda t: with_imports(t, imports),
    )
