"""Outside text, safe and short enough to be laid out at once: nobody reads a million lines in a pane."""

from __future__ import annotations

from core.clean import clean

MOST_CHARACTERS = 40_000
MOST_LINES = 400


def bounded(text: str, lines: int = MOST_LINES) -> str:
    """`text` cleaned and without tabs; of a very long one head and tail, with how much lies between."""
    text = clean(text).expandtabs(4)
    if len(text) <= MOST_CHARACTERS and text.count("\n") < lines:
        return text
    head = "\n".join(text[: MOST_CHARACTERS // 2].split("\n", lines // 2)[: lines // 2])
    tail = ending(text, MOST_CHARACTERS // 2, lines // 2)
    over = len(text) - len(head) - len(tail)
    return f"{head}\n[… {over} more characters …]\n{tail}" if over > 0 else text


def ending(text: str, characters: int = MOST_CHARACTERS, lines: int = MOST_LINES) -> str:
    """The end of a text, no longer than this."""
    return "\n".join(text[-characters:].rsplit("\n", lines)[-lines:])
