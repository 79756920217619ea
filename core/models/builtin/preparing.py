"""Data preparation: the ML engineer looks at the data, the SW engineer writes `data/prepare.py` from what was seen."""

from __future__ import annotations

import re

from core.brief import Brief, DataCard, Entry
from core.commands import Dialogue, Python, SearchHF, SubmitCode
from core.models.builtin.design import card_for, study_for
from core.models.builtin.notes import unread_words
from core.models.builtin.prepare import MOST_REPEATED, Table, look_code, prepare_code, table_for
from core.models.builtin.question import data_name
from core.models.builtin.reply import Reply
from core.models.builtin.study import Study
from core.models.builtin.wording import listed
from core.record import Agent, Status


def answer(brief: Brief) -> Reply:
    """The next turn of the engineer whose turn it is."""
    reading = study_for(brief)
    card = card_for(brief, reading.study)
    if brief.agent is Agent.SW_ENGINEER:
        return _write(brief, reading.study, card, unread_words(reading))
    return _look(brief, reading.study, card)


def _look(brief: Brief, study: Study, card: DataCard | None) -> Reply:
    named = brief.data is not None or bool(data_name(brief.question))
    if not named and not _did(brief, "SEARCH_HF"):
        words = (
            f"The question names no data set; the plan chose `{study.source}`. I look what else there is for "
            f"{study.task}."
        )
        return Reply(words, SearchHF(study.task))
    if card and not _did(brief, "PYTHON"):
        words = f"Before anything is written I look at {card.title}: shape, classes, gaps, repeated rows, ranges."
        return Reply(words, Python(look_code(card)))
    failed = _last_of(brief, Agent.SW_ENGINEER)
    if failed and failed.status is Status.FAILED:
        cause = _last_line(failed.outcome)
        return Reply(
            "I read the error of the code that failed.",
            Dialogue(f"Your code failed at: {cause}. {_advice(brief, card)}"),
        )
    return Reply("I have what I need from the look at the data.", Dialogue(_advice(brief, card)))


def _write(brief: Brief, study: Study, card: DataCard | None, notes: str) -> Reply:
    if card is None:
        text = f"The plan names `{study.source or 'no data'}`, of which there is no card. Which data set shall I load?"
        return Reply(f"Without data there is nothing to write. {notes}", Dialogue(text))
    late = brief.step + 2 >= brief.max_steps
    if not brief.history and not late and not _plain(card):
        return Reply(
            f"The card of {card.title} raises questions that only the rows can answer. {notes}", Dialogue(_ask(card))
        )
    if not brief.history and not late:
        text = (
            f"I will load {card.title} ({card.rows:,} rows) through scikit-learn, target `{card.target}`. "
            "Please look at the rows first."
        )
        return Reply(f"The data need no cleaning, by their card. {notes}", Dialogue(text))
    if _did(brief, "SEARCH_HF") and not _did(brief, "PYTHON") and not late:
        text = f"I stay with {card.title}, on which the plan and its hypothesis rest. Please look at its rows."
        return Reply("The search changes nothing: the plan's data set is here and fits the task.", Dialogue(text))
    table = table_for(card, repeated=_repeated(brief), error=_own_error(brief))
    did = [part for part in (_dropped(table), _rest(table)) if part]
    lead = "My code was not accepted, so I read the file more carefully. " if _own_error(brief) else ""
    seen = _advice(brief, card) if _seen(brief) else ""
    words = f"{lead}{seen} `load()` gives {card.title} with the target `{card.target}`. {' '.join(did)} {notes}"
    return Reply(words, SubmitCode(prepare_code(card, table)))


def _ask(card: DataCard) -> str:
    features = [column for column in card.columns if column.name != card.target]
    gaps = [column.name for column in features if column.missing]
    texts = [column.name for column in features if column.kind in ("text", "date")]
    parts = [f"{card.title} has {card.rows:,} rows and {len(features)} columns besides `{card.target}`."]
    if gaps:
        parts.append(
            f"Gaps in {len(gaps)} of them ({_few(gaps)}): I leave those to the models' pipelines, inside each split."
        )
    if texts:
        parts.append(f"{_few(texts)} {'holds' if len(texts) == 1 else 'hold'} text or dates.")
    if card.note:
        parts.append(f"The card says: {card.note}")
    parts.append("Please look for repeated rows and for columns that give the target away.")
    return " ".join(parts)


def _advice(brief: Brief, card: DataCard | None) -> str:
    seen = _seen(brief)
    parts = []
    if shape := seen.get("shape"):
        parts.append(f"The look at the rows showed {shape}.")
    repeated = _repeated(brief)
    rows = card.rows if card else 0
    if repeated:
        share = repeated / max(1, rows)
        what = "too many to be copies; keep them"
        if share < MOST_REPEATED:
            what = "drop them, or copies of test rows would be learnt"
        if card and _plain(card):
            what = "the set is taken as scikit-learn carries it, so a copy may stand among test rows"
        which = "1 row repeats" if repeated == 1 else f"{repeated} rows repeat"
        parts.append(f"{which} an earlier one ({share:.1%}): {what}.")
    if (missing := seen.get("missing cells")) and missing != "0":
        parts.append(f"{missing} cells are empty; leave them to the pipelines so that nothing leaks from test rows.")
    if classes := seen.get("classes"):
        parts.append(f"Rows of each class: {classes}.")
    if scale := seen.get("largest over smallest spread"):
        parts.append(f"The features' spreads differ by a factor of {scale}, which scaling in the pipeline must meet.")
    if leaks := seen.get("columns that alone tell the target"):
        parts.append(f"Look at {leaks}: they tell the target all but alone, and may be recorded after the fact.")
    return " ".join(parts) or "I could not see more than the card says; please write it by the card."


def _seen(brief: Brief) -> dict[str, str]:
    """What the look at the data printed, line by line `name: value`."""
    lines = (
        line for entry in brief.history if entry.command.startswith("PYTHON") for line in entry.outcome.splitlines()
    )
    pairs = (line.partition(": ") for line in lines)
    return {name.strip(): value.strip()[:300] for name, _, value in pairs if value}


def _repeated(brief: Brief) -> int:
    match = re.match(r"\d+", _seen(brief).get("repeated rows", ""))
    return int(match[0]) if match else 0


def _dropped(table: Table) -> str:
    reasons = [f"`{name}` ({why})" for name, why in table.dropped]
    return f"It leaves out {listed(reasons[:6])}{' and more' if len(reasons) > 6 else ''}." if reasons else ""


def _rest(table: Table) -> str:
    left = []
    if table.gaps:
        left.append("gaps")
    if table.categories:
        left.append("categories")
    return (
        f"It leaves {listed(left)} to the experiment's pipeline, which learns from training rows only." if left else ""
    )


def _plain(card: DataCard) -> bool:
    return card.source.startswith("sklearn:")


def _did(brief: Brief, word: str) -> bool:
    return any(entry.command.startswith(word) and entry.status is not Status.DECLINED for entry in brief.history)


def _last_of(brief: Brief, agent: Agent) -> Entry | None:
    return next((entry for entry in reversed(brief.history) if entry.agent is agent), None)


def _own_error(brief: Brief) -> str:
    """Why the SW engineer's last code did not run, empty when it has not failed."""
    last = next((entry for entry in reversed(brief.history) if entry.command.startswith("SUBMIT_CODE")), None)
    return last.outcome if last and last.status is Status.FAILED else ""


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no output"


def _few(names: list[str]) -> str:
    return listed(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
