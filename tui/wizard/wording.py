"""Faults of the engine in the wizard: what happened is its own sentence, the way on is one here.

The engine's hints name options of the shell, which nobody can type into a wizard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from store.errors import (
    BadDocument,
    CannotCut,
    HalfDone,
    NodedeckError,
    Refused,
    UsageError,
    VersionConflict,
)

Hints = Mapping[type[NodedeckError], str]
"""What to do next in the place of the engine's hint, by the exact type of a fault."""

NO_HINTS: Final[Hints] = {}
PLANNING: Final[Hints] = {
    UsageError: "In the first step, e says how a file is read and under which prefix its settings"
    " go, and space unmarks one.",
}
RUNNING: Final[Hints] = {
    BadDocument: "Step 3 gives a value that does not fit another one.",
    CannotCut: "Take the cut off, or switch on that the file may stay as it is.",
    HalfDone: "Mend that, and import the file again, which finishes it; or take it back: i in the"
    " first step shows the imports done so far.",
    VersionConflict: "'Plan again' plans with what is there now. A daemon that writes the file has"
    " to be stopped first.",
}
LOOKING_AT_BEFORE: Final[Hints] = {UsageError: "", VersionConflict: ""}
LOOKING_AT_NOW: Final[Hints] = {
    **LOOKING_AT_BEFORE,
    CannotCut: "All of before brings the very bytes back.",
    Refused: "",
}
TAKING_BACK: Final[Hints] = {
    HalfDone: "Mend that, and take it back once more, which finishes it.",
    VersionConflict: "Look at it once more.",
}


def told(fault: NodedeckError, hints: Hints) -> str:
    """The fault's sentence and what to do about it here."""
    hint = hints.get(type(fault), fault.hint)
    return f"{fault.message} {hint}" if hint else fault.message
