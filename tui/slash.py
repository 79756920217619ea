"""The /commands of the input line: every action of the registry, and those that take words of their own."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.latex.sections import SECTIONS
from core.record import Phase
from core.settings import Copilot
from tui.keys import Scope, actions
from tui.themes import THEMES

MOST_OFFERS = 8
"""How many completions are shown at once."""


@dataclass(frozen=True, slots=True)
class Slash:
    """A command by name; `takes` says of which kind each of its words is, `runs` which action it stands for."""

    name: str
    usage: str
    help: str
    takes: tuple[str, ...] = ()
    runs: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    """The words that it takes, and what each means."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the words of a command can be in the project that is open."""

    turns: Mapping[str, str] = field(default_factory=dict)
    """Their numbers, newest first, and what they did."""
    files: Sequence[str] = ()
    branches: Sequence[str] = ()
    lines: Sequence[str] = ()
    """The lines of inquiry, those in folders beside, too."""
    themes: Sequence[str] = field(default_factory=lambda: tuple(THEMES))


@dataclass(frozen=True, slots=True)
class Offer:
    """A way to go on: the whole line as it would be, and what it means."""

    line: str
    shown: str
    help: str

    @property
    def short(self) -> str:
        """What is shown where there is little room: a command's name alone."""
        return self.shown.partition(" ")[0] if self.shown.startswith("/") else self.shown


_SWITCH = {"on": "", "off": ""}
_SECTIONS = {f"section {name}": "; a number after it takes one paragraph" for name in SECTIONS}
MODES = {
    Copilot.OFF.value: "never",
    Copilot.NOTIFY.value: "never, and told when it is done",
    Copilot.PHASE.value: "when it is done",
    Copilot.TURN.value: "before every turn acts",
}
"""How often a person is asked, in words."""
OWN = (
    Slash("note", "WORDS", "Words to the agents of this phase, read at the next turn", ("words",)),
    Slash("run", "", "Run on"),
    Slash(
        "pause",
        "[phase | at $5 | at 03:00]",
        "Hold before the next turn, at the end of the phase, at a price, at a time of day",
        ("when",),
        choices={"phase": "when the phase has its result", "at $": "once so much is spent", "at 03:00": "at that time"},
    ),
    Slash("autonomy", "[PHASE | all] MODE", "How often you are asked: turn, phase, notify or off", ("phase", "mode")),
    Slash("ask", "WORDS", "Ask the agent something; no turn is made of it", ("words",)),
    Slash("decline", "[REASON]", "Say no to the reply that waits; the agent reads the reason", ("words",)),
    Slash("goto", "TURN", "Look at a turn in the history", ("turn",)),
    Slash("rollback", "[TURN]", "Go back to a turn; shows first what goes", ("turn",)),
    Slash("branch", "NAME [TURN]", "Start a line of inquiry at a turn", ("new", "turn")),
    Slash("beside", "NAME [TURN]", "Start a line in a folder of its own: both can run at once", ("new", "turn")),
    Slash("compare", "LINE [LINE …]", "Lines, turns or folders side by side; one alone: with this line", ("line",) * 4),
    Slash("take", "LINE [PART]", "Take a finding of another line: program, numbers, a paragraph", ("line", "part")),
    Slash("find", "WORDS", "Look for turns by agent, phase, status or words", ("sought",)),
    Slash("copy", "[TURN]", "Copy the commit of a turn", ("turn",)),
    Slash("pictures", "", "The report's pages and the figures as pictures"),
    Slash("models", "", "Describe models of yours in config.toml, in your editor"),
    Slash("switch", "NAME", "Go to another line of inquiry; this one stays as it is", ("name",)),
    Slash("open", "FILE", "Open a file of the project in your editor", ("file",)),
    Slash("theme", "[NAME]", "Choose the colours", ("theme",)),
    Slash("notify", "on | off", "Ring and notify when you are needed", ("switch",), choices=_SWITCH),
    Slash("private", "on | off", "Forget what is typed here when the app ends", ("switch",), choices=_SWITCH),
    Slash("mouse", "on | off", "Use the mouse, from the next start on", ("switch",), choices=_SWITCH),
)
_REPLACED = {"run_pause", "tell", "change_theme", "decline", "roll_back", "command"}
"""Actions that a command above does, with more words."""
ALIASES: Mapping[str, str] = {"quit": "leave", "q": "leave", "w": "note", "go": "run", "settings": "edit-settings"}


