"""Poor and unusual terminals: the app degrades, says in words what it cannot do, and never falls over."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from tests.fake_laboratory import played_project
from tests.terminal import Terminal

COLOURS = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")
"""Any colour but the terminal's default ones, 39 and 49."""


@pytest.mark.parametrize("term", ["xterm", "screen", "tmux-256color", "vt100", "linux", "rxvt-unicode-256color"])
def test_the_app_stands_on_every_terminal_that_can_be_drawn_on(tmp_path: Path, term: str) -> None:
    played_project(tmp_path / "p", 13)
    with Terminal("open", str(tmp_path / "p"), home=tmp_path, columns=80, rows=24, term=term) as terminal:
        terminal.until("it begins when you say so")
        terminal.press("?")
        terminal.until("esc back")
        terminal.press("\x1b", "q")
        assert terminal.ended() == 0
        assert bool(COLOURS.search(terminal.written)) == (term != "vt100")


def test_no_color_means_none_and_no_mouse_means_none(tmp_path: Path) -> None:
    played_project(tmp_path / "p", 13)
    (tmp_path / "config" / "labtop").mkdir(parents=True)
    (tmp_path / "config" / "labtop" / "app.toml").write_text("mouse = false\n")
    variables = {"NO_COLOR": "1", "XDG_CONFIG_HOME": str(tmp_path / "config")}
    with Terminal("open", str(tmp_path / "p"), home=tmp_path, **variables) as terminal:
        terminal.until("it begins when you say so")
        terminal.press("q")
        assert terminal.ended() == 0
        assert not COLOURS.search(terminal.written)
        assert b"\x1b[?1000h" not in terminal.written


def test_in_gnu_screen_the_mouse_is_left_alone_so_that_escape_comes_at_once(tmp_path: Path) -> None:
    with Terminal(home=tmp_path, columns=80, rows=24, term="screen", STY="1.lab") as terminal:
        terminal.until("Welcome")
        terminal.press("\x1b")
        terminal.until("No project yet")
        terminal.press("q")
        assert terminal.ended() == 0
        assert b"\x1b[?1000h" not in terminal.written


def test_the_app_is_put_aside_for_the_shell_and_comes_back_whole(tmp_path: Path) -> None:
    played_project(tmp_path / "p", 13)
    with Terminal("open", str(tmp_path / "p"), home=tmp_path, columns=80, rows=24) as terminal:
        terminal.until("it begins when you say so")
        terminal.press("\x1a")
        state = Path(f"/proc/{terminal.pid}/stat")
        while ") T " not in state.read_text():
            assert terminal.read(0.1)
        assert terminal.written.rstrip().endswith((b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1004l", b"\x1b[?2004l"))
        before = len(terminal.written)
        terminal.resize(100, 30)
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.until("? help  q quit")
        while b"Chat" not in terminal.written[before:]:
            assert terminal.read(0.1)
        terminal.press("q")
        assert terminal.ended() == 0


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_be_drawn_on_is_told_what_to_do(tmp_path: Path, term: str) -> None:
    played_project(tmp_path / "p", 0)
    with Terminal("open", str(tmp_path / "p"), home=tmp_path, term=term) as terminal:
        assert terminal.ended() == 1
        assert f"TERM={term}" in terminal.text
        assert "labtop run" in terminal.text
        assert b"\x1b" not in terminal.written


def test_wrong_preferences_and_keys_are_told_by_name_and_the_rest_holds(tmp_path: Path) -> None:
    played_project(tmp_path / "p", 13)
    config = tmp_path / "config" / "labtop"
    config.mkdir(parents=True)
    (config / "app.toml").write_text('theme = "contrast-dark"\nmous = false\n')
    (config / "keys.toml").write_text('history = "f5"\nzoom = "h"\nnosuch = "x"\n')
    with Terminal("open", str(tmp_path / "p"), home=tmp_path, XDG_CONFIG_HOME=str(tmp_path / "config")) as terminal:
        terminal.until("it begins when you say so")
        terminal.until("f5 history")
        terminal.until("line 3")
        terminal.press("q")
        assert terminal.ended() == 0
        assert b"mous is not a setting" in terminal.written
        assert b"\x1b[?1000h" in terminal.written
