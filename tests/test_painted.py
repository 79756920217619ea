"""Only what differs is written, and the terminal shows what it would have shown had all been written."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pyte
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tests.fake_laboratory import new_project
from tests.terminal import Terminal
from tui.painted import Painted

WIDTH, HEIGHT = 60, 8
CONSOLE = Console(color_system="truecolor", force_terminal=True, width=WIDTH)
STYLES = [Style(), Style(bold=True), Style(color="#ff0000"), Style(color="#00ff00", bgcolor="#000080", italic=True)]
WORDS = ["label", "noise", "of", "the", "forest", "0.934", "─────", "▲ best", "宽字", "│", " ", "     "]


def strip_of(words: random.Random, width: int) -> Strip:
    """A line of words in several styles, `width` cells long."""
    segments: list[Segment] = []
    while Segment.get_line_length(segments) < width:
        segments.append(Segment(f"{words.choice(WORDS)} ", words.choice(STYLES)))
    return Strip(segments).crop(0, width)


def whole(lines: list[Strip]) -> LayoutUpdate:
    """An update of the whole screen."""
    return LayoutUpdate([[line] for line in lines], Region(0, 0, WIDTH, HEIGHT))


def part(lines: dict[int, Strip], left: int = 0) -> ChopsUpdate:
    """An update of some lines from a column on."""
    ends = {y: left + strip.cell_length for y, strip in lines.items()}
    chops = [{left: lines.get(y)} for y in range(HEIGHT)]
    return ChopsUpdate(chops, [(y, left, ends[y]) for y in sorted(lines)], [[ends.get(y, 0)] for y in range(HEIGHT)])


class Both:
    """Two terminals: one is written to as Textual does, the other as we do."""

    def __init__(self) -> None:
        self.screens = [pyte.Screen(WIDTH, HEIGHT) for _ in range(2)]
        self.streams = [pyte.Stream(screen) for screen in self.screens]
        self.painted = Painted()

    def write(self, update: LayoutUpdate | ChopsUpdate) -> int:
        """Write an update to both; how many characters ours took."""
        codes = self.painted.changes(update, CONSOLE)
        self.streams[0].feed(update.render_segments(CONSOLE).replace("\n", ""))
        self.streams[1].feed(codes)
        return len(codes)

    def assert_equal(self) -> None:
        """Both show the same, in the same colours."""
        usual, ours = self.screens
        assert ours.display == usual.display
        for y in range(HEIGHT):
            for x in range(WIDTH):
                assert ours.buffer[y][x] == usual.buffer[y][x], (y, x)


def test_any_series_of_updates_shows_what_textual_would_have_shown() -> None:
    for seed in range(40):
        words, both = random.Random(seed), Both()
        panes = list(pairwise((0, 12, 30, WIDTH)))
        both.write(whole([Strip.join([strip_of(words, end - x) for x, end in panes]) for _ in range(HEIGHT)]))
        for _ in range(12):
            x, end = words.choice(panes)
            rows = words.sample(range(HEIGHT), words.randint(1, HEIGHT))
            both.write(part({y: strip_of(words, end - x) for y in rows}, x))
            both.assert_equal()


def test_what_stands_there_already_is_not_written_again() -> None:
    both, lines = Both(), [strip_of(random.Random(1), WIDTH) for _ in range(HEIGHT)]
    both.write(whole(lines))
    assert both.write(part(dict(enumerate(lines)))) == 0


def test_a_growing_line_costs_its_new_letters() -> None:
    both = Both()
    both.write(whole([Strip.blank(WIDTH)] * HEIGHT))
    said = "the forest still sees"
    both.write(part({3: Strip([Segment(said.ljust(WIDTH), STYLES[2])])}))
    assert both.write(part({3: Strip([Segment(f"{said} clean".ljust(WIDTH), STYLES[2])])})) < 40
    both.assert_equal()


def test_what_is_forgotten_is_written_again() -> None:
    both, lines = Both(), [strip_of(random.Random(2), WIDTH) for _ in range(HEIGHT)]
    both.write(whole(lines))
    both.painted.forget()
    assert both.write(part({0: lines[0]})) > WIDTH
    assert both.write(whole(lines)) > WIDTH * HEIGHT


def test_where_pixels_may_stand_over_the_cells_all_is_written() -> None:
    both, blank = Both(), Strip.blank(WIDTH)
    both.write(whole([blank] * HEIGHT))
    picture = Strip([Segment("\x1bPq#0~~\x1b\\")], 1)
    assert "\x1bPq" in both.painted.changes(part({0: picture}), CONSOLE)
    assert len(both.painted.changes(part({1: blank}), CONSOLE)) > WIDTH
    both.painted.changes(whole([blank] * HEIGHT), CONSOLE)
    assert both.painted.changes(part({1: blank}), CONSOLE) == ""


def test_the_screen_is_whole_after_the_terminal_was_resized_and_dialogs_have_come_and_gone(tmp_path: Path) -> None:
    with Terminal("demo", str(tmp_path / "demo"), home=tmp_path) as terminal:
        terminal.until("Chat")
        for columns, rows in ((90, 30), (130, 45), (120, 40)):
            terminal.resize(columns, rows)
            terminal.read(0.5)
        terminal.press("?")
        terminal.until("palette")
        terminal.press("\x1b")
        terminal.read(1.0)
        terminal.press(" ")
        terminal.until("paused")
        terminal.read(1.0)
        lines = terminal.text.split("\n")
        for pane in ("Phases", "History", "Chat", "Scores", "Report"):
            assert sum(f"╭─ {pane}" in line for line in lines) == 1, terminal.text


def test_the_screen_is_whole_after_the_editor_has_had_the_terminal(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nfor line in 1 2 3 4 5 6 7 8 9; do echo scribble scribble; done\n: > $0.ran\n")
    editor.chmod(0o755)
    new_project(tmp_path / "project")
    with Terminal("open", str(tmp_path / "project"), home=tmp_path, EDITOR=str(editor), VISUAL=str(editor)) as terminal:
        terminal.until("it begins when you say so")
        before = terminal.text
        terminal.press("E")
        terminal.read(2.0)
        assert (tmp_path / "editor.ran").exists()
        assert "scribble" not in terminal.text
        assert terminal.text == before
