"""The colours that a person can choose: light, dark, high contrast, and the terminal's own sixteen."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.theme import Theme

THEMES = {
    "textual-dark": "dark",
    "textual-light": "light",
    "contrast-dark": "high contrast, dark",
    "contrast-light": "high contrast, light",
    "ansi-dark": "the terminal's own 16 colours, dark",
    "ansi-light": "the terminal's own 16 colours, light",
}
"""What each is called in words; Textual's other themes can be chosen by name."""

CONTRAST = (
    Theme(
        name="contrast-dark",
        primary="#6cb8ff",
        secondary="#9fd0ff",
        accent="#ffd500",
        warning="#ffd500",
        error="#ff8080",
        success="#6cff9a",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#101010",
        text_alpha=1.0,
        variables={
            "text-muted": "#d8d8d8",
            "text-disabled": "#a8a8a8",
            "block-cursor-background": "#ffd500",
            "block-cursor-foreground": "#000000",
        },
    ),
    Theme(
        name="contrast-light",
        primary="#003c80",
        secondary="#00305f",
        accent="#7a1fa2",
        warning="#6b4a00",
        error="#a00000",
        success="#005c1f",
        foreground="#000000",
        background="#ffffff",
        surface="#ffffff",
        panel="#f0f0f0",
        dark=False,
        text_alpha=1.0,
        variables={
            "text-muted": "#303030",
            "text-disabled": "#505050",
            "block-cursor-background": "#003c80",
            "block-cursor-foreground": "#ffffff",
        },
    ),
)
"""For eyes that need more: what matters stands at 7:1 and better, what is beside the point at 5:1, frames at full."""


def dress(app: App[Any], wanted: str) -> None:
    """Put on the colours that the person wants, else those that the terminal can show."""
    for theme in CONTRAST:
        app.register_theme(theme)
    app.theme_changed_signal.subscribe(app, lambda theme: _mark(app, theme))
    if app.no_color:
        app.theme = "ansi-dark"
    elif wanted in app.available_themes:
        app.theme = wanted
    elif app.console.color_system == "standard" and not app.is_headless:
        app.theme = "ansi-dark"  # sixteen colours are the terminal's own; mixed ones would come out as any of them
    _mark(app, app.current_theme)


def _mark(app: App[Any], theme: Theme) -> None:
    """Let the style sheets know where frames have to be seen from afar."""
    app.set_class(theme in CONTRAST, "-contrast")
