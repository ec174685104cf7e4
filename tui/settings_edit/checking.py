"""What is typed for a setting: the text to begin with, what it means, and why it does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from store import codec
from store.errors import NodedeckError
from store.paths import Home
from store.settings_board import SettingLine
from store.settings_rules import SettingType, typed
from tui.clipboard import plain

MAX_TYPED: Final = 4_000
"""Characters that a value may have to be changed on one line; a longer one is typed anew."""
_UNCHANGED: Final = "; nothing was changed."
_BOOLEANS: Final = ("true", "false")


@dataclass(frozen=True, slots=True)
class Checked:
    """A value that fits, or the reason why there is none."""

    value: Any = None
    fault: str = ""


def why_not(line: SettingLine) -> str:
    """Why a setting cannot be edited on this screen, empty where it can."""
    if line.home is Home.FILE:
        return (
            f"{line.path} is homed in the config file, not in the database: nodedeck set"
            f" {line.path} VALUE edits the file. Nothing was changed."
        )
    return ""


def starting_text(line: SettingLine, value: Any, *, known: bool) -> tuple[str, str]:
    """The text that a field begins with, and a note where it is not the present value."""
    if line.secret:
        return "", "The present value is not shown; what is typed replaces it and is sealed."
    if not known:
        return "", ""
    # of a json setting a text is told from a number by its quotes
    text = codec.dump(value) if line.rule.type is SettingType.JSON else codec.shown(value)
    if len(text) > MAX_TYPED or plain(text) != text:
        return "", "The present value does not fit on one line; what is typed replaces it whole."
    return text, ""


def choices(line: SettingLine) -> tuple[str, ...]:
    """The only texts there are for a value, none where there are many."""
    if line.rule.type is SettingType.BOOLEAN:
        return _BOOLEANS
    return tuple(map(codec.shown, line.rule.constraints.allowed or ()))


def neighbour(offered: tuple[str, ...], text: str, step: int) -> str:
    """The choice before or after a text, past the last the first; of another text the first."""
    if text not in offered:
        return offered[0]
    return offered[(offered.index(text) + step) % len(offered)]


def check(line: SettingLine, text: str) -> Checked:
    """A typed text as a value of the setting, or why it is none, in words for under the field."""
    if line.secret:
        return Checked(text) if text else Checked(fault="A secret cannot be empty.")
    try:
        return Checked(typed(line.rule, text))
    except NodedeckError as fault:
        reason = fault.message.removesuffix(_UNCHANGED).removeprefix(f"{line.path}: ")
        return Checked(fault=f"{reason[:1].upper()}{reason[1:]}.")
