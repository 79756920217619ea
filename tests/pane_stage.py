"""A bare app for one pane, its screen as text, and text that means harm."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget

from core.record import Agent, Phase, Score, Status, Turn
from tui.themes import of_one_piece

ESC = "\x1b"
HOSTILE = {
    "markup": "[/] [red]not red[/red] [@click=app.quit]quit[/] [link=https://bad.example]good[/link] [",
    "links": "[see](https://bad.example 'x') <https://bad.example> ![i](http://x) &#27;[31m &#x202e; <b>html</b>",
    "escapes": f"{ESC}[31mred{ESC}[0m {ESC}]52;c;c3Rv\x07 {ESC}]8;;http://x{ESC}\\x{ESC}]8;;{ESC}\\ {ESC}P q",
    "controls": "\x9b31m \x90 \x00\x07\x08\x7f \u202eevil\u202c \u200b\ud800 \U000e0041",
    "one huge line": "a" * 100_000,
    "fences": "``````\n```` \n```REPLACE\nnever closed\n~~~\n",
    "nesting": "> " * 300 + "deep" + "\n" + "- " * 300 + "deep",
    "table": "|a" * 200 + "|\n" + "|-" * 200 + "|\n" + "|b" * 200 + "|",
    "emphasis": "*" * 3000 + "_" * 3000 + "`" * 2999,
    "wide": "e\u0301" * 50 + "宽" * 100 + "👩‍🔬🏳️‍🌈" * 20,
    "line ends": "one\rtwo\r\nthree\x0bfour\x0cfive\x1csix\x85seven\u2028eight",
    "tabs": "a\tb\n- c\td\n|e\tf|g|\n|-|-|\n|h\ti|j|\n```\n\tk\tl\n```",
    "empty lines": "\n" * 5000,
    "nothing": "",
    "latex": "\\documentclass{a}\\begin{b}$$\\undefined",
    "diff": "@@ -1,2 +1,2 @@\n-a\n+b\n@@ -99999999999 +1 @@\n@@ -0,0 +1 @@\n\\ No newline\n+++ x\n--- y",
}


class Stage(App[None]):
    """One pane on a bare screen; messages that it posts are kept."""

    def __init__(self, pane: Widget) -> None:
        super().__init__()
        self.pane = pane
        self.opened: list[str] = []
        self.animation_level = "none"

    def compose(self) -> ComposeResult:
        yield self.pane

    def get_css_variables(self) -> dict[str, str]:
        return of_one_piece(self.current_theme, super().get_css_variables())

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        self.opened.append(url)


@asynccontextmanager
async def staged(pane: Widget, width: int, height: int, **options: Any) -> AsyncIterator[Pilot[None]]:
    """The pane, filling a screen of `width` × `height`, with the focus where it can have it."""
    async with Stage(pane).run_test(size=(width, height), **options) as pilot:
        if pane.can_focus:
            pane.focus()
        await pilot.pause()
        yield pilot


def frame_of(pilot: Pilot[None]) -> str:
    """The screen as text."""
    return "\n".join(strip.text.rstrip() for strip in pilot.app.screen._compositor.render_strips())


async def painted(pilot: Pilot[None]) -> str:
    """The screen as text, once what was told has been drawn."""
    await pilot.pause()
    return frame_of(pilot)


def unsafe(frame: str) -> list[str]:
    """Characters on the screen that a terminal would act on."""
    return [c for c in frame if c != "\n" and (ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u200b\u2028")]


def a_turn(number: int, **changes: Any) -> Turn:
    """A turn of the ML engineer, with what differs."""
    return Turn(
        **{
            "number": number,
            "phase": Phase.EXPERIMENTS,
            "agent": Agent.ML_ENGINEER,
            "model": "built-in researcher",
            "command": "DIALOGUE",
            "subject": f"DIALOGUE, turn {number}",
            "reply": f"These are the words of turn {number}.",
            "status": Status.OK,
            "outcome": "Said to the SW engineer.",
            **changes,
        }
    )


def a_score(value: float, *, kept: bool = True, metric: str = "accuracy") -> Score:
    """A candidate's score, with the judge at 0.8."""
    return Score(metric, value, 0.8, kept)
