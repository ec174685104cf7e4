"""Sealed values found where they stand in clear, and files shredded or left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from store import leak_doctor
from store.errors import NodedeckError, Refused, VersionConflict
from store.findings import Severity
from store.locations import Locations
from store.manager import ConfigManager
from store.sealing import leaks, needles, shredding, suspects
from store.sealing.leaks import Report
from store.sealing.suspects import Kind, Suspect
from tests.support import foreign
from tests.support.clock import FixedClock

VALUE = "hunter2-very-clear"
PATH = "provider_configs.openai.api_key"
PEM = "\n".join(
    (
        "-----BEGIN PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDhunter2hunter",
        "cGVtLWxpbmUtdHdvLW9mLWEta2V5LXRoYXQtaXMtbm9uZS1oZXJlLWhlcmUtaGVy",
        "cGVtLWxpbmUtdGhyZWUtb2YtYS1rZXktdGhhdC1pcy1ub25lLWF0LWFsbC1ub25l",
        "-----END PRIVATE KEY-----",
    )
)


def look(places: Locations, *, read_only: bool = False) -> Report:
    return leak_doctor.look(places, actor="ops@x", clock=FixedClock(), read_only=read_only)


@pytest.fixture
def sealed(manager: ConfigManager, locations: Locations) -> Locations:
    manager.set_secret(PATH, VALUE)
    return locations


def put(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def found(report: Report) -> dict[str, Kind]:
    return {leak.suspect.path.name: leak.suspect.kind for leak in report.leaks}


def test_each_kind_of_file_is_searched(sealed: Locations) -> None:
    folder = sealed.config.parent
    put(sealed.config, f"api: {{key: {VALUE}}}\n")
    put(folder / "config.yaml.pre-migration.20250301T120000Z", f"a: {VALUE}\n")
    put(folder / "api-config-full.yaml", f"x: '{VALUE}'\n")
    put(folder / "mine.json", json.dumps({"current_height": 1, "k": VALUE}))
    put(folder / "notes.yaml", f"k: {VALUE}\n")
    put(folder / "innocent.yaml", "k: nothing\n")
    put(folder / "backups" / "state-20250301T120000Z.config.yaml", VALUE)
    report = look(sealed)
    assert found(report) == {
        "config.yaml": Kind.CONFIG,
        "config.yaml.pre-migration.20250301T120000Z": Kind.COPY,
        "api-config-full.yaml": Kind.EXPORT,
        "mine.json": Kind.EXPORT,
        "notes.yaml": Kind.OTHER,
        "state-20250301T120000Z.config.yaml": Kind.BACKUP,
    }
    assert all(leak.paths == (PATH,) for leak in report.leaks)
    told = list(leaks.judged(report))
    assert {each.severity for each in told} == {Severity.WARNING}
    assert VALUE not in f"{report}{told}"


def test_backups_and_free_pages_are_searched_byte_by_byte(locations: Locations) -> None:
    foreign.write(
        locations.database,
        "CREATE TABLE scratch(x)",
        f"INSERT INTO scratch VALUES('{VALUE}'), (zeroblob(9000))",
    )
    backup = put(locations.database.parent / "backups" / "state-20250301T120000Z.db", b"")
    with foreign.connect(locations.database) as db, foreign.connect(backup) as copy:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.backup(copy)
        db.execute("PRAGMA secure_delete=OFF")
        db.execute("DROP TABLE scratch")
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    needle = needles.of(VALUE)
    assert needle is not None
    hits, _ = leaks.search(suspects.find(locations), {PATH: needle})
    assert {leak.suspect.kind for leak in hits} == {Kind.DATABASE, Kind.BACKUP}


def test_tables_that_hold_it_say_where(sealed: Locations) -> None:
    foreign.write(sealed.database, f"INSERT INTO chain_state(key,value) VALUES('note','{VALUE}')")
    report = look(sealed)
    told = [each.message for each in leaks.judged(report)]
    assert any("chain_state.value" in each for each in told)
    assert not any("free pages" in each.hint for each in leaks.judged(report))
    assert VALUE not in str(told)


def test_one_row_of_the_access_log_says_that_values_were_opened(
    sealed: Locations, manager: ConfigManager
) -> None:
    manager.set_secret("svc.token", "another-value")
    before = len(manager.accesses())
    look(sealed)
    (row, *rest) = manager.accesses()
    assert (row.act, row.path, row.result, row.actor) == ("doctor", "*", "2 sealed values", "ops@x")
    assert len(rest) == before


def test_a_read_only_look_opens_nothing_and_says_so(
    sealed: Locations, manager: ConfigManager
) -> None:
    put(sealed.config, f"a: {VALUE}\n")
    before = manager.accesses()
    report = look(sealed, read_only=True)
    assert report.leaks == ()
    assert "1 sealed values" in report.left_out[0]
    assert manager.accesses() == before


def test_without_sealed_values_nothing_is_written(
    manager: ConfigManager, locations: Locations
) -> None:
    assert look(locations) == Report()
    assert manager.accesses() == []


def test_a_lost_key_and_a_short_value_are_named_as_not_looked_for(
    sealed: Locations, manager: ConfigManager
) -> None:
    manager.set_secret("svc.pin_token", "12345")
    assert "so short a value" in str(look(sealed).left_out)
    manager.master_key.rename(manager.master_key.with_name("away"))
    put(sealed.config, f"a: {VALUE}\n")
    report = look(sealed)
    assert report.leaks == ()
    assert sum("was not looked for" in each for each in report.left_out) == 2


def test_what_was_not_searched_is_said(sealed: Locations, monkeypatch: pytest.MonkeyPatch) -> None:
    big = put(sealed.config.with_name("big.yaml"), "x" * 2000)
    os.utime(big, (1, 1))
    monkeypatch.setattr(suspects, "LARGEST", 1999)
    assert "big.yaml was not searched: it has 2,000 bytes" in str(look(sealed).left_out)
    put(sealed.config.with_name("small.yaml"), "x")
    monkeypatch.setattr(suspects, "MOST_FILES", 1)
    report = look(sealed)
    assert "1 older files" in str(report.left_out)
    assert "big.yaml" not in str(report.left_out)


def test_a_file_that_cannot_be_read_hides_no_other(
    sealed: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = put(sealed.config.with_name("shut.yaml"), VALUE)
    put(sealed.config, f"a: {VALUE}\n")
    real = Path.open

    def refusing(path: Path, *args: object, **more: object) -> object:
        if path == shut:
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refusing)
    report = look(sealed)
    assert found(report) == {"config.yaml": Kind.CONFIG}
    assert "shut.yaml was not searched: Cannot read" in str(report.left_out)


def test_links_and_other_names_of_the_database_are_left_alone(
    sealed: Locations, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = put(tmp_path_factory.mktemp("out") / "theirs.yaml", VALUE)
    sealed.config.with_name("link.yaml").symlink_to(outside)
    sealed.config.with_name("again.yaml").hardlink_to(sealed.database)
    assert {each.path.name for each in suspects.find(sealed).suspects} <= {
        "state.db",
        "state.db-wal",
    }


@pytest.mark.parametrize("tail", range(0, 24, 5))
def test_a_value_across_two_pieces_is_found(
    sealed: Locations, monkeypatch: pytest.MonkeyPatch, tail: int
) -> None:
    monkeypatch.setattr(leaks, "_PIECE", 64)
    put(sealed.config, f"{'x' * (64 - tail)} {VALUE} {'y' * 200}")
    assert found(look(sealed)) == {"config.yaml": Kind.CONFIG}


@pytest.mark.parametrize(
    ("value", "text", "stands"),
    [
        (PEM, "key: |\n" + "\n".join(f"    {line}" for line in PEM.splitlines()), True),
        (PEM, json.dumps(PEM), True),
        (PEM, "\n".join(PEM.splitlines()[:2]) + "\nanother", False),
        ('a"quote\\and more', json.dumps('a"quote\\and more'), True),
        ("it's a value of mine", "k: 'it''s a value of mine'", True),
        ("geheimnis-ü-lang", json.dumps("geheimnis-ü-lang"), True),
        ("secret", "client_secret: x", False),
        ("secret", "x: secret\n", True),
        ({"a": ["nested-value-here"]}, "nested-value-here", True),
        ("x" * 100 + "y" * 100 + "z" * 200, "z" * 64, True),
    ],
)
def test_a_value_is_found_as_files_write_it(value: object, text: str, stands: bool) -> None:
    needle = needles.of(value)
    assert needle is not None
    assert needle.stands_in(text.encode(), text=True) is stands


@pytest.mark.parametrize("value", ["", "12345", 7, None, [], {"a": 1}])
def test_what_is_found_by_chance_is_not_looked_for(value: object) -> None:
    assert needles.of(value) is None


def suspect(path: Path) -> Suspect:
    seen = path.stat()
    return Suspect(path, Kind.COPY, 0o600, seen.st_size, suspects.stamp_of(seen))


def test_shredding_overwrites_and_removes(tmp_path: Path) -> None:
    path = put(tmp_path / "copy", VALUE * 1000)
    with path.open("rb") as still_open:
        shredding.shred(suspect(path))
        assert not path.exists()
        assert VALUE.encode() not in still_open.read()


def test_what_changed_since_is_not_shredded(tmp_path: Path) -> None:
    path = put(tmp_path / "copy", VALUE)
    one = suspect(path)
    put(path, "something else")
    with pytest.raises(VersionConflict, match="changed since"):
        shredding.shred(one)
    assert path.read_text() == "something else"


def test_another_name_keeps_its_content(tmp_path: Path) -> None:
    path = put(tmp_path / "copy", VALUE)
    one = suspect(path)
    (tmp_path / "other").hardlink_to(path)
    with pytest.raises(Refused, match="hard links"):
        shredding.shred(one)
    assert path.read_text() == VALUE


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    path = put(tmp_path / "real", VALUE)
    one = suspect(path)
    path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    with pytest.raises(NodedeckError):
        shredding.shred(one)
    assert (tmp_path / "moved").read_text() == VALUE


def test_a_full_disk_half_way_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "copy", VALUE)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(NodedeckError, match="Cannot overwrite"):
        shredding.shred(suspect(path))
    assert path.exists()


def test_no_file_is_shredded_that_is_not_on_record_first(
    sealed: Locations, manager: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = put(sealed.config.with_name("config.yaml.pre-migration.x"), VALUE)
    (leak,) = look(sealed).shreddable
    manager.database.execute_sql("PRAGMA busy_timeout=10")
    with foreign.connect(sealed.database) as other, monkeypatch.context() as patch:
        patch.setattr(shredding, "shred", lambda _: pytest.fail("it is not on record"))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(NodedeckError, match="not in the access log"):
            manager.shred(leak)
        other.rollback()
    assert copy.read_text() == VALUE
    put(copy, "something else")
    with pytest.raises(VersionConflict):
        manager.shred(leak)
    failed, begun, *_ = manager.accesses(PATH)
    assert (begun.act, failed.act) == ("shred", "shred")
    assert begun.result.startswith(f"overwriting and removing {copy}")
    assert failed.result.startswith(f"failed: {copy} was changed since")
    assert VALUE not in str(manager.accesses())


def test_modes_of_copies_are_told(sealed: Locations) -> None:
    put(sealed.config, "api: {}\n")
    wide = put(sealed.config.with_name("api-config-full.yaml"), "a: 1\n", 0o644)
    (told,) = leak_doctor.modes(sealed)
    assert "api-config-full.yaml (export) can be read" in told.message
    assert leak_doctor.loose(sealed) == [(wide, False)]
    assert shredding.tighten(wide) == 0o640
    assert list(leak_doctor.modes(sealed)) == []


def test_a_leak_that_everybody_can_read_is_critical(sealed: Locations) -> None:
    put(sealed.config, f"a: {VALUE}\n", 0o644)
    (told,) = leaks.judged(look(sealed))
    assert (told.severity, told.rule, told.path) == (Severity.CRITICAL, "leak", PATH)
