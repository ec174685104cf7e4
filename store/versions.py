"""Optimistic locking: a write says which version it saw, and a stale one is refused.

The version of a setting is that of its service, which a trigger raises whoever writes. Of anything
else it is the newest change id of the entity.
"""

from __future__ import annotations

from store import history, paths
from store.database import Database
from store.errors import VersionConflict
from store.paths import Address, Kind


def current(db: Database, address: Address) -> int:
    """The version of what an address belongs to, 0 where nothing was ever written."""
    if address.kind is Kind.SETTING:
        return of_service(db, _service(address))
    found = db.value("SELECT max(id) FROM audit_log WHERE path=?", (address.entity,))
    return int(found or 0)


def of_service(db: Database, service: str) -> int:
    """The version of a service's settings, 0 where it never had one."""
    return int(db.value("SELECT version FROM services WHERE service=?", (service,)) or 0)


def expect(db: Database, address: Address, version: int | None) -> None:
    """Raise VersionConflict where a version is another than expected; None expects nothing."""
    if address.kind is Kind.SETTING:
        expect_service(db, _service(address), version)
    elif version is not None and (found := current(db, address)) != version:
        raise _conflict(db, address.entity, (found, version), found)


def expect_service(db: Database, service: str, version: int | None) -> None:
    """Raise VersionConflict where a service's settings have another version than expected."""
    if version is None or (found := of_service(db, service)) == version:
        return
    root = paths.setting_path(service, "")
    newest = db.value(
        "SELECT max(id) FROM audit_log WHERE path>? AND path<?", (root, f"{root[:-1]}/")
    )
    raise _conflict(db, f"service {service}", (found, version), newest or 0)


def _conflict(db: Database, what: str, seen: tuple[int, int], newest: int) -> VersionConflict:
    found, expected = seen
    change = history.find(db, newest)
    first = "it was never written"
    if change is not None:
        at = change.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        first = f"{change.actor or 'an external writer'} was first, at {at} (change #{change.id})"
    return VersionConflict(
        f"{what} has version {found}, not {expected}: {first}; nothing was changed.",
        hint=f"Look at what changed, then write again with --expect-version {found}.",
    )


def _service(address: Address) -> str:
    parts = paths.split(address.entity)
    return parts[1] if parts[0] == paths.OTHER_SETTINGS else parts[0]
