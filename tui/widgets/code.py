"""Code in colours: one line at a time, by the names that Pygments gives its tokens."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from textual.content import Content, Span

from tui.widgets.frame import MUTED

if TYPE_CHECKING:
    from pygments.lexer import Lexer

LANGUAGES = {
    ".py": "python",
    ".tex": "latex",
    ".bib": "bibtex",
    ".md": "markdown",
    ".json": "json",
    ".toml": "toml",
    ".sh": "bash",
}

# Of a token such as Token.Literal.String.Doc the longest name that stands here decides.
STYLES = {
    "Comment": f"{MUTED} italic",
    "Keyword": "$text-accent",
    "Keyword.Constant": "$text-warning",
    "Literal.Number": "$text-warning",
    "Literal.String": "$text-success",
    "Literal.String.Doc": "$text-success italic",
    "Name.Attribute": "$text-primary",
    "Name.Builtin": "$text-primary",
    "Name.Class": "bold",
    "Name.Decorator": "$text-primary",
    "Name.Function": "bold",
    "Name.Tag": "$text-primary",
    "Operator.Word": "$text-accent",
    "Generic.Heading": "bold $text-primary",
    "Generic.Subheading": "bold $text-primary",
    "Generic.Strong": "bold",
    "Generic.Emph": "italic",
}


def language_of(path: str) -> str:
    """The language of a file by its name; empty when it has no colours here."""
    return LANGUAGES.get(PurePosixPath(path).suffix.lower(), "")


@lru_cache(maxsize=256)
def coloured(line: str, language: str) -> Content:
    """One line of code in the colours of its language; what no lexer knows stays plain."""
    if not language or not line.strip():
        return Content(line)
    spans: list[Span] = []
    position = 0
    for token, text in _lexer(language).get_tokens(f"{line}\n"):  # to some lexers a comment ends with its line
        style, end = _style(".".join(token)), min(position + len(text), len(line))
        if style and position < end:
            spans.append(Span(position, end, style))
        position += len(text)
    return Content(line, spans)


def coloured_text(text: str, language: str) -> list[Content]:
    """All lines of a text in the colours of its language, strings over several lines too; slow for a long one."""
    lines = text.split("\n")
    spans: list[list[Span]] = [[] for _ in lines]
    row = column = 0
    for token, piece in _lexer(language).get_tokens(text) if language else ():
        style = _style(".".join(token))
        for place, part in enumerate(piece.split("\n")):
            if place:
                row, column = row + 1, 0
            if style and part and row < len(spans):
                spans[row].append(Span(column, column + len(part), style))
            column += len(part)
    return [Content(line, found) for line, found in zip(lines, spans, strict=True)]


@lru_cache(maxsize=32)
def _lexer(language: str) -> Lexer:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return get_lexer_by_name("text", stripnl=False, ensurenl=False)


@lru_cache(maxsize=512)
def _style(token: str) -> str:
    while token:
        if style := STYLES.get(token):
            return style
        token = token.rpartition(".")[0]
    return ""
