"""The access log: who revealed, changed or tried what, when, from where, why, with what result.

Triggers keep it append-only. It holds no value of any secret.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from store import paths, schema
from store.database import Database
from store.latest import parse_time
from store.models import Value
from store.paths import Pattern

TABLE: Final = "access_log"
EVERYTHING: Final = "*"
_COLUMNS: Final = "id, at, actor, act, path, terminal, address, reason, result"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call comes from: its terminal, and what sshd says of the connection."""

    terminal: str = ""
    address: str = ""


class Access(Value):
    """One row of the access log; ``path`` is ``*`` where the act was about all secrets."""

    id: int
    at: datetime | None
    actor: str
    act: str
    path: str
    terminal: str
    address: str
    reason: str
    result: str


def origin(environ: Mapping[str, str]) -> Origin:
    """The terminal of this process and the address in ``SSH_CONNECTION``, empty where unknown."""
    told = environ.get("SSH_CONNECTION", "").encode("utf-8", "replace").decode()
    return Origin(_terminal(), told)


def _terminal() -> str:
    for descriptor in (0, 1, 2):
        with suppress(OSError):
            return os.ttyname(descriptor)
    return ""


def record(
    db: Database,
    *,
    at: datetime,
    actor: str,
    act: str,
    path: str,
    origin: Origin,
    reason: str | None,
    result: str,
) -> None:
    """Add a row, inside the caller's transaction."""
    db.execute_sql(
        "INSERT INTO access_log(at,actor,act,path,terminal,address,reason,result)"
        " VALUES(?,?,?,?,?,?,?,?)",
        (
            at.isoformat(timespec="milliseconds"),
            actor,
            act,
            path,
            origin.terminal,
            origin.address,
            reason or "",
            result,
        ),
    )


def listed(
    db: Database,
    *,
    pattern: str | None = None,
    before: int | None = None,
    after: int = 0,
    limit: int = 50,
) -> list[Access]:
    """The newest rows after an id, newest first; ``before`` is an id from which to go on.

    With a ``pattern`` only those that are about a path that it names, or about every path.
    """
    if not schema.has_table(db, TABLE):
        return []
    wanted = Pattern.parse(pattern) if pattern else None
    older, values = ("", (after,)) if before is None else (" AND id<?", (after, before))
    rows = db.execute_sql(
        f"SELECT {_COLUMNS} FROM {TABLE} WHERE id>?{older} ORDER BY id DESC", values
    )
    found: list[Access] = []
    for row in rows:
        if wanted is None or row[4] == EVERYTHING or wanted.touches(paths.split(row[4])):
            named = dict(zip(_COLUMNS.split(", "), row, strict=True))
            found.append(Access.model_validate({**named, "at": parse_time(str(row[1]))}))
        if len(found) == limit:
            rows.close()  # it may have more, and would keep the transaction open
            break
    return found
