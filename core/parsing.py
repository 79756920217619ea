"""From a reply to the one command in it, and from a command to its written form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.clean import clean
from core.commands import (
    AddPaper,
    Command,
    Dialogue,
    Edit,
    Finish,
    FullText,
    GoBack,
    Interpretation,
    Judgement,
    Malformed,
    Plan,
    Python,
    Replace,
    ReviewForm,
    SearchHF,
    SubmitCode,
    Summary,
)
from core.fences import Block, fence_for, fenced_blocks
from core.record import Phase

LONGEST_REPLY = 1_000_000
"""Characters that a reply may have."""
LONGEST_LABEL = 60

_RANGE = re.compile(r"([0-9]{1,7})(?: *[-–] *| +)([0-9]{1,7})")
_NUMBER = re.compile(r"[0-9]*\.?[0-9]+(?:[eE]-?[0-9]{1,3})?")
_EARLIER = tuple(phase for phase in Phase if phase is not Phase.REFINEMENT)


class _Wrong(ValueError):
    """What is wrong with a block, as the agent is told."""


@dataclass(frozen=True, slots=True)
class _Grammar:
    """One command: its word, what it does, a worked example, and how a block of that word is read."""

    word: str
    about: str
    example: Command
    read: Callable[[Block], Command]


def parse(reply: str, allowed: Sequence[type]) -> Command | Malformed:
    """Read the one command of a reply; `allowed` are classes of core.commands. Never raises on any text.

    Fenced blocks whose word is no command are prose. No command, several, or one that is not allowed is Malformed.
    """
    try:
        if len(reply) > LONGEST_REPLY:
            raise _Wrong(f"The reply has {len(reply)} characters; at most {LONGEST_REPLY} are read.")
        block = _the_command(fenced_blocks(reply.encode("utf-8", "replace").decode()), allowed)
    except _Wrong as wrong:
        return Malformed(str(wrong), "\n\n".join(form(kind) for kind in allowed))
    kind = _KINDS[block.word]
    try:
        return _GRAMMAR[kind].read(block)
    except _Wrong as wrong:
        return Malformed(f"{block.word}: {wrong}", form(kind))


def write(command: Command) -> str:
    """The canonical form of a command: a fenced block whose fence is longer than any in its body.

    Programs and edits are whole lines: a body that lacks its last newline is given one, and is read back with it.
    """
    arguments, body = _parts(command)
    if body and not body.endswith("\n"):
        body += "\n"
    fence = fence_for(body)
    return f"{fence}{_GRAMMAR[type(command)].word} {arguments}".rstrip() + f"\n{body}{fence}"


def form(kind: type) -> str:
    """What a command does and one worked example of it, for prompts and for answers to malformed replies."""
    grammar = _GRAMMAR[kind]
    return f"{grammar.word}: {grammar.about}\n\n{write(grammar.example)}"


def label(command: Command) -> str:
    """The short name that logs and panes show, e.g. `EDIT 12-18` or `SUMMARY label noise`."""
    match command:
        case Summary(text) | SearchHF(text) | FullText(text) | AddPaper(text, _):
            detail = text
        case Edit(first, last, _):
            detail = f"{first}-{last}"
        case Judgement(score, _):
            detail = f"{score:.2f}"
        case _:
            detail, _ = _parts(command)
    shown = " ".join(clean(f"{_GRAMMAR[type(command)].word} {detail}").split())
    return shown if len(shown) <= LONGEST_LABEL else shown[: LONGEST_LABEL - 1] + "…"


def _parts(command: Command) -> tuple[str, str]:
    """What stands behind a command's word, and in its body."""
    match command:
        case Summary(text) | SearchHF(text) | FullText(text):
            return "", text
        case Dialogue(text) | Plan(text) | Interpretation(text) | Replace(text) | ReviewForm(text) | Finish(text):
            return "", text
        case Python(code) | SubmitCode(code):
            return "", code
        case AddPaper(paper, summary):
            return "", f"{paper}\n{summary}"
        case Judgement(score, reflection):
            return "", f"{score}\n{reflection}"
        case Edit(first, last, text):
            return f"{first} {last}", text
        case GoBack(phase, reason):
            return phase.value, reason


