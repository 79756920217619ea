"""Every action of the app, once: footer, help, palette, commands and the written tables are made from this list."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType


class Scope(StrEnum):
    """Where an action can be used."""

    LABORATORY = "The laboratory"
    WAITING = "While a turn waits for you"
    HISTORY = "The history"
    COMPARE = "Lines compared"
    PANES = "In a pane"
    PICTURES = "Pages and figures"
    HOME = "Your projects"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a person can do; `keys` are Textual's names, `shown` is how a person reads them."""

    id: str
    keys: tuple[str, ...]
    shown: str
    label: str
    help: str
    scopes: tuple[Scope, ...]
    footer: bool = False
    arguments: tuple[str, ...] = ()
    """One for each key, where the action needs to know which."""
    panes: tuple[str, ...] = ()
    """Of an action within panes: those that have it; none: all of them."""

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """Its keys by what a keymap calls them: `undo`, or `hunk.next` where it has arguments."""
        found: dict[str, tuple[str, ...]] = {} if self.arguments else {self.id: self.keys}
        for key, argument in zip(self.keys, self.arguments, strict=False):
            name = f"{self.id}.{argument}"
            found[name] = (*found.get(name, ()), key)
        return found

    @property
    def commands(self) -> list[tuple[str, str]]:
        """The action as (what a palette calls it, how Textual runs it), once for each argument."""
        if not self.arguments:
            return [(self.label, self.id)]
        return [(f"{self.label}: {one}", f"{self.id}({one!r})") for one in dict.fromkeys(self.arguments)]


_LAB, _ASK, _HISTORY, _HOME = Scope.LABORATORY, Scope.WAITING, Scope.HISTORY, Scope.HOME
_PANE = Scope.PANES
"""Bound by the panes themselves, with `bound`."""
_PICTURES, _COMPARE = Scope.PICTURES, Scope.COMPARE
_BRACKETS, _BRACES = ("left_square_bracket", "right_square_bracket"), ("left_curly_bracket", "right_curly_bracket")
_BOTH_WAYS = ("previous", "next")
_LINES = ("diff", "history", "output", "program", "reviews", "costs", "report")
"""The panes that are drawn by line, and may have long ones."""
_EVERYWHERE = (_LAB, _HISTORY, _HOME, _PICTURES, _COMPARE)


def _within(
    id: str,  # noqa: A002
    keys: tuple[str, ...],
    shown: str,
    label: str,
    help: str,  # noqa: A002
    panes: str,
    arguments: tuple[str, ...] = (),
) -> Action:
    """An action of some panes."""
    return Action(id, keys, shown, label, help, (_PANE,), False, arguments, tuple(panes.split()))


