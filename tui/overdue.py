"""What a verb or the deck does about unconfirmed changes that nobody took back in time.

The process that watches over such a change may have been killed. Whoever writes next does its work
before its own; whoever only reads says so.
"""

from __future__ import annotations

from collections.abc import Callable

from store.manager import ConfigManager


def settled(manager: ConfigManager, say: Callable[[str], None]) -> None:
    """Take back what is overdue, and say what was and what was not."""
    for done in manager.settle_overdue():
        for item in done.items:
            if item.why:
                say(
                    f"The unconfirmed change #{item.change} of {item.path} was overdue and stays:"
                    f" {item.why}."
                )
            else:
                say(
                    f"The change #{item.change} of {item.path} was not confirmed within"
                    f" {done.within:g} s, so it was taken back now."
                )


def warned(manager: ConfigManager, say: Callable[[str], None]) -> None:
    """Say what is overdue."""
    for each in manager.overdue_reversals():
        paths = ", ".join(each.paths)
        say(
            f"An unconfirmed change of {paths} should have been taken back by now; the next verb"
            " that writes does it."
        )