def _the_command(blocks: list[Block], allowed: Sequence[type]) -> Block:
    commands = [block for block in blocks if block.word in _KINDS]
    if blocks and not blocks[-1].closed:
        raise _Wrong(_unclosed(blocks[-1]))
    words = ", ".join(_GRAMMAR[kind].word for kind in allowed)
    if not commands:
        raise _Wrong(_none(blocks, words))
    if len(commands) > 1:
        found = ", ".join(block.word for block in commands[:10])
        raise _Wrong(f"The reply holds {len(commands)} commands ({found}); one reply is one command. None was obeyed.")
    if _KINDS[commands[0].word] not in allowed:
        raise _Wrong(f"{commands[0].word} cannot be used now. What can be used: {words}.")
    return commands[0]


def _unclosed(block: Block) -> str:
    what = f"The block {block.word}" if block.word else "The last block"
    return (
        f"{what} is not closed: its last line must be the fence alone. If the body holds ``` itself, open and close "
        "the block with four backticks or more."
    )


def _none(blocks: list[Block], words: str) -> str:
    other = [clean(block.word)[:30] for block in blocks if block.word]
    problem = "a command is a fenced block whose first line is the fence and the command's word"
    if small := [word for word in other if word.upper() in words.split(", ")]:
        problem = f"{small[0]} must be written {small[0].upper()}"
    elif unknown := [word for word in other if word.isupper()]:
        problem = f"{unknown[0]} is not one"
    return f"The reply holds no command: {problem}. What can be used now: {words}."


def _no_arguments(block: Block) -> None:
    if block.arguments:
        raise _Wrong(f"nothing may follow the word on the first line, but {clean(block.arguments)[:60]!r} does.")


def _code(block: Block) -> str:
    _no_arguments(block)
    if not block.body.strip():
        raise _Wrong("the body is empty.")
    return block.body


def _prose(block: Block) -> str:
    return _code(block).strip()


def _line(block: Block) -> str:
    text = " ".join(f"{block.arguments} {block.body}".split())
    if not text:
        raise _Wrong("the body is empty.")
    return text


def _first_line(block: Block) -> tuple[str, str]:
    """The first line and the rest, both needed; the first may also stand behind the word."""
    first, _, rest = f"{block.arguments}\n{block.body}".strip().partition("\n")
    if not first.strip():
        raise _Wrong("the body is empty.")
    if not rest.strip():
        raise _Wrong("the first line must be followed by text.")
    return first.strip(), rest.strip()


def _edit(block: Block) -> Edit:
    match = _RANGE.fullmatch(block.arguments)
    if not match:
        raise _Wrong("the word must be followed by the first and the last line to replace, as numbered in the listing.")
    first, last = int(match[1]), int(match[2])
    if first < 1 or last < first - 1:
        raise _Wrong(f"{first} to {last} is no range of lines: lines count from 1, the first comes before the last.")
    return Edit(first, last, block.body)


def _add_paper(block: Block) -> AddPaper:
    return AddPaper(*_first_line(block))


def _judgement(block: Block) -> Judgement:
    number, reflection = _first_line(block)
    if not _NUMBER.fullmatch(number) or not 0 <= float(number) <= 1:
        raise _Wrong(f"the first line must be a number from 0 to 1 alone, not {clean(number)[:40]!r}.")
    return Judgement(float(number), reflection)


def _go_back(block: Block) -> GoBack:
    if block.arguments not in _EARLIER:
        raise _Wrong(f"the word must be followed by the phase to go back to, one of: {', '.join(_EARLIER)}.")
    reason = block.body.strip()
    if not reason:
        raise _Wrong("the body must give the reason.")
    return GoBack(Phase(block.arguments), reason)