ACTIONS = (
    Action("run_pause", ("space",), "space", "run/pause", "Run on, or hold before the next turn", (_LAB,), True),
    Action("step", ("n",), "n", "step", "Make one turn, then hold", (_LAB,), True),
    Action("finish_phase", ("f",), "f", "finish phase", "Run to the end of this phase, then hold", (_LAB,)),
    Action("choose_stop", ("p",), "p", "pause at", "Hold after this turn, at $5, at 03:00; the stops to come", (_LAB,)),
    Action("choose_autonomy", ("A",), "A", "autonomy", "How often you are asked, phase by phase", (_LAB,)),
    Action(
        "interrupt",
        ("escape",),
        "esc",
        "stop reply",
        "Stop the reply that is being written; what came is kept",
        (_LAB,),
    ),
    Action("history", ("h",), "h", "history", "Look at every turn, and go back to one", (_LAB,), True),
    Action("look", ("enter",), "enter", "look", "Read the selected turn", (_HISTORY,), True),
    Action(
        "roll_back",
        ("r",),
        "r",
        "roll back",
        "Go back to the selected turn; shows first what goes",
        (_LAB, _HISTORY),
        True,
    ),
    Action("undo", ("u",), "u", "undo", "Bring back what the last roll-back left behind", (_LAB, _HISTORY), True),
    Action("redo", ("ctrl+r",), "^r", "redo", "Go back again after an undo", (_LAB, _HISTORY)),
    Action(
        "show_pane",
        tuple("1234567890"),
        "1-0",
        "panes",
        "Go to chat, diff, scores, report, history, output; 7 program, 8 papers, 9 reviews, 0 costs",
        (_LAB,),
        True,
        ("chat", "diff", "scores", "report", "history", "output", "program", "papers", "reviews", "costs"),
    ),
    Action("next_pane", ("tab",), "tab", "next pane", "Go to the next pane", (_LAB,)),
    Action("previous_pane", ("shift+tab",), "shift+tab", "previous pane", "Go to the pane before", (_LAB,)),
    Action("zoom", ("plus", "underscore"), "+", "zoom", "One pane alone, or all of them again", (_LAB,), True),
    Action("tell", ("i",), "i", "tell", "Write a note to the agents of this phase", (_LAB,)),
    Action("edit_settings", ("E",), "E", "settings", "Change lab.toml in your editor; a held run only", (_LAB,)),
    Action("approve", ("a",), "a", "approve", "Let the agent do it", (_ASK,)),
    Action("edit_reply", ("e",), "e", "edit first", "Change the agent's reply, then let it act", (_ASK,)),
    Action("decline", ("x",), "x", "decline", "Say no, with a reason that the agent reads", (_ASK,)),
    Action("take_over", ("t",), "t", "take over", "Answer in the agent's place", (_ASK,)),
    Action("skip", ("s",), "s", "skip", "Pass over this reply without a word", (_ASK,)),
    Action("ask_agent", ("W",), "W", "ask", "Ask the agent about its reply; no turn is made of it", (_ASK,)),
    Action(
        "hunks",
        _BRACKETS,
        "[ ]",
        "hunks",
        "Choose the hunks that may act (s splits one), and say why not the others",
        (_ASK,),
        False,
        _BOTH_WAYS,
    ),
    Action(
        "scroll",
        ("up", "k", "down", "j", "pageup", "pagedown"),
        "↑ ↓ j k",
        "scroll",
        "A line up or down; PgUp PgDn a page",
        (_PANE,),
        False,
        ("up", "up", "down", "down", "page_up", "page_down"),
    ),
    Action(
        "ends",
        ("home", "g", "end", "G"),
        "g G",
        "ends",
        "The beginning; the end, where new text is followed",
        (_PANE,),
        False,
        ("first", "first", "last", "last"),
    ),
    Action(
        "sideways",
        ("left", "right"),
        "← →",
        "sideways",
        "To the left, to the right, where lines are long",
        (_PANE,),
        False,
        ("left", "right"),
        _LINES,
    ),
    Action(
        "look_at",
        ("enter",),
        "enter",
        "look",
        "Read the turn (in History, Scores), the paper, the turn that measured a number (in Report); open (in Chat)",
        (_PANE,),
        panes=("history", "scores", "papers", "report", "chat"),
    ),
    _within("fold", ("o",), "o", "fold", "Open what is folded, or fold it again (in Chat)", "chat"),
    _within(
        "open_program",
        ("o",),
        "o",
        "open",
        "Open it in your editor; a held run only (in Program, Report)",
        "program report",
    ),
    _within("hunk", _BRACES, "{ }", "hunk", "The hunk before, the next hunk (in Diff)", "diff", _BOTH_WAYS),
    _within(
        "head", _BRACES, "{ }", "mark", "Mark what enter opens: a prompt, a command … (in Chat)", "chat", _BOTH_WAYS
    ),
    _within(
        "other_output", _BRACES, "{ }", "other", "The program before, the next one (in Output)", "output", _BOTH_WAYS
    ),
    _within(
        "candidate",
        _BRACES,
        "{ }",
        "candidate",
        "The better candidate, the next best (in Program)",
        "program",
        _BOTH_WAYS,
    ),
    _within(
        "page",
        _BRACKETS,
        "[ ]",
        "page",
        "The page before, the next (in Report); round (in Reviews)",
        "report reviews",
        _BOTH_WAYS,
    ),
    _within(
        "walk",
        ("left", "right"),
        "← →",
        "walk",
        "The candidate before, the next candidate (in Scores)",
        "scores",
        _BOTH_WAYS,
    ),
    _within("unmark", ("escape",), "esc", "unmark", "No candidate any more (in Scores)", "scores"),
    _within(
        "number",
        ("comma", "full_stop"),
        ", .",
        "number",
        "The number before, the next number (in Report)",
        "report",
        _BOTH_WAYS,
    ),
    _within("pictures", ("w",), "w", "pictures", "Pages and figures as pictures (in Report)", "report"),
    _within("view", ("v",), "v", "view", "Text of the pages or LaTeX source (in Report)", "report"),
    _within(
        "close",
        ("left", "backspace"),
        "←",
        "close",
        "Back to the list, where a paper fills the pane (in Papers)",
        "papers",
    ),
    Action(
        "picture",
        _BRACKETS,
        "[ ]",
        "picture",
        "The page or figure before, the next one",
        (_PICTURES,),
        True,
        _BOTH_WAYS,
    ),
    Action("larger", ("plus", "equals_sign"), "+", "larger", "Draw the picture larger", (_PICTURES,), True),
    Action("smaller", ("minus",), "-", "smaller", "Draw the picture smaller", (_PICTURES,), True),
    Action(
        "turn_part",
        _BRACKETS,
        "[ ]",
        "part",
        "Reply, diff, code, plan, report, metrics, figures, output, evidence of the turn",
        (_HISTORY,),
        True,
        _BOTH_WAYS,
    ),
    Action("turn_view", ("v",), "v", "view", "What the turn changed in a file, or all of the file", (_HISTORY,)),
    Action("branch", ("b",), "b", "branch", "Start a line of inquiry at the selected turn", (_HISTORY,), True),
    Action("compare", ("c",), "c", "compare", "Mark a turn or line; with two marked, compare them", (_HISTORY,), True),
    Action("look_for", ("slash",), "/", "filter", "Look for turns by agent, phase, status or words", (_HISTORY,), True),
    Action("open_file", ("o",), "o", "open", "Open the file shown in your editor, as a copy to read", (_HISTORY,)),
    Action(
        "other_file",
        _BRACKETS,
        "[ ]",
        "file",
        "The file before, the next file that differs",
        (_COMPARE,),
        True,
        _BOTH_WAYS,
    ),
    Action("take", ("T",), "T", "take", "Take a finding of the other line into the one you work on", (_COMPARE,), True),
    Action("copy_commit", ("y",), "y", "copy hash", "Copy the commit of the selected turn", (_HISTORY,), True),
    Action("new_project", ("n",), "n", "new project", "Start a project on a question of yours", (_HOME,), True),
    Action("open_selected", ("enter",), "enter", "open", "Open the selected project", (_HOME,), True),
    Action(
        "home", (), "", "projects", "Leave this project for the list of projects; a running engine goes on", (_LAB,)
    ),
    Action("demo", ("d",), "d", "demo", "Open the demo: a whole study on the built-in researcher", (_HOME,), True),
    Action(
        "set_model", ("m",), "m", "models", "Describe models of yours in config.toml, in your editor", (_HOME,), True
    ),
    Action("welcome", (), "", "welcome", "What labtop is, what is here for it, and a first question", (_HOME,)),
    Action("find", ("slash",), "/", "find", "Show only the projects that hold some words", (_HOME,), True),
    Action("command", ("slash", "colon"), "/ :", "commands", "Start a command in the input line", (_LAB,), True),
    Action("palette", ("ctrl+p",), "^p", "palette", "Every command by name", _EVERYWHERE, True),
    Action("doctor", ("D",), "D", "doctor", "What this machine has and lacks, and what to do about it", _EVERYWHERE),
    Action(
        "save_picture", (), "", "save picture", "Save this screen as an SVG file in the current folder", _EVERYWHERE
    ),
    Action("change_theme", (), "", "theme", "Choose the colours", _EVERYWHERE),
    Action("help", ("question_mark", "f1"), "?", "help", "What each key does on this screen", _EVERYWHERE, True),
    Action("back", ("escape",), "esc", "back", "Back to where you came from", (_HISTORY, _PICTURES, _COMPARE), True),
    Action(
        "detach", ("ctrl+d",), "^d", "detach", "End the app, leave the engine at work; `labtop` comes back", (_LAB,)
    ),
    Action(
        "suspend", ("ctrl+z",), "^z", "suspend", "Back to the shell; `fg` comes back, an engine works on", _EVERYWHERE
    ),
    Action("take_helm", ("H",), "H", "take the helm", "Steer, where another app does and this one watches", (_LAB,)),
    Action("leave", ("q",), "q", "quit", "Stop cleanly; everything that was done is committed", _EVERYWHERE, True),
)


