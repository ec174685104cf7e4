"""Where secrets live: settings, providers' keys and nodes' security keys, in rows and columns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from store import codec, entities, paths, schema
from store.database import Database
from store.errors import UnknownPath, UsageError
from store.paths import Kind
from store.sealing import wording

_KEY_FIELD: Final = "api_key"


class State(StrEnum):
    """How a secret stands in the database."""

    SEALED = "sealed"
    CLEAR = "clear"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class _Home:
    """A table with a column of secrets, found by its key columns."""

    table: str
    keys: tuple[str, ...]
    column: str


_HOMES: Final = {
    Kind.SETTING: _Home("settings", ("service", "key"), "value_json"),
    Kind.PROVIDER: _Home("provider_configs", ("provider",), _KEY_FIELD),
    Kind.NODE_KEY: _Home("mlnode_security", ("node_id",), "security_key"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """The one place of a secret, whatever its present value."""

    kind: Kind
    keys: tuple[str, ...]

    @property
    def entity(self) -> str:
        """The path of the audit rows that tell of it."""
        if self.kind is Kind.SETTING:
            return paths.setting_path(*self.keys)
        if self.kind is Kind.PROVIDER:
            return paths.join(paths.PROVIDERS_ROOT, *self.keys)
        return paths.join("nodes", *self.keys, paths.NODE_KEY)

    @property
    def path(self) -> str:
        """What an operator calls it."""
        return paths.join(*paths.split(self.entity), *self._field)

    @property
    def _field(self) -> tuple[str, ...]:
        return (_KEY_FIELD,) if self.kind is Kind.PROVIDER else ()

    @property
    def identity(self) -> str:
        """What its sealed value is bound to: table, column and keys.

        Not the path itself, which would change for a service whose name a later version reserves.
        """
        home = _HOMES[self.kind]
        return codec.dump([home.table, home.column, *self.keys])

    def packed(self, value: Any) -> str:
        """A value as the text that is sealed: a setting's as JSON, so that its type stays."""
        return codec.dump(value) if self.kind is Kind.SETTING else str(value)

    def unpacked(self, text: str) -> Any:
        """The value of an opened text."""
        return codec.load(text) if self.kind is Kind.SETTING else text


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a provider's key, in clear; None leaves what is there."""

    base_url: str | None = None
    model: str | None = None


