"""Commands that make a terminal, or a browser, feel at home: completion, keys, the app served."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import click

from core.clean import clean
from core.errors import LabError
from tui.commands.group import FOLDER, main, project_in, say, tells_errors

SHELLS = ("bash", "zsh", "fish")
WHERE = {
    "bash": 'eval "$(labtop completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(labtop completion zsh)"    # in ~/.zshrc, after compinit',
    "fish": "labtop completion fish | source     # in ~/.config/fish/config.fish",
}


@main.command(epilog="\b\n" + "\n".join(WHERE.values()))
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what makes SHELL complete commands, projects, turns and models."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(main, {}, "labtop", "_LABTOP_COMPLETE").source()
    # click's script for fish would cut a folder, and what is said of a word, at its first comma.
    click.echo(script.replace('string split ","', 'string split --max 1 ","'))


@main.command()
@tells_errors
def keys() -> None:
    """Every action with its keys, as ~/.config/labtop/keys.toml may change them."""
    from tui.keymap import FREE, keymap_path, read_keymap, shown, toml_list

    keymap, problems = read_keymap()
    say(f"# Write lines of these into {keymap_path()} to change them; several keys are alternatives.")
    for name, action in FREE.items():
        keys = keymap.get(name, action.named[name])
        say(f"{f'{name} = {toml_list(keys)}':<46} # {' '.join(map(shown, keys)):<10} {action.help}")
    for problem in problems:
        click.echo(clean(problem), err=True)


@main.command()
@click.argument("folder", type=FOLDER, required=False)
@click.option("--port", type=click.IntRange(1, 65535), default=8765, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where it listens.")
@click.option("--public-url", default="", help="How a browser calls it, where a tunnel or a proxy stands between.")
@click.option(
    "--beyond-this-machine",
    is_flag=True,
    help="Needed with any other --host: there is no encryption, and who sees the address may steer your agents.",
)
@tells_errors
def serve(folder: Path | None, port: int, host: str, public_url: str, beyond_this_machine: bool) -> None:
    """The app in a browser, for this machine only.

    From another machine: ssh -L 8765:127.0.0.1:8765 HOST, then open the address here.
    """
    if not _loopback(host) and not beyond_this_machine:
        raise LabError(
            f"{host} can be reached from other machines, without encryption.",
            "Better: ssh -L 8765:127.0.0.1:8765 HOST. If you mean it: --beyond-this-machine.",
        )
    try:
        from tui.browser import BrowserServer
    except ModuleNotFoundError as error:
        raise LabError(f"{error.name} is not installed.", "The browser needs it: pip install 'labtop[web]'.") from error
    path = project_in(folder).path if folder else None
    try:
        BrowserServer(path, host, port, public_url).serve()
    except OSError as error:
        raise LabError(
            f"Nothing can listen at {host}, port {port}: {error.strerror}.", "Choose another --port."
        ) from error


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
