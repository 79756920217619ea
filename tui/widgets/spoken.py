"""A turn as it stands in the chat: who, what was said, the command folded to a line, what came of it."""

from __future__ import annotations

import re
from collections.abc import Collection

from textual.content import Content

from core.asked import has_prompt
from core.clean import clean
from core.record import Agent, Score, Status, Turn
from tui.widgets.aside import THOUGHTS, Aside
from tui.widgets.bounded import MOST_CHARACTERS, bounded, ending
from tui.widgets.code import language_of
from tui.widgets.document import NOTHING, Block, Document, Wrap
from tui.widgets.frame import MUTED
from tui.widgets.prose import bar, note, prose, shown_code, split_stable
from tui.widgets.voices import VOICES, Voice, voice_of

MOST_REPLY_LINES = 2000
"""Lines of one reply that are shown, of at most MOST_CHARACTERS; the whole stands in the turn's commit."""

CURSOR = "▌"
"""Stands where the next words come."""

LONGEST_FOLDED = 180
"""Characters of a line of the outcome while it is folded."""

LONGEST_BLOCK, HIGHEST_BLOCK = 8_000, 300
"""Characters and lines of one paragraph, list or table that is read anew whenever it grows."""

MOST_PROMPT_LINES = 1000

PROMPT, COMMAND, OUTCOME = "prompt", "command", "outcome"
FOLDED = frozenset({THOUGHTS, COMMAND, OUTCOME})
"""What a turn shows one line of; its prompt is opened for itself, since it is longer than all the rest."""

_COMMAND = re.compile(r"[A-Z][A-Z_]{2,}$")
_FENCE = re.compile(r"^(?:```|~~~).*$", re.MULTILINE)
_TALK = {"DIALOGUE", "FINISH", "GO_BACK"}
_PROSE = {"PLAN", "INTERPRETATION", "SUMMARY", "ADD_PAPER", "SCORE"}
_SHORT = 3
_TAIL = 10

_MARKS = {
    Status.OK: ("✓", "$text-success"),
    Status.FAILED: ("✗", "$text-error"),
    Status.MALFORMED: ("✗", "$text-error"),
    Status.DECLINED: ("–", "$text-warning"),
}


def spoken(turn: Turn, opened: Collection[str] = (), *, aside: Aside | None = None, asked: str = "") -> Document:
    """A finished turn with the parts in `opened` in full; `asked` is its prompt, empty while that is being read."""
    title = f"{turn.agent.title} · {turn.phase.title.lower()}"
    fold = "" if not has_prompt(turn) else "▾" if PROMPT in opened else "▸"
    blocks = [headline(title, turn.number, VOICES[turn.agent], fold)]
    blocks += _prompt(asked) if PROMPT in opened else []
    blocks += aside.blocks(unfolded=THOUGHTS in opened) if aside else []
    if turn.agent in (Agent.RESEARCHER, Agent.LABTOP):
        blocks += [Block(Content(bounded(turn.subject or turn.reply)))]
    else:
        blocks += _reply(turn, COMMAND in opened)
    if turn.score:
        blocks.append(_score(turn.score))
    return Document([*blocks, *_outcome(turn, OUTCOME in opened), NOTHING_BELOW])


def headline(heading: str, turn: int, voice: Voice | None = None, fold: str = "") -> Block:
    """The line above a turn: glyph, name and phase at the left, the turn's number at the right.

    `fold` is the mark of a turn whose prompt can be read.
    """
    name, separator, rest = clean(heading).replace("\n", " ").partition(" · ")
    glyph, style = voice or voice_of(name)
    left = Content.assemble((f"{glyph} {name}", style), (separator + rest, MUTED))
    right = Content.styled(f"{fold} turn {turn}".lstrip(), MUTED)
    return Block(left, right=right, part=PROMPT if fold else "")


