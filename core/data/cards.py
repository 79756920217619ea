"""Cards of data sets: the bundled ones, finding them, and cards as JSON and as text for a prompt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.brief import Column, DataCard
from core.clean import clean
from core.data.files import describe_file
from core.errors import DataError
from core.words import content_words

__all__ = ["bundled_cards", "card_from_json", "card_json", "card_text", "describe_file", "search_cards"]

MOST_COLUMNS_SHOWN = 60
MOST_CLASSES_SHOWN = 30

_WORD_WEIGHTS = {"task": 1, "title": 3, "keywords": 2, "note": 1, "classes": 1}


def bundled_cards() -> tuple[DataCard, ...]:
    """The cards of scikit-learn's bundled sets."""
    return tuple(card for card, _ in _bundled())


def search_cards(query: str) -> list[DataCard]:
    """The bundled sets that share words with `query`, best first; none when nothing fits."""
    wanted = {_stem(word) for word in content_words(query)}
    scored = [(sum(weight for word, weight in words.items() if word in wanted), card) for card, words in _bundled()]
    return [card for score, card in sorted(scored, key=lambda pair: -pair[0]) if score > 0]


def card_json(card: DataCard) -> str:
    """The text of `data/card.json`."""
    return json.dumps(asdict(card), indent=1, ensure_ascii=False) + "\n"


def card_from_json(text: str) -> DataCard:
    """Read `data/card.json`; raises DataError when it is not a card."""
    try:
        return _card(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"data/card.json is not a data card: {error!r:.200}.", "Restore it from the history."
        ) from error


def card_text(card: DataCard) -> str:
    """The card as Markdown for a prompt, at most `MOST_COLUMNS_SHOWN` columns of the table."""
    shown = card.columns[:MOST_COLUMNS_SHOWN]
    more = len(card.columns) - len(shown)
    lines = [
        f"**{_cell(card.title)}** (`{_cell(card.source)}`): {card.task}, {card.rows:,} rows,"
        f" {len(card.columns) - 1} columns besides the target `{_cell(card.target)}`.",
        *([f"Classes (rows): {_classes(card)}."] if card.classes else []),
        *([" ".join(clean(card.note).split())] if card.note else []),
        "",
        "| column | kind | missing | distinct | example |",
        "|---|---|---|---|---|",
        *(f"| {_cell(c.name)} | {c.kind} | {c.missing} | {c.distinct} | {_cell(c.example)} |" for c in shown),
        *([f"\nand {more} more columns like these."] if more else []),
    ]
    return "\n".join(lines) + "\n"


def _classes(card: DataCard) -> str:
    shown = ", ".join(f"{_cell(label)} ({rows})" for label, rows in card.classes[:MOST_CLASSES_SHOWN])
    more = len(card.classes) - MOST_CLASSES_SHOWN
    return shown + (f" and {more} more" if more > 0 else "")


def _cell(text: str) -> str:
    return " ".join(clean(text).split()).replace("|", "\\|").replace("`", "'")[:80]


@lru_cache(maxsize=1)
def _bundled() -> tuple[tuple[DataCard, Mapping[str, int]], ...]:
    """Each bundled card with the weights of the words it is found by."""
    entries = json.loads(Path(__file__).with_name("bundled.json").read_text(encoding="utf-8"))
    return tuple((card, _weights(card, entry["keywords"])) for entry in entries if (card := _card(entry["card"])))


def _weights(card: DataCard, keywords: str) -> Mapping[str, int]:
    labels = " ".join(label for label, _ in card.classes)
    texts = {
        "task": card.task,
        "note": card.note,
        "classes": labels,
        "keywords": keywords,
        "title": f"{card.title} {card.source}",
    }
    return {_stem(word): _WORD_WEIGHTS[part] for part, text in texts.items() for word in content_words(text)}


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _card(data: Mapping[str, Any]) -> DataCard:
    columns = tuple(Column(**column) for column in data["columns"])
    classes = tuple((str(label), int(rows)) for label, rows in data["classes"])
    return DataCard(**{**data, "columns": columns, "classes": classes})
