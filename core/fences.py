"""Fenced blocks in a model's reply, by the rules of CommonMark (section 4.5), backticks only."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENING = re.compile(r" {0,3}(`{3,})([^`]*)$")
_CLOSING = re.compile(r" {0,3}(`{3,})[ \t]*$")
_RUN = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: the first word after the fence, the rest of that line, and whole lines in between."""

    word: str
    arguments: str
    body: str
    """The lines between the fences, each with its newline; empty when there are none."""
    closed: bool


def fenced_blocks(text: str) -> list[Block]:
    """Return the blocks of `text` in order; what a model thinks aloud in `<think>…</think>` is passed over.

    A block ends at a line of at least as many backticks as it began with, so code that holds a fence is sent in a
    longer one. A block that is never closed runs to the end of the text, as in CommonMark, and says so.
    """
    blocks: list[Block] = []
    fence, head, body = "", "", list[str]()
    thinking = False
    for line in text.replace("\r\n", "\n").split("\n"):
        if fence:
            closing = _CLOSING.match(line)
            if closing and len(closing[1]) >= len(fence):
                blocks.append(_block(head, body, closed=True))
                fence = ""
            else:
                body.append(line + "\n")
            continue
        if not thinking and line.lstrip().startswith("</think>"):
            blocks.clear()  # some servers swallow the opening tag: all that came before was thought
            line = line.partition("</think>")[2].lstrip()
        line, thinking = _spoken(line, thinking)
        if not thinking and (opening := _OPENING.match(line)):
            fence, head, body = opening[1], opening[2], []
    if fence:
        blocks.append(_block(head, body, closed=False))
    return blocks


def fence_for(text: str) -> str:
    """A fence that is longer than any run of backticks in `text`."""
    return "`" * (max((len(run) for run in _RUN.findall(text)), default=2) + 1)


def _block(head: str, body: list[str], *, closed: bool) -> Block:
    word, _, arguments = head.strip().partition(" ")
    return Block(word, arguments.strip(), "".join(body), closed)


def _spoken(line: str, thinking: bool) -> tuple[str, bool]:
    """What of a line outside blocks is said rather than thought, and whether the thinking goes on after it."""
    if not thinking and line.lstrip().startswith("<think>"):
        thinking = True
    if thinking and "</think>" in line:
        return line.partition("</think>")[2].lstrip(), False
    return line, thinking