class Growing:
    """A reply that is still being written: what can no longer change is laid out once."""

    def __init__(self, heading: Block) -> None:
        self._heading = heading
        self.aside = Aside()
        self._done: list[Block] = []
        self._tail = ""
        self.characters = 0

    def feed(self, text: str) -> None:
        """More of the reply, as it came."""
        self.characters += len(text)
        self._tail = clean(self._tail + clean(text))
        self._tail = _end(self._tail) if len(text) > LONGEST_BLOCK else self._tail
        # A line that is not complete may yet turn out as something else, and go on the block before it.
        stable = split_stable(self._tail[: self._tail.rfind("\n") + 1]) if "\n" in text else 0
        if not stable and (len(self._tail) > LONGEST_BLOCK or self._tail.count("\n") > HIGHEST_BLOCK):
            stable = self._cut()
        if stable:
            self._done += prose(self._tail[:stable], _tail_of_fence)
            self._tail = self._tail[stable:]
            del self._done[:-400]

    @property
    def empty(self) -> bool:
        """Whether nothing has been said or thought yet."""
        return not self.characters and not self.aside.thoughts

    def think(self, text: str) -> None:
        """More of what the model thinks before it replies."""
        self.aside.think(text)

    def restart(self, reason: str) -> None:
        """What was said is void, and asked for again."""
        self.aside.restart(reason)
        self._done, self._tail, self.characters = [], "", 0

    def _cut(self) -> int:
        """Keep a block that does not end cheap: code is shown by its end only, anything else is taken as it stands."""
        opening, _, body = self._tail.partition("\n")
        if not opening.startswith(("```", "~~~")):
            return len(self._tail)
        if len(body) > MOST_CHARACTERS:
            self._tail = f"{opening}\n{body[-MOST_CHARACTERS // 2 :]}"
        return 0

    def document(self, cursor: str = CURSOR, *, unfolded: bool = False) -> Document:
        """The reply so far, a cursor at its end."""
        aside = self.aside.blocks(unfolded=unfolded, thinking=bool(cursor) and not self.characters)
        last = prose(self._tail, _tail_of_fence)
        while last and not last[-1].content and not last[-1].first:
            last.pop()
        if last and last[-1].right is None:
            end = last[-1]
            last[-1] = Block(end.content + Content.styled(cursor, "$text-accent"), end.first, end.rest, wrap=end.wrap)
        else:
            last.append(Block(Content.styled(cursor, "$text-accent")))
        return Document([self._heading, *aside, *self._done, *last, NOTHING_BELOW])


def _end(text: str) -> str:
    """The end of a reply that came in one large piece, in the fence that it stands in: only the end will be seen."""
    kept = ending(text)
    if len(kept) == len(text):
        return text
    opened = ""
    for fence in _FENCE.finditer(text, 0, len(text) - len(kept)):
        opened = "" if opened else fence[0]
    return f"{opened}\n{kept}" if opened else kept


NOTHING_BELOW = Block(NOTHING)


def _prompt(asked: str) -> list[Block]:
    """What the agent was asked, word for word; the middle of a very long one is left out."""
    if not asked:
        return [note("reading what was asked …")]
    side = Content.styled("┆ ", MUTED)
    return [Block(Content.styled(line, MUTED), side, side) for line in bounded(asked, MOST_PROMPT_LINES).split("\n")]


def _reply(turn: Turn, unfolded: bool) -> list[Block]:
    whole = clean(turn.reply).strip()
    reply = "\n".join(whole[:MOST_CHARACTERS].split("\n", MOST_REPLY_LINES)[:MOST_REPLY_LINES])
    left_out = len(whole) - len(reply)
    path = clean(turn.path)

    def fence(info: str, body: str) -> list[Block]:
        said = clean(turn.command)
        info = said if said.split(" ")[0] == info.split(" ")[0] else info
        return _command(info, body, path, unfolded)

    blocks = prose(reply, fence)
    while blocks and not blocks[-1].content and not blocks[-1].first:
        blocks.pop()
    if left_out > 0:
        blocks.append(note(f"… {left_out} more characters stand in .lab/turn.json of this turn's commit"))
    return blocks or [note("(an empty reply)")]