WRITING = frozenset({"tell", "command", "decline", "ask_agent", "look_for", "find"})
"""Actions after which one writes: done before the next key is looked at, which may come in the same packet and must not
be taken for a command."""


def actions(*scopes: Scope) -> list[Action]:
    """The actions that can be used in any of these places, in the order of the registry."""
    return [action for action in ACTIONS if set(scopes) & set(action.scopes)]


def bindings(*scopes: Scope) -> list[BindingType]:
    """The same actions as Textual's bindings."""
    return [
        Binding(
            key,
            f"{action.id}({argument!r})" if argument else action.id,
            action.label,
            tooltip=action.help,
            show=False,
            priority=action.id in WRITING,
            id=f"{action.id}.{argument}" if argument else action.id,
        )
        for action in actions(*scopes)
        for keys in [action.keys or (f"no_key_{action.id}",)]  # none yet: a person's own keymap may give it one
        for key, argument in zip(keys, action.arguments or ("",) * len(keys), strict=True)
    ]


def bound(name: str, *runs: str) -> list[BindingType]:
    """The keys of an action within panes, as a pane's bindings: what it runs, for each of its arguments in turn."""
    action = next(action for action in ACTIONS if action.id == name)
    return [
        Binding(",".join(keys), run, action.label, tooltip=action.help, show=False, id=known)
        for (known, keys), run in zip(action.named.items(), runs, strict=True)
    ]
