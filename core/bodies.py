"""How the body of each command is read, once its block is found."""

from __future__ import annotations

import re

from core.clean import clean
from core.commands import AddPaper, Edit, GoBack, Judgement
from core.edits import unnumbered
from core.fences import Block
from core.record import Phase

_RANGE = re.compile(r"([0-9]{1,7})(?: *[-–] *| +)([0-9]{1,7})")
_SECOND_EDIT = re.compile(r"^EDIT [0-9]{1,7} [0-9]{1,7} *$", re.MULTILINE)
"""The head of another edit in the body of one, which is no line of any text: only the first is meant to act."""
_ID_LABEL = re.compile(r"[\s*_-]*(?:paper(?:'s)?(?:[ _](?:id|key))?|id|key)[*_]*\s*[:=]\s*(?=\S)", re.IGNORECASE)
_SUMMARY_LABEL = re.compile(r"[*_]*summary[*_]*\s*:[*_]*\s*(?=\S)", re.IGNORECASE)
_AFTER_ID = re.compile(r"(?<=\S)(?:\s+[-–—(]|:\s)")
_NUMBER = re.compile(r"[0-9]*\.?[0-9]+(?:[eE]-?[0-9]{1,3})?")
_EARLIER = tuple(phase for phase in Phase if phase is not Phase.REFINEMENT)


class Wrong(ValueError):
    """What is wrong with a block, as the agent is told."""


def _no_arguments(block: Block) -> None:
    if block.arguments:
        raise Wrong(f"nothing may follow the word on the first line, but {clean(block.arguments)[:60]!r} does.")


def code(block: Block) -> str:
    _no_arguments(block)
    if not block.body.strip():
        raise Wrong("the body is empty.")
    return block.body


def program(block: Block) -> str:
    """A whole text; line numbers that were copied with it from a listing (of a listing) are no part of it."""
    text = code(block)
    while (bare := unnumbered(text)) != text:
        text = bare
    return text


def prose(block: Block) -> str:
    return code(block).strip()


def line(block: Block) -> str:
    text = " ".join(f"{block.arguments} {block.body}".split())
    if not text:
        raise Wrong("the body is empty.")
    return text


def _first_line(block: Block) -> tuple[str, str]:
    """The first line and the rest, both needed; the first may also stand behind the word."""
    first, _, rest = f"{block.arguments}\n{block.body}".strip().partition("\n")
    if not first.strip():
        raise Wrong("the body is empty.")
    if not rest.strip():
        raise Wrong("the first line must be followed by text.")
    return first.strip(), rest.strip()


def edit(block: Block) -> Edit:
    match = _RANGE.fullmatch(block.arguments)
    if not match:
        raise Wrong("the word must be followed by the first and the last line to replace, as numbered in the listing.")
    first, last = int(match[1]), int(match[2])
    if first < 1 or last < first - 1:
        raise Wrong(f"{first} to {last} is no range of lines: lines count from 1, the first comes before the last.")
    own, *_ = _SECOND_EDIT.split(block.body, maxsplit=1)
    return Edit(first, last, unnumbered(own if own == block.body else f"{own.rstrip()}\n"))


def paper_id(text: str) -> str:
    """A paper's id without a label, quotes, or the title that lists put behind it."""
    bare = text.strip()
    if label := _ID_LABEL.match(bare):
        bare = bare[label.end() :]
    bare = _AFTER_ID.split(bare, maxsplit=1)[0] if _AFTER_ID.search(bare) else bare
    return bare.strip(" `*'\"[](){}.,;:") or text.strip()


def add_paper(block: Block) -> AddPaper:
    paper, summary = _first_line(block)
    label = _SUMMARY_LABEL.match(summary)
    return AddPaper(paper_id(paper), summary[label.end() :] if label else summary)


def judgement(block: Block) -> Judgement:
    number, reflection = _first_line(block)
    if not _NUMBER.fullmatch(number) or not 0 <= float(number) <= 1:
        raise Wrong(f"the first line must be a number from 0 to 1 alone, not {clean(number)[:40]!r}.")
    return Judgement(float(number), reflection)


def go_back(block: Block) -> GoBack:
    if block.arguments not in _EARLIER:
        raise Wrong(f"the word must be followed by the phase to go back to, one of: {', '.join(_EARLIER)}.")
    reason = block.body.strip()
    if not reason:
        raise Wrong("the body must give the reason.")
    return GoBack(Phase(block.arguments), reason)
