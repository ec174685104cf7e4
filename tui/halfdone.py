"""What a verb or the deck does about an import that was stopped between its two files."""

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
            f"An {_name(done.unit)} of {done.unit.file} had been stopped half-way; it is finished"
            " now."
        )
    else:
        say(
            f"An {_name(done.unit)} of {done.unit.file} had been stopped before it was committed;"
            " what it left was removed."
        )


def warned(locations: Locations, say: Callable[[str], None]) -> None:
    """Say what stands half done."""
    try:
        left = unit.standing(locations)
        told = None if left is None else stopped(left, committed=unit.is_committed(locations, left))
    except NodedeckError as fault:
        told = str(fault)
    if told is not None:
        say(told)


def stopped(left: unit.Unit, *, committed: bool) -> str:
    """What stands half done and what becomes of it, which its commit decides."""
    what = f"An {_name(left)} of {left.file} was stopped"
    if not committed:
        return (
            f"{what} before it was committed: the next verb that writes removes what it left, and"
            " 'nodedeck import rollback' does no more than that."
        )
    finishes = f"{what} half-way: the next verb that writes finishes it"
    if left.what != unit.IMPORT:
        return f"{finishes}."
    return f"{finishes}, 'nodedeck import rollback' takes it back."


def _name(left: unit.Unit) -> str:
    return "import" if left.what == unit.IMPORT else f"import's {left.what}"
