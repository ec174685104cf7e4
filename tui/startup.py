"""What a verb or the deck does before it opens the database beside a legacy file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from store import startup
from store.errors import NodedeckError
from tui.session import Session


def prepared(current: Session, say: Callable[[str], None]) -> Session:
    """The session after the import was offered, or with ``--auto-migrate`` done."""
    offer(current, say)
    return migrated(current, say)


def offer(current: Session, say: Callable[[str], None]) -> None:
    """Offer an import that waits to be done, unless ``--auto-migrate`` does it."""
    if not _migrates(current) and startup.waiting(current.locations):
        say(startup.offer(current.locations))


def migrated(current: Session, say: Callable[[str], None]) -> Session:
    """The session after the import that ``--auto-migrate`` asks for, if one waits to be done.

    Where it fails, the session reads the file alone, and ``say`` hears why.
    """
    if not _migrates(current) or not startup.waiting(current.locations):
        return current
    from store import migration

    try:
        done = migration.migrate(current.locations, actor=current.actor)
    except NodedeckError as failure:
        say(f"{failure} The file alone is read, and nothing is written.")
        return replace(current, read_only=True, file_mode=True)
    say(f"Moved the dynamic state of {current.locations.config}; its copy is {done.backup}.")
    return current


def _migrates(current: Session) -> bool:
    return current.auto_migrate and not current.read_only
