"""What the built-in researcher answers: sentences, then one command."""

from __future__ import annotations

from dataclasses import dataclass

from core.commands import Command
from core.parsing import write


@dataclass(frozen=True, slots=True)
class Reply:
    """The reasoning in a few sentences and the command that follows from it."""

    words: str
    command: Command

    @property
    def text(self) -> str:
        """The reply as a model would write it: the words, then the fenced command."""
        return f"{self.words.strip()}\n\n{write(self.command)}\n"
