"""Calling the person back, copies, and addresses that a terminal may open."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.app import App
from textual.content import Content
from textual.style import Style

from core.events import State
from core.workspace.project import Project
from tests.engines import end_engines
from tests.fake_laboratory import played_project
from tests.served import set_in
from tests.terminal import Terminal
from tui.attention import Attention, notification
from tui.clipboard import copied_path, copy
from tui.linked import address_of, linked, with_links


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_person_is_called_once_and_only_where_nobody_looks() -> None:
    clock = Clock()
    attention = Attention(clock)
    clock.now = 5.0
    assert not attention.needed(State.RUNNING, State.WAITING, focused=True)
    clock.now = 30.0
    assert not attention.needed(State.PAUSED, State.WAITING, focused=True)
    assert not attention.needed(State.RUNNING, State.RUNNING, focused=False)
    assert attention.needed(State.RUNNING, State.WAITING, focused=True)
    assert not attention.needed(State.RUNNING, State.FINISHED, focused=True)
    attention.see()
    assert attention.needed(State.RUNNING, State.PAUSED, focused=False)


def test_a_notification_is_one_sequence_with_nothing_hostile_in_it() -> None:
    said = notification("evil \x07\x1b]52;c;x\x07 \u202e words\n" + "a" * 500, {"TERM": "xterm-256color"})
    assert said.startswith("\x1b]9;labtop: evil")
    assert said.count("\x1b") == said.count("\x07") == 1
    assert len(said) < 200
    within = notification("done", {"TERM": "tmux-256color", "TMUX": "/tmp/tmux,1,0"})
    assert within == "\x1bPtmux;\x1b\x1b]9;labtop: done\x07\x1b\\"
    for poor in ({"TERM": "vt100"}, {"TERM": "linux"}, {}, {"TERM": "screen", "STY": "1.x"}):
        assert notification("done", poor) == ""


@pytest.mark.parametrize(("wanted", "called"), [("", True), ("notify = false\n", False)])
def test_the_terminal_rings_when_a_turn_waits_and_nobody_looks(tmp_path: Path, wanted: str, called: bool) -> None:
    project = waiting_project(tmp_path)
    (tmp_path / "config" / "labtop").mkdir(parents=True)
    (tmp_path / "config" / "labtop" / "app.toml").write_text(wanted)
    with Terminal("open", str(project), home=tmp_path, XDG_CONFIG_HOME=str(tmp_path / "config")) as terminal:
        terminal.until("it begins when you say so")
        terminal.press(" ", "\x1b[O")  # run, and look at another window
        terminal.until("approve")
        terminal.read(1.0)
        assert (b"\x1b]9;labtop: p " in terminal.written) == called
        assert terminal.written.count(b"\x1b]9;") <= 1
        terminal.press("q")
        assert terminal.ended() == 0


def waiting_project(folder: Path) -> Path:
    """A project in which every turn waits for a person."""
    from core.create import create_project

    project = create_project(folder / "p", "Which model family is best on iris?", copilot="turn")
    set_in(project.path, arxiv=False, hub=False)
    return project.path


async def test_a_copy_reaches_a_file_wherever_the_terminal_drops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("TMUX", raising=False)
    app = App[None]()
    async with app.run_test():
        assert "copied" in await copy(app, "deadbeef")
        assert app.clipboard == "deadbeef"
        assert copied_path().read_text() == "deadbeef"
        assert "too long" in await copy(app, "x" * 100_000)
        assert len(copied_path().read_text()) == 100_000


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_the_app_works_in_tmux_and_copies_into_its_buffer(tmp_path: Path) -> None:
    project = played_project(tmp_path / "p", 13)
    socket = ["tmux", "-S", str(tmp_path / "socket"), "-f", "/dev/null"]
    environment = f"-u COLUMNS -u LINES HOME={tmp_path} XDG_STATE_HOME={tmp_path}/state"
    command = f"exec env {environment} {sys.executable} -m labtop open {project.path}"
    subprocess.run([*socket, "new-session", "-d", "-x", "120", "-y", "40", command], check=True)
    try:
        _wait(lambda: "it begins when you say so" in _said(socket, "capture-pane", "-p"))
        assert "─ Scores" in _said(socket, "capture-pane", "-p")
        _said(socket, "send-keys", "h")
        _wait(lambda: "esc back" in _said(socket, "capture-pane", "-p"))
        _said(socket, "send-keys", "y")
        _wait(lambda: _said(socket, "show-buffer").strip() == Project.open(project.path).head)
    finally:
        subprocess.run([*socket, "kill-server"], check=False)
        end_engines(tmp_path)


def _said(tmux: list[str], *words: str) -> str:
    return subprocess.run([*tmux, *words], capture_output=True, text=True, check=False).stdout


def _wait(happened: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("2501.04227v2", "https://arxiv.org/abs/2501.04227v2"),
        ("arXiv:cs/0112017", "https://arxiv.org/abs/cs/0112017"),
        ("10.1145/3292500.3330701", "https://doi.org/10.1145/3292500.3330701"),
        ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("https://user:pass@example.org/", ""),
        ("https://example.org/\x1b]8;;evil", ""),
        ("https://exämple.org/", ""),
        ("https:///nohost", ""),
        ("breiman2001", ""),
    ],
)
def test_only_sound_addresses_are_opened(name: str, address: str) -> None:
    assert address_of(name) == address
    assert bool(linked(Content("x"), name).spans) == bool(address)


async def test_a_papers_address_reaches_the_terminal_as_a_link() -> None:
    from core.brief import Paper
    from core.literature.shelf import Shelved, Standing
    from tests.pane_stage import staged
    from tui.panes.papers import PapersPane

    def links(pane: PapersPane) -> set[str]:
        strips = pane.screen._compositor.render_strips()
        return {segment.style.link for strip in strips for segment in strip if segment.style and segment.style.link}

    pane = PapersPane()
    async with staged(pane, 80, 24) as pilot:
        for url, wanted in (("https://arxiv.org/abs/2501.04227", True), ("javascript:alert(1)", False)):
            pane.show([Shelved(Paper("smith2020", "A title", ("A. Smith",), "2020", "", "", url), Standing.ADDED)])
            await pilot.pause(0.1)
            assert links(pane) == ({url} if wanted else set())


@pytest.mark.parametrize(
    ("line", "opened"),
    [
        (
            "See arXiv:2501.04227, and (https://example.org/a).",
            {"https://arxiv.org/abs/2501.04227", "https://example.org/a"},
        ),
        ("Breiman (2001). doi:10.1023/A:1010933404324.", {"https://doi.org/10.1023/A:1010933404324"}),
        ("cut off at https://example.org/a-very-long-na", set()),
        ("arXiv:2501.04227", {"https://arxiv.org/abs/2501.04227"}),
        ("javascript:alert(1) file:///etc 10.5 points, 0.934", set()),
    ],
)
def test_addresses_in_a_report_are_found_where_they_are_whole(line: str, opened: set[str]) -> None:
    spans = with_links(Content(line)).spans
    assert {span.style.link for span in spans if isinstance(span.style, Style)} == opened
