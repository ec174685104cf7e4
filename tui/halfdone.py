"""What a verb or the deck does about an import that was stopped between its files."""

from __future__ import annotations

from collections.abc import Callable

from store.errors import NodedeckError
from store.importing import unit
from store.locations import Locations


def finished(locations: Locations, say: Callable[[str], None]) -> None:
    """Finish what was left half done, or take back what was not committed, and say so.

    Raises HalfDone where it cannot be finished without asking.
    """
    done = unit.recover(locations)
    if done is None:
        return
    if done.finished:
        say(
            f"An {done.unit.name} of {done.unit.named} had been stopped half-way; it is finished"
            " now."
        )
    else:
        say(
            f"An {done.unit.name} of {done.unit.named} had been stopped before it was committed;"
            " what it left was removed."
        )
    if done.left is not None:
        say(f"Its backup {done.left} could not be removed, and can be deleted.")


def warned(locations: Locations, say: Callable[[str], None]) -> bool:
    """Say what stands half done; whether something does."""
    try:
        left = unit.standing(locations)
        told = None if left is None else " ".join(filter(None, unit.told(locations, left)))
    except NodedeckError as fault:
        told = str(fault)
    if told is not None:
        say(told)
    return told is not None


def stands(locations: Locations) -> bool:
    """Whether something is half done, be it so that nobody can tell what."""
    try:
        return unit.standing(locations) is not None
    except NodedeckError:
        return True
