"""A turn as it stands in the chat: who, what was said, the command folded to a line, what came of it."""

from __future__ import annotations

import re

from textual.content import Content

from core.clean import clean
from core.record import Agent, Score, Status, Turn
from tui.widgets.aside import Aside
from tui.widgets.code import language_of
from tui.widgets.document import NOTHING, Block, Document, Wrap
from tui.widgets.frame import MUTED
from tui.widgets.prose import bar, note, prose, shown_code, split_stable
from tui.widgets.voices import VOICES, Voice, voice_of

MOST_CHARACTERS = 40_000
"""Characters of one reply that are shown; the whole stands in the turn's commit."""

CURSOR = "▌"
"""Stands where the next words come."""

LONGEST_FOLDED = 180
"""Characters of a line of the outcome while it is folded."""

LONGEST_BLOCK = 8_000
"""Characters of one paragraph, list or table that is read anew whenever it grows."""

_COMMAND = re.compile(r"[A-Z][A-Z_]{2,}$")
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


def spoken(turn: Turn, *, unfolded: bool = False, aside: Aside | None = None) -> Document:
    """A finished turn; `unfolded` shows thoughts, commands and outcome in full."""
    title = f"{turn.agent.title} · {turn.phase.title.lower()}"
    blocks = [headline(title, turn.number, VOICES[turn.agent])]
    blocks += aside.blocks(unfolded=unfolded) if aside else []
    if turn.agent in (Agent.RESEARCHER, Agent.LABTOP):
        blocks += [Block(Content(clean(turn.subject or turn.reply)))]
    else:
        blocks += _reply(turn, unfolded)
    if turn.score:
        blocks.append(_score(turn.score))
    return Document([*blocks, *_outcome(turn, unfolded), NOTHING_BELOW])


def headline(heading: str, turn: int, voice: Voice | None = None) -> Block:
    """The line above a turn: glyph, name and phase at the left, the turn's number at the right."""
    name, separator, rest = clean(heading).replace("\n", " ").partition(" · ")
    glyph, style = voice or voice_of(name)
    left = Content.assemble((f"{glyph} {name}", style), (separator + rest, MUTED))
    return Block(left, right=Content.styled(f"turn {turn}", MUTED))


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
        # A line that is not complete may yet turn out as something else, and go on the block before it.
        stable = split_stable(self._tail[: self._tail.rfind("\n") + 1]) if "\n" in text else 0
        if not stable and len(self._tail) > LONGEST_BLOCK:
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


NOTHING_BELOW = Block(NOTHING)


def _reply(turn: Turn, unfolded: bool) -> list[Block]:
    reply = clean(turn.reply).strip()
    left_out = len(reply) - MOST_CHARACTERS
    path = clean(turn.path)

    def fence(info: str, body: str) -> list[Block]:
        said = clean(turn.command)
        info = said if said.split(" ")[0] == info.split(" ")[0] else info
        return _command(info, body, path, unfolded)

    blocks = prose(reply[:MOST_CHARACTERS], fence)
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
    folded = Block(Content.styled(about, "bold"), _mark("▾" if unfolded else "▸"), Content("  "))
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
    """The first and the last line of the outcome (a traceback says what happened at its end)."""
    mark, style = _MARKS[turn.status]
    came = " ".join(turn.outcome.split())
    if came and turn.status is Status.OK and came in " ".join(turn.reply.split()):
        return _reflection(turn, unfolded)  # what was said is what came of it
    lines = [line for line in clean(turn.outcome).expandtabs(4).split("\n") if line.strip()]
    lines = lines or [turn.status.value]
    hidden = 0
    if not unfolded and len(lines) > _SHORT:
        ends = [lines[0], lines[-1]] if turn.status is not Status.OK else lines[:2]
        hidden, lines = len(lines) - 2, ends
    if not unfolded:
        lines = [line if len(line) <= LONGEST_FOLDED else line[: LONGEST_FOLDED - 1] + "…" for line in lines]
    blocks = [Block(Content(lines[0]), Content.styled(f"{mark} ", style), Content("  "))]
    blocks += [Block(Content.styled(line, MUTED), Content("  "), Content("  ")) for line in lines[1:]]
    if hidden:
        blocks.append(note(f"  … {hidden} more line{'s' if hidden != 1 else ''}, o opens"))
    return [*blocks, *_reflection(turn, unfolded)]


def _reflection(turn: Turn, unfolded: bool) -> list[Block]:
    if not (turn.reflection and unfolded):
        return []
    return [Block(Content.styled(clean(turn.reflection), "italic"), _mark("↳"), Content("  "))]
