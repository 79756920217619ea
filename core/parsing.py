"""From a reply to the one command in it, and from a command to its written form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core import bodies
from core.bodies import Wrong
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
from core.fences import Block, fence_for, read
from core.near import Place, mended, near
from core.record import Phase

LONGEST_REPLY = 1_000_000
"""Characters that a reply may have."""
LONGEST_LABEL = 60

_CUT = " The reply ended at the limit of its length: say less, and send the command first."
_SUMMARY = "(here, in three to six sentences: what was done and on what, what was found, what follows for our question)"


@dataclass(frozen=True, slots=True)
class _Grammar:
    """One command: its word, what it does, a worked example, and how a block of that word is read."""

    word: str
    about: str
    example: Command
    read: Callable[[Block], Command]


def parse(
    reply: str,
    allowed: Sequence[type],
    *,
    phase: Phase | None = None,
    cut: bool = False,
    shown: str = "",
    again: bool = False,
) -> Command | Malformed:
    """Read the one command of a reply; `allowed` are classes of core.commands. Never raises on any text.

    Fenced blocks whose word is no command are prose. What is not in the right form is read where it can mean one thing
    only (core.near), which `phase` helps to tell; otherwise it is Malformed, as are several commands, one that is not
    allowed, and a worked example handed in as it stands. `cut` says that the reply ended at the server's limit; `shown`
    is the text in which the agent was shown what it may say. `again` says that its last reply was no use: of several
    commands that only look or say, the first is then taken.
    """
    if len(reply) > LONGEST_REPLY:
        problem = f"The reply has {len(reply)} characters; at most {LONGEST_REPLY} are read."
        return Malformed(problem, "\n\n".join(form(kind) for kind in allowed), blank(allowed[-1]))
    reply = reply.encode("utf-8", "replace").decode()
    blocks, prose = read(reply)
    try:
        block = _the_command(blocks, allowed, cut=cut)
    except Wrong as wrong:
        words = [_GRAMMAR[kind].word for kind in allowed]
        meant = near(reply, Place(words, _KINDS, phase, again), cut=cut)
        if meant is None:
            tried = _attempted(reply, allowed)
            return Malformed(str(wrong), "\n\n".join(form(kind) for kind in tried), blank(tried[-1]))
        block, prose = meant, ""
    return _copied(block.word) if _is_shown(block, shown) else _command(block, prose)


def _is_shown(block: Block, shown: str) -> bool:
    """Whether half of a block's lines stand in an example; code that reads the study's data may be taken over."""
    said = _lines(block.body)
    if block.word in ("PYTHON", "SUBMIT_CODE") or not said:
        return False
    examples = (_lines(one.body) for one in read(shown)[0] if one.word == block.word)
    return any(2 * sum(line in example for line in said) >= len(said) for example in examples)


def _lines(text: str) -> list[str]:
    """The lines that say something; headings do not."""
    return [" ".join(line.split()) for line in text.split("\n") if line.strip() and not line.startswith("#")]


def _command(block: Block, prose: str) -> Command | Malformed:
    """The command in a block, as it stands or mended; `prose` is the text around it."""
    kind = _KINDS[block.word]
    grammar = _GRAMMAR[kind]
    try:
        command = grammar.read(block)
    except Wrong as wrong:
        try:
            command = grammar.read(mended(block, prose))
        except Wrong:
            return Malformed(f"{block.word}: {wrong}", _filled(block) or form(kind), _filled(block) or blank(kind))
    return _copied(block.word) if _is_example(command) else command


def _filled(block: Block) -> str:
    """The form of the command with what was said filled in, so that only what was missing is left to write."""
    first = f"{block.arguments}\n{block.body}".strip().partition("\n")[0]
    if block.word != "ADD_PAPER" or not first:
        return ""
    return write(AddPaper(bodies.paper_id(first), _SUMMARY))


def _copied(word: str) -> Malformed:
    return Malformed(
        f"{word}: this is the example that shows the form; write your own in its place.",
        form(_KINDS[word]),
        blank(_KINDS[word]),
    )


def _attempted(reply: str, allowed: Sequence[type]) -> Sequence[type]:
    """The one command that a reply speaks of, else all that are allowed: one form is easier to follow than three."""
    named = [kind for kind in allowed if re.search(rf"\b{_GRAMMAR[kind].word}\b", reply)]
    return named if len(named) == 1 else allowed


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


def blank(kind: type) -> str:
    """The block of a command with places to fill in, for who has missed the form twice."""
    grammar = _GRAMMAR[kind]
    arguments, body = _BLANKS[kind]
    return f"```{grammar.word} {arguments}".rstrip() + f"\n{body}\n```"


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


def _is_example(command: Command) -> bool:
    """Whether an answer is the worked example of the prompt; what is short may well be meant as it is there."""
    example = _GRAMMAR[type(command)].example
    body = _parts(command)[1]
    if body.strip().strip("()").split() == _BLANKS[type(command)][1].strip("()").split():
        return True
    if isinstance(command, Summary | FullText | SearchHF):
        return False
    if isinstance(command, AddPaper) and isinstance(example, AddPaper):
        return command.summary.split() in (example.summary.split(), _SUMMARY.split())
    return body.split() == _parts(example)[1].split()


def _the_command(blocks: list[Block], allowed: Sequence[type], *, cut: bool) -> Block:
    commands = [block for block in blocks if block.word in _KINDS]
    if blocks and not blocks[-1].closed:
        raise Wrong(_unclosed(blocks[-1]) + (_CUT if cut else ""))
    words = ", ".join(_GRAMMAR[kind].word for kind in allowed)
    if not commands:
        raise Wrong(_none(blocks, words))
    if len(commands) > 1:
        found = ", ".join(block.word for block in commands[:10])
        raise Wrong(f"The reply holds {len(commands)} commands ({found}); one reply is one command. None was obeyed.")
    if _KINDS[commands[0].word] not in allowed:
        raise Wrong(f"{commands[0].word} cannot be used now. What can be used: {words}.")
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
    if unknown := [word for word in other if word.isupper()]:
        problem = f"{unknown[0]} is not one"
    return f"The reply holds no command: {problem}. What can be used now: {words}."


_GRAMMAR: Mapping[type, _Grammar] = {
    Summary: _Grammar(
        "SUMMARY",
        "search the literature by topic; answered with up to 20 papers and their abstracts. A few words find more "
        "than a sentence.",
        Summary("label noise random forests"),
        lambda block: Summary(bodies.line(block)),
    ),
    FullText: _Grammar(
        "FULL_TEXT",
        "ask for the full text of one paper that a search has found, by its id.",
        FullText("breiman2001random"),
        lambda block: FullText(bodies.paper_id(bodies.line(block))),
    ),
    AddPaper: _Grammar(
        "ADD_PAPER",
        "take one paper that a search has found into the review: its id alone on the first line, then your summary.",
        AddPaper(
            "breiman2001random",
            "Introduces random forests: trees grown on bootstrap samples with random features at each split. Of use "
            "here: the paper argues that forests suffer less from wrong labels than boosting does.",
        ),
        bodies.add_paper,
    ),
    Dialogue: _Grammar(
        "DIALOGUE",
        "speak to the other agent; the body is all that it will read.",
        Dialogue("Five seeds give wide intervals at this sample size. Can we afford ten if we drop the middle level?"),
        lambda block: Dialogue(bodies.prose(block)),
    ),
    Plan: _Grammar(
        "PLAN",
        "end the discussion with the plan, in Markdown. Nothing is added to it later.",
        Plan("# Plan\n\n## Question\n\n…\n\n## Hypothesis\n\n…\n\n## Measurement\n\n…"),
        lambda block: Plan(bodies.prose(block)),
    ),
    Python: _Grammar(
        "PYTHON",
        "run a piece of Python in the project's folder to look at the data; answered with what it prints. Nothing that "
        "it writes is kept.",
        Python("from sklearn.datasets import load_wine\n\nX, y = load_wine(return_X_y=True)\nprint(X.shape, set(y))\n"),
        lambda block: Python(bodies.program(block)),
    ),
    SearchHF: _Grammar(
        "SEARCH_HF",
        "search for data sets; answered with the data sets that can be had here.",
        SearchHF("handwritten digits"),
        lambda block: SearchHF(bodies.line(block)),
    ),
    SubmitCode: _Grammar(
        "SUBMIT_CODE",
        "hand in the whole of data/prepare.py; accepted when it runs.",
        SubmitCode(
            "from sklearn.datasets import load_wine\n\n\ndef load():\n"
            "    return load_wine(return_X_y=True, as_frame=True)\n\n\n"
            'if __name__ == "__main__":\n    X, y = load()\n    print(X.shape)\n    print(y.value_counts())\n'
        ),
        lambda block: SubmitCode(bodies.program(block)),
    ),
    Edit: _Grammar(
        "EDIT",
        "replace a range of lines, first and last included, as the listing numbers them. The body is the new lines, "
        "without numbers and with their full indentation; an empty body deletes. EDIT 8 7 inserts before line 8.",
        Edit(12, 14, "rng = np.random.default_rng(seed)\ny_noisy = flip(y, rate, rng)\n"),
        bodies.edit,
    ),
    Replace: _Grammar(
        "REPLACE",
        "hand in the whole text anew; the body is all of it, from the first line to the last.",
        Replace("the complete text, every line of it\n"),
        lambda block: Replace(bodies.program(block)),
    ),
    Interpretation: _Grammar(
        "INTERPRETATION",
        "end the discussion with the interpretation of the results, in Markdown.",
        Interpretation("# Interpretation\n\n## Answer\n\n…\n\n## Evidence\n\n…\n\n## Limits\n\n…"),
        lambda block: Interpretation(bodies.prose(block)),
    ),
    Judgement: _Grammar(
        "SCORE",
        "your judgement: a number from 0 to 1 alone on the first line, then what is to be learnt from this attempt.",
        Judgement(0.62, "Sound and complete, but one split only: differences below 0.02 cannot be told from chance."),
        bodies.judgement,
    ),
    ReviewForm: _Grammar(
        "REVIEW",
        "your review: the body is one JSON object, the filled form, and nothing else.",
        ReviewForm('{"summary": "…", "strengths": ["…"], "…": "every field of the form"}'),
        lambda block: ReviewForm(bodies.prose(block)),
    ),
    Finish: _Grammar(
        "FINISH",
        "the report is done; the body says why.",
        Finish("All three reviewers accept; what they still ask for lies outside the question."),
        lambda block: Finish(bodies.prose(block)),
    ),
    GoBack: _Grammar(
        "GO_BACK",
        "send the work back to an earlier phase, from which all is done again; the body says what must change.",
        GoBack(Phase.EXPERIMENTS, "Two reviewers doubt the intervals: measure with ten seeds and pair them."),
        bodies.go_back,
    ),
}
_BLANKS: Mapping[type, tuple[str, str]] = {
    Summary: ("", "(two to four words)"),
    FullText: ("", "(the id of a paper that a search has found)"),
    AddPaper: ("", f"(the id of a paper that a search has found)\n{_SUMMARY}"),
    Dialogue: ("", "(what you say)"),
    Plan: ("", "# Plan\n\n(the plan, in Markdown)"),
    Python: ("", "(Python that prints a little)"),
    SearchHF: ("", "(two to four words)"),
    SubmitCode: ("", "(the whole of data/prepare.py)"),
    Edit: ("(first line) (last line)", "(the new lines)"),
    Replace: ("", "(the whole text)"),
    Interpretation: ("", "# Interpretation\n\n(the interpretation, in Markdown)"),
    Judgement: ("", "(a number from 0 to 1)\n(what is to be learnt from this attempt)"),
    ReviewForm: ("", "(one JSON object, every field of the form)"),
    Finish: ("", "(why the report is done)"),
    GoBack: ("(the phase)", "(what must change)"),
}
_KINDS: Mapping[str, type] = {grammar.word: kind for kind, grammar in _GRAMMAR.items()}
