"""What a person's notes ask of a study, as far as rules can read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.brief import Brief
from core.models.builtin.families import FAMILIES, Family, named_family
from core.models.builtin.question import read_levels, read_metric, read_seeds
from core.models.builtin.study import Group, Study
from core.record import Status

_DROP = re.compile(
    r"\b(?:drop|without|leave out|leave off|remove|exclude|skip|^no|not use|don'?t use|do not use)\b(?: the)? (.+)",
    re.IGNORECASE,
)
_CLAUSES = re.compile(
    r"[;.]\s+"
    r"|,?\s*\b(?:and|but|then)\b\s+(?=(?:also|add|include|try|use|drop|remove|leave|without|exclude|skip|test)\b)",
    re.IGNORECASE,
)
_ADD = re.compile(r"\b(?:also|add|include|try|use|test|with)\b(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """A study as the notes change it, what the program shall do besides, and which notes were understood."""

    study: Study
    rows: int = 0
    """Rows that the program may use at most, 0 when no note says."""
    trees: int = 0
    """Trees of every ensemble, 0 when no note says."""
    scale: bool = False
    """Whether every model that can gain from it shall see standardised features."""
    followed: tuple[str, ...] = ()
    """What was understood, in words."""
    unread: tuple[str, ...] = ()
    """Notes in which no rule found anything."""


def read_notes(study: Study, notes: Sequence[str]) -> Reading:
    """Apply the notes to a study, oldest first, so that a later note wins."""
    reading = Reading(study)
    for note in notes:
        after = _read(reading, " ".join(note.split())[:500])
        reading = after if after.followed != reading.followed else replace(reading, unread=(*reading.unread, note))
    return reading


def person_said(brief: Brief) -> tuple[str, ...]:
    """The person's notes for the phase, why the work went back, and why they declined turns of the phase."""
    sent_back = (brief.reason,) if brief.reason else ()
    return (*brief.notes, *sent_back, *(entry.outcome for entry in brief.history if entry.status is Status.DECLINED))


def unread_words(reading: Reading) -> str:
    """A sentence that owns up to the notes that no rule understood, empty when there are none."""
    if not reading.unread:
        return ""
    shown = "; ".join(f"“{' '.join(note.split())[:120]}”" for note in reading.unread)
    return f"I work by rules and could not read anything I can act on in this note: {shown}."


def followed_words(reading: Reading) -> str:
    """A sentence on what the notes changed, empty when they changed nothing."""
    return f"Following the researcher's notes: {'; '.join(reading.followed)}." if reading.followed else ""


def _read(reading: Reading, note: str) -> Reading:
    study = reading.study
    if seeds := read_seeds(note):
        reading = _with(reading, f"{seeds} seeds", replace(study, seeds=seeds))
    if re.search(r"%|percent|levels?|\d+(?:\.\d+)? to \d", note, re.IGNORECASE) and (
        levels := read_levels(note, study.kind)
    ):
        shown = ", ".join(f"{level:g}" for level in levels)
        reading = _with(reading, f"levels {shown}", replace(reading.study, levels=levels))
    if (metric := read_metric(note, study.task)) and re.search(
        r"\b(?:use|report|measure|metric|by|with)\b|^\W*\w+(?: \w+)?\W*$", note, re.IGNORECASE
    ):
        reading = _with(reading, f"the metric {metric}", replace(reading.study, metric=metric))
    reading = _models(reading, note)
    if match := re.search(r"(?:at most|max(?:imum)?|only|to|sample of|use) ([\d,_ ]{2,9}) rows", note, re.IGNORECASE):
        rows = int(re.sub(r"\D", "", match[1]) or 0)
        reading = (
            replace(_with(reading, f"at most {rows} rows", reading.study), rows=max(50, rows)) if rows else reading
        )
    if match := re.search(r"(\d{1,4}) (?:trees|estimators)", note, re.IGNORECASE):
        trees = min(2000, max(1, int(match[1])))
        reading = replace(_with(reading, f"{trees} trees in every ensemble", reading.study), trees=trees)
    if re.search(r"standardi[sz]e|normali[sz]e|\bscale\b|scaling", note, re.IGNORECASE):
        reading = replace(
            _with(reading, "standardised features for every model that can gain", reading.study), scale=True
        )
    return reading


def _with(reading: Reading, words: str, study: Study) -> Reading:
    return replace(reading, study=study, followed=(*reading.followed, words))


def _models(reading: Reading, note: str) -> Reading:
    for clause in _CLAUSES.split(note):
        reading = _clause(reading, clause)
    return reading


def _clause(reading: Reading, note: str) -> Reading:
    if match := _DROP.search(note):
        for known in _named(match[1], reading.study.task):
            study = without_model(reading.study, known.name)
            if study != reading.study:
                reading = _with(reading, f"{known.name} is left out", study)
        return reading
    if match := _ADD.search(note):
        for known in _named(match[1], reading.study.task):
            study = with_model(reading.study, known)
            if study != reading.study:
                reading = _with(reading, f"{known.name} is added", study)
    return reading


def _named(words: str, task: str) -> list[Family]:
    found = (named_family(part, task) for part in re.split(r",|;|\band\b|\bor\b|\+|/", words))
    return list(dict.fromkeys(known for known in found if known))


def without_model(study: Study, name: str) -> Study:
    """The study without one model; a group that is left empty goes, the last model stays."""
    groups = tuple(Group(g.name, tuple(m for m in g.models if m != name)) for g in study.groups)
    kept = tuple(group for group in groups if group.models)
    return replace(study, groups=kept) if kept else study


def with_model(study: Study, known: Family) -> Study:
    """The study with one more model: in the group it belongs to, else as a group of its own."""
    if known.name in study.models:
        return study
    names = {known.group} | {other.group for other in FAMILIES if other.name == known.name}
    groups = tuple(Group(g.name, (*g.models, known.name)) if g.name in names else g for g in study.groups)
    return replace(study, groups=groups if groups != study.groups else (*groups, Group(known.group, (known.name,))))
