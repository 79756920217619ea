"""The colours that a person can choose: light, dark, high contrast, and the terminal's own sixteen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.app import App
from textual.color import Color
from textual.theme import Theme

from tui.filters import CHOSEN

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
        variables={"text-muted": "#d8d8d8", "text-disabled": "#a8a8a8"},
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
        variables={"text-muted": "#303030", "text-disabled": "#505050"},
    ),
)
"""For eyes that need more: what matters stands at 7:1 and better, what is beside the point at 5:1, frames at full."""


def of_one_piece(theme: Theme, variables: Mapping[str, str]) -> dict[str, str]:
    """The colours of a theme with Textual's own widgets in those of the panes: one accent, and quiet greys.

    Textual paints cursors, frames and scroll bars in the theme's primary colour, which nothing of ours has.
    """
    if theme.ansi:
        return {
            **variables,
            **dict.fromkeys(("accent", "text-accent", "border"), "ansi_yellow" if theme.dark else "ansi_magenta"),
            "block-cursor-foreground": "ansi_default",
            "block-cursor-background": CHOSEN,
            "block-cursor-blurred-text-style": "bold",
            "scrollbar": "ansi_bright_black",
            "scrollbar-background": "ansi_default",
        }
    accent, ink, ground = (variables[name] for name in ("accent", "foreground", "background"))
    words = variables["text-accent"]
    if not theme.dark:  # what shines on black is hardly seen on white, and on the tints of a diff even less
        accent = words = Color.parse(words).darken(0.15).hex
        ink = "#000000"
        variables = {
            **variables,
            "foreground": ink,
            "text-warning": Color.parse(variables["text-warning"]).darken(0.15).hex,
            "text-success": Color.parse(variables["text-success"]).darken(0.12).hex,
        }
    return {
        **variables,
        "accent": accent,
        "text-accent": words,
        "block-cursor-foreground": ink,
        "block-cursor-background": f"{accent} 30%",
        "block-cursor-blurred-foreground": ink,
        "block-cursor-blurred-background": f"{ink} 8%",
        "border": accent,
        "input-selection-background": f"{accent} 40%",
        "link-background-hover": f"{accent} 30%",
        "scrollbar": f"{ink} 30%",
        "scrollbar-hover": f"{ink} 40%",
        "scrollbar-active": accent,
        "scrollbar-background": ground,
        "scrollbar-background-hover": ground,
        "scrollbar-background-active": ground,
        "scrollbar-corner-color": ground,
    }


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
