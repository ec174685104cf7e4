"""Triggers as they stand in a database: what they call, what they count, whether they are ours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from store import schema
from store.manager import ConfigManager
from tests.support import foreign

# versions of services


def _versions(path: Path) -> dict[Any, Any]:
    with foreign.connect(path) as db:
        return dict(db.execute("SELECT service, version FROM services").fetchall())


def _setting(service: str, key: str, value: str) -> foreign.Statement:
    return foreign.insert("settings", {"service": service, "key": key, "value_json": value})


def test_every_change_of_a_setting_raises_its_services_version(database: Path) -> None:
    foreign.write(database, _setting("svc", "a", "1"))
    assert _versions(database) == {"svc": 1}
    foreign.write(database, "UPDATE settings SET value_json='2'")
    foreign.write(database, "UPDATE settings SET description='words'")
    assert _versions(database) == {"svc": 2}
    foreign.write(database, "DELETE FROM settings")
    assert _versions(database) == {"svc": 3}


def test_a_setting_that_moves_to_another_service_raises_both(database: Path) -> None:
    foreign.write(database, _setting("old", "a", "1"))
    foreign.write(database, "UPDATE settings SET service='new'")
    assert _versions(database) == {"old": 2, "new": 1}


def test_a_setting_with_an_ignored_conflict_raises_nothing(database: Path) -> None:
    foreign.write(database, _setting("svc", "a", "1"))
    sql, values = _setting("svc", "a", "2")
    foreign.write(database, (sql.replace("INSERT", "INSERT OR IGNORE"), values))
    assert _versions(database) == {"svc": 1}


# the generator


CORE = {"count", "hex", "instr", "char", "julianday", "max", "strftime", "substr", "typeof"}
CORE |= {"json", "json_group_array", "json_object", "json_quote", "json_valid"}
CORE |= {"coalesce", "length"}
TABLES = {"audit_log", "audit_displaced", "services", "settings", "secret_marks"}


def test_the_triggers_call_core_functions_only() -> None:
    text = re.sub(r"'[^']*'", "", " ".join(schema.all_triggers().values()))
    called = set(re.findall(r"([a-z_]+)\(", text))
    assert called - TABLES - {"chain_state"} == CORE


def test_every_trigger_is_installed_as_generated(manager: ConfigManager) -> None:
    assert schema.altered_triggers(manager.database) == []


def test_a_dropped_and_an_altered_trigger_are_named(database: Path, manager: ConfigManager) -> None:
    foreign.write(
        database,
        "DROP TRIGGER audit_chain_state_insert",
        "DROP TRIGGER audit_seed_info_delete",
        "CREATE TRIGGER audit_seed_info_delete AFTER DELETE ON seed_info BEGIN SELECT 1; END",
    )
    assert set(schema.altered_triggers(manager.database)) == {
        "audit_chain_state_insert",
        "audit_seed_info_delete",
    }
