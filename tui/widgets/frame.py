"""The frame that every pane wears: a quiet border, a title, one accent where the keys go."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from core.clean import clean
from tui.keys import bound

MUTED = "$foreground 60%"
"""For what is beside the point; `$text-muted` is a colour that only a style sheet can work out."""

FAINT = "$foreground 25%"
"""For rules and axes."""

SCROLLING = (
    *bound("scroll", "scroll_up", "scroll_down", "page_up", "page_down"),
    *bound("ends", "scroll_home", "scroll_end"),
)
"""The keys that scroll, the same in every pane."""


def frame(kind: str) -> str:
    """The style sheet of a pane's frame, for a widget class named `kind`."""
    return f"""
    {kind} {{
        border: round $foreground 25%;
        border-title-color: $text;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
        background: $background;
        color: $foreground;
        padding: 0 0 0 1;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 0;
        scrollbar-color: $foreground 30%;
        scrollbar-background: $background;
        scrollbar-corner-color: $background;
        &:focus {{
            border: round $accent;
            border-title-color: $text-accent;
        }}
        &:ansi {{
            border: round ansi_bright_black;
            background: ansi_default;
            &:focus {{ border: round $accent; }}
        }}
    }}
    """


LONGEST_TITLE = 500
"""Characters of a title that are laid out whenever its pane is drawn; no terminal shows as many."""


def entitle(pane: Widget, title: str, subtitle: str = "") -> None:
    """Write a pane's title and subtitle, as text."""
    pane.border_title = plain(title[:LONGEST_TITLE])
    pane.border_subtitle = plain(subtitle[:LONGEST_TITLE])


def plain(text: str) -> Content:
    """Outside text as one line of content, no markup read in it."""
    return Content(" ".join(clean(text).split()))
