"""The console's own colours, for dark and for light terminals."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

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
    ),
)
