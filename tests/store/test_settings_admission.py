"""Judging settings by one look says what judging each by itself says, whatever the rows hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from store import settings
from store.errors import NodedeckError
from store.manager import ConfigManager
from store.settings_admission import Admission
from tests.store.test_settings import SCHEMA
from tests.support import foreign

# keys that stand alone, above, below and beside others, quoted ones, and those of every rule
_KEYS: Final = (
    "burst", "mode", "ratio", "pin", "net", "net.port", "net.port.low", "net.p", "burst.x", "new",
    "deep", "deep.er", "deep.er.still", '"a.b"', '"a.b".c', "flagged", "sealed", "limited",
    "odd", "log_rows", "findings.log_rows", "findings", "retention.days.x",
)  # fmt: skip
_VALUES: Final[tuple[Any, ...]] = (0, 5, 10**6, 1.5, "fast", "text", True, None, [1], {})
_ROWS: Final[tuple[dict[str, Any], ...]] = (
    {"key": "deep.er", "value_json": "1"},
    {"key": '"a.b"', "value_json": "2"},
    {"key": "flagged", "value_json": '"x"', "is_secret": 1},
    {"key": "sealed", "value_json": f'"sealed:v1:{"0" * 16}:QUJD"'},
    {"key": "limited", "value_json": "3", "type": "integer", "constraints_json": '{"max":9}'},
    {"key": "odd", "value_json": "not json", "type": "no type", "constraints_json": "["},
    {"key": b"\xff", "value_json": "4"},
    {"service": b"svc", "key": "burst", "value_json": "5"},
)


def told(judge: Any) -> tuple[type, str] | None:
    """What a judgement refuses, None where it does not."""
    try:
        judge()
    except NodedeckError as refusal:
        return type(refusal), refusal.message
    return None


@pytest.mark.parametrize("service", ["svc", "nodedeck", "other"])
def test_it_says_what_judging_each_by_itself_says(
    manager: ConfigManager, database: Path, service: str
) -> None:
    manager.load_schema(SCHEMA)
    rows = (foreign.insert("settings", {"service": "svc", **row}) for row in _ROWS)
    foreign.write(database, *rows)
    db, refused = manager.database, 0
    with db.reading():
        admission = Admission(db)
        for key in _KEYS:
            for value in _VALUES:
                one = told(lambda: settings.admit(db, service, key, value))  # noqa: B023
                assert told(lambda: admission.check(service, key, value)) == one, key  # noqa: B023
                refused += one is not None
    assert refused > 0 or service == "other"


def test_thousands_are_judged_by_a_few_statements(
    manager: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, asked = manager.database, []
    real = type(db).rows

    def rows(self: Any, sql: str, params: tuple[object, ...] = ()) -> Any:
        asked.append(sql)
        return real(self, sql, params)

    monkeypatch.setattr(type(db), "rows", rows)
    with db.reading():
        admission = Admission(db)
        for number in range(2000):
            admission.check("svc", f"key{number}.below", number)
    assert len(asked) < 5