def _command(info: str, body: str, path: str, unfolded: bool) -> list[Block]:
    word, _, arguments = info.strip().partition(" ")
    if not _COMMAND.match(word):
        return shown_code(info, body)
    if word in _TALK:
        return prose(body.strip())
    lines = body.rstrip("\n").split("\n") if body.strip() else []
    if len(lines) <= _SHORT and not language_of(path):
        head = word if arguments == " ".join(lines) else f"{word} {arguments}".strip()
        return [Block(Content.assemble((f"{head}  ", "bold"), "\n".join(lines)), _mark("▸"), Content("  "))]
    size = f"{len(lines)} line{'s' if len(lines) != 1 else ''}"
    about = " · ".join(part for part in (f"{word} {arguments}".strip(), size, path) if part)
    folded = Block(Content.styled(about, "bold"), _mark("▾" if unfolded else "▸"), Content("  "), part=COMMAND)
    if not unfolded:
        return [folded]
    return [folded, *(prose(body) if word in _PROSE else bar(body.expandtabs(4).split("\n"), language_of(path)))]


def _tail_of_fence(info: str, body: str) -> list[Block]:
    """A fenced block that is being written: its last lines, so that a long program does not push the talk away."""
    word, _, arguments = info.strip().partition(" ")
    if word in _TALK:
        return prose(body)
    lines = body.expandtabs(4).rstrip("\n").split("\n")
    language = "python" if word in ("EDIT", "REPLACE", "PYTHON", "SUBMIT_CODE") else word.lower()
    size = f"{len(lines)} line{'s' if len(lines) != 1 else ''}"
    about = " · ".join(part for part in (f"{word} {arguments}".strip() or "code", size) if part)
    head = Block(Content.styled(about, "bold"), _mark("▾"), Content("  "))
    return [head, *bar(lines[-_TAIL:], "" if language == "plan" else language, Wrap.CUT)]


def _mark(mark: str) -> Content:
    return Content.styled(f"{mark} ", MUTED)


def _score(score: Score) -> Block:
    measured = f"{clean(score.metric)} {score.value:.4g} · " if score.metric and score.value is not None else ""
    kept = Content.styled("  ▲ best so far", "$text-success") if score.kept else NOTHING
    text = Content.assemble((f"{measured}judge {score.judge:.2f}", "bold"), kept)
    return Block(text, _mark("◎"), Content("  "))


def _outcome(turn: Turn, unfolded: bool) -> list[Block]:
    """What came of the turn, in a line; of a failure the last line too (a traceback says there what happened)."""
    mark, style = _MARKS[turn.status]
    came = " ".join(turn.outcome.split())
    if came and turn.status is Status.OK and came in " ".join(turn.reply.split()):
        return _reflection(turn, unfolded)  # what was said is what came of it
    lines = [line for line in clean(turn.outcome).expandtabs(4).split("\n") if line.strip()]
    lines = lines or [turn.status.value]
    lines = bounded("\n".join(lines)).split("\n") if unfolded else lines
    shown = (
        lines if unfolded or len(lines) <= _SHORT else lines[:1] if turn.status is Status.OK else [lines[0], lines[-1]]
    )
    hidden = len(lines) - len(shown)
    if not unfolded:
        shown = [line if len(line) <= LONGEST_FOLDED else line[: LONGEST_FOLDED - 1] + "…" for line in shown]
    folds = OUTCOME if unfolded or hidden or shown != lines or turn.reflection else ""
    more = f"  … {hidden} more line{'s' if hidden != 1 else ''}, o opens" if hidden else ""
    first = Content(shown[0])
    if hidden and len(shown) == 1:
        first, more = Content.assemble(first, (more, MUTED)), ""
    blocks = [Block(first, Content.styled(f"{mark} ", style), Content("  "), part=folds)]
    blocks += [Block(Content.styled(line, MUTED), Content("  "), Content("  ")) for line in shown[1:]]
    if more:
        blocks.append(note(more))
    return [*blocks, *_reflection(turn, unfolded)]


def _reflection(turn: Turn, unfolded: bool) -> list[Block]:
    if not (turn.reflection and unfolded):
        return []
    return [Block(Content.styled(bounded(turn.reflection), "italic"), _mark("↳"), Content("  "))]
