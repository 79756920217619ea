"""Replies that nearly hold a command: put into the right form where only one reading is possible.

Small models put the command's word in small letters, behind no fence, or forget the last fence. What is found here is a
block as it should have been written, and is read like any other; commands come from the reply alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from core.fences import Block, opening, read
from core.record import Phase

_LONGEST_LINE = 1000
"""Characters of a line in which a command or a score is looked for: more is prose, and patterns take long over it."""
_REPEATED, _WHOLE = 40, 3
"""Characters of a line that is not said twice by chance; headings that a text which was cut must have."""
_SECTION = 50
"""Words from which prose can be a section of the report."""
_CODE = ("REPLACE", "SUBMIT_CODE", "PYTHON")
_LINES = ("SUMMARY", "FULL_TEXT", "SEARCH_HF")
_TEXTS = ("PLAN", "INTERPRETATION")
_STEPS = (*_LINES, "ADD_PAPER", "PYTHON", "DIALOGUE")
"""Commands that can be taken one by one: they look, say or add, and put nothing in another's place."""
_DETAILED = (*_LINES, "EDIT", "ADD_PAPER", "GO_BACK", "SCORE", "DIALOGUE", "FINISH")
"""Commands whose word may be followed by something on its line."""
_PYTHON, _LATEX, _MARKDOWN = ("python", "py", "python3"), ("latex", "tex"), ("markdown", "md")
_PLAIN = ("", "text", "txt", "plaintext")
_LANGUAGES = (*_PYTHON, *_LATEX, *_MARKDOWN, *_PLAIN, "json")

_WORD = re.compile(
    r"[\s#>*_`-]*(?:command\s*:\s*)?[*_`]*"
    r"(?P<word>(?:full|add|search|submit|go)[ _-](?:text|paper|hf|code|back)|[a-z]+)"
    r"(?![a-z0-9])[*_`]*\s*[:.,;]*[*_`]*\s*(?P<rest>.*?)[\s*`]*",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"\s*(?:#|%|//)?\s*(?P<line>[A-Z_]+\b.*)")