_GRAMMAR: Mapping[type, _Grammar] = {
    Summary: _Grammar(
        "SUMMARY",
        "search the literature by topic; answered with up to 20 papers and their abstracts. A few words find more "
        "than a sentence.",
        Summary("label noise random forests"),
        lambda block: Summary(_line(block)),
    ),
    FullText: _Grammar(
        "FULL_TEXT",
        "ask for the full text of one paper that a search has found, by its id.",
        FullText("breiman2001random"),
        lambda block: FullText(_line(block)),
    ),
    AddPaper: _Grammar(
        "ADD_PAPER",
        "take one paper that a search has found into the review: its id alone on the first line, then your summary.",
        AddPaper(
            "breiman2001random",
            "Introduces random forests: trees grown on bootstrap samples with random features at each split. Of use "
            "here: the paper argues that forests suffer less from wrong labels than boosting does.",
        ),
        _add_paper,
    ),
    Dialogue: _Grammar(
        "DIALOGUE",
        "speak to the other agent; the body is all that it will read.",
        Dialogue("Five seeds give wide intervals at this sample size. Can we afford ten if we drop the middle level?"),
        lambda block: Dialogue(_prose(block)),
    ),
    Plan: _Grammar(
        "PLAN",
        "end the discussion with the plan, in Markdown. Nothing is added to it later.",
        Plan("# Plan\n\n## Question\n\n…\n\n## Hypothesis\n\n…\n\n## Measurement\n\n…"),
        lambda block: Plan(_prose(block)),
    ),
    Python: _Grammar(
        "PYTHON",
        "run a piece of Python in the project's folder to look at the data; answered with what it prints. Nothing that "
        "it writes is kept.",
        Python("from sklearn.datasets import load_wine\n\nX, y = load_wine(return_X_y=True)\nprint(X.shape, set(y))\n"),
        lambda block: Python(_code(block)),
    ),
    SearchHF: _Grammar(
        "SEARCH_HF",
        "search for data sets; answered with the data sets that can be had here.",
        SearchHF("handwritten digits"),
        lambda block: SearchHF(_line(block)),
    ),
    SubmitCode: _Grammar(
        "SUBMIT_CODE",
        "hand in the whole of data/prepare.py; accepted when it runs.",
        SubmitCode(
            "from sklearn.datasets import load_wine\n\n\ndef load():\n"
            "    return load_wine(return_X_y=True, as_frame=True)\n\n\n"
            'if __name__ == "__main__":\n    X, y = load()\n    print(X.shape)\n    print(y.value_counts())\n'
        ),
        lambda block: SubmitCode(_code(block)),
    ),
    Edit: _Grammar(
        "EDIT",
        "replace a range of lines, first and last included, as the listing numbers them. The body is the new lines, "
        "without numbers and with their full indentation; an empty body deletes. EDIT 8 7 inserts before line 8.",
        Edit(12, 14, "rng = np.random.default_rng(seed)\ny_noisy = flip(y, rate, rng)\n"),
        _edit,
    ),
    Replace: _Grammar(
        "REPLACE",
        "hand in the whole text anew; the body is all of it, from the first line to the last.",
        Replace("the complete text, every line of it\n"),
        lambda block: Replace(_code(block)),
    ),
    Interpretation: _Grammar(
        "INTERPRETATION",
        "end the discussion with the interpretation of the results, in Markdown.",
        Interpretation("# Interpretation\n\n## Answer\n\n…\n\n## Evidence\n\n…\n\n## Limits\n\n…"),
        lambda block: Interpretation(_prose(block)),
    ),
    Judgement: _Grammar(
        "SCORE",
        "your judgement: a number from 0 to 1 alone on the first line, then what is to be learnt from this attempt.",
        Judgement(0.62, "Sound and complete, but one split only: differences below 0.02 cannot be told from chance."),
        _judgement,
    ),
    ReviewForm: _Grammar(
        "REVIEW",
        "your review: the body is one JSON object, the filled form, and nothing else.",
        ReviewForm('{"summary": "…", "strengths": ["…"], "…": "every field of the form"}'),
        lambda block: ReviewForm(_prose(block)),
    ),
    Finish: _Grammar(
        "FINISH",
        "the report is done; the body says why.",
        Finish("All three reviewers accept; what they still ask for lies outside the question."),
        lambda block: Finish(_prose(block)),
    ),
    GoBack: _Grammar(
        "GO_BACK",
        "send the work back to an earlier phase, from which all is done again; the body says what must change.",
        GoBack(Phase.EXPERIMENTS, "Two reviewers doubt the intervals: measure with ten seeds and pair them."),
        _go_back,
    ),
}
_KINDS: Mapping[str, type] = {grammar.word: kind for kind, grammar in _GRAMMAR.items()}
