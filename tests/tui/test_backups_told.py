"""How backups are told of: sizes, times on the reader's clock, the notes of a restore."""

from __future__ import annotations

from datetime import timedelta, timezone
from pathlib import Path

import pytest

from store import schema
from store.backup import Backup
from store.backup_folder import Item
from store.codec import MASK
from store.locations import Locations
from store.models import FieldChange
from store.restoring import Plan
from tests.support.clock import FixedClock
from tui.backups.asking import of_restore
from tui.backups.desk import Verdict
from tui.backups.rows import SHOWN, about, difference_row, row
from tui.glyphs import UNICODE
from tui.text import size
from tui.widgets.table_order import sort_key

STAMP = ((1, 2, 3), None, None)
NAME = "state-20250301T110000Z"


def item(clock: FixedClock, **more: object) -> Item:
    path = Path(f"/srv/backups/{NAME}.db")
    kept = {"host": "gx-07", "newest_change": 812}
    facts: dict[str, object] = {
        "backup": Backup(path, 1_234_567, kept),
        "at": clock.now - timedelta(hours=1),
        "actor": "ops",
        "height": 1_934_882,
        "schema_version": schema.VERSION,
    }
    return Item(path, 1_234_567, STAMP, **{**facts, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 KB"), (9_960, "10 KB"), (999_600, "1.0 MB"),
     (12_345_678, "12 MB"), (5 * 10**15, "5000 TB")],
)  # fmt: skip
def test_a_size_has_a_unit_and_sorts_by_its_bytes(count: int, told: str) -> None:
    assert size(count) == told
    key, less = sort_key(told), sort_key("0 B")
    assert key is not None
    assert less is not None
    assert key >= less


def test_sizes_are_in_order() -> None:
    texts = ["812 B", "9.0 KB", "676 KB", "1.2 MB", "45 GB", "2.0 TB"]
    keys = [sort_key(text) for text in texts]
    assert None not in keys
    assert keys == sorted(keys)  # type: ignore[type-var]


def test_times_are_on_the_readers_clock_and_in_utc(clock: FixedClock) -> None:
    now = clock.now.astimezone(timezone(timedelta(hours=2), "CEST"))
    lines = about(item(clock), None, now)
    assert lines[1] == ("made 2025-03-01 13:00:00 CEST (2025-03-01 11:00:00 UTC) by ops on gx-07")
    assert row(item(clock), None, now, checking=False).cell(2).text == "2025-03-01 13:00"
    assert "UTC (" not in about(item(clock), None, clock.now)[1]


def test_what_is_known_of_one_is_told_and_what_is_not(clock: FixedClock) -> None:
    lines = about(item(clock, given="[/]x", schema_version=3), None, clock.now)
    assert "called [/]x" in lines[1]
    assert lines[2] == (
        f"height 1,934,882, up to change #812, schema 3, which a restore brings to {schema.VERSION}"
    )
    later = about(item(clock, schema_version=schema.VERSION + 1), None, clock.now)
    assert later[2].endswith("of a later nodedeck")
    verdict = Verdict(STAMP, clock.now - timedelta(minutes=4), ("It is\x1b[31m bad.",))
    assert about(item(clock), verdict, clock.now)[3] == (
        f"{UNICODE.bad} It is\\x1b[31m bad. Verified 4 m ago."
    )
    bare = item(clock, backup=Backup(Path("/srv/backups/x.db"), 1), at=None, actor="")
    assert "no manifest" in about(bare, None, clock.now)[1]
    assert about(item(clock, backup=None, fault="left alone"), None, clock.now) == ["left alone"]


def planned(*changes: FieldChange, creates: bool = False, differs: bool = False) -> Plan:
    places = Locations(Path("/srv/config.yaml"), Path("/srv/state.db"))
    backup = Backup(Path(f"/srv/backups/{NAME}.db"), 1)
    return Plan(backup, "", places, changes, creates, differs)


def test_a_restore_tells_what_it_keeps_and_what_may_undo_it() -> None:
    secret = FieldChange(path="svc.api_key", old="sk-1", new="sk-2")
    shown = of_restore(planned(secret, differs=True))
    assert (shown.fields[0].old, shown.fields[0].new) == (MASK, MASK)
    told = " ".join(shown.notes)
    for text in ("kept first, as a backup called before-restore", "stop it first", "config.yaml"):
        assert text in told
    made = of_restore(planned(secret, creates=True))
    assert "it is made" in made.notes[0]
    assert "kept first" not in " ".join(made.notes)
    assert "nodedeck backup restore" in of_restore(planned()).notes[0]


def test_of_very_many_differences_the_first_are_shown() -> None:
    many = [FieldChange(path=f"svc.k{number}", old=None, new=number) for number in range(SHOWN + 1)]
    shown = of_restore(planned(*many))
    assert len(shown.fields) == SHOWN
    assert f"1,001 values change; the first {SHOWN:,} are here." in shown.notes
    assert difference_row(many[0]).cell(1).text == UNICODE.none