NOTHING: Final = Beside()


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret as it stands; ``change`` is the newest change id that tells of it.

    ``stored`` is sealed text, or the value itself where another program wrote it in clear; it is
    kept out of every picture of this object, and empty where it is no text. ``version`` counts
    replacements, 0 where nothing was ever sealed.
    """

    place: Place
    state: State
    version: int = 0
    key_id: str = ""
    change: int = 0
    stored: str = ""

    def __repr__(self) -> str:
        return f"Secret({self.place.path!r}, {self.state}, version {self.version})"


def at(path: str) -> Place:
    """The place of the secret that a path names; raises UsageError where none can stand."""
    address = paths.locate(path)
    if address is not None:
        if address.kind is Kind.SETTING:
            return Place(Kind.SETTING, entities.setting_key(address.entity))
        parts = paths.split(address.entity)
        if address.kind is Kind.PROVIDER and address.field in ((), (_KEY_FIELD,)):
            return Place(Kind.PROVIDER, parts[1:2])
        if address.kind is Kind.NODE_KEY and not address.field:
            return Place(Kind.NODE_KEY, parts[1:2])
    raise UsageError(
        f"{path} cannot hold a secret; nothing was changed.",
        hint="Secrets stand at SERVICE.KEY, provider_configs.NAME and nodes.ID.security_key.",
    )


def find(db: Database, place: Place) -> Secret:
    """What stands at a place, be it nothing."""
    where = " AND ".join(f"{column}=?" for column in _HOMES[place.kind].keys)
    found = _select(db, place.kind, f" AND {where}", place.keys)
    return found[0] if found else Secret(place, State.ABSENT, change=_change(db, place))


def listed(db: Database) -> list[Secret]:
    """Every secret, sealed or in clear, by home and in row order.

    A setting is one where its row or its rule says so, or where it holds sealed text. A row whose
    key is no text, which only another program can make, has no place that could be named.
    """
    return [secret for kind in _HOMES for secret in _select(db, kind)]


def _select(
    db: Database, kind: Kind, where: str = "", values: tuple[str, ...] = ()
) -> list[Secret]:
    home = _HOMES[kind]
    if not schema.has_table(db, home.table):  # an older database that is only read
        return []
    versioned = kind is not Kind.SETTING or schema.has_table(db, "access_log")
    version = "key_version" if versioned else "0"
    keys = ", ".join(home.keys)
    texts = " AND ".join(f"typeof({key})='text'" for key in home.keys)
    if kind is Kind.SETTING and not where:
        where = f" AND (is_secret IS NOT 0 OR {wording.sealed_sql(home.column, as_json=True)})"
    rows = db.rows(
        f"SELECT {keys}, {home.column}, {version} FROM {home.table}"
        f" WHERE {texts}{where} ORDER BY rowid",
        values,
    )
    return [
        _secret(db, Place(kind, tuple(row[: len(home.keys)])), row[-2], row[-1]) for row in rows
    ]


def _secret(db: Database, place: Place, raw: Any, version: Any) -> Secret:
    stored = place.unpacked(raw) if isinstance(raw, str) else raw
    number = version if isinstance(version, int) else 0
    sealed = wording.parsed(stored)
    if sealed is not None:
        return Secret(place, State.SEALED, number, sealed[0], _change(db, place), str(stored))
    if raw in (None, ""):
        return Secret(place, State.ABSENT, number, change=_change(db, place))
    # a blob, or bytes that are no UTF-8, would be sealed as another value than they are
    clear = raw if isinstance(raw, str) and "\ufffd" not in raw else ""
    return Secret(place, State.CLEAR, number, change=_change(db, place), stored=clear)


def _change(db: Database, place: Place) -> int:
    return int(db.value("SELECT max(id) FROM audit_log WHERE path=?", (place.entity,)) or 0)


def write(
    db: Database, place: Place, sealed: str, *, raises: bool, beside: Beside = NOTHING
) -> None:
    """Store sealed text at a place; ``raises`` says whether its version goes up.

    ``beside`` is stored with a provider's key, in the same statement. Raises UnknownPath for the
    key of a node that there is not.
    """
    by = int(raises)
    if place.kind is Kind.SETTING:
        db.execute_sql(
            "INSERT INTO settings(service,key,type,value_json,is_secret,key_version,updated_at)"
            " VALUES(?,?,'secret',?,1,1,CURRENT_TIMESTAMP) ON CONFLICT(service,key) DO UPDATE SET"
            " value_json=excluded.value_json, type='secret', is_secret=1,"
            " key_version=max(1,key_version+?), updated_at=CURRENT_TIMESTAMP",
            (*place.keys, codec.dump(sealed), by),
        )
    elif place.kind is Kind.PROVIDER:
        db.execute_sql(
            "INSERT INTO provider_configs(provider,api_key,base_url,model,updated_at)"
            " VALUES(?1,?2,coalesce(?3,''),coalesce(?4,''),CURRENT_TIMESTAMP)"
            " ON CONFLICT(provider) DO UPDATE SET api_key=?2, base_url=coalesce(?3,base_url),"
            " model=coalesce(?4,model), key_version=key_version+?5, updated_at=CURRENT_TIMESTAMP",
            (*place.keys, sealed, beside.base_url, beside.model, by),
        )
    else:
        if not db.rows("SELECT 1 FROM inference_nodes WHERE id=?", place.keys):
            raise UnknownPath(f"There is no node {place.keys[0]!r}; nothing was changed.")
        db.execute_sql(
            "INSERT INTO mlnode_security(node_id,security_key) VALUES(?,?)"
            " ON CONFLICT(node_id) DO UPDATE SET security_key=excluded.security_key,"
            " key_version=key_version+?, updated_at=CURRENT_TIMESTAMP",
            (*place.keys, sealed, by),
        )


def remove(db: Database, place: Place) -> None:
    """Remove the row of a secret; one that is not there stays absent."""
    home = _HOMES[place.kind]
    where = " AND ".join(f"{column}=?" for column in home.keys)
    db.execute_sql(f"DELETE FROM {home.table} WHERE {where}", place.keys)


def describe(db: Database, place: Place, beside: Beside) -> None:
    """Store what stands beside a provider's key, and leave the key."""
    db.execute_sql(
        "UPDATE provider_configs SET base_url=coalesce(?,base_url), model=coalesce(?,model),"
        " updated_at=CURRENT_TIMESTAMP WHERE provider=?",
        (beside.base_url, beside.model, *place.keys),
    )
