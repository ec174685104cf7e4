"""The folder of backups: what files claim, what is damaged or foreign, copies that are told."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from store import backup, backup_folder, backup_inside, files, schema
from store.backup_folder import Item
from store.errors import Cancelled, NodedeckError
from store.locations import Locations
from store.manager import ConfigManager
from store.paths import Kind
from tests.conftest import ACTOR
from tests.store.test_backup import folder, take
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.samples import NODE


def looked(locations: Locations, known: tuple[Item, ...] = ()) -> dict[str, Item]:
    found = backup_folder.look(locations, {item.path: item for item in known})
    return {item.path.name: item for item in found.items}


def test_each_file_is_told_for_what_it_is(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    assert backup_folder.look(locations, {}) == backup_folder.Folder()
    locations.config.write_text("api: {}\n")
    manager.set_height(41)
    made = take(locations, clock, "good")
    place = made.path.parent
    whole = made.path.read_bytes()
    stem = "state-20250228T120000Z"
    (place / f"{stem}-cut.db").write_bytes(whole[: len(whole) // 2])
    (place / f"{stem}-text.db").write_bytes(b"not a database")
    (place / f"{stem}-empty.db").touch()
    (place / f"{stem}-folder.db").mkdir()
    (place / f"{stem}-nowhere.db").symlink_to(place / "nowhere")
    (place / f"{stem}-loop.db").symlink_to(place / f"{stem}-loop.db")
    raw, markup = os.fsdecode(b"state-20250228T120000Z-\xff.db"), "[@click=app.quit]\x1b[31m"
    (place / raw).write_bytes(whole)
    (place / "other-20250228T120000Z.db").write_bytes(whole)
    (place / markup).touch()
    (place / f".{stem}.db.unfinished").touch()
    grown = place / f"{stem}-grown.db"
    grown.write_bytes(whole + bytes(4096))
    shutil.copy(backup.manifest_of(made.path), backup.manifest_of(grown))
    hostile = place / f"{stem}-claims.db"
    hostile.write_bytes(whole)
    claims = {"at": 7, "name": ["x"], "actor": None, "height": "9", "schema_version": True}
    backup.manifest_of(hostile).write_text(json.dumps(claims))
    foreign.write(place / f"{stem}-theirs.db", "CREATE TABLE kv_config(key TEXT)")
    bare = place / "state-20250227T120000Z.db"
    bare.write_bytes(whole)

    before = backup_folder.look(locations, {})
    items = {item.path.name: item for item in before.items}
    found = {name: backup_folder.opened(item) for name, item in items.items()}
    assert next(iter(found)) == made.path.name
    assert {name for name, item in found.items() if item.backup is None} == {
        raw,
        "other-20250228T120000Z.db",
        markup,
        *(f"{stem}-{name}.db" for name in ("folder", "nowhere", "loop")),
    }
    assert all(item.foreign and item.fault for item in found.values() if item.backup is None)
    good = found[made.path.name]
    assert good is items[made.path.name]  # its manifest tells all
    assert (good.at, good.given, good.actor) == (clock.now, "good", ACTOR)
    assert (good.height, good.schema_version, good.fault) == (41, schema.VERSION, "")
    assert (found[bare.name].height, found[bare.name].schema_version) == (41, schema.VERSION)
    assert found[bare.name].at is None
    assert (found[hostile.name].at, found[hostile.name].given) == (None, "")
    assert found[hostile.name].height == 41
    for name, told in (
        ("cut", "has"), ("text", "no SQLite database"), ("empty", "no SQLite database"),
        ("grown", "its size differs"),
    ):  # fmt: skip
        item = found[f"{stem}-{name}.db"]
        assert told in item.fault
        assert item.told
        assert not item.foreign
    theirs = found[f"{stem}-theirs.db"]
    assert theirs.foreign
    assert "another program" in theirs.fault
    assert before.size == sum(
        path.lstat().st_size for path in place.iterdir() if path.is_file() and path.exists()
    )
    # nothing appeared beside what was opened, and what is known is not read again
    again = backup_folder.look(locations, {item.path: item for item in found.values()})
    assert all(item is found[item.path.name] for item in again.items)
    assert backup_folder.unchanged(good)
    backup.manifest_of(made.path).write_text("{")
    assert not backup_folder.unchanged(good)
    assert looked(locations, (good,))[made.path.name].backup == backup.look(made.path)


def test_a_thousand_are_listed_without_opening_one_and_read_once(
    locations: Locations, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = take(locations, clock)
    for number in range(1_000):
        path = made.path.with_name(f"state-20250228T{number:06}Z.db")
        for part, copy in zip(backup.files_of(made.path), backup.files_of(path), strict=True):
            if part.exists():
                copy.hardlink_to(part)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("it was opened")

    monkeypatch.setattr(backup_folder, "Still", never)
    first = backup_folder.look(locations, {})
    assert first.backups == 1_001
    assert all(backup_folder.opened(item) is item for item in first.items)
    monkeypatch.setattr(files, "read", never)
    monkeypatch.setattr(files, "head", never)
    again = backup_folder.look(locations, {item.path: item for item in first.items})
    assert again == first


def test_a_folder_that_is_none_is_said(locations: Locations) -> None:
    backup.folder_of(locations).write_text("in the way")
    with pytest.raises(NodedeckError, match=r"Cannot read .*not a directory"):
        backup_folder.look(locations, {})


def test_a_backup_that_goes_meanwhile_is_none(
    locations: Locations, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, made = take(locations, clock, "a"), take(locations, clock, "b")
    original = backup.look

    def with_somebody(path: Path) -> backup.Backup:
        if path == gone.path:
            path.unlink()
        return original(path)

    monkeypatch.setattr(backup, "look", with_somebody)
    assert backup.listed(locations) == [made]


def test_a_copy_tells_how_far_it_is_and_is_of_one_moment(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    manager.set_height(41)
    told: list[tuple[int, int]] = []

    def heard(done: int, total: int) -> None:
        if not told:
            manager.set_height(99)  # SQLite would begin anew, and never end under a fast writer
        told.append((done, total))

    made = backup.create(locations, actor=ACTOR, host="h", clock=clock, told=heard)
    assert len(told) > 10
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
    assert made.manifest["height"] == 41
    assert backup.verify(made) == []

    def stops(done: int, total: int) -> None:
        if done * 2 > total:
            raise Cancelled()

    before = folder(locations)
    with pytest.raises(Cancelled):
        backup.create(locations, actor=ACTOR, host="h", clock=clock, name="x", told=stops)
    assert folder(locations) == before


def test_a_backup_is_removed_with_all_that_belongs_to_it(
    locations: Locations, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    locations.config.write_text("api: {}\n")
    first, second = take(locations, clock, "a"), take(locations, clock, "b")
    backup.remove(first)
    assert folder(locations) == [second.name + end for end in (".config.yaml", ".db", ".json")]
    backup.remove(first)  # somebody else was as fast

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(
        NodedeckError, match=r"Cannot remove .*-b\.db: permission denied.*as it was"
    ):
        backup.remove(second)


def test_what_differs_is_counted_by_kind(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    manager.add_node(NODE)
    manager.set_height(41)
    made = take(locations, clock)
    manager.set_height(99)
    manager.set_value("svc.key", "1", create=True)
    manager.set_value("svc.other", "2", create=True)
    inside = backup_inside.read(made, locations)
    now = backup_inside.present(locations, manager.database)
    compared = backup_inside.compare(inside, now)
    assert {change.path for change in compared.changes} == {
        "current_height", "svc.key", "svc.other",
    }  # fmt: skip
    tallies = {one.kind: (one.then, one.now, one.differ) for one in compared.tallies}
    assert tallies == {Kind.CHAIN: (1, 1, 1), Kind.SETTING: (0, 2, 2), Kind.NODE: (1, 1, 0)}
    assert compared.tallies[-1].kind is Kind.NODE
    empty = backup_inside.compare(inside, {})
    assert {one.kind: one.now for one in empty.tallies} == {Kind.CHAIN: 0, Kind.NODE: 0}
    locations.database.unlink()
    assert backup_inside.present(locations, manager.database) == {}


def test_a_foreign_key_that_is_no_path_is_counted_too(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    made = take(locations, clock)
    foreign.write(
        locations.database,
        foreign.insert("chain_state", {"key": 'a"\x1b[31m.b', "value": "1"}),
        foreign.node("[/]"),
    )
    inside = backup_inside.read(made, locations)
    compared = backup_inside.compare(inside, backup_inside.present(locations, manager.database))
    assert {one.kind for one in compared.tallies} == {Kind.CHAIN, Kind.NODE}
