"""The console's own colours, for dark and for light terminals."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

FEW_COLOURS: Final = "nodedeck-16"
"""The theme that a terminal of sixteen colours gets where none is chosen."""

THEMES: Final = (
    Theme(
        name="nodedeck-dark",
        primary="#5fafd7",
        secondary="#87afaf",
        accent="#d7af5f",
        success="#87af5f",
        warning="#d7af00",
        error="#ff5f5f",
        foreground="#d0d0d0",
        background="#121212",
        surface="#1c1c1c",
        panel="#262626",
        dark=True,
        # Textual's "auto" is a mix that only style sheets know; in a line of text it turns white
        variables={
            "text-muted": "#949494",
            "scrollbar-background": "#1c1c1c",
            "input-selection-background": "#004f6f",
        },
    ),
    Theme(
        name="nodedeck-light",
        primary="#005f87",
        secondary="#005f5f",
        accent="#875f00",
        success="#3a6b00",
        warning="#8a5a00",
        error="#af0000",
        foreground="#1c1c1c",
        background="#fafafa",
        surface="#f0f0f0",
        panel="#e4e4e4",
        dark=False,
        variables={"text-muted": "#5f5f5f", "scrollbar-background": "#e4e4e4"},
    ),
    # of the sixteen colours alone: what others are mixed from comes out grey on such a terminal
    Theme(
        name=FEW_COLOURS,
        primary="#00aaaa",
        secondary="#00aaaa",
        accent="#ffff55",
        success="#00aa00",
        warning="#ffff55",
        error="#ff5555",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#000000",
        dark=True,
        variables={
            "text-muted": "#aaaaaa",
            "text-primary": "#55ffff",
            "text-success": "#55ff55",
            "text-warning": "#ffff55",
            "text-error": "#ff5555",
            "text-accent": "#ffff55",
            "accent-muted": "#aa5500",
            "button-color-foreground": "#000000",
            "foreground-muted": "#aaaaaa",
            "scrollbar": "#aaaaaa",
            "scrollbar-hover": "#aaaaaa",
            "scrollbar-active": "#ffffff",
        },
    ),
)
