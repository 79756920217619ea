"""Outside text, safe and short enough to be laid out at once: nobody reads a million lines in a pane."""

from __future__ import annotations

from core.clean import clean

MOST_CHARACTERS = 40_000
MOST_LINES = 1000


def bounded(text: str) -> str:
    """`text` cleaned and without tabs; of a very long one head and tail, with how much lies between."""
    text = clean(text).expandtabs(4)
    if len(text) <= MOST_CHARACTERS and text.count("\n") < MOST_LINES:
        return text
    characters, lines = MOST_CHARACTERS // 2, MOST_LINES // 2
    head = "\n".join(text[:characters].split("\n", lines)[:lines])
    tail = ending(text, characters, lines)
    over = len(text) - len(head) - len(tail)
    return f"{head}\n[… {over} more characters …]\n{tail}" if over > 0 else text


def ending(text: str, characters: int = MOST_CHARACTERS, lines: int = MOST_LINES) -> str:
    """The end of a text, no longer than this."""
    return "\n".join(text[-characters:].rsplit("\n", lines)[-lines:])
