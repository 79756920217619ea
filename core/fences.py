"""Fenced blocks in a model's reply, by the rules of CommonMark (section 4.5), and the prose around them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENING = re.compile(r" {0,3}(`{3,})([^`]*)$|[ ]{0,3}(~{3,})(.*)$")
_RUN = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: the first word after the fence, the rest of that line, and whole lines in between."""

    word: str
    arguments: str
    body: str
    """The lines between the fences, each with its newline; empty when there are none."""
    closed: bool
    before: str = ""
    """The last line of prose between the block before and this one."""


def fenced_blocks(text: str) -> list[Block]:
    """Return the blocks of `text` in order; what a model thinks aloud in `<think>…</think>` is passed over.

    A block ends at a line of at least as many backticks as it began with, so code that holds a fence is sent in a
    longer one. A block that is never closed runs to the end of the text, as in CommonMark, and says so.
    """
    return read(text)[0]


def read(text: str, mark: str = "`") -> tuple[list[Block], str]:
    """The blocks of `text` whose fences are made of `mark` (a backtick or a tilde), and the prose around them."""
    blocks: list[Block] = []
    prose: list[str] = []
    fence, head, before, body = "", "", "", list[str]()
    thinking = False
    for line in text.replace("\r\n", "\n").split("\n"):
        if fence:
            if _closes(line, fence):
                blocks.append(_block(head, body, before, closed=True))
                fence, before = "", ""
            else:
                body.append(line + "\n")
            continue
        if not thinking and line.lstrip().startswith("</think>"):
            blocks.clear()  # some servers swallow the opening tag: all that came before was thought
            prose.clear()
            line, before = line.partition("</think>")[2].lstrip(), ""
        line, thinking = _spoken(line, thinking)
        if thinking:
            continue
        if opening := _opens(line, mark):
            (fence, head), body = opening, []
        else:
            prose.append(line)
            before = line.strip() or before
    if fence:
        blocks.append(_block(head, body, before, closed=False))
    return blocks, "\n".join(prose)


def opening(line: str) -> str | None:
    """What stands behind the fence on a line that opens a block; None on any other line."""
    found = _opens(line, "`") or _opens(line, "~")
    return found[1] if found else None


def fence_for(text: str) -> str:
    """A fence that is longer than any run of backticks in `text`."""
    return "`" * (max((len(run) for run in _RUN.findall(text)), default=2) + 1)


def _opens(line: str, mark: str) -> tuple[str, str] | None:
    found = _OPENING.match(line)
    if not found:
        return None
    fence, head = (found[1], found[2]) if found[1] else (found[3], found[4])
    return (fence, head) if fence[0] == mark else None


def _closes(line: str, fence: str) -> bool:
    closing = line.rstrip(" \t")
    indent = len(closing) - len(closing.lstrip(" "))
    run = closing[indent:]
    return indent <= 3 and len(run) >= len(fence) and run == fence[0] * len(run)


def _block(head: str, body: list[str], before: str, *, closed: bool) -> Block:
    word, _, arguments = head.strip().partition(" ")
    return Block(word, arguments.strip(), "".join(body), closed, before)


def _spoken(line: str, thinking: bool) -> tuple[str, bool]:
    """What of a line outside blocks is said rather than thought, and whether the thinking goes on after it."""
    if not thinking and line.lstrip().startswith("<think>"):
        thinking = True
    if thinking and "</think>" in line:
        return line.partition("</think>")[2].lstrip(), False
    return line, thinking