_HEADING = re.compile(r"^#{1,3} ", re.MULTILINE)
_FILE = re.compile(r"[\w./-]*\.(?:py|tex|md|json)|python3?|py|latex|tex|markdown|md|json", re.IGNORECASE)
_NUMBER = r"[0-9]*\.?[0-9]+(?:[eE]-?[0-9]{1,3})?"
_RANGE = re.compile(
    r"[\[(]?\s*(?:lines?|from)?\s*([0-9]{1,7})"
    r"(?:\s*(?:[-–—,:.]+|to|through|and)\s*(?:line )?\s*|\s+)([0-9]{1,7})\s*[\])]?:?"
    r"|[\[(]?\s*(?:lines?)?\s*([0-9]{1,7})\s*[\])]?:?",
    re.IGNORECASE,
)
_OF = r"(?:%|(?:/|out of|of)\s*(?P<most>100?|1|5)(?:[.]0)?(?![0-9]))?"
_GRADE = rf"(?P<number>{_NUMBER})(?![0-9]|[.][0-9])[*_`]*\s*{_OF}"
_GRADED = r"(?:the |my |final |overall )*(?:score|judge?ment|rating|grade)\b[\s*_`:=]*(?:of |is |would be )?[*_`]*"
_SCORE_LINE = re.compile(rf"(?:- )?[\s*_#`]*(?:{_GRADED})?{_GRADE}[\s*_`.,;:]*", re.IGNORECASE)
_SCORE_SAID = re.compile(_GRADED + _GRADE, re.IGNORECASE)
_SCORE_FIRST = re.compile(
    rf"(?=[0-9]*[.][0-9]|[0-9]+\s*(?:/|%)){_GRADE}\s*[.,;:–—-]+[\s*_`]*(?P<rest>[^\s0-9].*)", re.IGNORECASE
)
_TITLE = re.compile(r"\(.*\b(?:19|20)[0-9]{2}\)?\W*$")
"""How lists end a paper's title: authors and year in parentheses."""
_LABEL = re.compile(r"[\s*_#]*(?:reflection|reason|summary|body|explanation)[*_]*\s*:[*_]*\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Said:
    """A command's word, what follows it on its line, and whether it is in capitals."""

    word: str
    rest: str
    loud: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reply is given: the words of the commands that can be used, all words there are, the phase."""

    allowed: Sequence[str]
    every: Collection[str]
    phase: Phase | None = None
    again: bool = False
    """Whether the reply before this one was no use."""


_Reading = Callable[[Block, list[Block], Place], Block | None]


def near(reply: str, place: Place, *, cut: bool) -> Block | None:
    """The one command that `reply` must have meant, as a block in the right form; None when that cannot be told.

    `cut` says that the server ended the reply at its limit: what is not closed is then not whole.
    """
    for mark in "`~":
        blocks, prose = read(reply, mark)
        if _ends_in_stray(blocks):
            blocks = blocks[:-1]
        if not blocks:
            continue
        found = _each(_named, blocks, place) or _each(_implied, blocks, place)
        if not found:
            return None if cut else _talk(reply, blocks, place)
        meant = _one(found) or _first(found, place)
        if meant is None or meant.word not in place.allowed:
            return None
        if cut and not meant.closed:
            return _cut_short(meant.word, meant.body.removesuffix("\n"), place)
        if meant.closed and not blocks[-1].closed and len(found) == 1:
            return None  # a second block was begun: nobody knows where the first was meant to end
        body = meant.body
        if not meant.closed:
            body = body.strip("\n").partition("\n")[0] if meant.word in _LINES else body.rstrip("\n")
            body += "\n"
        return mended(replace(meant, body=body, closed=True), prose)
    text = read(reply)[1]
    return _cut_short(place.allowed[0], text, place) if cut else _unfenced(text, place)


def _cut_short(word: str, text: str, place: Place) -> Block | None:
    """A text that is all that can be handed in, as far as it got: whole lines, and each once.

    Small models write what is wanted and then say the last of it again and again. A plan or a reading must have most of
    its headings; a section of the report is taken from who was told once, since a compiler looks at it next.
    """
    if place.allowed != [word]:
        return None
    lines = text.split("\n")[:-1]
    kept = "\n".join(line for index, line in enumerate(lines) if len(line) < _REPEATED or line not in lines[:index])
    if word in _TEXTS:
        return _as_text(word, kept) if len(_HEADING.findall(kept)) >= _WHOLE else None
    section = word == "REPLACE" and place.phase is Phase.REPORT and place.again and len(kept.split()) >= _SECTION
    return _as_text(word, kept) if section else None


def mended(block: Block, prose: str = "") -> Block:
    """The block with what stands in the wrong place, or in other words, put right; `prose` is the text around it."""
    match block.word:
        case "EDIT":
            return _mended_edit(block)
        case "SCORE":
            return _mended_score(block, prose)
        case "GO_BACK":
            return _mended_way_back(block, prose)
        case "FINISH":
            reason = f"{block.arguments}\n{block.body}".strip() or prose.strip() or "No reason was given."
            return replace(block, arguments="", body=reason + "\n")
        case "DIALOGUE":
            said = f"{block.arguments}\n{block.body}".lstrip("\n")
            return replace(block, arguments="", body=said if said.strip() else prose.strip() + "\n")
        case "ADD_PAPER":
            return _mended_paper(block, prose)
        case word if word in _TEXTS and not block.body.strip() and _HEADING.search(prose):
            return _as_text(word, prose)
        case word if word in _CODE or word in _TEXTS:
            return replace(block, arguments="") if _FILE.fullmatch(block.arguments) else block
        case _:
            return block


def _one(blocks: list[Block]) -> Block | None:
    """The only command among `blocks`; one that is said twice in the same words is one."""
    said = {(block.word, block.arguments, block.body.strip()) for block in blocks}
    return blocks[0] if len(said) == 1 else None


def _first(blocks: list[Block], place: Place) -> Block | None:
    """The first of several commands, when it looks, says or is one edit of many: no other has seen what comes of it."""
    words = [block.word for block in blocks]
    one_by_one = _may_come_one_by_one(words, place) and all(word in place.allowed for word in words)
    return blocks[0] if one_by_one and blocks[0].closed else None


def _may_come_one_by_one(words: Sequence[str], place: Place) -> bool:
    """Whether the first of several commands is taken from who was told once that one reply is one command."""
    return place.again and (words[0] in _STEPS or set(words) == {"EDIT"})


def _ends_in_stray(blocks: list[Block]) -> bool:
    """Whether the last fence closes what is closed already, or was never opened."""
    if not blocks or blocks[-1].closed:
        return False
    last = blocks[-1]
    return not (last.word or last.body.strip() or (last.before and len(blocks) > 1))


def _each(reading: _Reading, blocks: list[Block], place: Place) -> list[Block]:
    return [found for block in blocks if (found := reading(block, blocks, place))]


def _named(block: Block, _: list[Block], place: Place) -> Block | None:
    """The block when its command is named: on the fence in any case, on the first line, or on the line before it."""
    is_language = block.word.lower() in _PYTHON and block.word != "PYTHON"
    if not is_language and (found := _word(f"{block.word} {block.arguments}", place)):
        return replace(block, word=found.word, arguments=found.rest)
    if block.word.lower() not in _LANGUAGES:
        return None
    first, _newline, rest = block.body.lstrip("\n").partition("\n")
    if (inner := opening(first)) is not None and (found := _word(inner, place)):
        lines = rest.rstrip("\n").split("\n")
        body = lines[:-1] if opening(lines[-1]) == "" else lines
        return replace(block, word=found.word, arguments=found.rest, body="".join(f"{line}\n" for line in body))
    hidden = _HIDDEN.fullmatch(first)
    if hidden and (found := _said(hidden["line"], place)) and found.word in place.allowed:
        return replace(block, word=found.word, arguments=found.rest, body=rest)
    if (found := _said(block.before, place)) and (found.loud or found.word not in _TEXTS):
        return replace(block, word=found.word, arguments=found.rest)
    return None


def _word(text: str, place: Place) -> _Said | None:
    """A command's word, in any case, and what follows it."""
    found = _WORD.fullmatch(text) if len(text) <= _LONGEST_LINE else None
    word = re.sub(r"[ -]", "_", found["word"].upper()) if found else ""
    return _Said(word, found["rest"], found["word"].isupper()) if found and word in place.every else None


def _said(line: str, place: Place) -> _Said | None:
    """A command that is a line of its own: the word alone, or in capitals with what belongs on its line."""
    found = _word(line, place)
    if found is None or not (found.loud or (not found.rest and found.word in place.allowed)):
        return None
    if found.word == "EDIT" and found.rest and not _RANGE.fullmatch(found.rest):
        return None
    return found if not found.rest or found.word in _DETAILED else None


def _implied(block: Block, blocks: list[Block], place: Place) -> Block | None:
    """The block when its language leaves only one command that it can be."""
    tag, allowed = block.word.lower(), place.allowed
    words: Sequence[str] = ()
    if tag in _PYTHON and place.phase is not Phase.REPORT:
        words = [word for word in _CODE if word in allowed and ("EDIT" not in allowed or _is_program(block.body))]
    elif tag in _LATEX and place.phase is Phase.REPORT:
        words = [word for word in ("REPLACE",) if word in allowed]
    elif tag == "json":
        words = [word for word in ("REVIEW", "SCORE") if word in allowed]
    elif tag in _MARKDOWN and any(word in allowed for word in _TEXTS):
        words = [word for word in _TEXTS if word in allowed]
    elif tag in (*_PLAIN, *_MARKDOWN) and len(blocks) == 1:
        words = allowed
    return replace(block, word=words[0], arguments="") if len(words) == 1 else None


def _is_program(text: str) -> bool:
    """Whether Python code can be a whole program rather than the lines that were to change."""
    return re.search(r"^(?:import|from) ", text, re.MULTILINE) is not None and "metrics.json" in text


def _talk(reply: str, blocks: list[Block], place: Place) -> Block | None:
    """A reply whose blocks are no commands: all of it is said, where speaking or one text is all that can be done."""
    if len(place.allowed) != 1 or any(block.word.isupper() or not block.closed for block in blocks):
        return None
    (word,) = place.allowed
    if word == "REPLACE" and place.phase is Phase.REPORT:
        return _as_section(reply, place)
    return _as_text(word, reply) if word == "DIALOGUE" or (word in _TEXTS and _HEADING.search(reply)) else None


def _unfenced(prose: str, place: Place) -> Block | None:
    """The command of a reply without any fence."""
    lines = prose.split("\n")
    said = [(index, found) for index, line in enumerate(lines) if (found := _said(line, place))]
    said = [(index, found) for index, found in said if found.loud and found.word in place.allowed]
    if len({found for _, found in said}) > 1 and not _may_come_one_by_one([found.word for _, found in said], place):
        return None
    if said:
        lines = lines[: next((index for index, found in said[1:] if found != said[0][1]), None)]
        index, found = said[0]
        after: list[str] = lines[index + 1 :]
        rest = found.rest
        if found.word in _LINES:
            rest, after = rest or next((line.strip() for line in after if line.strip()), ""), []
        text = "\n".join(after).strip("\n")
        return mended(Block(found.word, rest, text and f"{text}\n", closed=True), "\n".join(lines[:index]))
    if len(place.allowed) == 1 and (alone := _alone(place.allowed[0], prose, place)):
        return alone
    for word in _TEXTS:
        begins = word in place.allowed and re.match(rf"\s*#+ *{word}\b", prose, re.IGNORECASE)
        if begins and len(_HEADING.findall(prose)) >= _WHOLE:
            return _as_text(word, prose)
    return _as_text("DIALOGUE", prose) if "DIALOGUE" in place.allowed and prose.strip() else None


def _alone(word: str, prose: str, place: Place) -> Block | None:
    """A reply that is the body of the only command that can be used."""
    if word == "REVIEW" and "{" in prose and "}" in prose:
        return Block(word, "", prose[prose.index("{") : prose.rindex("}") + 1] + "\n", closed=True)
    if word == "REPLACE" and place.phase is Phase.REPORT:
        return _as_section(prose, place)
    if word == "SCORE":
        return _mended_score(Block(word, "", prose, closed=True), "")
    if word in _TEXTS and _HEADING.search(prose):
        return _as_text(word, prose)
    return None


def _as_section(prose: str, place: Place) -> Block | None:
    """A title or section behind the command's word; without it, long prose from who has missed the form once."""
    said = re.match(r"\W*REPLACE\b[\s:*`]*(?=\w)", prose)
    text = prose[said.end() :] if said else re.sub(r"\A\s*[^\n]{0,200}:\s*\n", "", prose)
    if not said and not (place.again and len(text.split()) >= _SECTION):
        return None
    return _as_text("REPLACE", text)


def _as_text(word: str, text: str) -> Block:
    heading = _HEADING.search(text) if word in _TEXTS else None
    return Block(word, "", text[heading.start() if heading else 0 :].strip() + "\n", closed=True)


def _mended_edit(block: Block) -> Block:
    lines, body = block.arguments, block.body
    if not lines:
        lines, _, body = body.partition("\n")
    found = _RANGE.fullmatch(re.sub(r"\s(?:python3?|py)$", "", lines[:_LONGEST_LINE].strip().strip("*`")))
    if not found:
        return block
    first, last = found[1] or found[3], found[2] or found[3]
    return replace(block, arguments=f"{first} {last}", body=body)


def _mended_score(block: Block, prose: str) -> Block:
    """The score as a number from 0 to 1 on the first line, the reflection below it."""
    text = f"{block.arguments}\n{block.body}".strip()
    if text.startswith("{"):
        text = _score_of_json(text) or text
    lines = text.split("\n")
    short = {index: line for index, line in enumerate(lines) if len(line) <= _LONGEST_LINE}
    alone = {index: found for index, line in short.items() if (found := _SCORE_LINE.fullmatch(line))}
    if alone:
        shares = {_share(found) for found in alone.values()}
        rest = "\n".join(line for index, line in enumerate(lines) if index not in alone)
    elif said := [found for line in short.values() for found in _SCORE_SAID.finditer(line)]:
        shares, rest = {_share(found) for found in said}, text
    elif 0 in short and (first := _SCORE_FIRST.fullmatch(lines[0])):
        shares, rest = {_share(first)}, "\n".join([first["rest"], *lines[1:]])
    else:
        return block
    if len(shares) > 1:
        return block
    reflection = _LABEL.sub("", rest.strip(), count=1) if _LABEL.match(rest.strip()) else rest.strip()
    return replace(block, arguments="", body=f"{shares.pop()}\n{reflection or prose.strip()}\n")


def _share(found: re.Match[str]) -> str:
    """A grade as a share of the highest."""
    most = found["most"] or ("100" if "%" in found[0] else "")
    return f"{float(found['number']) / float(most):g}" if most else found["number"]


def _score_of_json(text: str) -> str:
    try:
        form = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    values = {str(key).lower(): value for key, value in form.items()} if isinstance(form, dict) else {}
    return f"{values['score']}\n{values.get('reflection', '')}" if "score" in values else ""


def _mended_way_back(block: Block, prose: str) -> Block:
    name, body = block.arguments, block.body
    if not name:
        name, _, body = body.lstrip("\n").partition("\n")
    name = name.strip(" :.*`").lower().replace(" ", "-").replace("_", "-")
    return replace(block, arguments=name, body=(body.strip() or prose.strip() or "No reason was given.") + "\n")


def _mended_paper(block: Block, prose: str) -> Block:
    """The paper's id on the first line, the summary below it."""
    text = f"{block.arguments}\n{block.body}".strip()
    first, _, rest = text.partition("\n")
    if not rest.strip():
        first, _, rest = first.partition(" ")
        rest = rest.lstrip(" :—–-")
        rest = prose if not rest or _TITLE.search(rest[-_LONGEST_LINE:]) else rest
    return replace(block, arguments="", body=f"{first}\n{rest}\n")
