"""What a verb or the deck does before it opens the database beside a legacy file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from store import startup
from store.errors import NodedeckError
from tui.session import Session


def prepared(current: Session, say: Callable[[str], None]) -> Session:
    """The session after the import was offered, or with ``--auto-migrate`` done.

    Where it fails, the session reads the file alone, and ``say`` hears why.
    """
    if not startup.waiting(current.locations):
        return current
    if not current.auto_migrate or current.read_only:
        say(startup.offer(current.locations))
        return current
    from store import migration

    try:
        done = migration.migrate(current.locations, actor=current.actor)
    except NodedeckError as failure:
        say(f"{failure} The file alone is read, and nothing is written.")
        return replace(current, read_only=True, file_mode=True)
    say(f"Moved the dynamic state of {current.locations.config}; its copy is {done.backup}.")
    return current
