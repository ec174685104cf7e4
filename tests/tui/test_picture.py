"""When the deck's reader looks at what: seldom where it is dear, at once where it moved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store import log_checks
from store.database import Database
from store.findings import Finding
from store.locations import Locations
from store.manager import ConfigManager, utc_now
from tests.support import foreign
from tests.support.healthy import PUT_HEIGHT, healthy_state
from tui.picture import Picture, Reader


class Ticks:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return healthy_state(tmp_path, utc_now())


@pytest.fixture
def opened(places: Locations) -> Iterator[ConfigManager]:
    with ConfigManager.open(places, actor="me@host") as manager:
        yield manager


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def reader(ticks: Ticks) -> Reader:
    return Reader(ticks)


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """The scans of the log, each by how many changes it was to follow."""
    made: list[int | None] = []
    problems = log_checks.problems

    def counted(db: Database, *, newest: int | None = None) -> Iterator[Finding]:
        made.append(newest)
        return problems(db, newest=newest)

    monkeypatch.setattr(log_checks, "problems", counted)
    return made


def rules(picture: Picture | None) -> list[str]:
    assert picture is not None
    return [finding.rule for finding in picture.evidence.inspection.findings]


def test_the_first_picture_does_not_wait_for_a_scan(
    opened: ConfigManager, reader: Reader, scans: list[int | None]
) -> None:
    assert reader(opened) is not None
    assert scans == []
    assert reader(opened) is None
    assert scans == [log_checks.RECENT]


def test_commits_bring_pictures_and_no_scan(
    places: Locations, opened: ConfigManager, reader: Reader, scans: list[int | None]
) -> None:
    reader(opened)
    reader(opened)
    for height in range(2000, 2020):
        foreign.write(places.database, PUT_HEIGHT.format(height=height))
        assert reader(opened) is not None
        assert reader(opened) is None
    assert len(scans) == 1


def test_a_scan_comes_every_ten_minutes_and_oftener_while_something_is_wrong(
    *,
    places: Locations,
    opened: ConfigManager,
    reader: Reader,
    ticks: Ticks,
    scans: list[int | None],
) -> None:
    reader(opened)
    reader(opened)
    foreign.write(places.database, "UPDATE audit_log SET new_json='\"7\"' WHERE id=3")
    assert rules(reader(opened)) == []
    for now, count in ((599.0, 1), (600.0, 2), (629.0, 2), (630.0, 3)):
        ticks.now = now
        reader(opened)
        assert len(scans) == count, now
    foreign.write(places.database, "UPDATE audit_log SET new_json='\"1002\"' WHERE id=3")
    assert rules(reader(opened)) == ["log-chain"]
    ticks.now = 660.0
    assert rules(reader(opened)) == []


def test_a_change_of_the_schema_is_seen_at_once_and_brings_a_scan(
    places: Locations, opened: ConfigManager, reader: Reader, scans: list[int | None]
) -> None:
    reader(opened)
    reader(opened)
    foreign.write(
        places.database,
        "DROP TRIGGER audit_chain_state_update",
        "UPDATE chain_state SET value='9' WHERE key='last_processed_height'",
    )
    assert rules(reader(opened)) == ["triggers", "log-differs"]
    assert len(scans) == 2


def test_a_mode_a_file_and_a_number_are_seen_without_a_commit_of_values(
    places: Locations, opened: ConfigManager, reader: Reader
) -> None:
    reader(opened)
    reader(opened)
    places.config.chmod(0o644)
    assert rules(reader(opened)) == ["file-mode"]
    places.config.chmod(0o600)
    assert rules(reader(opened)) == []
    places.config.write_text("nodes: []\n")
    assert rules(reader(opened)) == ["stale-keys"]
    places.config.unlink()
    assert rules(reader(opened)) == []
    foreign.write(places.database, "UPDATE meta SET value='99' WHERE key='schema_version'")
    assert rules(reader(opened)) == ["schema-version"]


def test_the_logs_rows_are_counted_after_every_thousand_changes(
    places: Locations, opened: ConfigManager, reader: Reader
) -> None:
    first = reader(opened)
    assert first is not None
    count = first.evidence.inspection.log_rows
    heights = range(2000, 2999)
    foreign.write(places.database, *(PUT_HEIGHT.format(height=height) for height in heights))
    between = reader(opened)
    assert between is not None
    assert between.evidence.inspection.log_rows == count
    foreign.write(places.database, PUT_HEIGHT.format(height=3000))
    after = reader(opened)
    assert after is not None
    assert after.evidence.inspection.log_rows == count + 1000


def test_the_write_ahead_log_is_measured_where_a_link_leads(
    tmp_path: Path, places: Locations
) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(places.database)
    with ConfigManager.open(Locations(places.config, link), actor="me@host") as manager:
        manager.set_height(7)
        assert manager.inspect().wal_bytes > 0
