"""How backups are told of: a row of the list, everything of one, what a restore would change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from store import codec, history, schema
from store.backup_folder import Item
from store.backup_inside import Tally
from store.masks import masked
from store.models import FieldChange
from store.paths import Kind
from tui.backups import wording
from tui.backups.desk import Verdict
from tui.glyphs import UNICODE
from tui.panes.audit import coarse_age
from tui.text import clean, grouped, size
from tui.widgets.table_model import Cell, Column, Row, Tone

SHOWN: Final = 1_000
"""Differences that are shown; the rest is only counted."""
COLUMNS: Final = (
    Column("name", "backup", grow=1, min_width=37, max_width=100),
    Column("age", "age", align="right", min_width=6, max_width=12),
    Column("when", "made", width=16, priority=1),
    Column("given", "called", min_width=6, max_width=24, priority=4),
    Column("actor", "by", min_width=6, max_width=20, priority=2),
    Column("height", "height", align="right", min_width=6, max_width=26),
    Column("size", "size", align="right", min_width=6),
    Column("schema", "schema", align="right", width=6, priority=3),
    Column("checked", "checked", min_width=9, max_width=12),
)
TALLY_COLUMNS: Final = (
    Column("kind", "kind", grow=1, min_width=10, max_width=16),
    Column("then", "in it", align="right", min_width=5),
    Column("now", "now", align="right", min_width=5),
    Column("differ", "differ", align="right", min_width=6),
)
DIFFERENCE_COLUMNS: Final = (
    Column("path", "path", min_width=16, max_width=44),
    Column("now", "now", grow=1, min_width=10, max_width=300),
    Column("then", "in the backup", grow=1, min_width=13, max_width=300),
)
_KINDS: Final = {
    Kind.CHAIN: "chain values",
    Kind.SEED: "seeds",
    Kind.PARAMS: "params",
    Kind.VERSIONS: "version lists",
    Kind.UPGRADE: "upgrade plan",
    Kind.NODE: "nodes",
    Kind.SETTING: "settings",
}
CHECKING: Final = Cell("checking", "accent")


def row(item: Item, verdict: Verdict | None, now: datetime, *, checking: bool) -> Row:
    """A row of the list; ``now`` has the reader's time zone."""
    nothing = Cell(UNICODE.none, "muted")
    when = "" if item.at is None else item.at.astimezone(now.tzinfo).strftime("%Y-%m-%d %H:%M")
    return Row(
        str(item.path),
        (
            Cell(item.name, "muted" if item.foreign else ""),
            Cell(_age(item, now), "muted"),
            Cell(when, "muted"),
            item.given or nothing,
            Cell(item.actor, "accent") if item.actor else nothing,
            nothing if item.height is None else Cell(grouped(item.height)),
            Cell(size(item.size), whole=grouped(item.size)),
            nothing if item.schema_version is None else Cell(grouped(item.schema_version)),
            CHECKING if checking else _checked(item, verdict),
        ),
    )


def _age(item: Item, now: datetime) -> str:
    return UNICODE.none if item.at is None else coarse_age((now - item.at).total_seconds())


def _checked(item: Item, verdict: Verdict | None) -> Cell:
    sign, word, tone = _judged(item, verdict)
    return Cell(f"{sign} {word}", tone)


def _judged(item: Item, verdict: Verdict | None) -> tuple[str, str, Tone]:
    if item.foreign:
        return UNICODE.none, "foreign", "muted"
    if item.fault or (verdict is not None and verdict.faults):
        return UNICODE.bad, "damaged", "critical"
    if verdict is None:
        return UNICODE.dot, "not yet", "muted"
    return UNICODE.ok, "intact", "good"


def about(item: Item, verdict: Verdict | None, now: datetime, *, named: bool = True) -> list[str]:
    """Everything known of a file of the folder, in lines; ``now`` has the reader's time zone.

    Where it is not ``named``, its name stands above them.
    """
    if item.backup is None or item.foreign:
        return [clean(item.fault)]
    kept = item.backup.manifest
    config = "" if item.backup.config is None else " and the config file"
    name = f"{item.path.name}  " if named else ""
    lines = [f"{name}{grouped(item.size)} bytes{config}"]
    if item.at is not None:
        by = f" by {item.actor}" if item.actor else ""
        host = f" on {kept['host']}" if isinstance(kept.get("host"), str) else ""
        called = f", called {item.given}" if not item.name.endswith(item.given) else ""
        lines.append(f"made {_moment(item.at, now)}{by}{host}{called}")
    elif not kept:
        lines.append("It has no manifest: who made it, and when exactly, is not known.")
    held = [] if item.height is None else [f"height {grouped(item.height)}"]
    if type(kept.get("newest_change")) is int:
        held.append(f"up to change #{kept['newest_change']}")
    if item.schema_version is not None:
        held.append(_schema(item.schema_version))
    if held:
        lines.append(", ".join(held))
    return [clean(line, limit=400) for line in (*lines, _verified(item, verdict, now))]


def _moment(at: datetime, now: datetime) -> str:
    here = f"{at.astimezone(now.tzinfo):%Y-%m-%d %H:%M:%S %Z}"
    return here if not now.utcoffset() else f"{here} ({at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC)"


def _schema(version: int) -> str:
    if version < schema.VERSION:
        return f"schema {version}, which a restore brings to {schema.VERSION}"
    later = ", of a later nodedeck" if version > schema.VERSION else ""
    return f"schema {version}{later}"


def _verified(item: Item, verdict: Verdict | None, now: datetime) -> str:
    sign = _judged(item, verdict)[0]
    if verdict is None:
        return f"{sign} {item.fault or 'not verified since this console was started'}"
    backup = item.backup
    told = "" if backup is None else wording.verdict(backup, verdict.faults)
    ago = coarse_age((now - verdict.at).total_seconds())
    return f"{sign} {told} Verified {'just now' if ago == 'now' else f'{ago} ago'}."


def tally_row(tally: Tally) -> Row:
    """A kind of entity: how many a backup has, how many there are now, how many differ."""
    differ = Cell(grouped(tally.differ), "warning" if tally.differ else "muted")
    cells = (_KINDS.get(tally.kind, str(tally.kind)), grouped(tally.then), grouped(tally.now))
    return Row(str(tally.kind), (*cells, differ))


def shown_changes(changes: tuple[FieldChange, ...]) -> tuple[FieldChange, ...]:
    """The first differences, secrets masked."""
    return tuple(
        FieldChange(
            path=one.path,
            old=masked(history.parts_of(one.path), one.old),
            new=masked(history.parts_of(one.path), one.new),
        )
        for one in changes[:SHOWN]
    )


def difference_row(change: FieldChange) -> Row:
    """A leaf that a restore would change."""
    old, new = (
        UNICODE.none if one is None else codec.shown(one) for one in (change.old, change.new)
    )
    return Row(change.path, (change.path, Cell(old, "muted"), Cell(new, "strong")))