def slashes() -> dict[str, Slash]:
    """All commands by name: those above, then the actions of the laboratory."""
    found = {slash.name: slash for slash in OWN}
    for action in actions(Scope.LABORATORY, Scope.WAITING):
        name = action.id.replace("_", "-")
        if action.id not in _REPLACED and name not in found:
            usage = " | ".join(action.arguments)
            takes = ("choice",) if action.arguments else ()
            found[name] = Slash(name, usage, action.help, takes, action.id, dict.fromkeys(action.arguments, ""))
    return found


def typed(line: str) -> tuple[str, str]:
    """The name of a command and the rest, of a line such as `/pause at $5`."""
    name, _, rest = line.strip().removeprefix("/").partition(" ")
    return ALIASES.get(name, name), rest.strip()


def unknown(name: str) -> str:
    """What to say of a command that does not exist."""
    near = difflib.get_close_matches(name, slashes(), n=1, cutoff=0.5)
    return f"there is no /{name}{f'; did you mean /{near[0]}?' if near else '; tab shows all'}"


def offers(line: str, facts: Facts) -> list[Offer]:
    """How a line that begins with `/` can go on, the likeliest first."""
    known = slashes()
    name, space, rest = line[1:].partition(" ")
    if not space:
        return [Offer(f"/{one.name}{' ' if one.takes else ''}", _shown(one), one.help) for one in _named(name, known)]
    slash = known.get(ALIASES.get(name, name))
    if slash is None:
        return []
    done, part = _split(rest, slash)
    kind = slash.takes[min(len(done), len(slash.takes) - 1)] if slash.takes else ""
    if len(done) >= max(1, len(slash.takes)):
        return []
    before = "".join(f"{word} " for word in done)
    return [Offer(f"/{name} {before}{word}", word, means) for word, means in _words(kind, slash, facts, part)]


def _split(rest: str, slash: Slash) -> tuple[list[str], str]:
    """The words that are done, and the one that is being typed; what may hold blanks is one word."""
    if len(slash.takes) < 2:
        return [], rest
    *done, part = rest.split(" ")
    return [word for word in done if word], part


def _named(name: str, known: Mapping[str, Slash]) -> list[Slash]:
    begin = [one for one in known.values() if one.name.startswith(name)]
    hold = [one for one in known.values() if name in one.name and one not in begin]
    return begin + hold


def _words(kind: str, slash: Slash, facts: Facts, part: str) -> list[tuple[str, str]]:
    """What a word can be, and what that means."""
    from core.sought import FILTERS

    meanings: Mapping[str, str] = {
        "phase": {"all": "every phase", **{phase.value: phase.title for phase in Phase}},
        "mode": MODES,
        "turn": facts.turns,
        "theme": {name: THEMES.get(name, "") for name in facts.themes},
        "file": dict.fromkeys(facts.files, ""),
        "name": dict.fromkeys(facts.branches, ""),
        "line": dict.fromkeys(facts.lines, ""),
        "part": {"program": "to be run and measured here", "results": "the numbers", **_SECTIONS},
        "sought": dict.fromkeys(FILTERS, ""),
    }.get(kind, slash.choices)
    low = part.casefold()
    begin = [word for word in meanings if word.casefold().startswith(low)]
    hold = [word for word in meanings if low in word.casefold() and word not in begin]
    return [(word, meanings[word]) for word in begin + hold]


def _shown(slash: Slash) -> str:
    return f"/{slash.name} {slash.usage}".rstrip()
