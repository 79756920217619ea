"""What is written about the keys: docs/keys.md, and the short table of the README (`make keys`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

from tui.keymap import FREE, toml_list
from tui.keys import Action, Scope, actions
from tui.preferences import Preferences
from tui.screens.help import ABOUT
from tui.slash import ALIASES, OWN, Slash
from tui.themes import THEMES

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- keys: made by `make keys` -->", "<!-- end of keys -->"
SHORT = (Scope.LABORATORY, Scope.WAITING)
"""What the README shows; the rest is in docs/keys.md."""

MINE = {
    "theme": 'the colours; `""`: dark, or the terminal\'s own sixteen colours where it has no more',
    "mouse": "whether the mouse is used",
    "notify": "whether the terminal rings and notifies (OSC 9) when you are needed and do not look",
    "private": "whether what you type into the input line is forgotten when the app ends",
    "slow_link": "whether less is written to the terminal, for a thin line",
}


def table(scopes: Iterable[Scope]) -> str:
    """The keys of some scopes as Markdown tables."""
    return "\n\n".join(_section(scope, actions(scope)) for scope in scopes)


def page() -> str:
    """docs/keys.md."""
    commands = [f"| `{usage(slash)}` | {slash.help} |" for slash in OWN]
    aliases = ", ".join(f"`/{name}` is `/{full}`" for name, full in ALIASES.items())
    themes = "\n".join(f"- `{name}`: {words}" for name, words in THEMES.items())
    known = "\n".join(f"{one.name} = {_toml(one.default)}  # {MINE[one.name]}" for one in fields(Preferences))
    free = "\n".join(f"{name} = {toml_list(one.named[name])}" for name, one in FREE.items())
    return PAGE.format(
        keys=table(Scope), commands="\n".join(commands), aliases=aliases, themes=themes, known=known, free=free
    )


def usage(slash: Slash) -> str:
    """A command with what it takes, for a cell of a table."""
    return f"/{slash.name} {slash.usage}".rstrip().replace("|", "\\|")


def with_table(readme: str) -> str:
    """The README with its table as it is now."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md lacks {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{table(SHORT)}\n\n{END}{after}"


def _section(scope: Scope, rows: Iterable[Action]) -> str:
    lines = [f"| `{action.shown}` | {action.help} |" for action in rows if action.shown]
    return "\n".join((f"**{scope}**: {ABOUT[scope]}", "", "| key | what it does |", "|---|---|", *lines))


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


PAGE = """# Keys, commands, colours

The same key means the same on every screen that has it. `?` shows the keys of the screen that you are on, `ctrl+p`
finds every command by name, and the line at the bottom shows what is used most. Nothing needs a mouse.

{keys}

## Commands

`i` gives the input line the keys; what you write there is a note to the agents, read at the next turn. `/` or `:`
starts a command: `tab` completes it, `up` and `down` bring back what you typed before, `esc` leaves. A note that has
to begin with a slash begins with two. What you type is kept in `~/.local/state/labtop/typed.jsonl`, for you only; a
line that begins with a blank is not kept, and `/private on` keeps none.

| command | what it does |
|---|---|
{commands}

Every action of the laboratory is a command too, e.g. `/undo`, `/zoom`, `/show-pane report`. {aliases}.

## Your own keys

`~/.config/labtop/keys.toml` moves keys, an action a line; several keys are alternatives. What is wrong in it (an
unknown action, a key that does not exist, a key that means something else on the same screen) is told by its line
when the app starts, and that action keeps its usual keys. `labtop keys` prints what holds now. An action that goes
several ways has a name for each, such as `hunk.next`; keys of different panes may be the same. What stays as it is:
the digits, which stand on the panes' tabs; `ctrl+q` and `ctrl+c`, the ways out of everything; the keys of a text
field; and those of a sheet that lies on top, which its frame names. These can be moved, here with their usual keys:

```toml
{free}
```

## Colours and habits

`~/.config/labtop/app.toml` holds what you prefer in all projects; the app writes it when you choose (`/theme`,
`/notify`, `/mouse`, `/private`), and so may you:

```toml
{known}
```

{themes}

and Textual's other themes by name. With `NO_COLOR` set, and on terminals without colours (`TERM=vt100`), nothing is
coloured: what is chosen is reversed, what matters is bold, and the pane that has the keys wears a heavy frame.
"""


def main() -> None:
    """Write both."""
    (ROOT / "docs" / "keys.md").write_text(page(), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_table(readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
