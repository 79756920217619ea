"""Markdown as blocks of text: its looks only. Links, images, HTML and entities stay the text that they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from textual.content import Content, Span

from tui.widgets.code import coloured
from tui.widgets.document import NOTHING, Block, Wrap
from tui.widgets.frame import MUTED

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

CODE_LINES = 24
"""Lines that are shown of one block of code."""

DEEPEST = 20
"""Lists and quotes in each other; a text that goes deeper is shown as it is."""

_INLINE = {"em": "italic", "strong": "bold", "s": "strike"}
_CODE = "$text-warning"
_QUIET = MUTED

Fence = Callable[[str, str], list[Block]]
"""Makes blocks of a fenced block: its info string and its body."""


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """CommonMark with tables and strike-through, without anything that hides a target or makes characters up."""
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"maxNesting": DEEPEST}).enable(["table", "strikethrough"])
    return made.disable(["link", "image", "autolink", "html_block", "html_inline", "reference", "entity"])


def prose(text: str, fence: Fence | None = None) -> list[Block]:
    """Clean Markdown as blocks; `fence` makes the blocks of fenced code, else it is shown in colours."""
    tokens = parser().parse(text)
    if any(token.level >= DEEPEST - 1 for token in tokens):
        return [Block(Content(line)) for line in text.split("\n")]  # what is nested deeper would be left out
    return list(_blocks(tokens, fence or shown_code))


def split_stable(text: str) -> int:
    """How many characters of a growing text stand in blocks that will not change any more."""
    tokens = parser().parse(text)
    starts = [token.map[0] for token in tokens if token.map is not None and token.level == 0]
    if not starts or not starts[-1]:
        return 0
    return sum(len(line) for line in text.splitlines(keepends=True)[: starts[-1]])


def shown_code(info: str, body: str) -> list[Block]:
    """Code with a bar at its side, its middle left out when it is long."""
    language = info.split()[0].lower() if info.split() else ""
    lines = body.expandtabs(4).rstrip("\n").split("\n")
    left_out = len(lines) - CODE_LINES
    if left_out > 1:
        half = CODE_LINES // 2
        head, tail = lines[:half], lines[-half:]
        return [*bar(head, language), note(f"  … {left_out} more lines …"), *bar(tail, language)]
    return bar(lines, language)


def bar(lines: Sequence[str], language: str, wrap: Wrap = Wrap.FOLD) -> list[Block]:
    """Lines of code with a bar at their side."""
    mark = Content.styled("▏ ", _QUIET)
    return [Block(coloured(line, language), mark, mark, wrap=wrap) for line in lines]


def note(text: str, style: str = _QUIET) -> Block:
    """A quiet line of our own."""
    return Block(Content.styled(text, style))


def _blocks(tokens: Sequence[Token], fence: Fence) -> Iterator[Block]:
    """Blocks of a token stream: one pass, with the lists and quotes that are open kept as a stack of prefixes."""
    open_lists: list[int | None] = []
    prefixes: list[tuple[Content, Content]] = []
    tight = True
    place = 0
    while place < len(tokens):
        token = tokens[place]
        made: list[Block] = []
        match token.type:
            case "bullet_list_open":
                open_lists.append(None)
            case "ordered_list_open":
                open_lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                open_lists.pop()
            case "list_item_open":
                prefixes.append(_bullet(open_lists))
            case "blockquote_open":
                prefixes.append((Content.styled("▎ ", _QUIET),) * 2)
            case "list_item_close" | "blockquote_close":
                prefixes.pop()
            case "inline":
                made = [_paragraph(token, tokens[place - 1])]
                tight = tokens[place - 1].hidden
            case "fence" | "code_block":
                made, tight = fence(token.info, token.content), False
            case "hr":
                made, tight = [note("────────")], False
            case "table_open":
                end = next(i for i in range(place, len(tokens)) if tokens[i].type == "table_close")
                made, tight, place = _table(tokens[place:end]), False, end
        if made:
            yield from _under(made, prefixes)
            if not (tight and open_lists):
                yield Block(NOTHING)
        elif token.type.endswith("list_close") and not open_lists and tight:
            yield Block(NOTHING)
        place += 1


def _bullet(open_lists: list[int | None]) -> tuple[Content, Content]:
    number = open_lists[-1]
    if number is None:
        mark = ("• ", "◦ ", "▪ ")[(len(open_lists) - 1) % 3]
    else:
        mark = f"{number}. "
        open_lists[-1] = number + 1
    return Content.styled(mark, _QUIET), Content(" " * len(mark))


def _under(made: list[Block], prefixes: list[tuple[Content, Content]]) -> list[Block]:
    """Put blocks under the open list items and quotes; an item's mark is used up by its first line."""
    for block in made:
        first = Content.assemble(*(mark for mark, _ in prefixes))
        rest = Content.assemble(*(space for _, space in prefixes))
        block.first, block.rest = first + block.first, rest + block.rest
        prefixes[:] = [(space, space) for _, space in prefixes]
    return made


def _paragraph(token: Token, opening: Token) -> Block:
    content = _inline(token)
    if opening.type == "heading_open":
        return Block(content.stylize("bold $text-primary" if opening.tag in ("h1", "h2", "h3") else "bold"))
    return Block(content)


def _inline(token: Token) -> Content:
    pieces: list[str] = []
    spans: list[Span] = []
    opened: list[tuple[str, int]] = []
    position = 0
    for child in token.children or ():
        kind, _, edge = child.type.rpartition("_")
        if edge == "open":
            opened.append((_INLINE.get(kind, ""), position))
        elif edge == "close" and opened:
            style, start = opened.pop()
            spans.append(Span(start, position, style))
        else:
            text = "\n" if child.type == "hardbreak" else " " if child.type == "softbreak" else child.content
            if child.type == "code_inline":
                spans.append(Span(position, position + len(text), _CODE))
            pieces.append(text)
            position += len(text)
    return Content("".join(pieces), [span for span in spans if span.style and span.start < span.end])


def _table(tokens: Sequence[Token]) -> list[Block]:
    rows: list[list[Content]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(_inline(token))
    columns = max((len(row) for row in rows), default=0)
    widths = [max(row[i].cell_length for row in rows if i < len(row)) for i in range(columns)]
    lines = [
        Content("  ").join([cell.pad_right(widths[i] - cell.cell_length) for i, cell in enumerate(row)]) for row in rows
    ]
    if len(lines) > 1:
        lines[0] = lines[0].stylize("bold")
        lines.insert(1, Content.styled("  ".join("─" * width for width in widths), _QUIET))
    return [Block(line, wrap=Wrap.FOLD) for line in lines]
