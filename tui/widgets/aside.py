"""What is seen while a reply is made and is no part of it: a model's thoughts, and attempts that broke off."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content

from core.clean import clean
from tui.widgets.bounded import MOST_LINES
from tui.widgets.document import Block
from tui.widgets.frame import MUTED

MOST_THOUGHTS = 20_000
"""Characters of the thoughts that are kept, the last ones; they are no part of the history."""

THOUGHTS = "thoughts"
"""The part of a turn that is folded under their head."""

_TAIL_LINES, _TAIL = 3, 180
"""Lines and characters of the thoughts that are seen while they come."""

_DIM = f"italic {MUTED}"


@dataclass(slots=True)
class Aside:
    """Stands above a reply, folded to a line; `reason` says why the last of the `attempts` was void."""

    thoughts: str = ""
    words: int = 0
    attempts: int = 0
    reason: str = ""
    _shown: tuple[tuple[object, ...], list[Block]] = ((), [])
    """The blocks that were made last, and of what: the reply grows below them many times a second."""

    def think(self, text: str) -> None:
        """More of the thoughts."""
        self.words += len(text.split())
        self.thoughts = clean(self.thoughts + clean(text))[-MOST_THOUGHTS:]

    def restart(self, reason: str) -> None:
        """What was thought and said is void."""
        self.thoughts, self.words = "", 0
        self.attempts, self.reason = self.attempts + 1, reason

    def blocks(self, *, unfolded: bool, thinking: bool = False) -> list[Block]:
        """The lines above the reply; while it is `thinking` the last thoughts are seen."""
        made_of = (unfolded, thinking, self.thoughts, self.attempts)
        if self._shown[0] != made_of:
            self._shown = (made_of, [*self._broken_off(), *self._thoughts(unfolded, thinking)])
        return self._shown[1]

    def _broken_off(self) -> list[Block]:
        if not self.attempts:
            return []
        often = f" {self.attempts} times" if self.attempts > 1 else ""
        said = Content.styled(f"asked again{often}: {' '.join(clean(self.reason).split())}", MUTED)
        return [Block(said, Content.styled("↻ ", "$text-warning"), Content("  "))]

    def _thoughts(self, unfolded: bool, thinking: bool) -> list[Block]:
        lines = [line for line in self.thoughts.expandtabs(4).split("\n") if line.strip()]
        if not lines:
            return []
        count = f"{'thinks' if thinking else 'thought'} · {self.words} word{'s' if self.words != 1 else ''}"
        mark = Content.styled("▾ " if unfolded or thinking else "▸ ", MUTED)
        head = Block(Content.styled(count, MUTED), mark, part=THOUGHTS)
        shown = lines[-MOST_LINES:] if unfolded else _end(lines) if thinking else []
        bar = Content.styled("┊ ", MUTED)
        return [head, *(Block(Content.styled(line, _DIM), bar, bar) for line in shown)]


def _end(lines: list[str]) -> list[str]:
    """What is thought just now, also where a model thinks in one long line."""
    end = "\n".join(lines[-_TAIL_LINES:])
    return (end if len(end) <= _TAIL else f"… {end[-_TAIL:].partition(' ')[2]}").split("\n")
